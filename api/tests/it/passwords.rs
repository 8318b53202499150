//! `auth/forgot`, `auth/verify` and `auth/reset`.

use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, PASSWORD, Person, TestApp, eventually};

const NEW: &str = "granite-sparrow-17";
const WRONG: &str = r#"{"token":["The OTP password entered is not valid. Please check and try again."]}"#;
const EXPIRED: &str = r#"{"token":["The OTP password has expired. Please try again."]}"#;

async fn verify(app: &TestApp, email: &str, token: &str) -> Answer {
    app.nobody.post("/auth/verify", json!({ "email": email, "token": token })).await
}

async fn reset(app: &TestApp, email: &str, token: &str, password: &str) -> Answer {
    app.nobody.post("/auth/reset", json!({ "email": email, "token": token, "password": password })).await
}

fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().expect("six digits") + 1) % 1_000_000)
}

async fn number_of_codes(db: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM reset_codes").fetch_one(db).await.expect("readable")
}

async fn expire(db: &PgPool) {
    sqlx::query("UPDATE reset_codes SET expires_at = now() - interval '1 second'").execute(db).await.expect("written");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_mailed_code_sets_a_new_password_once_and_ends_every_login(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code("ASHA@example.com").await;
    let shown = r#"{"email":"asha@example.com","username":"asha","full_name":"asha of the Test"}"#;
    verify(&app, "asha@EXAMPLE.com", &code).await.is(202, shown);
    verify(&app, &nurse.email, &code).await.is(202, shown);
    reset(&app, &nurse.email, &code, NEW).await.is(202, "");
    nurse.get("/users/me").await.is(401, r#"{"detail":"Invalid token."}"#);
    app.log_in(&nurse.email, NEW).await;
    let old = app.nobody.post("/auth/login", json!({ "email": nurse.email, "password": PASSWORD })).await;
    old.is(400, r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#);
    reset(&app, &nurse.email, &code, "harbour-violet-28").await.is(400, WRONG);
    verify(&app, &nurse.email, &code).await.is(400, WRONG);
    assert_ne!(app.reset_code(&nurse.email).await, code);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_changes_the_password_makes_a_mailed_code_useless(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    nurse.patch("/users/me", json!({ "password": NEW })).await.json(200);
    verify(&app, &nurse.email, &code).await.is(400, WRONG);
    reset(&app, &nurse.email, &code, "harbour-violet-28").await.is(400, WRONG);
    app.log_in(&nurse.email, NEW).await;
    let fresh = app.reset_code(&nurse.email).await;
    assert_ne!(fresh, code);
    reset(&app, &nurse.email, &fresh, "harbour-violet-28").await.is(202, "");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn asking_again_mails_the_same_code_while_it_lives(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    assert_eq!(app.reset_code(&nurse.email).await, code);
    expire(&db).await;
    assert_ne!(app.reset_code(&nurse.email).await, code);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_code_belongs_to_its_own_account_only(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let staff = app.staff().await;
    let code = app.reset_code(&nurse.email).await;
    for email in [staff.email.as_str(), "nobody@example.com"] {
        verify(&app, email, &code).await.is(400, WRONG);
        reset(&app, email, &code, NEW).await.is(400, WRONG);
    }
    app.log_in(&staff.email, PASSWORD).await;
    staff.patch("/users/asha", json!({ "email": "new@example.com" })).await.json(200);
    reset(&app, "asha@example.com", &code, NEW).await.is(400, WRONG);
    reset(&app, "new@example.com", &code, NEW).await.is(400, WRONG);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_unknown_address_looks_like_a_known_one_before_and_after_it_was_asked_for(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let inactive = app.person("ravi", domain::user::Roles::default()).await;
    app.set_active(&inactive.email, false).await;
    let addresses = [nurse.email.as_str(), inactive.email.as_str(), "nobody@example.com"];
    for email in addresses {
        verify(&app, email, "000000x").await.is(400, WRONG);
    }
    for email in addresses {
        app.nobody.post("/auth/forgot", json!({ "email": email })).await.is(200, "");
    }
    assert_eq!(number_of_codes(&db).await, 3, "the codes are there as soon as it is answered");
    for email in addresses {
        verify(&app, email, "000000x").await.is(400, WRONG);
        reset(&app, email, "000000x", NEW).await.is(400, WRONG);
    }
    let mails = eventually("the mail comes", async || Some(app.mails()).filter(|mails| !mails.is_empty())).await;
    assert!(mails.len() == 1 && mails[0].contains("To: asha@example.com"), "{mails:?}");
    expire(&db).await;
    for email in addresses {
        verify(&app, email, "000000x").await.is(400, WRONG);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_expired_code_says_so_again_and_again(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    expire(&db).await;
    for _ in 0..3 {
        verify(&app, &nurse.email, &code).await.is(400, EXPIRED);
        reset(&app, &nurse.email, &code, NEW).await.is(400, EXPIRED);
    }
    app.log_in(&nurse.email, PASSWORD).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_code_that_was_guessed_at_five_times_is_dead_also_if_all_guess_at_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    let wrong = other_than(&code);
    for _ in 0..4 {
        verify(&app, &nurse.email, &wrong).await.is(400, WRONG);
        verify(&app, &nurse.email, &code).await.json(202);
    }
    verify(&app, &nurse.email, &wrong).await.is(400, WRONG);
    verify(&app, &nurse.email, &code).await.is(400, WRONG);
    reset(&app, &nurse.email, &code, NEW).await.is(400, WRONG);

    let fresh = app.reset_code(&nurse.email).await;
    assert_ne!(fresh, code);
    let wrong = other_than(&fresh);
    join_all((0..12).map(|_| verify(&app, &nurse.email, &wrong))).await;
    verify(&app, &nurse.email, &fresh).await.is(400, WRONG);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_two_who_use_a_code_at_once_one_does(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    let both = [reset(&app, &nurse.email, &code, NEW), reset(&app, &nurse.email, &code, "harbour-violet-28")];
    let mut statuses: Vec<u16> = join_all(both).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 400]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_weak_password_is_refused_and_does_not_use_the_code_up(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    for (password, message) in [
        ("password", r#""This password is too common.""#),
        ("9182736455", r#""This password is entirely numeric.""#),
        ("asha@example.com", r#""The password is too similar to the email address.""#),
    ] {
        reset(&app, &nurse.email, &code, password).await.is(400, &format!(r#"{{"password":[{message}]}}"#));
    }
    reset(&app, &nurse.email, &other_than(&code), "password").await.is(400, WRONG);
    reset(&app, &nurse.email, &code, NEW).await.is(202, "");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_missing_is_named(db: PgPool) {
    let app = TestApp::start(&db).await;
    let required = r#""This field is required.""#;
    let post = async |path: &str, body: Value| app.nobody.post(path, body).await;
    post("/auth/forgot", json!({})).await.is(400, &format!(r#"{{"email":[{required}]}}"#));
    post("/auth/forgot", json!({ "email": "x" })).await.is(400, r#"{"email":["Enter a valid email address."]}"#);
    post("/auth/verify", json!({})).await.is(400, &format!(r#"{{"token":[{required}],"email":[{required}]}}"#));
    let blank = r#""This field may not be blank.""#;
    post("/auth/verify", json!({ "token": "", "email": "" }))
        .await
        .is(400, &format!(r#"{{"token":[{blank}],"email":[{blank}]}}"#));
    post("/auth/reset", json!({}))
        .await
        .is(400, &format!(r#"{{"password":[{required}],"token":[{required}],"email":[{required}]}}"#));
    for path in ["/auth/forgot", "/auth/verify", "/auth/reset"] {
        let answer = app.nobody.get(path).await;
        answer.is(405, r#"{"detail":"Method \"GET\" not allowed."}"#);
        assert_eq!(answer.header("allow"), "POST, OPTIONS");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_code_may_be_a_number(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    app.reset_code(&nurse.email).await;
    let body = json!({ "email": nurse.email, "token": 123_456 });
    app.nobody.post("/auth/verify", body).await.is(400, WRONG);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whoever_is_logged_in_needs_no_code_and_keeps_the_login(db: PgPool) {
    let app = TestApp::start(&db).await;
    let here = app.nurse().await;
    let there: Person = here.with_token(&app.log_in(&here.email, PASSWORD).await);
    for (body, expected) in [
        (json!({}), r#"{"password":["This field is required."]}"#),
        (
            json!({ "password": "asha@example.com" }),
            r#"{"password":["The password is too similar to the email address."]}"#,
        ),
        (
            json!({ "password": "1234" }),
            r#"{"password":["This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric."]}"#,
        ),
    ] {
        here.post("/auth/reset", body).await.is(400, expected);
    }
    here.post("/auth/reset", json!({ "password": NEW, "token": "ignored" })).await.is(202, "");
    here.get("/users/me").await.json(200);
    there.get("/users/me").await.is(401, r#"{"detail":"Invalid token."}"#);
    app.log_in(&here.email, NEW).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn neither_codes_nor_the_addresses_that_were_asked_for_are_in_the_database(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let code = app.reset_code(&nurse.email).await;
    app.nobody.post("/auth/forgot", json!({ "email": "zebrafinch@example.com" })).await.is(200, "");
    let waiting = app.whole_database().await;
    eventually("the mails are sent", async || {
        let jobs = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jobs").fetch_one(&db).await;
        (jobs.expect("readable") == 0).then_some(())
    })
    .await;
    assert_eq!(number_of_codes(&db).await, 2);
    for everything in [waiting, app.whole_database().await] {
        assert!(!everything.contains("zebrafinch") && !everything.contains(&hex::encode("zebrafinch")));
        assert!(!everything.contains(&format!("\"{code}\"")) && !everything.contains(&hex::encode(&code)));
    }
}

/// The page maps over what it gets: a string there was a white page. So it was while the mail was on its way, for an address
/// that nobody has asked for, and for a link of the day before yesterday.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whatever_is_wrong_with_a_code_the_page_gets_a_list_to_show(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    verify(&app, &nurse.email, "123456x").await.is(400, WRONG);
    verify(&app, "never-asked@example.com", "123456x").await.is(400, WRONG);
    app.nobody.post("/auth/forgot", json!({ "email": nurse.email })).await.is(200, "");
    verify(&app, &nurse.email, "123456x").await.is(400, WRONG);
    let code = app.reset_code(&nurse.email).await;
    sqlx::query("DELETE FROM reset_codes").execute(&db).await.expect("written");
    verify(&app, &nurse.email, &code).await.is(400, WRONG);
    reset(&app, &nurse.email, &code, NEW).await.is(400, WRONG);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_code_that_is_made_is_recorded_and_one_that_is_mailed_again_is_not(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let requests = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'PasswordResetRequested'");
        count.fetch_one(&db).await.expect("readable")
    };
    let code = app.reset_code(&nurse.email).await;
    assert_eq!(app.reset_code(&nurse.email).await, code);
    assert_eq!(requests().await, 1);
    expire(&db).await;
    app.reset_code(&nurse.email).await;
    assert_eq!(requests().await, 2);
}
