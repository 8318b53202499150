//! The event log: the only module that writes events, and the only one that knows Kafka.
//!
//! Appending goes through the [`Appender`]; reading through postgres-es (one aggregate) or by position (everything, in order).

mod append;
mod appender;
mod audit;
mod busy;
mod codec;
mod connection;
mod consumer;
mod fence;
mod follow;
mod head;
mod heads;
mod kafka;
mod keys;
mod known;
mod personal;
mod progress;
mod recent;
mod record;
mod relay;
mod rows;
mod signer;
mod source;
mod store;
mod stored;

use std::sync::Arc;

use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use tokio::sync::watch;

pub use append::{Append, AppendError, Idempotency, IdempotencyExpiry, StreamAppend};
pub use appender::Appender;
pub use audit::{Audit, AuditError, Fault, audit};
pub use codec::{Codec, CodecError};
pub use consumer::{ConsumerError, EventConsumer};
pub use fence::{End, FenceError, Restored};
pub use head::Head;
pub use heads::{HeadsError, HeadsFile, PublicKey, SignedHead};
pub use kafka::{KafkaSettings, QUIET, StreamError};
pub use keys::{KeyError, KeyRing, MasterKey};
pub use progress::Progress;
pub use relay::run_relay;
pub use rows::{NewJob, NewResetCode, Reservation, Row, enqueue, write_reset_code};
pub use signer::HeadSigner;
pub use store::{Loaded, StoreError};
pub use stored::{ChainHash, Committed, EventPosition, StoredEvent, partition_of};

use busy::KeptStates;
pub(crate) use busy::Turns;
use recent::RecentEvents;

use crate::clock::SharedClock;

/// The log, as the write side uses it.
#[derive(Clone)]
pub struct EventLog {
    pub(crate) pool: PgPool,
    pub(crate) codec: Codec,
    pub(crate) clock: SharedClock,
    appender: Appender,
    repository: Arc<PostgresEventRepository>,
    head: watch::Receiver<Head>,
    recent: RecentEvents,
    kept: KeptStates,
    turns: Turns,
}

impl EventLog {
    /// The log in a database whose schema is up to date. The second value is its work in the background (appending, and listening
    /// for appends of other processes), which the caller must run; it ends when the last clone of the log is gone, and when
    /// the log is no longer the one that it was.
    ///
    /// # Errors
    /// [`KeyError`] if the keys cannot be read or do not fit.
    pub async fn open(
        pool: PgPool,
        master_key: MasterKey,
        clock: SharedClock,
    ) -> Result<(Self, impl Future<Output = ()> + Send), KeyError> {
        let keys = KeyRing::open(pool.clone(), master_key).await?;
        let (tell_head, head) = watch::channel(Head::default());
        let listening = follow::listen(pool.clone(), tell_head.clone());
        let recent = RecentEvents::default();
        let (appender, appending) = Appender::new(pool.clone(), tell_head, recent.clone());
        let watching = fence::watch(pool.clone());
        let task = async move {
            tokio::select! {
                () = appending => {}
                () = listening => {}
                () = watching => {}
            }
        };
        let repository = Arc::new(PostgresEventRepository::new(pool.clone()));
        let codec = Codec::new(keys);
        let (kept, turns) = (KeptStates::default(), Turns::default());
        Ok((Self { pool, codec, clock, appender, repository, head, recent, kept, turns }, task))
    }

    pub const fn keys(&self) -> &KeyRing {
        self.codec.keys()
    }

    /// Writes an append, wholly or not at all.
    pub(crate) async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        self.appender.append(append).await
    }

    /// The order of this process's commands on one aggregate.
    pub(crate) const fn turns(&self) -> &Turns {
        &self.turns
    }

    /// How far the log is known to reach; changes wake the consumers of this process.
    pub fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }
}
