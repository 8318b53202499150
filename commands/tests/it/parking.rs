//! Events that cannot be applied: parked with the later ones of their aggregate, while everything else goes on.

use std::sync::Arc;

use commands::event_log::{ParkedEvent, Progress, Retried, parked_events};
use domain::AggregateType;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::{
    consuming::{Fault, Tally, assert_each_once, tallied},
    support::{Node, stored_events, until},
};

const FOR_EVER: u32 = u32::MAX;

/// A consumer that stumbles over an event, whatever it is tried with.
fn stumbling(name: &'static str, position: i64) -> Arc<Tally> {
    Arc::new(Tally::failing(name, position, FOR_EVER, Fault::OfTheEvent))
}

async fn catch_up(node: &Node, consumer: &Arc<Tally>) {
    node.log().catch_up(consumer.clone(), &Progress::default()).await.expect("what fails is parked");
}

/// Applied, parked and dropped events of a consumer, as its checkpoints count them.
async fn counts(pool: &PgPool, consumer: &str) -> (i64, i64, i64) {
    sqlx::query_as(
        "SELECT coalesce(sum(applied), 0)::bigint, coalesce(sum(parked), 0)::bigint, coalesce(sum(dropped), 0)::bigint
         FROM checkpoints WHERE consumer = $1",
    )
    .bind(consumer)
    .fetch_one(pool)
    .await
    .expect("checkpoints can be read")
}

/// The aggregate of the event at a position, and the positions of its events from there on.
async fn rest_of_aggregate(pool: &PgPool, position: i64) -> (Uuid, Vec<i64>) {
    let events = stored_events(pool).await;
    let aggregate = events.iter().find(|event| event.position == position).expect("stored").aggregate_id.clone();
    let rest = events.iter().filter(|event| event.aggregate_id == aggregate && event.position >= position);
    (aggregate.parse().expect("ids are UUIDs"), rest.map(|event| event.position).collect())
}

