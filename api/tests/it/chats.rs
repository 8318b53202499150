//! `projects/{id}/chats`.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, TestApp, multipart};

const CHAT: &str = r#"{"external_id":"<id>","title":"First chat","created_at":"<time>","modified_at":"<time>","username":"asha","project":{"external_id":"<id>","title":"P","created_at":"<time>","modified_at":"<time>","description":null,"stt_engine":1,"tts_engine":2,"model":1,"is_default":false,"display_preset_questions":null,"archived":false,"assistant_id":null}}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_needs_a_title_and_with_the_built_in_answerer_no_key(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let path = format!("/projects/{project}/chats");
    let body =
        json!({ "title": "First chat", "username": "hack", "project": NIL, "prompt": "p", "model": 4, "noonce": "1" });
    let created = nurse.post(&path, body).await;
    created.is_like(201, CHAT);
    nurse.get(&format!("{path}/{}", created.id())).await.is_like(
        200,
        r#"{"external_id":"<id>","title":"First chat","username":"asha","created_at":"<time>","modified_at":"<time>","chats":[],"prompt":null,"model":null}"#,
    );
    nurse.post_form(&path, multipart(&[("title", "form chat")])).await.id();
    assert_eq!(nurse.post(&path, json!({ "title": 7 })).await.json(201)["title"], "7");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_breaks_a_rule_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = format!("/projects/{project}/chats");
    for (body, expected) in [
        (json!({}), r#"{"title":["This field is required."]}"#),
        (json!({ "title": "" }), r#"{"title":["This field may not be blank."]}"#),
        (json!({ "title": null }), r#"{"title":["This field may not be null."]}"#),
        (json!({ "title": "t".repeat(51) }), r#"{"title":["Ensure this field has no more than 50 characters."]}"#),
        (json!([]), r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#),
    ] {
        staff.post(&path, body).await.is(400, expected);
    }
    let chat = json!({ "title": "x" });
    staff.post(&format!("/projects/{NIL}/chats"), chat.clone()).await.is(404, NOT_FOUND);
    let malformed = "{\"detail\":\"“nope” is not a valid UUID.\"}";
    staff.post("/projects/nope/chats", chat.clone()).await.is(400, malformed);
    staff.patch(&format!("/projects/{project}"), json!({ "archived": true })).await.json(200);
    let archived = r#"{"non_field_errors":"Project is archived. Cannot create chat."}"#;
    staff.post(&path, chat.clone()).await.is(400, archived);
    app.nobody.post(&path, chat).await.is(401, r#"{"detail":"Authentication credentials were not provided."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_list_holds_ones_own_chats_newest_first_and_for_superusers_all(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, nurse, root) = (app.staff().await, app.nurse().await, app.superuser().await);
    let path = format!("/projects/{}/chats", staff.project("P").await);
    for (person, title) in [(&nurse, "Zinc dose"), (&staff, "Burns"), (&nurse, "Asthma"), (&root, "Mine")] {
        person.post(&path, json!({ "title": title })).await.id();
    }
    assert_eq!(nurse.get(&path).await.titles(), ["Asthma", "Zinc dose"]);
    assert_eq!(nurse.get(&format!("{path}?fetch=all")).await.titles(), ["Asthma", "Zinc dose"]);
    assert_eq!(staff.get(&format!("{path}?fetch=all")).await.titles(), ["Burns"]);
    assert_eq!(root.get(&path).await.titles(), ["Mine"]);
    assert_eq!(root.get(&format!("{path}?fetch=all")).await.titles(), ["Mine", "Asthma", "Burns", "Zinc dose"]);
    assert_eq!(nurse.get(&format!("{path}?search=DOSE%20zi")).await.titles(), ["Zinc dose"]);
    assert_eq!(nurse.get(&format!("{path}?ordering=-title&limit=1")).await.titles(), ["Asthma"]);
    let page = nurse.get(&format!("{path}?limit=1&offset=1")).await.json(200);
    assert_eq!((&page["count"], &page["has_previous"], &page["has_next"]), (&json!(2), &json!(true), &json!(false)));
    let empty = r#"{"count":0,"has_previous":false,"has_next":false,"results":[],"offset":0}"#;
    nurse.get(&format!("/projects/{NIL}/chats")).await.is(200, empty);
    nurse.get("/projects/nope/chats").await.is(400, "{\"detail\":\"“nope” is not a valid UUID.\"}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_strangers_chat_does_not_exist_but_for_superusers_who_ask_for_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, nurse, root) = (app.staff().await, app.nurse().await, app.superuser().await);
    let project = staff.project("P").await;
    let chat = nurse.chat(&project).await;
    let all = format!("{chat}?fetch=all");
    for (person, path) in [(&staff, &chat), (&staff, &all), (&root, &chat)] {
        person.get(path).await.is(404, NOT_FOUND);
        person.patch(path, json!({ "title": "x" })).await.is(404, NOT_FOUND);
        person.delete(path).await.is(404, NOT_FOUND);
    }
    assert_eq!(root.get(&all).await.json(200)["username"], "asha");
    assert_eq!(root.patch(&all, json!({ "title": "By root" })).await.json(200)["title"], "By root");
    let id = chat.rsplit('/').next().expect("an id");
    let elsewhere = format!("/projects/{}/chats/{id}", staff.project("Q").await);
    nurse.get(&elsewhere).await.is(404, NOT_FOUND);
    nurse.get(&format!("/projects/{project}/chats/nope")).await.is(404, NOT_FOUND);
    nurse.get(&format!("/projects/{project}/chats/{NIL}")).await.is(404, NOT_FOUND);
    app.nobody.get(&chat).await.is(401, r#"{"detail":"Authentication credentials were not provided."}"#);
    root.delete(&all).await.is(204, "");
    nurse.get(&chat).await.is(404, NOT_FOUND);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_can_be_renamed_and_nothing_else(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    nurse.patch(&chat, json!({ "title": "First chat", "username": "x", "project": null })).await.is_like(200, CHAT);
    nurse.patch(&chat, json!({})).await.is_like(200, CHAT);
    for (title, message) in [
        (json!("t".repeat(51)), "Ensure this field has no more than 50 characters."),
        (json!(""), "This field may not be blank."),
        (Value::Null, "This field may not be null."),
        (json!("a\0b"), "Null characters are not allowed."),
    ] {
        nurse.patch(&chat, json!({ "title": title })).await.is(400, &format!(r#"{{"title":["{message}"]}}"#));
    }
    assert_eq!(nurse.get(&chat).await.json(200)["title"], "First chat");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_chat_is_gone(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.person("ravi", Roles::default()).await;
    let chat = nurse.chat(&project).await;
    nurse.delete(&chat).await.is(204, "");
    nurse.delete(&chat).await.is(404, NOT_FOUND);
    nurse.get(&chat).await.is(404, NOT_FOUND);
    nurse.ask(&chat, "Anybody there?").await.is(404, NOT_FOUND);
    assert!(nurse.get(&format!("/projects/{project}/chats")).await.titles().is_empty());
}
