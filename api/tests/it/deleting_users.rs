//! `DELETE users/{username}`: what it takes away, what forbids it, and what happens when something else happens at once.

use domain::user::Roles;
use futures::future::join;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{PASSWORD, TestApp};

const STILL_OWNS: &str = r#"{"detail":"The user cannot be deleted: chats, projects or services belong to the account. It can be deactivated instead.","non_field_errors":["The user cannot be deleted: chats, projects or services belong to the account. It can be deactivated instead."]}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;

async fn count(db: &PgPool, table: &str, owner: uuid::Uuid) -> i64 {
    let column = if table == "reservations" { "owner" } else { "user_id" };
    let statement = format!("SELECT count(*) FROM {table} WHERE {column} = $1");
    sqlx::query_scalar(&statement).bind(owner).fetch_one(db).await.expect("the table can be read")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_user_is_gone_with_logins_password_and_reserved_values(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let nurse = app.nurse().await;
    staff.delete("/users/asha").await.is(204, "");
    nurse.get("/users/me").await.is(401, r#"{"detail":"Invalid token."}"#);
    staff.get("/users/asha").await.is(404, NOT_FOUND);
    staff.delete("/users/asha").await.is(404, NOT_FOUND);
    assert_eq!(staff.get("/users").await.json(200)["count"], 1);
    for table in ["tokens", "passwords", "reservations"] {
        assert_eq!(count(&db, table, nurse.id).await, 0, "{table}");
    }
    let again = app.person("asha", Roles::default()).await;
    assert_ne!(again.id, nurse.id);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whoever_has_a_chat_or_has_made_a_project_is_not_deleted(db: PgPool) {
    let app = TestApp::start(&db).await;
    let root = app.person("root", Roles { is_staff: true, is_superuser: true, ..Roles::default() }).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    root.delete("/users/asha").await.is(409, STILL_OWNS);
    root.delete("/users/meera").await.is(409, STILL_OWNS);
    nurse.get("/users/me").await.json(200);
    app.log_in(&nurse.email, PASSWORD).await;
    nurse.delete(&chat).await.is(204, "");
    root.delete("/users/asha").await.is(409, STILL_OWNS);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_a_deletion_and_a_chat_that_is_started_at_once_one_wins(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for round in 0..8 {
        let name = format!("nurse{round}");
        let nurse = app.person(&name, Roles::default()).await;
        let path = format!("/users/{name}");
        let chats = format!("/projects/{project}/chats");
        let (deleted, started) = join(staff.delete(&path), nurse.post(&chats, json!({ "title": "T" }))).await;
        match (deleted.status, started.status) {
            (204, 401) => staff.get(&path).await.is(404, NOT_FOUND),
            (409, 201) => assert_eq!(nurse.get(&chats).await.titles(), ["T"]),
            both => panic!("{both:?}: {} {}", deleted.body, started.body),
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_change_at_the_same_moment_does_not_bring_a_deleted_user_back(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for round in 0..8 {
        let name = format!("nurse{round}");
        app.person(&name, Roles::default()).await;
        let path = format!("/users/{name}");
        let address = format!("new{round}@example.com");
        let (changed, deleted) =
            join(staff.patch(&path, json!({ "full_name": "Back", "email": address })), staff.delete(&path)).await;
        deleted.is(204, "");
        assert!(matches!(changed.status, 200 | 404), "{} {}", changed.status, changed.body);
        staff.get(&path).await.is(404, NOT_FOUND);
        staff.patch(&path, json!({ "full_name": "Back" })).await.is(404, NOT_FOUND);
        staff.patch("/users/meera", json!({ "email": address })).await.json(200);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_two_deletions_at_once_one_finds_nobody(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    app.nurse().await;
    let (one, other) = join(staff.delete("/users/asha"), staff.delete("/users/asha")).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_last_superuser_can_be_neither_deleted_nor_erased(db: PgPool) {
    const STAYS: &str = concat!(
        r#"{"detail":"The last superuser can be neither deleted nor erased: make another one first.","#,
        r#""non_field_errors":["The last superuser can be neither deleted nor erased: make another one first."]}"#,
    );
    let app = TestApp::start(&db).await;
    let root = app.root().await;
    let closed = app.person("closed", Roles { is_superuser: true, ..Roles::default() }).await;
    app.set_active(&closed.email, false).await;
    root.delete("/users/root").await.is(409, STAYS);
    root.post("/users/root/erase", json!({})).await.is(409, STAYS);
    root.get("/users/me").await.json(200);
    app.set_active(&closed.email, true).await;
    root.post("/users/root/erase", json!({})).await.is(204, "");
    closed.post("/users/closed/erase", json!({})).await.is(409, STAYS);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_two_superusers_who_erase_and_delete_each_other_at_once_one_stays(db: PgPool) {
    let app = TestApp::start(&db).await;
    let all = Roles { is_staff: true, is_superuser: true, ..Roles::default() };
    let (mut one, mut name) = (app.person("root", all).await, "root".to_owned());
    for round in 0..6 {
        let new = format!("root{round}");
        let other = app.person(&new, all).await;
        let (mine, theirs) = (format!("/users/{name}"), format!("/users/{new}/erase"));
        let (erased, deleted) = join(one.post(&theirs, json!({})), other.delete(&mine)).await;
        match (erased.status, deleted.status) {
            (204, 401 | 409) => {}
            (401 | 409, 204) => (one, name) = (other, new),
            both => panic!("{both:?}: {} {}", erased.body, deleted.body),
        }
        one.get("/users/me").await.json(200);
    }
}
