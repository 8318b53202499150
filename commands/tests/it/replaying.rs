//! What auditors are shown of conversations: the prompt as it was sent where every part is known, and what is missing where
//! one is not.

use commands::{
    auditing::{Auditing, AuditingError, Details, PromptSeen, StepKind},
    clock::Clock as _,
    erasure::{Erasure, Ledger},
    event_log::{Moment, MomentError},
};
use domain::{
    chat::{Chat, ChatCommand, Completion, Generation, Question, Stage},
    ids::{ApiKeyId, ChatId, MessageId, ProjectId, ServiceId, UserId},
    project::{Project, ProjectChanges, ProjectCommand, Settings},
};
use knowledge::prompt::Template;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::support::{Node, new_id, system, title};

fn auditing(node: &Node, pool: &PgPool) -> Auditing {
    Auditing::new(pool.clone(), node.log().keys().clone(), None)
}

const fn at_position(position: i64) -> Moment {
    Moment::Position { log_id: None, position }
}

async fn command(node: &Node, chat: ChatId, command: ChatCommand) {
    node.commands.execute::<Chat>(chat.value(), command, &system()).await.expect("accepted");
}

/// A project with this prompt, and a chat in it.
async fn chat_with_prompt(node: &Node, prompt: &str) -> (ProjectId, ChatId) {
    let (project, chat) = (ProjectId::new(new_id()), ChatId::new(new_id()));
    let settings = Settings::new(title("Ward"), prompt.to_owned());
    let create = ProjectCommand::Create { creator: None, settings };
    node.commands.execute::<Project>(project.value(), create, &system()).await.expect("made");
    let owner = UserId::new(new_id());
    command(node, chat, ChatCommand::Start { project_id: project, owner, title: title("A chat") }).await;
    (project, chat)
}

async fn change_prompt(node: &Node, project: ProjectId, prompt: &str) {
    let changes = ProjectChanges { prompt: Some(prompt.to_owned()), ..ProjectChanges::default() };
    let change = ProjectCommand::Change(Box::new(changes));
    node.commands.execute::<Project>(project.value(), change, &system()).await.expect("changed");
}

/// Asks; the id of the answer to come.
async fn asked(node: &Node, chat: ChatId, text: &str) -> MessageId {
    let answer_id = MessageId::new(new_id());
    let question = Question {
        message_id: MessageId::new(new_id()),
        answer_id,
        text: text.into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 3,
    };
    command(node, chat, ChatCommand::Ask(question)).await;
    answer_id
}

/// A language model answers, which was sent this template.
async fn answered(node: &Node, chat: ChatId, answer_id: MessageId, text: &str, template: &str) {
    command(node, chat, ChatCommand::RecordPassages { answer_id, passages: vec![] }).await;
    let now = node.clock.now();
    let stage = Stage { started_at: now, ended_at: now + chrono::TimeDelta::milliseconds(1_500) };
    let generation = Generation {
        model_requested: "gpt".to_owned(),
        model_returned: Some("gpt-2026".to_owned()),
        prompt_version: "project".to_owned(),
        prompt_hash: Template::of(Some(template)).hash(),
        temperature: 0.1,
        usage: None,
        finish_reason: Some("stop".to_owned()),
        retrieval: stage,
        response: stage,
    };
    let completion = Completion {
        answer_id,
        text: text.into(),
        english_text: None,
        translation: None,
        citations: vec![],
        generation,
    };
    command(node, chat, ChatCommand::CompleteAnswer(Box::new(completion))).await;
}

async fn prompt(node: &Node, chat: ChatId, answer: MessageId) -> PromptSeen {
    auditing(node, &node.pool).provenance(chat, answer).await.expect("readable").prompt
}

