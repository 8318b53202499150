//! The Kafka producer of the relay.

use std::sync::Arc;

use rdkafka::{
    ClientContext,
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    producer::{FutureProducer, Producer as _, PurgeConfig},
};
use tokio::sync::Notify;

use crate::stream::{
    kafka::{KafkaSettings, MAX_MESSAGE_BYTES},
    topics::Survey,
};

/// The default batch size of librdkafka, in bytes. A larger record is sent alone.
const BATCH_BYTES: usize = 1_000_000;

pub(crate) type Producer = FutureProducer<Link>;

/// A client context that is notified when no broker is connected any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link(Arc<Notify>);

impl ClientContext for Link {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "the connection to Kafka");
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.0.notify_one();
        }
    }
}

impl Link {
    /// Waits until no broker is connected any more.
    pub(crate) async fn is_lost(&self) {
        self.0.notified().await;
    }
}

/// Purges all records that are queued or in flight. The broker that answers at the address next may belong to another
/// cluster, which must not get the rest of a stream that began elsewhere.
pub(crate) fn take_back(producer: &Producer) {
    producer.purge(PurgeConfig::default().queue().inflight());
}

/// Creates a producer that sends every record, in order.
pub(crate) fn producer(settings: &KafkaSettings, survey: &Survey, link: Link) -> KafkaResult<Producer> {
    // Size limits apply to a whole batch as to one record.
    let batch = survey.limits.values().copied().min().unwrap_or(BATCH_BYTES).clamp(10_000, BATCH_BYTES);
    settings
        .client()
        .set("enable.idempotence", "true")
        // After a refused record nothing more may be sent: the producer fails.
        .set("enable.gapless.guarantee", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        // With more than one, an event can be acknowledged and lost: a partition that is just being created may refuse
        // the first request and accept the second (it has no sequence of this producer yet), and librdkafka counts both
        // as stored when the second is.
        .set("max.in.flight.requests.per.connection", "1")
        // Records that arrive while a request is in flight join the next one; the first record does not wait for
        // others.
        .set("linger.ms", "0")
        .set("batch.size", batch.to_string())
        .set("message.max.bytes", MAX_MESSAGE_BYTES.to_string())
        .create_with_context(link)
}
