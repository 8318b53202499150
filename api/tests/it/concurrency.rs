//! The same thing done twice at once: one clear winner, and never a server error.

use domain::user::Roles;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, PASSWORD, TestApp, multipart};

/// The statuses, sorted.
fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

fn total(page: &Answer) -> u64 {
    page.json(200)["count"].as_u64().expect("a page has a count")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_many_registrations_of_one_address_one_succeeds(db: PgPool) {
    let app = TestApp::start(&db).await;
    let register = |number: u32| {
        let email = if number.is_multiple_of(2) { "asha@example.com" } else { "ASHA@example.com" };
        let body = json!({ "username": format!("asha{number}"), "full_name": "A", "email": email, "password": PASSWORD, "recaptcha": "x" });
        app.nobody.post("/auth/register", body)
    };
    let answers = join_all([0, 1, 2, 3].map(register)).await;
    assert_eq!(statuses(&answers), [201, 400, 400, 400]);
    for answer in answers.iter().filter(|answer| answer.status == 400) {
        answer.is(400, r#"{"email":["user with this email address already exists."]}"#);
    }
    app.log_in("asha@example.com", PASSWORD).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_two_registrations_of_one_username_one_succeeds(db: PgPool) {
    let app = TestApp::start(&db).await;
    let register = |host: &'static str| {
        let body = json!({ "username": "asha", "full_name": "A", "email": format!("asha@{host}"), "password": PASSWORD, "recaptcha": "x" });
        app.nobody.post("/auth/register", body)
    };
    let answers = join_all(["one.example", "two.example"].map(register)).await;
    assert_eq!(statuses(&answers), [201, 400]);
    let loser = answers.iter().find(|answer| answer.status == 400).expect("one of two");
    loser.is(400, r#"{"username":["A user with that username already exists."]}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn logins_at_once_all_succeed_with_tokens_of_their_own(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let mut tokens = join_all([(); 4].map(|()| app.log_in(&nurse.email, PASSWORD))).await;
    for token in &tokens {
        nurse.with_token(token).get("/users/me").await.json(200);
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_renames_at_once_both_succeed_and_one_of_them_stays(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = format!("/projects/{}", staff.project("P").await);
    let chat = staff.chat(project.trim_start_matches("/projects/")).await;
    for path in [project, chat] {
        let answers = join_all(["Left", "Right"].map(|title| staff.patch(&path, json!({ "title": title })))).await;
        assert_eq!(statuses(&answers), [200, 200]);
        let title = staff.get(&path).await.json(200)["title"].clone();
        assert!(title == "Left" || title == "Right", "{title}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn many_defaults_at_once_leave_one(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let make = |number: u32| staff.post("/projects", json!({ "title": format!("P{number}"), "is_default": true }));
    assert_eq!(statuses(&join_all([0, 1, 2, 3, 4, 5].map(make)).await), [201; 6]);
    let page = staff.get("/projects").await.json(200);
    let results = page["results"].as_array().expect("a page has results");
    assert_eq!(results.iter().filter(|project| project["is_default"] == true).count(), 1, "{page}");
    assert_eq!(total(&app.nurse().await.get("/projects").await), 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_noonce_sent_twice_at_once_is_answered_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let converse = format!("{chat}/converse");
    let ask = || {
        let body = multipart(&[("text", "Zinc?"), ("stream", "false"), ("noonce", "1790000000000.5")]);
        nurse.post_form(&converse, body)
    };
    let answers = join_all([(); 3].map(|()| ask())).await;
    assert_eq!(statuses(&answers), [200, 400, 400]);
    for answer in answers.iter().filter(|answer| answer.status == 400) {
        answer.is(400, r#"{"error":"This noonce has already been used"}"#);
    }
    assert_eq!(nurse.get(&chat).await.json(200)["chats"].as_array().map(Vec::len), Some(2));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn questions_at_once_in_one_chat_are_all_answered(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let answers = join_all(["Zinc?", "Iron?", "Salt?"].map(|question| nurse.ask(&chat, question))).await;
    assert_eq!(statuses(&answers), [200; 3]);
    let detail = nurse.get(&chat).await.json(200);
    let messages = detail["chats"].as_array().expect("a chat has messages");
    let of = |kind: u64| messages.iter().filter(|message| message["messageType"] == kind).count();
    assert_eq!((of(1), of(3)), (3, 3), "{detail}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_deleted_twice_at_once_is_deleted_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let answers = join_all([(); 2].map(|()| nurse.delete(&chat))).await;
    assert_eq!(statuses(&answers), [204, 404]);
    assert_eq!(nurse.get(&chat).await.status, 404);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_renamed_and_deleted_at_once_is_gone(db: PgPool) {
    let app = TestApp::start(&db).await;
    let project = app.staff().await.project("P").await;
    let nurse = app.nurse().await;
    let chat = nurse.chat(&project).await;
    let (renamed, deleted) = tokio::join!(nurse.patch(&chat, json!({ "title": "Back" })), nurse.delete(&chat));
    assert_eq!(deleted.status, 204);
    assert!([200, 404].contains(&renamed.status), "{}", renamed.body);
    assert_eq!(nurse.get(&chat).await.status, 404);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_logouts_at_once_end_the_session(db: PgPool) {
    let app = TestApp::start(&db).await;
    let nurse = app.nurse().await;
    let answers = join_all([(); 2].map(|()| nurse.delete("/auth/logout"))).await;
    assert!(answers.iter().any(|answer| answer.status == 204));
    assert!(answers.iter().all(|answer| [204, 401].contains(&answer.status)), "{:?}", statuses(&answers));
    assert_eq!(nurse.get("/users/me").await.status, 401);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn projects_made_at_once_are_all_there(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let titles: Vec<String> = (0..30).map(|number| format!("P{number}")).collect();
    let answers = join_all(titles.iter().map(|title| staff.post("/projects", json!({ "title": title })))).await;
    assert_eq!(statuses(&answers), [201; 30]);
    let mut found = staff.get("/projects?limit=30").await.titles();
    found.sort_unstable();
    let mut wanted = titles.clone();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

/// The front end's Delete button also submits the form around it.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_user_changed_and_deleted_at_once_is_gone(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for round in 0..5 {
        let user = app.person(&format!("asha{round}"), Roles::default()).await;
        let path = format!("/users/asha{round}");
        let whole: Value = staff.get(&path).await.json(200);
        let (changed, deleted) = tokio::join!(staff.patch(&path, whole), staff.delete(&path));
        assert_eq!(deleted.status, 204, "{}", deleted.body);
        assert!([200, 404].contains(&changed.status), "{}", changed.body);
        assert_eq!(staff.get(&path).await.status, 404);
        assert_eq!(user.get("/users/me").await.status, 401);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn thirty_questions_at_once_are_all_in_the_suite(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let suite = staff.post("/tests/suites", json!({ "name": "S", "temperature": 0.1, "topk": 10 })).await.id();
    let path = format!("/tests/suites/{suite}/questions");
    let add = |number: u32| staff.post(&path, json!({ "question": format!("q{number}"), "human_answer": "a" }));
    assert_eq!(statuses(&join_all((0..30).map(add)).await), [201; 30]);
    assert_eq!(total(&staff.get(&path).await), 30);
}
