//! The pool of connections over which views are read.
//!
//! It is separate from that of the write side, so that neither waits for the other, and its connections only run single
//! statements. So a connection can be reused as soon as its last result is complete, where sqlx's own pool pings the
//! server first: a second round trip for each query.

use std::{fmt, time::Duration};

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts};
use futures::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::{BoxFuture, TryFutureExt as _},
    stream::{self, BoxStream},
};
use sqlx::{
    ConnectOptions, Connection, Describe, Either, Error, Execute, Executor, IntoArguments, PgConnection, PgPool,
    Postgres,
    postgres::{PgConnectOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
    query::Map,
};

/// The longest wait for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time since its last use within which a connection is taken to be alive; an older one is pinged first.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// A handle for reading views.
#[derive(Clone)]
pub struct Views(managed::Pool<Connecting>);

impl Views {
    /// Creates a pool for the same database as the write side's pool, half its size. Connections are opened when they
    /// are needed.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn beside(pool: &PgPool) -> Self {
        let size = usize::try_from(pool.options().get_max_connections() / 2).unwrap_or(usize::MAX).max(1);
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        // Queries of lists are planned with their parameters, because a value that is rare in one project is frequent
        // in another.
        let options = PgConnectOptions::clone(&pool.connect_options())
            .options([("plan_cache_mode", "auto"), ("enable_seqscan", "on")]);
        let connections = managed::Pool::builder(Connecting(options)).max_size(size).timeouts(timeouts);
        Self(connections.runtime(deadpool::Runtime::Tokio1).build().expect("timeouts have the runtime that they need"))
    }

    async fn acquire(&self) -> Result<PooledConnection, Error> {
        let object = self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Closed => Error::PoolClosed,
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Error::PoolTimedOut,
        })?;
        Ok(PooledConnection { object: Some(object), is_reusable: false })
    }
}

impl Views {
    /// The rows of a query while they weigh no more than `left` bytes, which is lessened by their weight; `None` if they do. The
    /// connection is closed then: the server need not send the rest.
    pub(crate) async fn fetch_within<'q, T, F, A>(
        &self,
        query: Map<'q, Postgres, F, A>,
        left: &mut usize,
        weight: impl Fn(&T) -> usize,
    ) -> Result<Option<Vec<T>>, Error>
    where
        T: Send + Unpin,
        F: FnMut(PgRow) -> Result<T, Error> + Send,
        A: IntoArguments<'q, Postgres> + Send + 'q,
    {
        let mut connection = self.acquire().await?;
        let mut found = Vec::new();
        let mut rows = query.fetch(connection.get());
        while let Some(row) = rows.try_next().await? {
            let Some(rest) = left.checked_sub(weight(&row)) else { return Ok(None) };
            *left = rest;
            found.push(row);
        }
        drop(rows);
        connection.release();
        Ok(Some(found))
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

/// A connection in use. If its result was not read to the end, or it failed, it is closed instead of reused.
struct PooledConnection {
    object: Option<Object<Connecting>>,
    is_reusable: bool,
}

impl PooledConnection {
    fn get(&mut self) -> &mut PgConnection {
        self.object.as_mut().expect("only drop takes it")
    }

    /// Returns the connection to the pool: the last result is complete.
    fn release(mut self) {
        self.is_reusable = true;
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if let Some(object) = self.object.take_if(|_| !self.is_reusable) {
            drop(Object::take(object));
        }
    }
}

type Step = Either<PgQueryResult, PgRow>;

impl<'c> Executor<'c> for &'c Views {
    type Database = Postgres;

    /// Fetches all rows before the first one is returned, so that no caller holds a connection while it does something
    /// else.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let steps = async move {
            let mut connection = self.acquire().await?;
            let steps: Vec<Step> = connection.get().fetch_many(query).try_collect().await?;
            connection.release();
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
            let mut connection = self.acquire().await?;
            let row = connection.get().fetch_optional(query).await?;
            connection.release();
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
            let mut connection = self.acquire().await?;
            let statement = connection.get().prepare_with(sql, parameters).await?;
            connection.release();
            Ok(statement)
        }
        .boxed()
    }

    fn describe<'e, 'q: 'e>(self, sql: &'q str) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        async move {
            let mut connection = self.acquire().await?;
            let description = connection.get().describe(sql).await?;
            connection.release();
            Ok(description)
        }
        .boxed()
    }
}
