#!/usr/bin/env bash
# axum::serve (hyper's default half_close(false)): a client that ends its sending side after the request, as RFC 9293 allows
# and as `nc -N` does, gets no byte of an answer that takes a moment; the handler's future is dropped in the middle of its work.
# axum::serve has no setting for it.
set -euo pipefail
tmp=$(mktemp -d) judged=
finish() {
    local rc=$?
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"

mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "try"
version = "0.0.0"
edition = "2021"
[dependencies]
axum = { version = "=0.8.9", default-features = false, features = ["http1", "tokio"] }
hyper = "=1.12.0"
hyper-util = "=0.1.21"
tokio = { version = "1", features = ["rt", "net", "time", "macros", "io-util"] }
TOML
cat >src/main.rs <<'RUST'
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

static FINISHED: AtomicU32 = AtomicU32::new(0);

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(300)).await;
    FINISHED.fetch_add(1, SeqCst);
    "done"
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::Router::new().route("/slow", post(slow)).route("/fast", post(|| async { "done" }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    for (path, half_close) in [("slow", false), ("slow", true), ("fast", true)] {
        let before = FINISHED.load(SeqCst);
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("POST /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
        client.write_all(request.as_bytes()).await.unwrap();
        if half_close {
            client.shutdown().await.unwrap();
        }
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        print!("{path}{}: {}", if half_close { ", half closed" } else { "" }, answer.lines().next().unwrap_or("no byte"));
        if path == "slow" {
            print!(", handler {}", if FINISHED.load(SeqCst) > before { "finished" } else { "dropped" });
        }
        print!(". ");
    }
}
RUST
CARGO_TARGET_DIR=$tmp/target cargo build -q >build.log 2>&1 || { cat build.log >&2; exit 2; }
seen=$(target/debug/try)

echo "axum 0.8.9 (hyper 1.12.0, hyper-util 0.1.21)"
echo "expected: a client that shuts down its sending side after the whole request is answered as any other"
echo "seen: $seen"
judged=yes
[ "$seen" = "slow: HTTP/1.1 200 OK, handler finished. slow, half closed: no byte, handler dropped. fast, half closed: HTTP/1.1 200 OK. " ]
