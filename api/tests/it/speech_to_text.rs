//! `speech_to_text`: a recording becomes text that is shown before it is asked.

use reqwest::multipart::{Form, Part};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Google, NIL, Person, TestApp, multipart};

fn audio() -> Form {
    let file = Part::bytes(b"RIFF".as_slice()).file_name("audio.wav").mime_str("audio/wav").expect("a type");
    multipart(&[("language", "ml"), ("temperature", "0.1"), ("top_k", "100")]).part("audio", file)
}

/// The nurse's chat in a project that lets Google transcribe.
async fn nurse_with_chat(app: &TestApp) -> (Person, String) {
    let staff = app.staff().await;
    let project = staff.post("/projects", json!({ "title": "P", "stt_engine": 2 })).await.id();
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    (nurse, chat)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_transcript_comes_with_the_time_that_it_took(db: PgPool) {
    let google = Google::hearing("എത്ര സിങ്ക്?").await;
    let arguments = google.arguments();
    let app = TestApp::start_with(&db, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let answer = nurse.post_form(&format!("{chat}/speech_to_text"), audio()).await.json(200);
    assert_eq!(answer["transcript"], "എത്ര സിങ്ക്?");
    let (start, end) = (&answer["stats"]["transcript_start_time"], &answer["stats"]["transcript_end_time"]);
    assert!(start.as_f64().expect("a number") <= end.as_f64().expect("a number"), "{answer}");
    let detail = nurse.get(&chat).await.json(200);
    assert_eq!((&detail["title"], &detail["chats"]), (&json!("New"), &json!([])));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_failure_is_told_and_shown_in_the_chat(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let error = "[Transcribing] Something went wrong in getting transcription.\n\
                 [Speech to Text] Failed to transcribe speech with google engine: the engine is not configured";
    let answer = nurse.post_form(&format!("{chat}/speech_to_text"), audio()).await;
    answer.is(400, &json!({ "error": error }).to_string());
    let detail = nurse.get(&chat).await.json(200);
    assert_eq!(detail["title"], "Transcription Error");
    assert_eq!((&detail["chats"][0]["messageType"], &detail["chats"][0]["message"]), (&json!(2), &json!(error)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_with_messages_keeps_its_name_when_a_recording_fails(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    nurse.ask(&chat, "How much zinc?").await.json(200);
    nurse.post_form(&format!("{chat}/speech_to_text"), audio()).await.json(400);
    let detail = nurse.get(&chat).await.json(200);
    assert_eq!(detail["title"], "How much zinc?");
    assert_eq!(detail["chats"][2]["messageType"], 2);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_engine_that_is_away_is_the_servers_failure(db: PgPool) {
    let app = TestApp::start_with(&db, &["--google-speech-url", "http://127.0.0.1:9"]).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let answer = nurse.post_form(&format!("{chat}/speech_to_text"), audio()).await.json(500);
    assert!(answer["error"].as_str().is_some_and(|error| error.starts_with("[Transcribing] ")), "{answer}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_strangers_or_unknown_chat_is_not_found_and_not_renamed(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let other = app.person("ravi", domain::user::Roles::default()).await;
    other.post_form(&format!("{chat}/speech_to_text"), audio()).await.is(404, r#"{"detail":"Not found."}"#);
    assert_eq!(nurse.get(&chat).await.json(200)["title"], "New");
    let project = chat.split("/chats/").next().expect("a project");
    let unknown = format!("{project}/chats/{NIL}/speech_to_text");
    nurse.post_form(&unknown, audio()).await.is(404, r#"{"detail":"Not found."}"#);
    let unknown = format!("/projects/{NIL}/chats/{NIL}/speech_to_text");
    nurse.post_form(&unknown, audio()).await.is(400, r#"{"error":"Project not found"}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_a_recording_there_is_nothing_to_do(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let answer = nurse.post_form(&format!("{chat}/speech_to_text"), multipart(&[("language", "ml")])).await;
    answer.is(400, r#"{"error":"Please provide audio to transcribe"}"#);
    assert_eq!(nurse.get(&chat).await.json(200)["chats"], json!([]));
}
