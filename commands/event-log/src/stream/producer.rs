//! The producer of the relay.

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

/// Records that go to a partition at once, as librdkafka has it. A larger record goes alone.
const BATCH_BYTES: usize = 1_000_000;

pub(crate) type Producer = FutureProducer<Link>;

/// Knows when no broker is connected any more.
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
    pub(crate) async fn is_lost(&self) {
        self.0.notified().await;
    }
}

/// Takes back what is on its way. Whoever answers at the address next may be another cluster, and must not get the rest of a
/// stream that began elsewhere.
pub(crate) fn take_back(producer: &Producer) {
    producer.purge(PurgeConfig::default().queue().inflight());
}

/// A producer that leaves nothing out and changes no order.
pub(crate) fn producer(settings: &KafkaSettings, survey: &Survey, link: Link) -> KafkaResult<Producer> {
    // A batch counts as one record where its size is limited.
    let batch = survey.limits.values().copied().min().unwrap_or(BATCH_BYTES).clamp(10_000, BATCH_BYTES);
    settings
        .client()
        .set("enable.idempotence", "true")
        // Behind a record that is refused, nothing may be sent: the producer ends.
        .set("enable.gapless.guarantee", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        // With more, an event can be acknowledged and lost: a partition that is just being made may refuse the first request and
        // take the second (it knows no sequence of this producer yet), and librdkafka counts both as stored when the second is.
        .set("max.in.flight.requests.per.connection", "1")
        // What comes while a request is in flight goes into the next one; the first does not wait for more.
        .set("linger.ms", "0")
        .set("batch.size", batch.to_string())
        .set("message.max.bytes", MAX_MESSAGE_BYTES.to_string())
        .create_with_context(link)
}
