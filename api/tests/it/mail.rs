//! Mail through a real mail server, in a process of its own.

use std::process::Stdio;

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Duration, timeout},
};

use crate::support::{TestApp, eventually};

struct MailServer {
    port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl MailServer {
    /// One that takes mail from this user only, if there is one.
    async fn start(user: &[&str]) -> Self {
        let python = std::env::var_os("TEST_PYTHON").expect("TEST_PYTHON is set by `make test`");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/python/smtp_server.py");
        let mut command = Command::new(python);
        command.arg(script).args(user).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("the mail server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let port = lines.next_line().await.expect("readable").expect("the server names its port");
        Self { port: port.parse().expect("a port"), lines, _process: process }
    }

    async fn next(&mut self) -> Value {
        let line = timeout(Duration::from_secs(20), self.lines.next_line()).await.expect("a mail comes");
        serde_json::from_str(&line.expect("readable").expect("the server goes on")).expect("a mail is JSON")
    }

    async fn nothing_comes(&mut self) {
        assert!(timeout(Duration::from_secs(2), self.lines.next_line()).await.is_err());
    }
}

async fn app_with(db: &PgPool, smtp_url: &str) -> TestApp {
    let arguments = [
        "--smtp-url",
        smtp_url,
        "--mail-from",
        "Ayushma <ayushma@hospital.example>",
        "--frontend-url",
        "https://ayushma.example.org/",
    ];
    TestApp::start_with(db, &arguments).await
}

async fn forget(app: &TestApp, email: &str) {
    app.nobody.post("/auth/forgot", json!({ "email": email })).await.is(200, "");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_mail_server_gets_the_mail_in_both_forms_from_the_user_it_knows(db: PgPool) {
    let mut server = MailServer::start(&["ayushma", "s3cret/+"]).await;
    let app = app_with(&db, &format!("smtp://ayushma:s3cret%2F%2B@127.0.0.1:{}", server.port)).await;
    let nurse = app.nurse().await;
    forget(&app, &nurse.email).await;
    let mail = server.next().await;
    assert_eq!(
        (&mail["from"], &mail["to"], &mail["authenticated"]),
        (&json!("ayushma@hospital.example"), &json!(["asha@example.com"]), &json!(true))
    );
    let content = mail["content"].as_str().expect("a mail is text").replace("=\r\n", "");
    for part in [
        "From: Ayushma <ayushma@hospital.example>",
        "To: asha@example.com",
        "Subject: ",
        "Message-ID: ",
        "Date: ",
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "Hello asha of the Test,",
        "https://ayushma.example.org/reset-password?token",
    ] {
        assert!(content.contains(part), "{part} is missing in:\n{content}");
    }
    assert!(app.mails().is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_server_without_tls_gets_nothing_where_tls_is_required(db: PgPool) {
    let mut server = MailServer::start(&[]).await;
    let app = app_with(&db, &format!("smtp://127.0.0.1:{}?tls=required", server.port)).await;
    let nurse = app.nurse().await;
    forget(&app, &nurse.email).await;
    let error: String = eventually("the attempt fails", async || {
        sqlx::query_scalar("SELECT last_error FROM jobs WHERE last_error IS NOT NULL")
            .fetch_optional(&db)
            .await
            .expect("readable")
    })
    .await;
    assert!(error.contains("mail cannot be sent"), "{error}");
    server.nothing_comes().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_mailbox_that_is_not_there_ends_the_job(db: PgPool) {
    let mut server = MailServer::start(&[]).await;
    let app = app_with(&db, &format!("smtp://127.0.0.1:{}", server.port)).await;
    app.person("nobody", domain::user::Roles::default()).await;
    forget(&app, "nobody@example.com").await;
    eventually("the job ends", async || {
        let (jobs, codes): (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM reset_codes)")
                .fetch_one(&db)
                .await
                .expect("readable");
        (jobs == 0 && codes == 1).then_some(())
    })
    .await;
    server.nothing_comes().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_server_says_of_an_address_is_not_kept(db: PgPool) {
    let server = MailServer::start(&[]).await;
    let app = app_with(&db, &format!("smtp://127.0.0.1:{}", server.port)).await;
    app.person("busy", domain::user::Roles::default()).await;
    forget(&app, "busy@example.com").await;
    let error: String = eventually("the attempt fails", async || {
        sqlx::query_scalar("SELECT last_error FROM jobs WHERE last_error IS NOT NULL")
            .fetch_optional(&db)
            .await
            .expect("readable")
    })
    .await;
    assert!(error.contains("answered 451") && !error.contains("busy"), "{error}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_mail_waits_until_the_server_is_back(db: PgPool) {
    let away = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("smtp://{}", away.local_addr().expect("it listens"));
    drop(away);
    let first = app_with(&db, &url).await;
    let nurse = first.nurse().await;
    forget(&first, &nurse.email).await;
    eventually("the attempt fails", async || {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jobs WHERE last_error IS NOT NULL")
            .fetch_one(&db)
            .await
            .ok()
            .filter(|count| *count == 1)
    })
    .await;
    drop(first);
    let mut server = MailServer::start(&[]).await;
    let _second = app_with(&db, &format!("smtp://127.0.0.1:{}", server.port)).await;
    assert_eq!(server.next().await["to"], json!(["asha@example.com"]));
    let recorded = sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'PasswordResetRequested'");
    assert_eq!(recorded.fetch_one(&db).await.ok(), Some(1_i64), "however many attempts it took");
}
