//! Somebody at a client: a token or none, and requests in every form.

use reqwest::{
    Method, RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::Value;
use uuid::Uuid;

use super::{Answer, eventually};

#[derive(Clone)]
pub(crate) struct Person {
    pub(super) http: reqwest::Client,
    pub(super) base: String,
    pub(super) authorization: Option<String>,
    /// What is sent as `X-API-KEY`.
    pub(super) api_key: Option<String>,
    /// Nil for nobody.
    pub(crate) id: Uuid,
    pub(crate) email: String,
}

/// The texts of a multipart body.
pub(crate) fn multipart(texts: &[(&str, &str)]) -> Form {
    texts.iter().fold(Form::new(), |form, (name, text)| form.text((*name).to_owned(), (*text).to_owned()))
}

/// An urlencoded body.
pub(crate) fn form(texts: &[(&str, &str)]) -> String {
    let encoded = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('@', "%40");
    texts.iter().map(|(name, text)| format!("{name}={}", encoded(text))).collect::<Vec<_>>().join("&")
}

impl Person {
    /// Nobody in particular, at the server of this address.
    pub(crate) const fn nobody(http: reqwest::Client, base: String) -> Self {
        Self { http, base, authorization: None, api_key: None, id: Uuid::nil(), email: String::new() }
    }

    pub(crate) fn token(&self) -> &str {
        self.authorization.as_deref().and_then(|header| header.strip_prefix("Token ")).expect("somebody is logged in")
    }

    /// The same person with another `Authorization` header.
    pub(crate) fn with_authorization(&self, header: &str) -> Self {
        Self { authorization: Some(header.to_owned()), ..self.clone() }
    }

    /// The same with this API key.
    pub(crate) fn with_api_key(&self, key: &str) -> Self {
        Self { api_key: Some(key.to_owned()), ..self.clone() }
    }

    pub(crate) fn api_key(&self) -> &str {
        self.api_key.as_deref().expect("a service's client has a key")
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with_authorization(&format!("Token {token}"))
    }

    /// A request of one's own making; paths begin after `/api`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_outside_api(method, &format!("/api{path}"))
    }

    pub(crate) fn request_outside_api(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let headers = [("authorization", &self.authorization), ("x-api-key", &self.api_key)];
        headers.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).fold(
            request,
            |request, header| {
                let (name, value) = header;
                request.header(name, value)
            },
        )
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("the server answers")).await
    }

    /// Follows an address that an answer has named, absolute or relative.
    pub(crate) async fn follow(&self, url: &str) -> Answer {
        let path = url.strip_prefix(&self.base).unwrap_or(url);
        self.send(self.request_outside_api(Method::GET, path)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post_form(&self, path: &str, body: Form) -> Answer {
        self.send(self.request(Method::POST, path).multipart(body)).await
    }

    pub(crate) async fn patch_form(&self, path: &str, body: Form) -> Answer {
        self.send(self.request(Method::PATCH, path).multipart(body)).await
    }

    /// A body as it is, under a content type.
    pub(crate) async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send(self.request(Method::POST, path).header("content-type", content_type).body(body)).await
    }

    /// A service, as staff make one; its path.
    pub(crate) async fn service(&self, name: &str, allow_key: bool) -> String {
        let id = self.post("/services", serde_json::json!({ "name": name, "allow_key": allow_key })).await.id();
        format!("/services/{id}")
    }

    /// A service of somebody else, as superusers make one; its path.
    pub(crate) async fn service_of(&self, owner: Uuid, name: &str) -> String {
        let body = serde_json::json!({ "name": name, "allow_key": true, "owner": owner });
        format!("/services/{}", self.post("/services", body).await.id())
    }

    /// A client of the service, with a key that its owner or a superuser has made.
    pub(crate) async fn client_of(&self, service: &str) -> Self {
        let made = self.post(&format!("{service}/keys"), serde_json::json!({ "title": "Tablet 3" })).await.json(201);
        let key = made["key"].as_str().expect("a new key is shown");
        Self { authorization: None, ..self.with_api_key(key) }
    }

    /// A project of this title; its id.
    pub(crate) async fn project(&self, title: &str) -> String {
        self.post("/projects", serde_json::json!({ "title": title })).await.id()
    }

    /// A chat in the project; its path.
    pub(crate) async fn chat(&self, project: &str) -> String {
        let id = self.post(&format!("/projects/{project}/chats"), serde_json::json!({ "title": "New" })).await.id();
        format!("/projects/{project}/chats/{id}")
    }

    /// A document with this text, when it can be retrieved from; its path.
    pub(crate) async fn text_document(&self, project: &str, title: &str, text: &str) -> String {
        let body = multipart(&[("title", title), ("document_type", "3"), ("text_content", text)]);
        let id = self.post_form(&format!("/projects/{project}/documents"), body).await.id();
        let path = format!("/projects/{project}/documents/{id}");
        let document = self.embedded(&path).await;
        assert_eq!(document["failed"], false, "{document}");
        path
    }

    /// A document with this file, as it was answered.
    pub(crate) async fn upload(&self, project: &str, name: &str, bytes: &[u8]) -> Answer {
        let file = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let body = multipart(&[("title", "A file"), ("document_type", "1")]).part("file", file);
        self.post_form(&format!("/projects/{project}/documents"), body).await
    }

    /// The document after the work on it has ended.
    pub(crate) async fn embedded(&self, path: &str) -> Value {
        eventually("the document is embedded", async || {
            let document = self.get(path).await.json(200);
            (document["uploading"] == false).then_some(document)
        })
        .await
    }

    /// A question, answered at once.
    pub(crate) async fn ask(&self, chat: &str, question: &str) -> Answer {
        let body = multipart(&[("text", question), ("stream", "false")]);
        self.post_form(&format!("{chat}/converse"), body).await
    }

    /// A question, answered by a stream.
    pub(crate) async fn ask_streamed(&self, chat: &str, question: &str) -> Answer {
        self.post_form(&format!("{chat}/converse"), multipart(&[("text", question)])).await
    }
}
