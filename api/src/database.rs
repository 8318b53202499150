//! The database of a process: the one at `DATABASE_URL`, or the embedded one of the data folder; connected and migrated.

use commands::error_chain;
use std::{path::Path, str::FromStr, time::Duration};

use anyhow::{Context, bail};
use projections::SEARCH_PATH;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use tokio::time::timeout;

use crate::{config::Settings, embedded_postgres::EmbeddedPostgres, shutdown::Shutdown};

/// How long a request waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was used so lately is taken to be alive; an older one is asked first.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long connections that are in use may take to be given back at the end.
const CLOSING: Duration = Duration::from_millis(600);
/// How long to wait before a server that is away is tried again.
const RETRY: Duration = Duration::from_secs(3);
/// A statement, a lock holder or an idle transaction that hangs must not stop everybody else.
const TIME_LIMITS: [(&str, &str); 3] =
    [("lock_timeout", "30s"), ("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "60s")];

/// Of the write side, where a statement looks up one key after the other, whatever their values are. Planning some of
/// them anew each time took longer than executing them; and a plan that is made once, perhaps for empty tables, must be one
/// for full tables.
const PLANNED_ONCE: [(&str, &str); 2] = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")];
/// Nothing that is asked here runs long enough to be worth compiling.
const NOT_COMPILED: [(&str, &str); 1] = [("jit", "off")];

/// Close it on every way out: only then is the embedded server stopped.
pub struct Database {
    pub pool: PgPool,
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// If the database refuses us for a reason that waiting does not mend, or Ctrl-C comes while waiting.
    pub async fn open(settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let Some(url) = &settings.database_url else {
            return Self::open_embedded(&settings.data_dir, settings.database_connections, shutdown).await;
        };
        // The parser's error may quote the address, and with it the password.
        let Ok(options) = PgConnectOptions::from_str(url.trim()) else {
            bail!("DATABASE_URL is not of the form postgres://user:password@host:port/database");
        };
        let options = options.application_name("ayushma");
        let connection = wait_for(&options, shutdown).await?;
        migrate(connection).await?;
        Ok(Self { pool: pool(&options, settings.database_connections), embedded: None })
    }

    async fn open_embedded(data_dir: &Path, connections: u32, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let embedded = EmbeddedPostgres::start(data_dir, shutdown.requested())
            .await
            .context("the built-in PostgreSQL cannot be started")?;
        let options = embedded.connect_options().application_name("ayushma");
        let migrated = async {
            let connection = quiet(&options).connect().await.context("the built-in PostgreSQL does not answer")?;
            migrate(connection).await
        };
        if let Err(error) = migrated.await {
            stop(embedded).await;
            return Err(error);
        }
        Ok(Self { pool: pool(&options, connections), embedded: Some(embedded) })
    }

    /// Watches the embedded server, and starts it again when it has died. Ends with the reason if it cannot be.
    pub async fn watch(&self) -> anyhow::Error {
        match &self.embedded {
            Some(embedded) => anyhow::Error::new(embedded.watch().await)
                .context("the built-in PostgreSQL has died and cannot be started again"),
            None => std::future::pending().await,
        }
    }

    /// Closes all connections and lets go of the embedded server, which stops if nobody else uses it.
    pub async fn close(self) {
        if timeout(CLOSING, self.pool.close()).await.is_err() {
            tracing::warn!("a connection to PostgreSQL is still in use; it ends with the process");
        }
        if let Some(embedded) = self.embedded {
            stop(embedded).await;
        }
    }
}

async fn stop(embedded: EmbeddedPostgres) {
    if let Err(error) = embedded.stop().await {
        tracing::error!(error = %error_chain(&error), "the built-in PostgreSQL could not be stopped");
    }
}

/// Statements and the server's notices are not logged: they would drown everything else.
fn quiet(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().disable_statement_logging().options([("client_min_messages", "error")])
}

/// Two thirds of the connections; [`Views`](projections::Views) beside it take the others.
fn pool(options: &PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections((connections - connections / 3).max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // Asking before every use would double the round trips of a busy server.
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move { Ok(state.idle_for < TRUSTED_FOR || connection.ping().await.is_ok()) })
        })
        .connect_lazy_with(
            quiet(options).options(TIME_LIMITS).options(PLANNED_ONCE).options(NOT_COMPILED).options([SEARCH_PATH]),
        )
}

/// Without the time limits: a migration may take long, and so may waiting for another process that migrates.
async fn migrate(mut connection: PgConnection) -> anyhow::Result<()> {
    migrations::MIGRATOR.run(&mut connection).await.context("the database's schema cannot be brought up to date")?;
    Ok(connection.close().await?)
}

/// Connects; as long as nobody answers, says so and tries again.
async fn wait_for(options: &PgConnectOptions, shutdown: &Shutdown) -> anyhow::Result<PgConnection> {
    loop {
        let error = match quiet(options).connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let place = format!("{}:{}", options.get_host(), options.get_port());
        match refusal(&error) {
            Some("28P01" | "28000") => bail!("PostgreSQL at {place} refuses the user or the password of DATABASE_URL"),
            Some("3D000") => {
                bail!("PostgreSQL at {place} has no database of the name in DATABASE_URL: create it first")
            }
            // It starts or stops, or has no connection left.
            Some("57P01" | "57P03" | "53300") => {}
            // Nobody there, or somebody who hangs up, as a proxy does while the server is away.
            None if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => {}
            _ => return Err(error).context(format!("PostgreSQL at {place} cannot be used")),
        }
        tracing::error!(
            error = %error_chain(&error),
            "PostgreSQL at {place} (DATABASE_URL) does not answer; trying again every {} seconds, Ctrl-C ends",
            RETRY.as_secs()
        );
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = shutdown.requested() => bail!("interrupted while waiting for PostgreSQL at {place}"),
        }
    }
}

/// PostgreSQL's code for why it sent us away.
fn refusal(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(error) => {
            error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().map(sqlx::postgres::PgDatabaseError::code)
        }
        _ => None,
    }
}
