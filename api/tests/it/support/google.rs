//! A server that stands for Google's speech and translation services: it speaks their protocol.

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path},
};

pub(crate) const GOOGLE_KEY: &str = "google-key";

/// Translates `text` into `<target>: text`, hears what it was told to hear, and speaks a few bytes.
pub(crate) struct Google(MockServer);

impl Google {
    pub(crate) async fn start() -> Self {
        let server = MockServer::builder().start().await;
        let google = Self(server);
        google
            .answer("/language/translate/v2", |request| {
                let body: Value = request.body_json().expect("a request is JSON");
                let target = body["target"].as_str().expect("a request has a target");
                let texts = body["q"].as_array().expect("texts").iter();
                let translate =
                    |text: &Value| json!({ "translatedText": format!("{target}: {}", text.as_str().expect("a text")) });
                ResponseTemplate::new(200)
                    .set_body_json(json!({ "data": { "translations": texts.map(translate).collect::<Vec<_>>() } }))
            })
            .await;
        google
            .answer("/v1/text:synthesize", |_| {
                ResponseTemplate::new(200).set_body_json(json!({ "audioContent": "SUQzIHNwZWVjaA==" }))
            })
            .await;
        google
    }

    /// A server that hears this in every recording.
    pub(crate) async fn hearing(text: &str) -> Self {
        let google = Self::start().await;
        let answer = json!({ "results": [{ "alternatives": [{ "transcript": text }] }] });
        google.answer("/v1/speech:recognize", move |_| ResponseTemplate::new(200).set_body_json(&answer)).await;
        google
    }

    /// Requests without the key are not answered.
    async fn answer(&self, at: &str, answer: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) {
        let with_key = Mock::given(method("POST")).and(path(at)).and(header("x-goog-api-key", GOOGLE_KEY));
        with_key.respond_with(answer).mount(&self.0).await;
    }

    /// The arguments that let a process use it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let url = self.0.uri();
        [
            ("--google-api-key", GOOGLE_KEY),
            ("--google-translate-url", &url),
            ("--google-speech-url", &url),
            ("--google-tts-url", &url),
            ("--text-to-speech", "auto"),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
        .collect()
    }

    /// The bodies of all requests to a path.
    pub(crate) async fn requests(&self, at: &str) -> Vec<Value> {
        let requests = self.0.received_requests().await.expect("requests are recorded");
        let of_path = requests.iter().filter(|request| request.url.path() == at);
        of_path.map(|request| request.body_json().expect("a request is JSON")).collect()
    }
}
