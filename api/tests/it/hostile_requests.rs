//! Requests that no client of good will sends, byte by byte: a 4xx, soon, and the server goes on.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;

use crate::{
    connections::{sent, until_closed},
    support::{NIL, TestApp},
};

/// What comes back for these bytes until the server hangs up; nothing more is sent afterwards.
pub(crate) async fn exchange(app: &TestApp, bytes: Vec<u8>) -> String {
    let host = app.host().to_owned();
    let exchanged = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(host).expect("the server takes connections");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out can be set");
        // The server may have heard enough before the end.
        let _ = socket.write_all(&bytes);
        let _ = socket.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        match socket.read_to_end(&mut answer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the server neither answers nor hangs up"),
            _ => String::from_utf8_lossy(&answer).into_owned(),
        }
    });
    exchanged.await.expect("the server answers or hangs up")
}

/// The status of an answer; 0 if the server hung up without one.
#[track_caller]
pub(crate) fn status(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    status.map_or(0, |digits| digits.parse().expect("a status is a number"))
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn too_many_or_too_long_headers_are_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let many = (0..10_000).map(|number| format!("X-Header-{number}: value\r\n")).collect::<Vec<_>>().concat();
    let long = format!("X-Header: {}\r\n", "v".repeat(2_000_000));
    for headers in [many, long] {
        let request = format!("GET /api/users/me HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        assert_eq!(status(&exchange(&app, request.into_bytes()).await), 431);
    }
    staff.get("/users/me").await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_somebody_sends_in_place_of_a_name_is_not_sent_back_at_length(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let long = "A".repeat(30_000);
    let method = Method::from_bytes(long.as_bytes()).expect("a method may have any length");
    let answers = [
        (405, staff.send(staff.request(method, "/projects")).await),
        (415, staff.post_raw("/projects", &format!("text/{long}"), "x").await),
        (400, staff.get(&format!("/projects/{long}/documents")).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status);
        assert!(answer.body.len() < 300 && answer.body.contains("AAA…"), "{}", answer.body);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_no_http_is_refused(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    for request in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET /api/users/me\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/users/me HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
    ] {
        let answer = exchange(&app, request.to_vec()).await;
        assert!(matches!(status(&answer), 0 | 400), "{}: {answer}", request.escape_ascii());
    }
    staff.get("/users/me").await.json(200);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_closes_his_side_after_the_request_gets_the_answer(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let body = r#"{"title":"Ward"}"#;
    let head = format!("Host: x\r\nAuthorization: Token {}\r\nContent-Type: application/json\r\n", staff.token());
    let length = body.len();
    for (request, expected) in [
        (format!("GET /api/users/me HTTP/1.1\r\n{head}\r\n"), 200),
        (format!("POST /api/projects HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}"), 201),
    ] {
        let answer = exchange(&app, request.into_bytes()).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(answer.ends_with('}'), "it is whole: {answer}");
    }
    // Half a body is none, and nobody waits for the rest of it.
    let half = format!("POST /api/projects HTTP/1.1\r\n{head}Content-Length: 100\r\n\r\n{body}");
    let answer = exchange(&app, half.into_bytes()).await;
    assert!(matches!(status(&answer), 0 | 400), "{answer}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_nul_or_no_utf8_in_a_path_names_nothing(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let project = staff.project("P").await;
    for path in [
        "/projects/%00".to_owned(),
        format!("/projects/{project}%00"),
        format!("/projects/{project}/documents/%00"),
        format!("/projects/{project}/chats/a%00b"),
        "/projects/%ff%fe".to_owned(),
        format!("/projects/{project}/documents/%ff"),
        "/users/%00".to_owned(),
        "/%00".to_owned(),
    ] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let answer = staff.send(staff.request(method, &path)).await;
            answer.is(404, r#"{"detail":"Not found."}"#);
        }
    }
    let odd = staff.get("/projects?search=%00&ordering=%00&limit=%00&archived=%00").await;
    assert!(matches!(odd.status, 200 | 400), "{}", odd.body);
    let odd = staff.get("/projects?search=%ff%ed%a0%80").await;
    assert!(matches!(odd.status, 200 | 400), "{}", odd.body);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn numbers_that_are_none_are_refused_and_texts_that_are_no_unicode_too(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let path = format!("/projects/{}", staff.project("P").await);
    for number in ["NaN", "Infinity", "-Infinity", "1e400", "1000000000000000000000000000000", "1.5", "-1", "1e2"] {
        let request = staff.request(Method::PATCH, &path).header("content-type", "application/json");
        let answer = staff.send(request.body(format!(r#"{{"stt_engine":{number}}}"#))).await;
        assert_eq!(answer.status, 400, "{number}: {}", answer.body);
    }
    for text in ["\"\\u0000\"", "\"a\u{0}b\""] {
        let answer = staff.post_raw("/projects", "application/json", format!(r#"{{"title":{text}}}"#)).await;
        assert_eq!(answer.status, 400, "{text}: {}", answer.body);
    }
    let deep = format!(r#"{{"title":{}"x"{}}}"#, r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(staff.post_raw("/projects", "application/json", deep).await.status, 400);
    let fields = "a=&".repeat(5_000);
    let answer = staff.post_raw("/auth/login", "application/x-www-form-urlencoded", fields).await;
    answer.is(400, r#"{"detail":"More than 1000 fields were sent."}"#);
    assert_eq!(staff.get(&path).await.json(200)["title"], "P");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_preflight_is_answered_for_every_path_and_whoever_asks(db: PgPool) {
    let app = TestApp::start(&db).await;
    let stranger = app.nobody.with_token("no-such-token");
    for path in
        ["/api/projects", "/api/users/me", "/api/nowhere", "/media/x", "/", &format!("/api/projects/{NIL}/chats")]
    {
        let request = stranger
            .request_outside_api(Method::OPTIONS, path)
            .header("origin", "https://page.example")
            .header("access-control-request-method", "DELETE")
            .header("access-control-request-headers", "authorization,content-type,sentry-trace,baggage");
        let answer = stranger.send(request).await;
        answer.is(200, "");
        assert_eq!(answer.header("access-control-allow-origin"), "https://page.example", "{path}");
        assert_eq!(answer.header("access-control-max-age"), "86400");
        assert_eq!(answer.header("access-control-allow-methods"), "DELETE, GET, OPTIONS, PATCH, POST, PUT");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn errors_of_every_kind_can_be_read_by_pages_of_other_origins(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let cases = [
        (staff.request(Method::GET, "/nowhere"), 404),
        (staff.request(Method::PUT, "/projects"), 405),
        (staff.request(Method::POST, "/projects").json(&json!({})), 400),
        (staff.request(Method::POST, "/projects").header("content-type", "text/plain").body("x"), 415),
        (
            staff
                .request(Method::POST, "/projects")
                .header("content-type", "application/json")
                .body("x".repeat(3_000_000)),
            413,
        ),
        (app.nobody.request(Method::GET, "/users/me"), 401),
        (app.nobody.request_outside_api(Method::GET, "/media/nothing.png"), 404),
    ];
    for (request, status) in cases {
        let answer = staff.send(request.header("origin", "https://page.example")).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), "https://page.example", "{status}");
        assert_eq!(answer.header("vary"), "Accept, Accept-Language, origin", "{status}");
        assert_eq!(answer.header("content-type"), "application/json", "{status}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_request_names_its_host_once_and_properly(db: PgPool) {
    let app = TestApp::start(&db).await;
    for (version, hosts, expected) in [
        ("1.1", "Host: a.example\r\n", 401),
        ("1.1", "", 400),
        ("1.1", "Host: a.example\r\nHost: a.example\r\n", 400),
        ("1.1", "Host: a.example\r\nhost: evil.example\r\n", 400),
        ("1.1", "Host: a.example/x?\"onload=\r\n", 400),
        ("1.1", "Host: me@evil.example\r\n", 400),
        ("1.1", "Host:\r\n", 400),
        ("1.0", "", 401),
        ("1.0", "Host: a\r\nHost: b\r\n", 400),
    ] {
        let request = format!("GET /api/users/me HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        let answer = until_closed(&mut sent(&app, &request).await).await.replacen("HTTP/1.0", "HTTP/1.1", 1);
        assert_eq!(status(&answer), expected, "{version} {hosts}: {answer}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn links_hold_only_hosts_that_are_allowed(db: PgPool) {
    let app = TestApp::start_with(&db, &["--allowed-hosts", "Ayushma.example,.clinic.example"]).await;
    let ask = async |path: &str, host: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        status(&until_closed(&mut sent(&app, &request).await).await)
    };
    for host in ["ayushma.example", "AYUSHMA.example:8000", "ward.clinic.example"] {
        assert_eq!(ask("/api/users/me", host).await, 401, "{host}");
    }
    for host in ["evil.example", "127.0.0.1:8000", "evilclinic.example"] {
        assert_eq!(ask("/api/users/me", host).await, 400, "{host}");
        assert_eq!(ask("/health/live", host).await, 200, "whoever watches the process calls it by its address");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_shared_computer_keeps_an_answer(db: PgPool) {
    let app = TestApp::start(&db).await;
    let staff = app.staff().await;
    let chat = staff.chat(&staff.project("P").await).await;
    for path in ["/users/me", "/projects", &chat, "/nowhere"] {
        assert_eq!(staff.get(path).await.header("cache-control"), "no-store", "{path}");
    }
    assert_eq!(staff.patch(&chat, json!({ "title": "Zinc" })).await.header("cache-control"), "no-store");
    assert_eq!(app.nobody.get("/users/me").await.header("cache-control"), "no-store");
    let streamed = staff.ask_streamed(&chat, "What is zinc good for?").await;
    assert_eq!((streamed.header("content-type"), streamed.header("cache-control")), ("text/event-stream", "no-store"));
    let project = staff.project("Q").await;
    let document = staff.text_document(&project, "Zinc", "Zinc helps.").await;
    let progress = staff.get(&format!("{document}/progress")).await;
    assert_eq!((progress.header("content-type"), progress.header("cache-control")), ("text/event-stream", "no-store"));
}
