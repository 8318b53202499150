//! Ratings of messages: who may give, see and filter them.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, Person, TestApp};

const RATING: &str = r#"{"external_id":"<id>","chat_message":"<id>","liked":true,"message":"Clear","created_at":"<time>","modified_at":"<time>"}"#;

/// The nurse's chat with an answer in it, and the answer's id.
async fn answered(app: &TestApp) -> (Person, String, String) {
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let answer = nurse.ask(&chat, "Zinc?").await.json(200)["external_id"].as_str().expect("an id").to_owned();
    (nurse, chat, answer)
}

fn count(page: &Value) -> i64 {
    page["count"].as_i64().expect("a page has a count")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rating_is_shown_with_its_message_and_in_its_chat(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat, answer) = answered(&app).await;
    let given = nurse.post("/feedback", json!({ "chat_message": answer, "liked": true, "message": "Clear" })).await;
    given.is_like(201, RATING);
    nurse.post("/feedback", json!({ "chat_message": answer, "liked": false, "message": null })).await.json(201);
    let messages = nurse.get(&chat).await.json(200)["chats"].clone();
    assert_eq!(messages[0]["feedback"], Value::Null);
    assert_eq!(messages[1]["feedback"], given.json(201), "the first one counts");
    let all = nurse.get(&format!("{chat}/feedbacks")).await.json(200);
    assert_eq!((&all["data"][0], &all["data"][1]["liked"]), (&given.json(201), &json!(false)));
    let id = given.json(201)["external_id"].as_str().expect("an id").to_owned();
    nurse.get(&format!("/feedback/{id}")).await.is_like(200, RATING);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_rating_lacks_is_told_by_field(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, _, answer) = answered(&app).await;
    let required = r#"{"chat_message":["This field is required."],"liked":["This field is required."]}"#;
    nurse.post("/feedback", json!({})).await.is(400, required);
    let malformed = nurse.post("/feedback", json!({ "chat_message": "nope", "liked": true })).await;
    malformed.is(400, r#"{"detail":"“nope” is not a valid UUID."}"#);
    let unknown = nurse.post("/feedback", json!({ "chat_message": NIL, "liked": true })).await;
    unknown.is(404, r#"{"detail":"Not found."}"#);
    nurse.post("/feedback", json!({ "chat_message": answer, "liked": true, "message": "" })).await.json(201);
    app.nobody.post("/feedback", json!({})).await.json(401);
    let listed = nurse.get("/feedback").await.json(200)["results"][0]["external_id"].clone();
    let path = format!("/feedback/{}", listed.as_str().expect("an id"));
    nurse.delete(&path).await.is(405, r#"{"detail":"Method \"DELETE\" not allowed."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stranger_neither_rates_nor_sees_a_message(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat, answer) = answered(&app).await;
    let given = nurse.post("/feedback", json!({ "chat_message": answer, "liked": true })).await.id();
    let other = app.person("ravi", Roles::default()).await;
    let not_found = r#"{"detail":"Not found."}"#;
    other.post("/feedback", json!({ "chat_message": answer, "liked": true })).await.is(404, not_found);
    other.get(&format!("/feedback/{given}")).await.is(404, not_found);
    other.get(&format!("{chat}/feedbacks")).await.is(404, not_found);
    assert_eq!(count(&other.get("/feedback").await.json(200)), 0);
    for (name, roles) in [
        ("rev", Roles { is_reviewer: true, ..Roles::default() }),
        ("boss", Roles { is_staff: true, ..Roles::default() }),
        ("root", Roles { is_superuser: true, ..Roles::default() }),
    ] {
        let person = app.person(name, roles).await;
        assert_eq!(count(&person.get("/feedback").await.json(200)), 1, "{name}");
        person.get(&format!("/feedback/{given}")).await.json(200);
        person.post("/feedback", json!({ "chat_message": answer, "liked": true })).await.is(404, not_found);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn ratings_are_filtered_by_opinion_and_by_number(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, _, answer) = answered(&app).await;
    nurse.post("/feedback", json!({ "chat_message": answer, "liked": true })).await.json(201);
    nurse.post("/feedback", json!({ "chat_message": answer, "liked": false })).await.json(201);
    let position = async |table: &str| -> i64 {
        let query = format!("SELECT max(position) FROM views.{table}");
        sqlx::query_scalar(&query).fetch_one(&app.db).await.expect("there is one")
    };
    let (message, chat, project) = (position("messages").await, position("chats").await, position("projects").await);
    for (query, expected) in [
        ("liked=true".to_owned(), 1),
        ("liked=false".to_owned(), 1),
        ("liked=".to_owned(), 2),
        (format!("chat_message={message}"), 2),
        (format!("chat_message__chat={chat}&liked=true"), 1),
        (format!("chat_message__chat__project={project}"), 2),
    ] {
        let page = nurse.get(&format!("/feedback?{query}")).await.json(200);
        assert_eq!(count(&page), expected, "{query}");
    }
    for name in ["chat_message", "chat_message__chat", "chat_message__chat__project"] {
        for value in ["999999", "x"] {
            let choice = "Select a valid choice. That choice is not one of the available choices.";
            let answer = nurse.get(&format!("/feedback?{name}={value}")).await;
            answer.is(400, &json!({ name: [choice] }).to_string());
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn list_all_holds_ones_own_chats_and_everybodys_for_a_superuser(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat, _) = answered(&app).await;
    let project = chat.split("/chats/").next().expect("a project");
    let other = app.person("ravi", Roles::default()).await;
    let empty = other.chat(project.trim_start_matches("/projects/")).await;
    let path = format!("{project}/chats/list_all?limit=1");
    let own = nurse.get(&path).await.json(200);
    assert_eq!(own.as_array().map(Vec::len), Some(1));
    assert_eq!(own[0], nurse.get(&chat).await.json(200));
    let all = app.superuser().await.get(&path).await.json(200);
    let ids = |chats: &Value| -> Vec<String> {
        let chats = chats.as_array().expect("a list").iter();
        chats.map(|chat| chat["external_id"].as_str().expect("an id").to_owned()).collect()
    };
    let last = |path: &str| path.rsplit('/').next().expect("an id").to_owned();
    assert_eq!(ids(&all), [last(&empty), last(&chat)]);
    let staff = app.person("boss", Roles { is_staff: true, ..Roles::default() }).await;
    staff.get(&path).await.is(200, "[]");
    app.nobody.get(&path).await.json(401);
}
