//! `converse` with the built-in answerer.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, TestApp, multipart};

const REFERENCE: &str = r#"[{"external_id":"<id>","title":"A file","created_at":"<time>","modified_at":"<time>","description":null,"document_type":1,"file":"MEDIA/zinc_<secret>.txt","text_content":null,"uploading":false,"failed":false,"failure_reason":null}]"#;
const QUESTION: &str = "How long is zinc given?";

/// An answer's text is the answerer's own business.
fn without_text(answer: &Answer) -> String {
    let text = answer.json(200)["message"].clone();
    answer.body.replace(&text.to_string(), r#""<text>""#)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_that_is_not_streamed_is_a_message_with_relative_addresses(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.upload(&project, "zinc.txt", b"Zinc is given for fourteen days.").await.id();
    staff.embedded(&format!("/projects/{project}/documents/{document}")).await;
    let chat = staff.chat(&project).await;
    let answer = staff.ask(&chat, QUESTION).await;
    let expected = format!(
        r#"{{"external_id":"<id>","chat":"<id>","messageType":3,"message":"<text>","reference_documents":{},"audio":null,"original_message":"<text>","language":"en","created_at":"<time>","modified_at":"<time>","meta":{{"translate_start":null,"translate_end":null,"reference_start":<epoch>,"reference_end":<epoch>,"response_start":<epoch>,"response_end":<epoch>,"tts_start":null,"tts_end":null,"upload_start":null,"upload_end":null}},"temperature":0.1,"top_k":100,"feedback":null}}"#,
        REFERENCE.replace("MEDIA", "/media")
    );
    assert_eq!(crate::support::shape(&without_text(&answer)), expected);
    let text = answer.json(200)["message"].as_str().expect("an answer has a text").to_owned();
    assert!(text.contains("> Zinc is given for fourteen days."), "{text}");
    assert!(!text.contains("References:") && !text.contains("Ayushma:"), "{text}");
    let detail = staff.get(&chat).await.json(200);
    let path = &answer.json(200)["reference_documents"][0]["file"];
    let absolute = format!("http://{}{}", app.host(), path.as_str().expect("a file has an address"));
    assert_eq!(detail["chats"][1]["reference_documents"][0]["file"], absolute);
    assert_eq!(detail["chats"][1]["external_id"], answer.json(200)["external_id"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_streamed_answer_is_frames_of_an_exact_form(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc – “for children” – is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    let id = chat.rsplit('/').next().expect("an id");
    let answer = staff.ask_streamed(&chat, "How long is zinc given, é?").await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let start = format!(r#"data: {{"chat": "{id}", "input": "How long is zinc given, \u00e9?", "delta": ""#);
    assert!(answer.body.starts_with(&start), "{}", answer.body);
    assert!(answer.body.ends_with("\", \"stop\": true, \"error\": false, \"ayushma_voice\": null}\n\n"));
    assert!(answer.body.contains(r"Zinc \u2013 \u201cfor children\u201d"));
    let frames = answer.frames();
    let (last, before) = frames.split_last().expect("there are frames");
    let joined: String = before.iter().map(|frame| frame["delta"].as_str().expect("a delta is a text")).collect();
    assert!(before.len() > 3 && before.iter().all(|frame| frame["stop"] == false && frame["error"] == false));
    assert_eq!(before.last().map(|frame| &frame["message"]), Some(&json!(joined)));
    assert_eq!((&last["delta"], &last["message"]), (&json!(""), &json!(joined)));
    assert!(!answer.body.contains("References:"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_document_says_of_references_cuts_no_answer_off(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let text = "Fever is treated with rest (see References: WHO). Warning: never give aspirin for fever.";
    let document = staff.text_document(&project, "Fever", text).await;
    let chat = staff.chat(&project).await;
    let question = "Is fever treated with rest, or is aspirin given?";
    let answer = staff.ask(&chat, question).await.json(200);
    let shown = answer["message"].as_str().expect("an answer has a text");
    assert!(
        shown.contains("(see References: WHO).") && shown.contains("Warning: never give aspirin for fever."),
        "{shown}"
    );
    let id = document.rsplit('/').next().expect("an id");
    assert_eq!(answer["reference_documents"][0]["external_id"], id);
    let frames = staff.ask_streamed(&chat, question).await.frames();
    assert_eq!(frames.last().map(|frame| &frame["message"]), Some(&answer["message"]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn right_after_the_last_frame_the_chat_holds_question_and_answer_under_the_questions_name(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let question = "What helps against a cough that does not go away\nfor weeks?";
    let last = nurse.ask_streamed(&chat, question).await.frames().pop().expect("there is a last frame");
    let detail = nurse.get(&chat).await;
    let shaped = crate::support::shape(&detail.body);
    let start = r#"{"external_id":"<id>","title":"What helps against a cough that does not go away\nf","username":"asha","created_at":"<time>","modified_at":"<time>","chats":[{"external_id":"<id>","chat":"<id>","messageType":1,"message":"What helps against a cough that does not go away\nfor weeks?","reference_documents":[],"audio":null,"original_message":"What helps against a cough that does not go away for weeks?","language":"en","created_at":"<time>","modified_at":"<time>","meta":{"translate_start":null,"translate_end":null},"temperature":null,"top_k":null,"feedback":null},{"external_id":"<id>","chat":"<id>","messageType":3,"#;
    assert!(shaped.starts_with(start), "{shaped}");
    assert_eq!(detail.json(200)["chats"][1]["message"], last["message"]);
    nurse.ask_streamed(&chat, "And against a cold?").await.frames();
    let detail = nurse.get(&chat).await.json(200);
    assert_eq!(detail["title"], "What helps against a cough that does not go away\nf");
    let kinds: Vec<&Value> =
        detail["chats"].as_array().expect("messages").iter().map(|message| &message["messageType"]).collect();
    assert_eq!(kinds, [1, 3, 1, 3]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_the_client_chose_is_kept_with_the_answer(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let body = [
        ("text", "Zinc?"),
        ("language", "en"),
        ("temperature", "0.7"),
        ("top_k", "5"),
        ("stream", "false"),
        ("generate_audio", "false"),
        ("transcript_start_time", "1.5"),
        ("transcript_end_time", "2.5"),
    ];
    let answer = nurse.post_form(&format!("{chat}/converse"), multipart(&body)).await.json(200);
    assert_eq!((&answer["temperature"], &answer["top_k"], &answer["language"]), (&json!(0.7), &json!(5), &json!("en")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn chats_of_archived_projects_go_on_and_in_those_of_deleted_ones_no_model_answers(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    staff.patch(&format!("/projects/{project}"), json!({ "archived": true })).await.json(200);
    nurse.ask(&chat, "Zinc?").await.json(200);
    staff.delete(&format!("/projects/{project}")).await.is(204, "");
    let gone = "The project of this chat was deleted, with its documents";
    let answer = nurse.ask(&chat, "Iron?").await.json(200);
    assert!(answer["message"].as_str().is_some_and(|text| text.starts_with(gone)), "{answer}");
    let frames = nurse.ask_streamed(&chat, "Iron?").await.frames();
    assert!(frames.last().expect("a last frame")["message"].as_str().is_some_and(|text| text.starts_with(gone)));
    assert_eq!(nurse.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(6));
}
