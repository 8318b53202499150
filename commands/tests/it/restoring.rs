//! A log that was put back to an older state: nobody who has seen more goes on, until somebody accepts it.

use std::{sync::Arc, time::Duration};

use commands::{
    clock::{SharedClock, SystemClock},
    event_log::{AppendError, ConsumerError, HeadsError, IncarnationError, Progress, run_relay},
    execute::ExecuteError,
};
use domain::AggregateType;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    consuming::Tally,
    kafka::{delete_topic, kcat, make_topic, settings, until_interrupted, until_published},
    signing::{FITTING_END, Signing},
    support::{Node, new_id, number, tamper, until},
};

/// Puts the log back to a position, as a backup of it was.
async fn put_back(pool: &PgPool, position: i64) {
    tamper(pool, &format!("DELETE FROM events WHERE position > {position}; {FITTING_END}")).await;
}

fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_process_ends_when_its_log_was_put_back_or_exchanged(_: PgPoolOptions, options: PgConnectOptions) {
    for sql in [
        format!("DELETE FROM events WHERE position > 3; {FITTING_END}"),
        "UPDATE log_head SET log_id = gen_random_uuid()".to_owned(),
    ] {
        let node = Node::start(&options).await;
        node.write_chats(1, 6).await;
        // It has to have looked at the log since.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        tamper(&node.pool, &sql).await;
        until("nothing is appended any more", async || {
            let refused = node.start_chat(new_id()).await;
            matches!(refused, Err(ExecuteError::Append(AppendError::Closed)))
        })
        .await;
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_checkpoint_beyond_the_log_or_of_another_one_stops_its_consumer(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    Tally::make_table(&signing.node.pool).await;
    let seen = Arc::new(Tally::new("seen", &[AggregateType::Chat]));
    let catch_up = async |node: &Node| node.log().catch_up(seen.clone(), &Progress::default()).await;
    catch_up(&signing.node).await.expect("all is well");
    put_back(&signing.node.pool, 20).await;
    let node = Node::start(&options).await;
    let refused = catch_up(&node).await.expect_err("it has seen more");
    assert!(matches!(refused, ConsumerError::Fenced(IncarnationError::Ahead { end: 20, .. })), "{refused:?}");
    assert!(commands::error_chain(&refused).contains("`ayushma log restored`"), "{refused:?}");

    let restored = signing.signer.accept_restored(&node.pool, &clock()).await.expect("an older state of the log");
    assert_eq!((restored.begins.position, restored.set_back), (20, vec!["seen".to_owned()]));
    let node = Node::start(&options).await;
    catch_up(&node).await.expect("its checkpoint was set back");

    tamper(&node.pool, "UPDATE checkpoints SET log_id = gen_random_uuid(), position = 1").await;
    let refused = catch_up(&node).await.expect_err("that is another log's");
    assert!(matches!(refused, ConsumerError::Fenced(IncarnationError::Foreign(_))), "{refused:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_log_that_was_put_back_goes_on_once_it_is_accepted(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    put_back(&signing.node.pool, 20).await;
    let restored = signing.signer.accept_restored(&signing.node.pool, &clock()).await.expect("an older state");
    assert_ne!(restored.before, restored.begins.log_id);

    let node = Node::start(&options).await;
    signing.signer.check(&node.pool).await.expect("it is the log now");
    let found = signing.audit().await;
    assert_eq!((found.fault, found.proved.map(|head| head.position)), (None, Some(20)));
    node.write_chats(2, 5).await;
    assert!(signing.sign().await);
    let found = signing.audit().await;
    assert_eq!((found.fault, found.proved.map(|head| head.position)), (None, Some(30)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_altered_log_is_not_accepted_as_restored(_: PgPoolOptions, options: PgConnectOptions) {
    let signing = Signing::with_a_log(&options).await;
    put_back(&signing.node.pool, 20).await;
    let accept = async || signing.signer.accept_restored(&signing.node.pool, &clock()).await;
    tamper(&signing.node.pool, "UPDATE events SET hash = '\\x00' WHERE position = 12").await;
    let refused = accept().await;
    assert!(matches!(refused, Err(HeadsError::Fenced(IncarnationError::Altered(12)))), "{refused:?}");
    tamper(&signing.node.pool, "DELETE FROM events WHERE position > 18").await;
    let refused = accept().await;
    assert!(matches!(refused, Err(HeadsError::Fenced(IncarnationError::WrongEnd(20)))), "{refused:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_relay_waits_at_a_mark_beyond_the_log_and_publishes_a_restored_log_as_another(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let signing = Signing::with_a_log(&options).await;
    let settings = settings();
    let mut before = Node::start(&options).await;
    before.spawn(run_relay(before.pool.clone(), settings.clone(), before.log().head()));
    until_published(&before.pool).await;
    drop(before);
    put_back(&signing.node.pool, 20).await;

    let mut node = Node::start(&options).await;
    node.spawn(run_relay(node.pool.clone(), settings.clone(), node.log().head()));
    until_interrupted(&node.pool, 2).await;
    assert_eq!(number(&node.pool, "SELECT position FROM relay_mark").await, 30);
    assert_eq!(kcat(&settings, "chat").await.len(), 30);

    signing.signer.accept_restored(&node.pool, &clock()).await.expect("an older state");
    until_published(&node.pool).await;
    let log_id: uuid::Uuid =
        sqlx::query_scalar("SELECT log_id FROM log_head").fetch_one(&node.pool).await.expect("one");
    let records = kcat(&settings, "chat").await;
    let ours = records.iter().filter(|record| record.header("ce_logid") == log_id.to_string());
    assert_eq!((records.len(), ours.count()), (50, 20));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_topic_with_fewer_partitions_than_the_log_stops_the_relay_until_it_is_made_anew(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    make_topic(&settings, "chat", 4).await;
    node.write_chats(4, 3).await;
    node.spawn(run_relay(node.pool.clone(), settings.clone(), node.log().head()));
    until_interrupted(&node.pool, 2).await;
    assert_eq!(number(&node.pool, "SELECT position FROM relay_mark").await, 0);
    assert!(kcat(&settings, "chat").await.is_empty());

    delete_topic(&settings, "chat").await;
    until_published(&node.pool).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 12);
}
