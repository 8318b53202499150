//! Connections that the views are read over.
//!
//! They are apart from those of the write side, so that neither waits for the other, and are only asked single
//! statements. So one can be lent again as soon as its last answer is in, where sqlx's own pool asks the server first
//! whether all is well: a second round trip for every query.

use std::{fmt, time::Duration};

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts};
use futures::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::{BoxFuture, TryFutureExt as _},
    stream::{self, BoxStream},
};
use sqlx::{
    ConnectOptions, Connection, Describe, Either, Error, Execute, Executor, PgConnection, PgPool, Postgres,
    postgres::{PgConnectOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};

/// How long a reader waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection that was used so lately is taken to be alive; an older one is asked first.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Where the views are read.
#[derive(Clone)]
pub struct Views(managed::Pool<Connecting>);

impl Views {
    /// To the same database as the pool of the write side, half as many. Connects when the first one is needed.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn beside(pool: &PgPool) -> Self {
        let size = usize::try_from(pool.options().get_max_connections() / 2).unwrap_or(usize::MAX).max(1);
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        // A list is planned for what it is asked for: what is rare in one project fills another.
        let options = PgConnectOptions::clone(&pool.connect_options())
            .options([("plan_cache_mode", "auto"), ("enable_seqscan", "on")]);
        let connections = managed::Pool::builder(Connecting(options)).max_size(size).timeouts(timeouts);
        Self(connections.runtime(deadpool::Runtime::Tokio1).build().expect("timeouts have the runtime that they need"))
    }

    async fn lend(&self) -> Result<Lent, Error> {
        let object = self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => Error::PoolClosed,
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Error::PoolTimedOut,
        })?;
        Ok(Lent { object: Some(object), is_in_order: false })
    }
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Views")
    }
}

struct Connecting(PgConnectOptions);

impl managed::Manager for Connecting {
    type Type = PgConnection;
    type Error = Error;

    async fn create(&self) -> Result<PgConnection, Error> {
        self.0.connect().await
    }

    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.last_used() < TRUSTED_FOR {
            return Ok(());
        }
        connection.ping().await.map_err(RecycleError::Backend)
    }
}

/// A connection in use. One whose answer was not waited for, or that has failed, is closed instead of lent again.
struct Lent {
    object: Option<Object<Connecting>>,
    is_in_order: bool,
}

impl Lent {
    fn connection(&mut self) -> &mut PgConnection {
        self.object.as_mut().expect("only drop takes it")
    }

    /// Says that the last answer is in.
    fn give_back(mut self) {
        self.is_in_order = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.object.take_if(|_| !self.is_in_order) {
            drop(Object::take(object));
        }
    }
}

type Step = Either<PgQueryResult, PgRow>;

impl<'c> Executor<'c> for &'c Views {
    type Database = Postgres;

    /// All rows are fetched before the first one is given, so that nobody holds a connection while doing something else.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let steps = async move {
            let mut lent = self.lend().await?;
            let steps: Vec<Step> = lent.connection().fetch_many(query).try_collect().await?;
            lent.give_back();
            Ok(stream::iter(steps.into_iter().map(Ok)))
        };
        steps.try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        async move {
            let mut lent = self.lend().await?;
            let row = lent.connection().fetch_optional(query).await?;
            lent.give_back();
            Ok(row)
        }
        .boxed()
    }

    fn prepare_with<'e, 'q: 'e>(
        self,
        sql: &'q str,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement<'q>, Error>>
    where
        'c: 'e,
    {
        async move {
            let mut lent = self.lend().await?;
            let statement = lent.connection().prepare_with(sql, parameters).await?;
            lent.give_back();
            Ok(statement)
        }
        .boxed()
    }

    fn describe<'e, 'q: 'e>(self, sql: &'q str) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        async move {
            let mut lent = self.lend().await?;
            let description = lent.connection().describe(sql).await?;
            lent.give_back();
            Ok(description)
        }
        .boxed()
    }
}
