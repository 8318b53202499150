//! What was read of a document, and what its reader has to say of it.

use serde_json::{Value, json};
use sqlx::PgPool;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::support::{NIL, TestApp, eventually, multipart};

/// A PDF of one line a page; a page without any is empty.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let page_ids = (0..pages.len()).map(|at| format!("{} 0 R", 4 + 2 * at)).collect::<Vec<_>>().join(" ");
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{page_ids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (at, text) in pages.iter().enumerate() {
        let content = if text.is_empty() { String::new() } else { format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET") };
        let resources = "/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>";
        objects.push(format!("<< /Type /Page /Parent 2 0 R {resources} /Contents {} 0 R >>", 5 + 2 * at));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = vec![];
    for (number, object) in (1..).zip(&objects) {
        places.push(format!("{:010} 00000 n \n", file.len()));
        file = [file, format!("{number} 0 obj\n{object}\nendobj\n")].concat();
    }
    let (table, size) = (file.len(), objects.len() + 1);
    let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    let table = format!("xref\n0 {size}\n0000000000 65535 f \n{}", places.concat());
    [file, table, trailer].concat().into_bytes()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_uploads_sees_what_was_read_page_by_page_and_that_a_page_has_no_text(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let file = pdf(&["Zinc is given for fourteen days.", "", "Gentamicin 7.5 mg/kg once a day."]);
    let id = staff.upload(&project, "doses.pdf", &file).await.id();
    let path = format!("/projects/{project}/documents/{id}");
    let document = staff.embedded(&path).await;
    let notes = json!([{
        "kind": "pages_without_text", "message": "Page 2 has no text; it may be a picture.",
        "count": 1, "pages": [2], "names": [],
    }]);
    assert_eq!((&document["state"], &document["notes"]), (&json!("indexed"), &notes));
    let listed = staff.get(&format!("/projects/{project}/documents")).await.json(200);
    assert_eq!(listed["results"][0]["notes"], notes);
    let first = json!({ "page": 1, "text": "Zinc is given for fourteen days." });
    let third = json!({ "page": 3, "text": "Gentamicin 7.5 mg/kg once a day." });
    let text = |pages: &[&Value]| json!({ "document": id, "version": 1, "pages": pages, "notes": notes });
    let read = async |query: &str| staff.get(&format!("{path}/text{query}")).await.json(200);
    assert_eq!(read("").await, text(&[&first, &third]));
    assert_eq!(read("?page=3").await, text(&[&third]));
    assert_eq!(read("?page=2").await, text(&[]));
    assert_eq!(read("?page=none").await, text(&[&first, &third]));
    let recorded = "SELECT payload -> 'notes' FROM events WHERE event_type = 'Embedded'";
    assert_eq!(sqlx::query_scalar::<_, Value>(recorded).fetch_one(&db).await.expect("it is recorded"), notes);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_text_is_that_of_the_version_that_answers_are_made_from(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "# Zinc\n\nZinc is given for fourteen days.").await;
    let read = async || {
        let shown = staff.get(&format!("{document}/text")).await.json(200);
        json!([shown["version"], shown["pages"], shown["notes"]])
    };
    let before = json!([1, [{ "page": null, "text": "# Zinc\n\nZinc is given for fourteen days." }], []]);
    assert_eq!(read().await, before);
    staff.post_form(&format!("{document}/versions"), multipart(&[("text_content", " - ")])).await.json(201);
    assert_eq!(staff.embedded(&document).await["failure_reason"], "no text found");
    assert_eq!(read().await, before, "a version that cannot be read leaves the one before in place");
    let body = multipart(&[("text_content", "Zinc is given for ten days.")]);
    staff.post_form(&format!("{document}/versions"), body).await.json(201);
    staff.embedded(&document).await;
    assert_eq!(read().await, json!([3, [{ "page": null, "text": "Zinc is given for ten days." }], []]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_text_of_a_web_page_is_shown_too(db: PgPool) {
    let server = MockServer::builder().start().await;
    let page = ResponseTemplate::new(200).set_body_raw("<h1>Zinc</h1><p>For fourteen days.</p>", "text/html");
    Mock::given(path("/")).respond_with(page).mount(&server).await;
    let app = TestApp::start_with(&db, &["--fetch-allow", "127.0.0.1"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let body = multipart(&[("title", "Zinc"), ("document_type", "2"), ("text_content", &server.uri())]);
    let id = staff.post_form(&format!("/projects/{project}/documents"), body).await.id();
    let document = format!("/projects/{project}/documents/{id}");
    staff.embedded(&document).await;
    let shown = staff.get(&format!("{document}/text")).await.json(200);
    assert_eq!(shown["pages"], json!([{ "page": null, "text": "# Zinc\n\nFor fourteen days." }]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_read_goes_with_its_document(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let other = staff.text_document(&project, "Salt", "Salt is given by mouth.").await;
    staff.delete(&document).await.is(204, "");
    staff.get(&format!("{document}/text")).await.is(404, r#"{"detail":"Not found."}"#);
    eventually("its text is removed", async || {
        let left = "SELECT body FROM read_parts JOIN readings USING (document_id)";
        let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&db).await.expect("the tables can be read");
        (left == ["Salt is given by mouth."]).then_some(())
    })
    .await;
    staff.get(&format!("{other}/text")).await.json(200);
    staff.delete(&format!("/projects/{project}")).await.is(204, "");
    eventually("the text of the project's documents is removed", async || {
        let left = "SELECT (SELECT count(*) FROM readings) + (SELECT count(*) FROM read_parts)";
        let left: i64 = sqlx::query_scalar(left).fetch_one(&db).await.expect("the tables can be read");
        (left == 0).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_text_that_there_is_not_says_why(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let failed = staff.upload(&project, "scan.pdf", &pdf(&["", ""])).await.id();
    let failed = format!("/projects/{project}/documents/{failed}");
    let document = staff.embedded(&failed).await;
    let note = json!({
        "kind": "pages_without_text", "message": "2 pages have no text; they may be pictures (pages 1, 2).",
        "count": 2, "pages": [1, 2], "names": []
    });
    assert_eq!((&document["failure_reason"], &document["notes"]), (&json!("no text found"), &json!([note])));
    let not_yet = r#"{"detail":"Nothing of this document has been read yet."}"#;
    staff.get(&format!("{failed}/text")).await.is(404, not_yet);

    let document = staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
    let elsewhere = document.replace(&project, &staff.project("Q").await);
    for path in [elsewhere, format!("/projects/{project}/documents/{NIL}"), format!("/projects/{project}/documents/x")]
    {
        staff.get(&format!("{path}/text")).await.is(404, r#"{"detail":"Not found."}"#);
    }
    // As a document is that was indexed before texts were kept.
    sqlx::query("DELETE FROM readings").execute(&db).await.expect("the table is there");
    let not_kept = staff.get(&format!("{document}/text")).await.json(404);
    let why = not_kept["detail"].as_str().expect("a text");
    assert!(why.starts_with("An earlier version of this program has read this document"), "{why}");
}
