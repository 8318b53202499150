//! The request to append, the reasons for its refusal, and its conversion to rows of the log.

use std::sync::Arc;

use domain::{
    AggregateType,
    ids::{CommandId, SubjectId},
};
use uuid::Uuid;

use crate::{
    append::{
        idempotency::Idempotency,
        rows::{Reservation, Row},
    },
    head::Head,
    stored::{Committed, EventPosition, StoredEvent, partition_of},
};

/// The encoded events and rows of one execution of a command, with their preconditions.
#[derive(Clone)]
pub struct Append {
    pub command_id: CommandId,
    pub streams: Vec<StreamAppend>,
    pub rows: Vec<Row>,
    pub idempotency: Option<Idempotency>,
    /// The subjects that must not be erased, because a person acts who would otherwise believe that the text was kept.
    pub living: Vec<SubjectId>,
}

/// New events of one aggregate.
#[derive(Clone)]
pub struct StreamAppend {
    pub aggregate_type: AggregateType,
    pub aggregate_id: Uuid,
    /// The sequence of the last event on which the decision is based; 0 if there was none.
    pub expected_sequence: i64,
    pub events: Vec<EncodedEvent>,
    /// The subject of the events' personal text; `None` if they have none.
    pub subject: Option<SubjectId>,
}

/// An event in its stored form, before it has a position.
#[derive(Clone)]
pub struct EncodedEvent {
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
}

/// The reason why an append failed. Except after `Unavailable` or `Closed`, it is certain that none of its events and
/// rows were written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    #[error("another command changed the aggregate in the meantime")]
    VersionConflict,
    #[error("a value is taken")]
    Taken(Vec<Reservation>),
    #[error("the account that something shall belong to is gone")]
    NoSuchOwner,
    #[error("something belongs to the account")]
    StillOwns,
    #[error("the account is the last superuser's, and stays: make another superuser first (`ayushma createsuperuser`)")]
    LastSuperuser,
    #[error("the person whose text it is was erased, and nothing is kept of them any more")]
    SubjectErased,
    #[error("the request repeats an earlier one")]
    Repeated { resource_id: Uuid },
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("the event log cannot be written at the moment")]
    Unavailable(#[source] Arc<sqlx::Error>),
    #[error("the event log cannot be written at the moment: the appender is closed")]
    Closed,
}

/// The result of writing a batch: one entry for each append, in their order.
pub(crate) struct Outcome {
    pub results: Vec<Result<Committed, AppendError>>,
    /// The events that were written.
    pub events: Vec<StoredEvent>,
    /// The position of the log's end after the batch, with the aggregate types of the batch.
    pub head: Head,
}

/// Returns the events of an append as they will be stored, with position 0 as a placeholder.
pub(crate) fn stored_events(append: &Append, partitions: i32) -> impl Iterator<Item = StoredEvent> {
    append.streams.iter().flat_map(move |stream| {
        let aggregate_id = stream.aggregate_id.to_string();
        let partition = partition_of(&aggregate_id, partitions);
        stream.events.iter().zip(stream.expected_sequence + 1..).map(move |(event, sequence)| StoredEvent {
            position: 0,
            aggregate_type: stream.aggregate_type.to_string(),
            aggregate_id: aggregate_id.clone(),
            sequence,
            event_type: event.event_type.clone(),
            event_version: event.event_version.clone(),
            payload: event.payload.clone(),
            metadata: event.metadata.clone(),
            partition,
            command_id: append.command_id.value(),
        })
    })
}

/// Returns the positions of the events of an append.
pub(crate) fn positions_of(append: &Append, events: &[StoredEvent]) -> Vec<EventPosition> {
    let types =
        append.streams.iter().flat_map(|stream| std::iter::repeat_n(stream.aggregate_type, stream.events.len()));
    types
        .zip(events)
        .map(|(aggregate_type, event)| EventPosition {
            aggregate_type,
            partition: event.partition,
            position: event.position,
        })
        .collect()
}
