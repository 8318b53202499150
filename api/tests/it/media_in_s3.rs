//! Uploaded files in a bucket, on a real server of the S3 protocol (moto).

#![expect(clippy::disallowed_methods, reason = "tests are told by `make test` where Python is")]

use std::{
    net::TcpListener,
    process::{Command, Stdio},
};

use futures::TryStreamExt as _;
use reqwest::Method;
use sqlx::PgPool;

use crate::{
    installation::Process,
    support::{TestApp, eventually},
};

/// A server with one bucket.
struct S3 {
    url: String,
    _process: Process,
}

impl S3 {
    async fn start() -> Self {
        let python = std::env::var("TEST_PYTHON").expect("TEST_PYTHON names the Python of scripts/python");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a port is free").port();
        let program = Command::new(python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = Process(program.expect("moto can be started"));
        let url = format!("http://127.0.0.1:{port}");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        eventually("there is a bucket", async || {
            let made = http.put(format!("{url}/uploads")).send().await.ok()?;
            made.status().is_success().then_some(())
        })
        .await;
        Self { url, _process: process }
    }

    fn settings(&self) -> Vec<&str> {
        vec![
            "--s3-bucket",
            "uploads",
            "--s3-endpoint",
            &self.url,
            "--s3-access-key-id",
            "test",
            "--s3-secret-access-key",
            "test",
            "--s3-allow-http",
        ]
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn uploads_are_kept_in_the_bucket_and_served_from_it(db: PgPool) {
    let s3 = S3::start().await;
    let app = TestApp::start_with(&db, &s3.settings()).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let created = staff.upload(&project, "a guide é.txt", b"Zinc is given for fourteen days.").await;
    let url = created.json(201)["file"].as_str().expect("a file has an address").to_owned();
    let path = format!("/projects/{project}/documents/{}", created.id());
    assert!(!app.media_folder().exists());
    let document = staff.embedded(&path).await;
    assert_eq!(document["failed"], false, "its text was read from the bucket: {document}");
    let get = async |method: Method, url: &str, headers: &[(&str, &str)]| {
        let media = url.split_once("/media/").map(|(_, name)| format!("/media/{name}")).expect("an address of a file");
        let request = app.nobody.request_outside_api(method, &media);
        app.nobody.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    };
    let whole = get(Method::GET, &url, &[]).await;
    whole.is(200, "Zinc is given for fourteen days.");
    assert_eq!(whole.header("content-type"), "text/plain; charset=utf-8");
    get(Method::GET, &url, &[("range", "bytes=-5")]).await.is(206, "days.");
    get(Method::GET, &url, &[("if-none-match", whole.header("etag"))]).await.is(304, "");
    assert_eq!(get(Method::HEAD, &url, &[]).await.header("content-length"), "32");
    for name in ["nothing.txt", &"a".repeat(300), &"a".repeat(1_100), "a%20b", "..%2fx"] {
        get(Method::GET, &format!("/media/{name}"), &[]).await.is(404, r#"{"detail":"Not found."}"#);
    }
    assert_eq!(staff.delete(&path).await.status, 204);
    eventually("the file is gone from the bucket", async || {
        (get(Method::GET, &url, &[]).await.status == 410).then_some(())
    })
    .await;
}

/// One after the other: moto looks for the name and stores the file in two steps, so that of files at once it may keep several.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_files_of_one_name_the_bucket_keeps_the_first(db: PgPool) {
    let s3 = S3::start().await;
    let app = TestApp::start_with(&db, &s3.settings()).await;
    for byte in 0..3_u8 {
        let kept = app.app.media.create("a.txt", vec![byte].into()).await.expect("moto answers");
        assert_eq!(kept, byte == 0, "file {byte}");
    }
    let stored = app.app.media.read("a.txt", 0..1).await.expect("moto answers").expect("it is kept");
    let stored: Vec<_> = stored.try_collect().await.expect("moto answers");
    assert_eq!(stored.concat(), [0]);
    app.app.media.remove("a.txt").await.expect("moto answers");
    assert!(app.app.media.describe("a.txt").await.expect("moto answers").is_none());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn while_the_bucket_is_away_uploads_are_refused_for_now_and_the_rest_goes_on(db: PgPool) {
    let s3 = S3::start().await;
    let app = TestApp::start_with(&db, &s3.settings()).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    drop(s3);
    let refused = staff.upload(&project, "a.txt", b"x").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"), "{}", refused.body);
    assert_eq!(app.nobody.send(app.nobody.request_outside_api(Method::GET, "/media/a.txt")).await.status, 503);
    staff.text_document(&project, "Zinc", "Zinc is given for fourteen days.").await;
}
