//! Histories for auditors: the events of one aggregate in order, with who acted in which role, why, and what changed.
//!
//! Everything here only reads, over whichever connection the pool has: also from a standby.
//!
//! See `docs/operations/audit.md`.

mod as_of;
mod changes;
mod moment;
mod recorded;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    AggregateType,
    envelope::{Actor, Metadata},
    ids::EventId,
    user::HeldRoles,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    keys::codec::{Codec, CodecError},
    stored::StoredEvent,
};
pub use as_of::{AsOf, AsOfError, ListedDocument, PastStates};
pub use changes::Change;
use changes::{UNCHANGING, Values};
pub use moment::{LogPosition, MalformedMoment, Moment, MomentError};
pub use recorded::ReadEvent;

/// The bytes of stored payloads at which a page ends, because texts of documents have up to megabytes.
const PAGE_BYTES: i64 = 4 * 1_048_576;
/// How many earlier events are read at once, for the same reason.
const EARLIER_AT_ONCE: i64 = 16;

/// The events of a history that are wanted; all of them by default.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// The types of events; all if there is none.
    pub event_types: Vec<String>,
    /// Who acted, or on whose behalf.
    pub actor: Option<Actor>,
    /// The time of recording of the earliest event.
    pub from: Option<DateTime<Utc>>,
    /// The time of recording before which the events are.
    pub until: Option<DateTime<Utc>>,
}

/// A part of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    pub events: Vec<HistoryEvent>,
    /// The position after which the next page begins; `None` if this is the last one.
    pub next_after: Option<i64>,
}

/// An event as auditors read it, with its personal text in clear; that of an erased person reads `[erased]`.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// The position in the whole log.
    pub position: i64,
    /// The position in the history of its aggregate, from 1.
    pub sequence: i64,
    pub event_id: Uuid,
    pub event_type: String,
    /// The time of recording, in RFC 3339 format with microseconds.
    pub recorded_at: String,
    /// Who acted.
    pub actor: Acting,
    /// On whose behalf, if not the actor's own.
    pub on_behalf_of: Option<Acting>,
    /// The execution of a command that led to the event; its other events share the id.
    pub command_id: Uuid,
    /// The request that led to the event; everything that it led to shares the id.
    pub correlation_id: Uuid,
    /// The event that this one reacts to.
    pub causation_id: Option<Uuid>,
    /// The client's network address, where a person acted.
    pub client_address: Option<String>,
    /// The client's user agent, where a person acted.
    pub user_agent: Option<String>,
    /// What changed, field by field.
    pub changes: Vec<Change>,
}

/// An actor with the roles that it held when it acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// `user:…`, `service:…` or `system:…`.
    pub who: String,
    /// The roles at the position of the event; `None` for whoever is no person.
    pub roles: Option<HeldRoles>,
}

/// Where an event comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOrigin {
    /// The aggregate whose event it is.
    pub aggregate_id: Uuid,
    /// The client's network address, where a person acted.
    pub client_address: Option<String>,
}

/// The reason why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("the log has no {0} with the id {1}")]
    Unknown(AggregateType, Uuid),
    #[error("an event of the history cannot be read")]
    Unreadable(#[from] CodecError),
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
}

/// The stream of one aggregate.
struct Stream {
    aggregate_type: &'static str,
    id: String,
}

/// Reads histories from the log.
#[derive(Clone)]
pub struct Histories {
    pool: PgPool,
    codec: Codec,
}

impl Histories {
    pub const fn new(pool: PgPool, codec: Codec) -> Self {
        Self { pool, codec }
    }

