//! Replays of exchanges that were recorded with the original: the same bodies must give the same errors.
//!
//! The forms below are examples of how routes read their fields; they are in the order of the contract.

use axum::{body::Body, extract::Request, http::header, response::IntoResponse};
use http_body_util::BodyExt;

use super::{
    input::{BodyLimits, Input, UnreadBody, Upload},
    problem::ApiError,
};

const REQUIRED: &str = r#"["This field is required."]"#;
const USERNAME: &str = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";

fn register(input: &Input) -> Result<[String; 5], ApiError> {
    // What the reservations would say.
    let taken = |text: &str| text == "usera" || text == "usera@example.com";
    input.create(|fields| {
        [
            fields
                .text("username")
                .check(USERNAME, |name| {
                    name.chars()
                        .all(|c| c.is_alphanumeric() || "_@.+-".contains(c))
                })
                .check("A user with that username already exists.", move |name| {
                    !taken(name)
                })
                .max(150)
                .required(),
            fields.text("full_name").max(80).required(),
            fields.text("password").required(),
            fields
                .email("email")
                .check(
                    "user with this email address already exists.",
                    move |email| !taken(email),
                )
                .required(),
            fields.text("recaptcha").required(),
        ]
    })
}

fn login(input: &Input) -> Result<(String, String), ApiError> {
    input.create(|fields| {
        (
            fields.text("password").untrimmed().required(),
            fields.email("email").required(),
        )
    })
}

#[derive(Debug, PartialEq)]
struct Project {
    title: String,
    description: Option<String>,
    stt_engine: i64,
    tts_engine: i64,
    model: String,
    is_default: bool,
    archived: bool,
    assistant_id: Option<String>,
    prompt: String,
    open_ai_key: Option<String>,
    preset_questions: Option<Vec<String>>,
}

fn new_project(input: &Input) -> Result<Project, ApiError> {
    input.create(|fields| Project {
        title: fields.text("title").max(50).required(),
        description: fields.text("description").allow_blank().nullable().or(None),
        stt_engine: fields.choice("stt_engine", &[1, 2, 3]).or(1),
        tts_engine: fields.choice("tts_engine", &[1, 2]).or(2),
        model: fields.text("model").or("1".into()),
        is_default: fields.boolean("is_default").or(false),
        archived: fields.boolean("archived").or(false),
        assistant_id: fields.text("assistant_id").max(100).nullable().or(None),
        prompt: fields.text("prompt").or(String::new()),
        open_ai_key: fields.text("open_ai_key").max(100).nullable().or(None),
        preset_questions: fields.strings("preset_questions").nullable().or(None),
    })
}

type ProjectChange = (
    Option<String>,
    Option<i64>,
    Option<bool>,
    Option<Option<String>>,
);

fn change_project(input: &Input) -> Result<ProjectChange, ApiError> {
    input.partial(|fields| {
        (
            fields.text("title").max(50).optional(),
            fields.choice("stt_engine", &[1, 2, 3]).optional(),
            fields.boolean("is_default").optional(),
            fields.text("open_ai_key").max(100).nullable().optional(),
        )
    })
}

