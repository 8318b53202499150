//! What a thing was at a moment: its events until then, folded by the code that folds today's.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate as _;
use domain::{
    AggregateType,
    access::AccessRecord,
    aggregate::StoredAggregate,
    chat::{Chat, Conversation, Message, Recorded},
    document::{Document, DocumentEvent},
    erasure::ErasureCase,
    event::Payload,
    feedback::Feedback,
    ids::DocumentId,
    project::Project,
    reconstruction::{Existence, Fields, Reconstructable, Reconstruction},
    service::Service,
    test_run::TestRun,
    test_suite::TestSuite,
    user::User,
};
use serde::Deserialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::moment::{LogPosition, Moment, MomentError};
use crate::{
    keys::codec::{Codec, CodecError, Seal},
    stored::StoredEvent,
};

/// How many events are read at once, unless they are long.
const AT_ONCE: i64 = 1_000;
/// The bytes of stored payloads that are read at once, because texts of documents have up to megabytes; one event may
/// have more.
const BYTES_AT_ONCE: i64 = 4 * 1_048_576;

/// A thing as it was at a moment, with its personal text in clear; that of an erased person reads `[erased]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AsOf {
    pub aggregate_type: AggregateType,
    pub id: Uuid,
    pub at: LogPosition,
    pub existence: Existence,
    /// The position of its last event until then; `None` if it had not begun.
    pub last_event: Option<i64>,
    /// What it was, or what it was when it ended; none if it had not begun.
    pub fields: Fields,
    /// The messages of a chat, oldest first.
    pub messages: Option<Vec<Message>>,
    /// The documents of a project that existed, in the order in which they were added, if they were asked for.
    pub documents: Option<Vec<ListedDocument>>,
}

/// A document of a project in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDocument {
    pub id: DocumentId,
    pub title: String,
    /// The newest version, from 1.
    pub version: u32,
    /// What has become of the newest version: `waiting`, `embedded` or `failed`.
    pub state: &'static str,
    /// The version that answers were made from; `None` if there was none.
    pub embedded_version: Option<u32>,
    /// The position of its last event until then.
    pub last_event: i64,
}

