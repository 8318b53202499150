//! The appender's connection to the database.

use sqlx::{Executor, PgConnection, PgPool, Postgres, pool::PoolConnection};

/// Timeouts of the appender's session. A process that stalls while it holds the lock on the log's head loses it (after
/// 3 s) before others give up waiting for it (after 5 s).
const TIME_LIMITS: &str =
    "SET idle_in_transaction_session_timeout = '3s'; SET lock_timeout = '5s'; SET statement_timeout = '8s'";

/// The connection that the appender keeps open, because returning it to the pool after each batch would cost a round
/// trip.
pub(crate) struct AppenderConnection {
    pool: PgPool,
    held: Option<LogConnection<PoolConnection<Postgres>>>,
}

/// A connection, with the log's number of partitions, which never changes.
pub(crate) struct LogConnection<C> {
    pub connection: C,
    pub partitions: i32,
}

impl AppenderConnection {
    pub(crate) const fn new(pool: PgPool) -> Self {
        Self { pool, held: None }
    }

    /// Returns the open connection, or opens one.
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
        // Never returned to the pool, because its session settings are specific to the appender.
        connection.close_on_drop();
        connection.execute(TIME_LIMITS).await?;
        let partitions = sqlx::query_scalar!("SELECT partitions FROM log_head").fetch_one(&mut *connection).await?;
        Ok(LogConnection { connection, partitions })
    }

    /// Drops the connection after an error, because it may be broken.
    pub(crate) fn close(&mut self) {
        self.held = None;
    }
}
