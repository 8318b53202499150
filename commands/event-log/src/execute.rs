//! The execution of commands: load the aggregate, decide, append; on a version conflict, load and decide again. All
//! changes of aggregates are made here.

mod unit_of_work;

use cqrs_es::Aggregate;
use domain::{
    aggregate::StoredAggregate,
    envelope::Actor,
    ids::{CommandId, EventId, UserId},
};
use uuid::Uuid;

use crate::{AppendError, Committed, EventLog, Row, StoreError};
pub use unit_of_work::UnitOfWork;
use unit_of_work::positions_of_first;

/// The maximum number of tries of a command whose aggregate changes in the meantime.
const ATTEMPTS: u32 = 10;

/// The origin of a command: the actor, the cause, and data of the request.
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

/// The client's `Idempotency-Key`, with the request that it belongs to.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The holder of the key where it is not the actor: the clients of a service share an actor, and each numbers its
    /// own requests.
    pub holder: Option<String>,
    pub key: String,
    /// The method, path and body of the request, or a hash of them.
    pub request: Vec<u8>,
}

impl IdempotencyKey {
    /// Returns the holder of the key: the one that is set, otherwise the actor.
    fn holder_for(&self, actor: &Actor) -> String {
        self.holder.clone().unwrap_or_else(|| actor.to_string())
    }
}

impl Context {
    /// Returns the acting user; `None` if the actor is a service or a part of the system.
    pub const fn actor_user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            Actor::Service(_) | Actor::System(_) => None,
        }
    }

    /// Creates the context of a command that a part of the system executes on its own.
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

/// The reason why a command was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E> {
    /// The aggregate refused the command.
    #[error(transparent)]
    Refused(E),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// The entry point of the write side: executes commands on aggregates.
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
    /// [`ExecuteError`] if the aggregate refuses the command, or the log cannot be read or written. Nothing has changed
    /// then, except that after [`AppendError::Unavailable`] or [`AppendError::Closed`] the outcome may be unknown.
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

    /// Executes a command on one aggregate and writes rows in the same transaction, even if the command leads to no
    /// event.
    ///
    /// # Errors
    /// [`ExecuteError`], as for [`Self::execute`].
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

    /// Executes several commands on one aggregate, each on the state that the previous one left, and writes rows in the
    /// same transaction.
    ///
    /// # Errors
    /// [`ExecuteError`], as for [`Self::execute`].
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

    /// Executes several commands on one aggregate, each on the state that the previous one left, and writes in the same
    /// transaction the rows that `rows` derives from the decided events. If `rows` returns none without an event, the
    /// state that the rows rely on is unchanged when they are written, because the append checks the aggregate's
    /// version.
    ///
    /// # Errors
    /// [`ExecuteError`], as for [`Self::execute`].
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

    /// Executes commands as [`Self::execute_with_rows_of`] does, for commands that create a part of the aggregate with
    /// the id `made`. That id is the result of a request that is repeated with the same idempotency key.
    ///
    /// # Errors
    /// [`ExecuteError`], as for [`Self::execute`].
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
                Err(AppendError::VersionConflict) if attempt < ATTEMPTS => {
                    attempt += 1;
                    // What was cached is forgotten. A command that would do if there was nothing yet must not be
                    // decided as if there was nothing.
                    self.log.load::<A>(id).await?;
                }
                result => return Ok(result?),
            }
        }
    }

    /// Executes a command on one aggregate if `check` accepts the state of another one. That state is unchanged when
    /// the events and rows are written.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`] with the refusal of `check` or of the aggregate; otherwise as for [`Self::execute`].
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
            // The cached state, without a read of the log: if it is outdated, the append fails with a conflict. A
            // refusal leads to no append, so it is decided on the state in the log.
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
                Err(AppendError::VersionConflict) if attempt < ATTEMPTS => {
                    attempt += 1;
                    // What was cached is forgotten, and `check` may accept that there is nothing.
                    self.log.load::<B>(other).await?;
                }
                result => return Ok(result?),
            }
        }
    }

    /// Returns what is committed of an aggregate, for a command whose first attempt has taken effect although its
    /// outcome was unknown.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] if a query fails.
    pub async fn committed_before<A: StoredAggregate>(&self, id: Uuid) -> Result<Committed, AppendError> {
        let positions = positions_of_first(&self.log, id, &[(A::AGGREGATE_TYPE, id)]).await?;
        Ok(Committed { command_id: CommandId::new(self.log.clock.new_id()), repeats: None, positions })
    }

    /// Returns whether the request's idempotency key was used before and has not expired.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn is_repeat(&self, context: &Context) -> Result<bool, sqlx::Error> {
        match &context.idempotency {
            Some(given) => self.log.is_known_key(&given.holder_for(&context.actor), &given.key).await,
            None => Ok(false),
        }
    }

    /// Begins a change of several aggregates, which is written completely or not at all. The caller must repeat it on a
    /// version conflict.
    pub fn unit<'a>(&'a self, context: &'a Context) -> UnitOfWork<'a> {
        UnitOfWork::new(&self.log, context)
    }
}
