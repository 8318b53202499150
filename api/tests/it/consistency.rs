//! Every write gives a token, and whoever shows it reads that write or something newer, from whichever process.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use commands::event_log::EventPosition;
use domain::AggregateType;
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Answer, NIL, PASSWORD, Person, TestApp};

const TOKEN: &str = "x-consistency-token";
const BEHIND: &str = "x-views-behind";
/// A process that waits for nothing long.
const IMPATIENT: &[&str] = &["--write-wait-ms", "200"];

impl Person {
    async fn get_with(&self, path: &str, token: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(TOKEN, token)).await
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_answer_to_a_write_has_a_token_and_no_other_answer_has_one(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let login = json!({ "email": staff.email, "password": PASSWORD });
    let project = staff.post("/projects", json!({ "title": "P", "prompt": "Use {reference}" })).await;
    let project_path = format!("/projects/{}", project.id());
    let chat = staff.post(&format!("{project_path}/chats"), json!({ "title": "C" })).await;
    let chat_path = format!("{project_path}/chats/{}", chat.id());
    let writes = [
        app.nobody.post("/auth/login", login).await,
        staff.patch(&chat_path, json!({ "title": "D" })).await,
        staff.patch("/users/me", json!({ "full_name": "M" })).await,
        staff.ask(&chat_path, "Zinc?").await,
        staff.ask_streamed(&chat_path, "Zinc?").await,
        staff.delete(&chat_path).await,
        staff.delete(&project_path).await,
        project,
        chat,
    ];
    for write in writes {
        let token = write.header(TOKEN);
        assert!(write.status < 300 && !token.is_empty(), "{} {}", write.status, write.body);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
    }
    for other in [staff.get("/projects").await, staff.get("/users/me").await, staff.post("/projects", json!({})).await]
    {
        assert_eq!(other.header(TOKEN), "", "{}", other.body);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_read_with_a_token_waits_for_the_view_and_says_so_if_it_was_in_vain(db: PgPool) {
    let (patient, impatient) = (TestApp::start(&db).await, TestApp::start_with(&db, IMPATIENT).await);
    let staff = impatient.staff().await;
    let path = format!("/projects/{}/chats", staff.project("P").await);
    let made = staff.post(&path, json!({ "title": "Before" })).await;
    let chat = format!("{path}/{}", made.id());
    let elsewhere = patient.nobody.with_token(staff.token());

    // Nothing moves the view of chats while its checkpoints are locked.
    let mut held = db.begin().await.expect("a transaction can begin");
    sqlx::query("SELECT FROM checkpoints WHERE consumer = 'chats' FOR UPDATE")
        .execute(&mut *held)
        .await
        .expect("the checkpoints can be locked");
    let renamed = staff.patch(&chat, json!({ "title": "After" })).await;
    let token = renamed.header(TOKEN);
    assert_eq!((renamed.status, renamed.header(BEHIND)), (200, "true"));
    let early = staff.get_with(&chat, token).await;
    assert_eq!((early.json(200)["title"].as_str(), early.header(BEHIND)), (Some("Before"), "true"));
    assert_eq!(staff.get(&chat).await.header(BEHIND), "", "who shows no token is told nothing");

    // The other process has five seconds.
    let (waited, ()) = futures::future::join(elsewhere.get_with(&chat, token), async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        held.commit().await.expect("the lock is given up");
    })
    .await;
    assert_eq!((waited.json(200)["title"].as_str(), waited.header(BEHIND)), (Some("After"), ""));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_token_names_and_was_not_reached_is_in_the_next_token(db: PgPool) {
    let app = TestApp::start_with(&db, IMPATIENT).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/chats", staff.project("P").await);
    let chat = format!("{path}/{}", staff.post(&path, json!({ "title": "Before" })).await.id());
    let mut held = db.begin().await.expect("a transaction can begin");
    sqlx::query("SELECT FROM checkpoints WHERE consumer = 'chats' FOR UPDATE")
        .execute(&mut *held)
        .await
        .expect("the checkpoints can be locked");
    let first = staff.patch(&chat, json!({ "title": "After" })).await;
    let request = staff.request(Method::PATCH, "/users/me").header(TOKEN, first.header(TOKEN));
    let second = staff.send(request.json(&json!({ "full_name": "M" }))).await;
    assert_eq!((second.status, second.header(BEHIND)), (200, "true"));
    assert_eq!(staff.get_with("/projects", second.header(TOKEN)).await.header(BEHIND), "true");
    held.commit().await.expect("the lock is given up");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_token_that_is_reached_is_answered_at_once_and_without_a_query_for_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let token = staff.post("/projects", json!({ "title": "P" })).await.header(TOKEN).to_owned();
    // With the tables away that would be asked.
    let mut tx = db.begin().await.expect("a transaction can begin");
    for table in ["checkpoints", "log_head"] {
        let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        sqlx::query(&lock).execute(&mut *tx).await.expect("the table can be locked");
    }
    let read = tokio::time::timeout(std::time::Duration::from_secs(3), staff.get_with("/projects", &token)).await;
    assert_eq!(read.expect("nothing is waited for").titles(), ["P"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_token_of_another_log_or_of_a_lost_future_is_refused_with_what_to_do(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    // A backup from before the write would meet it so.
    let future = EventPosition { aggregate_type: AggregateType::Project, partition: 3, position: 1_000_000 };
    let future = app.app.commands.log().consistency_token(&[future]);
    let genuine = staff.post("/projects", json!({ "title": "P" })).await.header(TOKEN).to_owned();
    let log_id: Uuid = sqlx::query_scalar("SELECT log_id FROM log_head").fetch_one(&db).await.expect("it has an id");
    let content = BASE64.decode(&genuine).expect("Base64");
    let (signature, text) = content.split_at(8);
    let text =
        String::from_utf8(text.to_vec()).expect("a text").replace(&log_id.simple().to_string(), &NIL.replace('-', ""));
    let foreign = BASE64.encode([signature, text.as_bytes()].concat());
    for (token, reason) in [(future, "is ahead of the log"), (foreign, "is of another log")] {
        let answer = staff.get_with("/projects", &token).await;
        let detail = answer.json(412)["detail"].as_str().expect("it says why").to_owned();
        assert!(detail.contains(reason) && detail.contains("without the header"), "{detail}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_text_that_is_no_token_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let token = staff.post("/projects", json!({ "title": "P" })).await.header(TOKEN).to_owned();
    let (first, rest) = token.split_at(1);
    let tampered = format!("{}{rest}", if first == "A" { "B" } else { "A" });
    for text in ["", "zinc", "????", &tampered, &token[..token.len() - 4], &"A".repeat(5_000)] {
        let answer = staff.get_with("/projects", text).await;
        assert!(answer.json(400)["detail"].as_str().is_some_and(|detail| detail.contains("X-Consistency-Token")));
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn pages_of_other_origins_may_send_and_read_the_token(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let request = staff.request(Method::POST, "/projects").header("origin", "https://ward.example");
    let answer = staff.send(request.json(&json!({ "title": "P" }))).await;
    let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
    assert!([TOKEN, BEHIND].iter().all(|name| exposed.split(", ").any(|exposed| exposed == *name)), "{exposed}");
}
