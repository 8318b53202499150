//! The relay: publishes the log to Kafka, in order, by one elected process.
//!
//! The mark advances over the acknowledged prefix only. After a crash or a take-over older events may be published again;
//! none is left out, and first occurrences are in order: a message never times out and overtakes nothing.

use std::collections::HashMap;

use domain::event::AGGREGATE_TYPES;
use futures::FutureExt as _;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use sqlx::{PgConnection, PgPool};
use tokio::{sync::watch, time::interval};
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
/// Events in flight at once.
const BATCH: i64 = 1_000;

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
        .set("linger.ms", "1")
        .set("message.max.bytes", MAX_MESSAGE_BYTES)
        .create()?;
    let mut relay =
        Relay { connection, producer, prefix: settings.prefix.clone(), log_id: head.log_id, previous: HashMap::new() };
    tracing::info!(brokers = settings.brokers, "this process relays the log to Kafka");
    let types = AGGREGATE_TYPES.map(str::to_owned);
    let place = sqlx::query!(
        r#"SELECT relay_mark.position, log_head.position AS end, relay_mark.log_id = $1 AND log_head.log_id = $1 AS "is_ours!"
           FROM relay_mark, log_head"#,
        head.log_id,
    );
    let place = place.fetch_one(&mut relay.connection).await?;
    fence::check("the relay's mark", place.position, place.end, place.is_ours)?;
    let mut mark = place.position;
    let mut beats = interval(BEAT);
    loop {
        // Only between rounds: one that waits for Kafka gives no sign of life. And a lost connection means a lost election.
        if beats.tick().now_or_never().is_some() {
            beat_of_relay(&mut relay.connection).await?;
        }
        wake.mark_unchanged();
        let events = read_log(pool, &types, mark, i64::MAX, BATCH).await?;
        let Some(last) = events.last() else {
            // Also a sign of life: a lost connection means a lost election.
            sqlx::query!("SELECT 1 AS alive").fetch_one(&mut relay.connection).await?;
            if tokio::time::timeout(POLL, wake.changed()).await.is_ok_and(|changed| changed.is_err()) {
                tokio::time::sleep(POLL).await;
            }
            continue;
        };
        // Positions have no holes: what is missing here is of a type that only a newer program knows.
        if let Some((_, expected)) = events.iter().zip(mark + 1..).find(|(event, expected)| event.position != *expected)
        {
            return Err(StreamError::UnknownType(expected));
        }
        relay.publish(&events).await?;
        mark = last.position;
        // Of this log only: one that is restored meanwhile begins anew.
        sqlx::query!("UPDATE relay_mark SET position = $1 WHERE position < $1 AND log_id = $2", mark, head.log_id)
            .execute(&mut relay.connection)
            .await?;
    }
}

struct Relay {
    connection: PgConnection,
    producer: FutureProducer,
    prefix: String,
    log_id: Uuid,
    /// The newest published position of each topic's partition.
    previous: HashMap<(String, i32), i64>,
}

impl Relay {
    /// Publishes the events and waits until Kafka has acknowledged all of them.
    async fn publish(&mut self, events: &[StoredEvent]) -> Result<(), StreamError> {
        let mut in_flight: Vec<DeliveryFuture> = Vec::with_capacity(events.len());
        for event in events {
            let previous = self.previous_position(event).await?;
            let headers = record::headers(event, previous, self.log_id)
                .map_err(|error| StreamError::Unpublishable(Box::new(error)))?;
            let topic = record::topic(&self.prefix, &event.aggregate_type);
            loop {
                let record = FutureRecord::to(&topic)
                    .key(&event.aggregate_id)
                    .payload(&event.payload)
                    .partition(event.partition)
                    .headers(headers.clone());
                match self.producer.send_result(record) {
                    Ok(delivery) => break in_flight.push(delivery),
                    // The producer's queue is full: it drains while we wait.
                    Err((error, _))
                        if error.rdkafka_error_code() == Some(rdkafka::types::RDKafkaErrorCode::QueueFull) =>
                    {
                        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    }
                    Err((error, _)) => return Err(error.into()),
                }
            }
        }
        for delivery in in_flight {
            match delivery.await {
                Ok(Ok(_)) => {}
                Ok(Err((error, _))) => return Err(error.into()),
                Err(_) => return Err(rdkafka::error::KafkaError::Canceled.into()),
            }
        }
        Ok(())
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
                .fetch_one(&mut self.connection)
                .await?
            }
        };
        self.previous.insert(key, event.position);
        Ok(previous)
    }
}
