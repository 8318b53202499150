//! An event that Kafka does not take: its partition waits in order, everything else goes on, and everybody is told.

use std::{sync::Arc, time::Duration};

use commands::event_log::{KafkaSettings, Progress, Verdict, parked_records, partition_of};
use domain::{
    AggregateType,
    project::{Project, ProjectCommand},
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    consuming::{Tally, tallied},
    kafka::{
        assert_first_occurrences_in_order, delete_topic, kcat, make_topic, make_topic_with, set_topic, settings,
        until_published,
    },
    relaying::create_project,
    support::{Node, new_id, number, system, until, until_within},
};

const PARKED: &str = "SELECT count(*) FROM relay_partitions WHERE error IS NOT NULL";
const LARGE: usize = 2_000_000;
/// The relay looks at the limits of topics every 15 s, and a broker that tells a new one before it keeps to it refuses the event once
/// more: then it is tried after 5, 10 and 20 s.
const RETRIES: Duration = Duration::from_mins(2);

async fn archive(node: &Node, project: Uuid, is_archived: bool) {
    let command = ProjectCommand::SetArchived(is_archived);
    node.commands.execute::<Project>(project, command, &system()).await.expect("changed");
}

async fn problems(node: &Node) -> String {
    node.part("relay").await.problems.join("; ")
}

