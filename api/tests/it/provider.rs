//! `converse` with a model provider: what it is sent, how its failures look, and clients that go away.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::ResponseTemplate;

use crate::support::{Provider, SlowProvider, TestApp, deltas, ending, eventually, multipart};

const KEY: &str = "sk-server";

async fn app_with(db: &PgPool, url: &str) -> TestApp {
    TestApp::start_with(db, &["--openai-base-url", url, "--openai-api-key", KEY]).await
}

/// A member of the staff who may use the server's key, and a chat of theirs in a new project.
async fn chat_in(app: &TestApp, project: Value) -> (crate::support::Person, String) {
    let roles = domain::user::Roles { is_staff: true, allow_key: true, ..domain::user::Roles::default() };
    let staff = app.person("meera", roles).await;
    let project = staff.post("/projects", project).await.id();
    let chat = staff.chat(&project).await;
    (staff, chat)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_provider_gets_prompt_references_history_and_question(db: PgPool) {
    let provider = Provider::answering(deltas(&["Ayush", "ma: Fourteen", " days.\n\nRefer", "ences: []"])).await;
    let app = app_with(&db, &provider.url()).await;
    let project = json!({ "title": "P", "prompt": "Use only {reference} and {{braces}}.", "model": 7 });
    let (staff, chat) = chat_in(&app, project).await;
    let project = chat.split('/').nth(2).expect("a project");
    let document = staff.text_document(project, "Zinc", "Zinc is given for \"fourteen\" days.").await;
    let id = document.rsplit('/').next().expect("an id");
    let first = staff.ask(&chat, "How long is\nzinc given?").await.json(200);
    assert_eq!(first["message"], "Fourteen days.");
    staff.ask(&chat, "And iron?").await.json(200);
    let requests = provider.requests().await;
    let system = &requests[0]["messages"][0];
    let references = format!(r#"Use only {{"{id}": "Zinc is given for \"fourteen\" days."}} and {{braces}}."#);
    assert_eq!(*system, json!({ "role": "system", "content": references }));
    assert_eq!(requests[0]["messages"][1], json!({ "role": "user", "content": "How long is zinc given?" }));
    assert_eq!((&requests[0]["model"], &requests[0]["stream"]), (&json!("gpt-4o"), &json!(true)));
    assert_eq!(requests[0]["temperature"], 0.1);
    let second: Vec<(&Value, &Value)> = requests[1]["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .skip(1)
        .map(|message| (&message["role"], &message["content"]))
        .collect();
    assert_eq!(
        second,
        [
            (&json!("user"), &json!("How long is\nzinc given?")),
            (&json!("assistant"), &json!("Fourteen days.")),
            (&json!("user"), &json!("And iron?")),
        ]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn documents_that_the_model_names_are_the_references_and_others_are_dropped(db: PgPool) {
    let provider = SlowProvider::start().await;
    let app = app_with(&db, &provider.url).await;
    let (staff, chat) = chat_in(&app, json!({ "title": "P" })).await;
    let project = chat.split('/').nth(2).expect("a project");
    let document = staff.text_document(project, "Zinc", "Zinc is given for fourteen days.").await;
    let id = document.rsplit('/').next().expect("an id").to_owned();
    drop(app);
    let tail = format!("Fourteen.\n\nReferences: [{id}, {}]", crate::support::NIL);
    let provider = Provider::answering(deltas(&[&tail])).await;
    let app = app_with(&db, &provider.url()).await;
    let staff = app.nobody.with_token(staff.token());
    let frames = staff.ask_streamed(&chat, "How long is zinc given?").await.frames();
    assert_eq!(frames.last().map(|frame| &frame["message"]), Some(&json!("Fourteen.")));
    let answer = staff.get(&chat).await.json(200)["chats"][1].clone();
    assert_eq!(answer["message"], "Fourteen.");
    assert_eq!(answer["reference_documents"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["reference_documents"][0]["external_id"], id);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_provider_that_fails_ends_the_stream_with_an_error_and_leaves_a_notice_in_the_chat(db: PgPool) {
    let secret = "Incorrect API key provided: sk-ser****ver";
    let refusal = json!({ "error": { "message": secret, "type": "invalid_request_error", "code": "invalid_api_key" } });
    for (answer, message) in [
        (ResponseTemplate::new(401).set_body_json(&refusal), "The language model refused the key."),
        (ResponseTemplate::new(400).set_body_json(&refusal), "The language model refused the request."),
    ] {
        let provider = Provider::answering(answer).await;
        let app = app_with(&db, &provider.url()).await;
        let name = format!("asha{}", message.len());
        let roles = domain::user::Roles { is_staff: true, allow_key: true, ..domain::user::Roles::default() };
        let staff = app.person(&name, roles).await;
        let project = staff.project("P").await;
        let chat = staff.chat(&project).await;
        let answer = staff.ask_streamed(&chat, "Zinc?").await;
        assert!(!answer.body.contains("sk-ser"), "{}", answer.body);
        let last = answer.frames().pop().expect("there is a last frame");
        assert_eq!((&last["stop"], &last["error"], &last["delta"]), (&json!(true), &json!(true), &json!("")));
        assert_eq!(last["message"], message);
        let detail = staff.get(&chat).await;
        assert!(!detail.body.contains("sk-ser"), "{}", detail.body);
        let messages = detail.json(200)["chats"].clone();
        assert_eq!((&messages[0]["messageType"], &messages[1]["messageType"]), (&json!(1), &json!(2)));
        let notice = "[Streaming] Something went wrong in getting response, stream stopped";
        assert_eq!(messages[1]["message"], notice);
        staff.ask(&chat, "Iron?").await.is(400, &json!({ "error": message }).to_string());
        let kinds = staff.get(&chat).await.json(200)["chats"].as_array().expect("messages").len();
        assert_eq!(kinds, 3, "a failure that was not streamed leaves the question only");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn half_an_answer_is_an_error_and_what_there_was_of_it_is_recorded(db: PgPool) {
    for (number, reason) in [json!(null), json!("")].into_iter().enumerate() {
        let choice = json!({ "index": 0, "delta": { "content": "Give adrenaline 0.5 mg " }, "finish_reason": reason });
        let half = format!("data: {}\n\n", json!({ "id": "1", "choices": [choice] }));
        let provider = Provider::answering(ResponseTemplate::new(200).set_body_raw(half, "text/event-stream")).await;
        let app = app_with(&db, &provider.url()).await;
        let roles = domain::user::Roles { is_staff: true, allow_key: true, ..domain::user::Roles::default() };
        let staff = app.person(&format!("meera{number}"), roles).await;
        let chat = staff.chat(&staff.project("P").await).await;
        let frames = staff.ask_streamed(&chat, "Adrenaline?").await.frames();
        assert_eq!(frames[0]["delta"], "Give adrenaline 0.5 mg");
        let last = frames.last().expect("there is a last frame");
        assert_eq!((&last["error"], &last["stop"]), (&json!(true), &json!(true)));
        assert_eq!(last["message"], "The language model's answer broke off. Please try again.");
        assert_eq!(staff.get(&chat).await.json(200)["chats"][1]["messageType"], 2);
        let failures =
            "SELECT count(*) FROM events WHERE event_type = 'AnswerFailed' AND payload -> 'partial_text' IS NOT NULL";
        let failures: i64 = sqlx::query_scalar(failures).fetch_one(&db).await.expect("the log can be read");
        assert_eq!(failures, i64::try_from(number).expect("a small number") + 1);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_that_is_cut_off_or_held_back_says_so(db: PgPool) {
    for (reason, note) in [
        ("length", "[This answer is incomplete: the language model reached its limit of length.]"),
        (
            "content_filter",
            "[This answer is incomplete: the rest was held back by the language model's content filter.]",
        ),
        ("timeout", "[This answer is incomplete: the language model was stopped before its end.]"),
    ] {
        let provider = Provider::answering(ending("Give 0.", reason)).await;
        let app = app_with(&db, &provider.url()).await;
        let roles = domain::user::Roles { is_staff: true, allow_key: true, ..domain::user::Roles::default() };
        let staff = app.person(&format!("meera-{reason}"), roles).await;
        let chat = staff.chat(&staff.project("P").await).await;
        let frames = staff.ask_streamed(&chat, "Dose?").await.frames();
        let last = frames.last().expect("there is a last frame");
        let shown: String = frames.iter().map(|frame| frame["delta"].as_str().expect("a delta is a text")).collect();
        assert_eq!((&last["message"], &last["error"]), (&json!(format!("Give 0.\n\n{note}")), &json!(false)));
        assert_eq!(last["message"], shown);
        assert_eq!(staff.get(&chat).await.json(200)["chats"][1]["message"], last["message"]);
        let recorded =
            "SELECT count(*) FROM events WHERE event_type = 'AnswerCompleted' AND payload ->> 'finish_reason' = $1";
        let recorded: i64 =
            sqlx::query_scalar(recorded).bind(reason).fetch_one(&db).await.expect("the log can be read");
        assert_eq!(recorded, 1);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_without_a_text_is_none(db: PgPool) {
    for (number, (answer, message)) in [
        (deltas(&["\n"]), "The language model gave no answer."),
        (deltas(&["<think>What could", " it be"]), "The language model gave no answer."),
        (deltas(&["Ayushma: ", "References: []"]), "The language model gave no answer."),
        (ending("", "content_filter"), "The language model's content filter held the answer back."),
    ]
    .into_iter()
    .enumerate()
    {
        let provider = Provider::answering(answer).await;
        let app = app_with(&db, &provider.url()).await;
        let roles = domain::user::Roles { is_staff: true, allow_key: true, ..domain::user::Roles::default() };
        let staff = app.person(&format!("meera{number}"), roles).await;
        let chat = staff.chat(&staff.project("P").await).await;
        let last = staff.ask_streamed(&chat, "Zinc?").await.frames().pop().expect("there is a last frame");
        assert_eq!((&last["message"], &last["error"]), (&json!(message), &json!(true)));
        staff.ask(&chat, "Zinc?").await.is(400, &json!({ "error": message }).to_string());
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn neither_thoughts_nor_names_nor_ids_are_shown(db: PgPool) {
    let provider = Provider::answering(deltas(&["x"])).await;
    let app = app_with(&db, &provider.url()).await;
    let (staff, chat) = chat_in(&app, json!({ "title": "P" })).await;
    let project = chat.split('/').nth(2).expect("a project");
    let document = staff.text_document(project, "Zinc", "Zinc is given for fourteen days.").await;
    let id = document.rsplit('/').next().expect("an id").to_owned();
    drop(app);
    let tail = format!("days.\n\n**References**\n- {id}\n");
    let pieces = ["<thi", "nk>Ten?</th", "ink>\n\n**Ayush", "ma:** Four", "teen ", &tail];
    let provider = Provider::answering(deltas(&pieces)).await;
    let app = app_with(&db, &provider.url()).await;
    let staff = app.nobody.with_token(staff.token());
    let answer = staff.ask_streamed(&chat, "How long is zinc given?").await;
    let frames = answer.frames();
    assert_eq!(frames.last().map(|frame| &frame["message"]), Some(&json!("Fourteen days.")));
    assert!(["think", "Ten", "Ayush", "*", "Refer", &id].iter().all(|mark| !answer.body.contains(mark)));
    let answer = staff.get(&chat).await.json(200)["chats"][1].clone();
    assert_eq!(answer["reference_documents"][0]["external_id"], id);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_thought_whose_begin_is_in_the_prompt_is_not_kept(db: PgPool) {
    let provider = Provider::answering(deltas(&["Ten days? No. </thi", "nk>\n\nFourteen days."])).await;
    let app = app_with(&db, &provider.url()).await;
    let (staff, chat) = chat_in(&app, json!({ "title": "P" })).await;
    let frames = staff.ask_streamed(&chat, "How long is zinc given?").await.frames();
    assert_eq!(frames.last().map(|frame| &frame["message"]), Some(&json!("Fourteen days.")));
    assert_eq!(staff.get(&chat).await.json(200)["chats"][1]["message"], "Fourteen days.");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_with_marks_of_thoughts_cuts_no_warning_out_of_an_answer(db: PgPool) {
    let quoted = "Zorblax must never be given to infants.</think> Adults get 7 mg of [think]oral[/think] zorblax.";
    let provider = Provider::answering(deltas(&[quoted])).await;
    let app = app_with(&db, &provider.url()).await;
    let (staff, chat) = chat_in(&app, json!({ "title": "P" })).await;
    let project = chat.split('/').nth(2).expect("a project");
    staff.text_document(project, "Zorblax", quoted).await;
    let frames = staff.ask_streamed(&chat, "How is zorblax given?").await.frames();
    let shown = frames.last().expect("a last frame")["message"].as_str().expect("a text").to_owned();
    for words in ["never be given to infants.", "Adults get 7 mg of", "oral", "zorblax."] {
        assert!(shown.contains(words), "{shown}");
    }
    assert_eq!(staff.get(&chat).await.json(200)["chats"][1]["message"], shown);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_with_a_nul_can_be_read_back(db: PgPool) {
    let provider = Provider::answering(deltas(&["Four\0teen days."])).await;
    let app = app_with(&db, &provider.url()).await;
    let (staff, chat) = chat_in(&app, json!({ "title": "P" })).await;
    let frames = staff.ask_streamed(&chat, "How\0 long?").await.frames();
    assert_eq!(frames.last().map(|frame| &frame["message"]), Some(&json!("Fourteen days.")));
    let messages = staff.get(&chat).await.json(200)["chats"].clone();
    assert_eq!((&messages[0]["message"], &messages[1]["message"]), (&json!("How long?"), &json!("Fourteen days.")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_is_completed_and_stored_though_the_client_hung_up(db: PgPool) {
    let provider = SlowProvider::start().await;
    let app = app_with(&db, &provider.url).await;
    let (staff, chat) = chat_in(&app, json!({ "title": "P" })).await;
    let request = staff.request(Method::POST, &format!("{chat}/converse")).multipart(multipart(&[("text", "Zinc?")]));
    let mut response = request.send().await.expect("the server answers");
    let first = response.chunk().await.expect("the stream goes on").expect("there is a frame");
    assert!(String::from_utf8_lossy(&first).contains(r#""delta": "first""#), "{first:?}");
    drop(response);
    assert_eq!(staff.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(1));
    provider.go_on();
    let answer = eventually("the answer is stored", async || {
        let messages = staff.get(&chat).await.json(200)["chats"].clone();
        messages.get(1).cloned()
    });
    let answer = answer.await;
    assert_eq!((&answer["messageType"], &answer["message"]), (&json!(3), &json!("first second")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_second_question_can_be_asked_while_the_first_is_being_answered(db: PgPool) {
    let provider = SlowProvider::start().await;
    let app = app_with(&db, &provider.url).await;
    let (staff, chat) = chat_in(&app, json!({ "title": "P" })).await;
    let both = futures::future::join(staff.ask(&chat, "Zinc?"), async {
        eventually("the first question is there", async || {
            let messages = staff.get(&chat).await.json(200)["chats"].clone();
            (messages.as_array().map(Vec::len) == Some(1)).then_some(())
        })
        .await;
        provider.go_on();
        provider.go_on();
        staff.ask(&chat, "Iron?").await
    });
    let (first, second) = both.await;
    assert_eq!(first.json(200)["message"], "first second");
    assert_eq!(second.json(200)["message"], "first second");
    assert_eq!(staff.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(4));
}
