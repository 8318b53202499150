//! Personal text: nowhere in clear, readable with its key, gone without it.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use commands::{
    clock::SystemClock,
    event_log::{Codec, EventLog, KeyError, MasterKey, StoreError, rewrap_keys},
    execute::Context,
};
use domain::{
    AggregateType,
    chat::{AnswerFailure, Chat, ChatCommand, Completion, Generation, Question, Stage},
    ids::{MessageId, ProjectId, UserId},
    personal::PersonalFields,
    user::{Roles, User, UserCommand, UserEvent},
    values::{ERASED, Email, FullName, Username},
};
use postgres_es::PostgresEventRepository;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::{
    consuming::{Tally, recorded, recorded_by},
    support::{MASTER_KEY, Node, acting, new_id, number, register, stored_events, system, tamper, title},
};

/// Stands in every personal field.
const MARK: &str = "zebrafinch";

fn question(answer_id: MessageId) -> Question {
    let (message_id, text) = (MessageId::new(new_id()), format!("What does the {MARK} eat?"));
    Question {
        message_id,
        answer_id,
        text: text.into(),
        english_text: None,
        translation: None,
        transcription: None,
        language: "en".to_owned(),
        temperature: 0.1,
        top_k: 5,
    }
}

fn answer(answer_id: MessageId) -> ChatCommand {
    let stage = Stage { started_at: DateTime::<Utc>::UNIX_EPOCH, ended_at: DateTime::<Utc>::UNIX_EPOCH };
    let generation = Generation {
        model_requested: "model".to_owned(),
        model_returned: None,
        prompt_version: "built-in-1".to_owned(),
        prompt_hash: String::new(),
        temperature: 0.1,
        usage: None,
        finish_reason: None,
        retrieval: stage,
        response: stage,
    };
    let text = format!("The {MARK} eats seeds.");
    ChatCommand::CompleteAnswer(Box::new(Completion {
        answer_id,
        text: text.into(),
        english_text: None,
        translation: None,
        citations: vec![],
        generation,
    }))
}

/// A person and that person's chat, with a mark in every personal field. Returns the two ids and how many marks there are.
async fn plant(node: &Node) -> (Uuid, Uuid, usize) {
    let (user, chat) = (new_id(), new_id());
    let context = Context {
        client_address: Some(format!("{MARK}.example.com")),
        user_agent: Some(format!("Mozilla/5.0 ({MARK})")),
        ..acting(user)
    };
    let name = |text: &str| FullName::parse(text).expect("well-formed");
    let register = UserCommand::Register {
        username: Username::parse(MARK).expect("well-formed"),
        email: Email::parse(&format!("{MARK}@example.com")).expect("well-formed"),
        full_name: name(MARK),
        roles: Roles::default(),
    };
    for command in [register, UserCommand::ChangeFullName(Some(name(&format!("Dr. {MARK}"))))] {
        node.commands.execute::<User>(user, command, &context).await.expect("legal");
    }
    let (answered, failed) = (MessageId::new(new_id()), MessageId::new(new_id()));
    for command in [
        ChatCommand::Start { project_id: ProjectId::new(new_id()), owner: UserId::new(user), title: title(MARK) },
        ChatCommand::Retitle(title(&format!("About the {MARK}"))),
        // The first question also gives the chat its title.
        ChatCommand::Ask(question(answered)),
        answer(answered),
        ChatCommand::Ask(question(failed)),
        ChatCommand::FailAnswer {
            answer_id: failed,
            reason: AnswerFailure::Interrupted,
            partial_text: format!("The {MARK}"),
            notice: None,
        },
    ] {
        node.commands.execute::<Chat>(chat, command, &context).await.expect("legal");
    }
    let events = 9;
    (user, chat, (3 + 1) + 7 + 2 * events)
}

