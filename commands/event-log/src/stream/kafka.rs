//! The connection to Kafka: its settings, and why it cannot be used.

use rdkafka::{ClientConfig, error::KafkaError};

use crate::{proof::incarnation::IncarnationError, stream::retention::Retention};

/// Where Kafka is, and what our topics are called there.
#[derive(Debug, Clone)]
pub struct KafkaSettings {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// What the topics' and consumer groups' names begin with.
    pub prefix: String,
    /// Copies of every partition, where the topics are made by us.
    pub replication: i32,
    /// How long records should be kept: topics that we make have it, and others are held against it.
    pub retention: Retention,
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
    Fenced(#[from] IncarnationError),
    #[error("the event at position {0} is of a type that this program does not know: update it")]
    UnknownType(i64),
    #[error("Kafka does not answer at {brokers}")]
    Away { brokers: String },
    #[error("the Kafka cluster {found} answers where {expected} was")]
    OtherCluster { found: String, expected: String },
    #[error("topic {topic} is missing and cannot be made ({reason}): make it, with {partitions} partitions")]
    NotMade { topic: String, partitions: i32, reason: String },
    #[error("topic {topic} {problem}")]
    Unfit { topic: String, problem: String },
    #[error("topic {0} has fewer records than it had: it was made anew, or has lost some")]
    MadeAnew(String),
    #[error("no thread can be started")]
    Thread(#[source] std::io::Error),
}

/// Log filter for the client library, which repeats each second what is said here once.
pub const QUIET: &str = "rdkafka=off,librdkafka=off";

/// An event may hold a whole document's text. One that is larger waits, and with it what is behind it in its partition.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

impl KafkaSettings {
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "ayushma")
            // One line when the broker goes away is ours to write; librdkafka would repeat itself.
            .set("log.connection.close", "false");
        config
    }
}
