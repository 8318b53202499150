//! `users/me`.

use domain::user::Roles;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{PASSWORD, TestApp};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn ones_own_name_can_be_changed_and_nothing_else(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let body = json!({
        "full_name": " Asha K. ", "is_staff": true, "is_reviewer": true, "is_superuser": true, "allow_key": true,
        "email": "other@example.com", "username": "other", "external_id": crate::support::NIL, "noonce": "1.0"
    });
    let shown = r#"{"external_id":"<id>","username":"asha","full_name":"Asha K.","email":"asha@example.com","allow_key":false,"is_staff":false,"is_reviewer":false,"date_joined":"<time>"}"#;
    nurse.patch("/users/me", body).await.is_like(200, shown);
    let again = nurse.get("/users/me").await;
    again.is_like(200, shown);
    assert_eq!(again.json(200)["external_id"], nurse.id.to_string());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn roles_are_shown(db: PgPool) {
    let app = TestApp::start(&db).await;
    let roles = Roles { is_staff: true, is_reviewer: true, is_superuser: true, allow_key: true };
    let me = app.person("root", roles).await.get("/users/me").await.json(200);
    assert_eq!((&me["is_staff"], &me["is_reviewer"], &me["allow_key"]), (&json!(true), &json!(true), &json!(true)));
    assert!(me.get("is_superuser").is_none());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_new_password_ends_all_other_logins_but_not_the_callers(db: PgPool) {
    let app = TestApp::start(&db).await;
    let here = app.nurse().await;
    let there = here.with_token(&app.log_in(&here.email, PASSWORD).await);
    here.patch("/users/me", json!({ "password": "granite-sparrow-17" })).await.json(200);
    here.get("/users/me").await.json(200);
    there.get("/users/me").await.is(401, r#"{"detail":"Invalid token."}"#);
    app.log_in(&here.email, "granite-sparrow-17").await;
    let old = app.nobody.post("/auth/login", json!({ "email": here.email, "password": PASSWORD })).await;
    old.is(400, r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_change_is_validated(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    for (body, expected) in [
        (json!({ "full_name": "", "password": "" }), r#"{"password":["This field may not be blank."]}"#),
        (json!({ "full_name": null }), r#"{"full_name":["This field may not be null."]}"#),
        (
            json!({ "full_name": "f".repeat(81) }),
            r#"{"full_name":["Ensure this field has no more than 80 characters."]}"#,
        ),
        (
            json!({ "password": "asha of the test" }),
            r#"{"password":["The password is too similar to the full name."]}"#,
        ),
        (
            json!({ "password": "short" }),
            r#"{"password":["This password is too short. It must contain at least 8 characters.","This password is too common."]}"#,
        ),
    ] {
        nurse.patch("/users/me", body).await.is(400, expected);
    }
    nurse.patch("/users/me", json!({})).await.json(200);
    assert_eq!(nurse.get("/users/me").await.json(200)["full_name"], "asha of the Test");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn other_methods_are_403_for_a_nurse_405_for_staff_and_401_for_nobody(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    app.nurse()
        .await
        .delete("/users/me")
        .await
        .is(403, r#"{"detail":"You do not have permission to perform this action."}"#);
    let answer = staff.delete("/users/me").await;
    answer.is(405, r#"{"detail":"Method \"DELETE\" not allowed."}"#);
    assert_eq!(answer.header("allow"), "GET, PATCH, HEAD, OPTIONS");
    app.nobody.delete("/users/me").await.is(401, r#"{"detail":"Authentication credentials were not provided."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_name_can_be_emptied_and_given_again(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    for name in ["", "Asha", " "] {
        let changed = nurse.patch("/users/me", json!({ "full_name": name })).await.json(200);
        assert_eq!(changed["full_name"], name.trim());
    }
    assert!(app.reset_code(&nurse.email).await.len() == 6 && app.mails()[0].contains("Hello,"));
}
