//! Proofs that others can check: keeps the log published as a transparency log, and makes the receipts of events.
//!
//! See "Receipts" in `docs/operations/audit.md`.

mod publish;
mod tree_check;
mod witnesses;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::PgPool;
use tokio::{runtime::Handle, task::spawn_blocking};
use transparency_log::{
    checkpoint::{Checkpoint, CheckpointError},
    leaf::{Leaf, LeafError},
    note::{KeyError, KeyName, Note, NoteError, SigningKey, VerifierKey},
    receipt::{MakeError, Receipt},
    tiles::{CHECKPOINT, Folder, ReadFiles as _, TileError},
    writer::WriteError,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    error_chain,
    event_log::{EventRecord, KeyRing, RecordsError, log_id},
};
pub use tree_check::TreeCheck;
pub use witnesses::Witnesses;

/// The purpose that distinguishes this key from others that are derived from the system's key.
const PURPOSE: &str = "ed25519 key of the transparency log";

/// The reason why the log is not published, or an event has no receipt.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error("{0} cannot be the origin of a log: no blanks, no `+`")]
    Origin(String, #[source] KeyError),
    #[error(
        "{} is not a folder of this log: one that was restored, or has another origin, needs a new one", folder.display()
    )]
    OtherLog { folder: PathBuf, source: WriteError },
    #[error("{} has another event at position {position} than the log", folder.display())]
    OtherEvent { folder: PathBuf, position: u64 },
    #[error("another process publishes in {} at this moment", .0.display())]
    Busy(PathBuf),
    #[error("the files in {} cannot be read or written", folder.display())]
    Files { folder: PathBuf, source: io::Error },
    #[error("{} is as it was at its last checkpoint", folder.display())]
    Records { folder: PathBuf, source: RecordsError },
    #[error("{} cannot be written", folder.display())]
    Write { folder: PathBuf, source: WriteError },
    #[error("{} cannot be read", folder.display())]
    Tile { folder: PathBuf, source: TileError },
    #[error("the log is not published in {}: `ayushma audit publish` does it, and so does a server", .0.display())]
    NotPublished(PathBuf),
    #[error("position {position} is not published yet: {published} are")]
    NotYet { position: u64, published: u64 },
    #[error("positions begin with 1")]
    Position,
    #[error("the published checkpoint is no note")]
    Note(#[from] NoteError),
    #[error("the published checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    #[error("there is no receipt of position {position}: a file of {} was altered or is missing", folder.display())]
    Receipt { folder: PathBuf, position: u64, source: MakeError },
    #[error("the record of an event cannot be made")]
    Leaf(#[from] LeafError),
    #[error("the log cannot be read")]
    Database(#[from] sqlx::Error),
}

/// Where the log is published, and under which name.
#[derive(Debug, Clone)]
pub struct ProofPlace {
    /// The folder of the checkpoint and the tiles; `None` for the one below `folders` that has the log's id.
    pub folder: Option<PathBuf>,
    /// The folder of one folder for each incarnation of the log.
    pub folders: PathBuf,
    /// Whose log it is, such as `hospital.example/ayushma`.
    pub origin: String,
}

impl ProofPlace {
    /// Returns the folder of the log with this id.
    pub fn of_log(&self, log_id: Uuid) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| self.folders.join(log_id.to_string()))
    }
}

/// The log as it was published last.
#[derive(Debug, Clone)]
pub struct PublishedLog {
    pub folder: PathBuf,
    pub key: VerifierKey,
    /// The number of events, which is the position of the last one.
    pub events: u64,
    /// The signed checkpoint, with the signatures of witnesses if there are any.
    pub checkpoint: Note,
}

/// The use cases of proofs.
#[derive(Clone)]
pub struct Proofs {
    pool: PgPool,
    keys: KeyRing,
    place: ProofPlace,
    witnesses: Option<Witnesses>,
}

impl Proofs {
    pub const fn new(pool: PgPool, keys: KeyRing, place: ProofPlace) -> Self {
        Self { pool, keys, place, witnesses: None }
    }

    /// Has each checkpoint cosigned by witnesses before it is published.
    #[must_use]
    pub fn witnessed_by(self, witnesses: Option<Witnesses>) -> Self {
        Self { witnesses, ..self }
    }

