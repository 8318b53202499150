//! How fast the relay publishes a log, beside librdkafka's own producer with the same records and its default settings.

use std::{
    env,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use commands::event_log::{EventLog, KafkaSettings, Retention, run_relay};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    database::{Database, connect, open_log},
    events, median, rate, shown,
};

const PATIENCE: Duration = Duration::from_mins(5);

pub(crate) async fn measure(count: usize, rounds: usize) -> anyhow::Result<()> {
    let brokers = env::var("TEST_KAFKA_BROKERS").context("TEST_KAFKA_BROKERS is not set: run `make bench-log`")?;
    let database = Database::make().await?;
    let pool = connect(&database.url(), 6).await?;
    let log = open_log(pool.clone()).await?;
    events::write(&pool, &log, count).await?;
    let records = records(&pool).await?;
    // What comes first makes the topics and fills caches.
    let (topic, prefix) = (format!("plain-{}", Uuid::new_v4()), Uuid::new_v4().to_string());
    make_topic(&brokers, &topic).await?;
    produce(&brokers, &topic, &records)?;
    relay(&log, &pool, &brokers, &prefix, count).await?;
    let (mut produced, mut relayed) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        produced.push(rate(count, produce(&brokers, &topic, &records)?));
        relayed.push(rate(count, relay(&log, &pool, &brokers, &prefix, count).await?));
    }
    println!("a log of {count} events into Kafka, events a second");
    println!("librdkafka's producer    {}", shown(&produced, 0));
    println!("relay                    {}, {:.2} of it", shown(&relayed, 0), median(&relayed) / median(&produced));
    drop(log);
    pool.close().await;
    database.remove().await
}

struct Record {
    key: String,
    payload: String,
    partition: i32,
    headers: OwnedHeaders,
}

/// The log's events, each with as many headers as the relay gives it.
async fn records(pool: &PgPool) -> anyhow::Result<Vec<Record>> {
    type Row = (String, String, String, i32);
    let rows: Vec<Row> =
        sqlx::query_as("SELECT aggregate_id, payload::text, metadata::text, partition FROM events ORDER BY position")
            .fetch_all(pool)
            .await?;
    let record = |(key, payload, metadata, partition): Row| {
        let mut headers = OwnedHeaders::new().insert(Header { key: "ayushma_metadata", value: Some(&metadata) });
        for number in 0..13 {
            let name = format!("ce_attribute{number}");
            headers = headers.insert(Header { key: &name, value: Some(&key) });
        }
        Record { key, payload, partition, headers }
    };
    Ok(rows.into_iter().map(record).collect())
}

async fn make_topic(brokers: &str, name: &str) -> anyhow::Result<()> {
    let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let topic = NewTopic::new(name, 16, TopicReplication::Fixed(1));
    for result in admin.create_topics(&[topic], &AdminOptions::new()).await? {
        result.map_err(|(_, code)| KafkaError::AdminOp(code))?;
    }
    Ok(())
}

fn produce(brokers: &str, topic: &str, records: &[Record]) -> anyhow::Result<Duration> {
    let producer: ThreadedProducer<DefaultProducerContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let started = Instant::now();
    for record in records {
        let mut message = BaseRecord::to(topic)
            .key(&record.key)
            .payload(&record.payload)
            .partition(record.partition)
            .headers(record.headers.clone());
        while let Err((error, refused)) = producer.send(message) {
            ensure!(error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull), "{error}");
            message = refused;
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    producer.flush(PATIENCE)?;
    Ok(started.elapsed())
}

/// From the start of a relay until its mark is at the log's end.
async fn relay(log: &EventLog, pool: &PgPool, brokers: &str, prefix: &str, count: usize) -> anyhow::Result<Duration> {
    sqlx::query("UPDATE relay_mark SET position = 0").execute(pool).await?;
    let settings = KafkaSettings {
        brokers: brokers.to_owned(),
        prefix: prefix.to_owned(),
        replication: 1,
        retention: Retention::Forever,
    };
    let started = Instant::now();
    let all_published = async {
        loop {
            let mark: i64 =
                sqlx::query_scalar("SELECT position FROM relay_mark WHERE is_current").fetch_one(pool).await?;
            if usize::try_from(mark)? == count {
                return Ok(started.elapsed());
            }
            ensure!(started.elapsed() < PATIENCE, "the relay has come to {mark} only");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        time = all_published => time,
        () = run_relay(pool.clone(), settings, log.head()) => unreachable!("it publishes for ever"),
    }
}
