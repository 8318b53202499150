//! Consumers whose database loses what they did last, or whose process stalls in the middle of it.

use std::sync::Arc;

use commands::event_log::Progress;
use domain::AggregateType;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::Instant;

use crate::{
    consuming::{Tally, assert_each_once, tallied},
    proxy::{COMMIT, Fault, Proxy},
    support::{Node, new_id, until},
};

/// A consumer that has made rows of three events of a chat, fed from the log.
async fn consumed(options: &PgConnectOptions) -> (Node, uuid::Uuid) {
    let mut node = Node::start(options).await;
    Tally::make_table(&node.pool).await;
    node.spawn(node.log().clone().follow(
        Arc::new(Tally::new("view", &[AggregateType::Chat])),
        None,
        Progress::default(),
    ));
    let chat = node.write_chats(1, 3).await[0];
    until("all is consumed", async || tallied(&node.pool, "view").await.len() == 3).await;
    (node, chat)
}

/// What a crash of the server does to a transaction that has not waited for the disk.
async fn take_back(pool: &PgPool) {
    let mut tx = pool.begin().await.expect("begun");
    sqlx::query("DELETE FROM tally WHERE position > 1").execute(&mut *tx).await.expect("deleted");
    sqlx::query("UPDATE checkpoints SET position = 1 WHERE position > 1").execute(&mut *tx).await.expect("moved");
    tx.commit().await.expect("committed");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_crash_took_back_is_consumed_again(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, _) = consumed(&options).await;
    take_back(&node.pool).await;
    until("all is consumed again", async || tallied(&node.pool, "view").await.len() == 3).await;
    assert_each_once(&node.pool, "view", 3).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn later_events_do_not_pass_over_what_a_crash_took_back(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, chat) = consumed(&options).await;
    take_back(&node.pool).await;
    node.retitle(chat, "Later").await;
    until("all is consumed", async || tallied(&node.pool, "view").await.len() >= 4).await;
    assert_each_once(&node.pool, "view", 4).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_consumer_that_stalls_in_its_transaction_does_not_stop_that_of_another_process(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let proxy = Proxy::start(&options).await;
    let (mut stalled, mut healthy) = (Node::start(&proxy.options).await, Node::start(&options).await);
    Tally::make_table(&healthy.pool).await;
    let consumer = || Arc::new(Tally::new("view", &[AggregateType::Chat]));
    stalled.spawn(stalled.log().clone().follow(consumer(), None, Progress::default()));
    healthy.start_chat(new_id()).await.expect("the chat is new");
    until("it consumes", async || tallied(&healthy.pool, "view").await.len() == 1).await;

    proxy.arm(COMMIT, Fault::Stall);
    healthy.start_chat(new_id()).await.expect("the chat is new");
    until("it stalls", async || proxy.is_sprung()).await;
    let begun = Instant::now();
    healthy.spawn(healthy.log().clone().follow(consumer(), None, Progress::default()));
    until("the other has taken over", async || tallied(&healthy.pool, "view").await.len() == 2).await;
    assert!(begun.elapsed().as_secs() < 8, "{:?}", begun.elapsed());
    assert_each_once(&healthy.pool, "view", 2).await;
}
