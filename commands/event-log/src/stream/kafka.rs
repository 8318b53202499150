//! The settings of the connection to Kafka, and its errors.

use rdkafka::{ClientConfig, error::KafkaError};

use crate::{proof::incarnation::IncarnationError, stream::retention::Retention};

/// The settings of the connection to Kafka and of the topics.
#[derive(Debug, Clone)]
pub struct KafkaSettings {
    /// The brokers as `host:port`, several separated by commas.
    pub brokers: String,
    /// The prefix of the names of topics and consumer groups.
    pub prefix: String,
    /// The replication factor of the topics that the relay creates.
    pub replication: i32,
    /// How long records should be kept: the setting of topics that the relay creates; existing topics are compared with
    /// it.
    pub retention: Retention,
}

/// The reason why Kafka cannot be used.
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

/// The log filter for the client library, which would repeat every second an error that the relay logs once.
pub const QUIET: &str = "rdkafka=off,librdkafka=off";

/// The maximum size of a record, in bytes; an event may hold the text of a whole document. A larger event is parked,
/// and the later events of its partition wait behind it.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

impl KafkaSettings {
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "ayushma")
            // The relay logs a lost broker once; librdkafka would repeat it.
            .set("log.connection.close", "false");
        config
    }
}
