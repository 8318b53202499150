//! Whose key pays when a provider answers.

use domain::user::Roles;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Answer, Person, Provider, TestApp, deltas, multipart};

const NO_KEY: &str = r#"{"error":"OpenAI-Key header is required to create a chat"}"#;

async fn start(db: &PgPool, provider: &Provider) -> TestApp {
    TestApp::start_with(db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-server"]).await
}

async fn post_with_key(person: &Person, path: &str, key: &str, body: reqwest::multipart::Form) -> Answer {
    let request = person.request(reqwest::Method::POST, path).header("OpenAI-Key", key).multipart(body);
    person.send(request).await
}

async fn ask_with_key(person: &Person, chat: &str, key: &str) -> Answer {
    let body = multipart(&[("text", "Zinc?"), ("stream", "false")]);
    post_with_key(person, &format!("{chat}/converse"), key, body).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_any_key_there_is_neither_a_chat_nor_an_answer(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let app = start(&db, &provider).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let path = format!("/projects/{project}/chats");
    nurse.post(&path, json!({})).await.is(400, r#"{"title":["This field is required."]}"#);
    nurse.post(&path, json!({ "title": "x" })).await.is(400, NO_KEY);
    let created = post_with_key(&nurse, &path, "sk-own", multipart(&[("title", "x")])).await.id();
    let chat = format!("{path}/{created}");
    nurse.ask(&chat, "Zinc?").await.is(400, NO_KEY);
    nurse.ask_streamed(&chat, "Zinc?").await.is(400, NO_KEY);
    ask_with_key(&nurse, &chat, "  ").await.is(400, NO_KEY);
    ask_with_key(&nurse, &chat, "sk-own").await.json(200);
    assert_eq!(provider.keys().await, ["sk-own"]);
    assert_eq!(nurse.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(2));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_clients_key_wins_over_the_projects_and_that_over_the_servers(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let app = start(&db, &provider).await;
    let staff = app.staff().await;
    let allowed = app.person("asha", Roles { allow_key: true, ..Roles::default() }).await;
    let project = staff.project("P").await;
    let chat = allowed.chat(&project).await;
    allowed.ask(&chat, "Zinc?").await.json(200);
    let path = format!("/projects/{project}");
    staff.patch(&path, json!({ "open_ai_key": "sk-project" })).await.json(200);
    allowed.ask(&chat, "Zinc?").await.json(200);
    ask_with_key(&allowed, &chat, "sk-own").await.json(200);
    staff.patch(&path, json!({ "open_ai_key": null })).await.json(200);
    allowed.ask(&chat, "Zinc?").await.json(200);
    assert_eq!(provider.keys().await, ["sk-server", "sk-project", "sk-own", "sk-server"]);
    let everything = app.whole_database().await;
    for key in ["sk-server", "sk-project", "sk-own"] {
        assert!(!everything.contains(key) && !everything.contains(&hex::encode(key)), "{key}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_project_with_a_key_of_its_own_serves_everybody(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let app = start(&db, &provider).await;
    let created = app.staff().await.post("/projects", json!({ "title": "P", "open_ai_key": "sk-project" })).await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&created.id()).await;
    nurse.ask(&chat, "Zinc?").await.json(200);
    assert_eq!(provider.keys().await, ["sk-project"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_that_cannot_be_one_is_refused_without_harm(db: PgPool) {
    let provider = Provider::answering(deltas(&["Yes."])).await;
    let app = start(&db, &provider).await;
    let staff = app.staff().await;
    let project = staff.post("/projects", json!({ "title": "P", "open_ai_key": "line\nbreak é" })).await.id();
    let chat = staff.chat(&project).await;
    staff.ask(&chat, "Zinc?").await.is(400, r#"{"error":"The language model refused the key."}"#);
    assert!(provider.keys().await.is_empty());
}
