//! The unit of work: decisions of one or more aggregates, collected for one append.

use chrono::TimeDelta;
use cqrs_es::{Aggregate, event_sink::EventSink};
use domain::{
    AggregateType,
    aggregate::StoredAggregate,
    envelope::{Actor, Metadata},
    ids::{CommandId, EventId, SubjectId},
};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::{Context, ExecuteError};
use crate::{Append, AppendError, Committed, EventLog, EventPosition, Idempotency, Loaded, Row, StreamAppend};

/// How long an idempotency key is remembered.
const IDEMPOTENCY_LIFE: TimeDelta = TimeDelta::hours(24);

type Keep = Box<dyn FnOnce(&EventLog) + Send>;

/// Decisions and rows that are written in one transaction.
pub struct UnitOfWork<'a> {
    log: &'a EventLog,
    context: &'a Context,
    metadata: Metadata,
    streams: Vec<StreamAppend>,
    pub rows: Vec<Row>,
    /// The lock on the first aggregate. Only one is taken, because two units that each hold a lock could wait for each
    /// other.
    lock: Option<OwnedMutexGuard<()>>,
    /// Actions that cache the new states of the aggregates, run after the commit.
    keep: Vec<Keep>,
}

impl<'a> UnitOfWork<'a> {
    pub(super) fn new(log: &'a EventLog, context: &'a Context) -> Self {
        let clock = &log.clock;
        let metadata = Metadata {
            event_id: EventId::new(Uuid::nil()),
            command_id: CommandId::new(clock.new_id()),
            actor: context.actor.clone(),
            on_behalf_of: context.on_behalf_of.clone(),
            correlation_id: context.correlation_id,
            causation_id: context.causation_id,
            traceparent: context.traceparent.clone(),
            subject: None,
            client_address: context.client_address.clone(),
            user_agent: context.user_agent.clone(),
            recorded_at: clock.now(),
        };
        Self { log, context, metadata, streams: Vec::new(), rows: Vec::new(), lock: None, keep: Vec::new() }
    }

    /// Lets an aggregate decide a command, and stages the resulting events. Returns these events.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`] if the aggregate refuses the command; [`ExecuteError::Store`] if its events cannot be
    /// loaded or the new ones cannot be encoded.
    pub async fn stage<A>(&mut self, id: Uuid, command: A::Command) -> Result<Vec<A::Event>, ExecuteError<A::Error>>
    where
        A: StoredAggregate + Aggregate<Services = ()>,
        A::Command: Clone + Send + Sync,
    {
        self.stage_all::<A>(id, vec![command]).await
    }

    /// Lets an aggregate decide several commands, each on the state that the previous one left, and stages the
    /// resulting events. Returns these events.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`] if the aggregate refuses a command; [`ExecuteError::Store`] if its events cannot be
    /// loaded or the new ones cannot be encoded.
    pub async fn stage_all<A>(
        &mut self,
        id: Uuid,
        commands: Vec<A::Command>,
    ) -> Result<Vec<A::Event>, ExecuteError<A::Error>>
    where
        A: StoredAggregate + Aggregate<Services = ()>,
        A::Command: Clone + Send + Sync,
    {
        if self.lock.is_none() && self.streams.is_empty() {
            self.lock = self.log.aggregate_locks().lock(id).await;
        }
        // Decided on the cached state, without a read of the log: if it is outdated, the appender finds a conflict. A
        // refusal or a decision without events leads to no append that would be checked, so it is decided again on the
        // state in the log.
        let mut aggregate = self.log.last_seen::<A>(id);
        let mut decided = decide(&mut aggregate, commands.clone()).await;
        if !matches!(&decided, Ok(events) if !events.is_empty()) {
            aggregate = self.log.load(id).await?;
            decided = decide(&mut aggregate, commands).await;
        }
        let events = decided.map_err(ExecuteError::Refused)?;
        if !events.is_empty() {
            let append = self.log.encode(&aggregate, events.clone(), &self.metadata).await?;
            let appended = i64::try_from(events.len()).unwrap_or(i64::MAX);
            aggregate.sequence += appended;
            self.streams.push(append);
            self.keep.push(Box::new(move |log| log.keep(aggregate, appended)));
        }
        Ok(events)
    }

