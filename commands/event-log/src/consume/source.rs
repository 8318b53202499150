//! The sources of a consumer's events: one trait with two implementations, for the log in PostgreSQL and for Kafka.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::AggregateType;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::{
    consume::{
        consumer::{ConsumerError, Delivery, MAX_BATCH},
        runner::Runner,
    },
    head::Head,
    recent::RecentEvents,
    stored::{StoredEvent, names, read_log},
};

/// The poll interval, in case a wake-up is lost.
pub(crate) const POLL: Duration = Duration::from_secs(1);

/// A source of events, in the order of their partitions. A source may deliver events twice or leave some out; the
/// [`Runner`] corrects both.
#[async_trait]
pub(crate) trait EventSource: Send {
    /// Waits for events. The batch may be empty.
    async fn next(&mut self, runner: &Runner) -> Result<Vec<Delivery>, ConsumerError>;

    /// Records that the last batch has taken effect.
    fn applied(&mut self, batch: &[Delivery]);
}

/// A source that reads the log, or the in-memory events that this process has just appended.
pub(crate) struct LogSource {
    pool: PgPool,
    types: Vec<String>,
    /// The position up to which all events have taken effect or are of other types; `None` until the checkpoints are
    /// read.
    cursor: Option<i64>,
    /// The value of the cursor after the batch that was read last has taken effect.
    reach: i64,
    /// Whether the last read returned a full batch, so that there is no reason to wait.
    is_behind: bool,
    /// The position of the newest event of each partition that this source delivered and that has taken effect. If a
    /// crash of the database undoes the effect, the next delivery shows a gap.
    newest: HashMap<(String, i32), i64>,
    /// When the checkpoints were last compared with the cursor.
    checked: Instant,
    wake: watch::Receiver<Head>,
    recent: RecentEvents,
}

impl LogSource {
    pub(crate) fn new(
        pool: PgPool,
        types: &[AggregateType],
        wake: watch::Receiver<Head>,
        recent: RecentEvents,
    ) -> Self {
        let types = names(types);
        let (newest, checked) = (HashMap::new(), Instant::now());
        Self { pool, types, cursor: None, reach: 0, is_behind: false, newest, checked, wake, recent }
    }

    /// Reads the next events of the log up to `head`, without waiting. Events appended later are found by the next
    /// call.
    pub(crate) async fn read(&mut self, runner: &Runner, head: i64) -> Result<Vec<Delivery>, ConsumerError> {
        let after = match self.cursor {
            Some(cursor) => cursor,
            None => runner.oldest_pending(head).await?.map_or(head, |oldest| oldest - 1),
        };
        let events = match self.recent.between(after, head) {
            Some(events) => {
                let wanted = events.iter().filter(|event| self.types.contains(&event.aggregate_type));
                wanted.take(MAX_BATCH).map(|event| StoredEvent::clone(event)).collect()
            }
            None => {
                read_log(&self.pool, &self.types, after, head, i64::try_from(MAX_BATCH).unwrap_or(i64::MAX)).await?
            }
        };
        self.is_behind = events.len() == MAX_BATCH;
        // The cursor also skips events of other types, so that they are not scanned again at every read.
        self.reach = match events.last() {
            Some(last) if self.is_behind => last.position,
            _ => after.max(head),
        };
        self.cursor = Some(if events.is_empty() { self.reach } else { after });
        let mut newest = self.newest.clone();
        let deliveries = events.into_iter().map(|event| {
            let previous = newest.insert((event.aggregate_type.clone(), event.partition), event.position);
            Delivery { event, previous }
        });
        Ok(deliveries.collect())
    }

    /// Moves the cursor back if a checkpoint is behind it. Consumers do not wait for the disk, so a crash of the
    /// database may have undone their last transactions.
    async fn look_back(&mut self, runner: &Runner) -> Result<(), ConsumerError> {
        let Some(cursor) = self.cursor.filter(|_| self.checked.elapsed() >= POLL) else { return Ok(()) };
        self.checked = Instant::now();
        if let Some(oldest) = runner.oldest_pending(cursor).await? {
            tracing::warn!(consumer = runner.consumer.name(), from = oldest, "reading again what has lost its effect");
            self.cursor = Some(oldest - 1);
            self.is_behind = true;
            self.newest.clear();
        }
        Ok(())
    }
}

#[async_trait]
impl EventSource for LogSource {
    async fn next(&mut self, runner: &Runner) -> Result<Vec<Delivery>, ConsumerError> {
        self.look_back(runner).await?;
        if let Some(cursor) = self.cursor.filter(|_| !self.is_behind) {
            let (wake, types) = (&mut self.wake, &self.types);
            let woken = async { wake.wait_for(|head| head.newest_of(types) > cursor).await.map(|head| head.position) };
            match tokio::time::timeout(POLL, woken).await {
                Ok(Ok(position)) => return self.read(runner, position).await,
                // The sender ends only with the process; polling continues until then.
                Ok(Err(_)) => tokio::time::sleep(POLL).await,
                Err(_) => {}
            }
        }
        let head = head(&self.pool).await?;
        self.read(runner, head).await
    }

    fn applied(&mut self, batch: &[Delivery]) {
        if !batch.is_empty() {
            self.cursor = Some(self.reach);
        }
        for Delivery { event, .. } in batch {
            self.newest.insert((event.aggregate_type.clone(), event.partition), event.position);
        }
    }
}

/// Returns the newest position of the log.
///
/// # Errors
/// [`sqlx::Error`] if a query fails.
pub(crate) async fn head(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("SELECT position FROM log_head").fetch_one(pool).await
}
