//! The other half of the relay: moves the mark behind what Kafka has acknowledged, and parks what it refuses.

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

/// Steps that are looked at together.
const AT_ONCE: usize = 4_000;
/// How long the outcome of what was taken back may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the publisher has done.
pub(crate) enum Step {
    /// An event is on its way.
    Sent(Sent),
    /// An event that cannot be sent: it is to be parked. The publisher waits for what the partition owes then.
    Refused(Refused, oneshot::Sender<Owed>),
    /// The event at this position belongs to what its partition owes.
    Passed(i64),
    /// The partition owes nothing any more that this request was about.
    Paid(Partition, i32),
    /// There was nothing to publish.
    Idle,
}

/// An event on its way.
pub(crate) struct Sent {
    pub partition: Partition,
    pub position: i64,
    /// The request for which it is sent behind the mark.
    pub owed: Option<i32>,
    pub delivery: DeliveryFuture,
}

/// How it ended.
#[derive(PartialEq, Eq)]
pub(crate) enum Marked {
    /// All that was sent is acknowledged.
    All,
    /// Kafka has refused something, which is parked now.
    Parked,
}

/// Follows the publisher.
pub(crate) struct Marker<'a> {
    pub pool: &'a PgPool,
    pub stream: &'a Stream,
    pub producer: &'a Producer,
    /// That of the election.
    pub connection: PgConnection,
    /// Events that are on their way.
    pub waiting: &'a AtomicUsize,
    /// The newest offset of each partition.
    pub newest: HashMap<Partition, i64>,
}

impl Marker<'_> {
    /// Moves the mark in the order of the log. A sign of life follows a step of the publisher only: whoever waits, for the log or for
    /// Kafka, gives none. Returns when the publisher has ended and all that it sent is acknowledged, or when an event was parked.
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
                    // The last one, as the publisher waits.
                    parked = Some((refused, answer));
                } else if let Err(failure) = self.take(step, &mut acknowledged).await {
                    failed = Some(failure);
                    break;
                }
            }
            if acknowledged.is_empty() {
                // A lost connection means a lost election.
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
                // Nobody takes it: the publisher has failed, and says why.
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
            // It is looked at when what was before it is written down.
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
                        // What is known of the topic that was there stays, so that it is found out what is missing.
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

    /// Takes back what is still on its way, and parks what Kafka has refused for good: the first such event of each partition.
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

/// The offset of a record that Kafka has; it does not tell that of one that it had already.
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

/// Whether the error is about this record or its topic, and would be the same at the next try.
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
