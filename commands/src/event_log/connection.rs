//! The appender's connection to the database.

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};

/// The connection that the appender keeps: giving it back after each batch would be a round trip to the database.
pub(super) struct AppenderConnection {
    pool: PgPool,
    held: Option<PoolConnection<Postgres>>,
}

impl AppenderConnection {
    pub(super) const fn new(pool: PgPool) -> Self {
        Self { pool, held: None }
    }

    pub(super) async fn get(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let held = match self.held.take() {
            Some(held) => held,
            None => self.pool.acquire().await?,
        };
        Ok(self.held.insert(held))
    }

    /// Perhaps nobody is at the other end any more: the pool must not wait for an answer.
    pub(super) fn close(&mut self) {
        if let Some(mut held) = self.held.take() {
            held.close_on_drop();
        }
    }
}
