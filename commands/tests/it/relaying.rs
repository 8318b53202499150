//! The relay: everything, to the right place, in order, by one process at a time, whatever happens.

use std::time::Duration;

use commands::event_log::{KafkaSettings, partition_of, run_relay};
use domain::{
    ids::UserId,
    project::{Project, ProjectCommand, Settings},
    user::User,
    values::{Model, SttEngine, TtsEngine},
};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::{
    kafka::{
        Broker, assert_first_occurrences_in_order, kcat, settings, settings_for, until_interrupted, until_published,
    },
    support::{Node, new_id, number, register, stored_events, system, tamper, title, until},
};

impl Node {
    pub(crate) fn relay(&self, settings: &KafkaSettings) -> impl Future<Output = ()> + Send + 'static {
        run_relay(self.pool.clone(), settings.clone(), self.log().head())
    }
}

pub(crate) async fn create_project(node: &Node, prompt: String) -> uuid::Uuid {
    let id = new_id();
    let settings = Settings {
        title: title("Ward"),
        description: None,
        prompt,
        model: Model::Gpt4Omni,
        stt_engine: SttEngine::Whisper,
        tts_engine: TtsEngine::OpenAi,
        preset_questions: None,
        assistant_id: None,
    };
    let command = ProjectCommand::Create { creator: Some(UserId::new(new_id())), settings };
    node.commands.execute::<Project>(id, command, &system()).await.expect("new");
    id
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_event_is_published_where_and_as_it_should(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    node.write_chats(12, 4).await;
    for name in ["anna", "bert", "carl"] {
        let command = register(name, &format!("{name}@example.com"));
        node.commands.execute::<User>(new_id(), command, &system()).await.expect("new");
    }
    create_project(&node, String::new()).await;
    node.spawn(node.relay(&settings));
    until_published(&node.pool).await;

    let log_id: uuid::Uuid =
        sqlx::query_scalar("SELECT log_id FROM log_head").fetch_one(&node.pool).await.expect("one");
    let stored = stored_events(&node.pool).await;
    for aggregate_type in ["chat", "user", "project"] {
        let seen = kcat(&settings, aggregate_type).await;
        let mut expected: Vec<_> = stored.iter().filter(|event| event.aggregate_type == aggregate_type).collect();
        expected.sort_by_key(|event| (event.partition, event.position));
        assert_eq!(seen.len(), expected.len());
        let mut previous = (-1, 0);
        for (record, event) in seen.iter().zip(expected) {
            if previous.0 != event.partition {
                previous = (event.partition, 0);
            }
            assert_eq!(record.partition, partition_of(&event.aggregate_id, 16));
            assert_eq!((&record.key, &record.payload), (&event.aggregate_id, &event.payload));
            for (name, value) in [
                ("ce_specversion", "1.0".to_owned()),
                ("ce_source", format!("/ayushma/log/{log_id}")),
                ("ce_type", format!("ayushma.{aggregate_type}.{}", event.event_type)),
                ("ce_subject", event.aggregate_id.clone()),
                ("content-type", "application/json".to_owned()),
                ("ce_eventversion", event.event_version.clone()),
                ("ce_logid", log_id.to_string()),
                ("ce_position", event.position.to_string()),
                ("ce_previousposition", previous.1.to_string()),
                ("ce_sequence", event.sequence.to_string()),
                ("ce_commandid", event.command_id.to_string()),
            ] {
                assert_eq!(record.header(name), value, "{name} of {}", event.position);
            }
            let metadata: serde_json::Value = serde_json::from_str(&event.metadata).expect("metadata is JSON");
            assert_eq!(metadata["event_id"], record.header("ce_id"));
            assert_eq!(metadata["recorded_at"], record.header("ce_time"));
            previous.1 = event.position;
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_of_several_megabytes_is_published(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    create_project(&node, "long ".repeat(700_000)).await;
    node.spawn(node.relay(&settings));
    until_published(&node.pool).await;
    let seen = kcat(&settings, "project").await;
    assert!(seen[0].payload.len() > 3_500_000);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_relay_that_is_cut_off_again_and_again_leaves_nothing_out(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    for tenths in 0..8 {
        node.write_chats(6, 5).await;
        // The future is dropped wherever it is by then: connecting, electing, publishing, moving the mark.
        drop(timeout(Duration::from_millis(100 * tenths), node.relay(&settings)).await);
    }
    node.spawn(node.relay(&settings));
    until_published(&node.pool).await;
    assert_first_occurrences_in_order(&kcat(&settings, "chat").await, &(1..=240).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_published_but_not_marked_is_published_again(_: PgPoolOptions, options: PgConnectOptions) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    node.write_chats(10, 3).await;
    let relay = node.spawn(node.relay(&settings));
    until_published(&node.pool).await;
    relay.abort();
    until("the relay is gone", async || leader(&node.pool).await.is_none()).await;
    // As if it had died between Kafka's acknowledgement and the database's.
    sqlx::query("UPDATE relay_mark SET position = 10").execute(&node.pool).await.expect("set back");
    node.write_chats(2, 5).await;
    node.spawn(node.relay(&settings));
    until_published(&node.pool).await;

    let seen = kcat(&settings, "chat").await;
    assert_eq!(seen.len(), 30 + 20 + 10);
    assert_first_occurrences_in_order(&seen, &(1..=40).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_before_an_event_that_only_a_newer_program_knows_is_published_once(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let mut node = Node::start(&options).await;
    let settings = settings();
    node.write_chats(10, 3).await;
    tamper(&node.pool, "UPDATE events SET aggregate_type = 'ward' WHERE position = 21").await;
    node.spawn(node.relay(&settings));
    until("the mark is before it", async || number(&node.pool, "SELECT position FROM relay_mark").await == 20).await;
    until_interrupted(&node.pool, 2).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 20);
}

/// Which process has been elected: its name, and its backend.
pub(crate) async fn leader(pool: &PgPool) -> Option<(String, i32)> {
    sqlx::query_as(
        "SELECT application_name, pid FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND granted AND datname = current_database()",
    )
    .fetch_optional(pool)
    .await
    .expect("readable")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_relay_publishes_and_another_takes_over(_: PgPoolOptions, options: PgConnectOptions) {
    let settings = settings();
    let mut first = Node::start(&options.clone().application_name("first")).await;
    let mut second = Node::start(&options.clone().application_name("second")).await;
    let name = async || leader(&second.pool).await.map(|(name, _)| name);
    let relay = first.spawn(first.relay(&settings));
    until("the first is elected", async || name().await.as_deref() == Some("first")).await;
    let work = second.relay(&settings);
    let pool = second.pool.clone();
    second.spawn(work);

    first.write_chats(10, 3).await;
    until_published(&pool).await;
    assert_eq!(kcat(&settings, "chat").await.len(), 30, "one of them publishes");
    assert_eq!(leader(&pool).await.expect("elected").0, "first");

    relay.abort();
    until("the second takes over", async || leader(&pool).await.is_some_and(|(name, _)| name == "second")).await;
    first.write_chats(10, 3).await;
    until_published(&pool).await;

    // Whoever loses the connection loses the election.
    let (_, backend) = leader(&pool).await.expect("elected");
    sqlx::query("SELECT pg_terminate_backend($1)").bind(backend).execute(&pool).await.expect("terminated");
    until("somebody is elected again", async || leader(&pool).await.is_some_and(|(_, pid)| pid != backend)).await;
    first.write_chats(10, 3).await;
    until_published(&pool).await;
    assert_first_occurrences_in_order(&kcat(&settings, "chat").await, &(1..=90).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_broker_that_is_down_loses_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let broker = Broker::absent();
    let settings = settings_for(broker.address());
    let mut node = Node::start(&options).await;
    node.spawn(node.relay(&settings));
    node.write_chats(10, 5).await;
    until("the relay is elected", async || leader(&node.pool).await.is_some()).await;
    assert_eq!(number(&node.pool, "SELECT position FROM relay_mark").await, 0);

    broker.start().await;
    until_published(&node.pool).await;
    broker.stop().await;
    node.write_chats(10, 5).await;
    assert_eq!(number(&node.pool, "SELECT position FROM relay_mark").await, 50);
    broker.start().await;
    until_published(&node.pool).await;
    assert_first_occurrences_in_order(&kcat(&settings, "chat").await, &(1..=100).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn another_cluster_at_the_same_address_gets_the_whole_log_in_order_and_so_does_the_first_when_it_is_back(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let first = Broker::absent();
    let second = first.another();
    let settings = settings_for(first.address());
    let mut node = Node::start(&options).await;
    first.start().await;
    node.spawn(node.relay(&settings));
    node.write_chats(5, 5).await;
    until_published(&node.pool).await;
    first.stop().await;
    node.write_chats(5, 5).await;

    second.start().await;
    until_published(&node.pool).await;
    assert_first_occurrences_in_order(&kcat(&settings, "chat").await, &(1..=50).collect::<Vec<_>>());
    second.stop().await;
    node.write_chats(5, 5).await;

    first.start().await;
    until_published(&node.pool).await;
    let seen = kcat(&settings, "chat").await;
    assert_first_occurrences_in_order(&seen, &(1..=75).collect::<Vec<_>>());
    assert!(seen.len() <= 100, "what it had is not sent again: {}", seen.len());
}
