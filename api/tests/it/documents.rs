//! `projects/{id}/documents`.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{NIL, Person, TestApp, eventually, multipart, shape};

const NOT_FOUND: &str = r#"{"detail":"Not found."}"#;

/// The titles of the documents that an answer to the question refers to.
async fn sources(person: &Person, project: &str, question: &str) -> Vec<String> {
    let answer = person.ask(&person.chat(project).await, question).await.json(200);
    let documents = answer["reference_documents"].as_array().expect("references are a list");
    documents.iter().map(|document| document["title"].as_str().expect("a title").to_owned()).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_text_is_a_document_at_once_and_answers_soon_after(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = format!("/projects/{project}/documents");
    let body = [
        ("title", "Zinc"),
        ("document_type", "3"),
        ("text_content", "Zinc is given for fourteen days."),
        ("noonce", "1.2"),
    ];
    let created = staff.post_form(&path, multipart(&body)).await;
    let mut awaited = created.json(201);
    // Whoever embeds it may have begun before it was answered.
    for followed in ["state", "progress", "passages", "embedded_passages", "attempts"] {
        assert!(awaited.as_object_mut().expect("an object").remove(followed).is_some(), "{followed}");
    }
    let awaited: Value = serde_json::from_str(&shape(&awaited.to_string())).expect("JSON");
    let wanted = json!({
        "external_id": "<id>", "title": "Zinc", "created_at": "<time>", "modified_at": "<time>", "description": null,
        "document_type": 3, "file": null, "text_content": "Zinc is given for fourteen days.", "uploading": true,
        "failed": false, "failure_reason": null, "version": 1, "indexed_version": null, "notes": [],
    });
    assert_eq!(awaited, wanted);
    let one = format!("{path}/{}", created.id());
    staff.embedded(&one).await;
    let done = r#"{"external_id":"<id>","title":"Zinc","created_at":"<time>","modified_at":"<time>","description":null,"document_type":3,"file":null,"text_content":"Zinc is given for fourteen days.","uploading":false,"failed":false,"failure_reason":null,"version":1,"indexed_version":1,"state":"indexed","progress":100,"passages":1,"embedded_passages":1,"attempts":0,"notes":[]}"#;
    staff.get(&one).await.is_like(200, done);
    let page = format!(r#"{{"count":1,"has_previous":false,"has_next":false,"results":[{done}],"offset":0}}"#);
    staff.get(&path).await.is_like(200, &page);
    assert_eq!(sources(&staff, &project, "How long is zinc given?").await, ["Zinc"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn files_of_text_and_markdown_can_be_retrieved_from(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for (name, text) in [
        ("guide v1.md", "# Burns\n\nCool a burn under running water for twenty minutes."),
        ("storage.txt", "Insulin pens\0 are kept in the refrigerator until their first use."),
    ] {
        let created = staff.upload(&project, name, text.as_bytes()).await;
        let path = format!("/projects/{project}/documents/{}", created.id());
        let document = staff.embedded(&path).await;
        assert_eq!((&document["failed"], &document["failure_reason"]), (&json!(false), &Value::Null));
    }
    assert_eq!(sources(&staff, &project, "How long is a burn cooled under water?").await[0], "A file");
    assert_eq!(sources(&staff, &project, "Where are insulin pens kept until use?").await[0], "A file");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_cannot_be_read_fails_visibly(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = format!("/projects/{project}/documents");
    let url = multipart(&[("title", "Page"), ("document_type", "2"), ("text_content", "http://127.0.0.1:1/page")]);
    for created in [
        staff.upload(&project, "guide.pdf", b"%PDF-1.7").await,
        staff.upload(&project, "blank.txt", b" \n ").await,
        staff.upload(&project, "picture.png", b"\x89PNG\r\n\x1a\n").await,
        staff.post_form(&path, url).await,
    ] {
        let document = staff.embedded(&format!("{path}/{}", created.id())).await;
        assert_eq!(document["failed"], true, "{document}");
        assert!(document["failure_reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{document}");
    }
    // Only the page is looked at again some day.
    let left = "SELECT count(*) FROM jobs WHERE kind <> 'revisit_page'";
    let failed = eventually("the work is done", async || {
        let jobs: i64 = sqlx::query_scalar(left).fetch_one(&db).await.expect("jobs can be read");
        (jobs == 0).then_some(())
    });
    failed.await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_multipart_is_taken(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let refused = r#"{"detail":"Unsupported media type \"application/json\" in request."}"#;
    staff.post(&path, json!({ "title": "x", "text_content": "y" })).await.is(415, refused);
    let one = staff.post_form(&path, multipart(&[("title", "x"), ("text_content", "y")])).await.id();
    staff.patch(&format!("{path}/{one}"), json!({ "title": "z" })).await.is(415, refused);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_breaks_a_rule_is_refused_by_field(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let text = |title: &str| multipart(&[("title", title), ("text_content", "t")]);
    let file = |name: String, bytes: &'static [u8]| {
        multipart(&[("title", "x")]).part("file", Part::bytes(bytes).file_name(name))
    };
    let cases: Vec<(Form, &str)> = vec![
        (multipart(&[("text_content", "t")]), r#"{"title":["This field is required."]}"#),
        (text(" "), r#"{"title":["This field may not be blank."]}"#),
        (text(&"t".repeat(51)), r#"{"title":["Ensure this field has no more than 50 characters."]}"#),
        (text("a\0b"), r#"{"title":["Null characters are not allowed."]}"#),
        (
            multipart(&[("title", "x"), ("text_content", "a\0b")]),
            r#"{"text_content":["Null characters are not allowed."]}"#,
        ),
        (
            multipart(&[("title", "x"), ("document_type", "9"), ("text_content", "t")]),
            r#"{"document_type":["\"9\" is not a valid choice."]}"#,
        ),
        (multipart(&[("title", "x")]), r#"{"non_field_errors":["Either 'file' or 'text_content' must be provided."]}"#),
        (
            multipart(&[("title", "x"), ("file", "text")]),
            r#"{"file":["The submitted data was not a file. Check the encoding type on the form."]}"#,
        ),
        (file("a.txt".to_owned(), b""), r#"{"file":["The submitted file is empty."]}"#),
        (
            file(format!("{}.txt", "a".repeat(97)), b"x"),
            r#"{"file":["Ensure this filename has at most 100 characters (it has 101)."]}"#,
        ),
    ];
    for (body, expected) in cases {
        staff.post_form(&path, body).await.is(400, expected);
    }
    assert!(staff.get(&path).await.titles().is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn title_and_description_can_be_changed_and_the_front_ends_undefined_file_is_ignored(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = staff.text_document(&project, "Old", "Some text for the old title.").await;
    let body = multipart(&[("title", "New"), ("description", "about"), ("file", "undefined"), ("noonce", "1")]);
    staff.patch_form(&path, body).await.is(200, r#"{"title":"New","description":"about"}"#);
    let document = staff.get(&path).await.json(200);
    assert_eq!((&document["title"], &document["description"]), (&json!("New"), &json!("about")));
    let too_long = r#"{"title":["Ensure this field has no more than 50 characters."]}"#;
    staff.patch_form(&path, multipart(&[("title", &"t".repeat(51))])).await.is(400, too_long);
    staff.patch_form(&path, multipart(&[("noonce", "2")])).await.is(200, r#"{"title":"New","description":"about"}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_document_is_not_retrieved_any_more(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    assert_eq!(sources(&staff, &project, "How long is zinc given?").await, ["Zinc"]);
    staff.delete(&path).await.is(204, "");
    staff.get(&path).await.is(404, NOT_FOUND);
    staff.delete(&path).await.is(404, NOT_FOUND);
    eventually("the passages are gone", async || {
        sources(&staff, &project, "How long is zinc given?").await.is_empty().then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_that_is_deleted_while_it_is_embedded_leaves_nothing_behind(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = format!("/projects/{project}/documents");
    for number in 0..10 {
        let text = format!("Zinc is given for {number} days.");
        let created = staff.post_form(&path, multipart(&[("title", "Zinc"), ("text_content", &text)])).await.id();
        staff.delete(&format!("{path}/{created}")).await.is(204, "");
    }
    eventually("nothing is left", async || {
        let left: i64 = sqlx::query_scalar("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM chunks)")
            .fetch_one(&db)
            .await
            .expect("the tables can be read");
        let embedding: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM events WHERE aggregate_type = 'document' AND event_type = 'Deleted' AND position >
             coalesce((SELECT max(position) FROM checkpoints WHERE consumer = 'embedding'), 0)",
        )
        .fetch_one(&db)
        .await
        .expect("the tables can be read");
        (left == 0 && embedding == 0).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_archived_project_takes_no_documents(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.patch(&format!("/projects/{project}"), json!({ "archived": true })).await.json(200);
    let body = multipart(&[("title", "x"), ("text_content", "y")]);
    let refused = r#"{"non_field_errors":["Project is archived. Cannot add documents."]}"#;
    staff.post_form(&format!("/projects/{project}/documents"), body).await.is(400, refused);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn documents_are_listed_in_the_order_asked_for(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    for title in ["B", "A", "C"] {
        staff.post_form(&path, multipart(&[("title", title), ("text_content", "t")])).await.id();
    }
    let titles = async |query: &str| staff.get(&format!("{path}{query}")).await.titles();
    assert_eq!(titles("").await, ["B", "A", "C"]);
    assert_eq!(titles("?ordering=-created_at&noonce=1").await, ["C", "A", "B"]);
    assert_eq!(titles("?ordering=title&limit=1&offset=1").await, ["B"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn all_twelve_documents_of_a_project_are_on_the_one_page_that_the_front_end_asks_for(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    for number in 1..=12 {
        staff.post_form(&path, multipart(&[("title", &format!("D{number}")), ("text_content", "t")])).await.id();
    }
    let page = staff.get(&format!("{path}?ordering=-created_at&noonce=1764370000000.5")).await;
    assert_eq!(page.titles().len(), 12);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn ids_and_roles_are_checked(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (staff, nurse) = (app.staff().await, app.nurse().await);
    let (project, other) = (staff.project("P").await, staff.project("Q").await);
    let path = staff.text_document(&project, "T", "Text that is long enough.").await;
    let document = path.rsplit('/').next().expect("a path has a last part");
    staff.get(&format!("/projects/{other}/documents/{document}")).await.is(404, NOT_FOUND);
    staff.get(&format!("/projects/{project}/documents/{NIL}")).await.is(404, NOT_FOUND);
    staff.get(&format!("/projects/{project}/documents/nope")).await.is(404, NOT_FOUND);
    let malformed = "{\"detail\":\"“nope” is not a valid UUID.\"}";
    staff.get("/projects/nope/documents").await.is(400, malformed);
    staff.post_form("/projects/nope/documents", multipart(&[])).await.is(400, malformed);
    let body = multipart(&[("title", "x"), ("text_content", "y")]);
    staff.post_form(&format!("/projects/{NIL}/documents"), body).await.is(404, NOT_FOUND);
    for (person, status) in [(&nurse, 403), (&app.nobody, 401)] {
        assert_eq!(person.get(&path).await.status, status);
        assert_eq!(person.delete(&path).await.status, status);
        assert_eq!(person.upload(&project, "a.txt", b"x").await.status, status);
    }
    let answer = staff.send(staff.request(reqwest::Method::PUT, &path)).await;
    answer.is(405, r#"{"detail":"Method \"PUT\" not allowed."}"#);
    assert_eq!(answer.header("allow"), "GET, PATCH, DELETE, HEAD, OPTIONS");
}

/// Somebody embeds the document of this path, or is to, until that job is taken away.
async fn let_it_be_embedded(db: &PgPool, document: &str, due_in: &str, leased_by: Option<uuid::Uuid>) {
    let insert = "INSERT INTO jobs (job_id, kind, subject_id, arguments, run_at, leased_by, lease_until)
                  VALUES (gen_random_uuid(), 'embed_document', $1::uuid, '{}', now() + $2::interval, $3,
                          CASE WHEN $3 IS NOT NULL THEN now() + interval '50 seconds' END)";
    let (_, id) = document.rsplit_once('/').expect("a path ends with an id");
    let inserted = sqlx::query(insert).bind(id).bind(due_in).bind(leased_by).execute(db).await;
    inserted.expect("the table can be written");
}

async fn nothing_is_left(db: &PgPool) {
    eventually("nothing is left", async || {
        let left = "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM chunks)";
        let left: i64 = sqlx::query_scalar(left).fetch_one(db).await.expect("the tables can be read");
        (left == 0).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_document_that_somebody_still_embeds_is_looked_at_less_and_less_often(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let_it_be_embedded(&db, &document, "0", Some(uuid::Uuid::nil())).await;
    staff.delete(&document).await.is(204, "");
    eventually("it waits for longer than at first", async || {
        let waits =
            "SELECT count(*) FROM jobs WHERE kind = 'remove_document' AND run_at > now() + interval '1.5 seconds'";
        let waits: i64 = sqlx::query_scalar(waits).fetch_one(&db).await.expect("jobs can be read");
        (waits == 1).then_some(())
    })
    .await;
    sqlx::query("DELETE FROM jobs WHERE kind = 'embed_document'").execute(&db).await.expect("it is ours");
    nothing_is_left(&db).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_document_whose_embedding_was_put_off_is_removed_at_once(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let_it_be_embedded(&db, &document, "1 hour", None).await;
    staff.delete(&document).await.is(204, "");
    nothing_is_left(&db).await;
}
