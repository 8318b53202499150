//! Aggregates with many events, and with many commands at once.

use commands::execute::ExecuteError;
use domain::chat::{Chat, ChatCommand, ChatError, ChatEvent};
use futures::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{Node, assert_log_is_sound, new_id, number, system, title};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_hundred_commands_at_once_on_one_aggregate_all_succeed(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chat = new_id();
    node.start_chat(chat).await.expect("a new chat can be started");
    let titles: Vec<String> = (0..100).map(|number| format!("Title {number}")).collect();
    join_all(titles.iter().map(|title| node.retitle(chat, title))).await;
    assert_eq!(number(&node.pool, "SELECT count(*) FROM events").await, 101);
    assert_log_is_sound(&node.pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_long_aggregate_that_another_process_has_changed_is_seen_as_it_is_now(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let nodes = [Node::start(&options).await, Node::start(&options).await];
    let chat = nodes[0].write_chats(1, 50).await[0];
    nodes[0].retitle(chat, "Known to the first").await;
    nodes[1].retitle(chat, "Known to the second").await;
    nodes[0].retitle(chat, "After both").await;
    nodes[1].commands.execute::<Chat>(chat, ChatCommand::Delete, &system()).await.expect("it is open");

    let command = ChatCommand::Retitle(title("Too late"));
    let result = nodes[0].commands.execute::<Chat>(chat, command, &system()).await;
    assert!(matches!(result, Err(ExecuteError::Refused(ChatError::NotFound))), "{result:?}");
    assert_eq!(nodes[0].log().load::<Chat>(chat).await.expect("readable").sequence, 54);
    assert_log_is_sound(&nodes[0].pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_process_would_refuse_by_what_it_has_seen_is_decided_on_what_the_log_says(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let nodes = [Node::start(&options).await, Node::start(&options).await];
    let chat = new_id();
    let retitle = async || {
        let command = ChatCommand::Retitle(title("New"));
        nodes[0].commands.execute::<Chat>(chat, command, &system()).await
    };
    let result = retitle().await;
    assert!(matches!(result, Err(ExecuteError::Refused(ChatError::NotFound))), "{result:?}");
    nodes[1].start_chat(chat).await.expect("a new chat can be started");
    retitle().await.expect("it is there now");
    nodes[1].commands.execute::<Chat>(chat, ChatCommand::Delete, &system()).await.expect("it is open");
    let result = retitle().await;
    assert!(matches!(result, Err(ExecuteError::Refused(ChatError::NotFound))), "{result:?}");
    assert_log_is_sound(&nodes[0].pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_latest_events_of_some_types_come_in_their_order(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chat = node.write_chats(1, 5).await[0];
    node.commands.execute::<Chat>(chat, ChatCommand::Delete, &system()).await.expect("it is open");
    let latest = async |limit| {
        let events = node.log().latest_events_of::<Chat>(chat, &["Started", "Retitled"], limit).await;
        events.expect("readable")
    };
    let expected = ["Title 3", "Title 4"].map(|text| ChatEvent::Retitled { title: title(text).into() });
    assert_eq!(latest(2).await, expected);
    assert_eq!(latest(100).await.len(), 5);
}
