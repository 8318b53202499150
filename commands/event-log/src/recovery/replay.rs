//! Replays: the rows of a consumer are built a second time from the log, while the existing rows are still read.
//!
//! A replay has no effects but rows, because only a [`Replayable`] consumer is replayed. It always reads the log
//! itself, never Kafka.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sqlx::{PgConnection, PgPool};
use tokio::task::JoinSet;

use crate::{
    EventLog,
    consume::{
        consumer::{ConsumerError, Delivery, EventConsumer},
        progress::Progress,
        runner::Runner,
        source::head,
    },
    stored::{StoredEvent, names},
};

/// The maximum number of events in one transaction of a replay.
const BATCH: i64 = 10_000;
/// The number of concurrent replay tasks, each with its own partitions: while one decodes, the rows of another are
/// written.
const WORKERS: i32 = 3;

/// A consumer whose only effects are rows that follow from the events, and so can be deleted and rebuilt. A handler is
/// not replayable, because its jobs would be done a second time.
pub trait Replayable: EventConsumer {}

/// The progress of a replay.
#[derive(Debug, Default)]
pub struct Replayed {
    expected: AtomicU64,
    done: AtomicU64,
}

impl Replayed {
    /// Returns the number of events that there were to replay when it began.
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }

    /// Returns the number of events that were replayed.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

/// A replay into separate tables, with separate checkpoints.
pub struct Replay {
    runner: Arc<Runner>,
    replayed: Arc<Replayed>,
}

impl EventLog {
    /// Creates a replay over connections whose search path begins with the schema that is to be filled.
    pub fn replay(&self, consumer: Arc<dyn Replayable>, connections: PgPool, replayed: Arc<Replayed>) -> Replay {
        let runner = Runner { pool: connections, codec: self.codec.clone(), consumer, progress: Progress::default() };
        Replay { runner: Arc::new(runner), replayed }
    }
}

/// Creates the replay's own copies of the tables `checkpoints` and `parked_events` in the schema.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub async fn make_replay_tables(schema: &str, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    // Not a compile-time checked query, because the schema's name is a variable.
    for table in ["checkpoints", "parked_events"] {
        let sql = format!("CREATE TABLE {schema}.{table} (LIKE public.{table} INCLUDING ALL)");
        sqlx::raw_sql(&sql).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Replay {
    /// Creates the replay's checkpoints, and counts the events to replay.
    ///
    /// # Errors
    /// [`ConsumerError::Database`] if a query fails; [`ConsumerError::Fenced`] if existing checkpoints do not fit the
    /// log.
    pub async fn begin(&self) -> Result<(), ConsumerError> {
        self.runner.prepare().await?;
        let head = head(&self.runner.pool).await?;
        let Some(oldest) = self.runner.oldest_pending(head).await? else { return Ok(()) };
        let expected = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM events WHERE aggregate_type = ANY($1) AND position BETWEEN $2 AND $3"#,
            &types(&self.runner),
            oldest,
            head,
        )
        .fetch_one(&self.runner.pool)
        .await?;
        self.replayed.expected.fetch_add(expected.unsigned_abs(), Ordering::Relaxed);
        Ok(())
    }

    /// Replays the events that are in the log now and were not replayed yet. Returns their number. Events that cannot
    /// be applied are parked.
    ///
    /// # Errors
    /// [`ConsumerError`] if the failure is transient; events replayed before it stay applied.
    pub async fn catch_up(&self) -> Result<u64, ConsumerError> {
        let before = self.replayed.done();
        let head = head(&self.runner.pool).await?;
        let Some(oldest) = self.runner.oldest_pending(head).await? else { return Ok(0) };
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            workers.spawn(replay_share(self.runner.clone(), self.replayed.clone(), worker, oldest - 1, head));
        }
        while let Some(ended) = workers.join_next().await {
            ended.map_err(|error| ConsumerError::Effect(Box::new(error)))??;
        }
        Ok(self.replayed.done() - before)
    }

    /// Stops the consumer in every process by locking its checkpoints, until the transaction ends.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn hold_consumer(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        // In the order in which the consumer itself locks them, to avoid a deadlock.
        sqlx::query!(
            "SELECT position FROM public.checkpoints WHERE consumer = $1 ORDER BY aggregate_type, partition FOR UPDATE",
            self.runner.consumer.name(),
        )
        .fetch_all(tx)
        .await?;
        Ok(())
    }

    /// Moves the checkpoints and parked events of the stopped consumer to those of the replay, so that it continues
    /// from there. The transaction must be on one of the replay's connections.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a query fails.
    pub async fn hand_over(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        // The rows are updated and not replaced, because consumers are waiting for the locks on them.
        sqlx::query!(
            "UPDATE public.checkpoints
             SET position = replayed.position, applied = replayed.applied, parked = replayed.parked,
                 dropped = replayed.dropped
             FROM checkpoints AS replayed
             WHERE public.checkpoints.consumer = $1 AND replayed.consumer = $1
               AND public.checkpoints.aggregate_type = replayed.aggregate_type
               AND public.checkpoints.partition = replayed.partition",
            self.runner.consumer.name(),
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("DELETE FROM public.parked_events WHERE consumer = $1", self.runner.consumer.name())
            .execute(&mut *tx)
            .await?;
        sqlx::query!("INSERT INTO public.parked_events SELECT * FROM parked_events").execute(tx).await?;
        Ok(())
    }
}

fn types(runner: &Runner) -> Vec<String> {
    names(runner.consumer.aggregate_types())
}

/// Replays the partitions of one worker. All events of an aggregate are in one partition, so their order is kept.
async fn replay_share(
    runner: Arc<Runner>,
    replayed: Arc<Replayed>,
    worker: i32,
    after: i64,
    head: i64,
) -> Result<(), ConsumerError> {
    let types = types(&runner);
    let mut batch = read_share(&runner.pool, &types, worker, after, head).await?;
    while let Some(last) = batch.last().map(|delivery| delivery.event.position) {
        let (applied, next) = tokio::join!(runner.apply(&batch), read_share(&runner.pool, &types, worker, last, head));
        applied?;
        replayed.done.fetch_add(batch.len() as u64, Ordering::Relaxed);
        batch = next?;
    }
    Ok(())
}

async fn read_share(
    pool: &PgPool,
    types: &[String],
    worker: i32,
    after: i64,
    up_to: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let events = sqlx::query_as!(
        StoredEvent,
        r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                  payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
           FROM events
           WHERE position > $1 AND position <= $2 AND aggregate_type = ANY($3) AND partition % $4 = $5
           ORDER BY position
           LIMIT $6"#,
        after,
        up_to,
        types,
        WORKERS,
        worker,
        BATCH,
    )
    .fetch_all(pool)
    .await?;
    Ok(events.into_iter().map(|event| Delivery { event, previous: None }).collect())
}
