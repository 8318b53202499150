//! Events of all kinds that have a form in the formats of others.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use audit_exchange::{Entry, Log, Turn, Turns};
use chrono::{DateTime, Utc};
use domain::{
    AggregateType,
    access::{Access, AccessEvent, AccessKind, AccessedObject},
    chat::{ChatEvent, Completion, Generation, Question, RetrievedPassage, Stage, Usage},
    envelope::{Actor, Metadata, RecordedEvent},
    event::Event,
    ids::{ChunkId, CommandId, DocumentId, EventId, MessageId, SessionId, UserId},
    user::{Role, UserEvent},
};
use serde_json::Value;
use uuid::Uuid;

/// Words that must not get out.
pub(crate) const PERSONAL: &str = "my son has a fever";

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn log() -> Log {
    Log { id: id(4711), origin: format!("hospital.example/ayushma/log/{}", id(4711)) }
}

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_796_113_800_123 + milliseconds).expect("a time")
}

fn stage() -> Stage {
    Stage { started_at: at(100), ended_at: at(900) }
}

fn user(number: u128) -> UserId {
    UserId::new(id(number))
}

fn object(kind: Option<AggregateType>, number: u128, owner: Option<u128>) -> AccessedObject {
    AccessedObject { kind, id: id(number), owner: owner.map(user) }
}

pub(crate) fn access(what: AccessKind, objects: Vec<AccessedObject>) -> Access {
    Access {
        reader: Some(user(1)),
        session_id: Some(SessionId::new(id(2))),
        roles: vec![Role::Superuser, Role::Staff],
        what,
        request: "GET /api/projects/{project}/chats/{id}".to_owned(),
        objects,
        reason: Some(PERSONAL.into()),
    }
}

fn accesses() -> Vec<AccessEvent> {
    let chat = |number| object(Some(AggregateType::Chat), number, Some(3));
    let project = object(Some(AggregateType::Project), 20, None);
    let minimal = Access { session_id: None, roles: vec![], reason: None, ..access(AccessKind::Chat, vec![chat(10)]) };
    let of_service = Access { reader: None, ..minimal.clone() };
    let mut all = vec![
        access(AccessKind::Chat, vec![chat(10)]),
        access(AccessKind::Chat, vec![project, chat(10), chat(11), object(None, 12, None)]),
        access(AccessKind::ChatList, vec![]),
        access(AccessKind::ChatList, vec![project]),
        access(AccessKind::Export, vec![chat(10), object(Some(AggregateType::User), 3, Some(3))]),
        minimal,
        of_service,
    ];
    let kinds = [
        AccessKind::Ratings,
        AccessKind::Timeline,
        AccessKind::AsOf,
        AccessKind::Replay,
        AccessKind::Provenance,
        AccessKind::Accesses,
        AccessKind::People,
        AccessKind::Other,
    ];
    all.extend(kinds.map(|kind| access(kind, vec![chat(10)])));
    let granted = all.iter().cloned().map(AccessEvent::AccessGranted);
    let refused = all.iter().cloned().map(AccessEvent::AccessRefused);
    granted.chain(refused).collect()
}

fn question(number: u128) -> Question {
    Question {
        message_id: MessageId::new(id(number)),
        answer_id: MessageId::new(id(number + 1)),
        text: PERSONAL.into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 5,
    }
}

fn passage(document: u128, version: u32) -> RetrievedPassage {
    RetrievedPassage {
        document_id: DocumentId::new(id(document)),
        document_version: version,
        chunk_id: ChunkId::new(id(document + 500)),
        content_hash: format!("{document:064x}"),
        score: 0.73,
    }
}

fn completion(number: u128) -> Completion {
    Completion {
        answer_id: MessageId::new(id(number + 1)),
        text: PERSONAL.into(),
        english_text: Some(PERSONAL.into()),
        translation: None,
        citations: vec![DocumentId::new(id(300)), DocumentId::new(id(399))],
        generation: Generation {
            model_requested: "gpt-4o-mini".to_owned(),
            model_returned: Some("gpt-4o-mini-2024-07-18".to_owned()),
            prompt_version: "built-in-1".to_owned(),
            prompt_hash: "a".repeat(64),
            temperature: 0.1,
            usage: Some(Usage { prompt_tokens: 900, completion_tokens: 120 }),
            finish_reason: Some("stop".to_owned()),
            retrieval: stage(),
            response: stage(),
        },
    }
}

