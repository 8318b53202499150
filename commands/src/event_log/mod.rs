//! The event log: the only module that writes events, and the only one that knows Kafka.
//!
//! Appending goes through the [`Appender`]; reading through postgres-es (one aggregate) or by position (everything, in order).

mod append;
mod append_request;
mod appender;
mod audit;
mod busy;
mod codec;
mod connection;
mod consumer;
mod crypto;
mod fast_batch;
mod fence;
mod follow;
mod head;
mod heads;
mod idempotency;
mod job_queue;
mod kafka;
mod kafka_source;
mod keys;
mod marking;
mod master_key;
mod parked;
mod personal;
mod preconditions;
mod producer;
mod progress;
mod publisher;
mod readings;
mod recent;
mod record;
mod relay;
mod replay;
mod republish;
mod retention;
mod rows;
mod runner;
mod signer;
mod snapshots;
mod source;
mod status;
mod store;
mod stored;
mod stream;
mod token;
mod topics;

use std::{sync::Arc, time::Duration};

use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

pub use append_request::{Append, AppendError, StreamAppend};
pub use appender::Appender;
pub use audit::{Audit, AuditError, Fault, audit};
pub use codec::{Codec, CodecError};
pub use consumer::{ConsumerError, EventConsumer};
pub use crypto::KeyError;
pub use fence::{End, FenceError, Restored};
pub use head::Head;
pub use heads::{HeadsError, HeadsFile, PublicKey, SignedHead};
pub use idempotency::{Idempotency, IdempotencyExpiry};
pub use kafka::{KafkaSettings, QUIET, StreamError};
pub use keys::KeyRing;
pub use master_key::{MasterKey, has_keys, rewrap_keys};
pub use parked::ParkedEvent;
pub use progress::{Consumers, Progress};
pub use readings::{Counted, Reading};
pub use relay::run_relay;
pub use replay::{Replay, Replayable, Replayed, make_replay_tables};
pub use republish::{ParkedRecord, StreamState};
pub use retention::{Retention, RetentionError};
pub use job_queue::{JobPayload, LEASE, NewJob, enqueue, enqueue_in, supersede, withdraw};
pub use rows::{Reservation, Row, TransactionalWrite};
pub use runner::Retried;
pub use signer::{HeadSigner, Loss};
pub use status::{Counting, Expected, PartStatus, Status, Verdict, What};
pub use store::{Loaded, StoreError};
pub use stored::{ChainHash, Committed, EventPosition, StoredEvent, partition_of};
pub use token::TokenError;

use busy::KeptStates;
pub(crate) use busy::Turns;
use recent::RecentEvents;
use snapshots::Snapshots;

use domain::ids::CommandId;

use crate::{clock::SharedClock, heartbeats::Heart};

/// For so long a process may still read what was erased by another one. Views are never behind: their consumers ask in
/// the transaction that writes them.
const FORGETS_AFTER: Duration = Duration::from_secs(1);

/// The log, as the write side uses it.
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
    kept: KeptStates,
    turns: Turns,
    snapshots: Snapshots,
    heart: Heart,
}

impl EventLog {
    /// The log in a database whose schema is up to date. The second value is its work in the background (appending, and listening
    /// for appends of other processes), which the caller must run; it ends when the last clone of the log is gone, when
    /// the log is no longer the one that it was, and when the master key does not fit any more.
    ///
    /// # Errors
    /// [`KeyError`] if the keys cannot be read or do not fit.
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
        let (kept, turns) = (KeptStates::default(), Turns::default());
        let forgetting = forget_the_erased(pool.clone(), keys.clone(), kept.clone());
        let heart = Heart::new(clock.new_id());
        let (beating, beats) = (heart.clone(), pool.clone());
        let watching = fence::watch(pool.clone());
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
            Self { pool, codec, clock, log_id, appender, repository, head, recent, kept, turns, snapshots, heart },
            task,
        ))
    }

    pub const fn keys(&self) -> &KeyRing {
        self.codec.keys()
    }

    /// Forgets what this process still holds of persons who were erased.
    ///
    /// # Errors
    /// [`KeyError::Storage`].
    pub(crate) async fn forget_the_erased(&self) -> Result<(), KeyError> {
        self.keys().learn_erasures(&self.pool).await?;
        self.kept.forget_all();
        Ok(())
    }

    /// Writes an append, wholly or not at all.
    pub(crate) async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        self.appender.append(append).await
    }

    /// Goes the way of every append, with nothing to write: the lock on the log, a transaction, its COMMIT.
    ///
    /// # Errors
    /// [`AppendError`] if nothing can be appended at the moment.
    pub async fn check_appending(&self) -> Result<(), AppendError> {
        let command_id = CommandId::new(self.clock.new_id());
        let nothing = Append { command_id, streams: Vec::new(), rows: Vec::new(), idempotency: None };
        self.append(nothing).await.map(drop)
    }

    /// The order of this process's commands on one aggregate.
    pub(crate) const fn turns(&self) -> &Turns {
        &self.turns
    }

    /// The signs of life of this process.
    pub const fn heart(&self) -> &Heart {
        &self.heart
    }

    /// How far the log is known to reach; changes wake the consumers of this process.
    pub fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }
}

/// Forgets the keys of persons who are erased, and the states of aggregates, which may hold their text, for ever: until the
/// future is dropped.
async fn forget_the_erased(pool: PgPool, keys: KeyRing, kept: KeptStates) {
    let mut forgotten = keys.last_erasure();
    loop {
        tokio::time::sleep(FORGETS_AFTER).await;
        match keys.learn_erasures(&pool).await {
            Ok(last) if last != forgotten => {
                kept.forget_all();
                forgotten = last;
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(error = %crate::error_chain(&error), "erasures cannot be looked up"),
        }
    }
}
