//! The captcha of the registration, against a server that speaks its protocol.

use serde_json::json;
use sqlx::PgPool;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_string_contains, method},
};

use crate::support::{Answer, PASSWORD, TestApp};

async fn register(app: &TestApp, captcha: &str) -> Answer {
    let body = json!({ "username": "asha", "full_name": "Asha", "email": "asha@example.com", "password": PASSWORD, "recaptcha": captcha });
    app.nobody.post("/auth/register", body).await
}

async fn app_with(db: &PgPool, service: &str) -> TestApp {
    TestApp::start_with(db, &["--recaptcha-secret", "our-secret", "--recaptcha-url", service]).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_a_solved_captcha_makes_an_account(db: PgPool) {
    let service = MockServer::builder().start().await;
    let answering =
        |success: bool| ResponseTemplate::new(200).set_body_json(json!({ "success": success, "error-codes": [] }));
    let solved = Mock::given(method("POST")).and(body_string_contains("solved"));
    let solved = solved.and(body_string_contains("our-secret")).and(body_string_contains("127.0.0.1"));
    solved.respond_with(answering(true)).with_priority(1).mount(&service).await;
    Mock::given(method("POST")).respond_with(answering(false)).mount(&service).await;
    let app = app_with(&db, &service.uri()).await;
    register(&app, "guessed").await.is(400, r#"["Invalid captcha"]"#);
    let nobody = app.nobody.post("/auth/login", json!({ "email": "asha@example.com", "password": PASSWORD })).await;
    nobody.is(400, r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#);
    register(&app, "solved").await.is(201, "");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn fields_are_checked_before_the_captcha_is_spent(db: PgPool) {
    let service = MockServer::builder().start().await;
    let app = app_with(&db, &service.uri()).await;
    app.nobody.post("/auth/register", json!({ "recaptcha": "solved" })).await.json(400);
    assert!(service.received_requests().await.expect("requests are recorded").is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn while_nobody_can_check_it_the_registration_can_be_repeated(db: PgPool) {
    let service = MockServer::builder().start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).mount(&service).await;
    let app = app_with(&db, &service.uri()).await;
    let answer = register(&app, "solved").await;
    let message = "Service temporarily unavailable, try again later.";
    answer.is(503, &serde_json::json!({ "detail": message, "non_field_errors": [message] }).to_string());
    assert_eq!(answer.header("retry-after"), "5");
}
