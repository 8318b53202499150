//! Loading aggregates from the log and encoding their new events, and the implementation of cqrs-es's `EventStore`: it
//! loads through postgres-es and appends through the appender.

use std::collections::HashMap;

use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore,
    persist::{PersistedEventRepository, PersistenceError, SerializedEvent},
};
use domain::{
    AggregateType, aggregate::StoredAggregate, envelope::Metadata, event::Payload, ids::EventId,
    personal::PersonalFields as _,
};
use uuid::Uuid;

use crate::{
    EventLog,
    append::request::{Append, AppendError, EncodedEvent, StreamAppend},
    keys::{
        codec::{CodecError, Seal},
        crypto::KeyError,
    },
    stored::StoredEvent,
};

/// An aggregate in the state that its events have led to.
#[derive(Debug)]
pub struct Loaded<A> {
    pub id: Uuid,
    pub aggregate: A,
    /// The sequence of its last event; 0 for none.
    pub sequence: i64,
}

impl<A: Aggregate> AggregateContext<A> for Loaded<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

/// The reason why events cannot be loaded or encoded.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the event log cannot be read at the moment")]
    Unavailable(#[source] PersistenceError),
    #[error("an event of the log cannot be read")]
    Unreadable(#[source] CodecError),
    #[error("an event of the log cannot be read")]
    Malformed(#[source] serde_json::Error),
    #[error("a snapshot cannot be packed or unpacked")]
    Snapshot(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<PersistenceError> for StoreError {
    fn from(error: PersistenceError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<CodecError> for StoreError {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Key(KeyError::Storage(error)) => {
                Self::Unavailable(PersistenceError::ConnectionError(Box::new(error)))
            }
            error => Self::Unreadable(error),
        }
    }
}

impl EventLog {
    /// Returns all events of an aggregate, decoded, in order.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be read, or an event in it.
    pub async fn events_of<A: StoredAggregate>(&self, id: Uuid) -> Result<Vec<A::Event>, StoreError> {
        let stored = self.repository.get_events::<A>(&id.to_string()).await?;
        let mut events = Vec::with_capacity(stored.len());
        for event in stored {
            events.push(self.decode::<A>(event).await?);
        }
        Ok(events)
    }

    /// Returns the events of an aggregate after a sequence, decoded, in order; the earlier ones are contained in a
    /// cached state or a snapshot.
    async fn events_after<A: StoredAggregate>(&self, id: Uuid, sequence: i64) -> Result<Vec<A::Event>, StoreError> {
        if sequence == 0 {
            return self.events_of::<A>(id).await;
        }
        // postgres-es would put the number into the SQL text, so that PostgreSQL would plan each statement anew.
        let stored = sqlx::query_as!(
            StoredEvent,
            r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                      payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
               FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 ORDER BY sequence"#,
            A::TYPE,
            id.to_string(),
            sequence,
        )
        .fetch_all(&self.pool)
        .await;
        self.decode_stored::<A>(stored).await
    }

    /// Returns the last `limit` events of an aggregate that are of these event types, decoded, in order.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be read, or an event in it.
    pub async fn latest_events_of<A: StoredAggregate>(
        &self,
        id: Uuid,
        types: &[&str],
        limit: i64,
    ) -> Result<Vec<A::Event>, StoreError> {
        let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
        let stored = sqlx::query_as!(
            StoredEvent,
            r#"SELECT * FROM (
                   SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                          payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
                   FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND event_type = ANY($3)
                   ORDER BY sequence DESC LIMIT $4
               ) AS latest ORDER BY sequence"#,
            A::TYPE,
            id.to_string(),
            &types,
            limit,
        )
        .fetch_all(&self.pool)
        .await;
        self.decode_stored::<A>(stored).await
    }

    async fn decode_stored<A: StoredAggregate>(
        &self,
        stored: Result<Vec<StoredEvent>, sqlx::Error>,
    ) -> Result<Vec<A::Event>, StoreError> {
        let stored = stored.map_err(|error| PersistenceError::ConnectionError(Box::new(error)))?;
        let mut events = Vec::with_capacity(stored.len());
        for event in stored {
            let seal: Seal = serde_json::from_str(&event.metadata).map_err(StoreError::Malformed)?;
            let StoredEvent { event_type, event_version, payload, .. } = &event;
            let payload = Payload::from(payload.as_str());
            events.push(self.codec.decode_event_of::<A>(event_type, event_version, payload, seal).await?);
        }
        Ok(events)
    }

    /// Loads an aggregate. Only the events that are contained neither in the cached state nor in a snapshot are read.
    ///
    /// # Errors
    /// [`StoreError`] if the log cannot be read, or an event in it.
    pub async fn load<A: StoredAggregate>(&self, id: Uuid) -> Result<Loaded<A>, StoreError> {
        let kept = self.cache.get::<A>(A::AGGREGATE_TYPE, id);
        let seen = kept.as_ref().map_or(0, |(_, sequence)| *sequence);
        let (mut aggregate, known) = match kept {
            Some(kept) => kept,
            None => self.snapshots.find::<A>(id).await.unwrap_or_default(),
        };
        let events = self.events_after::<A>(id, known).await?;
        let sequence = known + i64::try_from(events.len()).unwrap_or(i64::MAX);
        for event in events {
            aggregate.apply(event);
        }
        if sequence > seen {
            self.cache.keep(A::AGGREGATE_TYPE, id, aggregate.clone(), sequence);
        }
        self.snapshots.offer(id, &aggregate, known, sequence);
        Ok(Loaded { id, aggregate, sequence })
    }

    /// Returns the cached state of an aggregate, without a read of the log; the default state if none is cached. A
    /// decision on it is valid only if its events can be appended.
    pub(crate) fn last_seen<A: StoredAggregate>(&self, id: Uuid) -> Loaded<A> {
        let (aggregate, sequence) = self.cache.get::<A>(A::AGGREGATE_TYPE, id).unwrap_or_default();
        Loaded { id, aggregate, sequence }
    }

    /// Caches an aggregate in the state after a committed append of `appended` events.
    pub(crate) fn keep<A: StoredAggregate>(&self, seen: Loaded<A>, appended: i64) {
        self.snapshots.offer(seen.id, &seen.aggregate, seen.sequence - appended, seen.sequence);
        self.cache.keep(A::AGGREGATE_TYPE, seen.id, seen.aggregate, seen.sequence);
    }

    /// Removes the cached state of an aggregate, which has changed.
    pub(crate) fn forget(&self, aggregate_type: AggregateType, id: Uuid) {
        self.cache.forget(aggregate_type, id);
    }

    async fn decode<A: StoredAggregate>(&self, stored: SerializedEvent) -> Result<A::Event, StoreError> {
        let seal: Seal = serde_json::from_value(stored.metadata).map_err(StoreError::Malformed)?;
        let SerializedEvent { event_type, event_version, payload, .. } = stored;
        Ok(self.codec.decode_event_of::<A>(&event_type, &event_version, payload.into(), seal).await?)
    }

    /// Encodes new events of an aggregate to their stored form. Each event gets its own id; the rest of the metadata is
    /// shared.
    pub(crate) async fn encode<A: StoredAggregate>(
        &self,
        loaded: &Loaded<A>,
        events: Vec<A::Event>,
        metadata: &Metadata,
    ) -> Result<StreamAppend, StoreError> {
        let mut encoded = Vec::with_capacity(events.len());
        let subject = loaded.aggregate.subject(loaded.id);
        let mut is_personal = false;
        for mut event in events {
            let metadata = Metadata { event_id: EventId::new(self.clock.new_id()), subject, ..metadata.clone() };
            is_personal |= event.personal_mut().iter().any(|field| field.text.clear().is_some());
            let (event_type, event_version) = (event.event_type(), event.event_version());
            encoded.push(EncodedEvent {
                payload: self.codec.encode_payload(event, &metadata).await?,
                metadata: serde_json::to_string(&self.codec.encode_metadata(&metadata).await?)
                    .map_err(StoreError::Malformed)?,
                event_version,
                event_type,
            });
        }
        Ok(StreamAppend {
            aggregate_type: A::AGGREGATE_TYPE,
            aggregate_id: loaded.id,
            expected_sequence: loaded.sequence,
            events: encoded,
            subject: subject.filter(|_| is_personal),
        })
    }
}

fn parse_id<E: std::error::Error>(id: &str) -> Result<Uuid, AggregateError<E>> {
    Uuid::try_parse(id).map_err(|error| AggregateError::UnexpectedError(Box::new(error)))
}

fn unexpected<E: std::error::Error>(error: impl std::error::Error + Send + Sync + 'static) -> AggregateError<E> {
    AggregateError::UnexpectedError(Box::new(error))
}

impl<A: StoredAggregate> EventStore<A> for EventLog {
    type AC = Loaded<A>;

    async fn load_events(&self, aggregate_id: &str) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let stored = self.repository.get_events::<A>(aggregate_id).await.map_err(AggregateError::from)?;
        let mut envelopes = Vec::with_capacity(stored.len());
        for event in stored {
            let (aggregate_id, sequence) = (event.aggregate_id.clone(), event.sequence);
            let metadata = serde_json::from_value(event.metadata.clone()).map_err(unexpected)?;
            let payload = self.decode::<A>(event).await.map_err(unexpected)?;
            envelopes.push(EventEnvelope { aggregate_id, sequence, payload, metadata });
        }
        Ok(envelopes)
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Loaded<A>, AggregateError<A::Error>> {
        let id = parse_id(aggregate_id)?;
        self.load(id).await.map_err(unexpected)
    }

    /// Appends events that the aggregate in the context has already applied.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Loaded<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let stored = serde_json::to_value(&metadata).map_err(unexpected)?;
        let shared = self.codec.decode_metadata(stored).await.map_err(unexpected)?;
        let stream = self.encode(&context, events.clone(), &shared).await.map_err(unexpected)?;
        let append = Append {
            command_id: shared.command_id,
            streams: vec![stream],
            rows: vec![],
            idempotency: None,
            living: vec![],
        };
        match self.appender.append(append).await {
            Ok(_) => Ok(events
                .into_iter()
                .zip(usize::try_from(context.sequence).unwrap_or_default() + 1..)
                .map(|(payload, sequence)| EventEnvelope {
                    aggregate_id: context.id.to_string(),
                    sequence,
                    payload,
                    metadata: metadata.clone(),
                })
                .collect()),
            Err(AppendError::VersionConflict) => Err(AggregateError::AggregateConflict),
            Err(error) => Err(unexpected(error)),
        }
    }
}
