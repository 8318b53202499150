//! `ayushma rebuild`.

use std::fs;

use sqlx::{Acquire as _, PgPool};

use super::process::{DataFolder, PASSWORD};

/// The arguments that lead to the test's database.
fn to(db: &PgPool) -> Vec<String> {
    let options = db.connect_options();
    let database = options.get_database().expect("a test has a database of its own");
    let url = format!("postgres://{}@{}:{}/{database}", options.get_username(), options.get_host(), options.get_port());
    ["--database-url", &url, "--master-key", &"5".repeat(64)].map(str::to_owned).to_vec()
}

async fn is(db: &PgPool, condition: &str) -> bool {
    sqlx::query_scalar(&format!("SELECT {condition}")).fetch_one(db).await.expect("the condition is valid")
}

async fn until(db: &PgPool, condition: &str) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    while !is(db, condition).await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {condition}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn views_are_rebuilt_beside_a_running_server_and_without_one() {
    let folder = DataFolder::new();
    let server = folder.serve(&[]).await;
    folder.make_superuser("asha@example.com", "asha").await.succeeded();
    let said = folder.run(&["rebuild", "--all"], "").await.succeeded();
    assert!(said.contains("users: rebuilt from 1 event in "), "{said}");
    assert_eq!(said.lines().count(), 9, "{said}");
    assert!(server.log_in("asha@example.com", super::PASSWORD).await.is_some());
    server.terminate().await;
    let said = folder.run(&["rebuild", "users", "chats"], "").await.succeeded();
    assert_eq!(said.lines().count(), 2, "{said}");
}

#[tokio::test]
async fn what_cannot_be_rebuilt_is_refused() {
    let folder = DataFolder::new();
    let refused = folder.run(&["rebuild", "embedding"], "").await.stderr();
    assert!(refused.contains("[possible values: users, projects,"), "{refused}");
    let refused = folder.run(&["rebuild"], "").await.stderr();
    assert!(refused.contains("required arguments were not provided"), "{refused}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rebuild_that_is_killed_can_be_run_again(db: PgPool) {
    let folder = DataFolder::new();
    let to_database = to(&db);
    let arguments = |first: &[&str]| -> Vec<String> {
        first.iter().map(|word| (*word).to_owned()).chain(to_database.clone()).collect()
    };
    let made = arguments(&["create-project", "--title", "Ward 3"]);
    folder.run(&made.iter().map(String::as_str).collect::<Vec<_>>(), "").await.succeeded();

    // It fills the new version, but cannot switch to it.
    let mut connection = db.acquire().await.expect("a connection");
    let mut reader = connection.begin().await.expect("a transaction");
    sqlx::raw_sql("SELECT FROM views.projects").execute(&mut *reader).await.expect("the view can be read");
    let rebuild = arguments(&["rebuild", "projects"]);
    let rebuild: Vec<&str> = rebuild.iter().map(String::as_str).collect();
    let mut working = folder.program(&rebuild).spawn().expect("the program starts");
    until(&db, "to_regclass('next_projects.projects') IS NOT NULL").await;
    until(&db, "EXISTS (SELECT FROM next_projects.projects)").await;
    working.kill().await.expect("it can be killed");
    // The database has noticed.
    let held = "EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
                        WHERE datname = current_database() AND locktype = 'advisory')";
    until(&db, &format!("NOT {held}")).await;
    assert!(is(&db, "EXISTS (SELECT FROM views.projects)").await);
    reader.rollback().await.expect("it ends");

    let said = folder.run(&rebuild, "").await.succeeded();
    assert!(said.contains("projects: rebuilt from 0 events"), "it goes on where it was: {said}");
    assert!(is(&db, "EXISTS (SELECT FROM views.projects) AND to_regnamespace('next_projects') IS NULL").await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whom_a_restored_backup_brought_back_is_erased_before_anything_is_rebuilt(db: PgPool) {
    let folder = DataFolder::new();
    let to_database = to(&db);
    let to_database: Vec<&str> = to_database.iter().map(String::as_str).collect();
    let make = ["createsuperuser", "--email", "asha@example.com", "--username", "asha", "--password-stdin"];
    folder.run(&[&make[..], &to_database].concat(), &format!("{PASSWORD}\n")).await.succeeded();
    assert!(is(&db, "EXISTS (SELECT FROM views.users)").await);
    let user: String = sqlx::query_scalar("SELECT aggregate_id::text FROM events WHERE aggregate_type = 'user'")
        .fetch_one(&db)
        .await
        .expect("there is one");
    fs::write(folder.path().join("erasures.log"), format!("2026-01-01T00:00:00Z {user}\n")).expect("it is ours");
    folder.run(&[&["rebuild", "users"][..], &to_database].concat(), "").await.succeeded();
    assert!(is(&db, "NOT EXISTS (SELECT FROM views.users WHERE email <> '')").await);
    assert!(is(&db, "EXISTS (SELECT FROM subject_keys WHERE wrapped_key IS NULL)").await);
}
