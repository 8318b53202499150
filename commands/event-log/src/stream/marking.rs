//! The half of the relay that waits for Kafka: it moves the mark to what Kafka has acknowledged, and parks what it
//! refuses.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::FutureExt as _;
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    producer::DeliveryFuture,
};
use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{mpsc, oneshot},
    time::{interval, timeout},
};

use crate::heartbeats::{BEAT, beat_of_relay};
use crate::stream::{
    kafka::StreamError,
    producer::{Producer, take_back},
    record,
    registry::{Acknowledged, Owed, Partition, Refused, Stream},
};

/// The maximum number of steps that are handled together.
const AT_ONCE: usize = 4_000;
/// How long to wait for the outcome of a record that was purged from the producer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A step of the publisher, reported to the marker.
pub(crate) enum Step {
    /// An event was handed to the producer.
    Sent(Sent),
    /// An event cannot be sent and must be parked. The publisher waits for the answer: what its partition owes then.
    Refused(Refused, oneshot::Sender<Owed>),
    /// The event at this position was skipped, because it belongs to what its partition owes.
    Passed(i64),
    /// Everything was sent that the partition owed for this request.
    Paid(Partition, i32),
    /// There was nothing to publish.
    Idle,
}

/// An event that was handed to the producer.
pub(crate) struct Sent {
    pub partition: Partition,
    pub position: i64,
    /// The number of the request for which an event before the mark is sent again; `None` for an event after the mark.
    pub owed: Option<i32>,
    pub delivery: DeliveryFuture,
}

/// How the marker ended.
#[derive(PartialEq, Eq)]
pub(crate) enum Marked {
    /// Everything that was sent is acknowledged.
    All,
    /// Kafka has refused an event, which is parked now.
    Parked,
}

/// The marker, which follows the publisher.
pub(crate) struct Marker<'a> {
    pub pool: &'a PgPool,
    pub stream: &'a Stream,
    pub producer: &'a Producer,
    /// The connection that holds the election lock.
    pub connection: PgConnection,
    /// The number of events in flight.
    pub waiting: &'a AtomicUsize,
    /// The newest offset of each partition.
    pub newest: HashMap<Partition, i64>,
}

