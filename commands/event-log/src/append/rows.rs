//! The rows that may be written in the same transaction as an append's events.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{SubjectId, UserId};
use sqlx::{PgConnection, PgTransaction};
use uuid::Uuid;

use crate::append::job_queue::{NewJob, enqueue};

/// A set in which a value has at most one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Reservation {
    Email,
    Username,
    /// The default project, of which there is one; the value is a constant.
    DefaultProject,
    /// A number that a client chooses for a question; never released.
    Nonce,
    /// Ownership of something by a user; the value is the thing's id. Chats and projects are never released, because
    /// deleted ones stay in the log.
    Possession,
    /// A superuser whose account is open, by the user's id.
    Superuser,
}

/// Rows of another module's tables, written in the transaction of an append.
///
/// After a failed statement an implementation must return the error, because PostgreSQL would answer COMMIT by rolling
/// everything back. The rows of several appends are written in no particular order, after the log's own rows
/// (reservations, keys, jobs).
#[async_trait]
pub trait TransactionalWrite: Send + Sync {
    /// Writes the rows.
    ///
    /// # Errors
    /// [`sqlx::Error`] if a statement fails: the append fails with it, and none of it is written.
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error>;
}

/// A row that belongs to an append. Either all rows and events of an append are written, or none.
#[derive(Clone)]
pub enum Row {
    /// Claims a value for an owner. Refused if another owner holds the value.
    Claim {
        set: Reservation,
        value: Vec<u8>,
        owner: Uuid,
    },
    /// Releases all values that the owner holds in the set.
    Release {
        set: Reservation,
        owner: Uuid,
    },
    /// Releases one value, whoever its owner is.
    ReleaseValue {
        set: Reservation,
        value: Vec<u8>,
    },
    /// Makes the user the owner of the thing. Refused if the user does not exist, or no longer does.
    Own {
        user: UserId,
        thing: Uuid,
    },
    /// Requires that the user owns nothing. Writes nothing.
    OwnsNothing(UserId),
    /// Requires that the user is not the last superuser whose account is open. Writes nothing.
    AnotherSuperuser(UserId),
    Job(NewJob),
    /// Deletes the job with this id.
    FinishJob(Uuid),
    /// Destroys the subject's key. Text encrypted with it can never be read again, and the subject gets no new key.
    DestroyKey(SubjectId),
    /// Writes rows of another module.
    Write(Arc<dyn TransactionalWrite>),
}

impl<W: TransactionalWrite + 'static> From<W> for Row {
    fn from(write: W) -> Self {
        Self::Write(Arc::new(write))
    }
}

impl Row {
    /// Returns whether the row releases something. Such rows are written first, because a value may be released and
    /// claimed in the same append.
    pub(crate) const fn releases(&self) -> bool {
        matches!(self, Self::Release { .. } | Self::ReleaseValue { .. } | Self::FinishJob(_))
    }

    pub(crate) async fn write(&self, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        match self {
            Self::Claim { set, value, owner } => sqlx::query!(
                "INSERT INTO reservations (kind, value, owner) VALUES ($1, $2, $3)
                 ON CONFLICT (kind, value) DO UPDATE SET owner = excluded.owner WHERE reservations.owner = excluded.owner",
                <&str>::from(set),
                value,
                owner,
            ),
            Self::Release { set, owner } => sqlx::query!(
                "DELETE FROM reservations WHERE kind = $1 AND owner = $2",
                <&str>::from(set),
                owner,
            ),
            Self::ReleaseValue { set, value } => sqlx::query!(
                "DELETE FROM reservations WHERE kind = $1 AND value = $2",
                <&str>::from(set),
                value,
            ),
            // These rows are preconditions only.
            Self::OwnsNothing(_) | Self::AnotherSuperuser(_) => return Ok(()),
            Self::Own { user, thing } => sqlx::query!(
                "INSERT INTO reservations (kind, value, owner) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                <&str>::from(Reservation::Possession),
                thing.as_bytes(),
                user.value(),
            ),
            Self::Job(job) => return enqueue(job, tx).await,
            Self::Write(write) => return write.write(tx).await,
            Self::FinishJob(job) => sqlx::query!("DELETE FROM jobs WHERE job_id = $1", job),
            Self::DestroyKey(subject) => sqlx::query!(
                "INSERT INTO subject_keys (subject_id, erased_at, erasure) VALUES ($1, now(), nextval('erasures'))
                 ON CONFLICT (subject_id) DO UPDATE
                 SET wrapped_key = NULL, erased_at = excluded.erased_at, erasure = excluded.erasure
                 WHERE subject_keys.wrapped_key IS NOT NULL",
                subject.value(),
            ),
        }
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
