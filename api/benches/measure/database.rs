//! A database of a measurement's own.

use std::{env, str::FromStr as _, sync::Arc};

use anyhow::Context as _;
use commands::{
    clock::SystemClock,
    event_log::{EventLog, MasterKey},
};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::MASTER_KEY;

const NAME: &str = "ayushma_measured";

/// With our schema, and nothing in it.
pub(crate) struct Database {
    server: PgConnectOptions,
}

impl Database {
    /// On the server of `DATABASE_URL`.
    pub(crate) async fn make() -> anyhow::Result<Self> {
        let url = env::var("DATABASE_URL").context("DATABASE_URL is not set: run `make bench-log`")?;
        let this = Self { server: PgConnectOptions::from_str(&url)? };
        let mut server = PgConnection::connect_with(&this.server).await?;
        sqlx::raw_sql(&format!("DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")).execute(&mut server).await?;
        sqlx::raw_sql(&format!("CREATE DATABASE {NAME}")).execute(&mut server).await?;
        migrations::MIGRATOR.run(&mut PgConnection::connect_with(&this.options()).await?).await?;
        Ok(this)
    }

    fn options(&self) -> PgConnectOptions {
        self.server.clone().database(NAME)
    }

    pub(crate) fn url(&self) -> String {
        let mut url = self.options().to_url_lossy();
        // Of sqlx only: `pgbench` would refuse it.
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| name != "statement-cache-capacity")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        url.to_string()
    }

    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        let mut server = PgConnection::connect_with(&self.server).await?;
        sqlx::raw_sql(&format!("DROP DATABASE {NAME} WITH (FORCE)")).execute(&mut server).await?;
        Ok(())
    }
}

/// Connections with the settings of the program's write side.
pub(crate) async fn connect(url: &str, connections: u32) -> anyhow::Result<PgPool> {
    let settings = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];
    let options = PgConnectOptions::from_str(url)?.options(settings);
    Ok(PgPoolOptions::new().max_connections(connections).connect_with(options).await?)
}

/// The log, with its work in the background.
pub(crate) async fn open_log(pool: PgPool) -> anyhow::Result<EventLog> {
    let (log, background) = EventLog::open(pool, MasterKey::from_hex(MASTER_KEY)?, Arc::new(SystemClock)).await?;
    tokio::spawn(background);
    Ok(log)
}
