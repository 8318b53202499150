//! The appender's connection to the database.

use sqlx::{Executor, PgConnection, PgPool, Postgres, pool::PoolConnection};

/// A process that stalls while it holds the log's lock loses it before the others have given up waiting for it.
const TIME_LIMITS: &str =
    "SET idle_in_transaction_session_timeout = '3s'; SET lock_timeout = '5s'; SET statement_timeout = '8s'";

/// The connection that the appender keeps: giving it back after each batch would be a round trip to the database.
pub(crate) struct AppenderConnection {
    pool: PgPool,
    held: Option<LogConnection<PoolConnection<Postgres>>>,
}

/// A connection, with what never changes in the log at its other end.
pub(crate) struct LogConnection<C> {
    pub connection: C,
    pub partitions: i32,
}

impl AppenderConnection {
    pub(crate) const fn new(pool: PgPool) -> Self {
        Self { pool, held: None }
    }

    pub(crate) async fn get(&mut self) -> Result<LogConnection<&mut PgConnection>, sqlx::Error> {
        let held = match self.held.take() {
            Some(held) => held,
            None => self.open().await?,
        };
        let LogConnection { connection, partitions } = self.held.insert(held);
        Ok(LogConnection { connection, partitions: *partitions })
    }

    async fn open(&self) -> Result<LogConnection<PoolConnection<Postgres>>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        // Never back to the pool: its settings are the appender's.
        connection.close_on_drop();
        connection.execute(TIME_LIMITS).await?;
        let partitions = sqlx::query_scalar!("SELECT partitions FROM log_head").fetch_one(&mut *connection).await?;
        Ok(LogConnection { connection, partitions })
    }

    /// Perhaps nobody is at the other end any more.
    pub(crate) fn close(&mut self) {
        self.held = None;
    }
}
