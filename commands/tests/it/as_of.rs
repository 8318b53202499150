//! What things were at a moment of the log: as their people saw them then, whatever came later.

use std::time::Instant;

use chrono::{DateTime, Utc};
use commands::{
    accounts::Accounts,
    erasure::{Erasure, Ledger},
    event_log::{AsOf, Codec, Moment, PastStates},
};
use domain::{
    AggregateType,
    chat::{
        AnswerFailure, Chat, ChatCommand, Completion, Generation, Message, Question, RetrievedPassage, Said, Stage,
    },
    document::{Document, DocumentCommand, Source},
    ids::{MessageId, ProjectId, UserId},
    project::{Project, ProjectChanges, ProjectCommand, Settings},
    reconstruction::Existence,
    user::{Authority, Roles, User, UserChanges, UserCommand},
    values::{DocumentType, FullName},
};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::support::{Node, acting, new_id, number, registered_with, system, title};

pub(crate) const NOW: Moment = Moment::Now;

pub(crate) fn states(node: &Node) -> PastStates {
    PastStates::new(node.pool.clone(), Codec::new(node.log().keys().clone()))
}

pub(crate) async fn at(node: &Node, of: (AggregateType, Uuid), moment: Moment) -> AsOf {
    states(node).at(of, moment, false).await.expect("readable")
}

pub(crate) async fn end(node: &Node) -> i64 {
    number(&node.pool, "SELECT position FROM log_head").await
}

/// The end of the log as it is now.
async fn here(node: &Node) -> Moment {
    Moment::Position { log_id: None, position: end(node).await }
}

pub(crate) async fn project(node: &Node) -> Uuid {
    let id = new_id();
    let create = ProjectCommand::Create { creator: None, settings: Settings::new(title("Ward"), "Answer.".to_owned()) };
    node.commands.execute::<Project>(id, create, &system()).await.expect("made");
    id
}

pub(crate) async fn set_prompt(node: &Node, project: Uuid, prompt: &str) {
    let changes = ProjectChanges { prompt: Some(prompt.to_owned()), ..ProjectChanges::default() };
    let command = ProjectCommand::Change(Box::new(changes));
    node.commands.execute::<Project>(project, command, &system()).await.expect("changed");
}

async fn on_chat(node: &Node, chat: Uuid, command: ChatCommand) {
    node.commands.execute::<Chat>(chat, command, &system()).await.expect("done");
}

/// A chat of this person.
async fn chat_of(node: &Node, owner: UserId) -> Uuid {
    let chat = new_id();
    on_chat(node, chat, ChatCommand::Start { project_id: ProjectId::new(new_id()), owner, title: title("New") }).await;
    chat
}

async fn ask(node: &Node, chat: Uuid, text: &str) -> (MessageId, MessageId) {
    let (message_id, answer_id) = (MessageId::new(new_id()), MessageId::new(new_id()));
    let question = Question {
        message_id,
        answer_id,
        text: text.into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 10,
    };
    on_chat(node, chat, ChatCommand::Ask(question)).await;
    (message_id, answer_id)
}

fn answer(answer_id: MessageId, text: &str) -> ChatCommand {
    let stage = Stage { started_at: DateTime::<Utc>::UNIX_EPOCH, ended_at: DateTime::<Utc>::UNIX_EPOCH };
    let generation = Generation {
        model_requested: "model".to_owned(),
        model_returned: None,
        prompt_version: "built-in-1".to_owned(),
        prompt_hash: String::new(),
        temperature: 0.1,
        usage: None,
        finish_reason: None,
        retrieval: stage,
        response: stage,
    };
    let text = text.into();
    let citations = vec![];
    ChatCommand::CompleteAnswer(Box::new(Completion {
        answer_id,
        text,
        english_text: None,
        translation: None,
        citations,
        generation,
    }))
}

