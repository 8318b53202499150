//! Guessing at somebody's password keeps out whoever guesses, and nobody else.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Answer, PASSWORD, Person, TestApp};

const BEHIND_A_PROXY: &[&str] = &["--trusted-proxies", "127.0.0.1"];

/// From a client address, as a proxy tells it.
async fn log_in(app: &TestApp, person: &Person, from: &str, password: &str) -> Answer {
    let request = app.nobody.request(Method::POST, "/auth/login").header("X-Forwarded-For", from);
    app.nobody.send(request.json(&json!({ "email": person.email, "password": password }))).await
}

async fn statuses(app: &TestApp, person: &Person, from: impl Iterator<Item = String>) -> Vec<u16> {
    let mut statuses = vec![];
    for from in from {
        statuses.push(log_in(app, person, &from, "wrong-lantern").await.status);
    }
    statuses
}

fn strangers(count: u8) -> impl Iterator<Item = String> {
    (1..=count).map(|last| format!("203.0.113.{last}"))
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn after_twelve_wrong_log_ins_of_somebody_else_the_right_password_lets_its_owner_in(db: PgPool) {
    let app = TestApp::start_with(&db, BEHIND_A_PROXY).await;
    let nurse = app.nurse().await;
    let guessed = statuses(&app, &nurse, std::iter::repeat_n("198.51.100.1".to_owned(), 12)).await;
    assert_eq!(guessed[..5], [400; 5], "{guessed:?}");
    assert!(guessed.contains(&429), "who guesses is slowed down: {guessed:?}");
    log_in(&app, &nurse, "127.0.0.1", PASSWORD).await.json(200);
    log_in(&app, &nurse, "192.0.2.77", PASSWORD).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn guesses_from_many_addresses_are_slowed_down_and_the_owners_own_address_never(db: PgPool) {
    let app = TestApp::start_with(&db, &[BEHIND_A_PROXY, &["--limit-login", "0,10/hour"]].concat()).await;
    let nurse = app.nurse().await;
    let guessed = statuses(&app, &nurse, strangers(14)).await;
    assert_eq!(
        (&guessed[..9], &guessed[9..]),
        (&[400; 9][..], &[429; 5][..]),
        "ten an hour, of all of them together; the first log-in of the owner was one"
    );
    assert_eq!(log_in(&app, &nurse, "192.0.2.77", PASSWORD).await.status, 429, "a stranger is a stranger");
    log_in(&app, &nurse, "127.0.0.1", PASSWORD).await.json(200);

    // Another process, or the same one after a restart.
    let other = TestApp::start_with(&db, &[BEHIND_A_PROXY, &["--limit-login", "0,10/hour"]].concat()).await;
    statuses(&other, &nurse, strangers(14)).await;
    log_in(&other, &nurse, "127.0.0.1", PASSWORD).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn basic_authentication_is_counted_like_a_log_in_and_costs_nothing_if_it_is_right(db: PgPool) {
    let app = TestApp::start_with(&db, BEHIND_A_PROXY).await;
    let nurse = app.nurse().await;
    let basic = async |from: &str, password: &str| {
        let credentials = STANDARD.encode(format!("{}:{password}", nurse.email));
        let person = app.nobody.with_authorization(&format!("Basic {credentials}"));
        person.send(person.request(Method::GET, "/users/me").header("X-Forwarded-For", from)).await.status
    };
    for _ in 0..30 {
        assert_eq!(basic("192.0.2.77", PASSWORD).await, 200, "as often as somebody likes");
    }
    let mut guessed = vec![];
    for _ in 0..12 {
        guessed.push(basic("198.51.100.1", "wrong-lantern").await);
    }
    assert_eq!(guessed[..5], [401; 5], "{guessed:?}");
    assert!(guessed.contains(&429), "{guessed:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_uses_up_the_mails_that_somebody_else_may_ask_for(db: PgPool) {
    let app = TestApp::start_with(&db, &[BEHIND_A_PROXY, &["--limit-forgot", "0,4/hour"]].concat()).await;
    let nurse = app.nurse().await;
    let forgot = async |from: &str| {
        let request = app.nobody.request(Method::POST, "/auth/forgot").header("X-Forwarded-For", from);
        app.nobody.send(request.json(&json!({ "email": nurse.email }))).await.status
    };
    let mut asked = vec![];
    for from in ["198.51.100.1", "198.51.100.1", "198.51.100.1", "198.51.100.2", "198.51.100.2", "198.51.100.3"] {
        asked.push(forgot(from).await);
    }
    assert_eq!(asked, [200, 200, 429, 200, 200, 429], "half for one, four for all");
    assert_eq!(forgot("127.0.0.1").await, 200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_places_of_log_ins_are_kept_without_their_addresses_and_go_with_the_account(db: PgPool) {
    let app = TestApp::start_with(&db, BEHIND_A_PROXY).await;
    let (root, nurse) = (app.root().await, app.nurse().await);
    log_in(&app, &nurse, "192.0.2.77", PASSWORD).await.json(200);
    let places = async || {
        let sql = "SELECT count(*) FROM log_in_places WHERE user_id = $1";
        sqlx::query_scalar::<_, i64>(sql).bind(nurse.id).fetch_one(&db).await.expect("the table is there")
    };
    assert_eq!(places().await, 2);
    assert!(!app.whole_database().await.contains("192.0.2.77"));
    root.delete("/users/asha").await.is(204, "");
    assert_eq!(places().await, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_kills_the_code_that_somebody_else_has_asked_for(db: PgPool) {
    let app = TestApp::start_with(&db, BEHIND_A_PROXY).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    let verify = async |from: &str, code: &str| {
        let request = app.nobody.request(Method::POST, "/auth/verify").header("X-Forwarded-For", from);
        app.nobody.send(request.json(&json!({ "email": nurse.email, "token": code }))).await.status
    };
    for from in ["198.51.100.1", "198.51.100.2", "198.51.100.3"] {
        for _ in 0..4 {
            assert!(matches!(verify(from, "no-code").await, 400 | 429));
        }
    }
    assert_eq!(verify("192.0.2.77", &code).await, 400, "strangers have five guesses together");
    let forgot = app.nobody.request(Method::POST, "/auth/forgot").header("X-Forwarded-For", "198.51.100.1");
    app.nobody.send(forgot.json(&json!({ "email": nurse.email }))).await.is(200, "");
    assert_eq!(verify("127.0.0.1", &code).await, 202, "who has asked for the code has guesses of his own");
}
