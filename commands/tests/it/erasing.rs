//! Erased persons: their text is gone from every event, whoever reads it, whenever it was written, and stays gone.

#![expect(clippy::disallowed_methods, reason = "a test's tasks are waited for by the test")]

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use commands::{
    accounts::{AccountError, Accounts, Client},
    erasure::{Erasure, ErasureError, Ledger},
    event_log::{ConsumerError, EventConsumer, Progress},
    execute::ExecuteError,
};
use domain::{
    AggregateType,
    chat::{Chat, ChatCommand, ChatError},
    envelope::RecordedEvent,
    event::Event,
    ids::{ApiKeyId, ChatId, ProjectId, ServiceId, UserId},
    personal::PersonalFields as _,
    user::{User, UserCommand, UserError, UserEvent},
    values::{ERASED, Email, FullName},
};
use sqlx::{
    PgPool, PgTransaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    consuming::recorded,
    support::{Node, acting, assert_log_is_sound, new_id, number, registered, stored_events, system, title, until},
};

fn ledger() -> (Ledger, PathBuf) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("erasures-{}", new_id()));
    (Ledger::new(path.clone()), path)
}

fn erasure(node: &Node) -> Erasure {
    Erasure::new(&node.resources, ledger().0)
}

fn started(owner: UserId, called: &str) -> ChatCommand {
    ChatCommand::Start { project_id: ProjectId::new(new_id()), owner, title: title(called) }
}

/// A person with an account and a chat.
async fn person(node: &Node, name: &str) -> (UserId, Uuid) {
    let user = registered(&Accounts::new(&node.resources), name).await;
    let chat = new_id();
    let command = started(user, "What the zebrafinch eats");
    node.commands.execute::<Chat>(chat, command, &acting(user.value())).await.expect("a new chat");
    (user, chat)
}

