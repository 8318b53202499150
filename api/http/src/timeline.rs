//! The timeline of one thing as JSON: what the API and the command line show auditors of its history.

use commands::event_log::{Acting, Change, HistoryEvent, HistoryPage};
use domain::user::HeldRoles;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// In the order of the log.
    events: Vec<TimelineEvent>,
    /// The position behind which the next page begins; null on the last page.
    next_after: Option<i64>,
}

/// An event. Text of a person who was erased reads `[erased]`.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineEvent {
    /// The position in the whole log.
    #[schema(minimum = 1)]
    position: i64,
    /// The position in this timeline, events that were filtered out counted.
    #[schema(minimum = 1)]
    sequence: i64,
    event_id: Uuid,
    event_type: String,
    /// The time of recording, in RFC 3339 format with microseconds.
    recorded_at: String,
    actor: TimelineActor,
    /// On whose behalf, if not the actor's own.
    on_behalf_of: Option<TimelineActor>,
    /// The execution of a command that led to the event; its other events share the id.
    command_id: Uuid,
    /// The request that led to the event; everything that it led to shares the id.
    correlation_id: Uuid,
    /// The event that this one reacts to.
    causation_id: Option<Uuid>,
    /// The client's network address, where a person acted.
    client_address: Option<String>,
    /// The client's user agent, where a person acted.
    user_agent: Option<String>,
    /// In the order of the names of the fields.
    changes: Vec<TimelineChange>,
}

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineActor {
    /// `user:…`, `service:…` or `system:…`.
    who: String,
    /// The roles that the person held at that position of the log; null for whoever is no person.
    roles: Option<Vec<&'static str>>,
}

/// A field that the event gave another value.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineChange {
    field: String,
    /// Null if the field had no value before.
    before: Option<Value>,
    after: Value,
}

impl From<HistoryPage> for Timeline {
    fn from(page: HistoryPage) -> Self {
        let HistoryPage { events, next_after } = page;
        Self { events: events.into_iter().map(TimelineEvent::from).collect(), next_after }
    }
}

impl From<HistoryEvent> for TimelineEvent {
    fn from(event: HistoryEvent) -> Self {
        let HistoryEvent { position, sequence, event_id, event_type, recorded_at, actor, on_behalf_of, .. } = event;
        Self {
            position,
            sequence,
            event_id,
            event_type,
            recorded_at,
            actor: actor.into(),
            on_behalf_of: on_behalf_of.map(TimelineActor::from),
            command_id: event.command_id,
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            client_address: event.client_address,
            user_agent: event.user_agent,
            changes: event.changes.into_iter().map(TimelineChange::from).collect(),
        }
    }
}

impl From<Acting> for TimelineActor {
    fn from(Acting { who, roles }: Acting) -> Self {
        Self { who, roles: roles.map(HeldRoles::names) }
    }
}

impl From<Change> for TimelineChange {
    fn from(Change { field, before, after }: Change) -> Self {
        Self { field, before, after }
    }
}
