//! Documents, chats, suites, and what no recorded endpoint has by itself.

use super::{error, form, json};
use crate::contract::{
    input::{Input, Upload},
    problem::ApiError,
};

fn new_document(input: &Input) -> Result<(String, i64, Option<Upload>, Option<String>), ApiError> {
    let document = input.create(|fields| {
        (
            fields.text("title").max(50).required(),
            fields.choice("document_type", &[1, 2, 3]).or(1),
            fields.file("file").nullable().or(None),
            fields.text("text_content").allow_blank().nullable().or(None),
        )
    })?;
    if document.2.is_none() && document.3.as_deref().unwrap_or_default().is_empty() {
        return Err(ApiError::non_field("Either 'file' or 'text_content' must be provided."));
    }
    Ok(document)
}

fn new_chat(input: &Input) -> Result<String, ApiError> {
    input.create(|fields| fields.text("title").max(50).required())
}

fn new_suite(input: &Input) -> Result<(String, f64, i64), ApiError> {
    input.create(|fields| {
        (
            fields.text("name").max(255).required(),
            fields.float("temperature").required(),
            fields.integer("topk").required(),
        )
    })
}

#[tokio::test]
async fn a_missing_boolean_of_a_form_is_false_at_creation_only() {
    let input = form(&[("name=\"title\"", "F")]).await;
    let created = input.create(|fields| fields.boolean("references").or(true));
    assert!(created.is_ok_and(|references| !references));
    let changed = input.partial(|fields| fields.boolean("references").optional());
    assert!(changed.is_ok_and(|references| references.is_none()));
}

#[tokio::test]
async fn a_document_needs_a_file_or_a_text() {
    let title = ("name=\"title\"", "T");
    assert_eq!(
        error(new_document(&form(&[title]).await)).await,
        r#"{"non_field_errors":["Either 'file' or 'text_content' must be provided."]}"#
    );
    let text = form(&[title, ("name=\"text_content\"", "t"), ("name=\"document_type\"", "3")]).await;
    assert!(new_document(&text).is_ok());
}

#[tokio::test]
async fn a_bad_file_is_refused_as_recorded() {
    let name = |length| format!("name=\"file\"; filename=\"{}\"", "f".repeat(length));
    for (disposition, content, message) in [
        (name(5), "", "The submitted file is empty."),
        (name(101), "x", "Ensure this filename has at most 100 characters (it has 101)."),
        ("name=\"file\"".into(), "text", "The submitted data was not a file. Check the encoding type on the form."),
    ] {
        let input = form(&[("name=\"title\"", "T"), (&disposition, content)]).await;
        assert_eq!(error(new_document(&input)).await, format!(r#"{{"file":["{message}"]}}"#));
    }
    let missing = form(&[]).await.create(|fields| fields.file("audio").required());
    assert_eq!(error(missing).await, r#"{"audio":["No file was submitted."]}"#);
}

#[tokio::test]
async fn a_chat_needs_a_title() {
    assert_eq!(error(new_chat(&json("{}").await)).await, r#"{"title":["This field is required."]}"#);
    let chat = new_chat(&json(r#"{"title":7,"model":4,"username":"hack"}"#).await);
    assert_eq!(chat.ok().as_deref(), Some("7"));
}

#[tokio::test]
async fn numbers_are_refused_as_recorded() {
    for (body, expected) in [
        (r#"{"name":"x","temperature":"hot","topk":1}"#, r#"{"temperature":["A valid number is required."]}"#),
        (r#"{"name":"x","temperature":"nan","topk":1}"#, r#"{"temperature":["A valid number is required."]}"#),
        (r#"{"name":"x","temperature":"1e400","topk":1}"#, r#"{"temperature":["A valid number is required."]}"#),
        (r#"{"name":"x","temperature":1,"topk":1.5}"#, r#"{"topk":["A valid integer is required."]}"#),
        (r#"{"name":"x","temperature":1,"topk":"a"}"#, r#"{"topk":["A valid integer is required."]}"#),
        (
            r#"{"name":"x","temperature":1,"topk":99999999999}"#,
            r#"{"topk":["Ensure this value is less than or equal to 2147483647."]}"#,
        ),
        (
            r#"{"name":"x","temperature":1,"topk":"-99999999999999999999"}"#,
            r#"{"topk":["Ensure this value is greater than or equal to -2147483648."]}"#,
        ),
    ] {
        assert_eq!(error(new_suite(&json(body).await)).await, expected, "{body}");
    }
    let suite =
        new_suite(&form(&[("name=\"name\"", "F"), ("name=\"temperature\"", "0.2"), ("name=\"topk\"", "4")]).await);
    assert_eq!(suite.ok(), Some(("F".into(), 0.2, 4)));
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
