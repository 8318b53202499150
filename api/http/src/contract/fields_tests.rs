use std::fmt::Write;

use axum::{body::Body, extract::Request, http::header, response::IntoResponse};
use http_body_util::BodyExt;

use crate::contract::{
    input::{BodyLimits, Input, UnreadBody},
    problem::ApiError,
};

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
    for (name, content) in fields {
        write!(body, "--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
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

#[tokio::test]
async fn a_form_repeats_a_list_and_leaves_boxes_empty() {
    let input = form(&[("list", "a"), ("list", "b"), ("choice", ""), ("text", ""), ("nullable", "")]).await;
    let read = input.create(|fields| {
        (
            fields.strings("list").optional(),
            fields.choice("choice", &[1, 2]).or(1),
            fields.text("text").or(String::new()),
            fields.text("nullable").nullable().or(None),
        )
    });
    assert_eq!(read.ok(), Some((Some(vec!["a".into(), "b".into()]), 1, String::new(), None)));
}

#[tokio::test]
async fn what_is_required_at_creation_cannot_be_emptied_later() {
    let blank = r#"{"title":["This field may not be blank."]}"#;
    for input in [form(&[("title", "")]).await, json(r#"{"title":" "}"#).await] {
        assert_eq!(error(input.partial(|fields| fields.text("title").if_sent())).await, blank);
    }
    assert_eq!(form(&[]).await.partial(|fields| fields.text("title").if_sent()).ok(), Some(None));
    let sent = json(r#"{"title":"x"}"#).await.partial(|fields| fields.text("title").if_sent());
    assert_eq!(sent.ok(), Some(Some("x".into())));
}

#[tokio::test]
async fn a_missing_boolean_of_a_form_is_false_at_creation_only() {
    let input = form(&[("title", "F")]).await;
    let created = input.create(|fields| fields.boolean("references").or(true));
    assert!(created.is_ok_and(|references| !references));
    let changed = input.partial(|fields| fields.boolean("references").optional());
    assert!(changed.is_ok_and(|references| references.is_none()));
}

#[tokio::test]
async fn a_change_keeps_missing_and_null_apart() {
    let key = |input: Input| input.partial(|fields| fields.text("key").nullable().optional()).ok();
    assert_eq!(key(json(r#"{"key":null}"#).await), Some(Some(None)));
    assert_eq!(key(json(r#"{"title":"x"}"#).await), Some(None));
}

#[tokio::test]
async fn numbers_are_whole_finite_and_in_their_range() {
    let read = |input: Input| {
        input.create(|fields| (fields.float("temperature").required(), fields.integer("topk").required()))
    };
    for (body, expected) in [
        (r#"{"temperature":"hot","topk":1}"#, r#"{"temperature":["A valid number is required."]}"#),
        (r#"{"temperature":"nan","topk":1}"#, r#"{"temperature":["A valid number is required."]}"#),
        (r#"{"temperature":"1e400","topk":1}"#, r#"{"temperature":["A valid number is required."]}"#),
        (r#"{"temperature":1,"topk":1.5}"#, r#"{"topk":["A valid integer is required."]}"#),
        (r#"{"temperature":1,"topk":"a"}"#, r#"{"topk":["A valid integer is required."]}"#),
        (
            r#"{"temperature":1,"topk":99999999999}"#,
            r#"{"topk":["Ensure this value is less than or equal to 2147483647."]}"#,
        ),
        (
            r#"{"temperature":1,"topk":"-99999999999999999999"}"#,
            r#"{"topk":["Ensure this value is greater than or equal to -2147483648."]}"#,
        ),
    ] {
        assert_eq!(error(read(json(body).await)).await, expected, "{body}");
    }
    assert_eq!(read(form(&[("temperature", "0.2"), ("topk", "4")]).await).ok(), Some((0.2, 4)));
}

#[tokio::test]
async fn ids_and_required_lists_are_checked() {
    let outcome = json(r#"{"project":"zz","models":[]}"#)
        .await
        .create(|fields| (fields.uuid("project").required(), fields.strings("models").not_empty().required()));
    assert_eq!(
        error(outcome).await,
        r#"{"project":["Must be a valid UUID."],"models":["This list may not be empty."]}"#
    );
}

#[tokio::test]
async fn a_file_that_is_missing_has_its_own_words() {
    let missing = form(&[]).await.create(|fields| fields.file("audio").required());
    assert_eq!(error(missing).await, r#"{"audio":["No file was submitted."]}"#);
}

#[tokio::test]
async fn an_error_of_our_own_stands_in_its_place() {
    let outcome = json(r#"{"a":""}"#).await.create(|fields| {
        fields.text("z").required();
        fields.error("m", "Out of the ordinary.");
        fields.text("a").required();
    });
    assert_eq!(
        error(outcome).await,
        r#"{"z":["This field is required."],"m":["Out of the ordinary."],"a":["This field may not be blank."]}"#
    );
}
