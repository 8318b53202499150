//! The only way to change the world: load, decide, append; again if somebody else was faster.

use chrono::TimeDelta;
use cqrs_es::{Aggregate, event_sink::EventSink};
use domain::{
    envelope::{Actor, Metadata},
    event::HasSubject,
    ids::{CommandId, EventId, UserId},
};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::event_log::{Append, AppendError, Committed, EventLog, EventPosition, Idempotency, Loaded, Row, StoreError};

/// How often a command is decided anew because its aggregate changed in the meantime.
const ATTEMPTS: u32 = 10;
/// How long a request may be repeated under the same idempotency key.
const IDEMPOTENCY_LIFE: TimeDelta = TimeDelta::hours(24);

/// Who asks for a change, why and from where.
#[derive(Debug, Clone)]
pub struct Context {
    pub actor: Actor,
    pub on_behalf_of: Option<Actor>,
    pub correlation_id: Uuid,
    pub causation_id: Option<EventId>,
    pub traceparent: Option<String>,
    pub client_address: Option<String>,
    pub user_agent: Option<String>,
    pub idempotency: Option<IdempotencyKey>,
}

/// The client's `Idempotency-Key`, and what the request was.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    pub key: String,
    /// Method, path and body of the request, or a hash of them.
    pub request: Vec<u8>,
}

impl Context {
    /// The person who acts, if it is one.
    pub const fn actor_user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            Actor::Service(_) | Actor::System(_) => None,
        }
    }

    /// A part of the system acts by itself.
    pub fn system(part: &str, correlation_id: Uuid) -> Self {
        Self {
            actor: Actor::system(part),
            on_behalf_of: None,
            correlation_id,
            causation_id: None,
            traceparent: None,
            client_address: None,
            user_agent: None,
            idempotency: None,
        }
    }
}

/// Why a command was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E> {
    /// The aggregate refuses it.
    #[error(transparent)]
    Refused(E),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// The write side's door.
#[derive(Clone)]
pub struct Commands {
    log: EventLog,
}

impl Commands {
    pub const fn new(log: EventLog) -> Self {
        Self { log }
    }

    pub const fn log(&self) -> &EventLog {
        &self.log
    }

    /// Executes a command on one aggregate.
    ///
    /// # Errors
    /// [`ExecuteError`]; nothing has changed then.
    pub async fn execute<A>(
        &self,
        id: Uuid,
        command: A::Command,
        context: &Context,
    ) -> Result<Committed, ExecuteError<A::Error>>
    where
        A: HasSubject,
        A::Command: Clone + Send + Sync,
        A: Aggregate<Services = ()>,
    {
        self.execute_with::<A>(id, command, vec![], context).await
    }

    /// Executes a command on one aggregate and writes rows in the same transaction, even if no event follows.
    ///
    /// # Errors
    /// [`ExecuteError`]; nothing has changed then.
    pub async fn execute_with<A>(
        &self,
        id: Uuid,
        command: A::Command,
        rows: Vec<Row>,
        context: &Context,
    ) -> Result<Committed, ExecuteError<A::Error>>
    where
        A: HasSubject,
        A::Command: Clone + Send + Sync,
        A: Aggregate<Services = ()>,
    {
        self.execute_all::<A>(id, vec![command], rows, context).await
    }

    /// Executes several commands on one aggregate, one on top of the other, and writes rows in the same transaction.
    ///
    /// # Errors
    /// [`ExecuteError`]; nothing has changed then.
    pub async fn execute_all<A>(
        &self,
        id: Uuid,
        commands: Vec<A::Command>,
        rows: Vec<Row>,
        context: &Context,
    ) -> Result<Committed, ExecuteError<A::Error>>
    where
        A: HasSubject,
        A::Command: Clone + Send + Sync,
        A: Aggregate<Services = ()>,
    {
        self.execute_with_rows_of::<A>(id, commands, context, |_| rows.clone()).await
    }

    /// Executes several commands on one aggregate, one on top of the other, and writes the rows that follow from what was
    /// decided in the same transaction. Where there are none without an event, what the rows rely on is still so when they
    /// are written.
    ///
    /// # Errors
    /// [`ExecuteError`]; nothing has changed then.
    pub async fn execute_with_rows_of<A>(
        &self,
        id: Uuid,
        commands: Vec<A::Command>,
        context: &Context,
        rows: impl Fn(&[A::Event]) -> Vec<Row>,
    ) -> Result<Committed, ExecuteError<A::Error>>
    where
        A: HasSubject,
        A::Command: Clone + Send + Sync,
        A: Aggregate<Services = ()>,
    {
        let mut attempt = 1;
        loop {
            let mut unit = self.unit(context);
            let events = unit.stage_all::<A>(id, commands.clone()).await?;
            unit.rows.extend(rows(&events));
            match unit.commit(id).await {
                Err(AppendError::VersionConflict) if attempt < ATTEMPTS => attempt += 1,
                result => return Ok(result?),
            }
        }
    }

