//! Clients that ask for many things at once on one connection, as HTTP/2 lets them.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use commands::counters::Bound;
use futures::{StreamExt, future::join_all};
use http_body_util::BodyExt;
use hyper::{
    Request, Response,
    client::conn::http2::{SendRequest, handshake},
    rt::Executor,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sqlx::PgPool;
use tokio::{net::TcpSocket, sync::mpsc, task::JoinSet};

use crate::support::{TestApp, eventually};

/// A connection from `127.0.0.<last>`.
async fn connect(app: &TestApp, last: u8) -> SendRequest<Body> {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).expect("all of 127.0.0.0/8 is this machine");
    let socket = socket.connect(app.host().parse().expect("an address")).await.expect("it connects");
    let (send, connection) = handshake(TokioExecutor::new(), TokioIo::new(socket)).await.expect("it speaks HTTP/2");
    TokioExecutor::new().execute(connection);
    send
}

fn request(app: &TestApp, method: &str, path: &str, body: Body) -> Request<Body> {
    let uri = format!("http://{}{path}", app.host());
    let request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
    request.body(body).expect("a request")
}

/// The status, `Retry-After` and the text.
async fn whole(response: Response<hyper::body::Incoming>) -> (u16, Option<String>, String) {
    let retry_after = response.headers().get("retry-after").map(|it| it.to_str().expect("a number").to_owned());
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("it is whole").to_bytes();
    (status, retry_after, String::from_utf8_lossy(&bytes).into_owned())
}

async fn ask(app: &TestApp, client: &mut SendRequest<Body>, path: &str) -> (u16, Option<String>, String) {
    client.ready().await.expect("it is open");
    let sent = client.send_request(request(app, "GET", path, Body::empty()));
    whole(sent.await.expect("the server answers")).await
}

/// A body that never ends, until the sender is dropped.
fn half_a_body() -> (mpsc::Sender<Bytes>, Body) {
    let (send, mut receive) = mpsc::channel::<Bytes>(1);
    send.try_send(Bytes::from_static(b"{")).expect("there is room for one");
    let stream = futures::stream::poll_fn(move |context| receive.poll_recv(context)).map(Ok::<_, std::io::Error>);
    (send, Body::from_stream(stream))
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn half_requests_on_a_few_connections_of_a_stranger_keep_nobody_else_from_asking(db: PgPool) {
    let app = TestApp::start_with(&db, &["--max-connections-per-address", "8"]).await;
    let before = Bound::RequestsInWork.count();
    let mut stranger = [connect(&app, 9).await, connect(&app, 9).await];
    let (mut halves, mut in_work, mut tasks) = (vec![], vec![], JoinSet::new());
    let (status, retry_after, text) = eventually("the stranger's share is used up", async || {
        let (half, body) = half_a_body();
        let client = &mut stranger[halves.len() % 2];
        client.ready().await.expect("it is open");
        in_work.push(tasks.spawn(client.send_request(request(&app, "POST", "/api/auth/login", body))));
        halves.push(half);
        let answer = ask(&app, &mut stranger[0], "/api/users/me").await;
        (answer.0 == 503).then_some(answer)
    })
    .await;
    assert_eq!((status, retry_after.as_deref()), (503, Some("5")));
    assert!(text.contains(r#""detail":"Service temporarily unavailable, try again later.""#), "{text}");
    assert!(Bound::RequestsInWork.count() > before, "it is counted");
    // A body that is sent along is not read.
    let upload = request(&app, "POST", "/api/auth/login", Body::from(vec![b' '; 60_000]));
    assert_eq!(stranger[1].send_request(upload).await.expect("the server answers").status(), 503);
    let health = ask(&app, &mut stranger[1], "/health/live").await;
    assert_eq!((health.0, health.2.as_str()), (200, r#"{"status":"ok"}"#));
    // Elsewhere nobody notices.
    let mut nurse = connect(&app, 1).await;
    for (status, ..) in join_all((0..4).map(|_| {
        let sent = nurse.send_request(request(&app, "GET", "/api/users/me", Body::empty()));
        async { whole(sent.await.expect("the server answers")).await }
    }))
    .await
    {
        assert_eq!(status, 401);
    }
    let kept = in_work.iter().filter(|request| !request.is_finished()).count();
    assert!((7..=8).contains(&kept), "those that have a place keep it: {kept}");
    // What is given up makes room for what comes.
    tasks.abort_all();
    eventually("the stranger may ask again", async || {
        (ask(&app, &mut stranger[0], "/api/users/me").await.0 == 401).then_some(())
    })
    .await;
    drop(halves);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_that_asks_for_many_things_at_once_gets_them_all(db: PgPool) {
    let app = TestApp::start(&db).await;
    let mut page = connect(&app, 1).await;
    // It knows how many it may have at once.
    assert_eq!(ask(&app, &mut page, "/health/live").await.0, 200);
    let answers = (0..100).map(|_| {
        let sent = page.send_request(request(&app, "GET", "/api/schema?format=json", Body::empty()));
        async { whole(sent.await.expect("the server answers")).await }
    });
    // Those beyond a connection's streams wait with the client.
    for (status, ..) in join_all(answers).await {
        assert_eq!(status, 200);
    }
}
