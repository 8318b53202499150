//! Consumers that are fed from the log: each event once in effect.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use commands::event_log::{ConsumerError, EventConsumer, EventLog, Progress};
use domain::{AggregateType, envelope::RecordedEvent};
use parking_lot::Mutex;
use sqlx::{
    PgPool, PgTransaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::Instant;

use crate::support::{Node, new_id, number, until};

/// Writes a row for every event. Nothing keeps it from writing one twice.
pub(crate) struct Tally {
    name: &'static str,
    types: &'static [AggregateType],
    /// After it has written the row.
    failure: Mutex<Option<Failure>>,
}

/// When a consumer fails, and how.
#[derive(Clone, Copy)]
pub(crate) struct Failure {
    position: i64,
    times: u32,
    fault: Fault,
}

#[derive(Clone, Copy)]
pub(crate) enum Fault {
    OfTheEvent,
    OfTheMoment,
}

impl Tally {
    pub(crate) const fn new(name: &'static str, types: &'static [AggregateType]) -> Self {
        Self { name, types, failure: Mutex::new(None) }
    }

    pub(crate) const fn failing(name: &'static str, position: i64, times: u32, fault: Fault) -> Self {
        Self { name, types: &[AggregateType::Chat], failure: Mutex::new(Some(Failure { position, times, fault })) }
    }

    /// Does not fail any more.
    pub(crate) fn mend(&self) {
        *self.failure.lock() = None;
    }

    pub(crate) async fn make_table(pool: &PgPool) {
        sqlx::query(
            "CREATE TABLE tally (row bigserial, consumer text, position bigint, aggregate uuid, sequence bigint)",
        )
        .execute(pool)
        .await
        .expect("made");
    }
}

#[async_trait]
impl EventConsumer for Tally {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        self.types
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        sqlx::query("INSERT INTO tally (consumer, position, aggregate, sequence) VALUES ($1, $2, $3, $4)")
            .bind(self.name)
            .bind(event.position)
            .bind(event.aggregate_id)
            .bind(event.sequence)
            .execute(&mut **tx)
            .await?;
        let mut failure = self.failure.lock();
        match failure.as_mut().filter(|it| it.position == event.position && it.times > 0) {
            None => Ok(()),
            Some(failure) => {
                failure.times -= 1;
                Err(match failure.fault {
                    Fault::OfTheEvent => ConsumerError::Effect("this event is not liked".into()),
                    Fault::OfTheMoment => sqlx::Error::PoolTimedOut.into(),
                })
            }
        }
    }
}

/// Keeps what it was given.
struct Recorder {
    types: &'static [AggregateType],
    events: Mutex<Vec<RecordedEvent>>,
}

#[async_trait]
impl EventConsumer for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        self.types
    }

    async fn consume(&self, event: &RecordedEvent, _: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.events.lock().push(event.clone());
        Ok(())
    }
}

/// All events of some types, decoded.
pub(crate) async fn recorded(node: &Node, types: &'static [AggregateType]) -> Vec<RecordedEvent> {
    recorded_by(node.log(), types).await
}

pub(crate) async fn recorded_by(log: &EventLog, types: &'static [AggregateType]) -> Vec<RecordedEvent> {
    let recorder = Arc::new(Recorder { types, events: Mutex::default() });
    log.catch_up(recorder.clone(), &Progress::default()).await.expect("every event can be decoded");
    recorder.events.lock().clone()
}

/// The positions that a consumer has made rows of, in the order of the rows.
pub(crate) async fn tallied(pool: &PgPool, consumer: &str) -> Vec<i64> {
    sqlx::query_scalar("SELECT position FROM tally WHERE consumer = $1 ORDER BY row")
        .bind(consumer)
        .fetch_all(pool)
        .await
        .expect("readable")
}

