//! The half of the relay that reads: the log after the mark, and the events before it that partitions owe.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use domain::AggregateType;
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    producer::{DeliveryFuture, FutureRecord},
};
use sqlx::PgPool;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep},
};

use crate::{
    consume::source::POLL,
    head::Head,
    stored::{StoredEvent, names, read_log},
    stream::{
        kafka::{KafkaSettings, MAX_MESSAGE_BYTES, StreamError},
        marking::{Sent, Step, is_refusal, outcome},
        producer::{Link, Producer},
        record,
        registry::{Owed, Partition, Refused, Stream},
    },
};

/// The maximum number of events that are read at once.
const BATCH: i64 = 1_000;
/// The first pause before a parked event is retried. It is also retried at each start, at each request, and at each
/// change of its topic's size limit. The first pause is short, because a broker announces a new limit a moment before
/// it applies it; then the pause doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause before a parked event is retried.
const MAX_PAUSE: Duration = Duration::from_mins(5);
/// The timeout for a parked event that is retried, in milliseconds.
const PATIENCE: &str = "10000";

/// The last retry of the parked event of each partition.
pub(crate) type Tries = HashMap<Partition, Try>;

/// A retry of a parked event: its request, the size limit of its topic then (in bytes), its time, and the pause until
/// the next one.
pub(crate) struct Try {
    requests: i32,
    limit: usize,
    at: Instant,
    pause: Duration,
}

impl Try {
    fn is_of(&self, requests: i32, limit: usize) -> bool {
        self.requests == requests && self.limit == limit
    }
}

/// What the publisher needs to send events.
pub(crate) struct Sending<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) settings: &'a KafkaSettings,
    pub(crate) stream: &'a Stream,
    /// The maximum record size of each topic in bytes, by aggregate type.
    pub(crate) limits: &'a HashMap<String, usize>,
    pub(crate) producer: &'a Producer,
    /// The number of events in flight.
    pub(crate) waiting: &'a AtomicUsize,
}

/// The publisher, which reads the log and hands its events to the producer, which sends them in order.
pub(crate) struct Publisher<'a> {
    with: Sending<'a>,
    /// The channel to the marker. Its capacity bounds the events in flight, so a slow or unreachable broker stops the
    /// reading.
    sent: mpsc::Sender<Step>,
    tries: &'a mut Tries,
    /// The newest published position of each topic's partition.
    previous: HashMap<Partition, i64>,
    /// The partitions that owe events. Their events at or after `from` are not sent with the others.
    owing: HashMap<Partition, Owed>,
    /// The last request of each partition that was taken over from the database.
    seen: HashMap<Partition, i32>,
}

/// Whether the producer has accepted an event.
enum Handed {
    Taken(DeliveryFuture),
    Refused(String),
}

impl<'a> Publisher<'a> {
    pub(crate) fn new(with: Sending<'a>, sent: mpsc::Sender<Step>, tries: &'a mut Tries) -> Self {
        let (previous, owing, seen) = <(HashMap<_, _>, HashMap<_, _>, HashMap<_, _>)>::default();
        Self { with, sent, tries, previous, owing, seen }
    }

    /// Publishes the events after this position, and those before it that partitions owe.
    pub(crate) async fn publish(
        mut self,
        mut position: i64,
        wake: &mut watch::Receiver<Head>,
    ) -> Result<Infallible, StreamError> {
        let types = names(AggregateType::ALL);
        let mut looked: Option<Instant> = None;
        loop {
            wake.mark_unchanged();
            if looked.is_none_or(|looked| looked.elapsed() >= POLL) {
                looked = Some(Instant::now());
                self.take_up().await?;
                self.retry(position).await?;
            }
            let is_paying = self.pay(position).await?;
            let events = read_log(self.with.pool, &types, position, i64::MAX, BATCH).await?;
            if events.is_empty() && !is_paying {
                self.report(Step::Idle).await?;
                if tokio::time::timeout(POLL, wake.changed()).await.is_ok_and(|changed| changed.is_err()) {
                    sleep(POLL).await;
                }
                continue;
            }
            for event in events {
                // Positions have no gaps: an event that is missing here is of a type that only a newer version of the
                // program knows.
                if event.position != position + 1 {
                    return Err(StreamError::UnknownType(position + 1));
                }
                position = event.position;
                let partition = partition_of(&event);
                let is_owed = self.owing.get(&partition).is_some_and(|owed| position >= owed.from);
                if is_owed || !self.send(&event, partition, None).await? {
                    self.report(Step::Passed(position)).await?;
                }
            }
        }
    }

    async fn report(&self, step: Step) -> Result<(), StreamError> {
        // If nobody receives it, the marker has failed and reports why.
        self.sent.send(step).await.map_err(|_| KafkaError::Canceled.into())
    }

