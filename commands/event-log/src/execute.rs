//! The only way to change the world: decide, append; load and decide again if somebody else was faster.

mod unit_of_work;

use cqrs_es::Aggregate;
use domain::{
    aggregate::StoredAggregate,
    envelope::Actor,
    ids::{EventId, UserId},
};
use uuid::Uuid;

use crate::{AppendError, Committed, EventLog, Row, StoreError};
pub use unit_of_work::UnitOfWork;

/// How often a command is decided anew because its aggregate changed in the meantime.
const ATTEMPTS: u32 = 10;

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
    /// Whose key it is, if several act as one: the clients of a service number their requests each by itself.
    pub holder: Option<String>,
    pub key: String,
    /// Method, path and body of the request, or a hash of them.
    pub request: Vec<u8>,
}

impl IdempotencyKey {
    /// Whose key it is.
    fn holder_for(&self, actor: &Actor) -> String {
        self.holder.clone().unwrap_or_else(|| actor.to_string())
    }
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
        A: StoredAggregate,
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
        A: StoredAggregate,
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
        A: StoredAggregate,
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
        A: StoredAggregate,
        A::Command: Clone + Send + Sync,
        A: Aggregate<Services = ()>,
    {
        self.execute_making::<A>(id, id, commands, context, rows).await
    }

    /// As [`Self::execute_with_rows_of`], where the commands make a part of the aggregate: a request that is repeated under
    /// the same idempotency key is told to have made that.
    ///
    /// # Errors
    /// [`ExecuteError`]; nothing has changed then.
    pub async fn execute_making<A>(
        &self,
        id: Uuid,
        made: Uuid,
        commands: Vec<A::Command>,
        context: &Context,
        rows: impl Fn(&[A::Event]) -> Vec<Row>,
    ) -> Result<Committed, ExecuteError<A::Error>>
    where
        A: StoredAggregate,
        A::Command: Clone + Send + Sync,
        A: Aggregate<Services = ()>,
    {
        let mut attempt = 1;
        loop {
            let mut unit = self.unit(context);
            let events = unit.stage_all::<A>(id, commands.clone()).await?;
            unit.rows.extend(rows(&events));
            match unit.commit(made).await {
                Err(AppendError::VersionConflict) if attempt < ATTEMPTS => attempt += 1,
                result => return Ok(result?),
            }
        }
    }

    /// Executes a command on one aggregate, where `check` decides whether another one lets it happen: that one is still as it was
    /// checked when the events and rows are written.
    ///
    /// # Errors
    /// What `check` or the aggregate refuses as [`ExecuteError::Refused`], or the log's; nothing has changed then.
    pub async fn execute_relying_on<A, B, E>(
        &self,
        (id, command): (Uuid, A::Command),
        rows: Vec<Row>,
        (other, check): (Uuid, impl Fn(&B) -> Result<(), E>),
        context: &Context,
    ) -> Result<Committed, ExecuteError<E>>
    where
        A: StoredAggregate + Aggregate<Services = ()>,
        A::Command: Clone + Send + Sync,
        B: StoredAggregate,
        E: From<A::Error>,
    {
        let mut attempt = 1;
        loop {
            // As it was seen last, without a read of the log: if that is out of date, the append finds a conflict. A refusal leads
            // to no append, and is decided on what the log holds.
            let mut relied_on = self.log.last_seen::<B>(other);
            if check(&relied_on.aggregate).is_err() {
                relied_on = self.log.load::<B>(other).await?;
                check(&relied_on.aggregate).map_err(ExecuteError::Refused)?;
            }
            let mut unit = self.unit(context);
            unit.stage::<A>(id, command.clone()).await.map_err(|error| match error {
                ExecuteError::Refused(refusal) => ExecuteError::Refused(refusal.into()),
                ExecuteError::Store(error) => ExecuteError::Store(error),
                ExecuteError::Append(error) => ExecuteError::Append(error),
            })?;
            unit.rely_on(&relied_on);
            unit.rows.extend(rows.iter().cloned());
            match unit.commit(id).await {
                Err(AppendError::VersionConflict) if attempt < ATTEMPTS => attempt += 1,
                result => return Ok(result?),
            }
        }
    }

    /// Whether something was made under the request's idempotency key before.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_repeat(&self, context: &Context) -> Result<bool, sqlx::Error> {
        match &context.idempotency {
            Some(given) => self.log.is_known_key(&given.holder_for(&context.actor), &given.key).await,
            None => Ok(false),
        }
    }

    /// A change of several aggregates, written wholly or not at all. The caller repeats it on a version conflict.
    pub fn unit<'a>(&'a self, context: &'a Context) -> UnitOfWork<'a> {
        UnitOfWork::new(&self.log, context)
    }
}
