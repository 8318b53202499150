//! A private PostgreSQL server in a data folder, for machines where nobody has set one up.
//!
//! It is PostgreSQL's own server, started from the programs that this machine has, and reachable by a local socket only.
//! Several processes share one data folder: each holds a shared lock on `postgres.lock` for as long as it uses the
//! database, and the last one to release it stops the server. A process holds `postgres.start.lock` while it starts or
//! stops the server.
//! A server outlives a process that was killed; the next process takes it over.

#[cfg(test)]
mod copy_tests;
mod elsewhere;
mod error;
mod files;
mod folder;
mod place;
mod programs;
mod running;
#[cfg(test)]
mod tests;
mod watching;
#[cfg(test)]
mod watching_tests;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::time::{Instant, sleep, timeout};

pub use error::{EmbeddedPostgresError, Refused};
pub use folder::make_folder;
use place::Place;
use programs::Programs;
use running::{Fault, is_shortage};

/// The superuser, and the name of the one database.
const NAME: &str = "ayushma";
/// Names the socket file; nothing listens on a network port.
const PORT: u16 = 5432;
/// How long a server may take to accept connections: recovery after a crash reads the log since the last checkpoint.
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// How long one new connection may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long no new connection may succeed until a server is taken for dead. A machine that is very busy is slow, too,
/// and ending its server would only make that worse.
const SILENCE: Duration = Duration::from_secs(30);
/// Seconds that a server which takes no new connections may take to stop (`pg_ctl`'s option `-t`): first in the mode
/// `fast`, then in the mode `immediate`.
const STOP_SECONDS: [&str; 2] = ["20", "5"];

/// A running server that this process shares with the other users of the same data folder.
///
/// Call [`stop`](Self::stop) on every way out, errors included: a value that is only dropped leaves the server running.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    place: Place,
    programs: Programs,
    /// The options for connecting, without the folder of the socket.
    options: PgConnectOptions,
    socket_dir: PathBuf,
    /// The shared lock that says "in use".
    in_use: File,
}

impl EmbeddedPostgres {
    /// Whether a server was ever made in this data folder.
    pub fn is_in(data_dir: &Path) -> bool {
        ["postgres", elsewhere::POINTER].iter().any(|trace| data_dir.join(trace).exists())
    }

    /// Takes over the server of `data_dir`, or starts it; on first use, creates its database.
    ///
    /// # Errors
    /// [`EmbeddedPostgresError::Interrupted`] if `interrupted` ends first, [`EmbeddedPostgresError::Refused`] if the
    /// folder may belong to another server, or another [`EmbeddedPostgresError`] if the server cannot be started.
    pub async fn start(data_dir: &Path, interrupted: impl Future<Output = ()>) -> Result<Self, EmbeddedPostgresError> {
        tokio::pin!(interrupted);
        let is_new = make_folder(data_dir).map_err(EmbeddedPostgresError::file(data_dir))?;
        let data_dir = data_dir.canonicalize().map_err(EmbeddedPostgresError::file(data_dir))?;
        // Another process may hold the lock for as long as a server takes to recover.
        let _starting = tokio::select! {
            locked = start_lock(&data_dir) => locked?,
            () = &mut interrupted => return Err(EmbeddedPostgresError::Interrupted),
        };
        let in_use = open_lock(&data_dir.join("postgres.lock"))?;
        // An exclusive lock on this file is only ever held together with the start lock: this does not wait.
        in_use.lock_shared().map_err(EmbeddedPostgresError::file(&data_dir))?;

        let place = Place::find(&data_dir, is_new).await?;
        let programs = Programs::find(place.version()?.as_deref(), &place).await?;
        let password = place.password()?;
        if !place.has_cluster() {
            make_cluster(&place, &programs, &password).await?;
        }
        let options = PgConnectOptions::new_without_pgpass()
            .port(PORT)
            .ssl_mode(PgSslMode::Disable)
            .username(NAME)
            .password(&password)
            .database(NAME);
        let socket_dir = place.own_socket_dir();
        let server = Self { place, programs, options, socket_dir, in_use };
        let ready = tokio::select! {
            ready = server.make_ready(SILENCE) => ready,
            () = &mut interrupted => Err(EmbeddedPostgresError::Interrupted),
        };
        match ready {
            Ok(socket_dir) => Ok(Self { socket_dir, ..server }),
            Err(error) => {
                if let Err(second) = server.let_go().await {
                    tracing::warn!(error = %second, "the embedded PostgreSQL could not be stopped");
                }
                Err(error)
            }
        }
    }

