//! The whole path over a real Apache Kafka, with the real binary in several processes: write, event, record, view.
//!
//! The records are read by an independent client (Debian's kcat).

use std::{collections::BTreeMap, net::TcpListener, process::Command, time::Duration};

use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::installation::{Client, Installation, install_tls, until};

/// All records of a topic, read by kcat: key, partition, headers, value.
fn records(here: &Installation, aggregate: &str) -> Vec<Record> {
    let output = Command::new("kcat")
        .args(["-b", &here.brokers, "-C", "-e", "-q", "-t", &format!("{}.{aggregate}.v1", here.prefix)])
        .args(["-f", "%k\\x1f%p\\x1f%h\\x1f%s\\x1e"])
        .output()
        .expect("kcat is installed by `make test`");
    let text = String::from_utf8(output.stdout).expect("records are text");
    text.split_terminator('\x1e').map(Record::parse).collect()
}

struct Record {
    key: String,
    partition: i32,
    headers: BTreeMap<String, String>,
    value: Value,
}

impl Record {
    fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.split('\x1f').collect();
        let [key, partition, headers, value] = parts[..] else { panic!("a record has four parts: {text}") };
        // kcat joins headers with commas; the metadata, which is JSON and holds some, is not looked at here.
        let headers =
            headers.split(',').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned()));
        Self {
            key: key.to_owned(),
            partition: partition.parse().expect("a partition is a number"),
            headers: headers.collect(),
            value: serde_json::from_str(value).expect("a value is JSON"),
        }
    }

    fn position(&self) -> i64 {
        self.headers["ce_position"].parse().expect("a position is a number")
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_write_becomes_an_event_a_record_and_a_row_and_a_document_is_embedded_through_kafka(pool: PgPool) {
    install_tls();
    let here = Installation::new(&pool).await;
    let (_background, _) = here.serve("relay,projectors,workers").await;
    let (_api, url) = here.serve("api").await;
    here.make_admin().await;
    let client = Client::log_in(&url).await;

    let project = client.make_project("Emergency care").await;
    let document = client.add_text(&project, "Zinc", "Zinc is given for fourteen days after diarrhoea.").await;
    let path = format!("projects/{project}/documents/{document}");
    until("the document is embedded", async || (client.get(&path).await["uploading"] == false).then_some(())).await;

    // The row, read back by another process than the one that wrote it.
    assert_eq!(client.get(&format!("projects/{project}")).await["title"], "Emergency care");
    // The event.
    let (position, partition, log_id): (i64, i32, Uuid) = sqlx::query_as(
        "SELECT events.position, events.partition, log_head.log_id FROM events, log_head
         WHERE aggregate_type = 'project' AND aggregate_id = $1 AND event_type = 'Created'",
    )
    .bind(&project)
    .fetch_one(&pool)
    .await
    .expect("the write is an event");
    // The record.
    let projects = records(&here, "project");
    let record = projects.iter().find(|record| record.position() == position).expect("the event is a record");
    assert_eq!((record.key.as_str(), record.partition), (project.as_str(), partition));
    assert_eq!(record.value["title"], "Emergency care");
    for (header, expected) in [
        ("ce_specversion", "1.0"),
        ("ce_type", "ayushma.project.Created"),
        ("ce_subject", project.as_str()),
        ("ce_source", &format!("/ayushma/log/{log_id}")),
        ("ce_logid", &log_id.to_string()),
        ("ce_eventversion", "1"),
        ("ce_sequence", "1"),
        ("ce_previousposition", "0"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(record.headers.get(header).map(String::as_str), Some(expected), "{header}");
    }
    // Personal text leaves nothing in clear.
    let users = records(&here, "user");
    assert!(!users.is_empty() && users.iter().all(|record| !record.value.to_string().contains("admin@example.com")));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_relay_that_is_killed_and_started_again_loses_nothing(pool: PgPool) {
    install_tls();
    let here = Installation::new(&pool).await;
    let (_rest, url) = here.serve("api,projectors,workers").await;
    here.make_admin().await;
    let client = Client::log_in(&url).await;
    let (mut relay, _) = here.serve("relay").await;
    for round in 0..4 {
        let writes = (0..25).map(|number| {
            let (client, title) = (&client, format!("Project {round}-{number}"));
            async move { client.make_project(&title).await }
        });
        let all = futures::future::join_all(writes);
        // kill -9 in the middle of the writes, each time at another point.
        let killing = async {
            tokio::time::sleep(Duration::from_millis(60 * (round + 1))).await;
            relay.0.kill().expect("the relay can be killed");
        };
        futures::join!(all, killing);
        relay = here.serve("relay").await.0;
    }
    let logged: Vec<(i64, String, i32)> = sqlx::query_as(
        "SELECT position, aggregate_id, partition FROM events WHERE aggregate_type = 'project' ORDER BY position",
    )
    .fetch_all(&pool)
    .await
    .expect("the log can be read");
    assert_eq!(logged.len(), 100);
    until("every event is a record", async || {
        let mut seen: BTreeMap<i64, (String, i32)> = BTreeMap::new();
        let mut newest: BTreeMap<i32, i64> = BTreeMap::new();
        for record in records(&here, "project") {
            // Older ones may repeat; what comes for the first time is in order.
            if seen.insert(record.position(), (record.key.clone(), record.partition)).is_none() {
                let last = newest.insert(record.partition, record.position()).unwrap_or(0);
                assert!(last < record.position(), "first occurrences are in order");
            }
        }
        let expected: BTreeMap<i64, (String, i32)> =
            logged.iter().map(|(position, key, partition)| (*position, (key.clone(), *partition))).collect();
        (seen == expected).then_some(())
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn with_the_broker_away_writes_are_accepted_and_read_back_from_the_log(pool: PgPool) {
    install_tls();
    let mut here = Installation::new(&pool).await;
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let brokers = std::mem::replace(&mut here.brokers, closed.to_string());
    let (background, _) = here.serve("relay,projectors,workers").await;
    let (api, url) = here.serve("api").await;
    here.make_admin().await;
    let client = Client::log_in(&url).await;
    let project = client.make_project("Without a broker").await;
    until("the write can be read back", async || {
        let answer = client.request(reqwest::Method::GET, &format!("projects/{project}")).send().await.ok()?;
        (answer.status() == 200).then_some(())
    })
    .await;
    // The broker is there again: what was accepted is published.
    drop((background, api));
    here.brokers = brokers;
    let (_relay, _) = here.serve("relay").await;
    until("the write is a record", async || {
        records(&here, "project").iter().any(|record| record.key == project).then_some(())
    })
    .await;
}
