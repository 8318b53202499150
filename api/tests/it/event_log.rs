//! What every write leaves in the log.

use serde_json::{Value, json};
use sqlx::{PgPool, Row};

use crate::support::{Answer, PASSWORD, TestApp, multipart};

/// Types and metadata of the events that a request has made, in their order.
async fn events_of(db: &PgPool, answer: &Answer) -> Vec<(String, Value)> {
    let id = answer.header("x-request-id");
    assert!(!id.is_empty());
    sqlx::query(
        "SELECT aggregate_type || '.' || event_type AS name, metadata FROM events
         WHERE metadata->>'correlation_id' = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(db)
    .await
    .expect("the log can be read")
    .iter()
    .map(|row| (row.get("name"), row.get("metadata")))
    .collect()
}

async fn names_of(db: &PgPool, answer: &Answer) -> Vec<String> {
    events_of(db, answer).await.into_iter().map(|(name, _)| name).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_write_is_an_event_with_the_requests_id(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, nobody) = (app.staff().await, &app.nobody);
    let asha = json!({ "username": "asha", "full_name": "Asha", "email": "asha@example.com", "password": PASSWORD, "recaptcha": "x" });
    let answer = nobody.post("/auth/register", asha).await;
    assert_eq!(names_of(&db, &answer).await, ["user.Registered"]);
    let answer = nobody.post("/auth/login", json!({ "email": "asha@example.com", "password": PASSWORD })).await;
    assert_eq!(names_of(&db, &answer).await, ["user.SessionStarted"]);
    let nurse = nobody.with_token(answer.json(200)["token"].as_str().expect("a token"));
    let answer = nurse.patch("/users/me", json!({ "full_name": "A", "password": "granite-sparrow-17" })).await;
    assert_eq!(names_of(&db, &answer).await, ["user.FullNameChanged", "user.PasswordChanged"]);
    let answer = staff.post("/projects", json!({ "title": "P", "is_default": true, "open_ai_key": "k" })).await;
    let created = ["project.Created", "project.MadeDefault", "project.ProviderKeyChanged"];
    assert_eq!(names_of(&db, &answer).await, created);
    let project = format!("/projects/{}", answer.id());
    let answer = staff.patch(&project, json!({ "title": "Q", "archived": true, "is_default": false })).await;
    let changed = ["project.TitleChanged", "project.Archived", "project.NoLongerDefault"];
    assert_eq!(names_of(&db, &answer).await, changed);
    let answer = staff.patch(&project, json!({ "archived": false })).await;
    assert_eq!(names_of(&db, &answer).await, ["project.Unarchived"]);
    let answer = staff.patch(&project, json!({ "title": "Q" })).await;
    assert!(names_of(&db, &answer).await.is_empty(), "nothing changed");
    let answer = nurse.post(&format!("{project}/chats"), json!({ "title": "T" })).await;
    assert_eq!(names_of(&db, &answer).await, ["chat.Started"]);
    let chat = format!("{project}/chats/{}", answer.id());
    let answer = nurse.patch(&chat, json!({ "title": "U" })).await;
    assert_eq!(names_of(&db, &answer).await, ["chat.Retitled"]);
    let answer = nurse.ask(&chat, "Zinc?").await;
    let asked = ["chat.QuestionAsked", "chat.Retitled", "chat.PassagesRetrieved", "chat.AnswerCompleted"];
    assert_eq!(names_of(&db, &answer).await, asked);
    let answer = nurse.delete(&chat).await;
    assert_eq!(names_of(&db, &answer).await, ["chat.Deleted"]);
    let answer = staff.delete(&project).await;
    assert_eq!(names_of(&db, &answer).await, ["project.Deleted"]);
    let answer = nurse.delete("/auth/logout").await;
    assert_eq!(names_of(&db, &answer).await, ["user.SessionEnded"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_documents_events_are_of_its_author_and_of_the_system_under_one_id(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let added = staff.post_form(&path, multipart(&[("title", "T"), ("text_content", "Zinc for fourteen days.")])).await;
    let document = format!("{path}/{}", added.id());
    staff.embedded(&document).await;
    let events = events_of(&db, &added).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["document.Added", "document.Embedded"]);
    assert!(events[0].1["actor"].to_string().contains(&staff.id.to_string()), "{}", events[0].1);
    assert!(events[1].1["actor"].to_string().contains("embedding"), "{}", events[1].1);
    assert_eq!(events[1].1["causation_id"], events[0].1["event_id"]);
    let changed = staff.patch_form(&document, multipart(&[("title", "U"), ("description", "d")])).await;
    assert_eq!(names_of(&db, &changed).await, ["document.TitleChanged", "document.DescriptionChanged"]);
    let deleted = staff.delete(&document).await;
    assert_eq!(names_of(&db, &deleted).await, ["document.Deleted"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_metadata_says_who_and_in_which_trace_and_keeps_address_and_client_secret(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = staff.request(reqwest::Method::POST, "/projects").header("traceparent", trace);
    let answer = staff.send(request.header("user-agent", "ward-tablet/7").json(&json!({ "title": "P" }))).await;
    let (_, metadata) = events_of(&db, &answer).await.remove(0);
    assert_eq!(metadata["actor"], format!("user:{}", staff.id));
    assert_eq!(metadata["traceparent"], trace);
    let text = metadata.to_string();
    assert!(!text.contains("ward-tablet") && !text.contains("127.0.0.1"), "{text}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_personal_text_is_in_clear_in_the_log_or_beside_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let nurse = app.nurse().await;
    nurse.patch("/users/me", json!({ "full_name": "Asha Kunjumol" })).await.json(200);
    let chat = nurse.chat(&staff.project("P").await).await;
    nurse.patch(&chat, json!({ "title": "My rare secret disease" })).await.json(200);
    let body = [("text", "Is leptospirosis dangerous?"), ("noonce", "1790000000000.77"), ("stream", "false")];
    nurse.post_form(&format!("{chat}/converse"), multipart(&body)).await.json(200);
    let log: Vec<String> = sqlx::query_scalar(
        "SELECT row_to_json(e)::text FROM events e UNION ALL SELECT row_to_json(j)::text FROM jobs j
         UNION ALL SELECT row_to_json(r)::text FROM reservations r UNION ALL SELECT row_to_json(i)::text FROM idempotency_keys i",
    )
    .fetch_all(&db)
    .await
    .expect("the log can be read");
    let log = log.concat();
    assert!(log.contains("QuestionAsked"));
    // Whoever looks for four letters alone finds them in a ciphertext one day: these have what base64 has not, or are longer.
    for personal in
        ["\"asha", "asha@", "Kunjumol", "example.com", "secret disease", "leptospirosis", "1790000000000.77"]
    {
        assert!(!log.to_lowercase().contains(&personal.to_lowercase()), "{personal}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_log_has_no_hole_after_many_writes_at_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let writers = (0..20).map(|_| staff.chat(&project));
    futures::future::join_all(writers).await;
    let (count, last): (i64, i64) =
        sqlx::query_as("SELECT count(*), max(position) FROM events").fetch_one(&db).await.expect("the log can be read");
    assert_eq!(count, last);
}