/// The reason why it cannot be said what a thing was.
#[derive(Debug, thiserror::Error)]
pub enum AsOfError {
    #[error(transparent)]
    Moment(MomentError),
    #[error("the log has no {0} with the id {1}")]
    Unknown(AggregateType, Uuid),
    #[error("an event cannot be read")]
    Unreadable(#[from] CodecError),
    #[error("what it was cannot be written as JSON")]
    NotWritable(#[from] serde_json::Error),
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
}

impl From<MomentError> for AsOfError {
    fn from(error: MomentError) -> Self {
        match error {
            MomentError::Database(error) => Self::Database(error),
            error => Self::Moment(error),
        }
    }
}

/// What of the metadata of an event is needed beside the key.
#[derive(Deserialize)]
struct Time {
    recorded_at: DateTime<Utc>,
}

/// What is folded of a kind beside the aggregate.
#[derive(Default)]
struct Told {
    conversation: Conversation,
    last_event: Option<i64>,
}

/// Reads what things were from the log. It only reads, over whichever connection the pool has.
#[derive(Clone)]
pub struct PastStates {
    pool: PgPool,
    codec: Codec,
}

impl PastStates {
    pub const fn new(pool: PgPool, codec: Codec) -> Self {
        Self { pool, codec }
    }

    /// Returns what a thing was at a moment; of a project also the list of its documents if that is wanted.
    ///
    /// # Errors
    /// [`AsOfError::Moment`] if there is no such moment in this log; [`AsOfError::Unknown`] if no event of the log is of
    /// the thing; [`AsOfError::Unreadable`] and [`AsOfError::NotWritable`] if an event or its key cannot be read;
    /// [`AsOfError::Database`] if a query fails.
    pub async fn at(&self, of: (AggregateType, Uuid), moment: Moment, with_documents: bool) -> Result<AsOf, AsOfError> {
        let (aggregate_type, id) = of;
        let at = moment.find(&self.pool).await?;
        let mut as_of = match aggregate_type {
            AggregateType::User => self.state::<User>(id, at).await,
            AggregateType::Project => self.state::<Project>(id, at).await,
            AggregateType::Document => self.state::<Document>(id, at).await,
            AggregateType::Chat => self.chat(id, at).await,
            AggregateType::Service => self.state::<Service>(id, at).await,
            AggregateType::TestSuite => self.state::<TestSuite>(id, at).await,
            AggregateType::TestRun => self.state::<TestRun>(id, at).await,
            AggregateType::Feedback => self.state::<Feedback>(id, at).await,
            AggregateType::Access => self.state::<AccessRecord>(id, at).await,
            AggregateType::Erasure => self.state::<ErasureCase>(id, at).await,
        }?;
        if as_of.last_event.is_none() && !self.is_known(of).await? {
            return Err(AsOfError::Unknown(aggregate_type, id));
        }
        if aggregate_type == AggregateType::Project && with_documents {
            as_of.documents = Some(self.documents_of(id, as_of.at.position).await?);
        }
        Ok(as_of)
    }

    async fn is_known(&self, (aggregate_type, id): (AggregateType, Uuid)) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM events WHERE aggregate_type = $1 AND aggregate_id = $2) AS "exists!""#,
            aggregate_type.name(),
            id.to_string(),
        )
        .fetch_one(&self.pool)
        .await
    }

    async fn state<A: Reconstructable>(&self, id: Uuid, at: LogPosition) -> Result<AsOf, AsOfError> {
        self.fold::<A>(id, at, |_, _, _| {}).await.map(|(as_of, _)| as_of)
    }

    async fn chat(&self, id: Uuid, at: LogPosition) -> Result<AsOf, AsOfError> {
        let tell = |told: &mut Told, event: &_, recorded| told.conversation.apply(event, recorded);
        let (mut as_of, told) = self.fold::<Chat>(id, at, tell).await?;
        as_of.messages = Some(told.conversation.into_messages());
        Ok(as_of)
    }

    async fn fold<A: Reconstructable>(
        &self,
        id: Uuid,
        at: LogPosition,
        tell: impl Fn(&mut Told, &A::Event, Recorded),
    ) -> Result<(AsOf, Told), AsOfError> {
        let (mut folded, mut told) = (Reconstruction::<A>::default(), Told::default());
        let mut seen = 0;
        loop {
            let events = self.events_after::<A>(id, seen, at.position).await?;
            let Some(last) = events.last() else { break };
            seen = last.sequence;
            for stored in &events {
                let event = self.decode::<A>(stored).await?;
                let Time { recorded_at } = serde_json::from_str(&stored.metadata)?;
                tell(&mut told, &event, Recorded { position: stored.position, at: recorded_at });
                told.last_event = Some(stored.position);
                folded.apply(event)?;
            }
        }
        let as_of = AsOf {
            aggregate_type: A::AGGREGATE_TYPE,
            id,
            at,
            existence: folded.existence(),
            last_event: told.last_event,
            fields: folded.fields()?,
            messages: None,
            documents: None,
        };
        Ok((as_of, told))
    }

    async fn decode<A: StoredAggregate>(&self, stored: &StoredEvent) -> Result<A::Event, CodecError> {
        let seal: Seal = serde_json::from_str(&stored.metadata)?;
        let StoredEvent { event_type, event_version, payload, .. } = stored;
        self.codec.decode_event_of::<A>(event_type, event_version, Payload::from(payload.as_str()), seal).await
    }

    async fn events_after<A: StoredAggregate>(
        &self,
        id: Uuid,
        sequence: i64,
        position: i64,
    ) -> Result<Vec<StoredEvent>, sqlx::Error> {
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
                       WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 AND position <= $4
                       ORDER BY sequence LIMIT $5
                   ) AS limited
               ) AS weighed
               WHERE weight_before < $6
               ORDER BY sequence"#,
            A::AGGREGATE_TYPE.name(),
            id.to_string(),
            sequence,
            position,
            AT_ONCE,
            BYTES_AT_ONCE,
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Returns the documents of a project that existed at a position. Nothing but the log is read, whose events of
    /// documents no index finds by the project: all documents that were added until then are looked through.
    async fn documents_of(&self, project: Uuid, position: i64) -> Result<Vec<ListedDocument>, AsOfError> {
        let mut added: BTreeMap<i64, Uuid> = BTreeMap::new();
        let mut folded: HashMap<Uuid, (Document, Option<u32>, i64)> = HashMap::new();
        let mut seen = 0;
        loop {
            let events = self.document_events_after(project, seen, position).await?;
            let Some(last) = events.last() else { break };
            seen = last.position;
            for stored in &events {
                let id = Uuid::try_parse(&stored.aggregate_id)
                    .map_err(|_| CodecError::Malformed("the aggregate's id is no UUID"))?;
                let event = self.decode::<Document>(stored).await?;
                if stored.sequence == 1 {
                    added.insert(stored.position, id);
                }
                let (document, embedded, last_event) = folded.entry(id).or_default();
                if let DocumentEvent::Embedded { version, .. } = &event {
                    *embedded = Some(*version);
                }
                *last_event = stored.position;
                document.apply(event);
                // A text of a megabyte is not kept for a list of titles.
                if let Document::Added { source, .. } = document {
                    source.text_content = None;
                }
            }
        }
        let listed = added.into_values().filter_map(|id| {
            let (document, embedded_version, last_event) = folded.remove(&id)?;
            let Document::Added { title, version, state, .. } = document else { return None };
            let title = title.as_str().to_owned();
            let id = DocumentId::new(id);
            Some(ListedDocument { id, title, version, state: state.word(), embedded_version, last_event })
        });
        Ok(listed.collect())
    }

    async fn document_events_after(
        &self,
        project: Uuid,
        after: i64,
        position: i64,
    ) -> Result<Vec<StoredEvent>, sqlx::Error> {
        sqlx::query_as!(
            StoredEvent,
            r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload AS "payload!",
                      metadata AS "metadata!", partition, command_id
               FROM (
                   SELECT *, sum(octet_length(payload)) OVER (ORDER BY position) - octet_length(payload) AS weight_before
                   FROM (
                       SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                              payload::text AS payload, metadata::text AS metadata, partition, command_id
                       FROM events
                       WHERE aggregate_type = $1 AND position > $3 AND position <= $4
                         AND aggregate_id IN (
                             SELECT aggregate_id FROM events
                             WHERE aggregate_type = $1 AND event_type = 'Added' AND payload ->> 'project_id' = $2
                               AND position <= $4
                         )
                       ORDER BY position LIMIT $5
                   ) AS limited
               ) AS weighed
               WHERE weight_before < $6
               ORDER BY position"#,
            AggregateType::Document.name(),
            project.to_string(),
            after,
            position,
            AT_ONCE,
            BYTES_AT_ONCE,
        )
        .fetch_all(&self.pool)
        .await
    }
}
