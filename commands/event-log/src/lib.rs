//! The event log. No other crate writes events or uses Kafka. It has no knowledge of features: other modules write
//! their own rows beside their events as [`TransactionalWrite`], and request later work as [`NewJob`].
//!
//! Commands are executed on aggregates by [`execute`]. Events are appended by the [`Appender`], and read through
//! postgres-es (one aggregate) or by position (all events, in order). The modules follow the path of an event:
//! `append`, `consume`, `keys`, `stream`, `proof`, `recovery`, `status`. Auditors read it by `history`.
//!
//! It is described in "The walk of a command" and "The walk of an event" in `docs/architecture.md`, and in
//! `docs/event-stream.md`.

pub mod advisory_locks;
mod aggregate_cache;
mod append;
pub mod clock;
pub mod clock_jumps;
mod consume;
pub mod execute;
mod follow;
mod head;
pub mod heartbeats;
mod history;
pub mod jobs;
mod keys;
mod proof;
mod recent;
mod recovery;
pub mod scheduler;
mod status;
mod store;
mod stored;
mod stream;
mod times;
mod token;

use domain::wording::error_chain;
use std::{sync::Arc, time::Duration};

use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

pub use append::{
    appender::Appender,
    idempotency::{Idempotency, IdempotencyExpiry},
    job_queue::{JobPayload, LEASE, NewJob, enqueue, enqueue_in, supersede, withdraw},
    request::{Append, AppendError, StreamAppend},
    rows::{Reservation, Row, TransactionalWrite},
};
pub use consume::{
    consumer::{ConsumerError, EventConsumer},
    parked::{ParkedEvent, parked_events},
    progress::{Consumers, Progress},
    runner::Retried,
};
pub use head::Head;
pub use history::{
    Acting, AsOf, AsOfError, Change, EventOrigin, Histories, HistoryError, HistoryEvent, HistoryFilter, HistoryPage,
    ListedDocument, LogPosition, MalformedMoment, Moment, MomentError, PastStates, ReadEvent,
};
pub use keys::{
    codec::{Codec, CodecError, PersonalTexts},
    crypto::KeyError,
    master_key::{MasterKey, has_keys, rewrap_keys},
    ring::KeyRing,
};
pub use proof::{
    audit::{
        Audit, AuditError, Concerned, EventObserver, EventRecord, Fault, LogPart, RecordsError, TakeError, audit,
        event_records, log_id,
    },
    heads::{HeadsError, HeadsFile, PublicKey, SignedHead},
    incarnation::{End, IncarnationError, Restored},
    signer::{HeadSigner, Loss},
};
pub use recovery::replay::{Replay, Replayable, Replayed, make_replay_tables};
pub use status::{
    readings::{ConsumerLag, Counted},
    report::{Counting, Expected, PartKind, PartStatus, Status, Verdict, status},
};
pub use store::{Loaded, StoreError};
pub use stored::{ChainHash, Committed, EventPosition, StoredEvent, partition_of};
pub use stream::{
    kafka::{KafkaSettings, QUIET, StreamError},
    relay::run_relay,
    republish::{ParkedRecord, StreamState, parked_records},
    retention::{Retention, RetentionError},
};
pub use token::TokenError;

use aggregate_cache::{AggregateCache, AggregateLocks};
use clock::SharedClock;
use domain::ids::CommandId;
use heartbeats::HeartbeatRegistry;
use proof::incarnation;
use recent::RecentEvents;
use recovery::snapshots::Snapshots;

/// How long a process may still read text that another process has erased. Views are never behind: their consumers
/// check for erasures in the transaction that writes them.
const FORGETS_AFTER: Duration = Duration::from_secs(1);

/// A handle to the event log. Clones share the appender and the caches.
#[derive(Clone)]
pub struct EventLog {
    pub(crate) pool: PgPool,
    pub(crate) codec: Codec,
    pub(crate) clock: SharedClock,
    log_id: Uuid,
    appender: Appender,
    repository: Arc<PostgresEventRepository>,
    head: watch::Receiver<Head>,
    recent: RecentEvents,
    cache: AggregateCache,
    locks: AggregateLocks,
    snapshots: Snapshots,
    heart: HeartbeatRegistry,
}