    /// The options for connecting. The caller has to close its pool before [`stop`](Self::stop).
    pub fn connect_options(&self) -> PgConnectOptions {
        self.options.clone().socket(&self.socket_dir)
    }

    /// Releases the server, and stops it if no other process uses it.
    ///
    /// # Errors
    /// If the lock files cannot be used, or the server cannot be stopped.
    pub async fn stop(self) -> Result<(), EmbeddedPostgresError> {
        let _stopping = start_lock(&self.place.data_dir).await?;
        self.let_go().await
    }

    /// Releases the shared lock, and stops the server if no other process holds it. Only under the start lock.
    async fn let_go(&self) -> Result<(), EmbeddedPostgresError> {
        let lock_path = self.place.data_dir.join("postgres.lock");
        self.in_use.unlock().map_err(EmbeddedPostgresError::file(&lock_path))?;
        match self.in_use.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(EmbeddedPostgresError::file(&lock_path)(error)),
        }
        // Stops only a process that is known to work in our folder: the pid file may be a copy, or of another
        // container.
        if self.place.postmaster()?.is_some() {
            self.programs
                .run("pg_ctl", &self.place, ["stop", "-m", "fast", "-w", "-s", "-D"], &[self.place.cluster()])
                .await?;
            tracing::info!("embedded PostgreSQL stopped");
        }
        Ok(())
    }

    /// Waits for a running server, starts a stopped one, restarts one that takes no new connections, and creates the
    /// database if it is missing. A server that has not answered for `silence` is killed. Returns the folder of its
    /// socket.
    ///
    /// Only under the start lock.
    async fn make_ready(&self, silence: Duration) -> Result<PathBuf, EmbeddedPostgresError> {
        let deadline = Instant::now() + START_TIMEOUT;
        let mut silent_since = None;
        let (socket_dir, mut connection) = loop {
            if let Some(fault) = self.place.fault()? {
                tracing::warn!("the embedded PostgreSQL {fault}; it is ended, to be started again");
                self.end_server().await?;
            }
            let Some(socket_dir) = self.place.running_socket_dir().await? else {
                match self.start_server().await {
                    Ok(()) => tracing::info!(cluster = %self.place.cluster().display(), "embedded PostgreSQL started"),
                    // Backends of a killed postmaster still hold its shared memory; each ends by itself after its
                    // current work.
                    Err(EmbeddedPostgresError::Program { output, .. })
                        if output.contains("pre-existing shared memory block") && Instant::now() < deadline =>
                    {
                        sleep(Duration::from_millis(200)).await;
                    }
                    Err(error) => return Err(error),
                }
                continue;
            };
            let asked_at = Instant::now();
            match self.ask(&socket_dir).await {
                Answer::Connected(connection) => break (socket_dir, connection),
                // The server is just starting or stopping: the next round sees which.
                Answer::NotNow(_) if Instant::now() < deadline => silent_since = None,
                Answer::Nothing if silent_since.get_or_insert(asked_at).elapsed() < silence => {}
                // The server is in another container, where this process cannot end it.
                Answer::Nothing if self.place.postmaster()?.is_none() => return Err(EmbeddedPostgresError::Silent),
                Answer::Nothing => {
                    tracing::warn!("the embedded PostgreSQL {}; it is killed, to be started again", Fault::Silent);
                    self.kill_server().await;
                    silent_since = None;
                }
                Answer::NotAsked(error) => return Err(EmbeddedPostgresError::file(&socket_dir)(error)),
                Answer::NotNow(error) | Answer::Refusal(error) => return Err(EmbeddedPostgresError::Connect(error)),
            }
            sleep(Duration::from_millis(50)).await;
        };
        if !self.place.is_served_by(&mut connection).await? {
            return Err(Refused::AnotherServer { socket_dir, cluster: self.place.cluster() }.into());
        }
        let exists = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
            .bind(NAME)
            .fetch_optional(&mut connection)
            .await
            .map_err(EmbeddedPostgresError::Connect)?;
        if exists.is_none() {
            sqlx::query("CREATE DATABASE ayushma")
                .execute(&mut connection)
                .await
                .map_err(EmbeddedPostgresError::Connect)?;
        }
        connection.close().await.map_err(EmbeddedPostgresError::Connect)?;
        Ok(socket_dir)
    }

    /// Asks a server for a new connection.
    async fn ask(&self, socket_dir: &Path) -> Answer {
        let options = self.options.clone().socket(socket_dir).database("postgres");
        match timeout(ANSWER_TIMEOUT, options.connect()).await {
            Ok(Ok(connection)) => Answer::Connected(connection),
            Ok(Err(sqlx::Error::Io(error))) if is_shortage(&error) => Answer::NotAsked(error),
            Ok(Err(sqlx::Error::Io(_))) | Err(_) => Answer::Nothing,
            Ok(Err(error)) if passes(&error) => Answer::NotNow(error),
            Ok(Err(error)) => Answer::Refusal(error),
        }
    }

    /// Ends a running server: by an orderly stop if that works in time, else by killing it.
    async fn end_server(&self) -> Result<(), EmbeddedPostgresError> {
        let [in_order, _] = STOP_SECONDS;
        let stop = ["stop", "-m", "fast", "-w", "-s", "-t", in_order, "-D"];
        if let Err(error) = self.programs.run("pg_ctl", &self.place, stop, &[self.place.cluster()]).await
            && self.place.postmaster()?.is_some()
        {
            tracing::warn!(%error, "the embedded PostgreSQL does not end in good order; it is killed");
            self.kill_server().await;
        }
        if self.place.postmaster()?.is_some() { Err(EmbeddedPostgresError::Silent) } else { Ok(()) }
    }

    /// Ends a server at once; what was committed is recovered at its next start.
    async fn kill_server(&self) {
        let [_, in_haste] = STOP_SECONDS;
        let stop = ["stop", "-m", "immediate", "-w", "-s", "-t", in_haste, "-D"];
        if self.programs.run("pg_ctl", &self.place, stop, &[self.place.cluster()]).await.is_err() {
            self.place.kill_server();
        }
    }

    async fn start_server(&self) -> Result<(), EmbeddedPostgresError> {
        self.place.refuse_torn_copy()?;
        self.place.remove_stale_pid_files()?;
        self.place.make_socket_dir()?;
        let log = self.place.log();
        let log_was = std::fs::metadata(&log).map_or(0, |log| log.len());
        let settings = settings(&self.place.own_socket_dir());
        let start = ["start", "-w", "-s", "-t", "120", "-o", &settings, "-l"];
        let started =
            self.programs.run("pg_ctl", &self.place, start, &[log.clone(), "-D".into(), self.place.cluster()]).await;
        started.map_err(|error| match error {
            // pg_ctl only says "examine the log output": do that.
            EmbeddedPostgresError::Program { program, .. } => {
                let output = std::fs::read(&log).unwrap_or_default();
                let new = output.get(usize::try_from(log_was).unwrap_or(0)..).unwrap_or_default();
                EmbeddedPostgresError::Program { program, output: telling_lines(&String::from_utf8_lossy(new)) }
            }
            other => other,
        })
    }
}