/// Changes a stored event as only somebody with the whole database in his hands can.
async fn tamper(pool: &PgPool, position: i64, change: &str) {
    let sql = format!(
        "BEGIN; SET LOCAL session_replication_role = replica; UPDATE events SET {change} WHERE position = {position}; COMMIT"
    );
    sqlx::raw_sql(&sql).execute(pool).await.expect("the tests are a superuser");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_poison_event_is_parked_with_the_later_ones_of_its_aggregate_and_all_others_go_on(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(4, 3).await;
    let consumer = stumbling("poisoned", 6);
    catch_up(&node, &consumer).await;
    let (aggregate, stopped) = rest_of_aggregate(&node.pool, 6).await;
    let others = |end: i64, stopped: &[i64]| (1..=end).filter(|it| !stopped.contains(it)).collect::<Vec<_>>();
    assert_eq!(tallied(&node.pool, "poisoned").await, others(12, &stopped));

    // Later batches, too.
    node.retitle(aggregate, "Later").await;
    node.write_chats(3, 2).await;
    catch_up(&node, &consumer).await;
    let (_, stopped) = rest_of_aggregate(&node.pool, 6).await;
    assert!(stopped.contains(&13));
    let mut applied = tallied(&node.pool, "poisoned").await;
    applied.sort_unstable();
    assert_eq!(applied, others(19, &stopped));
    let parked = i64::try_from(stopped.len()).expect("few");
    assert_eq!(counts(&node.pool, "poisoned").await, (19 - parked, parked, 0));

    let listed = parked_events(&node.pool, None).await.expect("readable");
    let [ParkedEvent { consumer, position: 6, error: Some(error), waiting, dropped_at: None, .. }] = listed.as_slice()
    else {
        panic!("{listed:?}")
    };
    assert_eq!((consumer.as_str(), *waiting), ("poisoned", parked - 1));
    assert!(error.contains("this event is not liked"), "{error}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_retry_applies_parked_events_in_their_order(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(3, 6).await;
    let consumer = stumbling("mended", 5);
    catch_up(&node, &consumer).await;
    let retry = async || node.log().retry_parked(consumer.clone(), None).await.expect("the database is there");
    let before = counts(&node.pool, "mended").await;
    assert!(before.1 > 0);

    assert_eq!(retry().await, Retried { applied: 0, failed: 1 });
    assert_eq!(counts(&node.pool, "mended").await, before);

    consumer.mend();
    let parked = usize::try_from(before.1).expect("few");
    assert_eq!(retry().await, Retried { applied: parked, failed: 0 });
    assert_each_once(&node.pool, "mended", 18).await;
    assert_eq!(counts(&node.pool, "mended").await, (18, 0, 0));
    assert_eq!(parked_events(&node.pool, None).await.expect("readable"), []);
    assert_eq!(retry().await, Retried::default());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_the_aggregate_that_is_asked_for_is_tried_again(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(3, 4).await;
    let consumer = stumbling("asked", 2);
    catch_up(&node, &consumer).await;
    let (aggregate, stopped) = rest_of_aggregate(&node.pool, 2).await;
    consumer.mend();
    let retry = async |id| node.log().retry_parked(consumer.clone(), Some(id)).await.expect("the database is there");
    assert_eq!(retry(crate::support::new_id()).await, Retried::default());
    assert_eq!(retry(aggregate).await, Retried { applied: stopped.len(), failed: 0 });
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_dropped_event_counts_as_lost_and_what_waited_behind_it_can_be_retried(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(3, 4).await;
    let consumer = stumbling("lossy", 5);
    catch_up(&node, &consumer).await;
    let (_, stopped) = rest_of_aggregate(&node.pool, 5).await;
    let drop = async |position| node.log().drop_parked("lossy", position).await.expect("the database is there");

    assert!(!drop(1).await, "it was applied");
    assert!(drop(5).await);
    assert!(!drop(5).await, "once is enough");
    let waiting = i64::try_from(stopped.len()).expect("few") - 1;
    assert_eq!(counts(&node.pool, "lossy").await, (11 - waiting, waiting, 1));

    let retried = node.log().retry_parked(consumer.clone(), None).await.expect("the database is there");
    assert_eq!(retried, Retried { applied: stopped.len() - 1, failed: 0 });
    assert_eq!(counts(&node.pool, "lossy").await, (11, 0, 1));
    assert!(!tallied(&node.pool, "lossy").await.contains(&5));
    let listed = parked_events(&node.pool, Some("lossy")).await.expect("readable");
    assert!(matches!(listed.as_slice(), [ParkedEvent { position: 5, dropped_at: Some(_), .. }]), "{listed:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_retry_beside_running_consumers_keeps_every_aggregate_in_order(_: PgPoolOptions, options: PgConnectOptions) {
    let mut nodes = [Node::start(&options).await, Node::start(&options).await];
    Tally::make_table(&nodes[0].pool).await;
    let chats = nodes[0].write_chats(4, 5).await;
    let consumer = stumbling("busy", 3);
    for node in &mut nodes {
        node.spawn(node.log().clone().follow(consumer.clone(), None, Progress::default()));
    }
    let pool = nodes[0].pool.clone();
    until("it is parked", async || counts(&pool, "busy").await.1 > 0).await;

    let writing = async {
        for round in 0..40 {
            for chat in &chats {
                nodes[0].retitle(*chat, &format!("Title {round}")).await;
            }
        }
    };
    let retrying = async {
        consumer.mend();
        for _ in 0..60 {
            nodes[1].log().retry_parked(consumer.clone(), None).await.expect("the database is there");
        }
    };
    futures::future::join(writing, retrying).await;
    until("all is consumed", async || tallied(&pool, "busy").await.len() >= 180).await;
    assert_each_once(&pool, "busy", 180).await;
    assert_eq!(counts(&pool, "busy").await, (180, 0, 0));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_parked_is_tried_again_when_a_process_starts(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(2, 4).await;
    let consumer = stumbling("updated", 3);
    catch_up(&node, &consumer).await;
    consumer.mend();
    node.spawn(node.log().clone().follow(consumer, None, Progress::default()));
    until("all is consumed", async || tallied(&node.pool, "updated").await.len() >= 8).await;
    assert_each_once(&node.pool, "updated", 8).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_interruption_parks_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    node.write_chats(3, 3).await;
    let consumer = Arc::new(Tally::failing("interrupted", 3, 1, Fault::OfTheMoment));
    node.log().catch_up(consumer.clone(), &Progress::default()).await.expect_err("it is interrupted");
    // Also where an event of another chat is at fault, so that they are applied one by one.
    tamper(&node.pool, 1, "event_type = 'Sung'").await;
    let of_another = "SELECT min(position) FROM events
                      WHERE aggregate_id <> (SELECT aggregate_id FROM events WHERE position = 1)";
    let of_another = sqlx::query_scalar(of_another).fetch_one(&node.pool).await.expect("there are several chats");
    let other = Node::start(&options).await;
    let again = Arc::new(Tally::failing("interrupted", of_another, 1, Fault::OfTheMoment));
    other.log().catch_up(again, &Progress::default()).await.expect_err("it is interrupted");
    assert_eq!(counts(&node.pool, "interrupted").await, (0, 0, 0));
    assert_eq!(parked_events(&node.pool, None).await.expect("readable"), []);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_that_cannot_be_read_is_parked_with_what_to_do(_: PgPoolOptions, options: PgConnectOptions) {
    let writer = Node::start(&options).await;
    Tally::make_table(&writer.pool).await;
    for _ in 0..6 {
        writer.write_chats(1, 2).await;
    }
    // The first events of the chats.
    tamper(&writer.pool, 1, "event_type = 'Sung'").await;
    tamper(&writer.pool, 3, "event_version = '77'").await;
    tamper(&writer.pool, 5, r#"payload = '"Asha Nair"'"#).await;
    tamper(&writer.pool, 7, r#"payload = jsonb_set(payload::jsonb, '{title}', '"QXNoYSBOYWly"')::json"#).await;
    tamper(&writer.pool, 9, r#"metadata = '{"actor": "Asha Nair"}'"#).await;

    // Another process: this one still has them in memory.
    let node = Node::start(&options).await;
    catch_up(&node, &Arc::new(Tally::new("reader", &[AggregateType::Chat]))).await;
    assert_eq!(tallied(&node.pool, "reader").await, [11, 12]);
    assert_eq!(counts(&node.pool, "reader").await, (2, 10, 0));
    let listed = parked_events(&node.pool, None).await.expect("readable");
    let errors: Vec<_> = listed.iter().map(|it| (it.position, it.waiting, it.error.as_deref().unwrap_or(""))).collect();
    for (position, says, advice) in [
        (1, "unknown event type Sung", "update the program"),
        (3, "unknown version 77", "update the program"),
        (5, "malformed payload of event Started", "ayushma audit verify"),
        (7, "ciphertext is damaged", "ayushma audit verify"),
        (9, "cannot be read", "ayushma audit verify"),
    ] {
        let (_, waiting, error) = errors.iter().find(|it| it.0 == position).expect("parked");
        assert_eq!(*waiting, 1, "{error}");
        assert!(error.contains(says) && error.contains(advice), "{position}: {error}");
        assert!(!error.contains("Asha"), "{error}");
    }
}

/// What the database says of a row may quote it.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_whose_rows_the_database_refuses_is_parked_without_its_text(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    Tally::make_table(&node.pool).await;
    sqlx::raw_sql("ALTER TABLE tally ADD CONSTRAINT tally_without_three CHECK (position <> 3)")
        .execute(&node.pool)
        .await
        .expect("changed");
    node.write_chats(2, 2).await;
    catch_up(&node, &Arc::new(Tally::new("refused", &[AggregateType::Chat]))).await;
    let listed = parked_events(&node.pool, None).await.expect("readable");
    let [ParkedEvent { position: 3, error: Some(error), .. }] = listed.as_slice() else { panic!("{listed:?}") };
    assert!(error.contains("SQLSTATE 23514, table tally, constraint tally_without_three"), "{error}");
}