    /// A change of several aggregates, written wholly or not at all. The caller repeats it on a version conflict.
    pub fn unit<'a>(&'a self, context: &'a Context) -> Unit<'a> {
        let clock = &self.log.clock;
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
        Unit { log: &self.log, context, metadata, streams: Vec::new(), rows: Vec::new(), turn: None, keep: Vec::new() }
    }
}

type Keep = Box<dyn FnOnce(&EventLog) + Send>;

/// Decisions and rows that will be written in one transaction.
pub struct Unit<'a> {
    log: &'a EventLog,
    context: &'a Context,
    metadata: Metadata,
    streams: Vec<crate::event_log::StreamAppend>,
    pub rows: Vec<Row>,
    /// The turn on the first aggregate. Never on two of them: two units could then wait for each other.
    turn: Option<OwnedMutexGuard<()>>,
    /// Keeps the aggregates as they are once the unit is committed.
    keep: Vec<Keep>,
}

impl Unit<'_> {
    /// Loads an aggregate and lets it decide. Says what it has decided.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`] or [`ExecuteError::Store`].
    pub async fn stage<A>(&mut self, id: Uuid, command: A::Command) -> Result<Vec<A::Event>, ExecuteError<A::Error>>
    where
        A: HasSubject + Aggregate<Services = ()>,
        A::Command: Clone + Send + Sync,
    {
        self.stage_all::<A>(id, vec![command]).await
    }

    /// Loads an aggregate and lets it decide several commands, one on top of the other. Says what it has decided.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`] or [`ExecuteError::Store`].
    pub async fn stage_all<A>(
        &mut self,
        id: Uuid,
        commands: Vec<A::Command>,
    ) -> Result<Vec<A::Event>, ExecuteError<A::Error>>
    where
        A: HasSubject + Aggregate<Services = ()>,
        A::Command: Clone + Send + Sync,
    {
        if self.turn.is_none() && self.streams.is_empty() {
            self.turn = self.log.turns().take(id).await;
        }
        // On what was seen last, without a look at the log: if that is out of date, the appender finds a conflict. What
        // leads to no append, nobody would check.
        let mut aggregate = self.log.last_seen::<A>(id);
        let mut decided = decide(&mut aggregate, commands.clone()).await;
        if !matches!(&decided, Ok(events) if !events.is_empty()) {
            aggregate = self.log.load(id).await?;
            decided = decide(&mut aggregate, commands).await;
        }
        let events = decided.map_err(ExecuteError::Refused)?;
        if !events.is_empty() {
            let append = self.log.encode(&aggregate, events.clone(), &self.metadata).await?;
            aggregate.sequence += i64::try_from(events.len()).unwrap_or(i64::MAX);
            self.streams.push(append);
            self.keep.push(Box::new(move |log| log.keep(aggregate)));
        }
        Ok(events)
    }

    /// Appends what was staged. `resource_id` is what a repeated request under the same idempotency key is told to have made.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was written then.
    pub async fn commit(self, resource_id: Uuid) -> Result<Committed, AppendError> {
        let command_id = self.metadata.command_id;
        if self.streams.is_empty() && self.rows.is_empty() {
            return Ok(Committed { command_id, repeats: None, positions: vec![] });
        }
        let idempotency = self.context.idempotency.as_ref().map(|given| Idempotency {
            actor: self.context.actor.to_string(),
            key: given.key.clone(),
            fingerprint: self.log.keys().keyed_hash("request", &hex::encode(&given.request)),
            resource_id,
            expires_at: self.metadata.recorded_at + IDEMPOTENCY_LIFE,
        });
        let touched: Vec<_> = self.streams.iter().map(|stream| (stream.aggregate_type, stream.aggregate_id)).collect();
        let append = Append { command_id, streams: self.streams, rows: self.rows, idempotency };
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
                let positions = positions_of_first(self.log, resource_id, &touched).await?;
                Ok(Committed { command_id, repeats: Some(resource_id), positions })
            }
            Err(error) => Err(error),
        }
    }
}

/// Lets an aggregate decide several commands, one on top of the other, and applies what it has decided.
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

/// How far the first execution of a repeated request reaches at least: its answer may be waited for like one's own.
async fn positions_of_first(
    log: &EventLog,
    resource_id: Uuid,
    touched: &[(&'static str, Uuid)],
) -> Result<Vec<EventPosition>, AppendError> {
    let mut positions = Vec::new();
    for (aggregate_type, id) in touched.iter().flat_map(|(name, id)| [(*name, *id), (*name, resource_id)]) {
        let rows = sqlx::query!(
            r#"SELECT partition, max(position) AS "position!" FROM events
               WHERE aggregate_type = $1 AND aggregate_id = $2 GROUP BY partition"#,
            aggregate_type,
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
