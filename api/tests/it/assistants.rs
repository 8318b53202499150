//! Assistants: instructions and a model that answer in place of a project's prompt and model.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, Person, Provider, TestApp, deltas, multipart};

async fn app_with(db: &PgPool, provider: &Provider) -> TestApp {
    TestApp::start_with(db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-x"]).await
}

/// A project with an assistant; the project's path and the assistant's id.
async fn project_with_assistant(staff: &Person) -> (String, String) {
    let project = format!("/projects/{}", staff.project("P").await);
    let assistant = json!({ "name": "Ward", "instructions": "Be {kind}.", "model": "gpt-4" });
    let id = staff.post(&format!("{project}/create_assistant"), assistant).await.json(200)["assistant_id"].clone();
    (project, id.as_str().expect("an id").to_owned())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_project_gets_one_assistant_and_staff_see_all(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (project, id) = project_with_assistant(&staff).await;
    assert!(id.starts_with("asst_"), "{id}");
    let listed = json!([{ "id": id, "name": "Ward", "instructions": "Be {kind}.", "model": "gpt-4" }]);
    assert_eq!(staff.get(&format!("{project}/list_assistants")).await.json(200), listed);
    assert_eq!(staff.get(&format!("/projects/{NIL}/list_assistants")).await.json(200), listed);
    assert_eq!(staff.get(&project).await.json(200)["assistant_id"], json!(id));
    let again = json!({ "name": "Other", "instructions": "", "model": "gpt-4" });
    let exists = r#"{"non_field_errors":"Assistant already exists for this project"}"#;
    staff.post(&format!("{project}/create_assistant"), again).await.is(400, exists);
    let nurse = app.nurse().await;
    nurse.get(&format!("{project}/list_assistants")).await.json(403);
    nurse.post(&format!("{project}/create_assistant"), json!({})).await.json(403);
    staff.get(&format!("{project}/create_assistant")).await.json(405);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_assistant_needs_a_name_a_known_model_and_a_project(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/create_assistant", staff.project("P").await);
    let required = r#"{"name":["This field is required."],"model":["This field is required."]}"#;
    staff.post(&path, json!({})).await.is(400, required);
    let unknown = json!({ "name": "A", "instructions": "i", "model": "bad-model" });
    staff.post(&path, unknown.clone()).await.is(400, r#"{"error":"The requested model 'bad-model' does not exist"}"#);
    let nowhere = format!("/projects/{NIL}/create_assistant");
    staff.post(&nowhere, json!({ "name": "A" })).await.is(404, r#"{"detail":"Not found."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_assistant_answers_in_plain_text_for_people_without_a_key(db: PgPool) {
    let provider = Provider::answering(deltas(&["Ayushma: Fourteen days.\n\nReferences: []"])).await;
    let app = app_with(&db, &provider).await;
    let staff = app.staff().await;
    let (project, _) = project_with_assistant(&staff).await;
    let nurse = app.person("asha", Roles::default()).await;
    let chat = nurse.chat(project.trim_start_matches("/projects/")).await;
    for _ in 0..2 {
        let body = multipart(&[("text", "How long?"), ("noonce", "1"), ("stream", "true")]);
        nurse.post_form(&format!("{chat}/converse"), body).await.is(200, r#"{"message":"Fourteen days."}"#);
    }
    let request = &provider.requests().await[0];
    assert_eq!(request["model"], "gpt-4");
    let system = request["messages"][0]["content"].as_str().expect("a text").to_owned();
    assert!(system.starts_with("Be {kind}.\n\nReference documents"), "{system}");
    let messages = nurse.get(&chat).await.json(200)["chats"].clone();
    assert_eq!(messages.as_array().map(Vec::len), Some(4));
    let answer = json!({
        "messageType": 3, "message": "Fourteen days.", "reference_documents": [], "language": "en", "meta": {},
    });
    assert_eq!(messages[1], answer);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn prompt_and_model_of_a_change_go_to_the_assistant(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (project, id) = project_with_assistant(&staff).await;
    let before = staff.get(&project).await.json(200);
    // The front end sends everything back.
    staff.patch(&project, before).await.json(200);
    let changed = staff.patch(&project, json!({ "prompt": "Be brief.", "model": "gpt-4o" })).await.json(200);
    assert_eq!((&changed["prompt"], &changed["model"]), (&json!(""), &json!("1")));
    let listed = json!([{ "id": id, "name": "Ward", "instructions": "Be brief.", "model": "gpt-4o" }]);
    assert_eq!(staff.get(&format!("{project}/list_assistants")).await.json(200), listed);
    let refused = staff.patch(&project, json!({ "model": "bad-model" })).await;
    refused.is(400, r#"{"error":"The requested model 'bad-model' does not exist"}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_assistant_can_be_given_up_and_taken_over(db: PgPool) {
    let provider = Provider::answering(deltas(&["Fourteen days.\n\nReferences: []"])).await;
    let app = app_with(&db, &provider).await;
    let staff = app.person("meera", Roles { is_staff: true, allow_key: true, ..Roles::default() }).await;
    let (project, id) = project_with_assistant(&staff).await;
    let freed = staff.patch(&project, json!({ "assistant_id": null })).await.json(200);
    assert_eq!(freed["assistant_id"], Value::Null);
    let other = staff.post("/projects", json!({ "title": "Q" })).await.id();
    staff.patch(&format!("/projects/{other}"), json!({ "assistant_id": id })).await.json(200);
    let chat = staff.chat(&other).await;
    staff.ask(&chat, "How long?").await.is(200, r#"{"message":"Fourteen days."}"#);
    assert_eq!(provider.requests().await[0]["model"], "gpt-4");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_unknown_assistant_is_refused_unless_the_project_has_it_already(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.post("/projects", json!({ "title": "P", "assistant_id": "asst_elsewhere" })).await.id();
    let project = format!("/projects/{project}");
    let refused = staff.patch(&project, json!({ "assistant_id": "asst_none" })).await;
    refused.is(400, r#"{"assistant_id":["There is no such assistant."]}"#);
    let kept = staff.patch(&project, json!({ "title": "Q", "assistant_id": "asst_elsewhere" })).await.json(200);
    assert_eq!(kept["assistant_id"], "asst_elsewhere");
}
