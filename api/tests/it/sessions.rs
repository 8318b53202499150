//! `auth/login`, `auth/logout` and the `Authorization` header.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{PASSWORD, TestApp, form, multipart};

const WRONG: &str = r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#;
const INVALID: &str = r#"{"detail":"Invalid token."}"#;
const ANONYMOUS: &str = r#"{"detail":"Authentication credentials were not provided."}"#;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_login_gets_a_token_of_its_own_and_a_logout_ends_only_that_one(db: PgPool) {
    let app = TestApp::start(&db).await;
    let first = app.nurse().await;
    let second = first.with_token(&app.log_in(&first.email, PASSWORD).await);
    assert_ne!(first.token(), second.token());
    assert!(first.token().len() == 40 && first.token().bytes().all(|byte| byte.is_ascii_hexdigit()));
    first.get("/users/me").await.json(200);
    first.delete("/auth/logout").await.is(204, "");
    first.get("/users/me").await.is(401, INVALID);
    first.delete("/auth/logout").await.is(401, INVALID);
    second.get("/users/me").await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_address_logs_in_in_every_case_and_with_blanks_around_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    app.nurse().await;
    for email in ["ASHA@Example.com", "  asha@example.com ", "asha@EXAMPLE.COM"] {
        app.log_in(email, PASSWORD).await;
    }
    let texts = [("email", "asha@example.com"), ("password", PASSWORD)];
    app.nobody.post_form("/auth/login", multipart(&texts)).await.json(200);
    app.nobody.post_raw("/auth/login", "application/x-www-form-urlencoded", form(&texts)).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_unknown_address_and_a_wrong_password_are_refused_alike(db: PgPool) {
    let app = TestApp::start(&db).await;
    app.nurse().await;
    for (email, password) in [
        ("asha@example.com", json!("wrong-lantern")),
        ("nobody@example.com", json!(PASSWORD)),
        ("asha@example.com", json!(format!("{PASSWORD}x"))),
        ("asha@example.com", json!(12345)),
    ] {
        app.nobody.post("/auth/login", json!({ "email": email, "password": password })).await.is(400, WRONG);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_login_names_what_is_missing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let log_in = async |body| app.nobody.post("/auth/login", body).await;
    let both = r#"{"password":["This field is required."],"email":["This field is required."]}"#;
    log_in(json!({})).await.is(400, both);
    let blank = r#"{"password":["This field may not be blank."],"email":["This field may not be blank."]}"#;
    log_in(json!({ "email": "", "password": "" })).await.is(400, blank);
    let malformed = r#"{"email":["Enter a valid email address."]}"#;
    log_in(json!({ "email": "asha", "password": "x" })).await.is(400, malformed);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_front_ends_undefined_is_nobody(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    for header in ["undefined", "", "foo", "Bearer abc"] {
        let visitor = nurse.with_authorization(header);
        visitor.post("/auth/login", json!({ "email": nurse.email, "password": PASSWORD })).await.json(200);
        let answer = visitor.get("/users/me").await;
        answer.is(401, ANONYMOUS);
        assert_eq!(answer.header("www-authenticate"), "Token");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_bad_authorization_header_is_told_so_even_where_none_is_needed(db: PgPool) {
    let app = TestApp::start(&db).await;
    for (header, detail) in [
        ("Token nope", "Invalid token."),
        ("Token", "Invalid token header. No credentials provided."),
        ("Token a b", "Invalid token header. Token string should not contain spaces."),
        ("Basic !!!", "Invalid username/password."),
    ] {
        let visitor = app.nobody.with_authorization(header);
        let body = format!(r#"{{"detail":"{detail}"}}"#);
        for answer in [
            visitor.get("/users/me").await,
            visitor.post("/auth/login", json!({ "email": "a@example.com", "password": "x" })).await,
            visitor.post("/auth/register", json!({})).await,
        ] {
            answer.is(401, &body);
            assert_eq!(answer.header("www-authenticate"), "Token");
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_address_and_password_authenticate_but_cannot_log_out(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let basic = |password: &str| {
        nurse.with_authorization(&format!("Basic {}", STANDARD.encode(format!("{}:{password}", nurse.email))))
    };
    let me = basic(PASSWORD).get("/users/me").await.json(200);
    assert_eq!(me["username"], "asha");
    basic("wrong").get("/users/me").await.is(401, r#"{"detail":"Invalid username/password."}"#);
    let no_token = r#"{"detail":"No auth token provided"}"#;
    basic(PASSWORD).delete("/auth/logout").await.is(400, no_token);
    app.nobody.delete("/auth/logout").await.is(400, no_token);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn neither_tokens_nor_passwords_are_anywhere_in_the_database(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    nurse.patch("/users/me", json!({ "password": "granite-sparrow-17" })).await.json(200);
    let everything = app.whole_database().await;
    assert!(everything.contains("asha@example.com"), "the view of users is part of what is searched");
    for secret in [nurse.token(), PASSWORD, "granite-sparrow-17"] {
        assert!(!everything.contains(secret));
        assert!(!everything.contains(&hex::encode(secret)));
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn methods_that_are_not_there_are_named(db: PgPool) {
    let app = TestApp::start(&db).await;
    for (method, path, allow) in [
        ("GET", "/auth/register", "POST, OPTIONS"),
        ("PUT", "/auth/login", "POST, OPTIONS"),
        ("DELETE", "/auth/login", "POST, OPTIONS"),
        ("POST", "/auth/logout", "DELETE, OPTIONS"),
        ("BREW", "/auth/login", "POST, OPTIONS"),
    ] {
        let verb = method.parse().expect("a method");
        let answer = app.nobody.send(app.nobody.request(verb, path)).await;
        answer.is(405, &format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#));
        assert_eq!(answer.header("allow"), allow);
    }
}