fn new_document(input: &Input) -> Result<(String, i64, Option<Upload>, Option<String>), ApiError> {
    let document = input.create(|fields| {
        (
            fields.text("title").max(50).required(),
            fields.choice("document_type", &[1, 2, 3]).or(1),
            fields.file("file").nullable().or(None),
            fields
                .text("text_content")
                .allow_blank()
                .nullable()
                .or(None),
        )
    })?;
    if document.2.is_none() && document.3.as_deref().unwrap_or_default().is_empty() {
        return Err(ApiError::non_field(
            "Either 'file' or 'text_content' must be provided.",
        ));
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

async fn input(content_type: &str, body: String) -> Input {
    let request = Request::builder()
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .expect("a request");
    let read = UnreadBody::new(request, BodyLimits::default()).read().await;
    read.ok().expect("a readable body")
}

async fn json(body: &str) -> Input {
    input("application/json", body.to_owned()).await
}

async fn form(fields: &[(&str, &str)]) -> Input {
    let mut body = String::new();
    for (disposition, content) in fields {
        body +=
            &format!("--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n");
    }
    input("multipart/form-data; boundary=x", body + "--x--\r\n").await
}

async fn error<T>(outcome: Result<T, ApiError>) -> String {
    let response = outcome.err().expect("refused").into_response();
    assert_eq!(response.status(), 400);
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("whole")
        .to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[tokio::test]
async fn register_names_every_missing_field_in_order() {
    assert_eq!(
        error(register(&json("{}").await)).await,
        format!(
            r#"{{"username":{REQUIRED},"full_name":{REQUIRED},"password":{REQUIRED},"email":{REQUIRED},"recaptcha":{REQUIRED}}}"#
        )
    );
}

#[tokio::test]
async fn register_refuses_blank_and_null_in_their_own_words() {
    for (value, word) in [("\"\"", "blank"), ("null", "null"), ("\"  \"", "blank")] {
        let body = format!(
            r#"{{"username":{value},"full_name":{value},"password":{value},"email":{value},"recaptcha":{value}}}"#
        );
        let message = format!(r#"["This field may not be {word}."]"#);
        assert_eq!(
            error(register(&json(&body).await)).await,
            format!(
                r#"{{"username":{message},"full_name":{message},"password":{message},"email":{message},"recaptcha":{message}}}"#
            )
        );
    }
}

#[tokio::test]
async fn register_takes_numbers_for_text_and_nothing_else() {
    let body = r#"{"username":1,"full_name":true,"email":5,"password":[],"recaptcha":{}}"#;
    assert_eq!(
        error(register(&json(body).await)).await,
        r#"{"full_name":["Not a valid string."],"password":["Not a valid string."],"email":["Enter a valid email address."],"recaptcha":["Not a valid string."]}"#
    );
}

#[tokio::test]
async fn register_names_taken_values_together() {
    let body = r#"{"username":"usera","full_name":"N","email":"usera@example.com","password":"p","recaptcha":"x"}"#;
    assert_eq!(
        error(register(&json(body).await)).await,
        r#"{"username":["A user with that username already exists."],"email":["user with this email address already exists."]}"#
    );
}

#[tokio::test]
async fn register_checks_usernames_and_lengths() {
    let with = |username: &str, email: &str| {
        format!(
            r#"{{"username":"{username}","full_name":"N","email":"{email}","password":"p","recaptcha":"x"}}"#
        )
    };
    assert_eq!(
        error(register(&json(&with("bad name", "c@example.com")).await)).await,
        format!(r#"{{"username":["{USERNAME}"]}}"#)
    );
    assert_eq!(
        error(register(
            &json(&with(&"u".repeat(151), "c@example.com")).await
        ))
        .await,
        r#"{"username":["Ensure this field has no more than 150 characters."]}"#
    );
    let long = format!("{}@example.com", "e".repeat(243));
    assert_eq!(
        error(register(&json(&with("c", &long)).await)).await,
        r#"{"email":["Ensure this field has no more than 254 characters."]}"#
    );
    assert_eq!(
        error(register(&json(&with("c", "nope")).await)).await,
        r#"{"email":["Enter a valid email address."]}"#
    );
}

#[tokio::test]
async fn login_asks_for_the_password_first() {
    assert_eq!(
        error(login(&json("{}").await)).await,
        format!(r#"{{"password":{REQUIRED},"email":{REQUIRED}}}"#)
    );
    assert_eq!(
        error(login(&json(r#"{"email":"nurse","password":"p"}"#).await)).await,
        r#"{"email":["Enter a valid email address."]}"#
    );
}

#[tokio::test]
async fn login_trims_the_address_and_not_the_password() {
    let input = json(r#"{"email":" nurse@example.com ","password":" p "}"#).await;
    let (password, email) = login(&input).ok().expect("accepted");
    assert_eq!(
        (password.as_str(), email.as_str()),
        (" p ", "nurse@example.com")
    );
}

#[tokio::test]
async fn a_project_with_bad_fields_is_refused_as_recorded() {
    for (body, expected) in [
        ("{}", r#"{"title":["This field is required."]}"#),
        (
            r#"{"title":"   "}"#,
            r#"{"title":["This field may not be blank."]}"#,
        ),
        (
            r#"{"title":null}"#,
            r#"{"title":["This field may not be null."]}"#,
        ),
        (r#"{"title":[]}"#, r#"{"title":["Not a valid string."]}"#),
        (r#"{"title":true}"#, r#"{"title":["Not a valid string."]}"#),
        (
            r#"{"title":"a\u0000b"}"#,
            r#"{"title":["Null characters are not allowed."]}"#,
        ),
        (
            r#"{"title":"x","stt_engine":9}"#,
            r#"{"stt_engine":["\"9\" is not a valid choice."]}"#,
        ),
        (
            r#"{"title":"x","stt_engine":"whisper"}"#,
            r#"{"stt_engine":["\"whisper\" is not a valid choice."]}"#,
        ),
        (
            r#"{"title":"x","stt_engine":[true]}"#,
            r#"{"stt_engine":["\"[True]\" is not a valid choice."]}"#,
        ),
        (
            r#"{"title":"x","stt_engine":null}"#,
            r#"{"stt_engine":["This field may not be null."]}"#,
        ),
        (
            r#"{"title":"x","tts_engine":3}"#,
            r#"{"tts_engine":["\"3\" is not a valid choice."]}"#,
        ),
        (
            r#"{"title":"x","model":null}"#,
            r#"{"model":["This field may not be null."]}"#,
        ),
        (
            r#"{"title":"x","is_default":"maybe"}"#,
            r#"{"is_default":["Must be a valid boolean."]}"#,
        ),
        (
            r#"{"title":"x","prompt":""}"#,
            r#"{"prompt":["This field may not be blank."]}"#,
        ),
        (
            r#"{"title":"x","prompt":null}"#,
            r#"{"prompt":["This field may not be null."]}"#,
        ),
        (
            r#"{"title":"x","preset_questions":"q"}"#,
            r#"{"preset_questions":["Expected a list of items but got type \"str\"."]}"#,
        ),
        (
            r#"{"title":"x","preset_questions":[1,null,"",{}]}"#,
            r#"{"preset_questions":{"1":["This field may not be null."],"2":["This field may not be blank."],"3":["Not a valid string."]}}"#,
        ),
    ] {
        assert_eq!(
            error(new_project(&json(body).await)).await,
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_title_over_fifty_characters_is_refused() {
    let title = |length| format!(r#"{{"title":"{}"}}"#, "മ".repeat(length));
    assert!(new_project(&json(&title(50)).await).is_ok());
    assert_eq!(
        error(new_project(&json(&title(51)).await)).await,
        r#"{"title":["Ensure this field has no more than 50 characters."]}"#
    );
}

#[tokio::test]
async fn a_project_takes_what_the_original_took() {
    let body = r#"{"title":5,"stt_engine":"2","model":3,"is_default":"yes","description":"","preset_questions":[1," q "],"foo":1}"#;
    let project = new_project(&json(body).await).ok().expect("accepted");
    assert_eq!(
        project,
        Project {
            title: "5".into(),
            description: Some(String::new()),
            stt_engine: 2,
            tts_engine: 2,
            model: "3".into(),
            is_default: true,
            archived: false,
            assistant_id: None,
            prompt: String::new(),
            open_ai_key: None,
            preset_questions: Some(vec!["1".into(), "q".into()]),
        }
    );
}

#[tokio::test]
async fn a_form_repeats_a_list_and_leaves_boxes_empty() {
    let input = form(&[
        ("name=\"title\"", "Form"),
        ("name=\"preset_questions\"", "a"),
        ("name=\"preset_questions\"", "b"),
        ("name=\"stt_engine\"", ""),
        ("name=\"prompt\"", ""),
        ("name=\"assistant_id\"", ""),
    ])
    .await;
    let project = new_project(&input).ok().expect("accepted");
    assert_eq!(project.preset_questions, Some(vec!["a".into(), "b".into()]));
    assert_eq!((project.stt_engine, project.prompt.as_str()), (1, ""));
    assert_eq!(project.assistant_id, None);
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
async fn a_change_keeps_missing_and_null_apart() {
    let changed = change_project(&json(r#"{"open_ai_key":null}"#).await);
    assert_eq!(changed.ok(), Some((None, None, None, Some(None))));
    let changed = change_project(&json(r#"{"title":"x","is_default":true}"#).await);
    assert_eq!(
        changed.ok(),
        Some((Some("x".into()), None, Some(true), None))
    );
}

#[tokio::test]
async fn a_change_with_bad_fields_is_refused_as_recorded() {
    for (body, expected) in [
        (
            r#"{"stt_engine":0}"#,
            r#"{"stt_engine":["\"0\" is not a valid choice."]}"#,
        ),
        (
            r#"{"title":null}"#,
            r#"{"title":["This field may not be null."]}"#,
        ),
    ] {
        assert_eq!(error(change_project(&json(body).await)).await, expected);
    }
}

#[tokio::test]
async fn a_document_needs_a_file_or_a_text() {
    let title = ("name=\"title\"", "T");
    assert_eq!(
        error(new_document(&form(&[title]).await)).await,
        r#"{"non_field_errors":["Either 'file' or 'text_content' must be provided."]}"#
    );
    let text = form(&[
        title,
        ("name=\"text_content\"", "t"),
        ("name=\"document_type\"", "3"),
    ])
    .await;
    assert!(new_document(&text).is_ok());
}

#[tokio::test]
async fn a_bad_file_is_refused_as_recorded() {
    let name = |length| format!("name=\"file\"; filename=\"{}\"", "f".repeat(length));
    for (disposition, content, message) in [
        (name(5), "", "The submitted file is empty."),
        (
            name(101),
            "x",
            "Ensure this filename has at most 100 characters (it has 101).",
        ),
        (
            "name=\"file\"".into(),
            "text",
            "The submitted data was not a file. Check the encoding type on the form.",
        ),
    ] {
        let input = form(&[("name=\"title\"", "T"), (&disposition, content)]).await;
        assert_eq!(
            error(new_document(&input)).await,
            format!(r#"{{"file":["{message}"]}}"#)
        );
    }
    let missing = form(&[])
        .await
        .create(|fields| fields.file("audio").required());
    assert_eq!(
        error(missing).await,
        r#"{"audio":["No file was submitted."]}"#
    );
}

#[tokio::test]
async fn a_chat_needs_a_title() {
    assert_eq!(
        error(new_chat(&json("{}").await)).await,
        r#"{"title":["This field is required."]}"#
    );
    let chat = new_chat(&json(r#"{"title":7,"model":4,"username":"hack"}"#).await);
    assert_eq!(chat.ok().as_deref(), Some("7"));
}

#[tokio::test]
async fn numbers_are_refused_as_recorded() {
    for (body, expected) in [
        (
            r#"{"name":"x","temperature":"hot","topk":1}"#,
            r#"{"temperature":["A valid number is required."]}"#,
        ),
        (
            r#"{"name":"x","temperature":"nan","topk":1}"#,
            r#"{"temperature":["A valid number is required."]}"#,
        ),
        (
            r#"{"name":"x","temperature":"1e400","topk":1}"#,
            r#"{"temperature":["A valid number is required."]}"#,
        ),
        (
            r#"{"name":"x","temperature":1,"topk":1.5}"#,
            r#"{"topk":["A valid integer is required."]}"#,
        ),
        (
            r#"{"name":"x","temperature":1,"topk":"a"}"#,
            r#"{"topk":["A valid integer is required."]}"#,
        ),
        (
            r#"{"name":"x","temperature":1,"topk":99999999999}"#,
            r#"{"topk":["Ensure this value is less than or equal to 2147483647."]}"#,
        ),
        (
            r#"{"name":"x","temperature":1,"topk":"-99999999999999999999"}"#,
            r#"{"topk":["Ensure this value is greater than or equal to -2147483648."]}"#,
        ),
    ] {
        assert_eq!(
            error(new_suite(&json(body).await)).await,
            expected,
            "{body}"
        );
    }
    let suite = new_suite(
        &form(&[
            ("name=\"name\"", "F"),
            ("name=\"temperature\"", "0.2"),
            ("name=\"topk\"", "4"),
        ])
        .await,
    );
    assert_eq!(suite.ok(), Some(("F".into(), 0.2, 4)));
}

#[tokio::test]
async fn ids_and_required_lists_are_checked() {
    let outcome = json(r#"{"project":"zz","models":[]}"#)
        .await
        .create(|fields| {
            (
                fields.uuid("project").required(),
                fields.strings("models").not_empty().required(),
            )
        });
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
