//! Answers that can be heard, and that a failure of speech never costs the answer.

use commands::execute::Context;
use domain::{
    chat::{Chat, ChatCommand, Stage},
    document::StoredFile,
    ids::MessageId,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Google, Person, Provider, TestApp, deltas, eventually, multipart, shape};

async fn staff_with_chat(app: &TestApp) -> (Person, String) {
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let chat = staff.chat(&project).await;
    (staff, chat)
}

async fn app_with(db: &PgPool, arguments: &[String]) -> TestApp {
    TestApp::start_with(db, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
}

async fn answer_of(staff: &Person, chat: &str) -> Value {
    staff.get(chat).await.json(200)["chats"][1].clone()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_can_be_heard_when_the_last_frame_comes(db: PgPool) {
    let google = Google::start().await;
    let app = app_with(&db, &google.arguments()).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let frames = staff.ask_streamed(&chat, "How long is zinc given?").await.frames();
    let voice = frames.last().map(|frame| frame["ayushma_voice"].clone()).expect("there is a last frame");
    let url = voice.as_str().expect("the voice is an address");
    assert_eq!(shape(url), format!("http://{}/media/answer_<secret>.mp3", app.host()));
    assert!(frames[..frames.len() - 1].iter().all(|frame| frame["ayushma_voice"].is_null()));
    let answer = answer_of(&staff, &chat).await;
    assert_eq!(answer["audio"], voice);
    for time in ["tts_start", "tts_end", "upload_start", "upload_end"] {
        assert!(answer["meta"][time].is_f64(), "{time}: {answer}");
    }
    let audio = app.nobody.follow(url).await;
    assert_eq!((audio.status, audio.header("content-type"), audio.body.as_str()), (200, "audio/mpeg", "ID3 speech"));
    let spoken = google.requests("/v1/text:synthesize").await;
    assert_eq!(spoken.len(), 1);
    assert!(spoken[0]["input"]["text"].as_str().is_some_and(|text| text.contains("fourteen")), "{spoken:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_a_stream_the_address_is_relative(db: PgPool) {
    let google = Google::start().await;
    let app = app_with(&db, &google.arguments()).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let answer = staff.ask(&chat, "How long is zinc given?").await.json(200);
    assert!(answer["audio"].as_str().is_some_and(|audio| audio.starts_with("/media/")), "{answer}");
}

/// Waits until the speech of an answer cannot be heard any more.
async fn is_gone(app: &TestApp, url: &str) {
    let gone = eventually("the speech is gone", async || {
        let answer = app.nobody.follow(url).await;
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(gone.await.status, 410);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_speech_of_a_deleted_chat_cannot_be_heard_any_more(db: PgPool) {
    let google = Google::start().await;
    let app = app_with(&db, &google.arguments()).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let other = staff.chat(chat.split('/').nth(2).expect("a project")).await;
    let mut urls = Vec::new();
    for chat in [&chat, &other] {
        let answer = staff.ask(chat, "How long is zinc given?").await.json(200);
        // The id is shown to reviewers, and leads nowhere.
        let id = answer["external_id"].as_str().expect("an id").to_owned();
        let url = answer["audio"].as_str().expect("the answer is spoken").to_owned();
        assert!(!url.contains(&id), "{url}");
        urls.push(url);
    }
    assert_eq!(staff.delete(&chat).await.status, 204);
    is_gone(&app, &urls[0]).await;
    app.nobody.follow(&urls[1]).await.is(200, "ID3 speech");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn speech_that_was_called_after_its_message_is_not_left_for_those_who_see_the_id(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let answer = staff.ask(&chat, "How long is zinc given?").await.json(200);
    let id = |value: &Value| value.as_str().and_then(|id| Uuid::parse_str(id).ok()).expect("an id");
    let answer_id = MessageId::new(id(&answer["external_id"]));
    let name = format!("{answer_id}.wav");
    app.app.media.create(&name, b"RIFF".to_vec().into()).await.expect("the folder can be written");
    let now = app.app.clock.now();
    let stage = Stage { started_at: now, ended_at: now };
    let audio = StoredFile { name: name.clone(), size: 4, sha256: String::new() };
    let command = ChatCommand::RecordSpeech { answer_id, audio, speech: stage, upload: stage };
    let context = Context::system("test", app.app.clock.new_id());
    app.app.commands.execute::<Chat>(id(&answer["chat"]), command, &context).await.expect("recorded");
    is_gone(&app, &format!("/media/{name}")).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nothing_is_spoken_for_those_who_do_not_want_it(db: PgPool) {
    let google = Google::start().await;
    let app = app_with(&db, &google.arguments()).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let body = multipart(&[("text", "Zinc?"), ("generate_audio", "false"), ("stream", "false")]);
    let answer = staff.post_form(&format!("{chat}/converse"), body).await.json(200);
    assert_eq!(answer["audio"], Value::Null);
    assert!(google.requests("/v1/text:synthesize").await.is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_comes_without_audio_when_nobody_can_speak_it_in_time(db: PgPool) {
    let app = TestApp::start_with(&db, &["--text-to-speech", "auto", "--text-to-speech-limit-ms", "1"]).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let frames = staff.ask_streamed(&chat, "How long is zinc given?").await.frames();
    let last = frames.last().expect("there is a last frame");
    assert_eq!((&last["error"], &last["ayushma_voice"]), (&json!(false), &Value::Null));
    let answer = answer_of(&staff, &chat).await;
    assert_eq!((&answer["messageType"], &answer["audio"]), (&json!(3), &Value::Null));
}

/// What the machine itself says, as it is served.
async fn heard(app: &TestApp, answer: &Value) -> reqwest::Response {
    let path = answer["audio"].as_str().expect("espeak-ng is installed");
    assert_eq!(shape(path), "/media/answer_<secret>.mp3");
    app.nobody.request_outside_api(reqwest::Method::GET, path).send().await.expect("the server answers")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_can_be_heard_although_the_engine_of_the_project_fails(db: PgPool) {
    let app = TestApp::start_with(&db, &["--google-tts-url", "http://127.0.0.1:9", "--text-to-speech", "auto"]).await;
    let (staff, chat) = staff_with_chat(&app).await;
    heard(&app, &staff.ask(&chat, "How long is zinc given?").await.json(200)).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_engine_that_never_answers_leaves_time_for_another_one(db: PgPool) {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", silent.local_addr().expect("a listener has an address"));
    let arguments = ["--google-tts-url", &url, "--text-to-speech", "auto", "--text-to-speech-limit-ms", "4000"];
    let app = TestApp::start_with(&db, &arguments).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let begin = std::time::Instant::now();
    heard(&app, &staff.ask(&chat, "How long is zinc given?").await.json(200)).await;
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn in_a_project_that_chose_google_the_provider_speaks_if_only_that_is_configured(db: PgPool) {
    let provider = Provider::answering(deltas(&["Fourteen days."])).await.speaking("ID3 of the provider").await;
    let url = provider.url();
    let arguments = ["--openai-base-url", &url, "--openai-api-key", "sk-test", "--text-to-speech", "auto"];
    let app = TestApp::start_with(&db, &arguments).await;
    let roles = domain::user::Roles { is_staff: true, allow_key: true, ..domain::user::Roles::default() };
    let staff = app.person("meera", roles).await;
    let project = staff.project("P").await;
    assert_eq!(staff.get(&format!("/projects/{project}")).await.json(200)["tts_engine"], 2, "Google");
    let answer = staff.ask(&staff.chat(&project).await, "How long is zinc given?").await.json(200);
    app.nobody.follow(answer["audio"].as_str().expect("it is spoken")).await.is(200, "ID3 of the provider");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_any_other_engine_the_machine_speaks_itself_in_few_bytes(db: PgPool) {
    let app = TestApp::start_with(&db, &["--text-to-speech", "auto"]).await;
    let (staff, chat) = staff_with_chat(&app).await;
    let answer = staff.ask(&chat, "How long is zinc given?").await.json(200);
    let characters = answer["message"].as_str().expect("a text").len();
    let audio = heard(&app, &answer).await;
    assert_eq!(audio.headers()["content-type"], "audio/mpeg");
    let bytes = audio.bytes().await.expect("the file ends");
    // A frame of MPEG-2, layer III. As WAV a character is about 2,500 bytes.
    assert!(bytes.starts_with(&[0xff, 0xf3]), "{:?}", &bytes[..4]);
    assert!(bytes.len() < characters * 400, "{} bytes for {characters} characters", bytes.len());
}