impl Marker<'_> {
    /// Moves the mark in the order of the log. A heartbeat is written only after a step of the publisher, so a relay
    /// that is stuck, at the log or at Kafka, gives none. Returns when the publisher has ended and everything it sent
    /// is acknowledged, or when an event was parked after Kafka refused it.
    pub(crate) async fn run(mut self, mut in_flight: mpsc::Receiver<Step>) -> Result<Marked, StreamError> {
        let mut beats = interval(BEAT);
        let mut steps = Vec::new();
        loop {
            if in_flight.recv_many(&mut steps, AT_ONCE).await == 0 {
                return Ok(Marked::All);
            }
            let mut acknowledged = Acknowledged::default();
            let (mut failed, mut parked) = (None, None);
            let mut rest = steps.drain(..);
            for step in rest.by_ref() {
                if let Step::Refused(refused, answer) = step {
                    // The last step for now, because the publisher waits for the answer.
                    parked = Some((refused, answer));
                } else if let Err(failure) = self.take(step, &mut acknowledged).await {
                    failed = Some(failure);
                    break;
                }
            }
            if acknowledged.is_empty() {
                // A lost connection means a lost election, so the connection is checked.
                sqlx::query!("SELECT 1 AS alive").fetch_one(&mut self.connection).await?;
            } else {
                self.stream.advance(&acknowledged, &mut self.connection).await?;
            }
            if let Some((sent, error)) = failed {
                let rest: Vec<Step> = rest.collect();
                return self.fail(sent, error, rest, in_flight).await;
            }
            drop(rest);
            if let Some((refused, answer)) = parked {
                // If nobody receives the answer, the publisher has failed and reports why.
                drop(answer.send(self.stream.park(&refused, self.pool).await?));
            }
            if beats.tick().now_or_never().is_some() {
                beat_of_relay(&mut self.connection).await?;
            }
        }
    }

    /// Waits for the outcome of a step.
    async fn take(
        &mut self,
        step: Step,
        acknowledged: &mut Acknowledged,
    ) -> Result<(), (Option<(Partition, i64)>, StreamError)> {
        match step {
            // A refused event is handled after the preceding steps were stored.
            Step::Idle | Step::Refused(..) => {}
            Step::Passed(position) => acknowledged.mark = position,
            Step::Paid(partition, requests) => {
                acknowledged.owed.insert(partition, (requests, None));
            }
            Step::Sent(Sent { partition, position, owed, delivery }) => {
                let outcome = outcome(delivery).await;
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                let offset = match outcome {
                    Ok(offset) => offset,
                    Err(error) => return Err((Some((partition, position)), error.into())),
                };
                if let Some(offset) = offset {
                    let newest = self.newest.insert(partition.clone(), offset);
                    if newest.is_some_and(|newest| newest >= offset) {
                        let topic = record::topic(&self.stream.prefix, &partition.0);
                        // The stored offsets of the former topic are kept, so that the next inspection finds what is
                        // missing.
                        return Err((None, StreamError::MadeAnew(topic)));
                    }
                    acknowledged.offsets.entry(partition.clone()).or_insert((offset, offset)).1 = offset;
                }
                match owed {
                    Some(requests) => {
                        acknowledged.owed.insert(partition, (requests, Some(position + 1)));
                    }
                    None => acknowledged.mark = position,
                }
            }
        }
        Ok(())
    }

    /// Purges what is still in flight, and parks what Kafka has refused permanently: the first such event of each
    /// partition.
    async fn fail(
        self,
        first: Option<(Partition, i64)>,
        error: StreamError,
        rest: Vec<Step>,
        mut in_flight: mpsc::Receiver<Step>,
    ) -> Result<Marked, StreamError> {
        take_back(self.producer);
        let mut refused = HashMap::new();
        if let (Some((partition, position)), StreamError::Kafka(error)) = (first, &error) {
            note(&mut refused, partition, position, error);
        }
        let later = std::iter::from_fn(|| in_flight.try_recv().ok());
        for step in rest.into_iter().chain(later) {
            let Step::Sent(sent) = step else { continue };
            if let Ok(Err(error)) = timeout(PATIENCE, outcome(sent.delivery)).await {
                note(&mut refused, sent.partition, sent.position, &error);
            }
        }
        if refused.is_empty() {
            return Err(error);
        }
        for refused in refused.values() {
            tracing::error!(
                topic = record::topic(&self.stream.prefix, &refused.partition.0),
                partition = refused.partition.1,
                position = refused.position,
                error = refused.error,
                "Kafka refuses an event: it is parked, and what is behind it in its partition waits (`ayushma stream parked`)"
            );
            self.stream.park(refused, self.pool).await?;
        }
        Ok(Marked::Parked)
    }
}

impl Acknowledged {
    fn is_empty(&self) -> bool {
        self.mark == 0 && self.offsets.is_empty() && self.owed.is_empty()
    }
}

/// Waits until Kafka has a record, and returns its offset. Kafka does not return the offset of a record that it had
/// already: `None`.
pub(crate) async fn outcome(delivery: DeliveryFuture) -> Result<Option<i64>, KafkaError> {
    match delivery.await {
        Ok(Ok(delivered)) => Ok(Some(delivered.offset).filter(|offset| *offset >= 0)),
        Ok(Err((error, _))) => Err(error),
        Err(_) => Err(KafkaError::Canceled),
    }
}

fn note(refused: &mut HashMap<Partition, Refused>, partition: Partition, position: i64, error: &KafkaError) {
    if !is_refusal(error) {
        return;
    }
    if let Entry::Vacant(place) = refused.entry(partition.clone()) {
        place.insert(Refused {
            partition,
            position,
            error: error.to_string(),
            is_whole_type: error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed),
        });
    }
}

/// Returns whether the error is caused by this record or its topic, and would recur at the next try.
pub(crate) fn is_refusal(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::MessageSizeTooLarge
                | Code::InvalidMessageSize
                | Code::MessageBatchTooLarge
                | Code::InvalidRecord
                | Code::InvalidTimestamp
                | Code::PolicyViolation
                | Code::UnsupportedForMessageFormat
                | Code::TopicAuthorizationFailed
        )
    )
}
