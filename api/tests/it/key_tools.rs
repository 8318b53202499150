//! `chats/transcribe` and `chats/completion`.

use reqwest::multipart::Part;
use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::ResponseTemplate;

use crate::support::{Answer, Google, Person, Provider, TestApp, multipart, whole};

async fn client(staff: &Person, allow_key: bool) -> Person {
    staff.client_of(&staff.service("Tablets", allow_key).await).await
}

fn form_fill(messages: &Value) -> Value {
    json!({ "task": "ai_form_fill", "messages": messages })
}

fn a_message() -> Value {
    json!([{ "role": "user", "content": "The patient has a fever of 39.2 °C." }])
}

async fn with_provider(db: &PgPool, provider: &Provider) -> TestApp {
    TestApp::start_with(db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-server"]).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_form_is_filled_in_by_one_json_completion(db: PgPool) {
    let provider = Provider::answering(whole(r#"{"temperature":39.2}"#)).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, true).await;
    let filled = client.post("/chats/completion", form_fill(&a_message())).await;
    filled.is(200, r#"{"response":"{\"temperature\":39.2}"}"#);
    let requests = provider.requests().await;
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(
        (&request["model"], &request["temperature"], &request["max_tokens"], &request["response_format"]["type"]),
        (&json!("gpt-4-turbo-preview"), &json!(0), &json!(4096), &json!("json_object"))
    );
    assert_eq!(request["messages"][0]["role"], "system");
    assert!(request["messages"][0]["content"].as_str().is_some_and(|system| system.contains("JSON")));
    assert_eq!(request["messages"][1], a_message()[0]);
    assert_eq!(provider.keys().await, ["sk-server"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_completion_needs_a_key_or_the_services_allowance(db: PgPool) {
    let provider = Provider::answering(whole("{}")).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, false).await;
    let refused = client.post("/chats/completion", form_fill(&a_message())).await;
    refused.is(400, r#"{"error":"OpenAI-Key header is required to create a chat"}"#);
    let request = client.request(reqwest::Method::POST, "/chats/completion").header("OpenAI-Key", "sk-own");
    client.send(request.json(&form_fill(&a_message()))).await.is(200, r#"{"response":"{}"}"#);
    assert_eq!(provider.keys().await, ["sk-own"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_no_task_or_no_conversation_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let client = client(&app.staff().await, true).await;
    let missing = r#"["audio and engine are required"]"#;
    let malformed = r#"{"error":"every message must be an object with role and content"}"#;
    for (body, expected) in [
        (json!({}), r#"["task is required"]"#),
        (json!({ "task": "" }), r#"["task is required"]"#),
        (json!({ "task": "write a poem" }), r#"["Invalid task"]"#),
        (json!({ "task": "ai_form_fill" }), missing),
        (form_fill(&json!([])), missing),
        (form_fill(&json!("Zinc?")), r#"{"error":"messages must be a list"}"#),
        (form_fill(&json!(["Zinc?"])), malformed),
        (form_fill(&json!([{ "role": "user" }])), malformed),
        (form_fill(&a_message()), r#"{"error":"No language model is configured that could fill in a form."}"#),
    ] {
        client.post("/chats/completion", body.clone()).await.is(400, expected);
    }
    app.nobody.post("/chats/completion", form_fill(&a_message())).await.json(401);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_provider_says_of_its_failure_stays_inside(db: PgPool) {
    let refusal = json!({ "error": { "message": "Incorrect API key: sk-se***ver", "type": "invalid", "code": "x" } });
    let provider = Provider::answering(ResponseTemplate::new(401).set_body_json(refusal)).await;
    let app = with_provider(&db, &provider).await;
    let client = client(&app.staff().await, true).await;
    let failed = client.post("/chats/completion", form_fill(&a_message())).await;
    failed.is(400, r#"{"error":"The language model refused the key."}"#);
}

fn recording(audio: &[u8]) -> Part {
    Part::bytes(audio.to_vec()).file_name("audio.wav")
}

async fn transcribe(client: &Person, texts: &[(&str, &str)], audio: Option<&[u8]>) -> Answer {
    let mut body = multipart(texts);
    if let Some(audio) = audio {
        body = body.part("audio", recording(audio));
    }
    client.post_form("/chats/transcribe", body).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_transcription_needs_audio_and_an_engine_that_exists(db: PgPool) {
    let app = TestApp::start(&db).await;
    let client = client(&app.staff().await, true).await;
    let missing = r#"["audio and engine are required"]"#;
    transcribe(&client, &[], None).await.is(400, missing);
    transcribe(&client, &[("engine", "whisper")], None).await.is(400, missing);
    transcribe(&client, &[], Some(b"RIFF")).await.is(400, missing);
    let unknown = transcribe(&client, &[("engine", "parrot")], Some(b"RIFF")).await;
    unknown.is(400, r#"{"error":"None is not a valid STTEngine"}"#);
    transcribe(&client, &[("engine", "whisper")], Some(b""))
        .await
        .is(400, r#"{"error":"The submitted file is empty."}"#);
    app.nobody.post_form("/chats/transcribe", multipart(&[("engine", "whisper")])).await.json(401);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_engine_that_is_named_in_any_case_transcribes(db: PgPool) {
    let google = Google::hearing("എത്ര സിങ്ക്?").await;
    let arguments = google.arguments();
    let app = TestApp::start_with(&db, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let client = client(&app.staff().await, false).await;
    let heard = transcribe(&client, &[("engine", "Google"), ("language", "ml")], Some(b"RIFF")).await;
    heard.is(200, r#"{"transcript":"എത്ര സിങ്ക്?"}"#);
    let unconfigured = transcribe(&client, &[("engine", "SELF_HOSTED")], Some(b"RIFF")).await;
    let error = "[Speech to Text] Failed to transcribe speech with self_hosted engine: the engine is not configured";
    unconfigured.is(400, &json!({ "error": error }).to_string());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whisper_is_paid_for_with_the_clients_key_or_by_the_services_allowance(db: PgPool) {
    let provider = Provider::answering(whole("{}")).await.hearing("How much zinc?").await;
    let app = with_provider(&db, &provider).await;
    let staff = app.staff().await;
    let heard = r#"{"transcript":"How much zinc?"}"#;
    transcribe(&client(&staff, true).await, &[("engine", "WHISPER")], Some(b"RIFF")).await.is(200, heard);
    let client = client(&staff, false).await;
    let refused = transcribe(&client, &[("engine", "whisper")], Some(b"RIFF")).await;
    refused.is(400, r#"{"error":"OpenAI-Key header is required to create a chat"}"#);
    let form = multipart(&[("engine", "whisper")]).part("audio", recording(b"RIFF"));
    let request = client.request(reqwest::Method::POST, "/chats/transcribe").header("OpenAI-Key", "sk-own");
    client.send(request.multipart(form)).await.is(200, heard);
    assert_eq!(provider.keys().await, ["sk-server", "sk-own"]);
}
