//! Proof of the log, backup and restore, as `docs/operations/` tells: with the real binary, `pg_dump` and `pg_restore`.

use std::{fs, time::Duration};

use sqlx::{Executor as _, PgPool};

use super::{
    databases::{name_and_url, postgres, use_database},
    process::{DataFolder, Ended, PASSWORD},
};
use crate::installation::until;

/// The exit code of a log that is not what was written.
const BROKEN: Option<i32> = Some(3);

async fn verify(folder: &DataFolder) -> Ended {
    folder.run(&["audit", "verify"], "").await
}

#[tokio::test]
async fn a_log_is_verified_with_the_built_in_database_and_without_the_master_key() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let said = verify(&folder).await.succeeded();
    assert!(said.contains("positions 1 to ") && said.contains("no signed head"), "{said}");

    let server = folder.serve(&[]).await;
    let heads = folder.path().join("heads/heads.jsonl");
    until("a head is signed", async || heads.exists().then_some(())).await;
    server.terminate().await;
    let key = folder.run(&["audit", "public-key"], "").await.succeeded();
    assert_eq!(key.trim().len(), 64);
    fs::rename(folder.path().join("master.key"), folder.path().join("elsewhere")).expect("it is there");
    let arguments = ["audit", "verify", "--heads", "heads/heads.jsonl", "--public-key", key.trim()];
    let said = folder.run(&arguments, "").await.succeeded();
    assert!(said.contains("proved up to position"), "{said}");
    let said = folder.run(&["audit", "verify", "--public-key", "12"], "").await;
    assert_eq!(said.code(), Some(2), "{}", said.stderr());
    let said = folder.run(&["audit", "verify", "--from", "1000", "--public-key", key.trim()], "").await.failed();
    assert!(said.contains("the log ends at position"), "{said}");
}

#[tokio::test]
async fn accepting_a_restored_log_changes_nothing_where_nothing_is_missing_and_servers_go_on() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let heads = folder.path().join("heads/heads.jsonl");
    until("a head is signed", async || heads.exists().then_some(())).await;
    let before = fs::read_to_string(&heads).expect("it is there");
    let said = folder.run(&["log", "restored"], "").await.succeeded();
    assert!(said.contains("nothing is missing up to position") && said.contains("nothing was changed"), "{said}");
    assert_eq!(fs::read_to_string(&heads).expect("it is there"), before);
    // Longer than a process needs to notice that its log was put back.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(server.log_in("asha@example.com", PASSWORD).await.is_some());
    assert_eq!(server.terminate().await.0, Some(0));

    let said = folder.run(&["log", "restored", "--yes"], "").await.succeeded();
    assert!(said.contains("the log goes on after position"), "{said}");
}

/// Else a mistyped path would pass for a proof.
#[tokio::test]
async fn a_log_is_not_verified_against_a_named_file_that_is_missing_or_has_no_signed_head() {
    let folder = DataFolder::new();
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let refused = folder.run(&["audit", "verify", "--heads", "no/such.jsonl"], "").await.failed();
    assert!(refused.contains("there is no file no/such.jsonl"), "{refused}");
    fs::write(folder.path().join("empty.jsonl"), "").expect("it is ours");
    let refused = folder.run(&["audit", "verify", "--heads", "empty.jsonl"], "").await.failed();
    assert!(refused.contains("there is no signed head in empty.jsonl"), "{refused}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_restored_database_is_refused_until_it_is_accepted_and_goes_on_then(db: PgPool) {
    let (name, url) = name_and_url(&db).await;
    let restored_name = format!("restored_{}", &name[name.len() - 32..]);
    let restored_url = url.replace(&name, &restored_name);
    let folder = DataFolder::new();
    let dump = folder.path().join("backup.dump");
    let dump = dump.to_str().expect("it is text");

    use_database(&folder, &url);
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    folder.make_project("Before the backup").await;
    postgres("pg_dump", &["--format=custom", "--file", dump, &url]).await;
    folder.make_project("After the backup").await;
    until("everything is signed", async || {
        let said = verify(&folder).await.succeeded();
        said.contains("appended after it, 0 events").then_some(())
    })
    .await;
    server.terminate().await;

    // As on a server that knows nothing of ours.
    for statement in [
        format!("CREATE DATABASE \"{restored_name}\" TEMPLATE template0"),
        format!("ALTER DATABASE \"{restored_name}\" SET search_path = \"$user\", public"),
    ] {
        db.execute(statement.as_str()).await.expect("a superuser may");
    }
    postgres("pg_restore", &["--exit-on-error", "--dbname", &restored_url, dump]).await;
    use_database(&folder, &restored_url);
    let found = verify(&folder).await;
    assert_eq!(found.code(), BROKEN, "{}", found.stderr());
    assert!(found.stdout().contains("BROKEN: removed") && found.stdout().contains("`ayushma log restored`"));
    for command in [["serve", "--listen=127.0.0.1:0"], ["create-project", "--title=No"]] {
        let refused = folder.run(&command, "").await.failed();
        assert!(refused.contains("the event log ends at position"), "{refused}");
        assert!(refused.contains("`ayushma log restored`"), "{refused}");
    }

    let said = folder.run(&["log", "restored"], "").await.succeeded();
    assert!(said.contains("the log goes on after position"), "{said}");
    let said = verify(&folder).await.succeeded();
    assert!(said.contains("appended after it, 0 events"), "{said}");
    let server = folder.serve(&[]).await;
    folder.make_project("After the restore").await;
    let token = server.log_in("asha@example.com", PASSWORD).await.expect("the account is in the backup");
    let projects = server.get("/api/projects", &token).await;
    let titles: Vec<&str> = projects["results"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|project| project["title"].as_str())
        .collect();
    assert_eq!(titles, ["Before the backup", "After the restore"]);
    server.terminate().await;
    verify(&folder).await.succeeded();

    // The old database has gone its own way: whoever comes back to it is told.
    use_database(&folder, &url);
    let refused = folder.run(&["create-project", "--title=No"], "").await.failed();
    assert!(refused.contains("the database holds the event log"), "{refused}");
    db.execute(format!("DROP DATABASE \"{restored_name}\" WITH (FORCE)").as_str()).await.expect("nobody needs it");
}