    /// Returns the key of the log with this id. Each incarnation has its own.
    ///
    /// # Errors
    /// [`ProofError::Origin`].
    pub fn key_of(&self, log_id: Uuid) -> Result<SigningKey, ProofError> {
        let name = format!("{}/log/{log_id}", self.place.origin);
        let seed = Zeroizing::new(self.keys.keyed_hash(PURPOSE, &name));
        let seed: &[u8; 32] = seed.as_slice().try_into().expect("a keyed hash has 32 bytes");
        let name = KeyName::parse(&name).map_err(|error| ProofError::Origin(self.place.origin.clone(), error))?;
        Ok(SigningKey::new(name, seed))
    }

    /// The folder and the key of the log in this database.
    async fn log(&self) -> Result<(PathBuf, SigningKey), ProofError> {
        let id = log_id(&self.pool).await?;
        Ok((self.place.of_log(id), self.key_of(id)?))
    }

    /// Returns the key of this log, which signs its checkpoints.
    ///
    /// # Errors
    /// [`ProofError::Database`] or [`ProofError::Origin`].
    pub async fn key(&self) -> Result<SigningKey, ProofError> {
        Ok(self.log().await?.1)
    }

    /// Publishes every `period` what is new, until the future is dropped.
    pub async fn run(self, period: Duration) {
        loop {
            match self.publish().await {
                Ok((published, new)) => tracing::debug!(events = published.events, new, "the log is published"),
                Err(error @ ProofError::Busy(_)) => tracing::debug!(%error, "the log is not published"),
                Err(error) => tracing::error!(error = %error_chain(&error), "the log cannot be published"),
            }
            tokio::time::sleep(period).await;
        }
    }

    /// Publishes what is new in the log; returns how many events are. Each is held against the hash chain on the way.
    /// Files that are there are not changed, and of two processes only one writes in a folder at a time. Where witnesses
    /// are missing, the checkpoint is published without them, and they are asked again next time.
    ///
    /// # Errors
    /// [`ProofError`]; what was published before is as it was.
    pub async fn publish(&self) -> Result<(PublishedLog, u64), ProofError> {
        let this = self.clone();
        let runtime = Handle::current();
        // Files are waited for at each step, which must not hold up the tasks of a server.
        let publishing = spawn_blocking(move || runtime.block_on(this.publish_blocking())).await;
        publishing.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    async fn publish_blocking(self) -> Result<(PublishedLog, u64), ProofError> {
        let (folder, key) = self.log().await?;
        publish::publish(&self.pool, &folder, key, self.witnesses.as_ref()).await
    }

    /// Returns the log as it was published last.
    ///
    /// # Errors
    /// [`ProofError::NotPublished`] if it never was; other variants if what is there cannot be used.
    pub async fn published(&self) -> Result<PublishedLog, ProofError> {
        let (folder, key) = self.log().await?;
        published(&folder, key.verifier())
    }

    /// Makes the receipt of the event at a position.
    ///
    /// # Errors
    /// [`ProofError::NotYet`] if the position is beyond what is published, [`ProofError::NotPublished`] if nothing is;
    /// other variants if what is there cannot be used.
    pub async fn receipt(&self, position: u64) -> Result<Receipt, ProofError> {
        let index = position.checked_sub(1).ok_or(ProofError::Position)?;
        let PublishedLog { folder, key, events, checkpoint } = self.published().await?;
        if position > events {
            return Err(ProofError::NotYet { position, published: events });
        }
        let made = spawn_blocking(move || {
            Receipt::make(&Folder::new(folder.clone()), index, &checkpoint, &key)
                .map_err(|source| ProofError::Receipt { folder, position, source })
        });
        made.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

fn published(folder: &Path, key: &VerifierKey) -> Result<PublishedLog, ProofError> {
    let found = Folder::new(folder.to_owned()).read(CHECKPOINT);
    let found = found.map_err(|source| ProofError::Files { folder: folder.to_owned(), source })?;
    let checkpoint = Note::parse(&found.ok_or_else(|| ProofError::NotPublished(folder.to_owned()))?)?;
    let Checkpoint { size, .. } = Checkpoint::open(&checkpoint, key)?;
    Ok(PublishedLog { folder: folder.to_owned(), key: key.clone(), events: size, checkpoint })
}

/// Returns the record of an event that the tree of the published log has.
///
/// # Errors
/// [`LeafError`] if the event has a name or time that no event has.
pub fn leaf_of(record: &EventRecord) -> Result<Leaf, LeafError> {
    let EventRecord { position, aggregate_type, event_type, recorded_at, digest } = record;
    let position = u64::try_from(*position).map_err(|_| LeafError::Position)?;
    Leaf::new(position, aggregate_type, event_type, *recorded_at, *digest)
}