    /// Reads which partitions owe events, and marks new requests as taken over.
    async fn take_up(&mut self) -> Result<(), StreamError> {
        for owed in self.with.stream.owed(self.with.pool).await? {
            // This request is already being handled, and the database lags behind its progress.
            if self.seen.insert(owed.partition.clone(), owed.requests) == Some(owed.requests) {
                continue;
            }
            if !owed.is_parked {
                self.with.stream.handled(&owed.partition, owed.requests, self.with.pool).await?;
            }
            self.previous.remove(&owed.partition);
            self.owing.insert(owed.partition.clone(), owed);
        }
        Ok(())
    }

    /// Sends one batch of what each partition owes up to this position. Returns whether anything was owed.
    async fn pay(&mut self, position: i64) -> Result<bool, StreamError> {
        let due = self.owing.values().filter(|owed| !owed.is_parked && owed.from <= position + 1);
        let due: Vec<(Partition, i32, i64)> =
            due.map(|owed| (owed.partition.clone(), owed.requests, owed.from)).collect();
        for (partition, requests, from) in &due {
            let events = self.read_partition(partition, *from, position, BATCH).await?;
            let is_all = i64::try_from(events.len()) != Ok(BATCH);
            let mut is_parked = false;
            for event in events {
                is_parked = !self.send(&event, partition.clone(), Some(*requests)).await?;
                if is_parked {
                    break;
                }
                if let Some(owed) = self.owing.get_mut(partition) {
                    owed.from = event.position + 1;
                }
            }
            if is_all && !is_parked {
                self.owing.remove(partition);
                self.report(Step::Paid(partition.clone(), *requests)).await?;
            }
        }
        Ok(!due.is_empty())
    }

    /// Hands an event to the producer, or has it parked if it can never be sent. Returns whether it was handed over.
    async fn send(
        &mut self,
        event: &StoredEvent,
        partition: Partition,
        owed: Option<i32>,
    ) -> Result<bool, StreamError> {
        match self.hand_over(self.with.producer, event).await? {
            Handed::Taken(delivery) => {
                self.previous.insert(partition.clone(), event.position);
                self.with.waiting.fetch_add(1, Ordering::Relaxed);
                self.report(Step::Sent(Sent { partition, position: event.position, owed, delivery })).await?;
                Ok(true)
            }
            Handed::Refused(error) => {
                tracing::error!(
                    topic = record::topic(&self.with.stream.prefix, &partition.0),
                    partition = partition.1,
                    position = event.position,
                    error,
                    "an event cannot be sent to Kafka: it is parked, and what is behind it in its partition waits \
                     (`ayushma stream parked`)"
                );
                let refused =
                    Refused { partition: partition.clone(), position: event.position, error, is_whole_type: false };
                // The marker parks it, after it has stored the partition's progress. If that progress were stored after
                // the event is parked, it would say that the partition owes nothing.
                let (answer, parked) = oneshot::channel();
                self.report(Step::Refused(refused, answer)).await?;
                let owed = parked.await.map_err(|_| KafkaError::Canceled)?;
                self.seen.insert(partition.clone(), owed.requests);
                self.tried(&partition, owed.requests);
                if owed.from < event.position {
                    // Somebody has asked for more meanwhile: what is sent next does not follow what was sent last.
                    self.previous.remove(&partition);
                }
                self.owing.insert(partition, owed);
                Ok(false)
            }
        }
    }

    /// Returns the maximum record size of a topic, in bytes.
    fn limit(&self, aggregate_type: &str) -> usize {
        self.with.limits.get(aggregate_type).copied().unwrap_or(MAX_MESSAGE_BYTES).min(MAX_MESSAGE_BYTES)
    }

