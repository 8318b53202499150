//! `Idempotency-Key`: a repeated request makes nothing new.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Person, TestApp, multipart};

const REUSED: &str = r#"{"detail":"The Idempotency-Key was used for another request."}"#;

async fn post(person: &Person, path: &str, key: &str, body: Value) -> Answer {
    person.send(person.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
}

async fn post_form(person: &Person, path: &str, key: &str, texts: &[(&str, &str)]) -> Answer {
    let request = person.request(Method::POST, path).header("Idempotency-Key", key);
    person.send(request.multipart(multipart(texts))).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_answers_with_the_same_project(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let body = json!({ "title": "P", "is_default": true, "open_ai_key": "sk" });
    let first = post(&staff, "/projects", "k", body.clone()).await;
    let second = post(&staff, "/projects", "k", body.clone()).await;
    assert_eq!((second.status, &second.body), (201, &first.body));
    post(&staff, "/projects", "k", json!({ "title": "Q" })).await.is(422, REUSED);
    assert_ne!(post(&staff, "/projects", "other", body.clone()).await.id(), first.id());
    let other = app.person("ravi", domain::user::Roles { is_staff: true, ..domain::user::Roles::default() }).await;
    assert_ne!(post(&other, "/projects", "k", body).await.id(), first.id());
    assert_eq!(staff.get("/projects").await.titles(), ["P", "P", "P"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_answers_with_the_same_chat(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/chats", staff.project("P").await);
    let elsewhere = format!("/projects/{}/chats", staff.project("Q").await);
    let nurse = app.nurse().await;
    let body = json!({ "title": "T" });
    let first = post(&nurse, &path, "k", body.clone()).await;
    let second = post(&nurse, &path, "k", body.clone()).await;
    assert_eq!((second.status, &second.body), (201, &first.body));
    post(&nurse, &path, "k", json!({ "title": "U" })).await.is(422, REUSED);
    post(&nurse, &elsewhere, "k", body.clone()).await.is(422, REUSED);
    assert_ne!(post(&staff, &path, "k", body).await.id(), first.id());
    assert_eq!(nurse.get(&path).await.titles(), ["T"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_answers_with_the_same_document_and_keeps_one_file(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let upload = async |bytes: &'static [u8]| {
        let file = reqwest::multipart::Part::bytes(bytes).file_name("zinc.txt");
        let body = multipart(&[("title", "T")]).part("file", file);
        let request = staff.request(Method::POST, &path).header("Idempotency-Key", "k");
        staff.send(request.multipart(body)).await
    };
    let first = upload(b"Zinc is given for fourteen days.").await;
    let second = upload(b"Zinc is given for fourteen days.").await;
    assert_eq!(second.id(), first.id());
    upload(b"Another text.").await.is(422, REUSED);
    assert_eq!(staff.get(&path).await.titles(), ["T"]);
    let files = std::fs::read_dir(app.media_folder()).expect("the folder can be read").count();
    assert_eq!(files, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_question_is_answered_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let chat = staff.chat(&staff.project("P").await).await;
    let path = format!("{chat}/converse");
    let question = [("text", "Zinc?"), ("noonce", "1.5"), ("stream", "false")];
    let first = post_form(&staff, &path, "k", &question).await.json(200);
    let second = post_form(&staff, &path, "k", &question).await.json(200);
    assert_eq!(first, second);
    let streamed = [("text", "Iron?"), ("noonce", "1.6")];
    let first = post_form(&staff, &path, "l", &streamed).await.frames().pop();
    let second = post_form(&staff, &path, "l", &streamed).await.frames();
    assert_eq!(second, [first.expect("there is a last frame")]);
    assert_eq!(staff.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(4));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_equal_requests_at_once_one_makes_the_project_and_all_answer_with_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let racers = (0..8).map(|_| post(&staff, "/projects", "k", json!({ "title": "P" })));
    let ids: Vec<String> = futures::future::join_all(racers).await.iter().map(Answer::id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(staff.get("/projects").await.titles(), ["P"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_that_is_too_long_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let answer = post(&app.staff().await, "/projects", &"k".repeat(256), json!({ "title": "P" })).await;
    answer.is(400, r#"{"detail":"An Idempotency-Key has at most 255 characters."}"#);
}
