//! Clients that hold connections, by malice or on a bad line: none is held for ever, and nobody else is kept away.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::user::Roles;
use reqwest::Method;
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::{PASSWORD, SlowProvider, TestApp, eventually, multipart};

const PATIENCE: Duration = Duration::from_secs(20);

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.host()).await.expect("the server takes connections")
}

/// A connection on which so much was sent.
pub(crate) async fn sent(app: &TestApp, text: &str) -> TcpStream {
    let mut socket = connect(app).await;
    socket.write_all(text.as_bytes()).await.expect("the server takes it");
    socket
}

/// What comes until the server hangs up.
pub(crate) async fn until_closed(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the server hangs up");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(app: &TestApp, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    until_closed(&mut sent(app, &request).await).await
}

/// What strangers are told of the health. On a machine that is busy a part may be late, or the database slow.
fn says_its_status_only(answer: &str) -> bool {
    let is_well = [r#"{"status":"ok"}"#, r#"{"status":"degraded"}"#].iter().any(|body| answer.ends_with(body));
    let is_failing = answer.ends_with(r#"{"status":"failing"}"#);
    (answer.starts_with("HTTP/1.1 200 ") && is_well) || (answer.starts_with("HTTP/1.1 503 ") && is_failing)
}

/// A connection with a request in work: the server waits for the body.
async fn half_a_login(app: &TestApp) -> TcpStream {
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let mut socket = sent(app, &format!("{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")).await;
    let mut go_on = [0; 25];
    let read = timeout(PATIENCE, socket.read_exact(&mut go_on)).await.expect("the server answers");
    read.expect("the connection is open");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_client_that_never_finishes_its_head_is_hung_up_on(db: PgPool) {
    let app = TestApp::start_with(&db, &["--head-timeout-seconds", "1"]).await;
    let started = Instant::now();
    for beginning in ["", "GET /api/users/me HTTP/1.1\r\nHost: x\r\nX-Slow: ", "PRI * HTTP/2.0\r\n"] {
        assert_eq!(until_closed(&mut sent(&app, beginning).await).await, "", "{beginning}");
    }
    let mut trickle = sent(&app, "GET /api/users/me HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    eventually("it is closed, however busy it is", async || trickle.write_all(b"a").await.err()).await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_idle_connection_is_closed_and_a_silent_stream_is_not(db: PgPool) {
    let provider = SlowProvider::start().await;
    let quick = ["--idle-timeout-seconds", "1", "--head-timeout-seconds", "1", "--min-rate-seconds", "1"];
    let own = ["--openai-base-url", &provider.url, "--openai-api-key", "none"];
    let app = TestApp::start_with(&db, &[&quick[..], &own].concat()).await;
    let staff = app.person("meera", Roles { is_staff: true, allow_key: true, ..Roles::default() }).await;
    let chat = staff.chat(&staff.project("P").await).await;
    let question = staff.request(Method::POST, &format!("{chat}/converse")).multipart(multipart(&[("text", "Q")]));
    let mut stream = question.send().await.expect("it begins");
    let first = stream.chunk().await.expect("it is open").expect("something comes");
    assert!(String::from_utf8_lossy(&first).contains("data: "));
    // The stream is silent for longer than this one is idle.
    for _ in 0..3 {
        let mut idle = sent(&app, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let answer = until_closed(&mut idle).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    provider.go_on();
    let rest = timeout(PATIENCE, stream.text()).await.expect("it goes on").expect("to its end");
    assert!(rest.contains(r#""stop": true, "error": false"#), "{rest}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_client_that_has_gone_is_noticed_when_its_answer_goes_on(db: PgPool) {
    let provider = SlowProvider::start().await;
    let own = ["--openai-base-url", &provider.url, "--openai-api-key", "none", "--max-connections", "3"];
    let app = TestApp::start_with(&db, &own).await;
    let staff = app.person("meera", Roles { is_staff: true, allow_key: true, ..Roles::default() }).await;
    let chat = staff.chat(&staff.project("P").await).await;
    let question = staff.request(Method::POST, &format!("{chat}/converse")).multipart(multipart(&[("text", "Q")]));
    let mut stream = question.send().await.expect("it begins");
    stream.chunk().await.expect("it is open");
    let _others = [half_a_login(&app).await, half_a_login(&app).await];
    assert!(ask(&app, "/api/users/me").await.starts_with("HTTP/1.1 503 "), "all places are taken");
    drop(stream);
    provider.go_on();
    eventually("there is a place again", async || {
        ask(&app, "/api/users/me").await.starts_with("HTTP/1.1 401 ").then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_answer_that_nobody_reads_is_given_up_and_a_slow_reader_gets_all(db: PgPool) {
    let app = TestApp::start_with(&db, &["--min-rate-seconds", "2"]).await;
    let staff = app.staff().await;
    let (small, large) = (vec![b'a'; 2_000_000], vec![b'b'; 20_000_000]);
    let project = staff.project("P").await;
    let mut paths = vec![];
    for (name, bytes) in [("small.bin", &small), ("large.bin", &large)] {
        let url = staff.upload(&project, name, bytes).await.json(201)["file"].clone();
        let url = url.as_str().expect("a file has an address");
        paths.push(url.strip_prefix(&format!("http://{}", app.host())).expect("an address of this server").to_owned());
    }
    let (mut slow, mut silent) = (asking_for(&app, &paths[0]).await, asking_for(&app, &paths[1]).await);
    let mut came = 0;
    let mut part = vec![0; 100_000];
    while came < small.len() {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let count = slow.read(&mut part).await.expect("it is open");
        assert!(count > 0, "it was closed after {came} bytes");
        came += count;
    }
    // Bytes beyond the request change nothing while the answer is on its way, and fail when nobody is there.
    eventually("the server hangs up", async || silent.write_all(b"x").await.err()).await;
    staff.get("/users/me").await.json(200);
}

/// A connection with a small buffer, on which a file is asked for.
async fn asking_for(app: &TestApp, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.set_recv_buffer_size(65_536).expect("buffers can be small");
    let address: SocketAddr = app.host().parse().expect("an address");
    let mut socket = socket.connect(address).await.expect("the server takes connections");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("the server takes it");
    socket
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn health_answers_when_all_places_are_taken_and_others_are_told_to_come_again(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-connections", "6"]).await;
    let mut taken = vec![];
    for _ in 0..6 {
        taken.push(half_a_login(&app).await);
    }
    let busy = eventually("all places are taken", async || {
        let answer = ask(&app, "/api/users/me").await;
        answer.starts_with("HTTP/1.1 503 ").then_some(answer)
    })
    .await;
    assert!(busy.contains("retry-after: 5\r\n") && busy.contains("connection: close\r\n"), "{busy}");
    assert!(busy.contains(r#""detail":"Service temporarily unavailable, try again later.""#), "{busy}");
    // Whoever holds the reserve is pushed out of it.
    let mut held: Vec<TcpStream> = vec![];
    for _ in 0..100 {
        held.push(connect(&app).await);
    }
    for path in ["/health/live", "/health/ready"] {
        eventually("the health is good", async || {
            let answer = ask(&app, path).await;
            assert!(says_its_status_only(&answer), "{path}: {answer}");
            answer.starts_with("HTTP/1.1 200 ").then_some(())
        })
        .await;
    }
    drop(taken);
    eventually("there is a place again", async || {
        ask(&app, "/api/users/me").await.starts_with("HTTP/1.1 401 ").then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_guesses_passwords_at_the_reserve_for_health(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-connections", "6"]).await;
    let root = app.root().await;
    let mut taken = vec![];
    for _ in 0..6 {
        taken.push(half_a_login(&app).await);
    }
    eventually("all places are taken", async || {
        ask(&app, "/api/users/me").await.starts_with("HTTP/1.1 503 ").then_some(())
    })
    .await;
    let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("{}:{password}", root.email)));
    for authorization in [basic("wrong"), basic(PASSWORD), format!("Token {}", root.token()), "Token wrong".to_owned()]
    {
        for path in ["/health/live", "/health/ready"] {
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n"
            );
            let answer = until_closed(&mut sent(&app, &request).await).await;
            // The same to everybody: nothing is learned about the password, and nothing about the server.
            assert!(says_its_status_only(&answer), "{authorization}: {answer}");
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn idle_connections_make_room_for_who_comes(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-connections-per-address", "4"]).await;
    let staff = app.staff().await;
    let mut idle: Vec<TcpStream> = vec![];
    for _ in 0..40 {
        idle.push(connect(&app).await);
        staff.get("/users/me").await.json(200);
    }
    let mut closed = 0;
    for socket in &idle {
        closed += usize::from(matches!(socket.try_read(&mut [0]), Ok(0)));
    }
    assert!(closed >= 30, "only {closed} have made room");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_address_has_its_share_of_places_and_a_trusted_proxy_has_none(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-connections-per-address", "3"]).await;
    let mut taken = vec![];
    for _ in 0..3 {
        taken.push(half_a_login(&app).await);
    }
    eventually("the share is used up", async || {
        ask(&app, "/api/users/me").await.starts_with("HTTP/1.1 503 ").then_some(())
    })
    .await;
    let elsewhere = TcpSocket::new_v4().expect("there are sockets");
    elsewhere.bind(SocketAddr::from(([127, 0, 0, 9], 0))).expect("all of 127.0.0.0/8 is this machine");
    let mut elsewhere = elsewhere.connect(app.host().parse().expect("an address")).await.expect("it connects");
    elsewhere.write_all(b"GET /api/users/me HTTP/1.0\r\n\r\n").await.expect("the server takes it");
    assert!(until_closed(&mut elsewhere).await.contains(" 401 "));

    let arguments = ["--max-connections-per-address", "3", "--trusted-proxies", "127.0.0.0/8"];
    let behind_proxy = TestApp::start_with(&db, &arguments).await;
    for _ in 0..10 {
        taken.push(half_a_login(&behind_proxy).await);
    }
    assert!(ask(&behind_proxy, "/api/users/me").await.starts_with("HTTP/1.1 401 "));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_server_that_ends_waits_for_requests_in_work_and_not_for_idle_connections(db: PgPool) {
    let app = TestApp::start(&db).await;
    let (mut idle, mut half_head) = (connect(&app).await, sent(&app, "GET / HT").await);
    let mut kept = sent(&app, "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(kept.read(&mut [0; 100]).await.is_ok_and(|count| count > 0));
    let mut in_work = half_a_login(&app).await;
    let started = Instant::now();
    app.end();
    for socket in [&mut idle, &mut half_head, &mut kept] {
        until_closed(socket).await;
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let rest = format!("{{{}}}", " ".repeat(98));
    in_work.write_all(rest.as_bytes()).await.expect("the server still reads");
    assert!(until_closed(&mut in_work).await.starts_with("HTTP/1.1 400 "));
}
