//! Questions in other languages: they are asked and answered in English within, and in their own language without.

use domain::user::Roles;
use reqwest::multipart::Part;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Google, Person, Provider, TestApp, deltas, eventually, multipart};

async fn app_with(db: &PgPool, provider: &Provider, google: &Google) -> TestApp {
    let mut arguments = google.arguments();
    arguments.extend([
        "--openai-base-url".to_owned(),
        provider.url(),
        "--openai-api-key".to_owned(),
        "sk-x".to_owned(),
    ]);
    TestApp::start_with(db, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
}

async fn staff_with_chat(app: &TestApp, project: Value) -> (Person, String) {
    let roles = Roles { is_staff: true, allow_key: true, ..Roles::default() };
    let staff = app.person("meera", roles).await;
    let project = staff.post("/projects", project).await.id();
    let chat = staff.chat(&project).await;
    (staff, chat)
}

fn in_hindi(text: &str) -> reqwest::multipart::Form {
    multipart(&[("text", text), ("language", "hi"), ("generate_audio", "false")])
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_is_asked_in_english_and_its_answer_comes_in_its_language(db: PgPool) {
    let google = Google::start().await;
    let provider = Provider::answering(deltas(&["Fourteen ", "days. ", "No less.\n\nReferences: []"])).await;
    let app = app_with(&db, &provider, &google).await;
    let (staff, chat) = staff_with_chat(&app, json!({ "title": "P" })).await;
    let answer =
        staff.post_form(&format!("{chat}/converse"), in_hindi("कितने दिन?").text("stream", "false")).await.json(200);
    assert_eq!(answer["message"], "hi: Fourteen days. hi: No less.");
    assert_eq!(answer["original_message"], "Fourteen days. No less.");
    assert_eq!(answer["language"], "hi");
    assert!(answer["meta"]["translate_start"].is_f64() && answer["meta"]["translate_end"].is_f64(), "{answer}");
    let question = staff.get(&chat).await.json(200)["chats"][0].clone();
    assert_eq!((&question["message"], &question["original_message"]), (&json!("कितने दिन?"), &json!("en: कितने दिन?")));
    assert!(question["meta"]["translate_start"].is_f64(), "{question}");
    assert_eq!(provider.requests().await[0]["messages"][1]["content"], "en: कितने दिन?");

    // The model is told of earlier turns in English.
    staff.post_form(&format!("{chat}/converse"), in_hindi("और?").text("stream", "false")).await.json(200);
    let second = provider.requests().await[1]["messages"].clone();
    assert_eq!(
        (&second[1]["content"], &second[2]["content"]),
        (&json!("en: कितने दिन?"), &json!("Fourteen days. No less."))
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stream_is_translated_in_whole_sentences(db: PgPool) {
    let google = Google::start().await;
    let provider = Provider::answering(deltas(&["Four", "teen days. ", "No le", "ss.\n\nReferences: []"])).await;
    let app = app_with(&db, &provider, &google).await;
    let (staff, chat) = staff_with_chat(&app, json!({ "title": "P" })).await;
    let frames = staff.post_form(&format!("{chat}/converse"), in_hindi("कितने दिन?")).await.frames();
    let deltas: String = frames.iter().map(|frame| frame["delta"].as_str().expect("a delta is a text")).collect();
    let last = frames.last().expect("there is a last frame");
    assert_eq!(
        (&last["message"], &last["stop"], &last["error"]),
        (&json!(deltas.clone()), &json!(true), &json!(false))
    );
    assert!(deltas.starts_with("hi: Fourteen days.") && deltas.ends_with("No less."), "{deltas}");
    assert_eq!(frames[0]["input"], "कितने दिन?");
    for request in google.requests("/language/translate/v2").await.iter().skip(1) {
        assert!(request["q"][0].as_str().is_some_and(|text| text.ends_with('.')), "half a sentence: {request}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_whose_translation_fails_stays_in_the_chat_with_what_went_wrong(db: PgPool) {
    let app = TestApp::start_with(&db, &["--google-translate-url", "http://127.0.0.1:9"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let chat = staff.chat(&project).await;
    let message = "[Translation] Failed to translate the text";
    for question in [in_hindi("कितने दिन?"), in_hindi("कितने दिन?").text("stream", "false")]
    {
        let refused = staff.post_form(&format!("{chat}/converse"), question).await;
        refused.is(400, &json!({ "error": message }).to_string());
    }
    let detail = eventually("both are shown", async || {
        let detail = staff.get(&chat).await.json(200);
        (detail["chats"].as_array().map(Vec::len) == Some(4)).then_some(detail)
    })
    .await;
    let shown: Vec<_> = detail["chats"].as_array().expect("messages").iter().map(|it| &it["message"]).collect();
    assert_eq!(shown, ["कितने दिन?", message, "कितने दिन?", message]);
    assert_eq!(detail["title"], "कितने दिन?");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_answers_a_question_in_its_own_language_without_any_translator(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for (language, text, question, quote) in [
        (
            "ml",
            "വയറിളക്കത്തിന് സിങ്ക് പതിനാല് ദിവസം കൊടുക്കണം. കൈ കഴുകുക.",
            "വയറിളക്കത്തിന് സിങ്ക് എത്ര ദിവസം?",
            "> വയറിളക്കത്തിന് സിങ്ക് പതിനാല് ദിവസം കൊടുക്കണം.",
        ),
        ("hi", "दस्त में जिंक चौदह दिन तक दें। हाथ धोएँ।", "दस्त में जिंक कितने दिन तक दें?", "> दस्त में जिंक चौदह दिन तक दें।"),
    ] {
        let document = staff.text_document(&project, language, text).await;
        let id = document.rsplit('/').next().expect("an id").to_owned();
        let chat = staff.chat(&project).await;
        let asked = || multipart(&[("text", question), ("language", language), ("generate_audio", "false")]);
        let frames = staff.post_form(&format!("{chat}/converse"), asked()).await.frames();
        let last = frames.last().expect("there is a last frame");
        let shown = last["message"].as_str().expect("an answer has a text");
        assert!(last["error"] == false && shown.contains(quote), "{last}");
        let answer = staff.post_form(&format!("{chat}/converse"), asked().text("stream", "false")).await.json(200);
        assert_eq!((&answer["message"], &answer["language"]), (&last["message"], &json!(language)));
        assert_eq!(answer["reference_documents"][0]["external_id"], id);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_a_translator_the_chat_says_what_is_missing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    let frames = staff.post_form(&format!("{chat}/converse"), in_hindi("कितने दिन?")).await.frames();
    let last = frames.last().expect("there is a last frame");
    assert_eq!(
        (frames.len(), &last["stop"], &last["error"], &last["delta"]),
        (1, &json!(true), &json!(true), &json!(""))
    );
    let message = last["message"].as_str().expect("a failure has a text");
    assert!(message.starts_with("[Translation] No translator is configured"), "{message}");
    let refused = staff.post_form(&format!("{chat}/converse"), in_hindi("कितने दिन?").text("stream", "false")).await;
    refused.is(400, &json!({ "error": message }).to_string());
    let detail = staff.get(&chat).await.json(200);
    let shown = |at: usize| (detail["chats"][at]["messageType"].clone(), detail["chats"][at]["message"].clone());
    for at in [0, 2] {
        assert_eq!(shown(at), (json!(1), json!("कितने दिन?")));
        assert_eq!(shown(at + 1), (json!(2), json!(message)));
    }
    assert_eq!(detail["title"], "कितने दिन?");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_language_model_translates_where_nothing_else_is_configured(db: PgPool) {
    let provider = Provider::answering(deltas(&["Fourteen days."]))
        .await
        .answering_to("into the language with the code \\\"en\\\"", deltas(&["How many days?"]))
        .await
        .answering_to("into the language with the code \\\"hi\\\"", deltas(&["चौदह दिन।"]))
        .await;
    let app = TestApp::start_with(&db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-x"]).await;
    let (staff, chat) = staff_with_chat(&app, json!({ "title": "P" })).await;
    let frames = staff.post_form(&format!("{chat}/converse"), in_hindi("कितने दिन?")).await.frames();
    assert_eq!(frames.last().map(|frame| &frame["message"]), Some(&json!("चौदह दिन।")));
    let messages = staff.get(&chat).await.json(200)["chats"].clone();
    assert_eq!(messages[0]["original_message"], "How many days?");
    assert_eq!(
        (&messages[1]["message"], &messages[1]["original_message"]),
        (&json!("चौदह दिन।"), &json!("Fourteen days."))
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn translators_and_models_read_what_was_written_and_their_signs_are_shown(db: PgPool) {
    let provider = Provider::answering(deltas(&["Stop if ALT <ULN", " or 5~10 mg."]))
        .await
        .answering_to("into the language with the code \\\"en\\\"", deltas(&["When?"]))
        .await
        .answering_to(
            "into the language with the code \\\"hi\\\"",
            deltas(&["ALT <ULN, ![x](http://a.org), 5~10 मिग्रा।"]),
        )
        .await;
    let app = TestApp::start_with(&db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-x"]).await;
    let (staff, chat) = staff_with_chat(&app, json!({ "title": "P" })).await;
    for _ in 0..2 {
        let frames = staff.post_form(&format!("{chat}/converse"), in_hindi("कब?")).await.frames();
        let shown = "ALT <\u{2060}ULN, !\u{2060}[x](http://a.org), 5\u{223c}10 मिग्रा।";
        let deltas: String = frames.iter().filter_map(|frame| frame["delta"].as_str()).collect();
        assert_eq!((frames.last().expect("there are some")["message"].as_str(), &*deltas), (Some(shown), shown));
    }
    let messages = staff.get(&chat).await.json(200)["chats"].clone();
    assert_eq!(messages[1]["original_message"], "Stop if ALT <\u{2060}ULN or 5\u{223c}10 mg.");
    let asked = json!(provider.requests().await).to_string();
    assert!(asked.contains("Stop if ALT <ULN or 5~10 mg."), "{asked}");
    assert!(!asked.contains(['\u{2060}', '\u{223c}']), "{asked}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_spoken_question_is_transcribed_by_the_projects_engine_and_wins_over_text(db: PgPool) {
    let google = Google::hearing("How much zinc?").await;
    let provider = Provider::answering(deltas(&["Twenty milligrams.\n\nReferences: []"])).await;
    let app = app_with(&db, &provider, &google).await;
    let (staff, chat) = staff_with_chat(&app, json!({ "title": "P", "stt_engine": 2 })).await;
    let audio = Part::bytes(b"RIFF".as_slice()).file_name("audio.wav");
    let body = multipart(&[("text", "ignored"), ("generate_audio", "false")]).part("audio", audio);
    let frames = staff.post_form(&format!("{chat}/converse"), body).await.frames();
    assert_eq!(frames[0]["input"], "How much zinc?");
    let detail = staff.get(&chat).await.json(200);
    assert_eq!(
        (&detail["title"], &detail["chats"][0]["message"]),
        (&json!("How much zinc?"), &json!("How much zinc?"))
    );
    let heard = google.requests("/v1/speech:recognize").await;
    assert_eq!(heard[0]["config"]["languageCode"], "en-IN");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn speech_that_cannot_be_transcribed_is_an_error_with_a_harmless_cause(db: PgPool) {
    let secret = json!({ "error": { "message": "Incorrect API key provided: sk-x" } });
    let google = Google::start().await;
    let provider = Provider::answering(wiremock::ResponseTemplate::new(401).set_body_json(secret)).await;
    let app = app_with(&db, &provider, &google).await;
    for (engine, name, cause) in [
        (1, "whisper", "the engine refused the recording"),
        (2, "google", "the engine refused the recording"),
        (3, "self_hosted", "the engine is not configured"),
    ] {
        let roles = Roles { is_staff: true, allow_key: true, ..Roles::default() };
        let staff = app.person(&format!("meera{engine}"), roles).await;
        let project = staff.post("/projects", json!({ "title": "P", "stt_engine": engine })).await.id();
        let chat = staff.chat(&project).await;
        for stream in ["true", "false"] {
            let audio = Part::bytes(b"RIFF".as_slice()).file_name("audio.wav");
            let body = multipart(&[("stream", stream)]).part("audio", audio);
            let error = format!("[Speech to Text] Failed to transcribe speech with {name} engine: {cause}");
            staff.post_form(&format!("{chat}/converse"), body).await.is(400, &json!({ "error": error }).to_string());
        }
        assert_eq!(staff.get(&chat).await.json(200)["chats"], json!([]));
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_empty_recording_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let chat = staff.chat(&project).await;
    let audio = || multipart(&[]).part("audio", Part::bytes(Vec::new()).file_name("audio.wav"));
    for path in ["converse", "speech_to_text"] {
        let answer = staff.post_form(&format!("{chat}/{path}"), audio()).await;
        answer.is(400, r#"{"error":"The submitted file is empty."}"#);
    }
    assert_eq!(staff.get(&chat).await.json(200)["chats"], json!([]));
}
