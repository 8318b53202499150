//! What the tests share: processes, contexts, commands, and looking at what was stored.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use adapters::lexical::{LexicalEmbedder, MODEL};
use chrono::{DateTime, TimeDelta, Utc};
use commands::{
    Resources,
    accounts::{AccountRow, Accounts, Registration},
    clock::{Clock, SystemClock},
    event_log::{Committed, EventLog, MasterKey, Reservation, Row, StoredEvent},
    execute::{Commands, Context, ExecuteError},
    passage_store::{Embedders, PassageStore, exact_index::ExactIndex},
};
use domain::{
    chat::{Chat, ChatCommand, ChatError},
    envelope::Actor,
    ids::{ProjectId, UserId},
    user::{Roles, UserCommand},
    values::{Email, FullName, Title, Username},
};
use ports::{SharedEmbedder, SharedIndex};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use uuid::Uuid;

/// The machine's clock, which a test moves ahead by hand. Times that PostgreSQL reads from its own clock do not move.
#[derive(Default)]
pub(crate) struct ManualClock(Mutex<TimeDelta>);

impl ManualClock {
    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().expect("no holder panics") += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().expect("no holder panics")
    }

    fn new_id(&self) -> Uuid {
        SystemClock.new_id()
    }
}

/// A process's passage store with the built-in parts.
pub(crate) fn passage_store(pool: &PgPool) -> PassageStore {
    library_with(pool, Arc::new(LexicalEmbedder), Arc::new(ExactIndex::new(pool.clone())), vec![])
}

/// A process's passage store; the built-in embedder can always be asked.
pub(crate) fn library_with(
    pool: &PgPool,
    chosen: SharedEmbedder,
    index: SharedIndex,
    others: Vec<SharedIndex>,
) -> PassageStore {
    let lexical = |model: &str| (model == MODEL).then(|| Arc::new(LexicalEmbedder) as SharedEmbedder);
    let embedders = Embedders { chosen, of_model: Arc::new(lexical) };
    PassageStore::new(pool.clone(), Arc::new(SystemClock), embedders, index, others)
}

/// The longest that any test waits for a condition.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const MASTER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A process of the program: connections, keys and an appender of its own.
pub(crate) struct Node {
    pub(crate) pool: PgPool,
    pub(crate) commands: Commands,
    pub(crate) resources: Resources,
    pub(crate) clock: Arc<ManualClock>,
    tasks: JoinSet<()>,
}

impl Node {
    pub(crate) async fn start(options: &PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(12)
            .acquire_timeout(Duration::from_secs(3))
            .connect_lazy_with(options.clone());
        let master = MasterKey::from_hex(MASTER_KEY).expect("the key is well-formed");
        let clock = Arc::new(ManualClock::default());
        let (log, work) = EventLog::open(pool.clone(), master, clock.clone()).await.expect("the log can be opened");
        let mut tasks = JoinSet::new();
        tasks.spawn(work);
        let resources = Resources::new(log, pool.clone(), clock.clone());
        Self { pool, commands: resources.commands.clone(), resources, clock, tasks }
    }

    pub(crate) fn log(&self) -> &EventLog {
        self.commands.log()
    }

    /// Work in the background, which ends with the node.
    pub(crate) fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) -> tokio::task::AbortHandle {
        self.tasks.spawn(work)
    }

    pub(crate) async fn start_chat(&self, id: Uuid) -> Result<Committed, ExecuteError<ChatError>> {
        self.commands.execute::<Chat>(id, start(), &system()).await
    }

    pub(crate) async fn retitle(&self, id: Uuid, to: &str) -> Committed {
        let command = ChatCommand::Retitle(title(to));
        self.commands.execute::<Chat>(id, command, &system()).await.expect("an open chat can be retitled")
    }

    /// So many chats with so many events each, written side by side.
    pub(crate) async fn write_chats(&self, chats: usize, events: usize) -> Vec<Uuid> {
        let ids: Vec<Uuid> = (0..chats).map(|_| new_id()).collect();
        futures::future::join_all(ids.iter().map(|id| async {
            self.start_chat(*id).await.expect("a new chat can be started");
            for number in 1..events {
                self.retitle(*id, &format!("Title {number}")).await;
            }
        }))
        .await;
        ids
    }

    /// What a registration claims.
    pub(crate) fn claims(&self, owner: Uuid, email: &str, username: &str) -> Vec<Row> {
        let keys = self.log().keys();
        let email = Email::parse(email).expect("well-formed").comparable();
        vec![
            Row::Claim { set: Reservation::Email, value: keys.keyed_hash("email", &email), owner },
            Row::Claim { set: Reservation::Username, value: keys.keyed_hash("username", username), owner },
            AccountRow::Password { user: UserId::new(owner), hash: "$argon2id$".to_owned() }.into(),
        ]
    }
}