/// Fails unless the consumer has made one row of each event, in every aggregate in the order of its events.
pub(crate) async fn assert_each_once(pool: &PgPool, consumer: &str, events: i64) {
    let mut positions = tallied(pool, consumer).await;
    positions.sort_unstable();
    assert_eq!(positions, (1..=events).collect::<Vec<_>>());
    let disordered: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM tally AS a JOIN tally AS b USING (consumer, aggregate)
         WHERE consumer = $1 AND a.row < b.row AND a.sequence >= b.sequence",
    )
    .bind(consumer)
    .fetch_one(pool)
    .await
    .expect("readable");
    assert_eq!(disordered, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_processes_with_one_consumer_make_each_event_take_effect_once(_: PgPoolOptions, options: PgConnectOptions) {
    let mut nodes = [Node::start(&options).await, Node::start(&options).await];
    Tally::make_table(&nodes[0].pool).await;
    for node in &mut nodes {
        node.spawn(node.log().clone().follow(
            Arc::new(Tally::new("twin", &[AggregateType::Chat])),
            None,
            Progress::default(),
        ));
    }
    futures::future::join_all(nodes.iter().map(|node| node.write_chats(10, 8))).await;

    let pool = &nodes[0].pool;
    until("all is consumed", async || tallied(pool, "twin").await.len() >= 160).await;
    assert_each_once(pool, "twin", 160).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_consumer_that_is_started_late_begins_at_the_beginning(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    // More than fit into one transaction of a consumer.
    node.write_chats(30, 20).await;
    node.spawn(node.log().clone().follow(
        Arc::new(Tally::new("late", &[AggregateType::Chat])),
        None,
        Progress::default(),
    ));

    until("all is consumed", async || tallied(&node.pool, "late").await.len() >= 600).await;
    assert_each_once(&node.pool, "late", 600).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn catching_up_twice_changes_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(5, 5).await;
    for _ in 0..2 {
        let consumer = Arc::new(Tally::new("again", &[AggregateType::Chat]));
        node.log().catch_up(consumer, &Progress::default()).await.expect("consumed");
    }
    assert_each_once(&node.pool, "again", 25).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_consumer_that_is_interrupted_leaves_neither_rows_nor_a_moved_checkpoint(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(3, 4).await;
    let consumer = Arc::new(Tally::failing("failing", 7, 1, Fault::OfTheMoment));
    let progress = Progress::default();

    assert!(matches!(node.log().catch_up(consumer.clone(), &progress).await, Err(ConsumerError::Database(_))));
    assert_eq!(tallied(&node.pool, "failing").await, [0; 0]);
    assert_eq!(number(&node.pool, "SELECT max(position) FROM checkpoints").await, 0);

    node.log().catch_up(consumer, &progress).await.expect("it fails once only");
    assert_each_once(&node.pool, "failing", 12).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_consumer_that_was_interrupted_goes_on_by_itself(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    let consumer = Arc::new(Tally::failing("failing", 7, 2, Fault::OfTheMoment));
    node.spawn(node.log().clone().follow(consumer, None, Progress::default()));
    node.write_chats(3, 4).await;

    until("all is consumed", async || tallied(&node.pool, "failing").await.len() >= 12).await;
    assert_each_once(&node.pool, "failing", 12).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_reader_waits_until_its_write_has_been_consumed_here_or_elsewhere(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let (mut here, elsewhere) = (Node::start(&options).await, Node::start(&options).await);
    Tally::make_table(&here.pool).await;
    let progress = Progress::default();
    here.spawn(here.log().clone().follow(Arc::new(Tally::new("view", &[AggregateType::Chat])), None, progress.clone()));

    // The process that consumes is told by its consumer, the other looks at the checkpoints.
    for (node, progress) in [(&here, progress), (&elsewhere, Progress::default())] {
        let written = node.start_chat(new_id()).await.expect("new").positions;
        let patience = Duration::from_secs(10);
        let reached = progress.wait_for(&node.pool, &[("view", &[AggregateType::Chat])], &written, patience).await;
        assert!(reached.expect("readable"));
        assert!(tallied(&node.pool, "view").await.contains(&written[0].position));
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_reader_stops_waiting_when_its_patience_ends(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let written = node.start_chat(new_id()).await.expect("new").positions;
    let (begun, patience) = (Instant::now(), Duration::from_millis(300));
    let progress = Progress::default();
    let reached = progress.wait_for(&node.pool, &[("nobody", &[AggregateType::Chat])], &written, patience).await;
    assert!(!reached.expect("readable"));
    assert!(begun.elapsed() >= patience);
    // Consumers of other aggregates are not waited for.
    let reached = progress.wait_for(&node.pool, &[("nobody", &[AggregateType::User])], &written, patience).await;
    assert!(reached.expect("readable"));
}

/// Rests after each batch, and writes down how many events there were in it.
struct Rester(Mutex<Vec<usize>>);

#[async_trait]
impl EventConsumer for Rester {
    fn name(&self) -> &'static str {
        "rester"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Chat]
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn consume(&self, _: &RecordedEvent, _: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        Ok(())
    }

    async fn consume_all(&self, events: &[RecordedEvent], _: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        self.0.lock().push(events.len());
        Ok(())
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_consumer_that_rests_takes_together_what_came_meanwhile(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let rester = Arc::new(Rester(Mutex::default()));
    node.spawn(node.log().clone().follow(rester.clone(), None, Progress::default()));
    let batches = || rester.0.lock().clone();
    let chat = new_id();
    node.start_chat(chat).await.expect("new");
    until("the first event is consumed", async || batches() == [1]).await;
    for number in 0..10 {
        node.retitle(chat, &format!("Title {number}")).await;
    }
    until("the others are consumed", async || batches().iter().sum::<usize>() == 11).await;
    assert_eq!(batches(), [1, 10]);
}
