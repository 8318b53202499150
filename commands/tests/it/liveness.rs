//! Whoever follows the log is seen to live, or missed within ten seconds, and what it has applied is held against the log.

use std::{sync::Arc, time::Duration};

use commands::event_log::{Counted, Counting, Expected, PartStatus, Progress, Verdict, run_relay, status};
use domain::AggregateType;
use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::Instant;

use crate::{
    consuming::{Fault, Tally},
    kafka::{Broker, settings_for},
    support::{Node, new_id, until},
};

const BOUND: Duration = Duration::from_secs(10);

impl Node {
    pub(crate) async fn part(&self, name: &'static str) -> PartStatus {
        let is_relay = name == "relay";
        let projections = if is_relay { vec![] } else { vec![name] };
        let expected = Expected { projections, relay: is_relay, ..Expected::default() };
        let status = status(&self.pool, &expected, Counting::Yes).await.expect("the database is there");
        status.parts.into_iter().find(|part| part.name == name).expect("it was asked for")
    }

    async fn until_alive(&self, name: &'static str) {
        until("it gives a sign of life", async || self.part(name).await.verdict == Verdict::Ok).await;
    }

    /// Fails unless the part is reported in time.
    async fn reported_in_time(&self, name: &'static str, since: Instant) -> String {
        until("it is reported", async || self.part(name).await.verdict == Verdict::Failing).await;
        assert!(since.elapsed() <= BOUND, "reported after {:?}", since.elapsed());
        self.part(name).await.problems.join("; ")
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_dead_consumer_is_reported_although_nothing_moves(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    assert_eq!(node.part("mortal").await.problems, ["no process does it"]);
    let following =
        node.log().clone().follow(Arc::new(Tally::new("mortal", &[AggregateType::Chat])), None, Progress::default());
    let task = node.spawn(following);
    node.until_alive("mortal").await;
    // Silence is no sign of death: it makes its rounds although there is nothing to do.
    for _ in 0..2 {
        sqlx::query("UPDATE heartbeats SET beat_at = beat_at - interval '1 minute' WHERE name = 'mortal'")
            .execute(&node.pool)
            .await
            .expect("changed");
        assert_eq!(node.part("mortal").await.verdict, Verdict::Failing);
        node.until_alive("mortal").await;
    }

    task.abort();
    let problems = node.reported_in_time("mortal", Instant::now()).await;
    assert!(problems.contains("no sign of life"), "{problems}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stuck_consumer_is_reported(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    let following =
        node.log().clone().follow(Arc::new(Tally::new("stuck", &[AggregateType::Chat])), None, Progress::default());
    node.spawn(following);
    node.until_alive("stuck").await;

    let mut other = PgConnection::connect_with(&options).await.expect("connected");
    let mut lock = other.begin().await.expect("begun");
    sqlx::query("LOCK TABLE tally").execute(&mut *lock).await.expect("locked");
    let since = Instant::now();
    node.start_chat(new_id()).await.expect("new");
    node.reported_in_time("stuck", since).await;

    lock.rollback().await.expect("released");
    node.until_alive("stuck").await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_consumer_that_fails_again_and_again_is_reported(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    let consumer = Arc::new(Tally::failing("failing", 1, u32::MAX, Fault::OfTheMoment));
    node.spawn(node.log().clone().follow(consumer.clone(), None, Progress::default()));
    node.until_alive("failing").await;
    let since = Instant::now();
    node.start_chat(new_id()).await.expect("new");
    node.reported_in_time("failing", since).await;
    consumer.mend();
    node.until_alive("failing").await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_consumer_has_applied_is_counted_against_the_log(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(3, 4).await;
    let consumer = Arc::new(Tally::new("counted", &[AggregateType::Chat]));
    node.log().catch_up(consumer.clone(), &Progress::default()).await.expect("consumed");
    node.write_chats(1, 5).await;
    let reading = node.part("counted").await.reading.expect("it follows the log");
    assert_eq!((reading.position, reading.applied), (12, 12));
    assert_eq!(reading.counted, Some(Counted { lag_events: 5, expected: 12 }));

    node.spawn(node.log().clone().follow(consumer, None, Progress::default()));
    node.until_alive("counted").await;
    let reading = node.part("counted").await.reading.expect("it follows the log");
    assert_eq!(reading.counted, Some(Counted { lag_events: 0, expected: 17 }));

    // It lives and nothing lags, but an event was never applied.
    sqlx::query("UPDATE checkpoints SET applied = applied - 1 WHERE applied > 0 AND consumer = 'counted'")
        .execute(&node.pool)
        .await
        .expect("changed");
    let part = node.part("counted").await;
    assert_eq!(part.verdict, Verdict::Failing);
    assert!(part.problems[0].contains("where the log has 17"), "{:?}", part.problems);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_process_that_has_just_started_is_alive_at_once(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    // The time to write signs of life has just come: the next regular one is two seconds away.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    node.spawn(node.log().clone().follow(
        Arc::new(Tally::new("fresh", &[AggregateType::Chat])),
        None,
        Progress::default(),
    ));
    node.until_alive("fresh").await;
    assert!(started.elapsed() < Duration::from_millis(1_200), "{:?}", started.elapsed());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_several_processes_the_silent_one_is_named(_: PgPoolOptions, options: PgConnectOptions) {
    let mut nodes = [Node::start(&options).await, Node::start(&options).await];
    Tally::make_table(&nodes[0].pool).await;
    let mut tasks = Vec::new();
    for node in &mut nodes {
        let following = node.log().clone().follow(
            Arc::new(Tally::new("shared", &[AggregateType::Chat])),
            None,
            Progress::default(),
        );
        tasks.push(node.spawn(following));
    }
    nodes[0].until_alive("shared").await;
    until("both give signs of life", async || {
        crate::support::number(&nodes[0].pool, "SELECT count(*) FROM heartbeats WHERE name = 'shared'").await == 2
    })
    .await;
    tasks[1].abort();
    until("it is missed", async || nodes[0].part("shared").await.verdict == Verdict::Degraded).await;
    // One that ends in good order is not.
    nodes[1].log().heart().stop(&nodes[1].pool).await.expect("removed");
    assert_eq!(nodes[0].part("shared").await.verdict, Verdict::Ok);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_relay_whose_broker_is_away_is_reported(_: PgPoolOptions, options: PgConnectOptions) {
    let broker = Broker::absent();
    broker.start().await;
    let settings = settings_for(broker.address());
    let mut node = Node::start(&options).await;
    node.write_chats(2, 2).await;
    let relay = run_relay(node.pool.clone(), settings, node.log().head());
    node.spawn(relay);
    until("the log is published and the relay lives", async || {
        let part = node.part("relay").await;
        part.verdict == Verdict::Ok && part.reading.is_some_and(|it| it.position == 4)
    })
    .await;
    broker.stop().await;
    let since = Instant::now();
    node.write_chats(1, 2).await;
    node.reported_in_time("relay", since).await;
    broker.start().await;
    node.until_alive("relay").await;
}
