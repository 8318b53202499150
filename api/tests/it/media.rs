//! Uploaded files at their addresses.

use reqwest::Method;
use sqlx::PgPool;

use crate::support::{Answer, Person, TestApp};

/// Follows an absolute address of this server, as nobody in particular.
async fn fetch(nobody: &Person, host: &str, url: &str) -> Answer {
    let path = url.strip_prefix(&format!("http://{host}")).expect("the address is of this host");
    nobody.send(nobody.request_outside_api(Method::GET, path).header("origin", "http://page.example")).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_uploaded_file_is_served_to_everybody_under_its_absolute_address(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let created = staff.upload(&project, "a guide (1)é.txt", b"plain text").await.json(201);
    let url = created["file"].as_str().expect("a file has an address");
    assert_eq!(url, format!("http://{}/media/a_guide_1%C3%A9.txt", app.host()));
    let file = fetch(&app.nobody, app.host(), url).await;
    file.is(200, "plain text");
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(file.header("access-control-allow-origin"), "http://page.example");
    assert_eq!(file.header("x-frame-options"), "", "the front end shows it in a frame");
    fetch(&app.nobody, app.host(), &format!("{url}?r=1")).await.is(200, "plain text");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_file_name_that_is_used_twice_becomes_two_names(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let first = staff.upload(&project, "guide.txt", b"one").await.json(201)["file"].clone();
    let second = staff.upload(&project, "guide.txt", b"two").await.json(201)["file"].clone();
    let (first, second) = (first.as_str().expect("an address"), second.as_str().expect("an address"));
    assert!(first.ends_with("/media/guide.txt"), "{first}");
    let name = second.rsplit('/').next().expect("a name");
    let suffix = name.strip_prefix("guide_").and_then(|rest| rest.strip_suffix(".txt")).expect("the name is kept");
    assert!(suffix.len() == 7 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
    fetch(&app.nobody, app.host(), first).await.is(200, "one");
    fetch(&app.nobody, app.host(), second).await.is(200, "two");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_address_follows_the_proxy(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let path = format!("/projects/{project}/documents/{}", staff.upload(&project, "a.txt", b"x").await.id());
    let request =
        staff.request(Method::GET, &path).header("host", "ayushma.example").header("x-forwarded-proto", "https");
    assert_eq!(staff.send(request).await.json(200)["file"], "https://ayushma.example/media/a.txt");
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
        let created = staff.upload(&project, name, b"<script>1</script>").await.json(201);
        let file = fetch(&app.nobody, app.host(), created["file"].as_str().expect("an address")).await;
        assert_eq!((file.header("content-type"), file.header("x-content-type-options")), (expected, "nosniff"));
        assert!(file.header("content-security-policy").starts_with("sandbox; default-src 'none';"), "{name}");
        assert_eq!(file.header("x-frame-options"), "");
    }
}

/// A media request with headers.
async fn ask(app: &TestApp, method: Method, name: &str, headers: &[(&str, &str)]) -> Answer {
    let request = app.nobody.request_outside_api(method, &format!("/media/{name}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.nobody.send(request).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_player_can_ask_for_a_part_of_a_recording(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    staff.upload(&staff.project("P").await, "voice.mp3", b"0123456789").await.id();
    let whole = ask(&app, Method::GET, "voice.mp3", &[]).await;
    whole.is(200, "0123456789");
    assert_eq!((whole.header("content-type"), whole.header("accept-ranges")), ("audio/mpeg", "bytes"));
    for (range, body, described) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"), ("bytes=-1", "9", "bytes 9-9/10")]
    {
        let part = ask(&app, Method::GET, "voice.mp3", &[("range", range)]).await;
        part.is(206, body);
        assert_eq!(
            (part.header("content-range"), part.header("content-length")),
            (described, &*body.len().to_string())
        );
    }
    let behind = ask(&app, Method::GET, "voice.mp3", &[("range", "bytes=10-")]).await;
    behind.is(416, r#"{"detail":"The file has no such bytes."}"#);
    assert_eq!((behind.header("content-range"), behind.header("cache-control")), ("bytes */10", ""));
    let several = [("range", "bytes=0-1,4-5")];
    ask(&app, Method::GET, "voice.mp3", &several).await.is(200, "0123456789");
    let changed = [("range", "bytes=0-1"), ("if-range", "\"other\"")];
    ask(&app, Method::GET, "voice.mp3", &changed).await.is(200, "0123456789");
    let head = ask(&app, Method::HEAD, "voice.mp3", &[("range", "bytes=2-4")]).await;
    assert_eq!((head.status, head.header("content-length"), &*head.body), (206, "3", ""));
    let head = ask(&app, Method::HEAD, "voice.mp3", &[]).await;
    assert_eq!((head.status, head.header("content-length"), head.header("content-type")), (200, "10", "audio/mpeg"));
    ask(&app, Method::HEAD, "nothing.mp3", &[]).await.is(404, "");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_browser_may_keep_a_file_and_need_not_load_it_again(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    staff.upload(&staff.project("P").await, "a.png", b"picture").await.id();
    let first = ask(&app, Method::GET, "a.png", &[]).await;
    assert_eq!(first.header("cache-control"), "public, max-age=31536000, immutable");
    let (etag, modified) = (first.header("etag"), first.header("last-modified"));
    for headers in [[("if-none-match", etag)], [("if-modified-since", modified)]] {
        let again = ask(&app, Method::GET, "a.png", &headers).await;
        again.is(304, "");
        assert_eq!(again.header("etag"), etag);
        assert_eq!(again.header("cache-control"), "public, max-age=31536000, immutable");
    }
    ask(&app, Method::GET, "a.png", &[("if-none-match", "\"other\"")]).await.is(200, "picture");
    assert_eq!(ask(&app, Method::GET, "other.png", &[]).await.header("cache-control"), "", "a 404 may change");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_file_of_a_document_is_kept_for_good(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    staff.upload(&project, "a.txt", b"x").await.id();
    let body = crate::support::multipart(&[("title", "x"), ("text_content", "no file")]);
    staff.post_form(&format!("/projects/{project}/documents"), body).await.id();
    let rows: Vec<(String, bool)> =
        sqlx::query_as("SELECT name, is_kept FROM uploads").fetch_all(&db).await.expect("the table can be read");
    assert_eq!(rows, [("a.txt".to_owned(), true)]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn other_methods_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = ask(&app, method, "a.png", &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, OPTIONS"));
    }
}
