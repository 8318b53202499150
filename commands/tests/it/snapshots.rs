//! Long aggregates are loaded from a snapshot and what came after it; a snapshot that does not fit is as good as none.

use std::time::Instant;

use commands::event_log::{Loaded, StoreError};
use cqrs_es::Aggregate as _;
use domain::{
    chat::{AnswerFailure, Chat, ChatCommand, Question},
    ids::MessageId,
    user::{User, UserCommand},
    values::FullName,
};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::support::{Node, new_id, number, register, system, tamper, until};

/// Every turn is two events, and two messages in the state.
const EVENTS_OF_A_TURN: usize = 2;

fn turn() -> [ChatCommand; 2] {
    let (message_id, answer_id) = (MessageId::new(new_id()), MessageId::new(new_id()));
    let question = Question {
        message_id,
        answer_id,
        text: "For how long is zinc given?".into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 4,
    };
    let failure = ChatCommand::FailAnswer {
        answer_id,
        reason: AnswerFailure::Interrupted,
        partial_text: "For".to_owned(),
        notice: Some("The answer was interrupted.".to_owned()),
    };
    [ChatCommand::Ask(question), failure]
}

/// A chat of about so many events.
async fn write_chat(node: &Node, events: usize) -> Uuid {
    let id = new_id();
    node.start_chat(id).await.expect("the chat is new");
    let context = system();
    let mut left = events / EVENTS_OF_A_TURN;
    while left > 0 {
        let turns = left.min(50);
        let commands = (0..turns).flat_map(|_| turn()).collect();
        node.commands.execute_all::<Chat>(id, commands, vec![], &context).await.expect("the chat is open");
        left -= turns;
    }
    id
}

async fn snapshots(pool: &PgPool) -> i64 {
    number(pool, "SELECT count(*) FROM snapshots").await
}

/// What the events alone make of it.
async fn folded(node: &Node, id: Uuid) -> (Chat, i64) {
    let events = node.log().events_of::<Chat>(id).await.expect("readable");
    let sequence = i64::try_from(events.len()).expect("few");
    let mut chat = Chat::default();
    for event in events {
        chat.apply(event);
    }
    (chat, sequence)
}