/// What the messages say, in their order.
fn texts(as_of: &AsOf) -> Vec<String> {
    let of = |message: &Message| match &message.said {
        Said::Question { question, failure: None } => question.text.to_string(),
        Said::Question { question, failure: Some(failure) } => format!("{} ({:?})", &*question.text, failure.reason),
        Said::Answer { completion, .. } => completion.text.to_string(),
        Said::Notice { text, .. } => text.clone(),
    };
    as_of.messages.as_deref().expect("it is a chat").iter().map(of).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_project_has_the_prompt_that_it_had_at_that_position(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let before = {
        project(&node).await;
        here(&node).await
    };
    let project = project(&node).await;
    let of = (AggregateType::Project, project);
    let first = here(&node).await;
    set_prompt(&node, project, "Answer briefly.").await;
    let second = here(&node).await;
    node.commands.execute::<Project>(project, ProjectCommand::Delete, &system()).await.expect("deleted");

    let absent = at(&node, of, before).await;
    assert_eq!((absent.existence, absent.fields.len(), absent.last_event), (Existence::Absent, 0, None));
    let then = at(&node, of, first).await;
    assert_eq!((then.existence, &then.fields["prompt"]), (Existence::Existing, &json!("Answer.")));
    assert_eq!((&then.fields["title"], &then.fields["is_archived"]), (&json!("Ward"), &json!(false)));
    let later = at(&node, of, second).await;
    assert_eq!((later.existence, &later.fields["prompt"]), (Existence::Existing, &json!("Answer briefly.")));
    let deleted = at(&node, of, NOW).await;
    assert_eq!(deleted.existence, Existence::Deleted);
    assert_eq!(deleted.fields, later.fields, "it shows what it was when it was deleted");
    assert_eq!(deleted.last_event, Some(end(&node).await));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_has_the_messages_and_the_title_that_it_had_then(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chat = chat_of(&node, UserId::new(new_id())).await;
    let of = (AggregateType::Chat, chat);
    let (asked, answer_id) = ask(&node, chat, "How much zinc?").await;
    let waiting = here(&node).await;
    on_chat(&node, chat, answer(answer_id, "Twenty milligrams.")).await;
    let answered = here(&node).await;
    let rate =
        |liked| ChatCommand::GiveFeedback { feedback_id: new_id().into(), message_id: answer_id, liked, message: None };
    on_chat(&node, chat, rate(true)).await;
    let (_, failing) = ask(&node, chat, "How long?").await;
    on_chat(
        &node,
        chat,
        ChatCommand::FailAnswer {
            answer_id: failing,
            reason: AnswerFailure::RateLimited,
            partial_text: "Four".to_owned(),
            notice: Some("Try later.".to_owned()),
        },
    )
    .await;
    node.retitle(chat, "Zinc for children").await;

    let then = at(&node, of, waiting).await;
    assert_eq!((texts(&then), &then.fields["title"]), (vec!["How much zinc?".to_owned()], &json!("How much zinc?")));
    let then = at(&node, of, answered).await;
    assert_eq!(texts(&then), ["How much zinc?", "Twenty milligrams."]);
    let now = at(&node, of, NOW).await;
    assert_eq!(texts(&now), ["How much zinc?", "Twenty milligrams.", "How long? (RateLimited)", "Try later."]);
    assert_eq!(now.fields["title"], json!("Zinc for children"));
    let ratings = |as_of: &AsOf| as_of.messages.as_ref().map(|messages| messages[1].ratings.len());
    assert_eq!((ratings(&then), ratings(&now)), (Some(0), Some(1)));
    let Some(Said::Answer { question, .. }) = now.messages.map(|mut messages| messages.remove(1).said) else {
        panic!("an answer")
    };
    assert_eq!(question, Some(asked));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_deleted_chat_is_readable_as_it_was_before(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let owner = UserId::new(new_id());
    let chat = chat_of(&node, owner).await;
    let (_, answer_id) = ask(&node, chat, "How much zinc?").await;
    on_chat(&node, chat, answer(answer_id, "Twenty milligrams.")).await;
    let before = here(&node).await;
    on_chat(&node, chat, ChatCommand::Delete).await;
    let (then, now) =
        (at(&node, (AggregateType::Chat, chat), before).await, at(&node, (AggregateType::Chat, chat), NOW).await);
    assert_eq!((then.existence, now.existence), (Existence::Existing, Existence::Deleted));
    assert_eq!(then.fields["owner"], json!(owner));
    assert_eq!((&then.fields, texts(&then)), (&now.fields, texts(&now)), "what was deleted is shown as it was then");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_account_has_the_roles_and_the_name_of_then_and_no_text_once_its_person_is_erased(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let asha = registered_with(&Accounts::new(&node.resources), "asha", Roles::default()).await;
    let of = (AggregateType::User, asha.value());
    let chat = chat_of(&node, asha).await;
    ask(&node, chat, "Is my own child ill?").await;
    let first = here(&node).await;
    let rename = UserCommand::ChangeFullName(Some(FullName::parse("Asha N").expect("well-formed")));
    node.commands.execute::<User>(asha.value(), rename, &acting(asha.value())).await.expect("changed");
    let changes = UserChanges { is_staff: Some(true), ..UserChanges::default() };
    let command = UserCommand::Administer { authority: Authority::Superuser, changes, keep: None };
    node.commands.execute::<User>(asha.value(), command, &system()).await.expect("changed");

    let (then, now) = (at(&node, of, first).await, at(&node, of, NOW).await);
    let shown = |as_of: &AsOf| ["username", "full_name", "is_staff"].map(|name| as_of.fields[name].clone());
    assert_eq!(shown(&then), [json!("asha"), json!("Asha Nair"), json!(false)]);
    assert_eq!(shown(&now), [json!("asha"), json!("Asha N"), json!(true)]);
    let names: Vec<&String> = then.fields.keys().collect();
    assert!(names.iter().all(|name| !name.contains("password") && !name.contains("token")), "{names:?}");

    let folder = tempfile::tempdir().expect("made");
    let erasure = Erasure::new(&node.resources, Ledger::new(folder.path().join("erasures.jsonl")));
    erasure.erase_person(asha, &system()).await.expect("erased");
    let (then, now) = (at(&node, of, first).await, at(&node, of, NOW).await);
    assert_eq!((then.existence, now.existence), (Existence::Existing, Existence::Erased));
    assert_eq!(shown(&then), [json!("[erased]"), json!("[erased]"), json!(false)], "also of the time before");
    let chat = at(&node, (AggregateType::Chat, chat), first).await;
    assert_eq!((texts(&chat), &chat.fields["title"]), (vec!["[erased]".to_owned()], &json!("[erased]")));
}

fn text(of: &str) -> Source {
    Source { document_type: DocumentType::Text, file: None, text_content: Some(of.to_owned()) }
}

async fn on_document(node: &Node, document: Uuid, command: DocumentCommand) {
    node.commands.execute::<Document>(document, command, &system()).await.expect("done");
}

pub(crate) async fn document(node: &Node, project: Uuid, name: &str) -> Uuid {
    let id = new_id();
    let (project_id, title) = (ProjectId::new(project), title(name));
    let add = DocumentCommand::Add { project_id, creator: None, title, description: None, source: text(name) };
    on_document(node, id, add).await;
    id
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_project_lists_the_documents_that_it_had_then_in_their_versions(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (ward, other) = (project(&node).await, project(&node).await);
    let (zinc, ors) = (document(&node, ward, "Zinc").await, document(&node, ward, "ORS").await);
    document(&node, other, "Iron").await;
    let embedded =
        |version| DocumentCommand::RecordEmbedding { version, passages: 3, model: "lexical".to_owned(), notes: vec![] };
    on_document(&node, zinc, embedded(1)).await;
    let first = here(&node).await;
    on_document(&node, zinc, DocumentCommand::AddVersion { creator: None, source: text("Zinc, new") }).await;
    let describe = DocumentCommand::Describe { title: Some(title("Zinc 2026")), description: None };
    on_document(&node, zinc, describe).await;
    on_document(&node, ors, DocumentCommand::Delete).await;

    let list = async |moment| {
        let as_of = states(&node).at((AggregateType::Project, ward), moment, true).await.expect("readable");
        let documents = as_of.documents.expect("they were asked for");
        documents.into_iter().map(|it| (it.title, it.version, it.state, it.embedded_version)).collect::<Vec<_>>()
    };
    let row = |title: &str, version, state, embedded| (title.to_owned(), version, state, embedded);
    assert_eq!(list(first).await, [row("Zinc", 1, "embedded", Some(1)), row("ORS", 1, "waiting", None)]);
    assert_eq!(list(NOW).await, [row("Zinc 2026", 2, "waiting", Some(1))]);

    let then = at(&node, (AggregateType::Document, zinc), first).await;
    assert_eq!((&then.fields["text_content"], &then.fields["state"]), (&json!("Zinc"), &json!("embedded")));
    let now = at(&node, (AggregateType::Document, zinc), NOW).await;
    let shown =
        ["text_content", "version", "embedded_version", "state", "failure"].map(|name| now.fields[name].clone());
    assert_eq!(shown, [json!("Zinc, new"), json!(2), json!(1), json!("waiting"), Value::Null]);
}

/// The measure is 200 ms, decoding included, of an optimised program on an idle machine; tests are slower and not alone.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_chat_of_two_thousand_messages_is_there_at_once(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chat = chat_of(&node, UserId::new(new_id())).await;
    for turn in 0..1_000 {
        let (_, answer_id) = ask(&node, chat, &format!("How much zinc in case {turn}?")).await;
        let passage = || RetrievedPassage {
            document_id: new_id().into(),
            document_version: 1,
            chunk_id: new_id().into(),
            content_hash: "0".repeat(64),
            score: 0.5,
        };
        let passages = (0..10).map(|_| passage()).collect();
        on_chat(&node, chat, ChatCommand::RecordPassages { answer_id, passages }).await;
        on_chat(&node, chat, answer(answer_id, &"Twenty milligrams a day. ".repeat(40))).await;
    }
    let of = (AggregateType::Chat, chat);
    let mut took = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let as_of = at(&node, of, NOW).await;
        took.push(began.elapsed());
        assert_eq!(as_of.messages.map(|messages| messages.len()), Some(2_000));
    }
    took.sort_unstable();
    assert!(took[0].as_secs() < 3, "{took:?}");
}
