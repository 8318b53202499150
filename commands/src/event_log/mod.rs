//! The event log: the only module that writes events, and the only one that knows Kafka.
//!
//! Appending goes through the [`Appender`]; reading through postgres-es (one aggregate) or by position (everything, in order).

mod append;
mod appender;
mod busy;
mod codec;
mod connection;
mod consumer;
mod follow;
mod head;
mod kafka;
mod keys;
mod known;
mod master_key;
mod personal;
mod progress;
mod recent;
mod record;
mod relay;
mod rows;
mod source;
mod store;
mod stored;

use std::{sync::Arc, time::Duration};

use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use tokio::sync::watch;

pub use append::{Append, AppendError, Idempotency, IdempotencyExpiry, StreamAppend};
pub use appender::Appender;
pub use codec::{Codec, CodecError};
pub use consumer::{ConsumerError, EventConsumer};
pub use head::Head;
pub use kafka::{KafkaSettings, QUIET, StreamError};
pub use keys::{KeyError, KeyRing};
pub use master_key::{MasterKey, has_keys, rewrap_keys};
pub use progress::Progress;
pub use relay::run_relay;
pub use rows::{NewJob, NewResetCode, Reservation, Row, enqueue, write_reset_code};
pub use store::{Loaded, StoreError};
pub use stored::{ChainHash, Committed, EventPosition, StoredEvent, partition_of};

use busy::KeptStates;
pub(crate) use busy::Turns;
use recent::RecentEvents;

use crate::clock::SharedClock;

/// For so long a process may still read what was erased by another one. Views are never behind: their consumers ask in
/// the transaction that writes them.
const FORGETS_AFTER: Duration = Duration::from_secs(1);

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
    /// for appends of other processes), which the caller must run; it ends when the last clone of the log is gone.
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
        let repository = Arc::new(PostgresEventRepository::new(pool.clone()));
        let (kept, turns) = (KeptStates::default(), Turns::default());
        let forgetting = forget_the_erased(pool.clone(), keys.clone(), kept.clone());
        let codec = Codec::new(keys);
        let task = async move {
            tokio::select! {
                () = appending => {}
                () = listening => {}
                () = forgetting => {}
            }
        };
        Ok((Self { pool, codec, clock, appender, repository, head, recent, kept, turns }, task))
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

    /// The order of this process's commands on one aggregate.
    pub(crate) const fn turns(&self) -> &Turns {
        &self.turns
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
