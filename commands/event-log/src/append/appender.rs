//! Group commit: one task per process takes the waiting appends and writes them in one transaction.

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

/// The maximum number of appends in one transaction, which bounds the time for which the log is locked.
const MAX_BATCH: usize = 256;
/// The capacity of the queue of waiting appends. When it is full, senders wait.
const QUEUE: usize = 4_096;
/// How long a batch whose transaction fails is retried.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// The SQLSTATE of a full disk.
const DISK_FULL: &str = "53100";

type Reply = oneshot::Sender<Result<Committed, AppendError>>;

/// A handle to the appender's task. Clones share the task, which ends when the last of them is dropped.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<(Append, Reply)>,
}

impl Appender {
    /// Returns the appender and its task, which the caller must run. The task sends the newest position to `head` after
    /// each commit, and adds the committed events to `recent`.
    pub(crate) fn new(
        pool: PgPool,
        head: watch::Sender<Head>,
        recent: RecentEvents,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, requests) = mpsc::channel(QUEUE);
        (Self { queue }, run(Writer { connection: AppenderConnection::new(pool), head, recent }, requests))
    }

    /// Writes all events and rows of the append, or none of them.
    ///
    /// # Errors
    /// [`AppendError`], also if the append is refused. After [`AppendError::Unavailable`] the append may nevertheless
    /// have been written; only the log itself tells. [`AppendError::Closed`] if the task has ended.
    pub async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send((append, reply)).await.map_err(|_| AppendError::Closed)?;
        answer.await.map_err(|_| AppendError::Closed)?
    }
}

async fn run(mut writer: Writer, mut requests: mpsc::Receiver<(Append, Reply)>) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while requests.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        // The appends of a batch arrived at the same time, so those that need the slower transaction delay nobody who
        // came later.
        let (fast, others): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|(append, _)| is_fast(append));
        for part in [fast, others].into_iter().filter(|part| !part.is_empty()) {
            let (appends, replies): (Vec<Append>, Vec<Reply>) = part.into_iter().unzip();
            let results = writer.write(&appends).await;
            for (reply, result) in replies.into_iter().zip(results) {
                // The caller may have stopped waiting; the append stays written.
                drop(reply.send(result));
            }
        }
        // A caller that has just received its result may append again at once. Yielding lets these appends join one
        // batch, instead of the first going alone and the others waiting behind it.
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
    /// Writes the batch. If the database refuses it, each append is tried alone, so that one that cannot be stored does
    /// not fail the others.
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

    /// Writes the batch, and retries transient errors until the deadline.
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
                    // Only the first failure is logged: during an outage all are the same, and logging them would fill
                    // a full disk further.
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

/// Returns whether the same transaction may succeed on another connection or a little later.
fn is_transient(error: &sqlx::Error) -> bool {
    /// SQLSTATE prefixes: connection failure, lost session, conflict, lack of resources, lock timeout, shutdown, system
    /// error.
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
