//! What may be written in the transaction that appends events, beside them.

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
    /// The one default project; its value is always the same.
    DefaultProject,
    /// A question's client-made number; never released.
    Nonce,
    /// Something that a user owns; its value is the thing's id. Chats and projects are never released: what is deleted stays
    /// in the log.
    Possession,
    /// A superuser whose account is open, by the user's id.
    Superuser,
}

/// What another module writes into its own tables in the transaction of an append. Behind a statement that has failed it must not
/// go on: PostgreSQL would answer COMMIT by undoing everything. Rows of several appends are written in any order, and those of the
/// log (reservations, keys, jobs) are there before.
#[async_trait]
pub trait TransactionalWrite: Send + Sync {
    /// # Errors
    /// The database's: the append fails with it, and nothing of it is written.
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error>;
}

/// A row that belongs to an append: all of them are written, or none and no event.
#[derive(Clone)]
pub enum Row {
    /// Refused if another owner holds the value.
    Claim {
        set: Reservation,
        value: Vec<u8>,
        owner: Uuid,
    },
    /// Gives up whatever the owner holds in the set.
    Release {
        set: Reservation,
        owner: Uuid,
    },
    /// Gives up one value, whoever holds it.
    ReleaseValue {
        set: Reservation,
        value: Vec<u8>,
    },
    /// The thing belongs to the user from now on. Refused if there is no such user (any more).
    Own {
        user: UserId,
        thing: Uuid,
    },
    /// Writes nothing. Refused if anything belongs to the user.
    OwnsNothing(UserId),
    /// Writes nothing. Refused if the user is the last superuser whose account is open.
    AnotherSuperuser(UserId),
    Job(NewJob),
    FinishJob(Uuid),
    /// What is under the subject's key can never be read again, and there will be no other key.
    DestroyKey(SubjectId),
    /// Rows of a module's own.
    Write(Arc<dyn TransactionalWrite>),
}

impl<W: TransactionalWrite + 'static> From<W> for Row {
    fn from(write: W) -> Self {
        Self::Write(Arc::new(write))
    }
}

impl Row {
    /// Whether something is given up: that comes first, wherever it stands, because it may change hands in one append.
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
            // Only checked.
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
