//! Questions that `converse` does not take.

use domain::user::Roles;
use reqwest::multipart::Part;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{NIL, Person, TestApp, multipart};

const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;
const NOT_AUTHENTICATED: &str = r#"{"detail":"Authentication credentials were not provided."}"#;

async fn nurse_with_chat(app: &TestApp) -> (Person, String) {
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    (nurse, chat)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_refusal_is_an_error_text_whether_streamed_or_not(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let long = "1".repeat(101);
    for (texts, message) in [
        (vec![], "Please provide text or audio to generate transcript"),
        (vec![("text", "  ")], "Please provide text or audio to generate transcript"),
        (vec![("text", "\0")], "Please provide text or audio to generate transcript"),
        (vec![("text", "x"), ("language", "a-very-long-language")], "language has more than 10 characters"),
        (vec![("text", "x"), ("noonce", &long)], "noonce has more than 100 characters"),
        (vec![("text", "x"), ("temperature", "hot")], "temperature must be a number from 0 to 2"),
        (vec![("text", "x"), ("temperature", "NaN")], "temperature must be a number from 0 to 2"),
        (vec![("text", "x"), ("temperature", "1e400")], "temperature must be a number from 0 to 2"),
        (vec![("text", "x"), ("top_k", "-1")], "top_k must be a positive whole number"),
        (vec![("text", "x"), ("top_k", "many")], "top_k must be a positive whole number"),
    ] {
        for stream in ["true", "false"] {
            let body = multipart(&texts).text("stream", stream);
            let answer = nurse.post_form(&format!("{chat}/converse"), body).await;
            answer.is(400, &format!(r#"{{"error":"{message}"}}"#));
        }
    }
    let audio = multipart(&[]).part("audio", Part::bytes(b"RIFF".as_slice()).file_name("audio.wav"));
    let answer = nurse.post_form(&format!("{chat}/converse"), audio).await.json(400);
    assert!(answer["error"].as_str().is_some_and(|error| error.starts_with("[Speech to Text] ")), "{answer}");
    let detail = nurse.get(&chat).await.json(200);
    assert_eq!((&detail["title"], &detail["chats"]), (&json!("New"), &json!([])));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_whose_title_was_cut_in_an_emoji_begins(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chats = format!("/projects/{project}/chats");
    let cut = format!(r#"{{"title":"{}\ud83d"}}"#, "a".repeat(49));
    let chat = nurse.post_raw(&chats, "application/json", cut).await.json(201);
    assert_eq!(chat["title"], format!("{}\u{fffd}", "a".repeat(49)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn json_is_refused_as_an_error_text(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    nurse
        .post(&format!("{chat}/converse"), json!({ "text": "x" }))
        .await
        .is(400, r#"{"error":"Unsupported media type \"application/json\" in request."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_noonce_is_good_for_one_question_of_anybody(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let project = chat.split("/chats").next().and_then(|path| path.strip_prefix("/projects/")).expect("a project");
    let other = app.person("ravi", Roles::default()).await;
    let others_chat = other.chat(project).await;
    let body = || multipart(&[("text", "Zinc?"), ("noonce", "1790000000000.123"), ("stream", "false")]);
    nurse.post_form(&format!("{chat}/converse"), body()).await.json(200);
    let used = r#"{"error":"This noonce has already been used"}"#;
    nurse.post_form(&format!("{chat}/converse"), body()).await.is(400, used);
    other.post_form(&format!("{others_chat}/converse"), body()).await.is(400, used);
    assert_eq!(nurse.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(2));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_asks_in_a_strangers_chat(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (nurse, chat) = nurse_with_chat(&app).await;
    let staff = app.person("ravi", Roles { is_staff: true, ..Roles::default() }).await;
    staff.ask(&chat, "x").await.is(404, NOT_FOUND);
    app.nobody.ask(&chat, "x").await.is(401, NOT_AUTHENTICATED);
    let elsewhere = chat.replace(chat.split('/').nth(2).expect("a project"), NIL);
    nurse.ask(&elsewhere, "x").await.is(404, NOT_FOUND);
    nurse.ask(&chat.replace("/chats/", "/chats/x"), "x").await.is(404, NOT_FOUND);
    assert_eq!(nurse.get(&chat).await.json(200)["chats"], json!([]));
    let answer = nurse.get(&format!("{chat}/converse")).await;
    answer.is(405, r#"{"detail":"Method \"GET\" not allowed."}"#);
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_prompt_that_is_not_usable_is_told(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for (prompt, message) in [
        ("No variable", "Validation Error: Prompt template must contain {reference} variable"),
        ("{reference} {x}", "Missing some input keys: {'x'}"),
    ] {
        let project = staff.post("/projects", json!({ "title": "P", "prompt": prompt })).await.id();
        let chat = staff.chat(&project).await;
        staff.ask(&chat, "Zinc?").await.is(400, &json!({ "error": message }).to_string());
        let frames = staff.ask_streamed(&chat, "Zinc?").await.frames();
        let [last] = frames.as_slice() else { panic!("one frame was expected: {frames:?}") };
        assert_eq!((&last["delta"], &last["message"]), (&json!(""), &json!(message)));
        assert_eq!((&last["stop"], &last["error"]), (&json!(true), &json!(true)));
    }
}
