//! Replays of exchanges that were recorded with the original: the same bodies must give the same errors.
//!
//! The forms below are examples of how routes read their fields; they are in the order of the contract.

mod accounts;
mod chats_and_others;
mod projects;

use std::fmt::Write;

use axum::{body::Body, extract::Request, http::header, response::IntoResponse};
use http_body_util::BodyExt;

use super::{
    input::{BodyLimits, Input, UnreadBody},
    problem::ApiError,
};

const REQUIRED: &str = r#"["This field is required."]"#;

async fn input(content_type: &str, body: String) -> Input {
    let request =
        Request::builder().header(header::CONTENT_TYPE, content_type).body(Body::from(body)).expect("a request");
    let read = UnreadBody::new(request, BodyLimits::default()).read().await;
    read.expect("a readable body")
}

async fn json(body: &str) -> Input {
    input("application/json", body.to_owned()).await
}

async fn form(fields: &[(&str, &str)]) -> Input {
    let mut body = String::new();
    for (disposition, content) in fields {
        write!(body, "--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n")
            .expect("a String takes all that is written");
    }
    input("multipart/form-data; boundary=x", body + "--x--\r\n").await
}

async fn error<T>(outcome: Result<T, ApiError>) -> String {
    let response = outcome.err().expect("refused").into_response();
    assert_eq!(response.status(), 400);
    let bytes = response.into_body().collect().await.expect("whole").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}