    /// Returns at most `limit` events of an aggregate after a position, in the order of the log, and fewer if they weigh
    /// more than 4 MiB; at least one.
    ///
    /// # Errors
    /// [`HistoryError::Unknown`] if the log has no event of the aggregate; [`HistoryError::Unreadable`] if an event or
    /// its key cannot be read; [`HistoryError::Database`] if a query fails.
    pub async fn page(
        &self,
        (aggregate_type, id): (AggregateType, Uuid),
        filter: &HistoryFilter,
        after: i64,
        limit: i64,
    ) -> Result<HistoryPage, HistoryError> {
        let of = Stream { aggregate_type: aggregate_type.name(), id: id.to_string() };
        let page = self.select(&of, filter, after, limit).await?;
        let Some(last) = page.last().map(|event| event.position) else {
            let is_known = self.exists(&of).await?;
            let nothing = HistoryPage { events: vec![], next_after: None };
            return if is_known { Ok(nothing) } else { Err(HistoryError::Unknown(aggregate_type, id)) };
        };
        let has_more = !self.select(&of, filter, last, 1).await?.is_empty();
        let events = self.with_roles(self.with_changes(&of, &page).await?).await?;
        let next_after = has_more.then_some(last);
        Ok(HistoryPage { events, next_after })
    }

    /// Returns the ids of the aggregates of events, and the network addresses of the clients that led to them, by the positions
    /// of these; the address of a person who was erased reads `[erased]`.
    ///
    /// # Errors
    /// [`HistoryError::Unreadable`] if the metadata of an event or its key cannot be read; [`HistoryError::Database`] if a
    /// query fails.
    pub async fn origins(&self, positions: &[i64]) -> Result<BTreeMap<i64, EventOrigin>, HistoryError> {
        let rows = sqlx::query!(
            r#"SELECT position, aggregate_id, metadata::text AS "metadata!" FROM events WHERE position = ANY($1)"#,
            positions
        )
        .fetch_all(&self.pool)
        .await?;
        let mut origins = BTreeMap::new();
        for row in rows {
            let metadata = serde_json::from_str(&row.metadata).map_err(CodecError::from)?;
            let client_address = self.codec.decode_metadata(metadata).await?.client_address;
            let aggregate_id = Uuid::parse_str(&row.aggregate_id).unwrap_or_default();
            origins.insert(row.position, EventOrigin { aggregate_id, client_address });
        }
        Ok(origins)
    }