    async fn hand_over(&self, producer: &Producer, event: &StoredEvent) -> Result<Handed, StreamError> {
        let (size, limit) = (event.payload.len() + event.metadata.len(), self.limit(&event.aggregate_type));
        if size > limit {
            return Ok(Handed::Refused(format!(
                "{size} bytes are more than its topic takes: max.message.bytes is {limit}"
            )));
        }
        let previous = self.previous_position(event).await?;
        let headers = match record::headers(event, previous, self.with.stream.log_id) {
            Ok(headers) => headers,
            Err(error) => return Ok(Handed::Refused(error.to_string())),
        };
        let topic = record::topic(&self.with.stream.prefix, &event.aggregate_type);
        let mut record = FutureRecord::to(&topic)
            .key(&event.aggregate_id)
            .payload(&event.payload)
            .partition(event.partition)
            .headers(headers);
        loop {
            match producer.send_result(record) {
                Ok(delivery) => return Ok(Handed::Taken(delivery)),
                // The producer's queue is full: waits until it has drained.
                Err((error, refused)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                    record = refused;
                    sleep(Duration::from_millis(10)).await;
                }
                Err((error, _)) if is_refusal(&error) => return Ok(Handed::Refused(error.to_string())),
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    /// Retries the parked events that are due, each alone. After a success the events behind it are sent again.
    async fn retry(&mut self, position: i64) -> Result<(), StreamError> {
        let is_due = |owed: &&Owed| {
            let last = self.tries.get(&owed.partition);
            let is_new = last.is_none_or(|last| {
                !last.is_of(owed.requests, self.limit(&owed.partition.0)) || last.at.elapsed() >= last.pause
            });
            // If all owed events are after this position, they were not read yet, which must not be taken as having
            // none.
            owed.is_parked && owed.from <= position && is_new
        };
        let due = self.owing.values().filter(is_due);
        let due: Vec<(Partition, i32, i64)> =
            due.map(|owed| (owed.partition.clone(), owed.requests, owed.from)).collect();
        let mut empty = Vec::new();
        let mut refused = HashSet::new();
        for (partition, requests, from) in due {
            self.tried(&partition, requests);
            match self.read_partition(&partition, from, position, 1).await?.pop() {
                None => empty.push((partition, requests, from)),
                Some(event) if self.try_alone(&event).await? => {
                    self.previous.insert(partition.clone(), event.position);
                    self.release(&partition, requests, event.position + 1).await?;
                }
                Some(_) => {
                    refused.insert(partition.0.clone());
                    self.with.stream.handled(&partition, requests, self.with.pool).await?;
                }
            }
        }
        // Without a waiting event it is unknown whether the partition can be sent to: it is released unless a partition
        // of the same type was refused.
        for (partition, requests, from) in empty {
            if !refused.contains(&partition.0) {
                self.release(&partition, requests, from).await?;
            }
            self.with.stream.handled(&partition, requests, self.with.pool).await?;
        }
        Ok(())
    }

    /// Records a retry, and doubles the pause unless the request or the limit has changed.
    fn tried(&mut self, partition: &Partition, requests: i32) {
        let limit = self.limit(&partition.0);
        let before = self.tries.get(partition).filter(|before| before.is_of(requests, limit));
        let pause = before.map_or(FIRST_PAUSE, |before| (before.pause * 2).min(MAX_PAUSE));
        self.tries.insert(partition.clone(), Try { requests, limit, at: Instant::now(), pause });
    }

    /// Lets a partition continue from this position.
    async fn release(&mut self, partition: &Partition, requests: i32, from: i64) -> Result<(), StreamError> {
        self.with.stream.release(partition, requests, from, self.with.pool).await?;
        self.with.stream.handled(partition, requests, self.with.pool).await?;
        if let Some(owed) = self.owing.get_mut(partition) {
            owed.is_parked = false;
            owed.from = from;
        }
        Ok(())
    }

    /// Sends an event with a separate producer, which may fail without consequences for the others. Returns whether
    /// Kafka has it.
    async fn try_alone(&self, event: &StoredEvent) -> Result<bool, StreamError> {
        // The preceding events of its partition must have arrived first.
        while self.with.waiting.load(Ordering::Relaxed) > 0 {
            sleep(Duration::from_millis(10)).await;
        }
        let mut client = self.with.settings.client();
        client.set("acks", "all").set("message.timeout.ms", PATIENCE);
        client.set("message.max.bytes", MAX_MESSAGE_BYTES.to_string());
        let producer: Producer = client.create_with_context(Link::default())?;
        let delivery = match self.hand_over(&producer, event).await? {
            Handed::Taken(delivery) => delivery,
            Handed::Refused(_) => return Ok(false),
        };
        let outcome = outcome(delivery).await;
        match &outcome {
            Ok(_) => tracing::info!(position = event.position, "an event that was parked is sent"),
            Err(error) => tracing::warn!(position = event.position, %error, "a parked event is refused again"),
        }
        Ok(outcome.is_ok())
    }

    /// Reads the events of a partition from one position up to another one, at most `limit`.
    async fn read_partition(
        &self,
        (aggregate_type, partition): &Partition,
        from: i64,
        up_to: i64,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, sqlx::Error> {
        sqlx::query_as!(
            StoredEvent,
            r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                      payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
               FROM events
               WHERE aggregate_type = $1 AND partition = $2 AND position >= $3 AND position <= $4
               ORDER BY position
               LIMIT $5"#,
            aggregate_type,
            partition,
            from,
            up_to,
            limit,
        )
        .fetch_all(self.with.pool)
        .await
    }

    /// Returns the position of the preceding event in the same partition; 0 if there is none.
    async fn previous_position(&self, event: &StoredEvent) -> Result<i64, sqlx::Error> {
        if let Some(previous) = self.previous.get(&partition_of(event)) {
            return Ok(*previous);
        }
        sqlx::query_scalar!(
            r#"SELECT coalesce(max(position), 0) AS "position!" FROM events
               WHERE aggregate_type = $1 AND partition = $2 AND position < $3"#,
            event.aggregate_type,
            event.partition,
            event.position,
        )
        .fetch_one(self.with.pool)
        .await
    }
}

fn partition_of(event: &StoredEvent) -> Partition {
    (event.aggregate_type.clone(), event.partition)
}
