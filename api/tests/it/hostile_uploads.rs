//! Uploads that no client of good will sends: a 4xx, soon, in bounded memory, and the server goes on.

use std::time::{Duration, Instant};

use domain::user::Roles;
use futures::{StreamExt, future::join_all, stream};
use reqwest::{Body, Method, multipart::Part};
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    hostile_requests::{exchange, status},
    support::{Person, TestApp, multipart, shape},
};

const TOO_LARGE: &str =
    r#"{"file":["The request body is too large."],"non_field_errors":["The request body is too large."]}"#;

/// The head of a multipart POST to this path.
fn head(staff: &Person, path: &str, more: &str) -> String {
    format!(
        "POST /api{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Token {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\n{more}\r\n\r\n",
        staff.token()
    )
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn odd_names_of_files_become_plain_ones_or_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for (name, expected) in [
        ("../../etc/passwd", "passwd_<secret>"),
        ("C:\\temp\\report 1.txt", "report_1_<secret>.txt"),
        ("/absolute.txt", "absolute_<secret>.txt"),
        ("a\"b'c;d.txt", "abcd_<secret>.txt"),
        ("%2e%2e%2fpasswd.txt", "2e2e2fpasswd_<secret>.txt"),
        (".htaccess", ".htaccess_<secret>"),
        ("aux.", "aux_<secret>."),
    ] {
        let created = staff.upload(&project, name, b"x").await.json(201);
        let url = created["file"].as_str().expect("a file has an address");
        assert_eq!(shape(url), format!("http://{}/media/{expected}", app.host()), "{name}");
        app.nobody.follow(url).await.is(200, "x");
    }
    let malayalam = "മ".repeat(300);
    let refused = r#"{"file":["Ensure this filename has at most 100 characters (it has 300)."]}"#;
    staff.upload(&project, &malayalam, b"x").await.is(400, refused);
    // 100 characters, 300 bytes: more than a name of a file may have.
    let created = staff.upload(&project, &format!("{}.txt", "മ".repeat(96)), b"x").await.json(201);
    let url = created["file"].as_str().expect("a file has an address");
    assert!(url.strip_suffix(".txt").is_some(), "{url}");
    app.nobody.follow(url).await.is(200, "x");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_upload_that_is_announced_as_too_large_is_refused_before_it_is_sent(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-upload-mb", "1"]).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let started = Instant::now();
    let answer = exchange(&app, head(&staff, &path, "Content-Length: 10000000000").into_bytes()).await;
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(answer.ends_with(TOO_LARGE), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_upload_without_a_length_is_cut_off_at_the_limit(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-upload-mb", "1"]).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let start = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n";
    let pieces = (0..40).map(move |number| {
        Ok::<_, std::io::Error>(if number == 0 { start.as_bytes().to_vec() } else { vec![b'a'; 100_000] })
    });
    let body = Body::wrap_stream(stream::iter(pieces));
    staff.post_raw(&path, "multipart/form-data; boundary=b", body).await.is(413, TOO_LARGE);
    assert!(staff.get(&path).await.titles().is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn more_large_uploads_than_there_is_room_for_wait_for_each_other(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-upload-mb", "1"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let bytes = vec![b'a'; 900_000];
    let answers = join_all((0..12).map(|_| staff.upload(&project, "a.pdf", &bytes))).await;
    let mut files: Vec<String> = answers.iter().map(|answer| answer.json(201)["file"].to_string()).collect();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), 12, "each has a name of its own: {files:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_body_that_is_no_multipart_is_a_bad_request(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let part = "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx\r\n";
    for (content_type, body) in [
        ("multipart/form-data", part.to_owned()),
        ("multipart/form-data; boundary=", part.to_owned()),
        ("multipart/form-data; boundary=other", part.to_owned()),
        ("multipart/form-data; boundary=b", "no multipart at all".to_owned()),
        ("multipart/form-data; boundary=b", part.to_owned()),
        ("multipart/form-data; boundary=b", format!("{part}--b\r\n\r\n\r\n--b--\r\n")),
        ("multipart/form-data; boundary=b", format!("--b\r\n{}: x\r\n\r\nx\r\n--b--\r\n", "H".repeat(100_000))),
        ("multipart/form-data; boundary=b", format!("--b\r\n{}\r\nx\r\n--b--\r\n", "A: b\r\n".repeat(10_000))),
    ] {
        let answer = staff.post_raw(&path, content_type, body).await;
        assert_eq!(answer.status, 400, "{content_type}: {}", answer.body);
        let _ = answer.json(400);
    }
    for content_type in
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=b", ""]
    {
        assert_eq!(staff.post_raw(&path, content_type, "x").await.status, 415, "{content_type}");
    }
    let none = r#"{"title":["This field is required."]}"#;
    staff.send(staff.request(Method::POST, &path)).await.is(400, none);
    assert!(staff.get(&path).await.titles().is_empty());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_upload_that_is_cut_short_leaves_nothing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let half = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhalf of";
    let announced = head(&staff, &path, "Content-Length: 1000") + half;
    let chunked = head(&staff, &path, "Transfer-Encoding: chunked") + &format!("{:x}\r\n{half}\r\n", half.len());
    for request in [announced, chunked] {
        let answer = exchange(&app, request.into_bytes()).await;
        assert!(matches!(status(&answer), 0 | 400), "{answer}");
    }
    assert!(staff.get(&path).await.titles().is_empty());
    assert_eq!(std::fs::read_dir(app.media_folder()).expect("the folder is there").count(), 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn thousands_of_fields_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let field = |number| format!("--b\r\nContent-Disposition: form-data; name=\"field{number}\"\r\n\r\nx\r\n");
    let body = (0..5_000).map(field).collect::<Vec<_>>().concat() + "--b--\r\n";
    let answer = staff.post_raw(&path, "multipart/form-data; boundary=b", body).await;
    answer.is(400, r#"{"non_field_errors":["More than 1000 fields were sent."]}"#);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn texts_that_are_no_text_are_refused_or_repaired(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let nul = multipart(&[("title", "x"), ("description", "a\0b"), ("text_content", "y")]);
    staff.post_form(&path, nul).await.is(400, r#"{"description":["Null characters are not allowed."]}"#);
    let surrogates = Part::bytes(&b"a\xed\xa0\x80b"[..]);
    let created = staff.post_form(&path, multipart(&[("text_content", "y")]).part("title", surrogates)).await;
    assert_eq!(created.json(201)["title"], "a\u{fffd}\u{fffd}\u{fffd}b");
    // A file may hold anything: it is kept as it is.
    let project = staff.project("Q").await;
    let bytes: Vec<u8> = (0..=255).collect();
    let url = staff.upload(&project, "all.bin", &bytes).await.json(201)["file"].clone();
    let file = reqwest::Client::builder().no_proxy().build().expect("a client").get(url.as_str().expect("an address"));
    assert_eq!(file.send().await.expect("it is served").bytes().await.expect("to its end"), bytes);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_project_is_looked_up_before_the_body_is_read(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let unknown = format!("/projects/{}/documents", crate::support::NIL);
    staff.post_form(&unknown, multipart(&[])).await.is(404, r#"{"detail":"Not found."}"#);
    staff.post_raw(&unknown, "multipart/form-data; boundary=b", "nothing").await.is(404, r#"{"detail":"Not found."}"#);
}

/// A connection on which an upload is announced and begun.
async fn begun(app: &TestApp, staff: &Person, path: &str, announced: usize, sent: usize) -> TcpStream {
    let mut socket = TcpStream::connect(app.host()).await.expect("the server takes connections");
    let start = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n";
    let head = head(staff, path, &format!("Content-Length: {announced}"));
    socket.write_all((head + start).as_bytes()).await.expect("the server takes it");
    let bytes = vec![b'a'; sent];
    // Where there is no room for it, the rest stays in the socket.
    drop(tokio::time::timeout(Duration::from_millis(200), socket.write_all(&bytes)).await);
    socket
}

async fn answered(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut answer)).await.expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn half_bodies_of_strangers_keep_nobody_from_uploading(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-upload-mb", "1", "--body-memory-mb", "9"]).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    let mut strangers = vec![];
    for announced in [10_000, 900_000, 25_000_000] {
        for _ in 0..30 {
            let mut socket = TcpStream::connect(app.host()).await.expect("the server takes connections");
            let head = format!(
                "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {announced}\r\n\r\n{{"
            );
            socket.write_all(head.as_bytes()).await.expect("the server takes it");
            strangers.push(socket);
        }
    }
    let started = Instant::now();
    staff.upload(&project, "a.txt", &vec![b'a'; 900_000]).await.json(201);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let refused = answered(strangers.pop().expect("there are some")).await;
    assert!(status(&refused) == 413 && refused.contains("The request body is too large."), "{refused}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn half_bodies_of_one_account_keep_no_other_from_uploading(db: PgPool) {
    // Twelve megabytes beside the greatest body's: four for an account, six for an address.
    let memory = ["--max-upload-mb", "1", "--body-memory-mb", "20", "--min-rate-seconds", "2"];
    let app = TestApp::start_with(&db, &memory).await;
    let hoarder = app.staff().await;
    let other = app.person("asha", Roles { is_staff: true, ..Roles::default() }).await;
    let project = other.project("P").await;
    let path = format!("/projects/{project}/documents");
    let mut half = vec![];
    for _ in 0..12 {
        half.push(begun(&app, &hoarder, &path, 1_000_000, 600_000).await);
    }
    let started = Instant::now();
    other.upload(&project, "a.txt", &vec![b'a'; 900_000]).await.json(201);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let late = answered(half.swap_remove(0)).await;
    assert_eq!(status(&late), 408, "{late}");
    assert!(late.contains("The request body took too long."), "{late}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_file_that_trickles_is_ended_and_one_on_a_slow_line_is_not(db: PgPool) {
    let app = TestApp::start_with(&db, &["--min-rate-seconds", "2"]).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}/documents", staff.project("P").await);
    let mut trickle = begun(&app, &staff, &path, 1_000_000, 100).await;
    let pieces = (0..40).map(|number| if number == 0 { SMALL_FILE.to_owned() } else { "a".repeat(300) });
    let pieces = pieces.chain(["\r\n--b--\r\n".to_owned()]);
    let slow = stream::iter(pieces).then(|piece| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok::<_, std::io::Error>(piece)
    });
    let slowly = staff.post_raw(&path, "multipart/form-data; boundary=b", Body::wrap_stream(Box::pin(slow)));
    let trickling = async {
        let mut answer = vec![];
        loop {
            tokio::select! {
                _ = trickle.read_to_end(&mut answer) => break,
                () = tokio::time::sleep(Duration::from_millis(50)) => drop(trickle.write_all(b"a").await),
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    };
    let (slowly, trickling) = tokio::join!(slowly, trickling);
    slowly.json(201);
    assert_eq!(status(&trickling), 408, "{trickling}");
}

const SMALL_FILE: &str = "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA file\r\n\
    --b\r\nContent-Disposition: form-data; name=\"document_type\"\r\n\r\n1\r\n\
    --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n";

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_is_not_known_may_send_little(db: PgPool) {
    let app = TestApp::start(&db).await;
    let long = serde_json::json!({ "email": "asha@example.com", "password": "a".repeat(20_000) });
    for path in ["/auth/login", "/auth/register", "/auth/forgot", "/auth/verify", "/auth/reset"] {
        assert_eq!(app.nobody.post(path, long.clone()).await.status, 413, "{path}");
    }
}
