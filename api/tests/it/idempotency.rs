//! `Idempotency-Key`: a repeated request makes nothing new.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Person, Provider, SlowProvider, TestApp, deltas, eventually, multipart};

const REUSED: &str = r#"{"detail":"The Idempotency-Key was used for another request."}"#;

async fn post(person: &Person, path: &str, key: &str, body: Value) -> Answer {
    person.send(person.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
}

async fn post_form(person: &Person, path: &str, key: &str, texts: &[(&str, &str)]) -> Answer {
    let request = person.request(Method::POST, path).header("Idempotency-Key", key);
    person.send(request.multipart(multipart(texts))).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_answers_with_the_same_project(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let body = json!({ "title": "P", "is_default": true, "open_ai_key": "sk" });
    let first = post(&staff, "/projects", "k", body.clone()).await;
    let second = post(&staff, "/projects", "k", body.clone()).await;
    assert_eq!((second.status, &second.body), (201, &first.body));
    post(&staff, "/projects", "k", json!({ "title": "Q" })).await.is(422, REUSED);
    assert_ne!(post(&staff, "/projects", "other", body.clone()).await.id(), first.id());
    let other = app.person("ravi", domain::user::Roles { is_staff: true, ..domain::user::Roles::default() }).await;
    assert_ne!(post(&other, "/projects", "k", body).await.id(), first.id());
    assert_eq!(staff.get("/projects").await.titles(), ["P", "P", "P"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_answers_with_the_same_chat(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/chats", staff.project("P").await);
    let elsewhere = format!("/projects/{}/chats", staff.project("Q").await);
    let nurse = app.nurse().await;
    let body = json!({ "title": "T" });
    let first = post(&nurse, &path, "k", body.clone()).await;
    let second = post(&nurse, &path, "k", body.clone()).await;
    assert_eq!((second.status, &second.body), (201, &first.body));
    post(&nurse, &path, "k", json!({ "title": "U" })).await.is(422, REUSED);
    post(&nurse, &elsewhere, "k", body.clone()).await.is(422, REUSED);
    assert_ne!(post(&staff, &path, "k", body).await.id(), first.id());
    assert_eq!(nurse.get(&path).await.titles(), ["T"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_answers_with_the_same_document_and_keeps_one_file(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let upload = async |bytes: &'static [u8]| {
        let file = reqwest::multipart::Part::bytes(bytes).file_name("zinc.txt");
        let body = multipart(&[("title", "T")]).part("file", file);
        let request = staff.request(Method::POST, &path).header("Idempotency-Key", "k");
        staff.send(request.multipart(body)).await
    };
    let first = upload(b"Zinc is given for fourteen days.").await;
    let second = upload(b"Zinc is given for fourteen days.").await;
    assert_eq!(second.id(), first.id());
    upload(b"Another text.").await.is(422, REUSED);
    assert_eq!(staff.get(&path).await.titles(), ["T"]);
    let files = std::fs::read_dir(app.media_folder()).expect("the folder can be read").count();
    assert_eq!(files, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_question_is_answered_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let chat = staff.chat(&staff.project("P").await).await;
    let path = format!("{chat}/converse");
    let question = [("text", "Zinc?"), ("noonce", "1.5"), ("stream", "false")];
    let first = post_form(&staff, &path, "k", &question).await.json(200);
    let second = post_form(&staff, &path, "k", &question).await.json(200);
    assert_eq!(first, second);
    let streamed = [("text", "Iron?"), ("noonce", "1.6")];
    let first = post_form(&staff, &path, "l", &streamed).await.frames().pop();
    let second = post_form(&staff, &path, "l", &streamed).await.frames();
    assert_eq!(second, [first.expect("there is a last frame")]);
    assert_eq!(staff.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(4));
}

/// Staff who may use the server's key, with a provider at this address.
async fn with_provider(db: &PgPool, url: &str) -> (TestApp, Person) {
    let app = TestApp::start_with(db, &["--openai-base-url", url, "--openai-api-key", "sk-x"]).await;
    let roles = domain::user::Roles { is_staff: true, allow_key: true, ..domain::user::Roles::default() };
    let staff = app.person("meera", roles).await;
    (app, staff)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_whose_answer_failed_is_told_the_failure_again(db: PgPool) {
    let provider = Provider::answering(wiremock::ResponseTemplate::new(401)).await;
    let (_app, staff) = with_provider(&db, &provider.url()).await;
    let chat = staff.chat(&staff.project("P").await).await;
    let path = format!("{chat}/converse");
    let whole = [("text", "Zinc?"), ("noonce", "1.5"), ("stream", "false")];
    let first = post_form(&staff, &path, "k", &whole).await;
    first.is(400, r#"{"error":"The language model refused the key."}"#);
    post_form(&staff, &path, "k", &whole).await.is(400, &first.body);
    let streamed = [("text", "Iron?"), ("noonce", "1.6")];
    let first = post_form(&staff, &path, "l", &streamed).await.frames().pop().expect("there is a last frame");
    assert_eq!((&first["error"], &first["stop"]), (&json!(true), &json!(true)));
    assert_eq!(post_form(&staff, &path, "l", &streamed).await.frames(), [first]);
    assert_eq!(staff.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(3));

    let unusable = staff.post("/projects", json!({ "title": "U", "prompt": "{reference} {x}" })).await.id();
    let path = format!("{}/converse", staff.chat(&unusable).await);
    let first = post_form(&staff, &path, "n", &whole[..1]).await.frames();
    assert_eq!(first[0]["message"], "Missing some input keys: {'x'}");
    assert_eq!(post_form(&staff, &path, "n", &whole[..1]).await.frames(), first);

    let assisted = staff.post("/projects", json!({ "title": "A", "assistant_id": "asst_1" })).await.id();
    let path = format!("{}/converse", staff.chat(&assisted).await);
    let first = post_form(&staff, &path, "m", &[("text", "Zinc?")]).await;
    first.is(400, r#"{"error":"The language model refused the key."}"#);
    post_form(&staff, &path, "m", &[("text", "Zinc?")]).await.is(400, &first.body);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_question_that_is_still_being_answered_is_a_conflict(db: PgPool) {
    let provider = SlowProvider::start().await;
    let (_app, staff) = with_provider(&db, &provider.url).await;
    let chat = staff.chat(&staff.project("P").await).await;
    let path = format!("{chat}/converse");
    let asked = [("text", "Zinc?"), ("stream", "false")];
    let both = futures::future::join(post_form(&staff, &path, "k", &asked), async {
        eventually("the question is there", async || {
            let messages = staff.get(&chat).await.json(200)["chats"].clone();
            (messages.as_array().map(Vec::len) == Some(1)).then_some(())
        })
        .await;
        let second = post_form(&staff, &path, "k", &asked).await;
        provider.go_on();
        second
    });
    let (first, second) = both.await;
    let conflict = second.json(409);
    assert_eq!(conflict["detail"], "The question was asked before and has no answer yet.");
    assert_eq!(conflict["error"], conflict["detail"], "the screen shows it");
    assert_eq!(post_form(&staff, &path, "k", &asked).await.json(200), first.json(200));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_keys_chat_with_a_first_question_repeats_its_outcome(db: PgPool) {
    let answers = [wiremock::ResponseTemplate::new(401), deltas(&["Fourteen days."])];
    for (number, answer) in answers.into_iter().enumerate() {
        let provider = Provider::answering(answer).await;
        let app = TestApp::start_with(&db, &["--openai-base-url", &provider.url(), "--openai-api-key", "sk-x"]).await;
        let staff =
            app.person(&format!("meera{number}"), domain::user::Roles { is_staff: true, ..Default::default() }).await;
        let client = staff.client_of(&staff.service("Hospital", true).await).await;
        let question = json!({ "text": "Zinc?", "stream": false, "generate_audio": false });
        let body = json!({ "title": "T", "message": question });
        let first = post(&client, "/chats", "k", body.clone()).await;
        let second = post(&client, "/chats", "k", body).await;
        let expected = if number == 0 { 400 } else { 200 };
        let (first, second) = (first.json(expected), second.json(expected));
        assert_eq!((&first["error"], &first["response"]), (&second["error"], &second["response"]));
        assert_eq!((first["error"].is_null(), first["response"].is_null()), (number == 1, number == 0));
        assert_eq!(first["external_id"], second["external_id"]);
        assert_eq!(client.get("/chats").await.json(200)["count"], 1);
        assert_eq!(provider.requests().await.len(), 1);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_request_answers_with_the_same_question_attachment_and_user(db: PgPool) {
    let app = TestApp::start(&db).await;
    let root = app.root().await;
    let suite = root.post("/tests/suites", json!({ "name": "Ward", "temperature": 0.1, "topk": 10 })).await.id();
    let questions = format!("/tests/suites/{suite}/questions");
    let question = json!({ "question": "Zinc?", "human_answer": "14 days" });
    let user = json!({ "username": "ravi", "full_name": "Ravi", "email": "ravi@example.com", "password": "granite-sparrow-17" });
    for (path, body) in [(questions.as_str(), question), ("/users", user)] {
        let racers = (0..4).map(|_| post(&root, path, path, body.clone()));
        let answers = futures::future::join_all(racers).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{path}");
        }
        let other = post(&root, path, &format!("{path} again"), body.clone()).await;
        other.json(if path == "/users" { 400 } else { 201 });
    }
    let question = root.get(&questions).await.json(200)["results"][0]["external_id"].clone();
    let documents = format!("{questions}/{}/documents", question.as_str().expect("an id"));
    let attachment = [("title", "T"), ("document_type", "3"), ("text_content", "Zinc")];
    let first = post_form(&root, &documents, "d", &attachment).await;
    let second = post_form(&root, &documents, "d", &attachment).await;
    assert_eq!((first.status, second.status, &first.body), (201, 201, &second.body));
    assert_eq!(root.get(&documents).await.json(200)["count"], 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn clients_of_a_service_that_number_their_requests_alike_each_get_a_chat_of_their_own(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let service = staff.service("Tablets", false).await;
    let (one, other) = (staff.client_of(&service).await, staff.client_of(&service).await);
    let body = json!({ "title": "T" });
    let first = post(&one, "/chats", "1", body.clone()).await;
    assert_eq!(post(&one, "/chats", "1", body.clone()).await.id(), first.id());
    assert_ne!(post(&other, "/chats", "1", body.clone()).await.id(), first.id());
    post(&other, "/chats", "1", json!({ "title": "U" })).await.is(422, REUSED);
    let mut browsers = Vec::new();
    for _ in 0..2 {
        let token = one.post("/temptokens", json!({ "ip": "127.0.0.1" })).await.json(201)["token"].clone();
        let browser = app.nobody.with_authorization(&format!("Bearer {}", token.as_str().expect("a token")));
        let path = format!("/projects/{project}/chats");
        let chat = post(&browser, &path, "1", body.clone()).await.id();
        assert_eq!(post(&browser, &path, "1", body.clone()).await.id(), chat);
        browsers.push(chat);
    }
    assert_ne!(browsers[0], browsers[1]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_equal_requests_at_once_one_makes_the_project_and_all_answer_with_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let racers = (0..8).map(|_| post(&staff, "/projects", "k", json!({ "title": "P" })));
    let ids: Vec<String> = futures::future::join_all(racers).await.iter().map(Answer::id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(staff.get("/projects").await.titles(), ["P"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_that_is_too_long_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let answer = post(&app.staff().await, "/projects", &"k".repeat(256), json!({ "title": "P" })).await;
    answer.is(400, r#"{"detail":"An Idempotency-Key has at most 255 characters."}"#);
}
