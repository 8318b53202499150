//! Tests of copied, moved and linked data folders, with PostgreSQL's real programs: each has its server or is refused.

use std::fs::{self, Permissions};
use std::future::pending;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::tests::{A_NOTE, data_folder, execute, kill_all, note, pid, start};
use super::{EmbeddedPostgres, EmbeddedPostgresError, Refused};

/// Copies a folder as an administrator does.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().expect("cp exists");
    assert!(copied.success());
}

async fn refusal(folder: &Path) -> Refused {
    match EmbeddedPostgres::start(folder, pending()).await {
        Err(EmbeddedPostgresError::Refused(refused)) => refused,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[tokio::test]
async fn a_copy_of_a_folder_whose_server_runs_never_gets_at_that_server() {
    let (folder, beside) = (data_folder(), data_folder());
    let original = start(folder.path()).await;
    execute(&original, A_NOTE).await;
    let copied = beside.path().join("copy");
    copy(folder.path(), &copied);

    let refused = refusal(&copied).await;
    let Refused::TornCopy { pid_file, original: source, .. } = &refused else { panic!("{refused:?}") };
    assert!(source.starts_with(folder.path().canonicalize().expect("it is there")), "{refused}");
    assert_eq!(note(&original).await, "kept");

    // For a snapshot of one moment, the message says to remove this file.
    fs::remove_file(pid_file).expect("it is named rightly");
    let copy = start(&copied).await;
    assert_ne!(pid(&copy.place), pid(&original.place));
    execute(&copy, "UPDATE note SET text = 'changed in the copy'").await;
    assert_eq!(note(&original).await, "kept");
    copy.stop().await.expect("it stops");
    assert_eq!(note(&original).await, "kept");
    original.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_copy_of_a_stopped_folder_has_a_database_and_a_server_of_its_own() {
    let (folder, beside) = (data_folder(), data_folder());
    let original = start(folder.path()).await;
    execute(&original, A_NOTE).await;
    original.stop().await.expect("it stops");
    let copied = beside.path().join("copy");
    copy(folder.path(), &copied);

    let (original, copy) = (start(folder.path()).await, start(&copied).await);
    execute(&copy, "UPDATE note SET text = 'changed in the copy'").await;
    assert_eq!((note(&original).await, note(&copy).await), ("kept".into(), "changed in the copy".into()));
    original.stop().await.expect("it stops");
    assert_eq!(note(&copy).await, "changed in the copy");
    copy.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_folder_that_was_moved_after_a_stop_or_a_crash_is_found_again() {
    let (folder, beside) = (data_folder(), data_folder());
    let (first, second, third) =
        (folder.path().join("first"), beside.path().join("second"), folder.path().join("third"));
    let server = start(&first).await;
    execute(&server, A_NOTE).await;
    server.stop().await.expect("it stops");
    fs::rename(&first, &second).expect("it is ours");

    let server = start(&second).await;
    assert_eq!(note(&server).await, "kept");
    kill_all(&server.place);
    fs::rename(&second, &third).expect("it is ours");

    let server = start(&third).await;
    assert_eq!(note(&server).await, "kept");
    server.stop().await.expect("it stops");
}

#[tokio::test]
async fn the_same_folder_under_another_name_has_the_same_server() {
    let (folder, beside) = (data_folder(), data_folder());
    let (data, link) = (folder.path().join("data"), beside.path().join("link"));
    let server = start(&data).await;
    symlink(&data, &link).expect("it can be made");
    let by_link = start(&link).await;
    assert_eq!(pid(&by_link.place), pid(&server.place));
    by_link.stop().await.expect("it lets go");

    // The folder is moved while it is in use, which nobody should do; the server goes on in the same folder.
    execute(&server, A_NOTE).await;
    let moved = folder.path().join("moved");
    fs::rename(&data, &moved).expect("it is ours");
    let by_new_name = start(&moved).await;
    assert_eq!(note(&by_new_name).await, "kept");
    drop(server);
    by_new_name.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_server_that_answers_in_our_place_but_has_other_data_is_refused() {
    let (folder, other) = (data_folder(), data_folder());
    start(folder.path()).await.stop().await.expect("it stops");
    copy(&folder.path().join("postgres.password"), &other.path().join("postgres.password"));
    let another = start(other.path()).await;
    let socket = folder.path().join("postgres/socket");
    fs::remove_dir_all(&socket).expect("it is ours");
    symlink(other.path().join("postgres/socket"), &socket).expect("it can be made");

    let refused = refusal(folder.path()).await;
    assert!(matches!(refused, Refused::AnotherServer { .. }), "{refused:?}");
    execute(&another, A_NOTE).await;
    another.stop().await.expect("it stops");
}

/// If the server's user cannot enter root's data folder, the server's folder is elsewhere, and a copy points there too.
#[tokio::test]
async fn a_copy_that_points_to_the_originals_database_is_refused_and_a_moved_folder_is_not() {
    let (folder, beside) = (data_folder(), data_folder());
    let (data, copied, moved) = (folder.path().join("data"), beside.path().join("copy"), beside.path().join("moved"));
    fs::create_dir(&data).expect("it can be made");
    fs::set_permissions(&data, Permissions::from_mode(0o700)).expect("it is ours");
    let original = start(&data).await;
    if !original.place.switch_user {
        return original.stop().await.expect("it stops");
    }
    let home = original.place.home.clone();
    execute(&original, A_NOTE).await;
    copy(&data, &copied);
    for _ in 0..2 {
        let refused = refusal(&copied).await;
        assert!(matches!(refused, Refused::CopiedPointer { .. }), "{refused:?}");
        assert_eq!(note(&original).await, "kept");
    }
    original.stop().await.expect("it stops");
    assert!(matches!(refusal(&copied).await, Refused::CopiedPointer { .. }), "nor when the original rests");

    fs::rename(&data, &moved).expect("it is ours");
    let server = start(&moved).await;
    assert_eq!(note(&server).await, "kept");
    server.stop().await.expect("it stops");
    assert!(matches!(refusal(&copied).await, Refused::CopiedPointer { .. }), "nor after the original was moved");

    // A new folder where the first one was is not the first one.
    fs::create_dir(&data).expect("it can be made");
    fs::set_permissions(&data, Permissions::from_mode(0o700)).expect("it is ours");
    let new = start(&data).await;
    assert_ne!(new.place.home, home);
    let new_home = new.place.home.clone();
    new.stop().await.expect("it stops");

    fs::remove_dir_all(&home).expect("it is there");
    fs::remove_dir_all(new_home).expect("it is there");
    let refused = refusal(&moved).await;
    assert!(matches!(refused, Refused::Missing { .. }), "{refused:?}");
}