/// All events as consumers get them, but with the client's address and name, which stay sealed for them: nobody shows these.
async fn all_opened(log: &EventLog, pool: &PgPool) -> Vec<domain::envelope::RecordedEvent> {
    let mut events = recorded_by(log, &[AggregateType::User, AggregateType::Chat]).await;
    let codec = Codec::new(log.keys().clone());
    for event in &mut events {
        assert_eq!((&event.metadata.client_address, &event.metadata.user_agent), (&None, &None));
        let query = sqlx::query_scalar::<_, serde_json::Value>("SELECT metadata FROM events WHERE position = $1")
            .bind(event.position);
        let stored = query.fetch_one(pool).await.expect("it is in the log");
        event.metadata = codec.decode_metadata(stored).await.expect("readable");
    }
    events
}

fn marks(events: &[domain::envelope::RecordedEvent]) -> usize {
    let of_event = |recorded: &domain::envelope::RecordedEvent| {
        let mut event = recorded.event.clone();
        let texts: Vec<&str> = event.personal_mut().into_iter().filter_map(|field| field.text.clear()).collect();
        texts.concat().matches(MARK).count() + format!("{recorded:?}").matches(MARK).count()
    };
    events.iter().map(of_event).sum()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn personal_text_is_nowhere_in_clear_and_reads_back(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (user, chat, planted) = plant(&node).await;

    assert_eq!(number(&node.pool, "SELECT count(*) FROM events WHERE events::text LIKE '%zebrafinch%'").await, 0);
    // Base64 of the bare text would hold one of these.
    let encoded = "SELECT count(*) FROM events WHERE events::text ~ 'emVicmFmaW5ja|plYnJhZmluY2|6ZWJyYWZpbmNo'";
    assert_eq!(number(&node.pool, encoded).await, 0);

    let other = Node::start(&options).await;
    assert_eq!(marks(&all_opened(other.log(), &node.pool).await), planted);
    let events = other.log().events_of::<User>(user).await.expect("readable");
    assert!(matches!(&events[0], UserEvent::Registered { email, .. } if email.as_str() == "zebrafinch@example.com"));
    assert_eq!(other.log().load::<Chat>(chat).await.expect("readable").sequence, 7);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn text_under_a_destroyed_key_reads_as_erased_and_everything_still_loads(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (user, chat, _) = plant(&node).await;
    sqlx::query("DELETE FROM subject_keys WHERE subject_id = $1").bind(user).execute(&node.pool).await.expect("erased");

    let other = Node::start(&options).await;
    let events = all_opened(other.log(), &node.pool).await;
    assert_eq!((events.len(), marks(&events)), (9, 0));
    assert!(events.iter().all(|event| event.metadata.client_address.as_deref() == Some(ERASED)));
    let registered = other.log().events_of::<User>(user).await.expect("readable").remove(0);
    let UserEvent::Registered { username, email, full_name, .. } = registered else { panic!("{registered:?}") };
    assert_eq!([username.as_str(), email.as_str(), full_name.as_str()], [ERASED; 3]);
    assert_eq!(other.log().load::<Chat>(chat).await.expect("readable").sequence, 7);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_that_another_process_makes_later_is_found(_: PgPoolOptions, options: PgConnectOptions) {
    let (writer, reader) = (Node::start(&options).await, Node::start(&options).await);
    let user = new_id();
    // Somebody without a key acts, and the reader looks for the key in vain.
    writer.commands.execute::<Chat>(new_id(), crate::support::start(), &acting(user)).await.expect("legal");
    recorded(&reader, &[AggregateType::Chat]).await;
    writer.commands.execute::<User>(user, register("jane", "jane@example.com"), &acting(user)).await.expect("legal");

    let events = reader.log().events_of::<User>(user).await.expect("readable");
    assert!(matches!(&events[0], UserEvent::Registered { username, .. } if username.as_str() == "jane"), "{events:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_master_key_that_does_not_fit_is_refused(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let wrong = MasterKey::from_hex(&"ab".repeat(32)).expect("well-formed");
    let opened = EventLog::open(node.pool.clone(), wrong, Arc::new(SystemClock)).await;
    assert!(matches!(opened.map(|_| ()), Err(KeyError::WrongMasterKey)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_ciphertext_cannot_be_moved_to_another_event(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chat = new_id();
    node.start_chat(chat).await.expect("new");
    node.retitle(chat, "First").await;
    node.retitle(chat, "Second").await;
    assert!(node.log().load::<Chat>(chat).await.is_ok());

    let moved = "UPDATE events SET payload = (SELECT payload FROM events WHERE position = 2) WHERE position = 3";
    tamper(&node.pool, moved).await;
    // The writer has its own events still in memory.
    let reader = Node::start(&options).await;
    assert!(matches!(reader.log().load::<Chat>(chat).await, Err(StoreError::Unreadable(_))));
    let consumer = Arc::new(Tally::new("moved", &[AggregateType::Chat]));
    assert!(reader.log().catch_up(consumer, &commands::event_log::Progress::default()).await.is_err());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn postgres_es_reads_what_was_written(_: PgPoolOptions, options: PgConnectOptions) {
    use cqrs_es::persist::PersistedEventRepository;

    let node = Node::start(&options).await;
    let (user, _, _) = plant(&node).await;
    let context = system();
    node.commands.execute::<User>(user, UserCommand::ChangePassword { keep: None }, &context).await.expect("legal");

    let repository = PostgresEventRepository::new(node.pool.clone());
    let events = repository.get_events::<User>(&user.to_string()).await.expect("readable");
    let read: Vec<_> = events
        .iter()
        .map(|event| (event.sequence, event.aggregate_type.as_str(), event.event_type.as_str(), &*event.event_version))
        .collect();
    assert_eq!(
        read,
        [(1, "user", "Registered", "1"), (2, "user", "FullNameChanged", "1"), (3, "user", "PasswordChanged", "1")]
    );
    let metadata: HashMap<String, String> =
        serde_json::from_value(events[2].metadata.clone()).expect("a map of strings");
    assert_eq!(metadata["actor"], "system:test");
    assert_eq!(metadata["correlation_id"], context.correlation_id.to_string());
    let last = repository.get_last_events::<User>(&user.to_string(), 2).await.expect("readable");
    assert_eq!(last.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn after_a_rotation_the_new_master_key_reads_all_and_the_old_one_is_refused(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (_, _, planted) = plant(&node).await;
    let events = stored_events(&node.pool).await;
    let [old, new] = [MASTER_KEY, &"cd".repeat(32)].map(|hex| MasterKey::from_hex(hex).expect("well-formed"));
    // As many as there are subjects, and the system's own.
    assert_eq!(rewrap_keys(&node.pool, &old, &new).await.expect("rewrapped"), 2);
    assert_eq!(rewrap_keys(&node.pool, &old, &new).await.expect("done before"), 0);
    assert_eq!(stored_events(&node.pool).await, events);

    let opened = EventLog::open(node.pool.clone(), old, Arc::new(SystemClock)).await;
    assert!(matches!(opened.map(|_| ()), Err(KeyError::WrongMasterKey)));
    let (log, _work) = EventLog::open(node.pool.clone(), new, Arc::new(SystemClock)).await.expect("it fits");
    let read = all_opened(&log, &node.pool).await;
    assert_eq!(marks(&read), planted);
    // A process that still has the old one makes no more keys, which the new one could not unwrap.
    let late = node.commands.execute::<User>(new_id(), register("jane", "jane@example.com"), &system()).await;
    assert!(late.is_err());
    assert_eq!(number(&node.pool, "SELECT count(*) FROM subject_keys").await, 2);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rotation_with_a_wrong_old_key_changes_nothing(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    plant(&node).await;
    let [wrong, new] = ["ab", "cd"].map(|hex| MasterKey::from_hex(&hex.repeat(32)).expect("well-formed"));
    assert!(matches!(rewrap_keys(&node.pool, &wrong, &new).await, Err(KeyError::WrongMasterKey)));
    Node::start(&options).await;
}
