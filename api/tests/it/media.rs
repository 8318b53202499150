//! Uploaded files at their addresses.

use reqwest::Method;
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{Answer, Person, TestApp, eventually, multipart, shape};

/// The address of a document's file, or of another one in an answer.
fn address(answer: &Value) -> String {
    answer["file"].as_str().expect("a file has an address").to_owned()
}

/// A new document with this file: its path, and its file's address.
async fn document(staff: &Person, project: &str, name: &str, bytes: &[u8]) -> (String, String) {
    let created = staff.upload(project, name, bytes).await;
    (format!("/projects/{project}/documents/{}", created.id()), address(&created.json(201)))
}

/// What is said at the address of a file when it is gone.
async fn gone(app: &TestApp, url: &str) -> Answer {
    eventually("the file is gone", async || {
        let answer = app.nobody.follow(url).await;
        (answer.status != 200).then_some(answer)
    })
    .await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_uploaded_file_is_served_to_everybody_under_its_absolute_address(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (_, url) = document(&staff, &staff.project("P").await, "a guide (1)é.txt", b"plain text").await;
    assert_eq!(shape(&url), format!("http://{}/media/a_guide_1%C3%A9_<secret>.txt", app.host()));
    let file = ask(&app, Method::GET, &url, &[("origin", "http://page.example")]).await;
    file.is(200, "plain text");
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(file.header("access-control-allow-origin"), "http://page.example");
    assert_eq!(file.header("x-frame-options"), "", "the front end shows it in a frame");
    app.nobody.follow(&format!("{url}?r=1")).await.is(200, "plain text");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_citation_never_opens_another_document_that_was_uploaded_under_the_same_name_later(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let (old, old_url) = document(&staff, &project, "paracetamol.txt", b"OLD: 1000 mg").await;
    let kept = app.nobody.follow(&old_url).await;
    assert_eq!(staff.delete(&old).await.status, 204);
    assert_eq!(gone(&app, &old_url).await.status, 410);

    let (_, new_url) = document(&staff, &project, "paracetamol.txt", b"NEW: 500 mg").await;
    assert_eq!(shape(&new_url), shape(&old_url));
    assert_ne!(new_url, old_url);
    app.nobody.follow(&new_url).await.is(200, "NEW: 500 mg");
    assert_eq!(app.nobody.follow(&old_url).await.status, 410);
    // A browser that has the old one asks, and is told.
    assert_eq!(kept.header("cache-control"), "private, no-cache");
    let asked = ask(&app, Method::GET, &old_url, &[("if-none-match", kept.header("etag"))]).await;
    assert_eq!(asked.status, 410);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_opens_the_citation_of_a_deleted_document_reads_in_words_that_it_was_removed(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let (path, url) = document(&staff, &project, "dosage of asha.txt", b"x").await;
    assert_eq!(staff.delete(&path).await.status, 204);
    let error = gone(&app, &url).await;
    assert_eq!((error.status, error.header("content-type")), (410, "application/json"));
    let detail = error.json(410)["detail"].as_str().expect("a text").to_owned();
    let today = app.app.clock.now().format("%-d %B %Y at ").to_string();
    assert!(detail.starts_with(&format!("The document or recording was removed on {today}")), "{detail}");

    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = ask(&app, Method::GET, &url, &browser).await;
    assert_eq!((page.status, page.header("content-type")), (410, "text/html; charset=utf-8"));
    assert!(page.body.contains(&detail) && page.body.contains("Please ask again"), "{}", page.body);
    assert!(!page.body.contains("asha") && !page.body.contains("A file"), "{}", page.body);
    assert!(
        page.header("content-security-policy").starts_with("sandbox"),
        "{:?}",
        page.header("content-security-policy")
    );
    assert_eq!(page.header("x-frame-options"), "", "the front end shows it in a frame");

    let never = ask(&app, Method::GET, "/media/nothing.txt", &browser).await;
    assert_eq!((never.status, never.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(never.body.contains("There is no document or recording at this address."), "{}", never.body);
    app.nobody.follow("/media/nothing.txt").await.is(404, r#"{"detail":"Not found."}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_attached_to_a_question_goes_with_it(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let suite = staff.post("/tests/suites", serde_json::json!({ "name": "S", "temperature": 0, "topk": 1 })).await.id();
    let suite = format!("/tests/suites/{suite}");
    let question = async || {
        let body = serde_json::json!({ "question": "Zinc?", "human_answer": "14 days" });
        format!("{suite}/questions/{}", staff.post(&format!("{suite}/questions"), body).await.id())
    };
    let attach = async |question: &str| {
        let file = reqwest::multipart::Part::bytes(b"picture".to_vec()).file_name("glass.png");
        let body = multipart(&[("title", "Glass"), ("document_type", "1")]).part("file", file);
        let created = staff.post_form(&format!("{question}/documents"), body).await;
        (format!("{question}/documents/{}", created.id()), address(&created.json(201)))
    };
    let (first, second) = (question().await, question().await);
    let ((removed, removed_url), (_, other_url), (_, last_url)) =
        (attach(&first).await, attach(&first).await, attach(&second).await);

    staff.delete(&removed).await.is(204, "");
    assert_eq!(gone(&app, &removed_url).await.status, 410);
    app.nobody.follow(&other_url).await.is(200, "picture");
    staff.delete(&first).await.is(204, "");
    assert_eq!(gone(&app, &other_url).await.status, 410);
    app.nobody.follow(&last_url).await.is(200, "picture");
    staff.delete(&suite).await.is(204, "");
    assert_eq!(gone(&app, &last_url).await.status, 410);
    assert_eq!(std::fs::read_dir(app.media_folder()).expect("the folder can be read").count(), 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_address_follows_the_proxy(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (path, url) = document(&staff, &staff.project("P").await, "a.txt", b"x").await;
    let request =
        staff.request(Method::GET, &path).header("host", "ayushma.example").header("x-forwarded-proto", "https");
    let expected = url.replace(&format!("http://{}", app.host()), "https://ayushma.example");
    assert_eq!(address(&staff.send(request).await.json(200)), expected);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nothing_outside_the_media_folder_is_served(db: PgPool) {
    let app = TestApp::start(&db).await;
    std::fs::write(app.media_folder().with_file_name("secret.txt"), "secret").expect("the folder can be written");
    for path in [
        "..%2fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5csecret.txt",
        "nothing.txt",
        "%00",
        "a%00b.txt",
        "%ff",
        ".",
        "%2f",
        "%5c",
        // What neither a file system nor a bucket has names for.
        &"a".repeat(300),
        &"a".repeat(1_100),
        &"%E0%B4%AE".repeat(100),
        "a.txt%231",
        "%0A",
        "%7F",
        "a%20b%3Fc",
    ] {
        let request = app.nobody.request_outside_api(Method::GET, &format!("/media/{path}"));
        app.nobody.send(request).await.is(404, r#"{"detail":"Not found."}"#);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_or_a_drawing_that_was_uploaded_is_shown_but_does_not_run(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for (name, expected) in [("page.html", "text/html; charset=utf-8"), ("drawing.svg", "image/svg+xml")] {
        let (_, url) = document(&staff, &project, name, b"<script>1</script>").await;
        let file = app.nobody.follow(&url).await;
        assert_eq!((file.header("content-type"), file.header("x-content-type-options")), (expected, "nosniff"));
        assert!(file.header("content-security-policy").starts_with("sandbox; default-src 'none';"), "{name}");
        assert_eq!(file.header("x-frame-options"), "");
    }
}

/// A media request with headers.
async fn ask(app: &TestApp, method: Method, url: &str, headers: &[(&str, &str)]) -> Answer {
    let path = url.strip_prefix(&format!("http://{}", app.host())).unwrap_or(url);
    let request = app.nobody.request_outside_api(method, path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.nobody.send(request).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_player_can_ask_for_a_part_of_a_recording(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (_, url) = document(&staff, &staff.project("P").await, "voice.mp3", b"0123456789").await;
    let whole = ask(&app, Method::GET, &url, &[]).await;
    whole.is(200, "0123456789");
    assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), ("audio/mpeg", "bytes"));
    for (range, body, described) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"), ("bytes=-1", "9", "bytes 9-9/10")]
    {
        let part = ask(&app, Method::GET, &url, &[("range", range)]).await;
        part.is(206, body);
        assert_eq!(
            (part.header("content-range"), part.header("content-length")),
            (described, &*body.len().to_string())
        );
    }
    let behind = ask(&app, Method::GET, &url, &[("range", "bytes=10-")]).await;
    behind.is(416, r#"{"detail":"The file has no such bytes."}"#);
    assert_eq!((behind.header("content-range"), behind.header("cache-control")), ("bytes */10", ""));
    let several = [("range", "bytes=0-1,4-5")];
    ask(&app, Method::GET, &url, &several).await.is(200, "0123456789");
    let changed = [("range", "bytes=0-1"), ("if-range", "\"other\"")];
    ask(&app, Method::GET, &url, &changed).await.is(200, "0123456789");
    // A date has to be the file's own: a later one is not known to be of these bytes.
    let of_its_date = [("range", "bytes=0-1"), ("if-range", whole.header("last-modified"))];
    ask(&app, Method::GET, &url, &of_its_date).await.is(206, "01");
    let of_a_later_date = [("range", "bytes=0-1"), ("if-range", "Fri, 01 Jan 2100 00:00:00 GMT")];
    ask(&app, Method::GET, &url, &of_a_later_date).await.is(200, "0123456789");
    let head = ask(&app, Method::HEAD, &url, &[("range", "bytes=2-4")]).await;
    assert_eq!((head.status, head.header("content-length"), &*head.body), (206, "3", ""));
    let head = ask(&app, Method::HEAD, &url, &[]).await;
    assert_eq!((head.status, head.header("content-length"), head.header("content-type")), (200, "10", "audio/mpeg"));
    ask(&app, Method::HEAD, "/media/nothing.mp3", &[]).await.is(404, "");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_browser_may_keep_a_file_and_only_asks_whether_it_is_still_there(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let (_, url) = document(&staff, &staff.project("P").await, "a.png", b"picture").await;
    let first = ask(&app, Method::GET, &url, &[]).await;
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let (etag, modified) = (first.header("etag"), first.header("last-modified"));
    for headers in [[("if-none-match", etag)], [("if-modified-since", modified)]] {
        let again = ask(&app, Method::GET, &url, &headers).await;
        again.is(304, "");
        assert_eq!(again.header("etag"), etag);
        assert_eq!(again.header("cache-control"), "private, no-cache");
    }
    ask(&app, Method::GET, &url, &[("if-none-match", "\"other\"")]).await.is(200, "picture");
    assert_eq!(ask(&app, Method::GET, "/media/other.png", &[]).await.header("cache-control"), "", "a 404 may change");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_file_of_a_document_is_kept_for_good(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let (_, url) = document(&staff, &project, "a.txt", b"x").await;
    let body = multipart(&[("title", "x"), ("text_content", "no file")]);
    staff.post_form(&format!("/projects/{project}/documents"), body).await.id();
    let rows: Vec<(String, bool)> =
        sqlx::query_as("SELECT name, is_kept FROM uploads").fetch_all(&db).await.expect("the table can be read");
    assert_eq!(rows, [(url.rsplit('/').next().expect("a name").to_owned(), true)]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn other_methods_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = ask(&app, method, "/media/a.png", &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, OPTIONS"));
    }
}
