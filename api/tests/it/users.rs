//! `users`: accounts, administered by staff.

use domain::user::Roles;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{PASSWORD, Person, TestApp};

const FORBIDDEN: &str = r#"{"detail":"You do not have permission to perform this action."}"#;
const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;

async fn usernames(person: &Person, query: &str) -> Vec<String> {
    let page = person.get(&format!("/users{query}")).await.json(200);
    let users = page["results"].as_array().expect("a page has results").iter();
    users.map(|user| user["username"].as_str().expect("each has a username").to_owned()).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn staff_see_all_users_the_newest_first(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    app.nurse().await;
    let me = r#"{"external_id":"<id>","username":"meera","full_name":"meera of the Test","email":"meera@example.com","allow_key":false,"is_staff":true,"is_reviewer":false,"date_joined":"<time>"}"#;
    let nurse = me.replace("meera", "asha").replace("\"is_staff\":true", "\"is_staff\":false");
    staff.get("/users").await.is_like(
        200,
        &format!(r#"{{"count":2,"has_previous":false,"has_next":false,"results":[{nurse},{me}],"offset":0}}"#),
    );
    staff.get("/users/meera").await.is_like(200, me);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn users_are_searched_by_name_filtered_by_role_and_ordered(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    app.person("ravi", Roles { is_reviewer: true, ..Roles::default() }).await;
    app.person("asha", Roles { allow_key: true, ..Roles::default() }).await;
    for (query, expected) in [
        ("", vec!["asha", "ravi", "meera"]),
        ("?search=RAVI", vec!["ravi"]),
        ("?search=test,as", vec!["asha"]),
        ("?search=example.com", vec![]),
        ("?is_staff=true", vec!["meera"]),
        ("?is_reviewer=1", vec!["ravi"]),
        ("?allow_key=false", vec!["ravi", "meera"]),
        ("?allow_key=junk&is_staff=", vec!["asha", "ravi", "meera"]),
        ("?ordering=username", vec!["asha", "meera", "ravi"]),
        ("?ordering=-is_staff,username", vec!["meera", "asha", "ravi"]),
        ("?ordering=is_superuser", vec!["asha", "ravi", "meera"]),
        ("?limit=1&offset=1", vec!["ravi"]),
    ] {
        assert_eq!(usernames(&staff, query).await, expected, "{query}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn staff_make_an_account_with_what_a_registration_takes_but_the_captcha(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let body = json!({ "username": "ravi", "full_name": "Ravi K", "email": "ravi@example.com", "password": PASSWORD, "is_staff": true });
    staff.post("/users", body.clone()).await.is_like(
        201,
        r#"{"external_id":"<id>","username":"ravi","full_name":"Ravi K","email":"ravi@example.com","allow_key":false,"is_staff":false,"is_reviewer":false,"date_joined":"<time>"}"#,
    );
    app.log_in("ravi@example.com", PASSWORD).await;
    staff.post("/users", body).await.is(
        400,
        r#"{"username":["A user with that username already exists."],"email":["user with this email address already exists."]}"#,
    );
    let required = r#""This field is required.""#;
    staff.post("/users", json!({})).await.is(
        400,
        &format!(
            r#"{{"username":[{required}],"full_name":[{required}],"password":[{required}],"email":[{required}]}}"#
        ),
    );
    let weak = json!({ "username": "weak", "full_name": "W", "email": "weak@example.com", "password": "password" });
    staff.post("/users", weak).await.is(400, r#"{"password":["This password is too common."]}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_change_is_answered_with_what_can_be_changed(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let nurse = app.nurse().await;
    let body = json!({
        "email": "Asha.N@example.com", "full_name": "", "allow_key": "true", "is_staff": 1, "is_reviewer": "on",
        "username": "other", "is_superuser": true, "external_id": crate::support::NIL, "password": "ignored",
    });
    let changed =
        r#"{"email":"Asha.N@example.com","full_name":"","allow_key":true,"is_staff":true,"is_reviewer":true}"#;
    staff.patch("/users/asha", body).await.is(200, changed);
    staff.patch("/users/asha", json!({})).await.is(200, changed);
    let nurse = nurse.with_token(&app.log_in("asha.n@example.com", PASSWORD).await);
    let me = nurse.get("/users/me").await.json(200);
    assert_eq!(
        (&me["username"], &me["full_name"], &me["is_staff"], &me["external_id"]),
        (&json!("asha"), &json!(""), &json!(true), &json!(nurse.id.to_string()))
    );
    app.log_in("asha.n@EXAMPLE.com", PASSWORD).await;
    let old = app.nobody.post("/auth/login", json!({ "email": "asha@example.com", "password": PASSWORD })).await;
    old.is(400, r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_change_is_validated(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    app.nurse().await;
    for (body, expected) in [
        (json!({ "email": "MEERA@example.com" }), r#"{"email":["user with this email address already exists."]}"#),
        (
            json!({ "email": "nope", "allow_key": "perhaps" }),
            r#"{"email":["Enter a valid email address."],"allow_key":["Must be a valid boolean."]}"#,
        ),
        (
            json!({ "email": "", "full_name": null }),
            r#"{"email":["This field may not be blank."],"full_name":["This field may not be null."]}"#,
        ),
        (
            json!({ "full_name": "f".repeat(81) }),
            r#"{"full_name":["Ensure this field has no more than 80 characters."]}"#,
        ),
        (json!({ "is_staff": null }), r#"{"is_staff":["This field may not be null."]}"#),
    ] {
        staff.patch("/users/asha", body).await.is(400, expected);
    }
    staff.patch("/users/asha", json!({ "email": "ASHA@example.com" })).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_address_that_was_given_up_is_free_for_others(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    app.nurse().await;
    staff.patch("/users/asha", json!({ "email": "new@example.com" })).await.json(200);
    staff.patch("/users/meera", json!({ "email": "asha@example.com" })).await.json(200);
    app.log_in("asha@example.com", PASSWORD).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_who_are_given_one_address_exactly_one_gets_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let mut paths = vec![];
    for number in 0..5 {
        app.person(&format!("nurse{number}"), Roles::default()).await;
        paths.push(format!("/users/nurse{number}"));
    }
    let racers = paths.iter().map(|path| staff.patch(path, json!({ "email": "one@example.com" })));
    let mut statuses: Vec<u16> = futures::future::join_all(racers).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn usernames_with_dots_and_other_signs_work(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for (name, path) in [("asha.k", "/users/asha.k"), ("r+v@x-1", "/users/r%2Bv%40x-1")] {
        let body = json!({ "username": name, "full_name": "F", "email": format!("{}@example.com", name.len()), "password": PASSWORD });
        staff.post("/users", body).await.json(201);
        assert_eq!(staff.get(path).await.json(200)["username"], name);
        staff.patch(path, json!({ "is_reviewer": true })).await.json(200);
        staff.delete(path).await.is(204, "");
        staff.get(path).await.is(404, NOT_FOUND);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_nurse_administers_nobody_and_nobody_is_not_authenticated(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    for path in ["/users", "/users/asha", "/users/unknown"] {
        nurse.get(path).await.is(403, FORBIDDEN);
        app.nobody.get(path).await.is(401, r#"{"detail":"Authentication credentials were not provided."}"#);
    }
    nurse.post("/users", json!({})).await.is(403, FORBIDDEN);
    nurse.patch("/users/asha", json!({ "is_staff": true })).await.is(403, FORBIDDEN);
    nurse.delete("/users/asha").await.is(403, FORBIDDEN);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_unknown_user_is_not_found(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    staff.get("/users/ASHA").await.is(404, NOT_FOUND);
    staff.patch("/users/unknown", json!({ "email": "nope" })).await.is(404, NOT_FOUND);
    staff.delete("/users/unknown").await.is(404, NOT_FOUND);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn staff_neither_change_nor_delete_a_superuser_but_superusers_do(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let all = Roles { is_staff: true, is_superuser: true, ..Roles::default() };
    let root = app.person("root", all).await;
    app.person("second", all).await;
    for body in [json!({ "email": "mine@example.com" }), json!({ "is_staff": false }), json!({})] {
        staff.patch("/users/root", body).await.is(403, FORBIDDEN);
    }
    staff.delete("/users/root").await.is(403, FORBIDDEN);
    staff.patch("/users/meera", json!({ "is_superuser": true })).await.json(200);
    staff.delete("/users/root").await.is(403, FORBIDDEN);
    let changed = root.patch("/users/second", json!({ "is_reviewer": true })).await.json(200);
    assert_eq!(changed["is_reviewer"], Value::Bool(true));
    root.delete("/users/second").await.is(204, "");
}

/// As long as there is a superuser, who is never the last one to go, somebody can manage users.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_superuser_gives_the_staff_role_away_whoever_else_has_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let superuser = Roles { is_staff: true, is_superuser: true, ..Roles::default() };
    let root = app.person("root", superuser).await;
    let other = app.person("other", superuser).await;
    app.person("third", Roles { is_staff: true, ..Roles::default() }).await;
    let message = "A superuser keeps the staff role: without it nobody could manage users any more.";
    let refusal = json!({ "is_staff": [message], "email": [message] });
    for (path, full_name) in [("/users/root", "Root R"), ("/users/other", "Other R")] {
        let refused = root.patch(path, json!({ "is_staff": false, "full_name": full_name })).await.json(400);
        assert_eq!(refused, refusal);
    }
    assert_eq!(other.patch("/users/other", json!({ "is_staff": false })).await.json(400), refusal);
    assert_eq!(root.get("/users/me").await.json(200)["is_staff"], true);
    assert_ne!(root.get("/users/me").await.json(200)["full_name"], "Root R");
    root.patch("/users/root", json!({ "is_staff": true, "full_name": "Root R" })).await.json(200);
    root.patch("/users/third", json!({ "is_staff": false })).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_role_that_was_taken_away_cannot_be_used(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let other = app.person("ravi", Roles { is_staff: true, ..Roles::default() }).await;
    staff.patch("/users/ravi", json!({ "is_staff": false })).await.json(200);
    other.get("/users").await.is(403, FORBIDDEN);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_inactive_user_can_do_nothing_until_activated(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let basic = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        nurse.with_authorization(&format!("Basic {}", STANDARD.encode(format!("{}:{PASSWORD}", nurse.email))))
    };
    let log_in = async || app.nobody.post("/auth/login", json!({ "email": nurse.email, "password": PASSWORD })).await;
    app.set_active(&nurse.email, false).await;
    nurse.get("/users/me").await.is(401, r#"{"detail":"User inactive or deleted."}"#);
    basic.get("/users/me").await.is(401, r#"{"detail":"Invalid username/password."}"#);
    log_in().await.is(400, r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#);
    app.set_active(&nurse.email, true).await;
    nurse.get("/users/me").await.json(200);
    log_in().await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_too_many_logins_the_oldest_ends(db: PgPool) {
    let app = TestApp::start_with(&db, &["--limit-login", "0"]).await;
    let first = app.nurse().await;
    let second = first.with_token(&app.log_in(&first.email, PASSWORD).await);
    for _ in 0..19 {
        app.log_in(&first.email, PASSWORD).await;
    }
    first.get("/users/me").await.is(401, r#"{"detail":"Invalid token."}"#);
    second.get("/users/me").await.json(200);
    let tokens: i64 = sqlx::query_scalar("SELECT count(*) FROM tokens").fetch_one(&db).await.expect("readable");
    assert_eq!(tokens, 20);
}
