//! The loop that feeds a consumer, and the listener that wakes consumers when another process appends.

use domain::wording::error_chain;
use std::{sync::Arc, time::Duration};

use sqlx::{PgPool, postgres::PgListener};
use tokio::{sync::watch, time::Instant};

use crate::heartbeats::{Heartbeat, Kind};
use crate::{
    EventLog,
    consume::{
        consumer::{ConsumerError, EventConsumer, MAX_BATCH},
        progress::Progress,
        runner::Runner,
        source::{EventSource, LogSource, head},
    },
    head::{Head, NOTIFY_CHANNEL},
    stream::{kafka::KafkaSettings, kafka_source::KafkaSource},
};

/// The longest pause before an interrupted consumer starts again.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// How often parked events are retried; the first time immediately after the start, because a newer version of this or
/// another program may have removed the cause.
const RETRY_PAUSE: Duration = Duration::from_mins(5);

impl EventLog {
    /// Feeds events to a consumer until the future is dropped. The events come from Kafka if `kafka` is given,
    /// otherwise from the log. Transient failures are logged and retried; an event that cannot be applied is parked.
    pub async fn follow(self, consumer: Arc<dyn EventConsumer>, kafka: Option<KafkaSettings>, progress: Progress) {
        let runner = self.runner(consumer, progress);
        let pulse = self.heart.pulse(Kind::Consumer, runner.consumer.name());
        let mut pause = Duration::from_millis(100);
        loop {
            let started = Instant::now();
            let Err(error) = self.feed(&runner, kafka.as_ref(), &pulse).await;
            if started.elapsed() > MAX_PAUSE {
                pause = Duration::from_millis(100);
            }
            tracing::error!(
                consumer = runner.consumer.name(),
                error = %error_chain(&error),
                "a consumer is interrupted and starts again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn feed(
        &self,
        runner: &Runner,
        kafka: Option<&KafkaSettings>,
        pulse: &Heartbeat,
    ) -> Result<std::convert::Infallible, ConsumerError> {
        runner.prepare().await?;
        let types = runner.consumer.aggregate_types();
        let mut source: Box<dyn EventSource> = match kafka {
            None => Box::new(LogSource::new(self.pool.clone(), types, self.head(), self.recent.clone())),
            Some(settings) => {
                let log_id = sqlx::query_scalar!("SELECT log_id FROM log_head").fetch_one(&self.pool).await?;
                let source = KafkaSource::new(settings, runner.consumer.name(), types, log_id)
                    .map_err(|error| ConsumerError::Effect(Box::new(error)))?;
                Box::new(source)
            }
        };
        let mut retry_at = Instant::now();
        loop {
            if Instant::now() >= retry_at {
                runner.retry(None).await?;
                retry_at = Instant::now() + RETRY_PAUSE;
            }
            let batch = source.next(runner).await?;
            runner.apply(&batch).await?;
            source.applied(&batch);
            pulse.beat();
            let rest = runner.consumer.rest();
            // A sleep of zero duration would still take a millisecond.
            if !rest.is_zero() && !batch.is_empty() && batch.len() < MAX_BATCH {
                tokio::time::sleep(rest).await;
            }
        }
    }

    /// Applies all events of the log to a consumer, parks those that cannot be applied, and returns.
    ///
    /// # Errors
    /// [`ConsumerError`] if the failure is transient.
    pub async fn catch_up(&self, consumer: Arc<dyn EventConsumer>, progress: &Progress) -> Result<(), ConsumerError> {
        let runner = self.runner(consumer, progress.clone());
        runner.prepare().await?;
        let mut source =
            LogSource::new(self.pool.clone(), runner.consumer.aggregate_types(), self.head(), self.recent.clone());
        loop {
            let batch = source.read(&runner, head(&self.pool).await?).await?;
            if batch.is_empty() {
                return Ok(());
            }
            runner.apply(&batch).await?;
            source.applied(&batch);
        }
    }
}

/// Forwards notifications of appends by other processes to `wake`, until the future is dropped.
pub(crate) async fn listen(pool: PgPool, wake: watch::Sender<Head>) {
    loop {
        if let Err(error) = listen_once(&pool, &wake).await {
            tracing::debug!(%error, "not listening for appends of other processes; polling goes on");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn listen_once(pool: &PgPool, wake: &watch::Sender<Head>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(NOTIFY_CHANNEL).await?;
    loop {
        if let Some(head) = Head::from_notice(listener.recv().await?.payload()) {
            wake.send_if_modified(|known| known.merge(&head));
        }
    }
}
