//! `projects`: who may see and do what.

use domain::user::Roles;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{NIL, TestApp};

const FORBIDDEN: &str = r#"{"detail":"You do not have permission to perform this action."}"#;
const ANONYMOUS: &str = r#"{"detail":"Authentication credentials were not provided."}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_nurse_sees_the_default_project_in_the_list_and_every_other_by_its_link(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, nurse) = (app.staff().await, app.nurse().await);
    let hidden = staff.project("Hidden").await;
    let body =
        json!({ "title": "Main", "is_default": true, "prompt": "secret {reference}", "preset_questions": ["a"] });
    staff.post("/projects", body).await.id();
    let main = r#"{"external_id":"<id>","title":"Main","created_at":"<time>","modified_at":"<time>","description":null,"stt_engine":1,"tts_engine":2,"model":1,"is_default":true,"display_preset_questions":["a"],"archived":false,"assistant_id":null}"#;
    let page = format!(r#"{{"count":1,"has_previous":false,"has_next":false,"results":[{main}],"offset":0}}"#);
    nurse.get("/projects?ordering=-is_default,created_at").await.is_like(200, &page);
    nurse.get(&format!("/projects/{hidden}")).await.is_like(
        200,
        r#"{"external_id":"<id>","title":"Hidden","created_at":"<time>","modified_at":"<time>","description":null,"stt_engine":1,"tts_engine":2,"model":1,"is_default":false,"display_preset_questions":null,"archived":false,"assistant_id":null}"#,
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_archived_project_is_seen_by_staff_and_by_owners_of_chats_in_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, owner) = (app.staff().await, app.nurse().await);
    let stranger = app.person("ravi", Roles::default()).await;
    let project = staff.project("P").await;
    let path = format!("/projects/{project}");
    let chat = owner.chat(&project).await;
    staff.patch(&path, json!({ "archived": true })).await.json(200);
    staff.get(&path).await.json(200);
    owner.get(&path).await.json(200);
    stranger.get(&path).await.is(404, NOT_FOUND);
    owner.delete(&chat).await.is(204, "");
    owner.get(&path).await.is(404, NOT_FOUND);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_staff_may_write(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = format!("/projects/{}", app.staff().await.project("P").await);
    let reviewer = app.person("ravi", Roles { is_reviewer: true, is_superuser: true, ..Roles::default() }).await;
    for (person, status, body) in
        [(app.nurse().await, 403, FORBIDDEN), (reviewer, 403, FORBIDDEN), (app.nobody.clone(), 401, ANONYMOUS)]
    {
        person.post("/projects", json!({ "title": "x" })).await.is(status, body);
        person.patch(&project, json!({ "title": "x" })).await.is(status, body);
        person.delete(&project).await.is(status, body);
        person.send(person.request(reqwest::Method::PUT, &project)).await.is(status, body);
    }
    app.nobody.get("/projects").await.is(401, ANONYMOUS);
    app.nobody.get(&project).await.is(401, ANONYMOUS);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn ids_are_found_in_every_spelling_and_others_are_not(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for id in [project.to_uppercase(), project.replace('-', "")] {
        assert_eq!(staff.get(&format!("/projects/{id}")).await.json(200)["external_id"], project);
    }
    for id in [NIL, "not-a-uuid", "a.b", "", &format!("{project}/"), "%00", "%ff"] {
        let path = format!("/projects/{id}");
        staff.get(&path).await.is(404, NOT_FOUND);
        staff.patch(&path, json!({ "title": "x" })).await.is(404, NOT_FOUND);
        staff.delete(&path).await.is(404, NOT_FOUND);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn methods_that_are_not_there_are_named(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let one = format!("/projects/{NIL}");
    for (method, path, allow) in [
        ("PUT", "/projects", "GET, POST, HEAD, OPTIONS"),
        ("PATCH", "/projects", "GET, POST, HEAD, OPTIONS"),
        ("DELETE", "/projects", "GET, POST, HEAD, OPTIONS"),
        ("POST", &one, "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("PUT", &one, "GET, PATCH, DELETE, HEAD, OPTIONS"),
    ] {
        let answer = staff.send(staff.request(method.parse().expect("a method"), path)).await;
        answer.is(405, &format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#));
        assert_eq!(answer.header("allow"), allow);
    }
}
