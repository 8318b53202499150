//! Servers that stand for a model provider: they speak its protocol.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_partial_json, body_string_contains, method, path},
};

fn event(json: &Value) -> String {
    format!("data: {json}\n\n")
}

fn delta(text: &str) -> String {
    event(&json!({ "id": "1", "model": "test-model", "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

fn end() -> String {
    ended_by("stop")
}

fn ended_by(reason: &str) -> String {
    let end =
        json!({ "id": "1", "model": "test-model", "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] });
    event(&end) + "data: [DONE]\n\n"
}

/// A streamed completion of these pieces.
pub(crate) fn deltas(texts: &[&str]) -> ResponseTemplate {
    let body: String = texts.iter().map(|text| delta(text)).chain([end()]).collect();
    ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
}

/// A streamed completion of one piece that ends for this reason.
pub(crate) fn ending(text: &str, reason: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(delta(text) + &ended_by(reason), "text/event-stream")
}

/// A completion that comes as a whole.
pub(crate) fn whole(text: &str) -> ResponseTemplate {
    let message = json!({ "role": "assistant", "content": text });
    ResponseTemplate::new(200).set_body_json(json!({
        "id": "1", "object": "chat.completion", "created": 1, "model": "test-model",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }]
    }))
}

/// A provider that remembers what it was asked.
pub(crate) struct Provider(MockServer);

impl Provider {
    pub(crate) async fn answering(answer: ResponseTemplate) -> Self {
        let server = MockServer::builder().start().await;
        Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(answer).mount(&server).await;
        Self(server)
    }

    /// The same provider, which answers otherwise where this is asked.
    pub(crate) async fn answering_to(self, question: &str, answer: ResponseTemplate) -> Self {
        let asked = Mock::given(method("POST")).and(path("/v1/chat/completions")).and(body_string_contains(question));
        asked.respond_with(answer).with_priority(1).mount(&self.0).await;
        self
    }

    /// The same provider, which hears this in every recording.
    pub(crate) async fn hearing(self, text: &str) -> Self {
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "text": text }));
        let transcriptions = Mock::given(method("POST")).and(path("/v1/audio/transcriptions"));
        transcriptions.respond_with(answer).mount(&self.0).await;
        self
    }

    /// The same provider, which speaks every text so.
    pub(crate) async fn speaking(self, sound: &str) -> Self {
        let answer = ResponseTemplate::new(200).set_body_raw(sound.to_owned(), "audio/mpeg");
        Mock::given(method("POST")).and(path("/v1/audio/speech")).respond_with(answer).mount(&self.0).await;
        self
    }

    /// The same provider, which fills in every form with this text.
    pub(crate) async fn filling_in(self, text: &str) -> Self {
        let json = body_partial_json(json!({ "response_format": { "type": "json_object" } }));
        let forms = Mock::given(method("POST")).and(path("/v1/chat/completions")).and(json);
        forms.respond_with(whole(text)).with_priority(1).mount(&self.0).await;
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/v1", self.0.uri())
    }

    /// The bodies of all requests.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        let requests = self.0.received_requests().await.expect("requests are recorded");
        requests.iter().map(|request| serde_json::from_slice(&request.body).expect("a request is JSON")).collect()
    }

    /// The keys of all requests.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let requests = self.0.received_requests().await.expect("requests are recorded");
        let key = |header: &str| header.strip_prefix("Bearer ").expect("keys are bearer tokens").to_owned();
        requests
            .iter()
            .map(|request| key(request.headers["authorization"].to_str().expect("the header is text")))
            .collect()
    }
}

/// A provider that says "first ", and " second" only when it may.
pub(crate) struct SlowProvider {
    pub(crate) url: String,
    gate: Arc<Semaphore>,
    _tasks: TaskTracker,
}

impl SlowProvider {
    pub(crate) async fn start() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let router = Router::new().route("/v1/chat/completions", post(slowly)).with_state(gate.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/v1", listener.local_addr().expect("a listener has an address"));
        let tasks = TaskTracker::new();
        tasks.spawn(async move { axum::serve(listener, router).await });
        Self { url, gate, _tasks: tasks }
    }

    pub(crate) fn go_on(&self) {
        self.gate.add_permits(1);
    }
}

async fn slowly(State(gate): State<Arc<Semaphore>>) -> Response {
    let rest = stream::once(async move {
        gate.acquire().await.expect("the gate is never closed").forget();
        delta("second") + &end()
    });
    let chunks = stream::iter([delta("first ")]).chain(rest).map(Ok::<_, std::convert::Infallible>);
    ([("content-type", "text/event-stream")], Body::from_stream(chunks)).into_response()
}
