//! Consumers that share their partitions through Kafka: each event once in effect, whatever happens to processes, topics and broker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use commands::event_log::{ConsumerError, EventConsumer, KafkaSettings, Progress, run_relay};
use domain::{AggregateType, envelope::RecordedEvent};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};
use sqlx::{
    PgPool, PgTransaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::watch, task::AbortHandle};

use crate::{
    consuming::{Tally, assert_each_once, tallied},
    kafka::{Broker, settings, settings_for, until_published},
    support::{Node, number, until},
};

/// Stops in the middle of its first transaction, when the checkpoints are moved and a row is written, until it is let go.
struct Paused {
    tally: Tally,
    is_in_the_middle: AtomicBool,
    may_go_on: watch::Receiver<bool>,
}

#[async_trait]
impl EventConsumer for Paused {
    fn name(&self) -> &'static str {
        self.tally.name()
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        self.tally.aggregate_types()
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.tally.consume(event, tx).await?;
        self.is_in_the_middle.store(true, Ordering::SeqCst);
        self.may_go_on.clone().wait_for(|may| *may).await.expect("the test holds the other end");
        Ok(())
    }
}

impl Node {
    fn share(&mut self, consumer: Arc<dyn EventConsumer>, settings: &KafkaSettings) -> AbortHandle {
        self.spawn(self.log().clone().follow(consumer, Some(settings.clone()), Progress::default()))
    }

    fn publish(&mut self, settings: &KafkaSettings) -> AbortHandle {
        self.spawn(run_relay(self.pool.clone(), settings.clone(), self.log().head()))
    }
}

async fn until_all(pool: &PgPool, name: &str, events: i64) {
    let wanted = usize::try_from(events).expect("few");
    until("all is consumed", async || tallied(pool, name).await.len() >= wanted).await;
    assert_each_once(pool, name, events).await;
    assert_eq!(number(pool, "SELECT sum(applied)::bigint FROM checkpoints").await, events);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_zombie_that_was_paused_in_the_middle_writes_nothing_when_it_wakes(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let settings = settings();
    let mut zombie = Node::start(&options.clone().application_name("zombie")).await;
    let mut other = Node::start(&options).await;
    Tally::make_table(&other.pool).await;
    let (let_go, may_go_on) = watch::channel(false);
    let tally = Tally::new("fenced", &[AggregateType::Chat]);
    let paused = Arc::new(Paused { tally, is_in_the_middle: AtomicBool::new(false), may_go_on });
    zombie.share(paused.clone(), &settings);
    other.publish(&settings);
    other.write_chats(8, 3).await;
    until("the zombie is in the middle", async || paused.is_in_the_middle.load(Ordering::SeqCst)).await;

    // Others share its partitions from now on. It holds its checkpoints until the server takes it for dead.
    other.share(Arc::new(Tally::new("fenced", &[AggregateType::Chat])), &settings);
    other.write_chats(8, 3).await;
    until_all(&other.pool, "fenced", 48).await;

    let_go.send(true).expect("the zombie waits");
    other.write_chats(4, 3).await;
    until_all(&other.pool, "fenced", 60).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn processes_that_come_and_go_under_load_change_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings();
    let mut writer = Node::start(&options).await;
    Tally::make_table(&writer.pool).await;
    writer.publish(&settings);
    let start = async || {
        let mut node = Node::start(&options).await;
        node.share(Arc::new(Tally::new("crowd", &[AggregateType::Chat])), &settings);
        node
    };
    let mut crowd = [start().await, start().await, start().await];
    for round in 0..6 {
        writer.write_chats(6, 5).await;
        // The old one is gone with its connections, wherever it was.
        crowd[round % 3] = start().await;
    }
    until_all(&writer.pool, "crowd", 180).await;
}

/// As somebody does who wants to be rid of what is in them.
async fn delete_topics(settings: &KafkaSettings) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().expect("a client");
    let topics: Vec<String> = AggregateType::ALL.iter().map(|name| format!("{}.{name}.v1", settings.prefix)).collect();
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
    for result in admin.delete_topics(&names, &options).await.expect("the broker answers") {
        result.expect("the topic was there");
    }
    // The broker goes on for a moment to know them.
    until("the topics are gone", async || {
        let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10)).expect("the broker answers");
        metadata.topics().iter().all(|topic| !names.contains(&topic.name()))
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn topics_that_are_deleted_and_made_anew_lose_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings();
    let mut node = Node::start(&options).await;
    let pool = node.pool.clone();
    Tally::make_table(&pool).await;
    node.share(Arc::new(Tally::new("anew", &[AggregateType::Chat])), &settings);
    let relay = node.publish(&settings);
    node.write_chats(6, 5).await;
    until_published(&pool).await;
    until_all(&pool, "anew", 30).await;

    relay.abort();
    delete_topics(&settings).await;
    node.write_chats(6, 5).await;
    // It makes the topics anew, and what was in them before is not published again.
    node.publish(&settings);
    until_published(&pool).await;
    node.write_chats(6, 5).await;
    until_published(&pool).await;
    until_all(&pool, "anew", 90).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_broker_that_goes_away_and_comes_back_changes_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let broker = Broker::absent();
    broker.start().await;
    let settings = settings_for(broker.address());
    let mut node = Node::start(&options).await;
    let pool = node.pool.clone();
    Tally::make_table(&pool).await;
    node.share(Arc::new(Tally::new("patient", &[AggregateType::Chat])), &settings);
    node.publish(&settings);
    node.write_chats(6, 5).await;
    until_published(&pool).await;
    until_all(&pool, "patient", 30).await;

    broker.stop().await;
    node.write_chats(6, 5).await;
    until_all(&pool, "patient", 60).await;

    broker.start().await;
    node.write_chats(6, 5).await;
    until_published(&pool).await;
    until_all(&pool, "patient", 90).await;
}
