//! What may be written in the transaction that appends events, beside them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::{ApiKeyId, DocumentId, ProjectId, ServiceId, SessionId, SubjectId, UserId};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use sqlx::{PgConnection, PgTransaction};
use uuid::Uuid;

/// How long a worker may give no sign of life.
pub const LEASE: Duration = Duration::from_secs(30);

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
    /// Argon2id's own text form. Codes for a new one that were mailed before are of no use any more.
    Password {
        user: UserId,
        hash: String,
    },
    /// A token by its SHA-256. It is not kept if the password that was checked for it has been changed since.
    Token {
        token_hash: Vec<u8>,
        user: UserId,
        session: SessionId,
        password_hash: String,
    },
    /// Nobody can log in any more.
    NoPassword(UserId),
    EndSession(SessionId),
    EndOtherSessions {
        user: UserId,
        keep: Option<SessionId>,
    },
    /// The address before the one that the account gets in this append. While an older one is kept, that one stays: of several
    /// changes in a row, only the first took the address away from its owner.
    FormerAddress {
        user: UserId,
        sealed_email: Vec<u8>,
        until: DateTime<Utc>,
    },
    NoFormerAddress(UserId),
    /// Sealed; `None` removes it.
    ProviderKey {
        project: ProjectId,
        sealed_key: Option<Vec<u8>>,
    },
    /// An API key by its keyed hash.
    ApiKey {
        key_hash: Vec<u8>,
        key: ApiKeyId,
        service: ServiceId,
    },
    /// The temp tokens that were made with it end too.
    EndApiKey(ApiKeyId),
    EndKeysOfService(ServiceId),
    Job(NewJob),
    FinishJob(Uuid),
    /// A file of [`Uploads`](crate::uploads::Uploads) that an event of the append refers to, by its name.
    KeepUpload(String),
    /// No search finds the document's passages from now on, wherever they are.
    HideDocument {
        project: ProjectId,
        document: DocumentId,
    },
    /// What is under the subject's key can never be read again, and there will be no other key.
    DestroyKey(SubjectId),
    /// Whatever is left of the person's requests: codes for new passwords and the address that they go to, mails that are not
    /// sent yet, idempotency keys.
    ForgetRequests {
        user: UserId,
        /// As it stands in the jobs that mail a code.
        reset_address: Option<String>,
    },
}

/// A code that was made for somebody who has forgotten the password, or for an address of nobody.
#[derive(Clone)]
pub struct NewResetCode {
    /// A keyed hash.
    pub address: Vec<u8>,
    pub user: Option<UserId>,
    pub sealed_code: Vec<u8>,
    pub tries: i32,
    pub expires_at: DateTime<Utc>,
}

