//! Creating and changing projects.

use super::{error, form, json};
use crate::contract::{input::Input, problem::ApiError};

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

type ProjectChange = (Option<String>, Option<i64>, Option<bool>, Option<Option<String>>);

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

#[tokio::test]
async fn a_project_with_bad_fields_is_refused_as_recorded() {
    for (body, expected) in [
        ("{}", r#"{"title":["This field is required."]}"#),
        (r#"{"title":"   "}"#, r#"{"title":["This field may not be blank."]}"#),
        (r#"{"title":null}"#, r#"{"title":["This field may not be null."]}"#),
        (r#"{"title":[]}"#, r#"{"title":["Not a valid string."]}"#),
        (r#"{"title":true}"#, r#"{"title":["Not a valid string."]}"#),
        (r#"{"title":"a\u0000b"}"#, r#"{"title":["Null characters are not allowed."]}"#),
        (r#"{"title":"x","stt_engine":9}"#, r#"{"stt_engine":["\"9\" is not a valid choice."]}"#),
        (r#"{"title":"x","stt_engine":"whisper"}"#, r#"{"stt_engine":["\"whisper\" is not a valid choice."]}"#),
        (r#"{"title":"x","stt_engine":[true]}"#, r#"{"stt_engine":["\"[True]\" is not a valid choice."]}"#),
        (r#"{"title":"x","stt_engine":null}"#, r#"{"stt_engine":["This field may not be null."]}"#),
        (r#"{"title":"x","tts_engine":3}"#, r#"{"tts_engine":["\"3\" is not a valid choice."]}"#),
        (r#"{"title":"x","model":null}"#, r#"{"model":["This field may not be null."]}"#),
        (r#"{"title":"x","is_default":"maybe"}"#, r#"{"is_default":["Must be a valid boolean."]}"#),
        (r#"{"title":"x","prompt":""}"#, r#"{"prompt":["This field may not be blank."]}"#),
        (r#"{"title":"x","prompt":null}"#, r#"{"prompt":["This field may not be null."]}"#),
        (
            r#"{"title":"x","preset_questions":"q"}"#,
            r#"{"preset_questions":["Expected a list of items but got type \"str\"."]}"#,
        ),
        (
            r#"{"title":"x","preset_questions":[1,null,"",{}]}"#,
            r#"{"preset_questions":{"1":["This field may not be null."],"2":["This field may not be blank."],"3":["Not a valid string."]}}"#,
        ),
    ] {
        assert_eq!(error(new_project(&json(body).await)).await, expected, "{body}");
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
    let project = new_project(&json(body).await).expect("accepted");
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
    let project = new_project(&input).expect("accepted");
    assert_eq!(project.preset_questions, Some(vec!["a".into(), "b".into()]));
    assert_eq!((project.stt_engine, project.prompt.as_str()), (1, ""));
    assert_eq!(project.assistant_id, None);
}

#[tokio::test]
async fn a_change_keeps_missing_and_null_apart() {
    let changed = change_project(&json(r#"{"open_ai_key":null}"#).await);
    assert_eq!(changed.ok(), Some((None, None, None, Some(None))));
    let changed = change_project(&json(r#"{"title":"x","is_default":true}"#).await);
    assert_eq!(changed.ok(), Some((Some("x".into()), None, Some(true), None)));
}

#[tokio::test]
async fn a_change_with_bad_fields_is_refused_as_recorded() {
    for (body, expected) in [
        (r#"{"stt_engine":0}"#, r#"{"stt_engine":["\"0\" is not a valid choice."]}"#),
        (r#"{"title":null}"#, r#"{"title":["This field may not be null."]}"#),
    ] {
        assert_eq!(error(change_project(&json(body).await)).await, expected);
    }
}
