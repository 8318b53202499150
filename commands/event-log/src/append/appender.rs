//! Group commit: one task a process takes whatever appends wait and writes them in one transaction.

use std::{slice, sync::Arc, time::Duration};

use sqlx::PgPool;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use crate::{
    append::{
        connection::AppenderConnection,
        fast_batch::is_fast,
        request::{Append, AppendError},
        transaction::{BatchError, append_batch},
    },
    head::Head,
    recent::RecentEvents,
    stored::Committed,
};

/// The most appends in one transaction: bounds the time for which the log is locked.
const MAX_BATCH: usize = 256;
/// Appends that may wait; more are slowed down.
const QUEUE: usize = 4_096;
/// How long a batch is tried whose transaction failed, and how long it waits in between.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
/// The SQLSTATE.
const DISK_FULL: &str = "53100";

type Reply = oneshot::Sender<Result<Committed, AppendError>>;

/// The way to the appender's task. Clones share the task, which ends with the last of them.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<(Append, Reply)>,
}

impl Appender {
    /// The appender and its task, which the caller must run. The task tells `head` the newest position after each commit.
    pub(crate) fn new(
        pool: PgPool,
        head: watch::Sender<Head>,
        recent: RecentEvents,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, requests) = mpsc::channel(QUEUE);
        (Self { queue }, run(Writer { connection: AppenderConnection::new(pool), head, recent }, requests))
    }

    /// Writes the append, wholly or not at all.
    ///
    /// # Errors
    /// [`AppendError`]; after [`AppendError::Unavailable`] it is certain that nothing was written only if the database says so later.
    pub async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send((append, reply)).await.map_err(|_| AppendError::Closed)?;
        answer.await.map_err(|_| AppendError::Closed)?
    }
}

async fn run(mut writer: Writer, mut requests: mpsc::Receiver<(Append, Reply)>) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while requests.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        // What has to be looked at append by append makes nobody else slow: they came at the same time.
        let (fast, others): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|(append, _)| is_fast(append));
        for part in [fast, others].into_iter().filter(|part| !part.is_empty()) {
            let (appends, replies): (Vec<Append>, Vec<Reply>) = part.into_iter().unzip();
            let results = writer.write(&appends).await;
            for (reply, result) in replies.into_iter().zip(results) {
                // Whoever asked may have gone away; what was written stays.
                drop(reply.send(result));
            }
        }
        // Who was answered may have more to append at once: together they are one batch, in place of the first alone and the
        // others behind it.
        tokio::task::yield_now().await;
    }
}

type Results = Vec<Result<Committed, AppendError>>;

struct Writer {
    connection: AppenderConnection,
    head: watch::Sender<Head>,
    recent: RecentEvents,
}

impl Writer {
    /// Writes the batch. If the database refuses it, every append is tried alone: one that cannot be stored must not fail its neighbours.
    async fn write(&mut self, batch: &[Append]) -> Results {
        let mut may_have_happened = false;
        let error = match self.try_for_a_while(batch, &mut may_have_happened).await {
            Ok(results) => return results,
            Err(error) => error,
        };
        if batch.len() == 1 || is_transient(&error) {
            let error = Arc::new(error);
            return batch.iter().map(|_| Err(AppendError::Unavailable(error.clone()))).collect();
        }
        let deadline = Instant::now() + PATIENCE;
        let mut results = Vec::with_capacity(batch.len());
        for append in batch {
            match self.try_until(deadline, slice::from_ref(append), &mut may_have_happened.clone()).await {
                Ok(result) => results.extend(result),
                Err(error) => results.push(Err(AppendError::Unavailable(Arc::new(error)))),
            }
        }
        results
    }

    async fn try_for_a_while(
        &mut self,
        batch: &[Append],
        may_have_happened: &mut bool,
    ) -> Result<Results, sqlx::Error> {
        self.try_until(Instant::now() + PATIENCE, batch, may_have_happened).await
    }

    /// Tries again while only the connection is at fault.
    async fn try_until(
        &mut self,
        deadline: Instant,
        batch: &[Append],
        may_have_happened: &mut bool,
    ) -> Result<Results, sqlx::Error> {
        let mut is_first = true;
        loop {
            let error = match append_batch(&mut self.connection, batch, *may_have_happened, deadline).await {
                Ok(outcome) => {
                    self.recent.add(outcome.events);
                    self.head.send_if_modified(|known| known.merge(&outcome.head));
                    return Ok(outcome.results);
                }
                Err(BatchError::NotCommitted(error)) => {
                    // The others of a time without a database are the same, and would fill a disk that is full.
                    if std::mem::take(&mut is_first) {
                        warn_of(&error);
                    }
                    error
                }
                Err(BatchError::Unknown(error)) => {
                    tracing::warn!(%error, "the outcome of an append is unknown and will be looked up");
                    *may_have_happened = true;
                    error
                }
            };
            if !is_transient(&error) || Instant::now() + PAUSE >= deadline {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn warn_of(error: &sqlx::Error) {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.as_deref() == Some(DISK_FULL) {
        tracing::error!(%error, "the database's disk is full: make room; until then nothing can be written, and what was written is safe");
    } else {
        tracing::warn!(%error, "appending to the event log failed");
    }
}

/// Whether the same transaction may succeed on another connection or a little later.
fn is_transient(error: &sqlx::Error) -> bool {
    /// Classes of SQLSTATE: the connection, a lost session, conflict, resources, a shut-down, the system.
    const TRANSIENT: [&str; 7] = ["08", "25P", "40", "53", "55P03", "57P", "58"];
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| TRANSIENT.iter().any(|class| code.starts_with(class)))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}
