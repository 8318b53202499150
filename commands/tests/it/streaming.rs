//! Consumers that are fed through Kafka: each event once in effect, and none lost with the stream.

use std::sync::Arc;

use commands::documents::EmbeddingHandler;
use commands::event_log::{KafkaSettings, Progress, partition_of, run_relay};
use domain::AggregateType;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::{
    consuming::{Tally, assert_each_once, tallied},
    kafka::{Forged, kcat, remove_records, settings, settings_for, until_published},
    support::{Node, new_id, until},
};

impl Node {
    fn follow_stream(&mut self, name: &'static str, settings: &KafkaSettings) -> AbortHandle {
        let consumer = Arc::new(Tally::new(name, &[AggregateType::Chat]));
        self.spawn(self.log().clone().follow(consumer, Some(settings.clone()), Progress::default()))
    }

    fn start_relay(&mut self, settings: &KafkaSettings) -> AbortHandle {
        self.spawn(run_relay(self.pool.clone(), settings.clone(), self.log().head()))
    }

    async fn log_id(&self) -> Uuid {
        sqlx::query_scalar("SELECT log_id FROM log_head").fetch_one(&self.pool).await.expect("one")
    }

    /// A record at the end of an aggregate's partition that is in no log: whoever has it, has it from Kafka, and everything before it.
    async fn forge(&self, aggregate: Uuid, position: i64, previous: i64) -> Forged {
        let partition = partition_of(&aggregate.to_string(), 16);
        Forged { log_id: self.log_id().await, aggregate, partition, position, previous }
    }

    async fn until_tallied(&self, name: &str, position: i64) {
        until("the consumer comes so far", async || tallied(&self.pool, name).await.contains(&position)).await;
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn each_event_of_the_stream_takes_effect_once(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings();
    let mut nodes = [Node::start(&options).await, Node::start(&options).await];
    Tally::make_table(&nodes[0].pool).await;
    for node in &mut nodes {
        node.start_relay(&settings);
        // They share the partitions, and change owners while events flow.
        node.follow_stream("shared", &settings);
    }
    let chats = futures::future::join_all(nodes.iter().map(|node| node.write_chats(15, 6))).await;
    let node = &nodes[0];
    until("all is consumed", async || tallied(&node.pool, "shared").await.len() >= 180).await;
    assert_each_once(&node.pool, "shared", 180).await;

    until_published(&node.pool).await;
    node.forge(chats[0][0], 1_000, 0).await.send(&settings).await;
    node.until_tallied("shared", 1_000).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stream_that_is_delivered_again_changes_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings();
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    let chat = new_id();
    node.start_chat(chat).await.expect("new");
    for number in 0..9 {
        node.retitle(chat, &format!("Title {number}")).await;
    }
    node.follow_stream("again", &settings);
    let relay = node.start_relay(&settings);
    node.until_tallied("again", 10).await;
    until_published(&node.pool).await;
    relay.abort();
    // The relay forgets what it has done and publishes everything a second time.
    sqlx::query("UPDATE relay_mark SET position = 0").execute(&node.pool).await.expect("set back");
    node.start_relay(&settings);
    until_published(&node.pool).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 20);

    node.forge(chat, 1_000, 10).await.send(&settings).await;
    node.until_tallied("again", 1_000).await;
    assert_eq!(tallied(&node.pool, "again").await, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_gap_in_the_stream_is_filled_from_the_log(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings();
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    let chat = new_id();
    node.start_chat(chat).await.expect("new");
    for number in 0..7 {
        node.retitle(chat, &format!("Title {number}")).await;
    }
    // Kafka does not have the first six any more, as if its retention had removed them.
    node.start_relay(&settings);
    until_published(&node.pool).await;
    let partition = partition_of(&chat.to_string(), 16);
    remove_records(&settings, "chat", partition, 6).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 2);

    node.follow_stream("gap", &settings);
    node.until_tallied("gap", 8).await;
    assert_eq!(tallied(&node.pool, "gap").await, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn records_that_are_no_events_of_this_log_are_ignored(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings();
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    let chat = new_id();
    node.start_chat(chat).await.expect("new");
    node.start_relay(&settings);
    until_published(&node.pool).await;

    let forged = node.forge(chat, 500, 1).await;
    forged.send_rubbish(&settings).await;
    Forged { log_id: new_id(), ..forged }.send(&settings).await;
    node.forge(chat, 1_000, 1).await.send(&settings).await;
    node.follow_stream("strict", &settings);
    node.until_tallied("strict", 1_000).await;
    assert_eq!(tallied(&node.pool, "strict").await, [1, 1_000]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_a_broker_events_come_from_the_log(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings_for("127.0.0.1:1".to_owned());
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(5, 4).await;
    node.follow_stream("alone", &settings);
    until("the old ones are consumed", async || tallied(&node.pool, "alone").await.len() >= 20).await;
    node.write_chats(5, 4).await;
    until("the new ones are consumed", async || tallied(&node.pool, "alone").await.len() >= 40).await;
    assert_each_once(&node.pool, "alone", 40).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_documents_event_that_comes_through_kafka_triggers_its_embedding(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let settings = settings();
    let mut node = Node::start(&options).await;
    node.start_chat(new_id()).await.expect("new");
    node.start_relay(&settings);
    until_published(&node.pool).await;

    // In no log: the handler can have it from Kafka only.
    let document = new_id();
    let payload = serde_json::json!({
        "type": "Added", "project_id": new_id(), "title": "Zinc", "document_type": "text", "text_content": "14 days",
    });
    node.forge(document, 1_000, 0).await.send_as(&settings, "document", "Added", &payload.to_string()).await;
    let log = node.log().clone();
    node.spawn(log.follow(Arc::new(EmbeddingHandler), Some(settings.clone()), Progress::default()));

    until("the embedding waits to be done", async || {
        let waiting = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE kind = 'embed_document' AND subject_id = $1");
        let waiting: i64 = waiting.bind(document).fetch_one(&node.pool).await.expect("jobs can be counted");
        waiting == 1
    })
    .await;
}
