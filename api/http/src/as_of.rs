//! What a thing was at a moment as JSON: what the API and the command line show auditors, and two moments compared.

mod comparison;
mod conversation;

use std::collections::BTreeMap;

use commands::event_log;
use domain::AggregateType;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub use comparison::{AsOfChange, AsOfChangedItem, AsOfComparison, AsOfListChanges};
pub use conversation::AsOfMessage;

/// A thing as it was at a moment. Text of a person who was erased reads `[erased]`.
#[derive(Debug, Serialize, ToSchema)]
pub struct AsOf {
    /// `chat`, `project`, `document`, `suite`, `run`, `feedback`, `user` or `service`.
    pub kind: &'static str,
    pub id: Uuid,
    pub at: AsOfMoment,
    /// `absent` if it had not begun, `existing`, `deleted` or `erased`.
    pub state: &'static str,
    /// The position of its last event until then; null if it had not begun.
    pub last_event: Option<i64>,
    /// What it was, by the names of its fields; of what was deleted, what it was when that happened.
    pub fields: BTreeMap<String, Value>,
    /// The messages of a chat, oldest first; null for whatever is no chat.
    pub messages: Option<Vec<AsOfMessage>>,
    /// The documents of a project that existed, in the order in which they were added; null if they were not asked for.
    pub documents: Option<Vec<AsOfDocument>>,
    /// What is different at the moment to compare with; null if none was named.
    pub compared: Option<AsOfComparison>,
}

/// A moment: behind the event at a position of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AsOfMoment {
    pub log_id: Uuid,
    #[schema(minimum = 0)]
    pub position: i64,
    /// When the event at the position was recorded, in RFC 3339 format with microseconds; null in a log without events.
    pub recorded_at: Option<String>,
}

/// A document of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AsOfDocument {
    pub id: Uuid,
    pub title: String,
    /// The newest version.
    #[schema(minimum = 1)]
    pub version: u32,
    /// What had become of the newest version: `waiting`, `embedded` or `failed`.
    pub state: &'static str,
    /// The version that answers were made from; null if there was none.
    pub embedded_version: Option<u32>,
    /// The position of its last event until then.
    #[schema(minimum = 1)]
    pub last_event: i64,
}

/// The name of a kind on the command line and in paths.
pub const fn kind_name(kind: AggregateType) -> &'static str {
    match kind {
        AggregateType::TestSuite => "suite",
        AggregateType::TestRun => "run",
        kind => kind.name(),
    }
}

impl AsOf {
    /// Compares with what the same thing was at another moment: what is different there.
    ///
    /// # Errors
    /// [`serde_json::Error`] if a part cannot be written as JSON.
    pub fn compared_with(self, other: Self) -> Result<Self, serde_json::Error> {
        let compared = Some(AsOfComparison::between(&self, other)?);
        Ok(Self { compared, ..self })
    }
}

impl From<event_log::AsOf> for AsOf {
    fn from(as_of: event_log::AsOf) -> Self {
        let event_log::AsOf { aggregate_type, id, at, existence, last_event, fields, messages, documents } = as_of;
        Self {
            kind: kind_name(aggregate_type),
            id,
            at: at.into(),
            state: existence.into(),
            last_event,
            fields: fields.into_iter().collect(),
            messages: messages.map(|messages| conversation::shown(&messages)),
            documents: documents.map(|documents| documents.into_iter().map(AsOfDocument::from).collect()),
            compared: None,
        }
    }
}

impl From<event_log::LogPosition> for AsOfMoment {
    fn from(at: event_log::LogPosition) -> Self {
        let event_log::LogPosition { log_id, position, recorded_at } = at;
        Self { log_id, position, recorded_at }
    }
}

impl From<event_log::ListedDocument> for AsOfDocument {
    fn from(document: event_log::ListedDocument) -> Self {
        let event_log::ListedDocument { id, title, version, state, embedded_version, last_event } = document;
        Self { id: id.value(), title, version, state, embedded_version, last_event }
    }
}
