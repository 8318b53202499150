//! Kafka seen from outside: topics of a test, Debian's `kcat` as a foreign client, and records that nobody should have sent.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use commands::event_log::{KafkaSettings, Retention};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use sqlx::PgPool;
use tokio::process::Command;
use uuid::Uuid;

use crate::support::{new_id, number, until};

/// Topics of a test of its own.
#[expect(clippy::disallowed_methods, reason = "whoever starts the tests says where the broker is")]
pub(crate) fn settings() -> KafkaSettings {
    let brokers = std::env::var("TEST_KAFKA_BROKERS").expect("TEST_KAFKA_BROKERS names a broker");
    settings_for(brokers)
}

pub(crate) fn settings_for(brokers: String) -> KafkaSettings {
    KafkaSettings { brokers, prefix: format!("test-{}", new_id()), replication: 1, retention: Retention::Forever }
}

fn admin(settings: &KafkaSettings) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().expect("a client")
}

/// Makes a topic that is not as we make them.
pub(crate) async fn make_topic(settings: &KafkaSettings, aggregate_type: &str, partitions: i32) {
    make_topic_with(settings, aggregate_type, partitions, &[]).await;
}

/// Makes a topic with settings of its own.
pub(crate) async fn make_topic_with(
    settings: &KafkaSettings,
    aggregate_type: &str,
    partitions: i32,
    entries: &[(&str, &str)],
) {
    let name = format!("{}.{aggregate_type}.v1", settings.prefix);
    let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
    let topic = entries.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
    let admin = admin(settings);
    for topic in admin.create_topics([&topic], &AdminOptions::new()).await.expect("the broker answers") {
        drop(topic.expect("it is new"));
    }
    // Until then whoever looks finds no topic, or one that he would make himself.
    until("the broker knows of it", async || {
        let known = admin.inner().fetch_metadata(Some(&name), Duration::from_secs(5)).expect("the broker answers");
        known.topics().iter().any(|topic| i32::try_from(topic.partitions().len()) == Ok(partitions))
    })
    .await;
}

/// Changes a setting of a topic; all others become the broker's.
pub(crate) async fn set_topic(settings: &KafkaSettings, aggregate_type: &str, key: &str, value: &str) {
    let name = format!("{}.{aggregate_type}.v1", settings.prefix);
    let change = AlterConfig::new(ResourceSpecifier::Topic(&name)).set(key, value);
    let admin = admin(settings);
    for changed in admin.alter_configs([&change], &AdminOptions::new()).await.expect("the broker answers") {
        drop(changed.expect("it is there"));
    }
    let topic = [ResourceSpecifier::Topic(&name)];
    until("the broker knows of it", async || {
        let found = admin.describe_configs(&topic, &AdminOptions::new()).await.expect("the broker answers").pop();
        found
            .and_then(Result::ok)
            .is_some_and(|found| found.get(key).is_some_and(|it| it.value.as_deref() == Some(value)))
    })
    .await;
    // What it knows it does a moment later.
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Removes all records of a topic, which stays.
pub(crate) async fn empty_topic(settings: &KafkaSettings, aggregate_type: &str, partitions: i32) {
    let name = format!("{}.{aggregate_type}.v1", settings.prefix);
    let mut ends = TopicPartitionList::new();
    for number in 0..partitions {
        ends.add_partition_offset(&name, number, Offset::End).expect("an offset");
    }
    drop(admin(settings).delete_records(&ends, &AdminOptions::new()).await.expect("the broker answers"));
}

/// Removes the records of a partition before this offset.
pub(crate) async fn remove_records(settings: &KafkaSettings, aggregate_type: &str, partition: i32, before: i64) {
    let mut ends = TopicPartitionList::new();
    let name = format!("{}.{aggregate_type}.v1", settings.prefix);
    ends.add_partition_offset(&name, partition, Offset::Offset(before)).expect("an offset");
    drop(admin(settings).delete_records(&ends, &AdminOptions::new()).await.expect("the broker answers"));
}

pub(crate) async fn delete_topic(settings: &KafkaSettings, aggregate_type: &str) {
    let name = format!("{}.{aggregate_type}.v1", settings.prefix);
    let gone = admin(settings).delete_topics(&[&name], &AdminOptions::new()).await.expect("the broker answers");
    for topic in gone {
        drop(topic.expect("it is there"));
    }
}

/// A record, as a foreign client sees it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) payload: String,
    headers: String,
}

impl Seen {
    /// The value of a header; metadata, which is last, may hold anything.
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = self.headers.find(&format!("{name}=")).unwrap_or_else(|| panic!("no {name}: {}", self.headers));
        let value = &self.headers[start + name.len() + 1..];
        value.split(',').next().unwrap_or(value)
    }

    pub(crate) fn position(&self) -> i64 {
        self.header("ce_position").parse().expect("a position is a number")
    }
}