/// Role and content of each message.
fn said(prompt: &PromptSeen) -> Vec<(&str, &str)> {
    let messages = prompt.messages.as_ref().unwrap_or_else(|| panic!("not known: {:?}", prompt.missing));
    messages.iter().map(|message| (message.role, message.content.as_str())).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_prompt_is_the_one_of_the_answer_and_not_that_of_today(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (project, chat) = chat_with_prompt(&node, "Ward {reference}").await;
    let first = asked(&node, chat, "Zinc?").await;
    answered(&node, chat, first, "14 days.", "Ward {reference}").await;
    change_prompt(&node, project, "Other {reference}").await;
    let second = asked(&node, chat, "Iron?").await;
    answered(&node, chat, second, "10 days.", "Other {reference}").await;
    change_prompt(&node, project, "Newest {reference}").await;

    assert_eq!(said(&prompt(&node, chat, first).await), [("system", "Ward {}"), ("user", "Zinc?")]);
    let turns = [("system", "Other {}"), ("user", "Zinc?"), ("assistant", "14 days."), ("user", "Iron?")];
    let later = prompt(&node, chat, second).await;
    assert_eq!(said(&later), turns);
    assert_eq!(later.set_by.expect("an event").event_type, "PromptChanged");
}

/// The project may be changed between the question and its answer: the hash says which prompt it was.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_prompt_that_was_changed_while_the_answer_was_made_is_not_taken_for_its_own(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (project, chat) = chat_with_prompt(&node, "Ward {reference}").await;
    let answer = asked(&node, chat, "Zinc?").await;
    change_prompt(&node, project, "Other {reference}").await;
    answered(&node, chat, answer, "14 days.", "Ward {reference}").await;
    assert_eq!(prompt(&node, chat, answer).await.template.as_deref(), Some("Ward {reference}"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_prompt_that_nobody_had_set_is_named_as_missing(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (project, chat) = chat_with_prompt(&node, "Ward {reference}").await;
    let answer = asked(&node, chat, "Zinc?").await;
    answered(&node, chat, answer, "14 days.", "Later {reference}").await;
    change_prompt(&node, project, "Later {reference}").await;
    let seen = prompt(&node, chat, answer).await;
    assert_eq!((&seen.template, &seen.messages), (&None, &None), "one that was set later is none of it");
    assert_eq!(seen.missing, ["the template: no prompt of before the answer has its SHA-256"]);
    assert_eq!(seen.hash, Some(Template::of(Some("Later {reference}")).hash()));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn where_it_is_not_recorded_which_earlier_turns_the_model_got_no_prompt_is_shown(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (_, chat) = chat_with_prompt(&node, "Ward {reference}").await;
    let (first, second) = (asked(&node, chat, "Zinc?").await, asked(&node, chat, "Iron?").await);
    answered(&node, chat, first, "14 days.", "Ward {reference}").await;
    answered(&node, chat, second, "10 days.", "Ward {reference}").await;
    assert_eq!(said(&prompt(&node, chat, first).await), [("system", "Ward {}"), ("user", "Zinc?")]);
    let seen = prompt(&node, chat, second).await;
    assert!(seen.messages.is_none() && seen.template.is_some(), "{seen:?}");
    assert!(seen.missing[0].starts_with("the earlier turns: another answer"), "{:?}", seen.missing);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_of_a_key_has_the_prompt_that_it_had_then(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chat = ChatId::new(new_id());
    let (service_id, key_id) = (ServiceId::new(new_id()), ApiKeyId::new(new_id()));
    let own = Some("Kiosk {reference}".to_owned());
    let start = ChatCommand::StartWithKey { service_id, key_id, title: title("Intake"), prompt: own, model: None };
    command(&node, chat, start).await;
    let answer = asked(&node, chat, "Zinc?").await;
    answered(&node, chat, answer, "14 days.", "Kiosk {reference}").await;
    command(&node, chat, ChatCommand::ChangePrompt(None)).await;
    assert_eq!(said(&prompt(&node, chat, answer).await), [("system", "Kiosk {}"), ("user", "Zinc?")]);
    let replay = auditing(&node, &node.pool).replay(chat, Moment::Now).await.expect("readable");
    let kinds: Vec<StepKind> = replay.steps.iter().map(|step| step.kind).collect();
    assert_eq!((kinds[0], kinds[1], kinds[2]), (StepKind::ChatStarted, StepKind::PromptSet, StepKind::QuestionAsked));
    assert_eq!((replay.project, replay.owner), (None, format!("service:{service_id}")));

    let folder = tempfile::tempdir().expect("made");
    let erasure = Erasure::new(&node.resources, Ledger::new(folder.path().join("erasures.jsonl")));
    erasure.erase_chat(chat, &system()).await.expect("erased");
    let erased = prompt(&node, chat, answer).await;
    assert!(erased.messages.is_none() && erased.template.is_none(), "{erased:?}");
    assert!(erased.missing.contains(&"the question: the person was erased".to_owned()), "{:?}", erased.missing);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_moment_shows_what_had_been_recorded_by_then(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (_, chat) = chat_with_prompt(&node, "Ward {reference}").await;
    let answer = asked(&node, chat, "Zinc?").await;
    answered(&node, chat, answer, "14 days.", "Ward {reference}").await;
    let auditing = auditing(&node, &node.pool);
    let whole = auditing.replay(chat, Moment::Now).await.expect("readable");
    let written = whole.steps.last().expect("there are some");
    assert_eq!((written.kind, written.text.as_deref()), (StepKind::AnswerWritten, Some("14 days.")));
    let stage = written.stage.expect("it was measured");
    assert_eq!((stage.ended_at - stage.started_at).num_milliseconds(), 1_500);
    assert!(matches!(&written.details, Details::Answer(made) if made.model_returned.as_deref() == Some("gpt-2026")));

    let before = at_position(written.event.position - 1);
    let until = auditing.replay(chat, before).await.expect("readable");
    assert!(until.steps.iter().all(|step| step.kind != StepKind::AnswerWritten));
    assert_eq!(until.up_to, written.event.position - 1);
    let at = auditing.replay(chat, Moment::Time(written.event.recorded_at)).await.expect("readable");
    assert_eq!(at, whole);

    let (end, start) = (written.event.position, whole.steps[0].event.position);
    let beyond = auditing.replay(chat, at_position(end + 1)).await;
    assert!(matches!(beyond, Err(AuditingError::Moment(MomentError::BeyondEnd { .. }))), "{beyond:?}");
    let before = auditing.replay(chat, at_position(start - 1)).await;
    assert!(matches!(before, Err(AuditingError::BeforeChat(position)) if position == start), "{before:?}");
    let unknown = auditing.replay(ChatId::new(new_id()), Moment::Now).await;
    assert!(matches!(unknown, Err(AuditingError::UnknownChat(_))), "{unknown:?}");
    let unknown = auditing.provenance(chat, MessageId::new(new_id())).await;
    assert!(matches!(unknown, Err(AuditingError::UnknownAnswer { .. })), "{unknown:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_auditor_needs_no_right_but_to_select(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (_, chat) = chat_with_prompt(&node, "Ward {reference}").await;
    let answer = asked(&node, chat, "Zinc?").await;
    answered(&node, chat, answer, "14 days.", "Ward {reference}").await;
    let reading = options.options([("role", "pg_read_all_data"), ("default_transaction_read_only", "on")]);
    let pool = PgPoolOptions::new().max_connections(2).connect_with(reading).await.expect("a connection");
    let refused = sqlx::query("DELETE FROM chunks").execute(&pool).await;
    assert!(refused.is_err(), "the role may not write");
    let auditing = auditing(&node, &pool);
    assert!(!auditing.replay(chat, Moment::Now).await.expect("readable").steps.is_empty());
    assert!(auditing.provenance(chat, answer).await.expect("readable").prompt.messages.is_some());
}