    async fn exists(&self, of: &Stream) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM events WHERE aggregate_type = $1 AND aggregate_id = $2) AS "exists!""#,
            of.aggregate_type,
            of.id,
        )
        .fetch_one(&self.pool)
        .await
    }

    async fn select(
        &self,
        of: &Stream,
        filter: &HistoryFilter,
        after: i64,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, sqlx::Error> {
        let HistoryFilter { event_types, actor, from, until } = filter;
        sqlx::query_as!(
            StoredEvent,
            r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload AS "payload!",
                      metadata AS "metadata!", partition, command_id
               FROM (
                   SELECT *, sum(octet_length(payload)) OVER (ORDER BY sequence) - octet_length(payload) AS weight_before
                   FROM (
                       SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                              payload::text AS payload, metadata::text AS metadata, partition, command_id
                       FROM events
                       WHERE aggregate_type = $1 AND aggregate_id = $2 AND position > $3
                         AND (cardinality($4::text[]) = 0 OR event_type = ANY($4))
                         AND ($5::text IS NULL OR $5 IN (metadata ->> 'actor', metadata ->> 'on_behalf_of'))
                         AND ($6::timestamptz IS NULL OR (metadata ->> 'recorded_at')::timestamptz >= $6)
                         AND ($7::timestamptz IS NULL OR (metadata ->> 'recorded_at')::timestamptz < $7)
                       ORDER BY sequence LIMIT $8
                   ) AS limited
               ) AS weighed
               WHERE weight_before < $9
               ORDER BY sequence"#,
            of.aggregate_type,
            of.id,
            after,
            event_types,
            actor.as_ref().map(Actor::to_string),
            *from,
            *until,
            limit,
            PAGE_BYTES,
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Decodes the events of a page, and compares each with the values that its fields had before.
    async fn with_changes(&self, of: &Stream, page: &[StoredEvent]) -> Result<Vec<HistoryEvent>, HistoryError> {
        self.codec.prefetch_keys(page.iter()).await?;
        let mut values = Values::default();
        let mut events = Vec::with_capacity(page.len());
        let mut seen = 0;
        for event in page {
            // What comes before the page, or was filtered out.
            self.advance(of, seen, event.sequence, &mut values).await?;
            let changes = values.apply(&event.event_type, self.codec.clear_payload(event).await?);
            let metadata = serde_json::from_str(&event.metadata).map_err(CodecError::from)?;
            events.push(HistoryEvent::new(event, self.codec.decode_metadata(metadata).await?, changes));
            seen = event.sequence;
        }
        Ok(events)
    }

    /// Applies the events between two sequences whose values a later event may change.
    async fn advance(&self, of: &Stream, mut after: i64, before: i64, values: &mut Values) -> Result<(), HistoryError> {
        while after + 1 < before {
            let events = self.changing_between(of, after, before).await?;
            let Some(last) = events.last() else { break };
            after = last.sequence;
            for event in &events {
                values.apply(&event.event_type, self.codec.clear_payload(event).await?);
            }
        }
        Ok(())
    }

    async fn changing_between(&self, of: &Stream, after: i64, before: i64) -> Result<Vec<StoredEvent>, sqlx::Error> {
        let unchanging: Vec<String> = UNCHANGING.iter().map(|name| (*name).to_owned()).collect();
        sqlx::query_as!(
            StoredEvent,
            r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                      payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
               FROM events
               WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 AND sequence < $4
                 AND event_type <> ALL($5)
               ORDER BY sequence LIMIT $6"#,
            of.aggregate_type,
            of.id,
            after,
            before,
            &unchanging,
            EARLIER_AT_ONCE,
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Adds the roles that each acting person held at the position of the event.
    async fn with_roles(&self, mut events: Vec<HistoryEvent>) -> Result<Vec<HistoryEvent>, HistoryError> {
        let Some(last) = events.last() else { return Ok(events) };
        let up_to = last.position;
        let acting = events.iter().flat_map(|event| [Some(&event.actor), event.on_behalf_of.as_ref()]).flatten();
        let mut persons: Vec<String> =
            acting.filter_map(|acting| acting.who.strip_prefix("user:")).map(str::to_owned).collect();
        persons.sort_unstable();
        persons.dedup();
        let with_roles = HeldRoles::EVENT_TYPES.map(str::to_owned);
        let rows = sqlx::query!(
            r#"SELECT aggregate_id, position, event_type, payload::text AS "payload!" FROM events
               WHERE aggregate_type = $1 AND aggregate_id = ANY($2) AND event_type = ANY($3) AND position <= $4
               ORDER BY position"#,
            AggregateType::User.name(),
            &persons,
            &with_roles,
            up_to,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut held: HashMap<String, BTreeMap<i64, HeldRoles>> = HashMap::new();
        for row in rows {
            let of_person = held.entry(row.aggregate_id).or_default();
            let before = of_person.last_key_value().map_or_else(HeldRoles::default, |(_, roles)| *roles);
            let roles = before.after(&row.event_type, &row.payload).map_err(CodecError::from)?;
            of_person.insert(row.position, roles);
        }
        for event in &mut events {
            let position = event.position;
            for acting in std::iter::once(&mut event.actor).chain(&mut event.on_behalf_of) {
                let of_person = acting.who.strip_prefix("user:").and_then(|id| held.get(id));
                acting.roles = of_person.and_then(|held| held.range(..=position).next_back()).map(|(_, roles)| *roles);
            }
        }
        Ok(events)
    }
}

impl HistoryEvent {
    fn new(stored: &StoredEvent, metadata: Metadata, changes: Vec<Change>) -> Self {
        let acting = |actor: Actor| Acting { who: actor.to_string(), roles: None };
        Self {
            position: stored.position,
            sequence: stored.sequence,
            event_id: metadata.event_id.value(),
            event_type: stored.event_type.clone(),
            recorded_at: metadata.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            actor: acting(metadata.actor),
            on_behalf_of: metadata.on_behalf_of.map(acting),
            command_id: metadata.command_id.value(),
            correlation_id: metadata.correlation_id,
            causation_id: metadata.causation_id.map(EventId::value),
            client_address: metadata.client_address,
            user_agent: metadata.user_agent,
            changes,
        }
    }
}
