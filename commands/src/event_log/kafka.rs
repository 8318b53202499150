//! The connection to Kafka: settings, topics, and the source that reads them.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::event::AGGREGATE_TYPES;
use futures::FutureExt;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};
use uuid::Uuid;

use super::{
    consumer::{ConsumerError, Delivery, Runner, read_log},
    fence::FenceError,
    record,
    source::{EventSource, MAX_BATCH, POLL, head},
};

/// Where Kafka is, and what our topics are called there.
#[derive(Debug, Clone)]
pub struct KafkaSettings {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// What the topics' and consumer groups' names begin with.
    pub prefix: String,
    /// Copies of every partition, where the topics are made by us.
    pub replication: i32,
}

/// Why Kafka cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("Kafka failed")]
    Kafka(#[from] KafkaError),
    #[error("topic {topic} has {found} partitions, but the log has {wanted}: make the topic anew")]
    Partitions { topic: String, found: usize, wanted: i32 },
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the relay's mark does not fit the log")]
    Fenced(#[from] FenceError),
    #[error("the event at position {0} is of a type that this program does not know: update it")]
    UnknownType(i64),
    #[error("an event cannot be published")]
    Unpublishable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Log filter for the client library, which repeats each second what is said here once.
pub const QUIET: &str = "rdkafka=off,librdkafka=off";

const PATIENCE: Duration = Duration::from_secs(10);
/// An event may hold a whole document's text. One that is too large would stop the stream for ever.
pub(super) const MAX_MESSAGE_BYTES: &str = "67108864";

impl KafkaSettings {
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "ayushma")
            // One line when the broker goes away is ours to write; librdkafka would repeat itself.
            .set("log.connection.close", "false");
        config
    }

    /// Makes the topics that are missing and checks those that are there.
    pub(super) async fn ensure_topics(&self, partitions: i32) -> Result<(), StreamError> {
        let admin: AdminClient<DefaultClientContext> = self.client().create()?;
        let names: Vec<String> = AGGREGATE_TYPES.iter().map(|name| record::topic(&self.prefix, name)).collect();
        let topics: Vec<NewTopic<'_>> = names
            .iter()
            .map(|name| {
                NewTopic::new(name, partitions, TopicReplication::Fixed(self.replication))
                    .set("max.message.bytes", MAX_MESSAGE_BYTES)
            })
            .collect();
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        for result in admin.create_topics(&topics, &options).await? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(KafkaError::AdminOp(code).into()),
            }
        }
        for topic in names {
            let metadata = admin.inner().fetch_metadata(Some(&topic), PATIENCE)?;
            let found = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
            // A topic that was just made may not be known everywhere yet; it has the right number.
            if found != 0 && i32::try_from(found) != Ok(partitions) {
                return Err(StreamError::Partitions { topic, found, wanted: partitions });
            }
        }
        Ok(())
    }
}

/// Reads a consumer's topics, and from the log what has not come through them in time.
pub(super) struct KafkaSource {
    consumer: StreamConsumer,
    types: Vec<String>,
    log_id: Uuid,
    /// When the log was last looked at, and its head then: what is older and still missing is late.
    checked: (Instant, i64),
    offsets: TopicPartitionList,
    /// Whether the broker did not answer the last time: said once, not each second.
    is_away: bool,
}

impl KafkaSource {
    pub(super) fn new(settings: &KafkaSettings, name: &str, types: &[&str], log_id: Uuid) -> Result<Self, StreamError> {
        let consumer: StreamConsumer = settings
            .client()
            .set("group.id", format!("{}.{name}", settings.prefix))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "true")
            .set("enable.auto.offset.store", "false")
            .set("fetch.wait.max.ms", "50")
            .set("topic.metadata.refresh.interval.ms", "10000")
            .create()?;
        let topics: Vec<String> = types.iter().map(|name| record::topic(&settings.prefix, name)).collect();
        consumer.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(Self {
            consumer,
            types: types.iter().map(|name| (*name).to_owned()).collect(),
            log_id,
            checked: (Instant::now(), 0),
            offsets: TopicPartitionList::new(),
            is_away: false,
        })
    }

    /// Events that are in the log since the last look and have not come through Kafka.
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
        // There may be more than one batch of them: look again at once.
        self.checked.0 -= POLL;
        Ok(events.into_iter().map(|event| Delivery { event, previous: None }).collect())
    }
}

fn take(message: &BorrowedMessage<'_>, log_id: Uuid, offsets: &mut TopicPartitionList, batch: &mut Vec<Delivery>) {
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    // An offset that cannot be kept only leads to a repetition, which the checkpoints absorb.
    drop(offsets.add_partition_offset(topic, partition, Offset::Offset(offset + 1)));
    let delivery = record::parse(message, log_id);
    if delivery.is_none() {
        // After a restore these are all records of before: said once a batch by the caller.
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
                // What has arrived with it goes into the same transaction.
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
            // A partition that was taken away: its new reader skips what the checkpoints cover.
            tracing::debug!(%error, "offsets were not stored");
        }
    }
}