/// Gives up what nobody has: the append is looked at closely, statement by statement.
pub(crate) fn rare_row() -> Row {
    Row::ReleaseValue { set: Reservation::Nonce, value: new_id().as_bytes().to_vec() }
}

pub(crate) fn new_id() -> Uuid {
    SystemClock.new_id()
}

pub(crate) fn system() -> Context {
    Context::system("test", new_id())
}

/// A person who acts through a browser.
pub(crate) fn acting(user: Uuid) -> Context {
    Context { actor: Actor::User(UserId::new(user)), ..system() }
}

pub(crate) fn title(text: &str) -> Title {
    Title::parse(text).expect("well-formed")
}

pub(crate) fn start() -> ChatCommand {
    ChatCommand::Start { project_id: ProjectId::new(new_id()), owner: UserId::new(new_id()), title: title("A chat") }
}

pub(crate) fn register(username: &str, email: &str) -> UserCommand {
    UserCommand::Register {
        username: Username::parse(username).expect("well-formed"),
        email: Email::parse(email).expect("well-formed"),
        full_name: FullName::parse("Jane Doe").expect("well-formed"),
        roles: Roles::default(),
    }
}

/// Somebody with an account and a password.
pub(crate) async fn registered(accounts: &Accounts, name: &str) -> UserId {
    registered_with(accounts, name, Roles::default()).await
}

pub(crate) async fn registered_with(accounts: &Accounts, name: &str, roles: Roles) -> UserId {
    let id = UserId::new(new_id());
    let registration = Registration {
        username: Username::parse(name).expect("well-formed"),
        email: Email::parse(&format!("{name}@example.com")).expect("well-formed"),
        full_name: FullName::parse("Asha Nair").expect("well-formed"),
        password: "lantern-orbit-93".to_owned().into(),
        roles,
    };
    accounts.register(id, registration, &system()).await.expect("the values are free");
    id
}

/// Waits until the condition holds; the test fails if it does not in time.
pub(crate) async fn until(what: &str, condition: impl AsyncFnMut() -> bool) {
    until_within(PATIENCE, what, condition).await;
}

/// The same for what may take longer.
pub(crate) async fn until_within(patience: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !condition().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// One number from the database.
pub(crate) async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("the query is valid and yields a bigint")
}

/// Changes stored events, as only a superuser can who switches off their guard.
pub(crate) async fn tamper(pool: &PgPool, sql: &str) {
    let sql = format!(
        "ALTER TABLE events DISABLE TRIGGER events_are_kept; {sql}; ALTER TABLE events ENABLE TRIGGER events_are_kept"
    );
    sqlx::raw_sql(&sql).execute(pool).await.expect("the statements are valid");
}

/// The whole log, re-read from the table.
pub(crate) async fn stored_events(pool: &PgPool) -> Vec<StoredEvent> {
    sqlx::query_as(
        "SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                payload::text AS payload, metadata::text AS metadata, partition, command_id
         FROM events ORDER BY position",
    )
    .fetch_all(pool)
    .await
    .expect("the log can be read")
}

/// Fails unless positions are contiguous from 1, sequences from 1 in every aggregate, and the chain links every row and the head.
pub(crate) async fn assert_log_is_sound(pool: &PgPool) {
    let events = stored_events(pool).await;
    let hashes: Vec<Vec<u8>> = sqlx::query_scalar("SELECT hash FROM events ORDER BY position")
        .fetch_all(pool)
        .await
        .expect("hashes are there");
    let mut sequences = std::collections::HashMap::new();
    let mut previous = vec![0; 32];
    for ((event, hash), position) in events.iter().zip(hashes).zip(1..) {
        assert_eq!(event.position, position);
        let sequence = sequences.entry((&event.aggregate_type, &event.aggregate_id)).or_insert(0);
        *sequence += 1;
        assert_eq!(event.sequence, *sequence);
        assert_eq!(event.chain_hash(&previous).to_vec(), hash, "the chain breaks at {position}");
        previous = hash;
    }
    let (position, hash): (i64, Vec<u8>) =
        sqlx::query_as("SELECT position, hash FROM log_head").fetch_one(pool).await.expect("the log has a head");
    assert_eq!(usize::try_from(position), Ok(events.len()));
    assert_eq!(hash, previous);
}
