//! The built-in PostgreSQL: whose it is, and what happens when it dies.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use super::process::{DataFolder, PASSWORD};
use crate::installation::until;

fn postmaster(folder: &DataFolder) -> String {
    let text = fs::read_to_string(folder.path().join("postgres/cluster/postmaster.pid")).expect("a server runs");
    text.lines().next().expect("it begins with the pid").to_owned()
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().expect("cp exists");
    assert!(copied.success());
}

#[tokio::test]
async fn a_server_on_a_copied_data_folder_neither_reads_nor_stops_the_originals_database() {
    let (folder, copied) = (DataFolder::new(), DataFolder::new());
    let original = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    copy(folder.path(), copied.path());

    // Neither a server nor a command, and what it says helps.
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["status"]] {
        let refused = copied.run(command, "").await.failed();
        assert!(refused.contains("is a copy of") && refused.contains("copy the folder again"), "{refused}");
    }
    assert!(original.log_in("asha@example.com", PASSWORD).await.is_some());

    // As a snapshot of one moment it has a server of its own.
    fs::remove_file(copied.path().join("postgres/cluster/postmaster.pid")).expect("it was copied");
    let copy = copied.serve(&[]).await;
    copied.make_superuser("bela@example.com", "bela").await.succeeded();
    assert!(copy.log_in("asha@example.com", PASSWORD).await.is_some(), "it has what was there before");
    assert!(copy.log_in("bela@example.com", PASSWORD).await.is_some());
    assert!(original.log_in("bela@example.com", PASSWORD).await.is_none());
    copy.terminate().await;
    assert!(original.log_in("asha@example.com", PASSWORD).await.is_some());
    assert_eq!(original.terminate().await.0, Some(0));
}

#[tokio::test]
async fn requests_work_again_soon_after_the_built_in_postgresql_has_died() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let died = postmaster(&folder);
    assert!(Command::new("kill").args(["-9", &died]).status().expect("kill exists").success());

    assert_eq!(server.look("/health/live").await.0, 200);
    until("the account can be used again", async || server.log_in("asha@example.com", PASSWORD).await).await;
    until("all is well", async || (server.look("/health/ready").await.0 == 200).then_some(())).await;
    assert_ne!(postmaster(&folder), died);
    let (code, said) = server.terminate().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the embedded PostgreSQL has died") && said.contains("is back"), "{said}");
    assert!(!folder.database_runs());
}

/// Whoever signals a whole group of processes tells the database to end, and a cleaner of temporary files may take its
/// socket: it lives, and lets nobody in.
#[tokio::test]
async fn requests_work_again_soon_after_the_built_in_postgresql_has_stopped_letting_anybody_in() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let told_to_end = |server: &str| {
        assert!(Command::new("kill").args(["-TERM", server]).status().expect("kill exists").success());
    };
    let loses_its_socket =
        |_: &str| fs::remove_dir_all(folder.path().join("postgres/socket")).expect("it has a socket");
    let mishaps: [&dyn Fn(&str); 2] = [&told_to_end, &loses_its_socket];
    for mishap in mishaps {
        let before = postmaster(&folder);
        mishap(&before);
        let began = Instant::now();
        let pid_file = folder.path().join("postgres/cluster/postmaster.pid");
        until("another one runs", async || {
            let text = fs::read_to_string(&pid_file).ok()?;
            text.lines().next().is_some_and(|pid| pid != before).then_some(())
        })
        .await;
        until("the account can be used again", async || server.log_in("asha@example.com", PASSWORD).await).await;
        until("all is well", async || (server.look("/health/ready").await.0 == 200).then_some(())).await;
        assert!(began.elapsed() < Duration::from_secs(30), "it took {:?}", began.elapsed());
        folder.run(&["parked", "list"], "").await.succeeded();
    }
    let (code, said) = server.terminate().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("was told by somebody else to shut down; it is started again"), "{said}");
    assert!(said.contains("has lost its socket; it is started again"), "{said}");
    assert!(!folder.database_runs());
}

#[tokio::test]
async fn a_process_whose_built_in_postgresql_cannot_come_back_ends_with_an_error() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    let cluster = folder.path().join("postgres/cluster");
    // A copy of another server's pid file, as after a restore in the wrong place: it will never be started.
    let another = DataFolder::new();
    another.run(&["migrate"], "").await.succeeded();
    let text = fs::read_to_string(cluster.join("postmaster.pid")).expect("it runs");
    let theirs = another.path().join("postgres/cluster");
    let text = text.replace(cluster.to_str().expect("it is text"), theirs.to_str().expect("it is text"));
    fs::write(cluster.join("postmaster.pid"), text).expect("it can be written");
    let died = postmaster(&folder);
    assert!(Command::new("kill").args(["-9", &died]).status().expect("kill exists").success());

    let (code, said) = server.ended().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the built-in PostgreSQL has died and cannot be started again"), "{said}");
    fs::remove_file(cluster.join("postmaster.pid")).expect("it is there");
}