/// The last lines of a log, without repetitions: a server that recovers writes one for each client that tries to
/// connect meanwhile, hundreds of them.
fn telling_lines(log: &str) -> String {
    const MOST_LINES: usize = 30;
    // The time and the process id in front differ in all lines, so only the rest is compared.
    let says = |line: &str| line.split_once(']').map_or(line, |(_, says)| says).trim().to_owned();
    let mut seen = std::collections::HashSet::new();
    let mut lines: Vec<&str> = log.lines().rev().filter(|line| seen.insert(says(line))).take(MOST_LINES).collect();
    lines.reverse();
    lines.join("\n").trim().to_owned()
}

/// The postmaster's settings, as `pg_ctl` hands them to a shell. They are given at every start and written nowhere, so
/// that a newer version of this program changes them for old folders too.
fn settings(socket_dir: &Path) -> String {
    // The setting is a list of folders, so the name is in double quotes, and in the shell's single ones.
    let socket_dir = socket_dir.display();
    format!(
        "-c listen_addresses='' -c port={PORT} -c unix_socket_directories='\"{socket_dir}\"' -c unix_socket_permissions=0700 \
         -c max_connections=200 -c shared_buffers=128MB \
         -c log_checkpoints=off {NO_PERSONAL_TEXT_IN_THE_LOG}"
    )
}

