//! `auth/register`.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, PASSWORD, TestApp, form, multipart};

fn asha() -> Value {
    json!({ "username": "asha", "full_name": "Asha Nair", "email": "asha@example.com", "password": PASSWORD, "recaptcha": "x" })
}

fn asha_with(changes: &Value) -> Value {
    let mut body = asha();
    for (name, value) in changes.as_object().expect("changes are an object") {
        body[name] = value.clone();
    }
    body
}

async fn register(app: &TestApp, body: Value) -> Answer {
    app.nobody.post("/auth/register", body).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_registration_answers_with_an_empty_body_and_makes_an_account(db: PgPool) {
    let app = TestApp::start(&db).await;
    register(&app, asha_with(&json!({ "is_staff": true, "allow_key": true, "noonce": "1.5" }))).await.is(201, "");
    let person = app.nobody.with_token(&app.log_in("asha@example.com", PASSWORD).await);
    person.get("/users/me").await.is_like(
        200,
        r#"{"external_id":"<id>","username":"asha","full_name":"Asha Nair","email":"asha@example.com","allow_key":false,"is_staff":false,"is_reviewer":false,"date_joined":"<time>"}"#,
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn urlencoded_and_multipart_registrations_are_taken_too(db: PgPool) {
    let app = TestApp::start(&db).await;
    let texts = |name: &'static str, email: &'static str| {
        [("username", name), ("full_name", "Asha"), ("email", email), ("password", PASSWORD), ("recaptcha", "x")]
    };
    let urlencoded = form(&texts("one", "one@example.com"));
    app.nobody.post_raw("/auth/register", "application/x-www-form-urlencoded", urlencoded).await.is(201, "");
    app.nobody.post_form("/auth/register", multipart(&texts("dot.two", "two@example.com"))).await.is(201, "");
    app.log_in("one@example.com", PASSWORD).await;
    app.log_in("two@example.com", PASSWORD).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn all_fields_that_are_missing_blank_or_null_are_named_at_once_in_order(db: PgPool) {
    let app = TestApp::start(&db).await;
    let all = |message: &str| {
        let fields = ["username", "full_name", "password", "email", "recaptcha"]
            .map(|name| format!(r#""{name}":["{message}"]"#));
        format!("{{{}}}", fields.join(","))
    };
    register(&app, json!({})).await.is(400, &all("This field is required."));
    let each = |value: Value| json!({ "username": value, "full_name": value, "email": value, "password": value, "recaptcha": value });
    register(&app, each(json!("  "))).await.is(400, &all("This field may not be blank."));
    register(&app, each(Value::Null)).await.is(400, &all("This field may not be null."));
    let nothing = app.nobody.request(reqwest::Method::POST, "/auth/register");
    app.nobody.send(nothing).await.is(400, &all("This field is required."));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn values_of_the_wrong_type_are_no_strings(db: PgPool) {
    let app = TestApp::start(&db).await;
    let body = json!({ "username": 1, "full_name": true, "email": 5, "password": [], "recaptcha": {} });
    register(&app, body).await.is(
        400,
        r#"{"full_name":["Not a valid string."],"password":["Not a valid string."],"email":["Enter a valid email address."],"recaptcha":["Not a valid string."]}"#,
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn values_that_break_a_rule_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let too_long = |limit: usize| format!("Ensure this field has no more than {limit} characters.");
    let letters = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
    let one_line = "Enter a valid name. It may not contain line breaks or control characters.";
    for (field, value, message) in [
        ("username", "bad name".to_owned(), letters.to_owned()),
        ("username", "u".repeat(151), too_long(150)),
        ("username", "me".to_owned(), letters.to_owned()),
        ("username", "Me".to_owned(), letters.to_owned()),
        ("username", ".".to_owned(), letters.to_owned()),
        ("username", "..".to_owned(), letters.to_owned()),
        ("full_name", "Asha,\n\nyour code is 123456".to_owned(), one_line.to_owned()),
        ("full_name", "\u{202e}ahsA".to_owned(), one_line.to_owned()),
        ("full_name", "f".repeat(81), too_long(80)),
        ("email", "nope".to_owned(), "Enter a valid email address.".to_owned()),
        ("email", format!("{}@example.com", "e".repeat(250)), too_long(254)),
        ("full_name", "A\0B".to_owned(), "Null characters are not allowed.".to_owned()),
    ] {
        let answer = register(&app, asha_with(&json!({ field: value }))).await.json(400);
        assert_eq!(answer[field][0], message, "{answer}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_taken_e_mail_address_and_username_are_named_together_whatever_the_case_of_the_address(db: PgPool) {
    let app = TestApp::start(&db).await;
    register(&app, asha()).await.is(201, "");
    register(&app, asha_with(&json!({ "email": "ASHA@Example.com" }))).await.is(
        400,
        r#"{"username":["A user with that username already exists."],"email":["user with this email address already exists."]}"#,
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_gets_the_username_of_somebody_else_in_another_case_also_if_many_try_at_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let racers = ["asha", "Asha", "ASHA", "ashA"].map(|name| {
        let email = format!("{}@example.com", hex::encode(name));
        register(&app, asha_with(&json!({ "username": name, "email": email })))
    });
    let mut statuses: Vec<u16> = futures::future::join_all(racers).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400]);
    let late = register(&app, asha_with(&json!({ "username": "aSHA" }))).await;
    late.is(400, r#"{"username":["A user with that username already exists."]}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_gets_the_username_of_somebody_else_in_another_spelling(db: PgPool) {
    let app = TestApp::start(&db).await;
    for (at, (name, status)) in
        [("asha१", 201), ("asha1", 400), ("Asha೧", 400), ("പൗരൻ", 201), ("പൌരൻ", 400), ("asha2", 201)]
            .into_iter()
            .enumerate()
    {
        let email = format!("{at}@example.com");
        let answer = register(&app, asha_with(&json!({ "username": name, "email": email }))).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        assert_eq!(status == 400, answer.body.contains("A user with that username already exists."), "{name}");
    }
}

/// Two accounts as they could be made when case mattered.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn pairs_of_before_go_on_working_and_nobody_else_gets_their_name(db: PgPool) {
    let app = TestApp::start(&db).await;
    let root = app.root().await;
    for (made, name) in [("alice0", "Alice"), ("alice1", "alice")] {
        let person = app.person(made, domain::user::Roles::default()).await;
        let key = app.app.commands.log().keys().keyed_hash("username", name);
        sqlx::query("UPDATE reservations SET value = $2 WHERE owner = $1 AND kind = 'username'")
            .bind(person.id)
            .bind(key)
            .execute(&db)
            .await
            .expect("written");
        sqlx::query("UPDATE views.users SET username = $2 WHERE id = $1")
            .bind(person.id)
            .bind(name)
            .execute(&db)
            .await
            .expect("written");
    }
    for name in ["Alice", "alice"] {
        let path = format!("/users/{name}");
        assert_eq!(root.get(&path).await.json(200)["username"], name);
        let answer = register(&app, asha_with(&json!({ "username": "ALICE" }))).await;
        answer.is(400, r#"{"username":["A user with that username already exists."]}"#);
        root.delete(&path).await.is(204, "");
    }
    register(&app, asha_with(&json!({ "username": "ALICE" }))).await.is(201, "");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_racing_for_one_address_exactly_one_gets_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let racers = (0..6).map(|number| register(&app, asha_with(&json!({ "username": format!("asha{number}") }))));
    let mut statuses: Vec<u16> = futures::future::join_all(racers).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400, 400, 400]);
}

/// Whoever pastes a pass phrase pastes its blanks.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_password_with_blanks_at_its_ends_works_as_it_was_typed_wherever_it_was_set(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (first, second, third) = ("  Passw0rd!xyz ", "\tgranite-sparrow-17\u{a0}", " harbour-violet-28 ");
    let log_in = async |password: &str| {
        let credentials = json!({ "email": "asha@example.com", "password": password });
        app.nobody.post("/auth/login", credentials).await
    };
    register(&app, asha_with(&json!({ "password": first }))).await.is(201, "");
    let person = app.nobody.with_token(&app.log_in("asha@example.com", first).await);
    log_in(first.trim()).await.json(400);
    person.patch("/users/me", json!({ "password": second })).await.json(200);
    app.log_in("asha@example.com", second).await;
    log_in(second.trim()).await.json(400);
    let code = app.reset_code("asha@example.com").await;
    let body = json!({ "email": "asha@example.com", "token": code, "password": third });
    app.nobody.post("/auth/reset", body).await.is(202, "");
    app.log_in("asha@example.com", third).await;
    log_in(third.trim()).await.json(400);
}

/// Registration trimmed passwords, login did not.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_password_that_was_trimmed_when_it_was_set_works_as_it_is_typed(db: PgPool) {
    let app = TestApp::start(&db).await;
    register(&app, asha()).await.is(201, "");
    app.log_in("asha@example.com", &format!(" {PASSWORD} ")).await;
    app.log_in("asha@example.com", PASSWORD).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn weak_passwords_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    for (password, messages) in [
        (
            "1234",
            r#""This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric.""#,
        ),
        ("password", r#""This password is too common.""#),
        ("asha@example.com", r#""The password is too similar to the email address.""#),
    ] {
        let answer = register(&app, asha_with(&json!({ "password": password }))).await;
        answer.is(400, &format!(r#"{{"password":[{messages}]}}"#));
    }
}
