//! Group commit: one task a process takes whatever appends wait and writes them in one transaction.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    append::{Append, AppendError, BatchError, append_batch, find_command},
    stored::{Committed, EventPosition},
};

/// The most appends in one transaction: bounds the time for which the log is locked.
const MAX_BATCH: usize = 256;
/// Appends that may wait; more are slowed down.
const QUEUE: usize = 4_096;
/// How often an append is tried whose transaction failed, and how long it waits in between.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

type Reply = oneshot::Sender<Result<Committed, AppendError>>;

/// The way to the appender's task. Clones share the task, which ends with the last of them.
#[derive(Clone)]
pub struct Appender {
    queue: mpsc::Sender<(Append, Reply)>,
}

impl Appender {
    /// The appender and its task, which the caller must run. The task tells `head` the newest position after each commit.
    pub fn new(pool: PgPool, head: watch::Sender<i64>) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, requests) = mpsc::channel(QUEUE);
        (Self { queue }, run(pool, requests, head))
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

async fn run(pool: PgPool, mut requests: mpsc::Receiver<(Append, Reply)>, head: watch::Sender<i64>) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while requests.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        let (appends, replies): (Vec<Append>, Vec<Reply>) = waiting.drain(..).unzip();
        match append_batch(&pool, &appends).await {
            Ok(outcome) => {
                advance(&head, outcome.head_position);
                for (reply, result) in replies.into_iter().zip(outcome.results) {
                    // Whoever asked may have gone away; what was written stays.
                    drop(reply.send(result));
                }
            }
            // One append that cannot be stored must not fail its neighbours.
            Err(error) => {
                log(&error);
                for (append, reply) in appends.into_iter().zip(replies) {
                    drop(reply.send(append_alone(&pool, &head, append, &error).await));
                }
            }
        }
    }
}

/// Tries a single append whose transaction failed, after looking whether it happened all the same.
async fn append_alone(
    pool: &PgPool,
    head: &watch::Sender<i64>,
    append: Append,
    first: &BatchError,
) -> Result<Committed, AppendError> {
    let mut may_have_happened = matches!(first, BatchError::Unknown(_));
    let batch = [append];
    let mut attempt = 1;
    loop {
        let error = match look_up_or_append(pool, head, &batch, may_have_happened).await {
            Ok(result) => return result,
            Err(error) => error,
        };
        log(&error);
        may_have_happened |= matches!(error, BatchError::Unknown(_));
        if attempt == ATTEMPTS {
            let (BatchError::NotCommitted(error) | BatchError::Unknown(error)) = error;
            return Err(AppendError::Unavailable(error));
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn look_up_or_append(
    pool: &PgPool,
    head: &watch::Sender<i64>,
    batch: &[Append; 1],
    may_have_happened: bool,
) -> Result<Result<Committed, AppendError>, BatchError> {
    let [append] = batch;
    if may_have_happened {
        let written = find_command(pool, append.command_id).await.map_err(BatchError::NotCommitted)?;
        if let Some((_, _, last)) = written.last() {
            advance(head, *last);
            return Ok(Ok(Committed {
                command_id: append.command_id,
                repeats: None,
                positions: positions_of(append, &written),
            }));
        }
    }
    let mut outcome = append_batch(pool, batch).await?;
    advance(head, outcome.head_position);
    Ok(outcome.results.pop().unwrap_or(Err(AppendError::Closed)))
}

/// The positions in the order of the append's streams, as the first answer would have given them.
fn positions_of(append: &Append, written: &[(String, i32, i64)]) -> Vec<EventPosition> {
    let types =
        append.streams.iter().flat_map(|stream| std::iter::repeat_n(stream.aggregate_type, stream.events.len()));
    types
        .zip(written)
        .map(|(aggregate_type, (_, partition, position))| EventPosition {
            aggregate_type,
            partition: *partition,
            position: *position,
        })
        .collect()
}

fn advance(head: &watch::Sender<i64>, position: i64) {
    head.send_if_modified(|known| {
        let is_newer = position > *known;
        if is_newer {
            *known = position;
        }
        is_newer
    });
}

fn log(error: &BatchError) {
    match error {
        BatchError::NotCommitted(error) => tracing::warn!(%error, "appending to the event log failed"),
        BatchError::Unknown(error) => tracing::warn!(%error, "the outcome of an append is unknown"),
    }
}