fn conversation() -> Vec<ChatEvent> {
    let bare = Completion {
        citations: vec![],
        generation: Generation {
            model_returned: None,
            prompt_hash: "none".to_owned(),
            usage: None,
            finish_reason: None,
            ..completion(0).generation
        },
        ..completion(210)
    };
    vec![
        ChatEvent::QuestionAsked(question(200)),
        ChatEvent::PassagesRetrieved {
            answer_id: MessageId::new(id(201)),
            passages: vec![passage(300, 2), passage(301, 1), passage(300, 2)],
        },
        ChatEvent::AnswerCompleted(completion(200)),
        // Its question was asked before the selection began.
        ChatEvent::AnswerCompleted(bare),
        ChatEvent::Deleted {},
    ]
}

fn metadata(position: i64, actor: Actor, on_behalf_of: Option<Actor>) -> Metadata {
    let number = u128::try_from(position).expect("positive");
    Metadata {
        event_id: EventId::new(id(10_000 + number)),
        command_id: CommandId::new(id(20_000 + number)),
        actor,
        on_behalf_of,
        correlation_id: id(30_000 + number),
        causation_id: None,
        traceparent: None,
        subject: Some(user(1).into()),
        client_address: Some("192.0.2.7".to_owned()),
        user_agent: Some("Firefox".to_owned()),
        recorded_at: at(position * 1_000),
    }
}

/// Events of all kinds, in the order of their positions.
pub(crate) fn events() -> Vec<RecordedEvent> {
    let person = || Actor::User(user(1));
    let mut all: Vec<(Event, Uuid, Actor, Option<Actor>)> = Vec::new();
    for event in accesses() {
        let (AccessEvent::AccessGranted(access) | AccessEvent::AccessRefused(access)) = &event;
        let (actor, other) = match (access.what, access.reader) {
            (AccessKind::Export, _) => (Actor::system("command-line"), None),
            (_, Some(_)) => (person(), None),
            (_, None) => (Actor::Service(id(5)), Some(Actor::User(user(6)))),
        };
        all.push((Event::Access(event), id(40), actor, other));
    }
    let session_id = SessionId::new(id(2));
    all.push((Event::User(UserEvent::SessionStarted { session_id }), id(1), person(), None));
    all.push((Event::User(UserEvent::SessionEnded { session_id }), id(1), Actor::system("command-line"), None));
    for event in conversation() {
        all.push((Event::Chat(event), id(10), Actor::system("answering"), Some(person())));
    }
    let recorded = |(position, (event, aggregate_id, actor, other))| RecordedEvent {
        position,
        sequence: 1,
        partition: 0,
        aggregate_id,
        event,
        metadata: metadata(position, actor, other),
    };
    (1..).zip(all).map(recorded).collect()
}

/// Hands over all events as they are exchanged.
pub(crate) fn exchanged(mut make: impl FnMut(&Log, &Entry<'_>, Option<&Turn>) -> Option<Value>) -> Vec<Value> {
    let (log, mut turns, mut values) = (log(), Turns::default(), Vec::new());
    for recorded in &events() {
        let turn = turns.take(recorded.position, &recorded.event);
        let entry = Entry { recorded, digest: [7; 32], receipt: "c2sp.org/tlog-proof@v1\nindex 16\n" };
        values.extend(make(&log, &entry, turn.as_ref()));
    }
    values
}

/// A folder with files of a line for each value.
pub(crate) fn written(files: &[(&str, &[Value])]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |(name, values): &(&str, &[Value])| {
        let mut lines: Vec<_> = values.iter().map(Value::to_string).collect();
        lines.push(String::new());
        let path = folder.path().join(name);
        fs::write(&path, lines.join("\n")).expect("writable");
        path
    };
    let paths = files.iter().map(write).collect();
    (folder, paths)
}

/// What a program in `scripts` says of the lines of files: a JSON object for each.
pub(crate) fn judged(program: &str, arguments: &[&str], files: &[PathBuf]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(root.join(program))
        .args(arguments)
        .args(files)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} (was it installed, as `make test` does?): {said}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The errors of each line of a file.
pub(crate) fn errors(judged: &[Value], file: &str) -> Vec<Vec<String>> {
    let of_file = judged.iter().filter(|line| line["file"] == file);
    let texts = |line: &Value| serde_json::from_value(line["errors"].clone()).expect("a list of texts");
    of_file.map(texts).collect()
}
