//! Texts that are longer than they may be: refused in the form of their endpoint, before anything of them is kept.

use domain::user::Roles;
use reqwest::{Method, multipart::Part};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Google, Person, Provider, TestApp, deltas, multipart};

/// Longer than each of the settings below.
const LONG: &str = "a text that is longer than forty characters are";

async fn with_short_limits(db: &PgPool) -> TestApp {
    let names = ["question", "prompt", "answer", "note", "document"];
    let arguments: Vec<String> =
        names.iter().flat_map(|name| [format!("--max-{name}-chars"), "40".to_owned()]).collect();
    TestApp::start_with(db, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
}

fn too_long(field: &str) -> String {
    json!({ field: ["Ensure this field has no more than 40 characters."] }).to_string()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_of_ten_thousand_characters_is_asked_and_a_longer_one_leaves_nothing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let refused = nurse.ask(&chat, &"ക".repeat(10_001)).await;
    refused.is(400, r#"{"error":"The question is too long: it may have 10000 characters."}"#);
    assert_eq!(nurse.get(&chat).await.json(200)["chats"], json!([]));
    nurse.ask(&chat, &"ക".repeat(10_000)).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_text_of_a_project_and_its_documents_has_a_greatest_length(db: PgPool) {
    let app = with_short_limits(&db).await;
    let staff = app.staff().await;
    let project = format!("/projects/{}", staff.project("P").await);
    for (field, value) in [("description", json!(LONG)), ("prompt", json!(LONG))] {
        let mut body = json!({ "title": "T" });
        body[field] = value.clone();
        staff.post("/projects", body).await.is(400, &too_long(field));
        staff.patch(&project, json!({ field: value })).await.is(400, &too_long(field));
    }
    let presets = json!({ "title": "T", "preset_questions": ["Zinc?", LONG] });
    let refusal = r#"{"preset_questions":{"1":["Ensure this field has no more than 40 characters."]}}"#;
    staff.post("/projects", presets.clone()).await.is(400, refusal);
    staff.patch(&project, presets).await.is(400, refusal);
    let many = json!({ "preset_questions": vec!["Zinc?"; 101] });
    let refusal = r#"{"preset_questions":["Ensure this field has no more than 100 elements."]}"#;
    staff.patch(&project, many).await.is(400, refusal);
    let assistant = json!({ "name": "A", "instructions": LONG, "model": "gpt-4" });
    staff.post(&format!("{project}/create_assistant"), assistant).await.is(400, &too_long("instructions"));
    staff
        .post(&format!("{project}/retrieval/explain"), json!({ "question": LONG }))
        .await
        .is(400, &too_long("question"));
    let documents = format!("{project}/documents");
    for field in ["description", "text_content"] {
        let mut texts = vec![("title", "T"), ("text_content", "Zinc"), ("document_type", "3")];
        texts.retain(|(name, _)| *name != field);
        texts.push((field, LONG));
        staff.post_form(&documents, multipart(&texts)).await.is(400, &too_long(field));
    }
    assert_eq!(staff.get(&documents).await.json(200)["count"], 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_text_of_a_test_suite_and_every_opinion_has_a_greatest_length(db: PgPool) {
    let app = with_short_limits(&db).await;
    let staff = app.staff().await;
    let suite = staff.post("/tests/suites", json!({ "name": "S", "temperature": 0.1, "topk": 1 })).await.id();
    let questions = format!("/tests/suites/{suite}/questions");
    let question = staff.post(&questions, json!({ "question": "Zinc?", "human_answer": "14 days" })).await.id();
    for field in ["question", "human_answer"] {
        let mut body = json!({ "question": "Zinc?", "human_answer": "14 days" });
        body[field] = json!(LONG);
        staff.post(&questions, body.clone()).await.is(400, &too_long(field));
        staff.patch(&format!("{questions}/{question}"), body).await.is(400, &too_long(field));
    }
    let runs = format!("/tests/suites/{suite}/runs");
    let notes = json!({ "test_result_id": suite, "rating": 1, "notes": LONG });
    staff.post(&format!("{runs}/{suite}/feedback"), notes).await.is(400, &too_long("notes"));
    let project = staff.project("P").await;
    let many = json!({ "project": project, "models": vec![1; 101] });
    staff.post(&runs, many).await.is(400, r#"{"models":["Ensure this field has no more than 100 elements."]}"#);
    let chat = staff.chat(&project).await;
    let message = staff.ask(&chat, "Zinc?").await.json(200)["external_id"].clone();
    let opinion = json!({ "chat_message": message, "liked": false, "message": LONG });
    staff.post("/feedback", opinion).await.is(400, &too_long("message"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_text_of_a_hospitals_client_has_a_greatest_length(db: PgPool) {
    let app = with_short_limits(&db).await;
    let staff = app.staff().await;
    let client = staff.client_of(&staff.service("Tablets", false).await).await;
    client.post("/chats", json!({ "title": "T", "prompt": LONG })).await.is(400, &too_long("prompt"));
    let refusal = r#"{"error":"The question is too long: it may have 40 characters."}"#;
    let message = json!({ "text": LONG, "stream": false });
    client.post("/chats", json!({ "title": "T", "message": message })).await.is(400, refusal);
    assert_eq!(client.get("/chats").await.json(200)["count"], 0, "a chat is not made for a question that is refused");
    let chat = format!("/chats/{}", client.post("/chats", json!({ "title": "T" })).await.id());
    client.patch(&chat, json!({ "prompt": LONG })).await.is(400, &too_long("prompt"));
    client.post_form(&format!("{chat}/converse"), multipart(&[("text", LONG)])).await.is(400, refusal);
    let form = json!({ "task": "ai_form_fill", "messages": [{ "role": "user", "content": LONG }] });
    let refused = client.post("/chats/completion", form).await;
    refused.is(400, r#"{"error":"The messages are too long: they may have 40 characters in all."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_spoken_question_that_is_too_long_is_not_asked_and_its_words_are_given_back(db: PgPool) {
    let google = Google::hearing(LONG).await;
    let mut arguments = google.arguments();
    arguments.extend(["--max-question-chars".to_owned(), "40".to_owned()]);
    let app = TestApp::start_with(&db, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let staff = app.staff().await;
    let project = staff.post("/projects", json!({ "title": "P", "stt_engine": 2 })).await.id();
    let chat = staff.chat(&project).await;
    let audio = || multipart(&[]).part("audio", Part::bytes(b"RIFF".as_slice()).file_name("audio.wav"));
    let refused = staff.post_form(&format!("{chat}/converse"), audio()).await.json(400);
    let message = "The spoken question is too long: it may have 40 characters.";
    assert_eq!(refused, json!({ "error": message, "transcript": LONG }));
    assert_eq!(staff.get(&chat).await.json(200)["chats"], json!([]));
    // What is only transcribed is not kept, and can be shortened by whoever said it.
    let heard = staff.post_form(&format!("{chat}/speech_to_text"), audio()).await.json(200);
    assert_eq!(heard["transcript"], LONG);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_without_end_is_cut_off_and_says_so(db: PgPool) {
    let provider = Provider::answering(deltas(&["zinc for days "; 200])).await;
    let url = provider.url();
    let arguments = ["--openai-base-url", &url, "--openai-api-key", "sk-x", "--max-answer-chars", "40"];
    let app = TestApp::start_with(&db, &arguments).await;
    let roles = Roles { is_staff: true, allow_key: true, ..Roles::default() };
    let staff = app.person("meera", roles).await;
    let chat = staff.chat(&staff.project("P").await).await;
    let answer = staff.ask(&chat, "Zinc?").await.json(200);
    let text = answer["message"].as_str().expect("a text");
    let (made, note) = text.split_at(40);
    assert_eq!(made, "zinc for days zinc for days zinc for day");
    assert!(note.contains("incomplete"), "{note}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_password_that_is_endless_is_refused_before_it_costs_anything(db: PgPool) {
    let app = TestApp::start(&db).await;
    let endless = "zinc.".repeat(1_000);
    let refusal: Value = json!(["Ensure this field has no more than 4096 characters."]);
    let log_in = json!({ "email": "asha@example.com", "password": endless });
    assert_eq!(short_answer(&app.nobody, "/auth/login", log_in).await["password"], refusal);
    let register = json!({
        "username": "x", "full_name": endless, "email": "asha@example.com", "password": endless, "recaptcha": "x",
    });
    assert_eq!(short_answer(&app.nobody, "/auth/register", register).await["password"][0], refusal[0]);
}

/// The 400 that comes within the time of an ordinary request.
async fn short_answer(nobody: &Person, path: &str, body: Value) -> Value {
    let request = nobody.request(Method::POST, path).json(&body).timeout(std::time::Duration::from_secs(5));
    nobody.send(request).await.json(400)
}
