//! E-mail addresses that administrators change: who gets to know, and who gets the codes for a new password.

use domain::user::Roles;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{PASSWORD, Person, TestApp, eventually};

const NEW: &str = "granite-sparrow-17";

/// When all mails are sent: those to this address, oldest first.
async fn mails_to(app: &TestApp, address: &str) -> Vec<String> {
    let mails = eventually("all mails are sent", async || {
        let jobs = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jobs").fetch_one(&app.db).await;
        (jobs.expect("readable") == 0).then(|| app.mails())
    })
    .await;
    let to = format!("To: {address}");
    let mails = mails.into_iter().filter(|mail| mail.lines().any(|line| line == to));
    // Long lines are cut on their way.
    mails.map(|mail| mail.replace("=\r\n", "")).collect()
}

/// The codes that were mailed to an address, oldest first.
async fn codes_to(app: &TestApp, address: &str) -> Vec<String> {
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    let mails = mails_to(app, address).await;
    let codes = mails
        .iter()
        .filter_map(|mail| mail.lines().filter_map(|line| line.strip_prefix("    ")).map(str::trim).find(is_code));
    codes.map(str::to_owned).collect()
}

async fn forget(app: &TestApp, address: &str) {
    app.nobody.post("/auth/forgot", json!({ "email": address })).await.is(200, "");
}

async fn give(by: &Person, username: &str, email: &str) {
    by.patch(&format!("/users/{username}"), json!({ "email": email })).await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn staff_who_change_an_address_do_not_get_at_the_account_and_its_owner_does(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, nurse) = (app.staff().await, app.nurse().await);
    let chat = nurse.chat(&staff.project("P").await).await;
    give(&staff, "asha", "mine@example.com").await;
    nurse.get(&chat).await.is(401, r#"{"detail":"Invalid token."}"#);
    let notice = mails_to(&app, "asha@example.com").await;
    assert!(
        notice.len() == 1 && notice[0].contains("mine@example.com") && notice[0].contains("24 hours"),
        "{notice:?}"
    );

    forget(&app, "mine@example.com").await;
    let codes = codes_to(&app, "asha@example.com").await;
    assert_eq!((codes.len(), mails_to(&app, "mine@example.com").await.len()), (1, 0));
    let body = json!({ "email": "mine@example.com", "token": codes[0], "password": NEW });
    app.nobody.post("/auth/reset", body).await.is(202, "");
    let nurse = nurse.with_token(&app.log_in("mine@example.com", NEW).await);
    nurse.get(&chat).await.json(200);
    let told: Option<String> =
        sqlx::query_scalar("SELECT metadata ->> 'actor' FROM events WHERE event_type = 'EmailChanged'")
            .fetch_one(&db)
            .await
            .expect("readable");
    assert_eq!(told, Some(format!("user:{}", staff.id)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_second_change_does_not_send_the_codes_to_an_address_of_the_first(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    app.nurse().await;
    give(&staff, "asha", "mine@example.com").await;
    give(&staff, "asha", "mine-too@example.com").await;
    forget(&app, "mine-too@example.com").await;
    for (address, codes) in [("asha@example.com", 1), ("mine@example.com", 0), ("mine-too@example.com", 0)] {
        assert_eq!(codes_to(&app, address).await.len(), codes, "{address}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn codes_go_to_the_new_address_when_its_time_has_come_or_a_superuser_has_given_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root) = (app.staff().await, app.root().await);
    app.nurse().await;
    give(&staff, "asha", "new@example.com").await;
    sqlx::query("UPDATE former_addresses SET until = now()").execute(&db).await.expect("written");
    forget(&app, "new@example.com").await;
    assert_eq!(codes_to(&app, "new@example.com").await.len(), 1);
    // Trusted by now: it gets the codes of the next one.
    give(&staff, "asha", "newer@example.com").await;
    forget(&app, "newer@example.com").await;
    assert_eq!(codes_to(&app, "new@example.com").await.len(), 2);
    give(&root, "asha", "newest@example.com").await;
    forget(&app, "newest@example.com").await;
    assert_eq!(codes_to(&app, "newest@example.com").await.len(), 1);
    assert_eq!(codes_to(&app, "newer@example.com").await, [""; 0]);
    let notices = mails_to(&app, "newer@example.com").await;
    assert!(notices.len() == 1 && !notices[0].contains("hours"), "{notices:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_a_delay_the_new_address_gets_the_codes_at_once(db: PgPool) {
    let app = TestApp::start_with(&db, &["--email-change-hours", "0"]).await;
    let staff = app.staff().await;
    app.nurse().await;
    give(&staff, "asha", "new@example.com").await;
    forget(&app, "new@example.com").await;
    assert_eq!(codes_to(&app, "new@example.com").await.len(), 1);
    assert_eq!(mails_to(&app, "asha@example.com").await.len(), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whoever_changes_the_own_address_stays_logged_in_here_and_nowhere_else(db: PgPool) {
    let app = TestApp::start(&db).await;
    let here = app.staff().await;
    let there = here.with_token(&app.log_in(&here.email, PASSWORD).await);
    give(&here, "meera", "meera.k@example.com").await;
    here.get("/users/me").await.json(200);
    there.get("/users/me").await.is(401, r#"{"detail":"Invalid token."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn neither_old_nor_new_address_is_left_of_somebody_who_is_erased_or_deleted(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, root) = (app.staff().await, app.root().await);
    for (name, erases) in [("zebrafinch", true), ("okapi", false)] {
        app.person(name, Roles::default()).await;
        give(&staff, name, &format!("{name}.new@example.com")).await;
        let former = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM former_addresses");
        assert_eq!(former.fetch_one(&db).await.ok(), Some(1));
        assert!(!app.whole_database().await.contains(&hex::encode(name)));
        if erases {
            root.post(&format!("/users/{name}/erase"), json!({})).await.is(204, "");
        } else {
            root.delete(&format!("/users/{name}")).await.is(204, "");
        }
        let former = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM former_addresses");
        assert_eq!(former.fetch_one(&db).await.ok(), Some(0));
    }
}
