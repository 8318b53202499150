//! Documents that are pages on the web.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgPool;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use crate::support::{Person, TestApp, eventually, multipart};

async fn serve(server: &MockServer, place: &str, answer: ResponseTemplate) {
    Mock::given(method("GET")).and(path(place)).respond_with(answer).mount(server).await;
}

/// The document of this address when the work on it has ended.
async fn added(staff: &Person, project: &str, address: &str) -> Value {
    let path = format!("/projects/{project}/documents");
    let body = multipart(&[("title", "A page"), ("document_type", "2"), ("text_content", address)]);
    let created = staff.post_form(&path, body).await;
    assert_eq!(created.json(201)["text_content"], address);
    staff.embedded(&format!("{path}/{}", created.id())).await
}

fn reason(document: &Value) -> &str {
    assert_eq!((&document["uploading"], &document["failed"]), (&Value::Bool(false), &Value::Bool(true)), "{document}");
    document["failure_reason"].as_str().expect("a failure has a reason")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_is_fetched_and_answers_refer_to_it(db: PgPool) {
    let server = MockServer::builder().start().await;
    let page = "<html><body><h1>Zinc</h1><p>Zinc is given for <b>fourteen</b> days.</p></body></html>";
    serve(&server, "/zinc", ResponseTemplate::new(200).set_body_raw(page, "text/html; charset=utf-8")).await;
    serve(&server, "/moved", ResponseTemplate::new(301).insert_header("location", "/zinc")).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", &server.address().to_string()]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = added(&staff, &project, &format!("{}/moved", server.uri())).await;
    assert_eq!(document["failed"], false, "{document}");
    let answer = staff.ask(&staff.chat(&project).await, "How long is zinc given?").await.json(200);
    assert_eq!(answer["reference_documents"][0]["title"], "A page");
    assert!(answer["message"].as_str().is_some_and(|text| text.contains("fourteen days")), "{answer}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_not_on_the_public_internet_is_not_fetched(db: PgPool) {
    let server = MockServer::builder().start().await;
    serve(&server, "/", ResponseTemplate::new(200).set_body_raw("secret", "text/plain")).await;
    let port = server.address().port();
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        let document = added(&staff, &project, &format!("http://{host}:{port}/")).await;
        assert_eq!(reason(&document), "the address may not be fetched", "{host}");
    }
    let document = added(&staff, &project, "http://169.254.169.254/latest/meta-data/").await;
    assert_eq!(reason(&document), "the address may not be fetched");
    assert!(server.received_requests().await.is_some_and(|requests| requests.is_empty()));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_redirect_does_not_lead_to_what_is_forbidden(db: PgPool) {
    let (open, secret) = (MockServer::builder().start().await, MockServer::builder().start().await);
    serve(&secret, "/", ResponseTemplate::new(200).set_body_raw("secret", "text/plain")).await;
    serve(&open, "/", ResponseTemplate::new(302).insert_header("location", secret.uri().as_str())).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", &open.address().to_string()]).await;
    let staff = app.staff().await;
    let document = added(&staff, &staff.project("P").await, &open.uri()).await;
    assert_eq!(reason(&document), "the address may not be fetched");
    assert!(secret.received_requests().await.is_some_and(|requests| requests.is_empty()));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_that_gives_no_text_says_why(db: PgPool) {
    let server = MockServer::builder().start().await;
    let large = vec![b'a'; 21 * 1_048_576];
    serve(&server, "/pdf", ResponseTemplate::new(200).set_body_raw("%PDF-1.7", "application/pdf")).await;
    serve(&server, "/large", ResponseTemplate::new(200).set_body_raw(large, "text/plain")).await;
    serve(&server, "/blank", ResponseTemplate::new(200).set_body_raw("<p> </p>", "text/html")).await;
    serve(&server, "/loop", ResponseTemplate::new(302).insert_header("location", "/loop")).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.0/8"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for (address, expected) in [
        (format!("{}/pdf", server.uri()), "the file is damaged"),
        (format!("{}/large", server.uri()), "the page is too large"),
        (format!("{}/blank", server.uri()), "no text found"),
        (format!("{}/loop", server.uri()), "the server refuses the page"),
        (format!("{}/missing", server.uri()), "the server refuses the page"),
        ("not an address".to_owned(), "the address is no http or https URL"),
        ("file:///etc/passwd".to_owned(), "the address is no http or https URL"),
        ("http://127.0.0.1:1/".to_owned(), "the page cannot be reached"),
    ] {
        assert_eq!(reason(&added(&staff, &project, &address).await), expected, "{address}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_server_that_is_away_for_a_moment_is_asked_again(db: PgPool) {
    let server = MockServer::builder().start().await;
    Mock::given(path("/")).respond_with(ResponseTemplate::new(503)).up_to_n_times(1).mount(&server).await;
    serve(&server, "/", ResponseTemplate::new(200).set_body_raw("Zinc is given.", "text/plain")).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.1"]).await;
    let staff = app.staff().await;
    let document = added(&staff, &staff.project("P").await, &server.uri()).await;
    assert_eq!(document["failed"], false, "{document}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_that_is_deleted_while_its_page_is_fetched_leaves_nothing_behind(db: PgPool) {
    let server = MockServer::builder().start().await;
    let slow = ResponseTemplate::new(200).set_body_raw("Zinc is given.", "text/plain");
    serve(&server, "/", slow.set_delay(Duration::from_millis(500))).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.1"]).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let body = multipart(&[("title", "x"), ("document_type", "2"), ("text_content", &server.uri())]);
    let id = staff.post_form(&path, body).await.id();
    eventually("it is fetched", async || server.received_requests().await.filter(|requests| !requests.is_empty()))
        .await;
    staff.delete(&format!("{path}/{id}")).await.is(204, "");
    eventually("nothing is left", async || {
        let left: i64 = sqlx::query_scalar("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM chunks)")
            .fetch_one(&db)
            .await
            .expect("the tables can be read");
        (left == 0).then_some(())
    })
    .await;
}

/// A day passes for the jobs that look after pages.
async fn let_a_day_pass(db: &PgPool) {
    let due = sqlx::query(
        "UPDATE jobs SET run_at = now() WHERE kind = 'revisit_page' AND run_at > now() + interval '23 hours'",
    );
    assert_eq!(due.execute(db).await.expect("there are jobs").rows_affected(), 1, "one job looks after the page");
}

/// The page was looked at, and is left alone for another day.
async fn is_visited(db: &PgPool) {
    eventually("the page is visited", async || {
        let later = "SELECT count(*) FROM jobs WHERE kind = 'revisit_page' AND run_at > now() + interval '23 hours'";
        let jobs: i64 = sqlx::query_scalar(later).fetch_one(db).await.expect("the table can be read");
        (jobs == 1).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_that_says_something_else_a_day_later_makes_a_new_version(db: PgPool) {
    let server = MockServer::builder().start().await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.1"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let text = |text: &str| ResponseTemplate::new(200).set_body_raw(text.to_owned(), "text/plain");
    serve(&server, "/", text("Zinc is given for ten days.")).await;
    let document = added(&staff, &project, &server.uri()).await;
    let path = format!("/projects/{project}/documents/{}", document["external_id"].as_str().expect("it has an id"));
    let a_day_later = async || {
        let_a_day_pass(&db).await;
        is_visited(&db).await;
        // From the log: the view comes after it.
        let versions = sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'VersionAdded'");
        let versions: i64 = versions.fetch_one(&db).await.expect("the log can be read");
        versions
    };
    assert_eq!(a_day_later().await, 0, "it says the same");

    for unreadable in [ResponseTemplate::new(500), text(" ")] {
        server.reset().await;
        serve(&server, "/", unreadable).await;
        assert_eq!(a_day_later().await, 0, "it cannot be read");
    }

    server.reset().await;
    serve(&server, "/", text("Zinc is given for fourteen days.")).await;
    assert_eq!(a_day_later().await, 1);
    eventually("the new version is retrieved", async || {
        let document = staff.get(&path).await.json(200);
        (document["indexed_version"] == 2).then_some(())
    })
    .await;
    let answer = staff.ask(&staff.chat(&project).await, "How long is zinc given?").await.json(200);
    assert!(answer["message"].as_str().is_some_and(|text| text.contains("fourteen days")), "{answer}");

    assert_eq!(a_day_later().await, 1, "it says the same again");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn pages_of_an_older_installation_are_looked_after(db: PgPool) {
    let server = MockServer::builder().start().await;
    serve(&server, "/", ResponseTemplate::new(200).set_body_raw("Zinc is given.", "text/plain")).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.1"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.text_document(&project, "No page", "Zinc is given.").await;
    let gone = added(&staff, &project, &server.uri()).await;
    staff.delete(&format!("/projects/{project}/documents/{}", gone["external_id"].as_str().expect("an id"))).await;
    eventually("its deletion is seen", async || {
        let deleted = sqlx::query_scalar("SELECT count(*) FROM views.documents WHERE is_deleted").fetch_one(&db).await;
        let deleted: i64 = deleted.expect("the view can be read");
        (deleted == 1).then_some(())
    })
    .await;
    let page = added(&staff, &project, &server.uri()).await;
    let visits = "SELECT subject_id::text FROM jobs WHERE kind = 'revisit_page' AND run_at < now() + interval '1 day'";
    sqlx::query("DELETE FROM jobs WHERE kind = 'revisit_page'").execute(&db).await.expect("the table can be written");
    for _ in ["once", "again"] {
        let migration = include_str!("../../../migrations/0020_revisit_pages.sql");
        sqlx::raw_sql(migration).execute(&db).await.expect("the migration runs");
        let looked_after: Vec<String> = sqlx::query_scalar(visits).fetch_all(&db).await.expect("jobs can be read");
        assert_eq!(looked_after, [page["external_id"].as_str().expect("an id")]);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn pages_are_left_alone_if_that_is_wished(db: PgPool) {
    let server = MockServer::builder().start().await;
    serve(&server, "/", ResponseTemplate::new(200).set_body_raw("Zinc is given.", "text/plain")).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.1", "--revisit-pages", "false"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    added(&staff, &project, &server.uri()).await;
    let_a_day_pass(&db).await;
    // Workers have looked for what is due since: a later job is done.
    serve(&server, "/later", ResponseTemplate::new(200).set_body_raw("Salt, too.", "text/plain")).await;
    added(&staff, &project, &format!("{}/later", server.uri())).await;
    let untouched = "SELECT count(*) FROM jobs WHERE kind = 'revisit_page' AND run_at < now() AND attempts = 0";
    let jobs: i64 = sqlx::query_scalar(untouched).fetch_one(&db).await.expect("the table can be read");
    assert_eq!((jobs, server.received_requests().await.map(|requests| requests.len())), (1, Some(2)));
}
