//! An HTTP answer, read to its end.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::shape;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.expect("the answer ends properly") }
    }

    /// Exactly this status and this body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }

    /// This status, and this body after ids and times were replaced.
    #[track_caller]
    pub(crate) fn is_like(&self, status: u16, body: &str) {
        assert_eq!((self.status, shape(&self.body).as_str()), (status, body));
    }

    /// The body of an answer of this status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// The id of the object that was made.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.json(201)["external_id"].as_str().expect("the object has an id").to_owned()
    }

    /// The titles of a list's page, in its order.
    #[track_caller]
    pub(crate) fn titles(&self) -> Vec<String> {
        let page = self.json(200);
        let results = page["results"].as_array().expect("a page has results");
        results.iter().map(|object| object["title"].as_str().expect("each has a title").to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("the header is text"))
    }

    /// The frames of a streamed answer, each checked for its exact form. Comment lines may stand before them.
    #[track_caller]
    pub(crate) fn frames(&self) -> Vec<Value> {
        assert_eq!((self.status, self.header("content-type")), (200, "text/event-stream"), "{}", self.body);
        let whole = self.body.strip_suffix("\n\n").expect("the stream ends with a whole frame");
        let frames = whole.split("\n\n").map(|frame| {
            let frame = frame.trim_start_matches(":\n");
            let json = frame.strip_prefix("data: {").expect("a frame is one line of data");
            assert!(json.is_ascii() && !json.contains('\n'), "{json}");
            serde_json::from_str(&format!("{{{json}")).expect("a frame is JSON")
        });
        frames.collect()
    }
}
