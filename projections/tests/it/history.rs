//! Events as the log would hold them, and what is needed to see what becomes of them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    chat::{ChatEvent, Completion, Generation, Question, RetrievedPassage, Stage},
    document::{DocumentEvent, Note, Source, StoredFile},
    envelope::{Actor, Metadata, RecordedEvent},
    event::Event,
    feedback::FeedbackEvent,
    ids::{
        ApiKeyId, ChatId, ChunkId, CommandId, DocumentId, EventId, MessageId, ProjectId, RunFeedbackId, RunId,
        ServiceId, SuiteId, UserId,
    },
    project::{ProjectEvent, Settings},
    service::{ServiceEvent, Terms},
    test_run::TestRunEvent,
    test_suite::TestSuiteEvent,
    user::{Roles, UserEvent},
    values::{DocumentType, Email, FullName, Model, ServiceName, SttEngine, Title, TtsEngine, Username},
};
use projections::{
    QueryError, Views,
    chats::{ChatDetail, head},
    listing::Window,
    projectors,
};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) const MEDIA: &str = "http://host/media/";

/// A log in the making: each event one second after the one before; the first at 2026-11-22T09:00:01.5Z.
#[derive(Default)]
pub(crate) struct History {
    events: Vec<RecordedEvent>,
    sequences: HashMap<Uuid, i64>,
}

impl History {
    fn record(&mut self, aggregate_id: Uuid, event: Event) -> &mut Self {
        let position = i64::try_from(self.events.len()).expect("few") + 1;
        let sequence = self.sequences.entry(aggregate_id).or_insert(0);
        *sequence += 1;
        let metadata = Metadata {
            event_id: EventId::new(number(10_000)),
            command_id: CommandId::new(number(20_000)),
            actor: Actor::system("test"),
            on_behalf_of: None,
            correlation_id: number(30_000),
            causation_id: None,
            traceparent: None,
            subject: None,
            client_address: None,
            user_agent: None,
            recorded_at: at(position),
        };
        self.events.push(RecordedEvent { position, sequence: *sequence, partition: 0, aggregate_id, event, metadata });
        self
    }

    pub(crate) fn user(&mut self, id: UserId, event: UserEvent) -> &mut Self {
        self.record(id.value(), Event::User(event))
    }

    pub(crate) fn project(&mut self, id: ProjectId, event: ProjectEvent) -> &mut Self {
        self.record(id.value(), Event::Project(event))
    }

    pub(crate) fn document(&mut self, id: DocumentId, event: DocumentEvent) -> &mut Self {
        self.record(id.value(), Event::Document(event))
    }

    pub(crate) fn chat(&mut self, id: ChatId, event: ChatEvent) -> &mut Self {
        self.record(id.value(), Event::Chat(event))
    }

    pub(crate) fn service(&mut self, id: ServiceId, event: ServiceEvent) -> &mut Self {
        self.record(id.value(), Event::Service(event))
    }

    pub(crate) fn suite(&mut self, id: SuiteId, event: TestSuiteEvent) -> &mut Self {
        self.record(id.value(), Event::TestSuite(event))
    }

    pub(crate) fn run(&mut self, id: RunId, event: TestRunEvent) -> &mut Self {
        self.record(id.value(), Event::TestRun(event))
    }

    pub(crate) fn run_feedback(&mut self, id: RunFeedbackId, event: FeedbackEvent) -> &mut Self {
        self.record(id.value(), Event::Feedback(event))
    }

    /// The events in their order.
    pub(crate) fn events(&self) -> &[RecordedEvent] {
        &self.events
    }

    /// What `read` sees after the events; the same after they have all come a second time.
    pub(crate) async fn shows<T: PartialEq + std::fmt::Debug>(&self, pool: &PgPool, read: impl AsyncFn() -> T) -> T {
        apply(pool, &self.events).await;
        let once = read().await;
        apply(pool, &self.events).await;
        assert_eq!(read().await, once, "the events came twice");
        once
    }
}

/// Gives each event to every projector that wants it, in a transaction of its own.
pub(crate) async fn apply<'a>(pool: &PgPool, events: impl IntoIterator<Item = &'a RecordedEvent>) {
    for event in events {
        for projector in projectors() {
            if projector.aggregate_types().contains(&event.event.aggregate_type()) {
                let mut tx = pool.begin().await.expect("a transaction");
                projector.project(event, &mut tx).await.expect("the event is projected");
                tx.commit().await.expect("it commits");
            }
        }
    }
}

pub(crate) fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("a view is JSON")
}

/// Everything, in the default order.
pub(crate) fn everything() -> Window {
    Window { limit: 30, ..Window::default() }
}

/// When the event with this position was recorded.
pub(crate) fn at(position: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-22T09:00:00.5Z".parse().expect("a time");
    start + TimeDelta::seconds(position)
}

pub(crate) const fn number(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) const NURSE: UserId = UserId::new(number(1));
pub(crate) const DOCTOR: UserId = UserId::new(number(2));
pub(crate) const WARD: ProjectId = ProjectId::new(number(11));
pub(crate) const CLINIC: ProjectId = ProjectId::new(number(12));
pub(crate) const GUIDE: DocumentId = DocumentId::new(number(21));
pub(crate) const LEAFLET: DocumentId = DocumentId::new(number(22));
pub(crate) const CHAT: ChatId = ChatId::new(number(31));
pub(crate) const OTHER_CHAT: ChatId = ChatId::new(number(32));

