//! The event source that reads the topics in Kafka.

use std::time::Instant;

use async_trait::async_trait;
use domain::AggregateType;
use futures::FutureExt;
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::BorrowedMessage,
};
use uuid::Uuid;

use crate::{
    consume::{
        consumer::{ConsumerError, Delivery, MAX_BATCH},
        runner::Runner,
        source::{EventSource, POLL, head},
    },
    stored::{names, read_log},
    stream::{
        kafka::{KafkaSettings, StreamError},
        record,
    },
};

/// A source that reads a consumer's topics, and from the log those events that have not come through Kafka in time.
pub(crate) struct KafkaSource {
    consumer: StreamConsumer,
    types: Vec<String>,
    log_id: Uuid,
    /// When the log was last checked, and its head then: events up to that head that are still missing are late.
    checked: (Instant, i64),
    /// The next offset of each partition after the current batch; stored when the batch has taken effect.
    offsets: TopicPartitionList,
    /// Whether the last read from the broker failed, so that an outage is logged once.
    is_away: bool,
}

impl KafkaSource {
    pub(crate) fn new(
        settings: &KafkaSettings,
        name: &str,
        types: &[AggregateType],
        log_id: Uuid,
    ) -> Result<Self, StreamError> {
        let consumer: StreamConsumer = settings
            .client()
            .set("group.id", format!("{}.{name}", settings.prefix))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "true")
            .set("enable.auto.offset.store", "false")
            .set("fetch.wait.max.ms", "50")
            .set("topic.metadata.refresh.interval.ms", "10000")
            .create()?;
        let topics: Vec<String> = types.iter().map(|each| record::topic(&settings.prefix, each.name())).collect();
        consumer.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(Self {
            consumer,
            types: names(types),
            log_id,
            checked: (Instant::now(), 0),
            offsets: TopicPartitionList::new(),
            is_away: false,
        })
    }

    /// Reads from the log the events that were there at the last check and have not come through Kafka.
    async fn late(&mut self, runner: &Runner) -> Result<Vec<Delivery>, ConsumerError> {
        let (_, limit) = self.checked;
        self.checked = (Instant::now(), head(&runner.pool).await?);
        let Some(oldest) = runner.oldest_pending(limit).await? else { return Ok(vec![]) };
        let events = read_log(
            &runner.pool,
            &self.types,
            oldest - 1,
            self.checked.1,
            i64::try_from(MAX_BATCH).unwrap_or(i64::MAX),
        )
        .await?;
        tracing::info!(consumer = runner.consumer.name(), from = oldest, "reading the log: the stream is behind it");
        // There may be more than one batch, so the next call checks again at once.
        self.checked.0 -= POLL;
        Ok(events.into_iter().map(|event| Delivery { event, previous: None }).collect())
    }
}

/// Adds the event of a record to the batch, and remembers the record's offset.
fn take(message: &BorrowedMessage<'_>, log_id: Uuid, offsets: &mut TopicPartitionList, batch: &mut Vec<Delivery>) {
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    // An offset that is not remembered only leads to a repeated delivery, which the checkpoints skip.
    drop(offsets.add_partition_offset(topic, partition, Offset::Offset(offset + 1)));
    let delivery = record::parse(message, log_id);
    if delivery.is_none() {
        // After a restore these are all records of the former incarnation: the caller logs a warning once per batch.
        tracing::debug!(topic, partition, offset, "a record is not an event of this log and is ignored");
    }
    batch.extend(delivery);
}

#[async_trait]
impl EventSource for KafkaSource {
    async fn next(&mut self, runner: &Runner) -> Result<Vec<Delivery>, ConsumerError> {
        if self.checked.0.elapsed() >= POLL {
            let late = self.late(runner).await?;
            if !late.is_empty() {
                return Ok(late);
            }
        }
        let wait = POLL.saturating_sub(self.checked.0.elapsed());
        let mut batch = Vec::new();
        match tokio::time::timeout(wait, self.consumer.recv()).await {
            Ok(Ok(message)) => {
                if std::mem::take(&mut self.is_away) {
                    tracing::info!(consumer = runner.consumer.name(), "Kafka can be read again");
                }
                let mut taken = 1;
                take(&message, self.log_id, &mut self.offsets, &mut batch);
                // Records that have already arrived join the batch, and so the same transaction.
                while taken < MAX_BATCH {
                    let Some(Ok(message)) = self.consumer.recv().now_or_never() else { break };
                    take(&message, self.log_id, &mut self.offsets, &mut batch);
                    taken += 1;
                }
                let ignored = taken - batch.len();
                if ignored > 0 {
                    let consumer = runner.consumer.name();
                    tracing::warn!(ignored, consumer, "records that are not events of this log are ignored");
                }
            }
            Ok(Err(error)) => {
                if !std::mem::replace(&mut self.is_away, true) {
                    let consumer = runner.consumer.name();
                    tracing::warn!(%error, consumer, "Kafka cannot be read at the moment: events come from the log");
                }
                tokio::time::sleep(wait).await;
            }
            Err(_) => {}
        }
        Ok(batch)
    }

    fn applied(&mut self, _batch: &[Delivery]) {
        let offsets = std::mem::replace(&mut self.offsets, TopicPartitionList::new());
        if let Err(error) = self.consumer.store_offsets(&offsets) {
            // The partition was reassigned: its new reader skips the events that the checkpoints cover.
            tracing::debug!(%error, "offsets were not stored");
        }
    }
}