impl EventLog {
    /// Opens the log in a database whose schema is up to date. The second value is its background work (such as
    /// appending and listening for appends of other processes), which the caller must run. It ends when the last clone
    /// of the log is dropped, when the log in the database is replaced by another or an older one, and when the master
    /// key no longer fits.
    ///
    /// # Errors
    /// [`KeyError::WrongMasterKey`] if the master key does not fit; [`KeyError::Storage`] if a query fails.
    pub async fn open(
        pool: PgPool,
        master_key: MasterKey,
        clock: SharedClock,
    ) -> Result<(Self, impl Future<Output = ()> + Send), KeyError> {
        let keys = KeyRing::open(pool.clone(), master_key).await?;
        let log_id = sqlx::query_scalar!("SELECT log_id FROM log_head").fetch_one(&pool).await?;
        let (tell_head, head) = watch::channel(Head::default());
        let listening = follow::listen(pool.clone(), tell_head.clone());
        let recent = RecentEvents::default();
        let (appender, appending) = Appender::new(pool.clone(), tell_head, recent.clone());
        let (cache, locks) = (AggregateCache::default(), AggregateLocks::default());
        let forgetting = forget_the_erased(pool.clone(), keys.clone(), cache.clone());
        let heart = HeartbeatRegistry::new(clock.new_id());
        let (beating, beats) = (heart.clone(), pool.clone());
        let watching = incarnation::watch(pool.clone());
        let ring = keys.clone();
        let (snapshots, keeping) = Snapshots::new(pool.clone(), keys.clone());
        let task = async move {
            tokio::select! {
                () = appending => {}
                () = listening => {}
                () = forgetting => {}
                () = beating.run(&beats) => {}
                () = watching => {}
                () = ring.watch() => {}
                () = keeping => {}
            }
        };
        let repository = Arc::new(PostgresEventRepository::new(pool.clone()));
        let codec = Codec::new(keys);
        Ok((
            Self { pool, codec, clock, log_id, appender, repository, head, recent, cache, locks, snapshots, heart },
            task,
        ))
    }

    pub const fn keys(&self) -> &KeyRing {
        self.codec.keys()
    }

    /// Removes from this process's caches what they hold of erased persons.
    ///
    /// # Errors
    /// [`KeyError::Storage`] if the query fails.
    pub async fn forget_the_erased(&self) -> Result<(), KeyError> {
        self.keys().learn_erasures(&self.pool).await?;
        self.cache.forget_all();
        Ok(())
    }

    /// Writes all events and rows of an append, or none of them.
    pub(crate) async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        self.appender.append(append).await
    }

    /// Sends an empty append, which takes the usual path: the lock on the log, a transaction, its COMMIT.
    ///
    /// # Errors
    /// [`AppendError`] if nothing can be appended at the moment.
    pub async fn check_appending(&self) -> Result<(), AppendError> {
        let command_id = CommandId::new(self.clock.new_id());
        let nothing =
            Append { command_id, streams: Vec::new(), rows: Vec::new(), idempotency: None, living: Vec::new() };
        self.append(nothing).await.map(drop)
    }

    /// Returns the locks that serialize this process's commands on one aggregate.
    pub(crate) const fn aggregate_locks(&self) -> &AggregateLocks {
        &self.locks
    }

    /// Returns the heartbeat registry of this process.
    pub const fn heart(&self) -> &HeartbeatRegistry {
        &self.heart
    }

    /// Returns a receiver of the known end of the log; its changes wake the consumers of this process.
    pub fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }
}

/// Polls for erasures, and removes destroyed keys and all cached aggregate states, which may hold the erased text,
/// until the future is dropped.
async fn forget_the_erased(pool: PgPool, keys: KeyRing, cache: AggregateCache) {
    let mut forgotten = keys.last_erasure();
    loop {
        tokio::time::sleep(FORGETS_AFTER).await;
        match keys.learn_erasures(&pool).await {
            Ok(last) if last != forgotten => {
                cache.forget_all();
                forgotten = last;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(error = %error_chain(&error), "erasures cannot be looked up");
            }
        }
    }
}