pub(crate) const TABLETS: ServiceId = ServiceId::new(number(41));
pub(crate) const KIOSK: ServiceId = ServiceId::new(number(42));

pub(crate) fn title(text: &str) -> Title {
    Title::parse(text).expect("well-formed")
}

pub(crate) fn registered(username: &str) -> UserEvent {
    UserEvent::Registered {
        username: Username::parse(username).expect("well-formed").into(),
        email: Email::parse(&format!("{username}@example.com")).expect("well-formed").into(),
        full_name: FullName::parse("Asha K").expect("well-formed").into(),
        roles: Roles { is_reviewer: true, is_superuser: true, ..Roles::default() },
    }
}

pub(crate) fn created(name: &str) -> ProjectEvent {
    created_with(name, None)
}

pub(crate) fn created_with(name: &str, preset_questions: Option<&[&str]>) -> ProjectEvent {
    ProjectEvent::Created {
        creator: None,
        settings: Settings {
            title: title(name),
            description: None,
            prompt: "You are Ayushma. {reference}".to_owned(),
            model: Model::Gpt35,
            stt_engine: SttEngine::Whisper,
            tts_engine: TtsEngine::Google,
            preset_questions: preset_questions.map(|all| all.iter().map(ToString::to_string).collect()),
            assistant_id: None,
        },
    }
}

pub(crate) fn added(project_id: ProjectId, name: &str, file: Option<&str>) -> DocumentEvent {
    DocumentEvent::Added {
        project_id,
        creator: None,
        title: title(name),
        description: None,
        source: Source {
            document_type: if file.is_some() { DocumentType::File } else { DocumentType::Text },
            file: file.map(|name| StoredFile { name: name.to_owned(), size: 7, sha256: String::new() }),
            text_content: file.is_none().then(|| "Wash hands.".to_owned()),
        },
    }
}

/// Another file as the content of a document.
pub(crate) fn version_added(version: u32, file: &str) -> DocumentEvent {
    let file = StoredFile { name: file.to_owned(), size: 7, sha256: String::new() };
    let source = Source { document_type: DocumentType::File, file: Some(file), text_content: None };
    DocumentEvent::VersionAdded { version, creator: None, source }
}

pub(crate) fn service_created(name: &str) -> ServiceEvent {
    let name = ServiceName::parse(name).expect("well-formed");
    ServiceEvent::Created { terms: Terms { name, allow_key: true, owner: NURSE } }
}

pub(crate) const fn api_key(key: u128) -> ApiKeyId {
    ApiKeyId::new(number(300 + key))
}

pub(crate) fn key_issued(key: u128, name: &str) -> ServiceEvent {
    ServiceEvent::KeyIssued { key_id: api_key(key), title: title(name) }
}

pub(crate) fn embedded() -> DocumentEvent {
    let (kind, message) = ("pages_without_text".to_owned(), "Page 7 has no text; it may be a picture.".to_owned());
    let note = Note { kind, message, count: 1, pages: vec![7], names: vec![] };
    DocumentEvent::Embedded { version: 1, passages: 3, model: "lexical-1".to_owned(), notes: vec![note] }
}

pub(crate) fn started(project_id: ProjectId, owner: UserId, name: &str) -> ChatEvent {
    ChatEvent::Started { project_id, owner, title: title(name).into() }
}

pub(crate) const fn question_id(turn: u128) -> MessageId {
    MessageId::new(number(100 + turn))
}

pub(crate) const fn answer_id(turn: u128) -> MessageId {
    MessageId::new(number(200 + turn))
}

pub(crate) fn asked(turn: u128, text: &str) -> ChatEvent {
    ChatEvent::QuestionAsked(Question {
        message_id: question_id(turn),
        answer_id: answer_id(turn),
        text: text.into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 100,
    })
}

/// A passage of each of these versions of documents.
pub(crate) fn retrieved(turn: u128, versions: &[(DocumentId, u32)]) -> ChatEvent {
    let passage = |(document_id, document_version): &(DocumentId, u32)| RetrievedPassage {
        document_id: *document_id,
        document_version: *document_version,
        chunk_id: ChunkId::new(number(900)),
        content_hash: String::new(),
        score: 1.0,
    };
    ChatEvent::PassagesRetrieved { answer_id: answer_id(turn), passages: versions.iter().map(passage).collect() }
}

pub(crate) fn answered(turn: u128, text: &str, citations: &[DocumentId]) -> ChatEvent {
    let stage = |from: i64, to: i64| Stage { started_at: at(from), ended_at: at(to) };
    ChatEvent::AnswerCompleted(Completion {
        answer_id: answer_id(turn),
        text: text.into(),
        english_text: None,
        translation: None,
        citations: citations.to_vec(),
        generation: Generation {
            model_requested: "m".to_owned(),
            model_returned: None,
            prompt_version: "project".to_owned(),
            prompt_hash: String::new(),
            temperature: 0.1,
            usage: None,
            finish_reason: None,
            retrieval: stage(0, 1),
            response: stage(1, 3),
        },
    })
}

/// A chat with its messages, as a client gets it.
pub(crate) async fn detail(views: &Views, project: ProjectId, chat: ChatId) -> Option<ChatDetail> {
    let head = head(views, project, chat).await.expect("read")?;
    let detail = head.detail(views, MEDIA, usize::MAX, async |_| Ok::<_, QueryError>(())).await;
    Some(detail.expect("read").0)
}
