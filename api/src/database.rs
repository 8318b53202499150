//! The database of a process: the one at `DATABASE_URL`, or the embedded one of the data folder; connected and migrated.

use commands::error_chain;
use std::{future::pending, str::FromStr, time::Duration};

use anyhow::{Context, bail};
use embedded_postgres::EmbeddedPostgres;
use projections::SEARCH_PATH;
use secrecy::ExposeSecret as _;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{config::Settings, shutdown::Shutdown};

/// The application name of the sessions of all processes in PostgreSQL.
pub(crate) const APPLICATION_NAME: &str = "ayushma";
/// How long a request waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was idle for less than this is taken to be alive; another one is pinged before use.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long closing the pool waits for connections that are in use.
const CLOSING: Duration = Duration::from_millis(600);
/// The pause between two attempts to connect to a server that does not answer.
const RETRY: Duration = Duration::from_secs(3);
/// How long a command waits for a server that does not answer; a serving process waits without limit.
const COMMAND_PATIENCE: Duration = Duration::from_secs(15);
/// Time limits of a session: a statement, a lock holder or an idle transaction that hangs must not block all others.
const TIME_LIMITS: [(&str, &str); 3] =
    [("lock_timeout", "30s"), ("statement_timeout", "60s"), ("idle_in_transaction_session_timeout", "60s")];

/// Planner settings of the write side. Its statements look up rows by key, so one plan fits all values, and planning
/// some of them at each execution took longer than executing them. A plan that is made once, perhaps for empty tables,
/// must also suit full ones, so it avoids sequential scans.
const PLANNED_ONCE: [(&str, &str); 2] = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")];
/// Has PostgreSQL refuse every change, so that a command that only reads cannot make one by mistake.
const READ_ONLY: (&str, &str) = ("default_transaction_read_only", "on");
/// Switches JIT compilation off: no query here runs long enough to be worth compiling.
const NOT_COMPILED: [(&str, &str); 1] = [("jit", "off")];

/// The purpose for which the database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To serve: waits without limit for a database that does not answer.
    Serving,
    /// To run a command that may be the first of an installation, which is created if there is none.
    Beginning,
    /// To read or change an existing installation: fails if there is none in the data folder.
    Using,
    /// To read an existing installation: its schema is left as it is, and the sessions refuse to write.
    Reading,
}

impl Purpose {
    const fn needs_installation(self) -> bool {
        matches!(self, Self::Using | Self::Reading)
    }
}

/// A connected database, whose schema is up to date unless it was opened for [`Purpose::Reading`].
///
/// Call [`close`](Self::close) on every way out, errors included: only then is the embedded server stopped.
pub struct Database {
    pub pool: PgPool,
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    /// Connects to the database, and brings its schema up to date unless it is only read.
    ///
    /// # Errors
    /// If there is no installation for [`Purpose::Using`] or [`Purpose::Reading`], `DATABASE_URL` is malformed, the database refuses the
    /// connection for a reason that waiting does not mend, Ctrl-C comes while waiting, a command has waited too long,
    /// or a migration fails.
    pub async fn open(settings: &Settings, purpose: Purpose, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let Some(url) = &settings.database_url else {
            if purpose.needs_installation() && !EmbeddedPostgres::is_in(&settings.data_dir) {
                bail!(
                    "there is no installation in {}: name another DATA_DIR, or begin with `ayushma serve` or `ayushma createsuperuser`",
                    settings.data_dir.display()
                );
            }
            return Self::open_embedded(settings, purpose, shutdown).await;
        };
        // The parser's error may quote the address, and with it the password.
        let Ok(options) = PgConnectOptions::from_str(url.expose_secret().trim()) else {
            bail!("DATABASE_URL is not of the form postgres://user:password@host:port/database");
        };
        let options = options.application_name(APPLICATION_NAME);
        let deadline = (purpose != Purpose::Serving).then(|| Instant::now() + COMMAND_PATIENCE);
        let connection = wait_for(&options, deadline, shutdown).await?;
        prepare(connection, purpose).await?;
        Ok(Self { pool: pool(&options, settings.database_connections, purpose), embedded: None })
    }

    async fn open_embedded(settings: &Settings, purpose: Purpose, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let embedded = EmbeddedPostgres::start(&settings.data_dir, shutdown.requested())
            .await
            .context("the built-in PostgreSQL cannot be started")?;
        let options = embedded.connect_options().application_name(APPLICATION_NAME);
        let migrated = async {
            let connection = quiet(&options).connect().await.context("the built-in PostgreSQL does not answer")?;
            prepare(connection, purpose).await
        };
        if let Err(error) = migrated.await {
            stop(embedded).await;
            return Err(error);
        }
        Ok(Self { pool: pool(&options, settings.database_connections, purpose), embedded: Some(embedded) })
    }