/// The positions of a type's records, repeats left out.
async fn positions(settings: &KafkaSettings, aggregate_type: &str) -> Vec<i64> {
    let mut positions: Vec<i64> =
        kcat(settings, aggregate_type).await.iter().map(crate::kafka::Seen::position).collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_document_that_is_too_large_for_a_topic_made_beforehand_holds_up_its_partition_only(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    let settings = settings();
    // As Kafka makes topics: a megabyte, a week.
    make_topic(&settings, "project", 16).await;
    let large = create_project(&node, "x".repeat(LARGE)).await;
    archive(&node, large, true).await;
    let small = loop {
        let small = create_project(&node, String::new()).await;
        if partition_of(&small.to_string(), 16) != partition_of(&large.to_string(), 16) {
            break small;
        }
    };
    node.write_chats(10, 3).await;
    archive(&node, small, true).await;
    let end = number(&node.pool, "SELECT position FROM log_head").await;
    let consumer = Arc::new(Tally::new("projects", &[AggregateType::Project]));
    node.spawn(node.log().clone().follow(consumer, Some(settings.clone()), Progress::default()));
    node.spawn(node.relay(&settings));

    // Everything else is there, and nothing is sent again and again.
    until_published(&node.pool).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 30);
    let seen = positions(&settings, "project").await;
    assert!(!seen.contains(&1) && !seen.contains(&2) && seen.contains(&end), "{seen:?}");
    for _ in 0..2 {
        let beat: String = sqlx::query_scalar("SELECT beat_at::text FROM heartbeats WHERE name = 'relay'")
            .fetch_one(&node.pool)
            .await
            .expect("the relay lives");
        until("the relay makes its rounds", async || {
            let newer = "SELECT count(*) FROM heartbeats WHERE name = 'relay' AND beat_at > $1::timestamptz";
            sqlx::query_scalar::<_, i64>(newer).bind(&beat).fetch_one(&node.pool).await.expect("readable") == 1
        })
        .await;
    }
    assert_eq!(kcat(&settings, "chat").await.len(), 30);

    let part = node.part("relay").await;
    assert_eq!(part.verdict, Verdict::Degraded);
    let told = part.problems.join("; ");
    for words in ["ayushma stream parked", "max.message.bytes=67108864", "kept for 7d"] {
        assert!(told.contains(words), "{told}");
    }
    let parked = parked_records(&node.pool).await.expect("readable");
    assert_eq!((parked.len(), parked[0].position), (1, 1));
    assert!(parked[0].error.contains("1048588") && parked[0].waiting >= 1, "{parked:?}");
    // Who reads Kafka gets it from the log.
    until("the consumer has it", async || tallied(&node.pool, "projects").await.contains(&2)).await;

    set_topic(&settings, "project", "max.message.bytes", "67108864").await;
    until_within(RETRIES, "it is sent by itself", async || number(&node.pool, PARKED).await == 0).await;
    until_within(RETRIES, "nothing is owed", async || node.log().stream().await.is_ok_and(|stream| stream.owing == 0))
        .await;
    let projects = kcat(&settings, "project").await;
    let all: Vec<i64> = positions(&settings, "project").await;
    assert!(all.starts_with(&[1, 2]), "{all:?}");
    assert_first_occurrences_in_order(&projects, &all);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nothing_overtakes_an_event_that_the_broker_refuses_and_another_process_knows_of_it(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    let relay = node.spawn(node.relay(&settings));
    let project = create_project(&node, String::new()).await;
    until_published(&node.pool).await;
    // The relay does not know of it.
    set_topic(&settings, "project", "max.message.bytes", "100000").await;
    let change = domain::project::ProjectChanges { prompt: Some("x".repeat(300_000)), ..Default::default() };
    node.commands
        .execute::<Project>(project, ProjectCommand::Change(Box::new(change)), &system())
        .await
        .expect("changed");
    for number in 0..20 {
        archive(&node, project, number % 2 == 0).await;
    }
    let chats = node.write_chats(5, 4).await;
    until("it is parked", async || number(&node.pool, PARKED).await == 1).await;
    until_published(&node.pool).await;
    assert_eq!(positions(&settings, "project").await, [1]);
    assert_eq!(positions(&settings, "chat").await.len(), 20);
    // The relay has begun anew since, and has not taken what it had not read yet for nothing.
    let parked = parked_records(&node.pool).await.expect("readable");
    assert!(parked.len() == 1 && parked[0].error.contains("Broker: Message size too large"), "{parked:?}");
    assert_eq!((parked[0].position, parked[0].waiting), (2, 20));

    relay.abort();
    let mut other = Node::start(&options).await;
    other.spawn(other.relay(&settings));
    other.retitle(chats[0], "Another").await;
    until_published(&other.pool).await;
    assert_eq!(positions(&settings, "project").await, [1]);

    set_topic(&settings, "project", "max.message.bytes", "67108864").await;
    until_within(RETRIES, "it is sent", async || {
        other.log().stream().await.is_ok_and(|stream| stream.owing == 0 && stream.parked == 0)
    })
    .await;
    assert_first_occurrences_in_order(&kcat(&settings, "project").await, &(1..=22).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_relay_that_is_cut_off_while_partitions_wait_and_go_on_leaves_nothing_out(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    make_topic_with(&settings, "project", 16, &[("max.message.bytes", "100000")]).await;
    for tenths in 0..10 {
        let project = create_project(&node, "x".repeat(if tenths % 3 == 0 { 200_000 } else { 0 })).await;
        archive(&node, project, true).await;
        node.write_chats(3, 3).await;
        if tenths == 6 {
            set_topic(&settings, "project", "max.message.bytes", "67108864").await;
        }
        drop(timeout(Duration::from_millis(150 * tenths), node.relay(&settings)).await);
    }
    node.spawn(node.relay(&settings));
    until_published(&node.pool).await;
    until_within(RETRIES, "nothing waits", async || {
        node.log().stream().await.is_ok_and(|stream| stream.owing == 0 && stream.parked == 0)
    })
    .await;
    let mut all: Vec<i64> = positions(&settings, "project").await;
    assert_first_occurrences_in_order(&kcat(&settings, "project").await, &all);
    let chats = positions(&settings, "chat").await;
    assert_first_occurrences_in_order(&kcat(&settings, "chat").await, &chats);
    all.extend(chats);
    all.sort_unstable();
    assert_eq!(all, (1..=110).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_compacted_topic_is_refused_in_words_until_it_is_as_it_should_be(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    make_topic_with(&settings, "chat", 16, &[("cleanup.policy", "compact")]).await;
    node.write_chats(3, 3).await;
    node.spawn(node.relay(&settings));
    until("it is reported", async || problems(&node).await.contains("is compacted (cleanup.policy=compact)")).await;
    assert!(kcat(&settings, "chat").await.is_empty());
    set_topic(&settings, "chat", "cleanup.policy", "delete").await;
    until_published(&node.pool).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 9);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_health_names_what_is_wrong_with_brokers_and_topics(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    // Nobody is there.
    let nowhere = crate::kafka::settings_for("127.0.0.1:1".to_owned());
    let relay = node.spawn(node.relay(&nowhere));
    until("it is reported", async || problems(&node).await.contains("Kafka does not answer at 127.0.0.1:1")).await;
    relay.abort();

    // Fewer partitions than the log has.
    let settings = settings();
    make_topic(&settings, "chat", 4).await;
    let relay = node.spawn(node.relay(&settings));
    until("it is reported", async || problems(&node).await.contains("has 4 partitions, but the log has 16")).await;
    delete_topic(&settings, "chat").await;
    until("it is made", async || problems(&node).await.is_empty()).await;
    relay.abort();

    // More copies than there are brokers.
    let other = KafkaSettings { prefix: format!("test-{}", new_id()), replication: 3, ..settings.clone() };
    let relay = node.spawn(node.relay(&other));
    until("it is reported", async || problems(&node).await.contains("cannot be made")).await;
    relay.abort();

    // More copies in sync than there are.
    let other = KafkaSettings { prefix: format!("test-{}", new_id()), ..settings };
    make_topic_with(&other, "chat", 16, &[("min.insync.replicas", "2")]).await;
    node.spawn(node.relay(&other));
    until("it is reported", async || problems(&node).await.contains("min.insync.replicas")).await;
}