async fn loaded(node: &Node, id: Uuid) -> (Chat, i64) {
    let Loaded { aggregate, sequence, .. } = node.log().load::<Chat>(id).await.expect("readable");
    (aggregate, sequence)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_snapshot_at_any_event_and_those_after_it_make_what_all_events_make(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let id = write_chat(&node, 24).await;
    node.retitle(id, "New").await;
    node.commands.execute::<Chat>(id, ChatCommand::Delete, &system()).await.expect("it is open");
    let expected = folded(&node, id).await;
    let events = node.log().events_of::<Chat>(id).await.expect("readable");
    for cut in 1..=events.len() {
        let mut aggregate = Chat::default();
        events[..cut].iter().for_each(|event| aggregate.apply(event.clone()));
        let snapshot = Loaded { id, aggregate, sequence: i64::try_from(cut).expect("few") };
        node.log().write_snapshot(&snapshot).await.expect("the database is there");
        // A process that has seen nothing yet.
        assert_eq!(loaded(&Node::start(&options).await, id).await, expected, "from a snapshot at {cut}");
    }
    assert_eq!(snapshots(&node.pool).await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_a_chat_of_ten_thousand_events_only_the_newest_are_read_and_that_takes_little_time(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (short, long) = (write_chat(&node, 10).await, write_chat(&node, 10_000).await);
    let expected = loaded(&node, long).await;
    // It was started, and the first question gave it a title.
    assert_eq!(expected.1, 10_002);
    until("the snapshot is written", async || {
        number(&node.pool, "SELECT coalesce(max(sequence), 0) FROM snapshots").await > 9_900
    })
    .await;
    let started = Instant::now();
    folded(&node, long).await;
    let all = started.elapsed();
    // Whoever reads the older ones fails.
    tamper(&node.pool, "UPDATE events SET payload = '[]' WHERE sequence <= 9900 AND sequence > 100").await;
    assert_eq!(loaded(&Node::start(&options).await, long).await, expected);

    let fastest = async |id| {
        let mut times = Vec::new();
        for _ in 0..7 {
            let fresh = Node::start(&options).await;
            fresh.start_chat(new_id()).await.expect("connections and keys are there now");
            let started = Instant::now();
            loaded(&fresh, id).await;
            times.push(started.elapsed());
        }
        times.into_iter().min().unwrap_or_default()
    };
    let (short, long) = (fastest(short).await, fastest(long).await);
    eprintln!(
        "loaded for the next command: a chat of 10 events in {short:?}, of 10,000 in {long:?}, without a snapshot in {all:?}"
    );
    // The rest of the difference to a short chat is the state itself, read without optimisation.
    assert!(long * 4 < all, "{long:?}, and {all:?} without a snapshot");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_snapshot_that_does_not_fit_is_ignored(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let id = write_chat(&node, 200).await;
    let expected = folded(&node, id).await;
    until("a snapshot is written", async || snapshots(&node.pool).await == 1).await;
    let misfits = [
        ("of another version", "UPDATE snapshots SET version = version + 1"),
        ("of an event that is not there", "UPDATE snapshots SET sequence = sequence + 1000"),
        ("of an event of another log", "UPDATE snapshots SET event_hash = sha256(event_hash)"),
        (
            "moved to another event",
            "UPDATE snapshots SET (sequence, event_hash) = (SELECT sequence, hash FROM events WHERE aggregate_id = snapshots.aggregate_id AND sequence = 3)",
        ),
        ("damaged", "UPDATE snapshots SET state = set_byte(state, 30, get_byte(state, 30) # 1)"),
        ("cut", "UPDATE snapshots SET state = substr(state, 1, 20)"),
        ("of no known shape", "UPDATE snapshots SET state = '{\"Closed\": {}}', subject_id = NULL"),
        ("not JSON", "UPDATE snapshots SET state = 'chat', subject_id = NULL"),
    ];
    for (what, sql) in misfits {
        node.log().write_snapshot(&node.log().load::<Chat>(id).await.expect("readable")).await.expect("written");
        sqlx::query(sql).execute(&node.pool).await.expect("the statement is valid");
        assert_eq!(loaded(&Node::start(&options).await, id).await, expected, "{what}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn who_reads_all_events_of_a_long_chat_leaves_a_snapshot(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let id = write_chat(&node, 150).await;
    until("a snapshot is written", async || snapshots(&node.pool).await == 1).await;
    sqlx::query("DELETE FROM snapshots").execute(&node.pool).await.expect("it is a cache");
    write_chat(&node, 50).await;
    let fresh = Node::start(&options).await;
    loaded(&fresh, id).await;
    until("it is written again", async || snapshots(&node.pool).await == 1).await;
    assert_eq!(number(&node.pool, "SELECT sequence FROM snapshots").await, 152);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_snapshot_holds_no_personal_text_in_clear(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let id = new_id();
    node.commands.execute::<User>(id, register("asha", "asha@example.com"), &system()).await.expect("new");
    let rename = UserCommand::ChangeFullName(FullName::parse("Asha of the Ward").ok());
    node.commands.execute::<User>(id, rename, &system()).await.expect("it is open");
    node.log().write_snapshot(&node.log().load::<User>(id).await.expect("readable")).await.expect("written");

    let state: Vec<u8> = sqlx::query_scalar("SELECT state FROM snapshots").fetch_one(&node.pool).await.expect("one");
    let state = String::from_utf8_lossy(&state).into_owned();
    assert!(!state.contains("Asha") && !state.contains("example"), "{state}");
    let fresh = Node::start(&options).await;
    let found: Result<Loaded<User>, StoreError> = fresh.log().load::<User>(id).await;
    assert!(matches!(found, Ok(Loaded { sequence: 2, .. })), "{found:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_of_a_version_that_nobody_knows_is_not_taken_for_todays(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let id = write_chat(&node, 4).await;
    tamper(&node.pool, "UPDATE events SET event_version = '7' WHERE sequence = 2").await;
    let result = Node::start(&options).await.log().load::<Chat>(id).await;
    let Err(StoreError::Unreadable(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.to_string(), "unknown version 7 of event QuestionAsked");
}