    /// Checks that the schema is the one of this program, for what reads more than the log.
    ///
    /// # Errors
    /// If the schema is older or newer, another one, or cannot be read.
    pub async fn check_schema(&self) -> anyhow::Result<()> {
        Ok(migrations::check(&mut *self.pool.acquire().await?).await?)
    }

    /// Watches the embedded server, and restarts it when it has died. Returns the reason if it cannot be restarted;
    /// never returns if the database is another server, or only
    /// cannot be started for the time being.
    pub async fn watch(&self) -> anyhow::Error {
        match &self.embedded {
            Some(embedded) => anyhow::Error::new(embedded.watch().await)
                .context("the built-in PostgreSQL has died and cannot be started again"),
            None => std::future::pending().await,
        }
    }

    /// Closes all connections and releases the embedded server, which stops if no other process uses it.
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

/// The options without logging of statements and of the server's notices, which would drown all other log lines.
fn quiet(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().disable_statement_logging().options([("client_min_messages", "error")])
}

/// A pool with two thirds of the connections; the pool of [`Views`](projections::Views) beside it takes the others.
fn pool(options: &PgConnectOptions, connections: u32, purpose: Purpose) -> PgPool {
    let access = (purpose == Purpose::Reading).then_some(READ_ONLY);
    PgPoolOptions::new()
        .max_connections((connections - connections / 3).max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A ping before every use would double the round trips of a busy server.
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move { Ok(state.idle_for < TRUSTED_FOR || connection.ping().await.is_ok()) })
        })
        .connect_lazy_with(
            quiet(options)
                .options(TIME_LIMITS)
                .options(PLANNED_ONCE)
                .options(NOT_COMPILED)
                .options([SEARCH_PATH])
                .options(access),
        )
}

/// Runs the migrations, unless the database is only read. The connection has no time limits: a migration may take long,
/// and so may waiting for another process that migrates.
async fn prepare(mut connection: PgConnection, purpose: Purpose) -> anyhow::Result<()> {
    if purpose != Purpose::Reading {
        migrations::MIGRATOR
            .run(&mut connection)
            .await
            .context("the database's schema cannot be brought up to date")?;
    }
    Ok(connection.close().await?)
}

/// Connects. As long as the server does not answer, logs this and tries again, until the deadline if there is one.
async fn wait_for(
    options: &PgConnectOptions,
    deadline: Option<Instant>,
    shutdown: &Shutdown,
) -> anyhow::Result<PgConnection> {
    let place = format!("{}:{}", options.get_host(), options.get_port());
    let until_when = if deadline.is_some() { "for some seconds" } else { "as long as it takes" };
    let too_late = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => pending().await,
        }
    };
    tokio::select! {
        connected = keep_trying(options, &place, until_when) => connected,
        () = shutdown.requested() => bail!("interrupted while waiting for PostgreSQL at {place}"),
        () = too_late => bail!("PostgreSQL at {place} (DATABASE_URL) does not answer"),
    }
}

async fn keep_trying(options: &PgConnectOptions, place: &str, until_when: &str) -> anyhow::Result<PgConnection> {
    loop {
        let error = match quiet(options).connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        if !is_away(&error, place)? {
            return Err(error).context(format!("PostgreSQL at {place} cannot be used"));
        }
        tracing::error!(
            error = %error_chain(&error),
            "PostgreSQL at {place} (DATABASE_URL) does not answer; trying again every {} seconds, {until_when}; Ctrl-C ends",
            RETRY.as_secs()
        );
        sleep(RETRY).await;
    }
}

/// Whether the server is only unavailable, so that waiting may help.
///
/// # Errors
/// If the server refuses the user, the password or the name of the database, which has to be mended first.
fn is_away(error: &sqlx::Error, place: &str) -> anyhow::Result<bool> {
    match refusal(error) {
        Some("28P01" | "28000") => bail!("PostgreSQL at {place} refuses the user or the password of DATABASE_URL"),
        Some("3D000") => bail!("PostgreSQL at {place} has no database of the name in DATABASE_URL: create it first"),
        // The server stops (57P01), starts (57P03), or has no connection left (53300).
        Some("57P01" | "57P03" | "53300") => Ok(true),
        // Nothing listens there, or the connection is closed at once, as by a proxy while the server is away.
        None => Ok(matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_))),
        Some(_) => Ok(false),
    }
}

/// The SQLSTATE with which PostgreSQL refused the connection, if it answered.
fn refusal(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(error) => {
            error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().map(sqlx::postgres::PgDatabaseError::code)
        }
        _ => None,
    }
}
