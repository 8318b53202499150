//! Auditors: who becomes one, what they read, and that they change nothing.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{PASSWORD, Person, TestApp};

/// Somebody whom a superuser made an auditor.
async fn auditor(app: &TestApp, superuser: &Person) -> Person {
    let person = app.person("kavya", Roles::default()).await;
    superuser.post("/audit/auditors", json!({ "username": "kavya" })).await.json(201);
    person
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_auditor_reads_every_history_and_changes_nothing_but_the_own_account(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let project = staff.project("Ward").await;
    let auditor = auditor(&app, &superuser).await;

    let timeline = auditor.get(&format!("/audit/project/{project}/timeline")).await.json(200);
    assert_eq!(timeline["events"][0]["event_type"], "Created");
    let chats = format!("/projects/{project}/chats");
    for refused in [
        auditor.post(&chats, json!({ "title": "Mine" })).await,
        auditor.patch(&format!("/projects/{project}"), json!({ "title": "Mine" })).await,
        auditor.delete(&format!("/projects/{project}")).await,
        auditor.post("/services", json!({ "name": "Mine" })).await,
        auditor.post("/audit/auditors", json!({ "username": "meera" })).await,
    ] {
        assert_eq!(refused.status, 403, "{}", refused.body);
    }
    assert_eq!(auditor.get(&chats).await.json(200)["count"], 0, "they have no chats");
    auditor.patch("/users/me", json!({ "full_name": "Kavya Menon" })).await.json(200);
    assert_eq!(auditor.get("/users").await.status, 403);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_role_is_told_with_what_an_auditor_did_and_with_who_gave_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let superuser = app.superuser().await;
    let auditor = auditor(&app, &superuser).await;
    auditor.patch("/users/me", json!({ "full_name": "Kavya Menon" })).await.json(200);
    superuser.delete("/audit/auditors/kavya").await.is(204, "");

    let timeline = superuser.get(&format!("/audit/user/{}/timeline", auditor.id)).await.json(200);
    let of = |event_type: &str| -> Value {
        let events = timeline["events"].as_array().expect("a list");
        events.iter().find(|event| event["event_type"] == event_type).cloned().expect(event_type)
    };
    let appointed = of("AuditorAppointed");
    assert_eq!(appointed["changes"], json!([{ "field": "is_auditor", "before": false, "after": true }]));
    assert_eq!(appointed["actor"]["who"], format!("user:{}", superuser.id));
    assert_eq!(of("FullNameChanged")["actor"]["roles"], json!(["auditor"]));
    assert_eq!(of("AuditorDismissed")["changes"], json!([{ "field": "is_auditor", "before": true, "after": false }]));
    let refused = auditor.get(&format!("/audit/user/{}/timeline", auditor.id)).await;
    assert_eq!(refused.status, 403, "an auditor who was dismissed reads no history");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_is_an_auditor_beside_another_role(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (root, superuser) =
        (app.root().await, app.person("boss", Roles { is_superuser: true, ..Roles::default() }).await);
    app.staff().await;
    app.person("ravi", Roles { is_reviewer: true, ..Roles::default() }).await;
    for name in ["meera", "ravi", "root"] {
        let refused = superuser.post("/audit/auditors", json!({ "username": name })).await;
        assert_eq!((refused.status, refused.header("content-type")), (409, "application/problem+json"), "{name}");
    }
    for name in ["nobody", ""] {
        let refused = superuser.post("/audit/auditors", json!({ "username": name })).await;
        assert_eq!(refused.status, if name.is_empty() { 400 } else { 404 }, "{}", refused.body);
    }
    auditor(&app, &superuser).await;
    let list = superuser.get("/audit/auditors").await.json(200);
    assert_eq!((&list["count"], &list["results"][0]["username"]), (&json!(1), &json!("kavya")));
    for change in [json!({ "is_staff": true }), json!({ "is_reviewer": true })] {
        let refused = root.patch("/users/kavya", change).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
    }
    root.patch("/users/kavya", json!({ "is_staff": false, "full_name": "K" })).await.json(200);
}

/// Else staff could read by an auditor's account what auditors alone may read.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn staff_do_not_get_at_an_auditors_account(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser) = (app.staff().await, app.superuser().await);
    let auditor = auditor(&app, &superuser).await;
    let change = json!({ "email": "meera+kavya@example.com" });
    assert_eq!(staff.patch("/users/kavya", change).await.status, 403);
    assert_eq!(staff.delete("/users/kavya").await.status, 403);
    app.log_in(&auditor.email, PASSWORD).await;
}

/// The first question of every audit is about a name.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_auditor_comes_from_a_name_to_a_person_and_to_their_chats(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, superuser, nurse) = (app.staff().await, app.superuser().await, app.nurse().await);
    let project = staff.project("Ward").await;
    let chat = nurse.post(&format!("/projects/{project}/chats"), json!({ "title": "Zinc" })).await.id();
    nurse.delete(&format!("/projects/{project}/chats/{chat}")).await.is(204, "");
    let auditor = auditor(&app, &superuser).await;
    let email = nurse.email.replace('@', "%40");
    let found = auditor.get(&format!("/audit/people?search={email}")).await.json(200);
    assert_eq!((&found["count"], &found["results"][0]["id"]), (&json!(1), &json!(nurse.id)), "{found}");
    assert_eq!(auditor.get("/audit/people?search=nobody-is-called-so").await.json(200)["count"], 0);
    for query in
        [format!("owner={}", nurse.id), format!("project={project}"), format!("owner={}&project={project}", nurse.id)]
    {
        let found = auditor.get(&format!("/audit/chats?{query}")).await.json(200);
        let row = &found["results"][0];
        assert_eq!(
            (&found["count"], &row["id"], &row["is_deleted"]),
            (&json!(1), &json!(chat), &json!(true)),
            "{found}"
        );
        assert_eq!(row.as_object().map(serde_json::Map::len), Some(5), "no title, which is what was asked");
    }
    for wrong in ["people", "people?search=%20", "people?search=a&search=b", "people?q=a", "chats", "chats?owner=anju"]
    {
        assert_eq!(auditor.get(&format!("/audit/{wrong}")).await.status, 400, "{wrong}");
    }
    let seen = crate::accesses::accesses(&superuser, &format!("owner={}", nurse.id), 4).await;
    let kinds: Vec<&str> = seen.iter().filter_map(|access| access["what"].as_str()).collect();
    assert_eq!(kinds, ["people", "chat_list", "chat_list", "chat_list"], "that they were found is on record");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_service_of_an_auditor_changes_nothing_either(db: PgPool) {
    let app = TestApp::start(&db).await;
    let root = app.root().await;
    let person = app.person("kavya", Roles::default()).await;
    let service = root.service_of(person.id, "Kiosk").await;
    let key = root.client_of(&service).await;
    key.post("/chats", json!({ "title": "Intake" })).await.json(201);
    root.post("/audit/auditors", json!({ "username": "kavya" })).await.json(201);
    assert_eq!(key.post("/chats", json!({ "title": "Intake" })).await.status, 403);
    key.get("/chats").await.json(200);
    root.patch(&service, json!({ "owner": root.id })).await.json(200);
}
