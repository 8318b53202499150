//! New content of a document, its way into the index, and the way out of it.

use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::support::{Person, TestApp, eventually, multipart};

const NOT_WAITING: &str =
    "The request cannot be fulfilled: the version of the document does not wait for an embedding.";
const NOT_FAILED: &str = "The request cannot be fulfilled: the embedding of the document has not failed.";

async fn answers(person: &Person, project: &str, question: &str) -> String {
    let answer = person.ask(&person.chat(project).await, question).await.json(200);
    answer["message"].as_str().expect("a text").to_owned()
}

fn refusal() -> ResponseTemplate {
    let error = json!({ "error": { "message": "no", "type": "invalid_request_error", "param": null, "code": null } });
    ResponseTemplate::new(400).set_body_json(error)
}

/// An embedding server that refuses; the arguments by which it is used.
async fn refusing_embedder() -> (MockServer, Vec<String>) {
    let server = MockServer::builder().start().await;
    Mock::given(path("/embeddings")).respond_with(refusal()).mount(&server).await;
    let arguments = ["--openai-base-url".to_owned(), server.uri(), "--openai-api-key".to_owned(), "k".to_owned()];
    (server, [arguments.to_vec(), vec!["--openai-embedding-model".to_owned(), "m".to_owned()]].concat())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn new_content_takes_the_place_of_the_old_when_it_is_complete(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let body = multipart(&[("text_content", "Zinc is given for ten days.")]);
    let added = staff.post_form(&format!("{document}/versions"), body).await.json(201);
    assert_eq!((&added["version"], &added["indexed_version"]), (&json!(2), &json!(1)));
    let done = staff.embedded(&document).await;
    assert_eq!((&done["version"], &done["indexed_version"], &done["state"]), (&json!(2), &json!(2), &json!("indexed")));
    let answer = answers(&staff, &project, "How long is zinc given?").await;
    assert!(answer.contains("ten days") && !answer.contains("fourteen"), "{answer}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn content_that_cannot_be_read_leaves_the_one_before_in_place(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let body = multipart(&[("text_content", " - ")]);
    staff.post_form(&format!("{document}/versions"), body).await.json(201);
    let failed = staff.embedded(&document).await;
    let expected = json!(["failed", "no text found", 2, 1]);
    assert_eq!(
        json!([failed["state"], failed["failure_reason"], failed["version"], failed["indexed_version"]]),
        expected
    );
    assert!(answers(&staff, &project, "How long is zinc given?").await.contains("fourteen"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_is_fetched_again_without_any_content(db: PgPool) {
    let server = MockServer::builder().start().await;
    let page = |text: &str| ResponseTemplate::new(200).set_body_raw(text.to_owned(), "text/plain");
    Mock::given(path("/")).respond_with(page("Zinc for fourteen days.")).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/")).respond_with(page("Zinc for ten days.")).mount(&server).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.1"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let body = multipart(&[("title", "Zinc"), ("document_type", "2"), ("text_content", &server.uri())]);
    let id = staff.post_form(&format!("/projects/{project}/documents"), body).await.id();
    let document = format!("/projects/{project}/documents/{id}");
    staff.embedded(&document).await;
    staff.post_form(&format!("{document}/versions"), multipart(&[])).await.json(201);
    staff.embedded(&document).await;
    assert!(answers(&staff, &project, "zinc").await.contains("ten days"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_version_needs_content(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given.").await;
    let refused = r#"{"non_field_errors":["Either 'file' or 'text_content' must be provided."]}"#;
    staff.post_form(&format!("{document}/versions"), multipart(&[])).await.is(400, refused);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_a_failed_embedding_can_be_tried_again_and_only_an_awaited_one_cancelled(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given.").await;
    let refused =
        async |verb: &str| staff.post(&format!("{document}/{verb}"), json!({})).await.json(409)["detail"].clone();
    assert_eq!(refused("retry").await, NOT_FAILED);
    assert_eq!(refused("cancel").await, NOT_WAITING);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_embedding_that_failed_is_made_when_it_is_tried_again(db: PgPool) {
    let (server, arguments) = refusing_embedder().await;
    let app = TestApp::start_with(&db, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let body = multipart(&[("title", "Zinc"), ("document_type", "3"), ("text_content", "Zinc is given.")]);
    let document = format!("{path}/{}", staff.post_form(&path, body).await.id());
    let failed = staff.embedded(&document).await;
    assert_eq!(failed["failure_reason"], "the embedding provider failed");
    server.reset().await;
    let vector = json!({ "data": [{ "object": "embedding", "index": 0, "embedding": [0.6, 0.8] }], "object": "list",
                         "model": "m", "usage": { "prompt_tokens": 1, "total_tokens": 1 } });
    let found = ResponseTemplate::new(200).set_body_json(vector);
    Mock::given(wiremock::matchers::path("/embeddings")).respond_with(found).mount(&server).await;
    let waiting = staff.post(&format!("{document}/retry"), json!({})).await.json(200);
    assert_eq!(waiting["failed"], false);
    assert_eq!(staff.embedded(&document).await["state"], "indexed");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_way_into_the_index_can_be_followed(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let sentence = |number| format!("Sentence {number} says how zinc is given to children. ");
    let text = (0..2_000).map(sentence).collect::<Vec<_>>().concat();
    let created = staff.upload(&project, "long.txt", text.as_bytes()).await.id();
    let followed = staff.get(&format!("/projects/{project}/documents/{created}/progress")).await;
    assert_eq!(followed.header("content-type"), "text/event-stream");
    let events: Vec<Value> = followed
        .body
        .split("\n\n")
        .filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok())
        .collect();
    let last = events.last().expect("there are some");
    assert_eq!((&last["state"], &last["progress"]), (&json!("indexed"), &json!(100)));
    assert_eq!(last["passages"], last["embedded_passages"]);
    assert!(last["passages"].as_i64() > Some(64), "{last}");
    assert!(events.windows(2).all(|pair| pair[0]["progress"].as_i64() <= pair[1]["progress"].as_i64()), "{events:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deletion_is_confirmed_by_each_place_and_takes_the_files_with_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let created = staff.upload(&project, "zinc.txt", b"Zinc is given for fourteen days.").await.id();
    let document = format!("/projects/{project}/documents/{created}");
    staff.embedded(&document).await;
    let file = reqwest::multipart::Part::bytes(b"Zinc is given for ten days.".as_slice()).file_name("zinc2.txt");
    staff.post_form(&format!("{document}/versions"), multipart(&[]).part("file", file)).await.json(201);
    staff.embedded(&document).await;
    let files = || std::fs::read_dir(app.media_folder()).expect("it is there").count();
    assert_eq!(files(), 2);
    staff.delete(&document).await.is(204, "");
    let confirmed = "SELECT payload ->> 'place' FROM events WHERE event_type = 'RemovalConfirmed' ORDER BY 1";
    eventually("both places confirm it", async || {
        let places: Vec<String> = sqlx::query_scalar(confirmed).fetch_all(&db).await.expect("the log can be read");
        (places == ["index", "media_store"]).then_some(())
    })
    .await;
    assert_eq!(files(), 0);
    let left = "SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM hidden_documents)
                     + (SELECT count(*) FROM document_progress) + (SELECT count(*) FROM drafted_vectors)
                     + (SELECT count(*) FROM readings) + (SELECT count(*) FROM read_parts)";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&db).await.expect("the tables can be read"), 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_deleted_is_not_found_even_if_its_removal_waits(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    // Its passages cannot go now.
    let mut other = db.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM chunks FOR UPDATE").execute(&mut *other).await.expect("the table is there");
    staff.delete(&document).await.is(204, "");
    assert!(!answers(&staff, &project, "How long is zinc given?").await.contains("fourteen"));
    let open = "SELECT count(*) FROM chunks, hidden_documents";
    assert_eq!(sqlx::query_scalar::<_, i64>(open).fetch_one(&db).await.expect("the tables can be read"), 1);
    other.rollback().await.expect("it ends");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_same_content_is_embedded_once_in_a_project(db: PgPool) {
    let server = MockServer::builder().start().await;
    let vector = json!({ "data": [{ "object": "embedding", "index": 0, "embedding": [0.6, 0.8] }], "object": "list",
                         "model": "m", "usage": { "prompt_tokens": 1, "total_tokens": 1 } });
    Mock::given(path("/embeddings"))
        .respond_with(ResponseTemplate::new(200).set_body_json(vector))
        .mount(&server)
        .await;
    let arguments = ["--openai-base-url", &server.uri(), "--openai-api-key", "k", "--openai-embedding-model", "m"];
    let app = TestApp::start_with(&db, &arguments).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    for name in ["a.txt", "b.txt"] {
        let part = reqwest::multipart::Part::bytes(b"Zinc is given.".as_slice()).file_name(name);
        let created = staff.post_form(&path, multipart(&[("title", "Zinc")]).part("file", part)).await.id();
        assert_eq!(staff.embedded(&format!("{path}/{created}")).await["state"], "indexed");
    }
    assert_eq!(staff.get(&path).await.json(200)["count"], 2, "two files are two documents");
    assert_eq!(server.received_requests().await.map(|requests| requests.len()), Some(1));
}

/// An answer of a chat by its place, with the file of its source and whether that failed.
async fn source(person: &Person, chat: &str, place: usize) -> (String, String, Value) {
    let answer = person.get(chat).await.json(200)["chats"][place].clone();
    let source = &answer["reference_documents"][0];
    let file = reqwest::get(source["file"].as_str().expect("a file")).await.expect("it is served");
    let text = file.text().await.expect("a text");
    (answer["message"].as_str().expect("a text").to_owned(), text, source["failed"].clone())
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_source_of_an_answer_opens_what_it_was_made_from_whatever_came_later(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let id = staff.upload(&project, "zinc.txt", b"Zinc is given for fourteen days.").await.id();
    let document = format!("/projects/{project}/documents/{id}");
    staff.embedded(&document).await;
    let chat = staff.chat(&project).await;
    let renew = async |name: &str, text: &[u8]| {
        let part = reqwest::multipart::Part::bytes(text.to_vec()).file_name(name.to_owned());
        staff.post_form(&format!("{document}/versions"), multipart(&[]).part("file", part)).await.json(201);
        staff.embedded(&document).await
    };
    staff.ask(&chat, "How long is zinc given?").await.json(200);
    renew("zinc-2.txt", b"Zinc is given for ten days.").await;
    staff.ask(&chat, "How long is zinc given?").await.json(200);
    assert_eq!(renew("empty.txt", b" - ").await["failed"], true);
    staff.ask(&chat, "How long is zinc given?").await.json(200);
    for (place, days) in [(1, "fourteen days"), (3, "ten days"), (5, "ten days")] {
        let (answer, file, failed) = source(&staff, &chat, place).await;
        assert!(answer.contains(days) && file.contains(days), "{place}: {answer} / {file}");
        assert_eq!(failed, false, "{place}");
    }
}