/// All records of an aggregate type's topic, by partition, in order.
pub(crate) async fn kcat(settings: &KafkaSettings, aggregate_type: &str) -> Vec<Seen> {
    let topic = format!("{}.{aggregate_type}.v1", settings.prefix);
    let output = Command::new("kcat")
        .args([
            "-C",
            "-q",
            "-e",
            "-o",
            "beginning",
            "-X",
            "fetch.wait.max.ms=10",
            "-b",
            &settings.brokers,
            "-t",
            &topic,
        ])
        .args(["-f", "%p\t%k\t%h\t%s\n"])
        .kill_on_drop(true)
        .output()
        .await
        .expect("kcat is installed (scripts/setup.sh test)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut seen: Vec<Seen> = String::from_utf8(output.stdout)
        .expect("records are text")
        .lines()
        .map(|line| {
            let [partition, key, headers, payload] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("not a record: {line}")
            };
            Seen {
                partition: partition.parse().expect("a partition is a number"),
                key: key.to_owned(),
                payload: payload.to_owned(),
                headers: headers.to_owned(),
            }
        })
        .collect();
    // Stable: the order within a partition stays.
    seen.sort_by_key(|record| record.partition);
    seen
}

/// Waits until Kafka has acknowledged the whole log.
pub(crate) async fn until_published(pool: &PgPool) {
    until("the log is published", async || {
        number(pool, "SELECT log_head.position - relay_mark.position FROM log_head, relay_mark WHERE is_current").await
            == 0
    })
    .await;
}

/// Waits until the relay has begun and been interrupted so many times more.
pub(crate) async fn until_interrupted(pool: &PgPool, times: usize) {
    for _ in 0..times {
        let forgotten = sqlx::query("UPDATE relay_mark SET problems = '{}'").execute(pool).await;
        forgotten.expect("the table can be written");
        until("the relay is interrupted", async || {
            number(pool, "SELECT count(*) FROM relay_mark WHERE array_to_string(problems, ' ') LIKE '%interrupted%'")
                .await
                > 0
        })
        .await;
    }
}

/// Fails unless the records hold every position, those of each partition first in order.
pub(crate) fn assert_first_occurrences_in_order(seen: &[Seen], positions: &[i64]) {
    let mut newest: HashMap<i32, i64> = HashMap::new();
    let mut first = Vec::new();
    for record in seen {
        let newest = newest.entry(record.partition).or_default();
        if record.position() > *newest {
            *newest = record.position();
            first.push(record.position());
        }
    }
    first.sort_unstable();
    assert_eq!(first, positions, "left out, or overtaken");
}

/// A record that claims to be an aggregate's last event.
pub(crate) struct Forged {
    pub(crate) log_id: Uuid,
    pub(crate) aggregate: Uuid,
    pub(crate) partition: i32,
    pub(crate) position: i64,
    pub(crate) previous: i64,
}

impl Forged {
    /// As the end of a chat.
    pub(crate) async fn send(&self, settings: &KafkaSettings) {
        self.send_as(settings, "chat", "Deleted", r#"{"type":"Deleted"}"#).await;
    }

    pub(crate) async fn send_as(&self, settings: &KafkaSettings, aggregate: &str, event: &str, payload: &str) {
        let metadata = serde_json::json!({
            "event_id": new_id(),
            "command_id": new_id(),
            "actor": "system:test",
            "correlation_id": new_id(),
            "recorded_at": "2026-01-01T00:00:00Z",
        });
        let headers = [
            ("ce_type", format!("ayushma.{aggregate}.{event}")),
            ("ce_subject", self.aggregate.to_string()),
            ("ce_eventversion", "1".to_owned()),
            ("ce_logid", self.log_id.to_string()),
            ("ce_position", self.position.to_string()),
            ("ce_previousposition", self.previous.to_string()),
            ("ce_sequence", "1000".to_owned()),
            ("ce_commandid", new_id().to_string()),
            ("ayushma_metadata", metadata.to_string()),
        ];
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        self.produce(settings, aggregate, payload, Some(headers)).await;
    }

    /// A record that is no event at all.
    pub(crate) async fn send_rubbish(&self, settings: &KafkaSettings) {
        self.produce(settings, "chat", "rubbish", None).await;
    }

    async fn produce(&self, settings: &KafkaSettings, aggregate: &str, payload: &str, headers: Option<OwnedHeaders>) {
        let producer: FutureProducer =
            ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().expect("a producer");
        let (topic, key) = (format!("{}.{aggregate}.v1", settings.prefix), self.aggregate.to_string());
        let mut record = FutureRecord::to(&topic).key(&key).payload(payload).partition(self.partition);
        record.headers = headers;
        producer.send(record, Duration::from_secs(10)).await.map_err(|(error, _)| error).expect("sent");
    }
}

/// A broker of a test's own, which can be started and stopped.
pub(crate) struct Broker {
    folder: tempfile::TempDir,
    port: u16,
    script: PathBuf,
}

impl Broker {
    /// A broker that does not run yet, on a port that is free.
    pub(crate) fn absent() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let script = std::env::var_os("KAFKA_SH").expect("KAFKA_SH starts brokers").into();
        Self { folder: tempfile::tempdir().expect("a folder"), port, script }
    }

    /// One of another cluster, at the same address.
    pub(crate) fn another(&self) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), port: self.port, script: self.script.clone() }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) async fn start(&self) {
        let mut command = Command::new(&self.script);
        command.arg("start").arg(self.folder.path()).arg(self.port.to_string());
        assert!(command.status().await.expect("the script runs").success());
    }

    pub(crate) async fn stop(&self) {
        let mut command = Command::new(&self.script);
        assert!(command.arg("stop").arg(self.folder.path()).status().await.expect("the script runs").success());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Also when the test has failed. There is nobody to tell if it cannot be stopped.
        drop(std::process::Command::new(&self.script).arg("stop").arg(self.folder.path()).status());
    }
}