/// Settings that keep out of the log a failed statement, its parameters and the details of its error ("Key (email)=(..)
/// already exists").
const NO_PERSONAL_TEXT_IN_THE_LOG: &str = "-c log_error_verbosity=terse -c log_min_error_statement=panic -c log_parameter_max_length_on_error=0 -c log_statement=none";

/// Makes the cluster beside its final place and renames it, so that a crash in the middle leaves nothing half made.
async fn make_cluster(place: &Place, programs: &Programs, password: &str) -> Result<(), EmbeddedPostgresError> {
    let unfinished = place.home.join("cluster.new");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(EmbeddedPostgresError::file(&unfinished))?;
    }
    let password_file = place.home.join("password.new");
    place.lend_to_server(&password_file, password)?;
    // Text is sorted by bytes, an order that no update of the system's library changes; but upper and lower case are
    // known for the letters of every script.
    let arguments = ["-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "-A", "scram-sha-256", "-U", NAME, "--pwfile"];
    let made =
        programs.run("initdb", place, arguments, &[password_file.clone(), "-D".into(), unfinished.clone()]).await;
    std::fs::remove_file(&password_file).map_err(EmbeddedPostgresError::file(&password_file))?;
    made?;
    std::fs::rename(&unfinished, place.cluster()).map_err(EmbeddedPostgresError::file(&unfinished))
}

/// The outcome of asking a server for a connection.
enum Answer {
    Connected(PgConnection),
    /// The server answered that it is starting, recovering or stopping.
    NotNow(sqlx::Error),
    /// No server answered in time.
    Nothing,
    /// This process has nothing left to ask with.
    NotAsked(io::Error),
    Refusal(sqlx::Error),
}

/// Whether the refusal passes by itself, because the server is starting or stopping.
fn passes(error: &sqlx::Error) -> bool {
    // cannot_connect_now; admin_shutdown; crash_shutdown
    error.as_database_error().is_some_and(|it| matches!(it.code().as_deref(), Some("57P03" | "57P01" | "57P02")))
}

async fn start_lock(data_dir: &Path) -> Result<File, EmbeddedPostgresError> {
    let path = data_dir.join("postgres.start.lock");
    let file = open_lock(&path)?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.map_err(io::Error::other).flatten().map_err(EmbeddedPostgresError::file(&path))
}

fn open_lock(path: &Path) -> Result<File, EmbeddedPostgresError> {
    File::options().create(true).append(true).open(path).map_err(EmbeddedPostgresError::file(path))
}
