//! The relay: publishes the log to Kafka, in order, by one elected process.
//!
//! The mark advances over the acknowledged prefix only. After a crash or a take-over older events may be published again;
//! none is left out, and first occurrences are in order: a message never times out and overtakes nothing.

use std::{collections::HashMap, convert::Infallible, pin::pin};

use domain::event::AGGREGATE_TYPES;
use futures::FutureExt as _;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{mpsc, watch},
    time::interval,
};
use uuid::Uuid;

use super::{
    consumer::read_log,
    fence,
    head::Head,
    kafka::{KafkaSettings, MAX_MESSAGE_BYTES, StreamError},
    record,
    source::POLL,
    stored::StoredEvent,
};
use crate::heartbeats::{BEAT, beat_of_relay};

/// Names the relay's advisory lock in the database.
const LEADERSHIP: i64 = 0x6179_7573_686d_6101;
/// Events that are read at once.
const BATCH: i64 = 1_000;
/// Events on their way to Kafka that nobody has acknowledged yet.
const IN_FLIGHT: usize = 4_000;

/// Publishes for ever: until its future is dropped. Failures are logged and tried again.
pub async fn run_relay(pool: PgPool, settings: KafkaSettings, mut wake: watch::Receiver<Head>) {
    loop {
        match lead(&pool, &settings, &mut wake).await {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(error = %crate::error_chain(&error), "the relay is interrupted and starts again");
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Publishes while this process is the elected one. Returns at once if another is.
async fn lead(pool: &PgPool, settings: &KafkaSettings, wake: &mut watch::Receiver<Head>) -> Result<(), StreamError> {
    // The lock belongs to this connection: whoever loses it, loses the right to move the mark.
    let mut connection = pool.acquire().await?.detach();
    let elected = sqlx::query_scalar!("SELECT pg_try_advisory_lock($1)", LEADERSHIP).fetch_one(&mut connection).await?;
    if elected != Some(true) {
        return Ok(());
    }
    // A crash of the database may take the mark back, and events are published again then: nobody has to wait for the disk.
    sqlx::query("SET synchronous_commit = off").execute(&mut connection).await?;
    let head = sqlx::query!("SELECT log_id, partitions FROM log_head").fetch_one(&mut connection).await?;
    settings.ensure_topics(head.partitions).await?;
    let producer: FutureProducer = settings
        .client()
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        // With more, an event can be acknowledged and lost: a partition that is just being made may refuse the first request and
        // take the second (it knows no sequence of this producer yet), and librdkafka counts both as stored when the second is.
        .set("max.in.flight.requests.per.connection", "1")
        // What comes while a request is in flight goes into the next one; the first does not wait for more.
        .set("linger.ms", "0")
        .set("message.max.bytes", MAX_MESSAGE_BYTES)
        .create()?;
    tracing::info!(brokers = settings.brokers, "this process relays the log to Kafka");
    let place = sqlx::query!(
        r#"SELECT relay_mark.position, log_head.position AS end, relay_mark.log_id = $1 AND log_head.log_id = $1 AS "is_ours!"
           FROM relay_mark, log_head"#,
        head.log_id,
    );
    let place = place.fetch_one(&mut connection).await?;
    fence::check("the relay's mark", place.position, place.end, place.is_ours)?;
    let (sent, in_flight) = mpsc::channel(IN_FLIGHT);
    let publisher = Publisher {
        pool,
        producer: &producer,
        prefix: &settings.prefix,
        log_id: head.log_id,
        previous: HashMap::new(),
        sent,
    };
    let mut marking = pin!(move_mark(in_flight, connection, head.log_id));
    let failed = tokio::select! {
        result = &mut marking => return result,
        result = publisher.publish(place.position, wake) => {
            let Err(error) = result;
            error
        }
    };
    // What was sent before is waited for: else it would be sent again and again, as long as the reason lasts.
    marking.await?;
    Err(failed)
}

/// What the publisher has done.
enum Step {
    /// An event is on its way.
    Sent(i64, DeliveryFuture),
    /// There was nothing to publish.
    Idle,
}

/// Moves the mark behind what Kafka has acknowledged, in the order of the log. A sign of life follows a step of the publisher only: whoever
/// waits, for the log or for Kafka, gives none. Returns when the publisher has ended and all that it sent is acknowledged.
async fn move_mark(
    mut in_flight: mpsc::Receiver<Step>,
    mut connection: PgConnection,
    log_id: Uuid,
) -> Result<(), StreamError> {
    let mut beats = interval(BEAT);
    let mut steps = Vec::new();
    loop {
        if in_flight.recv_many(&mut steps, IN_FLIGHT).await == 0 {
            return Ok(());
        }
        let mut mark = None;
        for step in steps.drain(..) {
            let Step::Sent(position, delivery) = step else { continue };
            match delivery.await {
                Ok(Ok(_)) => mark = Some(position),
                Ok(Err((error, _))) => return Err(error.into()),
                Err(_) => return Err(rdkafka::error::KafkaError::Canceled.into()),
            }
        }
        match mark {
            // Of this log only: one that is restored meanwhile begins anew.
            Some(mark) => {
                sqlx::query!("UPDATE relay_mark SET position = $1 WHERE position < $1 AND log_id = $2", mark, log_id)
                    .execute(&mut connection)
                    .await?;
            }
            // A lost connection means a lost election.
            None => {
                sqlx::query!("SELECT 1 AS alive").fetch_one(&mut connection).await?;
            }
        }
        if beats.tick().now_or_never().is_some() {
            beat_of_relay(&mut connection).await?;
        }
    }
}

/// Reads the log and hands it to the producer, which sends in order.
struct Publisher<'a> {
    pool: &'a PgPool,
    producer: &'a FutureProducer,
    prefix: &'a str,
    log_id: Uuid,
    /// The newest published position of each topic's partition.
    previous: HashMap<(String, i32), i64>,
    /// As many as may be in flight: a broker that is slow, or away, holds up the reading.
    sent: mpsc::Sender<Step>,
}

impl Publisher<'_> {
    async fn publish(mut self, mut position: i64, wake: &mut watch::Receiver<Head>) -> Result<Infallible, StreamError> {
        let types = AGGREGATE_TYPES.map(str::to_owned);
        loop {
            wake.mark_unchanged();
            let events = read_log(self.pool, &types, position, i64::MAX, BATCH).await?;
            if events.is_empty() {
                self.report(Step::Idle).await?;
                if tokio::time::timeout(POLL, wake.changed()).await.is_ok_and(|changed| changed.is_err()) {
                    tokio::time::sleep(POLL).await;
                }
                continue;
            }
            for event in events {
                // Positions have no holes: what is missing here is of a type that only a newer program knows.
                if event.position != position + 1 {
                    return Err(StreamError::UnknownType(position + 1));
                }
                position = event.position;
                let delivery = self.send(&event).await?;
                self.report(Step::Sent(position, delivery)).await?;
            }
        }
    }

    async fn report(&self, step: Step) -> Result<(), StreamError> {
        // Nobody takes it: the other side has failed, and says why.
        self.sent.send(step).await.map_err(|_| rdkafka::error::KafkaError::Canceled.into())
    }

    async fn send(&mut self, event: &StoredEvent) -> Result<DeliveryFuture, StreamError> {
        let previous = self.previous_position(event).await?;
        let headers = record::headers(event, previous, self.log_id)
            .map_err(|error| StreamError::Unpublishable(Box::new(error)))?;
        let topic = record::topic(self.prefix, &event.aggregate_type);
        let mut record = FutureRecord::to(&topic)
            .key(&event.aggregate_id)
            .payload(&event.payload)
            .partition(event.partition)
            .headers(headers);
        loop {
            match self.producer.send_result(record) {
                Ok(delivery) => return Ok(delivery),
                // The producer's queue is full: it drains while we wait.
                Err((error, refused))
                    if error.rdkafka_error_code() == Some(rdkafka::types::RDKafkaErrorCode::QueueFull) =>
                {
                    record = refused;
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    async fn previous_position(&mut self, event: &StoredEvent) -> Result<i64, sqlx::Error> {
        let key = (event.aggregate_type.clone(), event.partition);
        let previous = match self.previous.get(&key) {
            Some(previous) => *previous,
            None => {
                sqlx::query_scalar!(
                    r#"SELECT coalesce(max(position), 0) AS "position!" FROM events
                   WHERE aggregate_type = $1 AND partition = $2 AND position < $3"#,
                    event.aggregate_type,
                    event.partition,
                    event.position,
                )
                .fetch_one(self.pool)
                .await?
            }
        };
        self.previous.insert(key, event.position);
        Ok(previous)
    }
}