/// Everything that can be read in the log.
async fn legible(node: &Node) -> String {
    run(&node.pool, ["DELETE FROM checkpoints WHERE consumer = 'recorder'".to_owned()]).await;
    let mut texts = Vec::new();
    for mut recorded in recorded(node, &[AggregateType::User, AggregateType::Chat]).await {
        texts.push(format!("{recorded:?}"));
        let fields = recorded.event.personal_mut().into_iter();
        texts.extend(fields.filter_map(|field| field.text.clear().map(str::to_owned)));
    }
    texts.join("\n")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_person_wrote_is_gone_for_everybody_and_nothing_else_is(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, other) = (Node::start(&options).await, Node::start(&options).await);
    let (asha, chat) = person(&node, "asha").await;
    person(&node, "ravi").await;
    let before = legible(&other).await;
    assert!(before.contains("asha@example.com") && before.matches("zebrafinch").count() == 2, "{before}");

    erasure(&node).erase_person(asha, &system()).await.expect("erased");

    // The other process has the key in its memory.
    for reader in [&node, &other, &Node::start(&options).await] {
        let after = legible(reader).await;
        assert!(!after.contains("asha") && after.contains("ravi@example.com"), "{after}");
        assert_eq!(after.matches("zebrafinch").count(), 1, "{after}");
    }
    let events = node.log().events_of::<User>(asha.value()).await.expect("readable");
    assert!(matches!(&events[0], UserEvent::Registered { email, .. } if email.as_str() == ERASED));
    assert!(matches!(events.last(), Some(UserEvent::SubjectErased {})));
    assert_eq!(node.log().load::<Chat>(chat).await.expect("readable").sequence, 1);
    assert_log_is_sound(&node.pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_erased_person_leaves_no_account_behind(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let accounts = Accounts::new(&node.resources);
    let (asha, _) = person(&node, "asha").await;
    let email = Email::parse("asha@example.com").expect("well-formed");
    let here = Client { address: std::net::Ipv4Addr::LOCALHOST.into(), is_known: true };
    accounts.forget_password(&email, here, new_id()).await.expect("a job");

    erasure(&node).erase_person(asha, &system()).await.expect("erased");

    let login = accounts.check_credentials(&email, "lantern-orbit-93".to_owned().into()).await;
    assert!(matches!(login, Err(AccountError::WrongCredentials)));
    for count in [
        "SELECT count(*) FROM passwords",
        "SELECT count(*) FROM jobs WHERE kind = 'password_reset'",
        "SELECT count(*) FROM reservations WHERE kind IN ('email', 'username')",
        "SELECT count(*) FROM subject_keys WHERE wrapped_key IS NOT NULL AND subject_id <> '00000000-0000-0000-0000-000000000000'",
    ] {
        assert_eq!(number(&node.pool, count).await, 0, "{count}");
    }
    // The address is free again, for somebody else.
    assert_ne!(registered(&accounts, "asha").await, asha);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_written_of_an_erased_person_later_is_not_kept(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, behind) = (Node::start(&options).await, Node::start(&options).await);
    let (asha, chat) = person(&node, "asha").await;
    // It has the key, and the chat.
    behind.retitle(chat, "Seeds").await;
    erasure(&node).erase_person(asha, &system()).await.expect("erased");

    for writer in [&behind, &node, &Node::start(&options).await] {
        writer.retitle(chat, "What the okapi eats").await;
    }
    assert!(!legible(&Node::start(&options).await).await.contains("okapi"));
    let stored = format!("{:?}", stored_events(&node.pool).await);
    assert!(!stored.contains("okapi"));
    let keys = "SELECT count(*) FROM subject_keys WHERE wrapped_key IS NOT NULL";
    assert_eq!(number(&node.pool, keys).await, 1, "only the system has a key");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_process_forgets_keys_that_another_one_has_destroyed(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, other) = (Node::start(&options).await, Node::start(&options).await);
    let (asha, _) = person(&node, "asha").await;
    other.log().events_of::<User>(asha.value()).await.expect("readable");
    erasure(&node).erase_person(asha, &system()).await.expect("erased");

    until("the key is forgotten", async || {
        let events = other.log().events_of::<User>(asha.value()).await.expect("readable");
        matches!(&events[0], UserEvent::Registered { email, .. } if email.as_str() == ERASED)
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_person_is_erased_once_and_also_after_the_account_was_deleted(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let asha = registered(&Accounts::new(&node.resources), "asha").await;
    let accounts = Accounts::new(&node.resources);
    accounts.delete(asha, domain::user::Authority::Superuser, &system()).await.expect("deleted");
    let erasure = erasure(&node);
    let erased = erasure.erase_person(asha, &system()).await.expect("erased").positions;
    assert_eq!(erased.iter().filter(|event| event.aggregate_type == AggregateType::User).count(), 1);
    assert!(erasure.erase_person(asha, &system()).await.expect("erased before").positions.is_empty());
    let nobody = erasure.erase_person(UserId::new(new_id()), &system()).await;
    assert!(matches!(nobody, Err(ErasureError::Person(ExecuteError::Refused(UserError::NotFound)))));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_chat_of_an_api_key_is_erased_alone(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let chats = [new_id(), new_id()];
    for chat in chats {
        let command = ChatCommand::StartWithKey {
            service_id: ServiceId::new(new_id()),
            key_id: ApiKeyId::new(new_id()),
            title: title("About the zebrafinch"),
            prompt: Some("You know the zebrafinch.".to_owned()),
            model: None,
        };
        node.commands.execute::<Chat>(chat, command, &system()).await.expect("a new chat");
    }
    let erasure = erasure(&node);
    erasure.erase_chat(ChatId::new(chats[0]), &system()).await.expect("erased");
    assert_eq!(legible(&node).await.matches("zebrafinch").count(), 2);

    let (_, of_a_person) = person(&node, "asha").await;
    let refused = erasure.erase_chat(ChatId::new(of_a_person), &system()).await;
    assert!(matches!(refused, Err(ErasureError::Chat(ExecuteError::Refused(ChatError::BelongsToPerson)))));
}

/// A view of titles, and of who is erased. Its first transaction stops in the middle.
struct Titles {
    name: &'static str,
    types: &'static [AggregateType],
    stops: AtomicBool,
    stopped: Semaphore,
    goes_on: Semaphore,
}

impl Titles {
    fn new(types: &'static [AggregateType], stops: bool) -> Arc<Self> {
        let (name, stops) = ("titles", AtomicBool::new(stops));
        Arc::new(Self { name, types, stops, stopped: Semaphore::new(0), goes_on: Semaphore::new(0) })
    }
}

#[async_trait]
impl EventConsumer for Titles {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        self.types
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        match &event.event {
            Event::Chat(domain::chat::ChatEvent::Started { owner, title, .. }) => {
                sqlx::query("INSERT INTO titles VALUES ($1, $2)")
                    .bind(owner.value())
                    .bind(title.as_str())
                    .execute(&mut **tx)
                    .await?;
            }
            Event::User(UserEvent::SubjectErased {}) => {
                sqlx::query("UPDATE titles SET title = $2 WHERE owner = $1")
                    .bind(event.aggregate_id)
                    .bind(ERASED)
                    .execute(&mut **tx)
                    .await?;
            }
            _ => return Ok(()),
        }
        if self.stops.swap(false, Ordering::SeqCst) {
            self.stopped.add_permits(1);
            drop(self.goes_on.acquire().await);
        }
        Ok(())
    }
}

async fn titles(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("SELECT title FROM titles").fetch_all(pool).await.expect("readable")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn rows_that_were_decoded_before_an_erasure_and_committed_after_it_are_blanked(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let (node, other) = (Node::start(&options).await, Node::start(&options).await);
    sqlx::query("CREATE TABLE titles (owner uuid, title text)").execute(&node.pool).await.expect("made");
    let (asha, _) = person(&node, "asha").await;
    let writing = Titles::new(&[AggregateType::Chat], true);
    let (log, consumer) = (node.log().clone(), writing.clone());
    let written = tokio::spawn(async move { log.catch_up(consumer, &Progress::default()).await });
    // The title is decoded and in a row, which is not committed.
    writing.stopped.acquire().await.expect("open").forget();

    erasure(&node).erase_person(asha, &system()).await.expect("nobody has to wait for consumers");

    // The consumer of the erasure finds no row yet. Another process does this one's work.
    let (log, consumer) = (other.log().clone(), Titles::new(&[AggregateType::User], false));
    let blanked = tokio::spawn(async move { log.catch_up(consumer, &Progress::default()).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!blanked.is_finished(), "it waits for those who may have decoded what is erased");
    writing.goes_on.add_permits(1);
    written.await.expect("no panic").expect("consumed");
    blanked.await.expect("no panic").expect("consumed");
    assert_eq!(titles(&node.pool).await, [ERASED]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn events_that_are_consumed_after_an_erasure_stay_erased_while_keys_are_cached(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let (node, other) = (Node::start(&options).await, Node::start(&options).await);
    sqlx::query("CREATE TABLE titles (owner uuid, title text)").execute(&node.pool).await.expect("made");
    let (asha, _) = person(&node, "asha").await;
    assert!(legible(&other).await.contains("zebrafinch"), "the other process has the key");
    erasure(&node).erase_person(asha, &system()).await.expect("erased");
    other.log().catch_up(Titles::new(&[AggregateType::Chat], false), &Progress::default()).await.expect("consumed");
    assert_eq!(titles(&node.pool).await, [ERASED]);
}

/// What a backup holds.
const TABLES: [&str; 6] = ["events", "log_head", "reservations", "subject_keys", "passwords", "checkpoints"];

/// Puts an older state of a table in its place, as only a superuser can who passes by the guard of the events.
fn put_back(table: &str) -> String {
    format!("SET LOCAL session_replication_role = replica; TRUNCATE {table}; INSERT INTO {table} TABLE saved_{table}")
}

async fn run(pool: &PgPool, statements: impl IntoIterator<Item = String>) {
    for statement in statements {
        sqlx::raw_sql(&statement).execute(pool).await.expect("a valid statement");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_backup_brings_nobody_back(_: PgPoolOptions, options: PgConnectOptions) {
    let node = Node::start(&options).await;
    let (ledger, path) = ledger();
    let (asha, _) = person(&node, "asha").await;
    run(&node.pool, TABLES.map(|table| format!("CREATE TABLE saved_{table} AS TABLE {table}"))).await;
    Erasure::new(&node.resources, ledger.clone()).erase_person(asha, &system()).await.expect("erased");
    let noted = std::fs::read_to_string(&path).expect("there is a ledger");
    assert!(noted.contains(&asha.to_string()) && !noted.contains("asha"), "{noted}");
    drop(node);

    let restored = Node::start(&options).await;
    run(&restored.pool, TABLES.map(put_back)).await;
    drop(restored);
    let node = Node::start(&options).await;
    assert!(legible(&node).await.contains("asha@example.com"), "the backup has it");
    Erasure::new(&node.resources, ledger).reapply().await.expect("erased again");
    for reader in [&node, &Node::start(&options).await] {
        assert!(!legible(reader).await.contains("asha"));
    }
    assert!(matches!(node.log().load::<User>(asha.value()).await.expect("readable").aggregate, User::Erased));
    assert_log_is_sound(&node.pool).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_that_was_put_back_is_destroyed_and_a_ledger_that_was_lost_is_written_anew(
    _: PgPoolOptions,
    options: PgConnectOptions,
) {
    let node = Node::start(&options).await;
    let (ledger, path) = ledger();
    let (asha, _) = person(&node, "asha").await;
    run(&node.pool, ["CREATE TABLE saved AS TABLE subject_keys".to_owned()]).await;
    Erasure::new(&node.resources, ledger.clone()).erase_person(asha, &system()).await.expect("erased");
    run(&node.pool, ["TRUNCATE subject_keys; INSERT INTO subject_keys TABLE saved".to_owned()]).await;

    let node = Node::start(&options).await;
    Erasure::new(&node.resources, ledger.clone()).reapply().await.expect("erased again");
    assert!(!legible(&Node::start(&options).await).await.contains("asha"));

    std::fs::remove_file(&path).expect("it is there");
    Erasure::new(&node.resources, ledger).reapply().await.expect("completed");
    assert!(std::fs::read_to_string(&path).expect("there again").contains(&asha.to_string()));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_name_that_is_changed_while_the_person_is_erased_is_erased_too(_: PgPoolOptions, options: PgConnectOptions) {
    let (node, other) = (Node::start(&options).await, Node::start(&options).await);
    for round in 0..5 {
        let (user, _) = person(&node, &format!("asha{round}")).await;
        let rename = UserCommand::ChangeFullName(FullName::parse("The Okapi").ok());
        let context = system();
        let erasure = erasure(&node);
        let (renamed, erased) = tokio::join!(
            other.commands.execute::<User>(user.value(), rename, &context),
            erasure.erase_person(user, &context)
        );
        erased.expect("erased");
        assert!(matches!(renamed, Ok(_) | Err(ExecuteError::Refused(UserError::NotFound))));
    }
    assert!(!legible(&Node::start(&options).await).await.contains("Okapi"));
}