    /// Makes the unit depend on this aggregate: if it has changed since it was loaded, the commit fails with a version
    /// conflict.
    pub fn rely_on<A: StoredAggregate>(&mut self, loaded: &Loaded<A>) {
        self.streams.push(StreamAppend {
            aggregate_type: A::AGGREGATE_TYPE,
            aggregate_id: loaded.id,
            expected_sequence: loaded.sequence,
            events: vec![],
            subject: None,
        });
    }

    /// Appends the staged events and rows. `resource_id` is the result of a request that is repeated with the same
    /// idempotency key.
    ///
    /// # Errors
    /// [`AppendError`] if the append is refused; nothing was written then. After [`AppendError::Unavailable`] or
    /// [`AppendError::Closed`] the outcome may be unknown.
    pub async fn commit(self, resource_id: Uuid) -> Result<Committed, AppendError> {
        let command_id = self.metadata.command_id;
        if self.streams.is_empty() && self.rows.is_empty() {
            return Ok(Committed { command_id, repeats: None, positions: vec![] });
        }
        let idempotency = self.context.idempotency.as_ref().map(|given| Idempotency {
            actor: given.holder_for(&self.context.actor),
            key: given.key.clone(),
            fingerprint: self.log.keys().keyed_hash("request", &hex::encode(&given.request)),
            resource_id,
            expires_at: self.metadata.recorded_at + IDEMPOTENCY_LIFE,
        });
        let names = |stream: &StreamAppend| (stream.aggregate_type, stream.aggregate_id);
        let touched: Vec<_> = self.streams.iter().map(names).collect();
        let changed: Vec<_> = self.streams.iter().filter(|stream| !stream.events.is_empty()).map(names).collect();
        let living = living(&self.context.actor, &self.streams);
        let append = Append { command_id, streams: self.streams, rows: self.rows, idempotency, living };
        match self.log.append(append).await {
            Ok(committed) => {
                for keep in self.keep {
                    keep(self.log);
                }
                Ok(committed)
            }
            Err(AppendError::VersionConflict) => {
                for (aggregate_type, id) in touched {
                    self.log.forget(aggregate_type, id);
                }
                Err(AppendError::VersionConflict)
            }
            Err(AppendError::Repeated { resource_id }) => {
                let positions = positions_of_first(self.log, resource_id, &changed).await?;
                Ok(Committed { command_id, repeats: Some(resource_id), positions })
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns the subjects that must not be erased: the acting person, and those whose text is written. A part of the
/// system has nobody to tell, so that its text of an erased person is left out by the codec instead.
fn living(actor: &Actor, streams: &[StreamAppend]) -> Vec<SubjectId> {
    if matches!(actor, Actor::System(_)) {
        return Vec::new();
    }
    let mut living: Vec<SubjectId> = streams.iter().filter_map(|stream| stream.subject).collect();
    living.extend(actor.subject());
    living.sort_unstable();
    living.dedup();
    living
}

/// Lets an aggregate decide several commands, each on the state that the previous one left, and applies the resulting
/// events.
async fn decide<A>(loaded: &mut Loaded<A>, commands: Vec<A::Command>) -> Result<Vec<A::Event>, A::Error>
where
    A: Aggregate<Services = ()>,
{
    let sink = EventSink::default();
    for command in commands {
        loaded.aggregate.handle(command, &(), &sink).await?;
    }
    Ok(sink.collect().await)
}

/// Returns positions that include all events of the first execution of a repeated request, so that a reader can wait
/// for them as for its own write.
pub(super) async fn positions_of_first(
    log: &EventLog,
    resource_id: Uuid,
    touched: &[(AggregateType, Uuid)],
) -> Result<Vec<EventPosition>, AppendError> {
    let mut positions = Vec::new();
    for (aggregate_type, id) in touched.iter().flat_map(|(name, id)| [(*name, *id), (*name, resource_id)]) {
        let rows = sqlx::query!(
            r#"SELECT partition, max(position) AS "position!" FROM events
               WHERE aggregate_type = $1 AND aggregate_id = $2 GROUP BY partition"#,
            aggregate_type.name(),
            id.to_string(),
        )
        .fetch_all(&log.pool)
        .await
        .map_err(|error| AppendError::Unavailable(std::sync::Arc::new(error)))?;
        positions.extend(rows.into_iter().map(|row| EventPosition {
            aggregate_type,
            partition: row.partition,
            position: row.position,
        }));
    }
    Ok(positions)
}
