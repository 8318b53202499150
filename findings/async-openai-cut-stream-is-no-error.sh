#!/usr/bin/env bash
# async-openai: a stream of a chat answer that ends without `[DONE]` and without a finish reason ends for the caller as a whole
# one does: no error. The caller must keep the finish reason himself; whether `[DONE]` came is not told.
set -euo pipefail
tmp=$(mktemp -d) pids=() judged=
finish() {
    local rc=$? pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"

# A server that sends two pieces of an answer, then either the end or nothing more, and closes the connection in order.
cat >server.py <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def piece(text, finish=None):
    delta = {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        text = piece("Give 0.5 ")
        if self.path.startswith("/whole/"):
            text += piece("mg.") + piece("", "stop") + "data: [DONE]\n\n"
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
mkfifo port.fifo
python3 server.py >port.fifo &
pids+=($!)
read -r port <port.fifo

mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "try"
version = "0.0.0"
edition = "2021"
[dependencies]
async-openai = { version = "=0.43.0", default-features = false, features = ["chat-completion"] }
futures = { version = "0.3", default-features = false, features = ["std"] }
serde_json = "1"
tokio = { version = "1", features = ["rt", "macros"] }
TOML
cat >src/main.rs <<'RUST'
use async_openai::{config::OpenAIConfig, types::chat::CreateChatCompletionRequest, Client};
use futures::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).unwrap();
    for kind in ["whole", "cut"] {
        let config = OpenAIConfig::new().with_api_base(format!("http://127.0.0.1:{port}/{kind}")).with_api_key("x");
        let request = serde_json::json!({"model": "m", "messages": [{"role": "user", "content": "?"}], "stream": true});
        let request: CreateChatCompletionRequest = serde_json::from_value(request).unwrap();
        let mut stream = Client::with_config(config).chat().create_stream(request).await.unwrap();
        let (mut text, mut finish, mut errors) = (String::new(), None, 0);
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => {
                    text += piece.choices[0].delta.content.as_deref().unwrap_or("");
                    finish = piece.choices[0].finish_reason.or(finish);
                }
                Err(_) => errors += 1,
            }
        }
        print!("{kind}: {text:?}, finish reason {finish:?}, errors {errors}. ");
    }
}
RUST
CARGO_TARGET_DIR=$tmp/target cargo build -q >build.log 2>&1 || { cat build.log >&2; exit 2; }
seen=$(target/debug/try "$port")

echo "async-openai 0.43.0"
echo "expected: a stream that ends without [DONE] and without a finish reason gives an error, as a truncated answer"
echo "seen: $seen"
judged=yes
[ "$seen" = 'whole: "Give 0.5 mg.", finish reason Some(Stop), errors 0. cut: "Give 0.5 ", finish reason None, errors 0. ' ]
