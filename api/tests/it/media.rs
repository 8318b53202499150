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
    for path in ["..%2fsecret.txt", "%2e%2e%2fsecret.txt", "..%5csecret.txt", "nothing.txt", "%00", "a%00b.txt"] {
        let request = app.nobody.request_outside_api(Method::GET, &format!("/media/{path}"));
        app.nobody.send(request).await.is(404, r#"{"detail":"Not found."}"#);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_that_was_uploaded_does_not_run_as_one(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let created = staff.upload(&project, "page.html", b"<script>1</script>").await.json(201);
    let file = fetch(&app.nobody, app.host(), created["file"].as_str().expect("an address")).await;
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
}