/// Writes a code, unless there is a living one for the address and user, at which `guesser` has guesses left. Says whether it was
/// written.
pub async fn write_reset_code(
    code: &NewResetCode,
    guesser: Option<&str>,
    connection: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let written = sqlx::query!(
        "INSERT INTO reset_codes (address, user_id, sealed_code, tries_left, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (address) DO UPDATE SET user_id = excluded.user_id, sealed_code = excluded.sealed_code,
                                             tries_left = excluded.tries_left, own_tries = '{}', is_used = false,
                                             expires_at = excluded.expires_at
         WHERE reset_codes.user_id IS DISTINCT FROM excluded.user_id OR reset_codes.is_used
            OR reset_codes.expires_at <= now() OR (reset_codes.own_tries ->> $6::text)::integer = 0",
        code.address,
        code.user.map(UserId::value),
        code.sealed_code,
        code.tries,
        code.expires_at,
        guesser,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}

async fn keep_former_address(
    user: UserId,
    sealed_email: &[u8],
    until: DateTime<Utc>,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO former_addresses AS kept (user_id, sealed_email, until) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET until = excluded.until,
             sealed_email = CASE WHEN kept.until > now() THEN kept.sealed_email ELSE excluded.sealed_email END",
        user.value(),
        sealed_email,
        until,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn forget_requests(
    user: UserId,
    reset_address: Option<&str>,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH codes AS (DELETE FROM reset_codes WHERE user_id = $1),
              mails AS (DELETE FROM jobs WHERE kind = 'password_reset' AND arguments ->> 'address' = $2),
              notices AS (DELETE FROM jobs WHERE kind = 'address_changed' AND arguments ->> 'user' = $1::text),
              former AS (DELETE FROM former_addresses WHERE user_id = $1)
         DELETE FROM idempotency_keys WHERE actor = 'user:' || $1::text",
        user.value(),
        reset_address,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Durable work to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub job_id: Uuid,
    pub kind: &'static str,
    /// What it is about; one job of a kind at a time.
    pub subject_id: Uuid,
    pub arguments: serde_json::Value,
    /// A worker that has it from the start, under the usual lease.
    pub leased_by: Option<Uuid>,
}

/// What a job says to whoever does it; a type for each kind. Its form is stored: jobs wait while programs change.
pub trait JobPayload: Serialize + DeserializeOwned {
    /// The stored name of the kind.
    const KIND: &'static str;
}

impl NewJob {
    /// A job that any worker may take.
    pub fn new<P: JobPayload>(job_id: Uuid, subject_id: Uuid, payload: &P) -> Self {
        Self { job_id, kind: P::KIND, subject_id, arguments: json!(payload), leased_by: None }
    }
}

/// Writes a job. One that is already there stays as it is.
pub async fn enqueue(job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    enqueue_in(Duration::ZERO, job, tx).await
}

/// Writes a job that is due after this time, unless there is one of its kind for its subject.
pub async fn enqueue_in(due_in: Duration, job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO jobs (job_id, kind, subject_id, arguments, leased_by, lease_until, run_at)
         VALUES ($1, $2, $3, $4, $5, CASE WHEN $5::uuid IS NOT NULL THEN now() + make_interval(secs => $6) END,
                 now() + make_interval(secs => $7))
         ON CONFLICT (kind, subject_id) DO NOTHING",
        job.job_id,
        job.kind,
        job.subject_id,
        job.arguments,
        job.leased_by,
        LEASE.as_secs_f64(),
        due_in.as_secs_f64(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes a job in the place of the one that is there, if there is one: whoever works on that one loses it.
pub async fn supersede(job: &NewJob, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    withdraw(job.kind, job.subject_id, tx).await?;
    enqueue(job, tx).await
}

/// Takes a job out: whoever works on it loses it.
pub async fn withdraw(kind: &str, subject_id: Uuid, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM jobs WHERE kind = $1 AND subject_id = $2", kind, subject_id).execute(&mut **tx).await?;
    Ok(())
}

impl Row {
    /// Whether something is given up: that comes first, wherever it stands, because it may change hands in one append.
    pub(super) const fn gives_up(&self) -> bool {
        matches!(self, Self::Release { .. } | Self::ReleaseValue { .. } | Self::FinishJob(_))
    }

    pub(super) async fn write(&self, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
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
            Self::FinishJob(job) => sqlx::query!("DELETE FROM jobs WHERE job_id = $1", job),
            Self::Password { user, hash } => sqlx::query!(
                "WITH codes AS (UPDATE reset_codes SET is_used = true WHERE user_id = $1 AND NOT is_used)
                 INSERT INTO passwords (user_id, hash) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash",
                user.value(),
                hash,
            ),
            Self::Token { token_hash, user, session, password_hash } => sqlx::query!(
                "INSERT INTO tokens (token_hash, user_id, session_id)
                 SELECT $1, user_id, $3 FROM passwords WHERE user_id = $2 AND hash = $4",
                token_hash,
                user.value(),
                session.value(),
                password_hash,
            ),
            Self::NoPassword(user) => sqlx::query!(
                "WITH places AS (DELETE FROM log_in_places WHERE user_id = $1) DELETE FROM passwords WHERE user_id = $1",
                user.value()
            ),
            Self::EndSession(session) => sqlx::query!("DELETE FROM tokens WHERE session_id = $1", session.value()),
            Self::EndOtherSessions { user, keep } => sqlx::query!(
                "DELETE FROM tokens WHERE user_id = $1 AND session_id IS DISTINCT FROM $2",
                user.value(),
                keep.map(SessionId::value),
            ),
            Self::FormerAddress { user, sealed_email, until } => {
                return keep_former_address(*user, sealed_email, *until, tx).await;
            }
            Self::NoFormerAddress(user) => {
                sqlx::query!("DELETE FROM former_addresses WHERE user_id = $1", user.value())
            }
            Self::ProviderKey { project, sealed_key: Some(sealed_key) } => sqlx::query!(
                "INSERT INTO provider_keys (project_id, sealed_key) VALUES ($1, $2)
                 ON CONFLICT (project_id) DO UPDATE SET sealed_key = excluded.sealed_key",
                project.value(),
                sealed_key,
            ),
            Self::ProviderKey { project, sealed_key: None } => {
                sqlx::query!("DELETE FROM provider_keys WHERE project_id = $1", project.value())
            }
            Self::ApiKey { key_hash, key, service } => sqlx::query!(
                "INSERT INTO api_keys (key_hash, key_id, service_id) VALUES ($1, $2, $3)",
                key_hash,
                key.value(),
                service.value(),
            ),
            Self::EndApiKey(key) => sqlx::query!("DELETE FROM api_keys WHERE key_id = $1", key.value()),
            Self::EndKeysOfService(service) => {
                sqlx::query!("DELETE FROM api_keys WHERE service_id = $1", service.value())
            }
            Self::KeepUpload(name) => sqlx::query!("UPDATE uploads SET is_kept = true WHERE name = $1", name),
            Self::HideDocument { project, document } => sqlx::query!(
                "INSERT INTO hidden_documents (document_id, project_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                document.value(),
                project.value(),
            ),
            Self::DestroyKey(subject) => sqlx::query!(
                "INSERT INTO subject_keys (subject_id, erased_at, erasure) VALUES ($1, now(), nextval('erasures'))
                 ON CONFLICT (subject_id) DO UPDATE
                 SET wrapped_key = NULL, erased_at = excluded.erased_at, erasure = excluded.erasure
                 WHERE subject_keys.wrapped_key IS NOT NULL",
                subject.value(),
            ),
            Self::ForgetRequests { user, reset_address } => {
                return forget_requests(*user, reset_address.as_deref(), tx).await;
            }
        }
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
