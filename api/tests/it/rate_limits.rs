//! Rate limits: 429 in the contract's shape, by address and by account, and whose word is taken for an address.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, PASSWORD, Person, TestApp, multipart};

#[track_caller]
fn is_throttled(answer: &Answer) {
    let wait = answer.header("retry-after");
    let seconds: u64 = wait.parse().expect("Retry-After is in seconds");
    assert!((1..=3_600).contains(&seconds), "{seconds}");
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let message = format!("Request was throttled. Expected available in {wait} {unit}.");
    let body = answer.json(429);
    // Each page shows its own key; a text where a page looks for a list would end it.
    assert!(body["non_field_errors"] == json!([message]) || body["error"] == json!(message), "{body}");
    assert!(body["detail"].is_null() || body["detail"] == json!(message), "{body}");
}

async fn log_in(app: &TestApp, email: &str) -> Answer {
    app.nobody.post("/auth/login", json!({ "email": email, "password": "wrong-lantern" })).await
}

async fn log_in_from(person: &Person, forwarded: &str) -> Answer {
    let request = person.request(Method::POST, "/auth/login").header("X-Forwarded-For", forwarded);
    person.send(request.json(&json!({ "email": "a@example.com", "password": "wrong-lantern" }))).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn guessing_one_accounts_password_is_slowed_down_whatever_the_case_of_the_address(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-login", "0,2/hour"]).await;
    for email in ["asha@example.com", "ASHA@example.com"] {
        assert_eq!(log_in(&app, email).await.status, 400);
    }
    is_throttled(&log_in(&app, "Asha@example.com").await);
    assert_eq!(log_in(&app, "other@example.com").await.status, 400);
    let basic = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        app.nobody.with_authorization(&format!("Basic {}", STANDARD.encode("asha@example.com:guess")))
    };
    is_throttled(&basic.get("/users/me").await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_limited_endpoint_answers_429_when_its_limit_is_reached(db: PgPool) {
    let limits =
        ["login", "register", "forgot", "verify"].map(|name| [format!("--limit-{name}"), "1/hour,0".to_owned()]);
    let arguments: Vec<&str> = limits.iter().flatten().map(String::as_str).collect();
    let app = TestApp::start_with(&db, &arguments).await;
    for path in ["/auth/login", "/auth/register", "/auth/forgot", "/auth/verify"] {
        assert_eq!(app.nobody.post(path, json!({})).await.status, 400, "{path}");
        is_throttled(&app.nobody.post(path, json!({})).await);
    }
    is_throttled(&app.nobody.post("/auth/reset", json!({})).await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn questions_and_uploads_are_limited_by_who_asks(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-converse", "0,1/hour", "--limit-upload", "0,1/hour"]).await;
    let staff = app.staff().await;
    let nurse = app.nurse().await;
    let project = staff.project("P").await;
    for person in [&staff, &nurse] {
        let chat = person.chat(&project).await;
        person.ask(&chat, "How much zinc?").await.json(200);
        is_throttled(&person.ask(&chat, "For how long?").await);
    }
    let documents = format!("/projects/{project}/documents");
    let add = async || staff.post_form(&documents, multipart(&[("title", "T"), ("text_content", "Zinc")])).await;
    assert_eq!(add().await.status, 201);
    is_throttled(&add().await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn questions_and_uploads_to_malformed_ids_count_too(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-converse", "0,1/hour", "--limit-upload", "0,1/hour"]).await;
    let staff = app.staff().await;
    let post = async |path: &str| staff.post_form(path, multipart(&[("title", "T"), ("text_content", "Zinc")])).await;
    for (first, then) in [
        ("/projects/nope/chats/nope/converse", "/projects/nope/chats/nope/speech_to_text"),
        ("/projects/nope/documents", "/projects/nope/documents/nope/versions"),
    ] {
        let malformed = post(first).await.json(400);
        assert!(malformed.to_string().contains("“nope” is not a valid UUID."), "{malformed}");
        is_throttled(&post(then).await);
        is_throttled(&post(first).await);
    }
    is_throttled(&post("/tests/suites/nope/questions/nope/documents").await);
    let service = staff.client_of(&staff.service("Tablets", true).await).await;
    let ask = async || service.post_form("/chats/nope/converse", multipart(&[("text", "Zinc")])).await;
    assert_eq!(ask().await.status, 404);
    is_throttled(&ask().await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn requests_for_a_new_password_are_limited_for_unknown_addresses_too(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-forgot", "0,1/hour"]).await;
    app.nurse().await;
    for email in ["asha@example.com", "nobody@example.com"] {
        let forgot = async || app.nobody.post("/auth/forgot", json!({ "email": email })).await;
        forgot().await.is(200, "");
        is_throttled(&forgot().await);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_limit_of_zero_is_none_and_the_defaults_let_a_ward_log_in(db: PgPool) {
    let app = TestApp::start(&db).await;
    for number in 0..40 {
        assert_eq!(log_in(&app, &format!("nurse{number}@example.com")).await.status, 400);
    }
    let free = TestApp::start_with(&db, &["--limit-login", "0"]).await;
    for _ in 0..15 {
        assert_eq!(log_in(&free, "asha@example.com").await.status, 400);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn x_forwarded_for_is_believed_from_trusted_proxies_only(db: PgPool) {
    let strict = TestApp::start_with(&db, &["--limit-login", "1/hour,0"]).await;
    assert_eq!(log_in_from(&strict.nobody, "198.51.100.1").await.status, 400);
    is_throttled(&log_in_from(&strict.nobody, "198.51.100.2").await);

    let trusting =
        TestApp::start_with(&db, &["--limit-login", "1/hour,0", "--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"]).await;
    assert_eq!(log_in_from(&trusting.nobody, "198.51.100.1").await.status, 400);
    assert_eq!(log_in_from(&trusting.nobody, "198.51.100.2").await.status, 400);
    is_throttled(&log_in_from(&trusting.nobody, "198.51.100.9, 198.51.100.1, 10.0.0.3").await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_address_of_the_client_is_recorded_with_what_it_did(db: PgPool) {
    let app = TestApp::start_with(&db, &["--trusted-proxies", "127.0.0.1"]).await;
    let nurse = app.nurse().await;
    let request = nurse.request(Method::PATCH, "/users/me").header("X-Forwarded-For", "198.51.100.7");
    nurse.send(request.json(&json!({ "full_name": "Asha K" }))).await.json(200);
    let recorded: Value =
        sqlx::query_scalar("SELECT metadata -> 'client_address' FROM events WHERE event_type = 'FullNameChanged'")
            .fetch_one(&db)
            .await
            .expect("the event is there");
    assert!(!recorded.is_null() && !recorded.to_string().contains("198.51.100.7"), "{recorded}");
    app.log_in(&nurse.email, PASSWORD).await;
}
