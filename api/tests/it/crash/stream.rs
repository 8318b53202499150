//! Holds Kafka against the log, as a foreign client reads it.

use std::collections::{BTreeSet, HashMap};

use domain::AggregateType;
use tokio::process::Command;

use super::checker::{Logged, Violations};

/// Every event is in its topic and partition under its key, as it is in the log and with the position before it; what comes
/// first comes in order; nothing else is there. Says how many records there are.
pub(super) async fn check(brokers: &str, prefix: &str, log: &[Logged], violations: &mut Violations) -> usize {
    let mut previous: HashMap<(&str, i32), i64> = HashMap::new();
    let mut expected: HashMap<i64, (&Logged, i64)> = HashMap::new();
    for logged in log {
        let event = &logged.event;
        let before = previous.insert((&event.aggregate_type, event.partition), event.position).unwrap_or(0);
        expected.insert(event.position, (logged, before));
    }
    let mut missing: BTreeSet<i64> = expected.keys().copied().collect();
    let mut records = 0;
    for aggregate_type in AggregateType::ALL {
        let mut newest: HashMap<i32, i64> = HashMap::new();
        for record in consume(brokers, &format!("{prefix}.{aggregate_type}.v1")).await {
            records += 1;
            let Some((logged, before)) = expected.get(&record.position) else {
                violations.add(format!("a record of nothing: {record:?}"));
                continue;
            };
            let event = &logged.event;
            let is_the_event = event.aggregate_type == aggregate_type.name()
                && event.partition == record.partition
                && event.aggregate_id == record.key
                && event.payload == record.payload;
            if !is_the_event {
                violations.add(format!("a record that differs from its event: {record:?}"));
            }
            if record.previous != *before {
                violations.add(format!("the position before {} is {before}, not {}", record.position, record.previous));
            }
            let newest = newest.entry(record.partition).or_default();
            if missing.remove(&record.position) && record.position < *newest {
                violations
                    .add(format!("{} comes after {newest} in {aggregate_type} {}", record.position, record.partition));
            }
            *newest = (*newest).max(record.position);
        }
    }
    if !missing.is_empty() {
        violations.add(format!(
            "{} events are not in Kafka: {:?}",
            missing.len(),
            missing.iter().take(20).collect::<Vec<_>>()
        ));
    }
    records
}

#[derive(Debug)]
struct Record {
    partition: i32,
    key: String,
    position: i64,
    previous: i64,
    payload: String,
}

/// All records of a topic; those of a partition in their order.
async fn consume(brokers: &str, topic: &str) -> Vec<Record> {
    let arguments = ["-C", "-q", "-e", "-o", "beginning", "-X", "fetch.wait.max.ms=10", "-b", brokers, "-t", topic];
    let mut command = Command::new("kcat");
    let output = command.args(arguments).args(["-f", "%p\t%k\t%h\t%s\n"]).kill_on_drop(true).output().await;
    let output = output.expect("kcat is installed (scripts/setup.sh test)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("records are text");
    let records = text.lines().map(|line| {
        let [partition, key, headers, payload] = line.splitn(4, '\t').collect::<Vec<_>>()[..] else {
            panic!("not a record: {line}")
        };
        let number = |name: &str| {
            let (_, value) = headers.split_once(&format!("{name}="))?;
            value.split(',').next()?.parse::<i64>().ok()
        };
        Record {
            partition: partition.parse().expect("a partition is a number"),
            key: key.to_owned(),
            position: number("ce_position").unwrap_or(-1),
            previous: number("ce_previousposition").unwrap_or(-1),
            payload: payload.to_owned(),
        }
    });
    records.collect()
}
