//! Another cluster, another prefix, a topic that is no longer the one that it was: nothing is missing there.

use commands::event_log::{KafkaSettings, Verdict};
use domain::AggregateType;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::{
    kafka::{
        Broker, assert_first_occurrences_in_order, delete_topic, empty_topic, kcat, settings, settings_for,
        until_published,
    },
    relaying::leader,
    support::{Node, new_id, number, until},
};

/// Of two streams the current one has twenty events.
const SECOND_HAS_ALL: &str = "SELECT count(*) FROM relay_mark
                              WHERE is_current AND position = 20 AND (SELECT count(*) FROM relay_mark) = 2";

impl Node {
    /// Relays until everything is published there, and ends.
    async fn relay_once(&mut self, settings: &KafkaSettings) {
        let relay = self.spawn(self.relay(settings));
        let (prefix, pool) = (settings.prefix.clone(), self.pool.clone());
        until("the relay is at this stream", async || {
            self.log().stream().await.is_ok_and(|stream| stream.prefix == prefix)
        })
        .await;
        until_published(&pool).await;
        relay.abort();
        until("the relay is gone", async || leader(&pool).await.is_none()).await;
    }

    async fn positions(&self) -> Vec<i64> {
        (1..=number(&self.pool, "SELECT position FROM log_head").await).collect()
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn another_prefix_gets_the_whole_log_and_the_former_one_goes_on_from_its_mark(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let former = settings();
    node.write_chats(5, 4).await;
    node.relay_once(&former).await;

    let other = KafkaSettings { prefix: format!("test-{}", new_id()), ..former.clone() };
    node.write_chats(5, 2).await;
    node.relay_once(&other).await;
    assert_first_occurrences_in_order(&kcat(&other, "chat").await, &(1..=30).collect::<Vec<_>>());

    node.write_chats(1, 3).await;
    node.relay_once(&former).await;
    let seen = kcat(&former, "chat").await;
    assert_eq!(seen.len(), 33, "what was there before is not published again");
    assert_first_occurrences_in_order(&seen, &(1..=33).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn another_cluster_gets_the_whole_log(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let former = settings();
    node.write_chats(5, 4).await;
    node.relay_once(&former).await;

    let broker = Broker::absent();
    broker.start().await;
    let other = KafkaSettings { prefix: former.prefix.clone(), ..settings_for(broker.address()) };
    node.spawn(node.relay(&other));
    until("the new cluster has it all", async || number(&node.pool, SECOND_HAS_ALL).await == 1).await;
    assert_first_occurrences_in_order(&kcat(&other, "chat").await, &(1..=20).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_mark_of_before_streams_were_told_apart_goes_on_where_it_was(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    node.write_chats(5, 4).await;
    node.relay_once(&settings).await;
    sqlx::raw_sql("DELETE FROM relay_partitions; UPDATE relay_mark SET cluster_id = '', prefix = ''")
        .execute(&node.pool)
        .await
        .expect("as it was");
    node.write_chats(1, 2).await;
    node.relay_once(&settings).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 22);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_topic_that_was_deleted_gets_its_events_again(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    node.write_chats(10, 4).await;
    node.relay_once(&settings).await;
    delete_topic(&settings, "chat").await;
    node.spawn(node.relay(&settings));
    until("the topic is there again", async || {
        number(&node.pool, "SELECT count(*) FROM relay_partitions WHERE requests > 0").await > 0
    })
    .await;
    until("nothing is owed", async || node.log().stream().await.is_ok_and(|stream| stream.owing == 0)).await;
    until("all chats are there again", async || kcat(&settings, "chat").await.len() >= 40).await;
    assert_first_occurrences_in_order(&kcat(&settings, "chat").await, &node.positions().await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_topic_that_is_deleted_while_the_relay_runs_gets_its_events_again(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    node.spawn(node.relay(&settings));
    node.write_chats(10, 4).await;
    until_published(&node.pool).await;
    delete_topic(&settings, "chat").await;
    node.write_chats(2, 2).await;
    // What is published before it is noticed comes again in its place.
    until("all chats are there again", async || {
        let is_there = node.log().stream().await.is_ok_and(|stream| stream.owing == 0 && stream.mark == 44);
        is_there && {
            let positions: std::collections::BTreeSet<i64> =
                kcat(&settings, "chat").await.iter().map(crate::kafka::Seen::position).collect();
            positions.len() == 44
        }
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_emptied_topic_is_reported_and_is_full_again_when_it_is_published_again(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    node.write_chats(10, 4).await;
    node.relay_once(&settings).await;
    empty_topic(&settings, "chat", 16).await;
    assert!(kcat(&settings, "chat").await.is_empty());

    node.spawn(node.relay(&settings));
    until("it is reported", async || {
        let part = node.part("relay").await;
        let problems = part.problems.join("; ");
        part.verdict == Verdict::Degraded && problems.contains("ayushma stream republish --type chat")
    })
    .await;
    assert!(node.log().republish(&[AggregateType::Chat], 0).await.expect("asked") > 0);
    until("it is done", async || node.log().stream().await.is_ok_and(|stream| stream.owing == 0)).await;
    assert_first_occurrences_in_order(&kcat(&settings, "chat").await, &node.positions().await);
    until("all is well", async || node.part("relay").await.verdict == Verdict::Ok).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_published_again_comes_in_order_beside_what_is_new(_: PgPoolOptions, options: PgConnectOptions) {
    let mut nodes = [Node::start(&options).await, Node::start(&options).await];
    let settings = settings();
    nodes[0].write_chats(20, 5).await;
    for node in &mut nodes {
        node.spawn(node.relay(&settings));
    }
    until_published(&nodes[0].pool).await;
    // By whichever process is not elected, as a command would.
    nodes[1].log().republish(&[], 41).await.expect("asked");
    nodes[0].write_chats(5, 4).await;
    until("it is done", async || {
        nodes[0].log().stream().await.is_ok_and(|stream| stream.owing == 0 && stream.mark == 120)
    })
    .await;
    let seen = kcat(&settings, "chat").await;
    assert_first_occurrences_in_order(&seen, &(1..=120).collect::<Vec<_>>());
    for position in 1..=100 {
        let times = seen.iter().filter(|record| record.position() == position).count();
        assert_eq!(times, if position <= 40 { 1 } else { 2 }, "{position}");
    }
}
