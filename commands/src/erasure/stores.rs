//! The stores that an erasure has to reach: what is done in each, and how it is known to hold nothing any more.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AggregateType,
    erasure::{Store, StoreFault, SubjectKind},
    ids::SubjectId,
};
use sqlx::PgPool;

use super::Ledger;
use crate::{
    clock::SharedClock,
    error_chain,
    event_log::{Consumers, EventPosition, Progress},
    uploads::Uploads,
};

/// How long the projections are waited for at a time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks into the views, which the write side does not know.
#[async_trait]
pub trait ViewsOfSubjects: Send + Sync {
    /// Counts the rows of the views that are of the subject.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the views cannot be read.
    async fn rows_of(&self, subject: SubjectId) -> Result<InViews, sqlx::Error>;
}

/// What the views have of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InViews {
    /// Those that still have text.
    pub with_text: u64,
    /// All of them.
    pub rows: u64,
}

/// The stores of a subject, in the order in which they are looked at.
pub(super) const fn stores_of(kind: SubjectKind) -> &'static [Store] {
    match kind {
        SubjectKind::Person => {
            &[Store::Keys, Store::Account, Store::Snapshots, Store::Views, Store::Media, Store::Ledger]
        }
        SubjectKind::Chat => &[Store::Keys, Store::Snapshots, Store::Views, Store::Media, Store::Ledger],
    }
}

/// The hands that reach into the stores.
pub(super) struct Stores<'a> {
    pub pool: &'a PgPool,
    pub clock: &'a SharedClock,
    pub ledger: &'a Ledger,
    pub uploads: &'a Uploads,
    pub views: &'a dyn ViewsOfSubjects,
    /// The projections, which have to have seen the erasure.
    pub projections: Consumers<'a>,
    pub progress: &'a Progress,
}

impl Stores<'_> {
    /// Removes from a store what is left of the subject; returns how many things were removed, or looked at.
    ///
    /// # Errors
    /// [`StoreFault`] if the store was not reached, or still has something. The cause is logged.
    pub(super) async fn erase(&self, store: Store, subject: SubjectId) -> Result<u64, StoreFault> {
        match store {
            Store::Keys => self.keys(subject).await,
            Store::Account => self.account(subject).await,
            Store::Snapshots => self.snapshots(subject).await,
            Store::Views => self.views(subject).await,
            Store::Media => self.media(subject).await,
            Store::Ledger => self.ledger(subject).await,
        }
    }

    async fn keys(&self, subject: SubjectId) -> Result<u64, StoreFault> {
        let destroyed = sqlx::query_scalar!(
            r#"SELECT count(*) AS "destroyed!" FROM subject_keys WHERE subject_id = $1 AND wrapped_key IS NULL"#,
            subject.value(),
        );
        match destroyed.fetch_one(self.pool).await.map_err(|error| unavailable(Store::Keys, &error))? {
            0 => Err(StoreFault::StillThere),
            destroyed => Ok(destroyed.unsigned_abs()),
        }
    }

    async fn account(&self, subject: SubjectId) -> Result<u64, StoreFault> {
        let left = sqlx::query_scalar!(
            r#"SELECT (SELECT count(*) FROM passwords WHERE user_id = $1)
                    + (SELECT count(*) FROM tokens WHERE user_id = $1)
                    + (SELECT count(*) FROM log_in_places WHERE user_id = $1)
                    + (SELECT count(*) FROM reset_codes WHERE user_id = $1)
                    + (SELECT count(*) FROM former_addresses WHERE user_id = $1)
                    + (SELECT count(*) FROM idempotency_keys WHERE actor = 'user:' || $1::text)
                    + (SELECT count(*) FROM reservations WHERE owner = $1 AND kind IN ('email', 'username')) AS "left!""#,
            subject.value(),
        );
        match left.fetch_one(self.pool).await.map_err(|error| unavailable(Store::Account, &error))? {
            // Seven tables were looked at.
            0 => Ok(7),
            _ => Err(StoreFault::StillThere),
        }
    }

    async fn snapshots(&self, subject: SubjectId) -> Result<u64, StoreFault> {
        // They are ciphertext already, and nobody makes new ones without the key.
        let deleted = sqlx::query!("DELETE FROM snapshots WHERE subject_id = $1", subject.value());
        let deleted = deleted.execute(self.pool).await.map_err(|error| unavailable(Store::Snapshots, &error))?;
        Ok(deleted.rows_affected())
    }

    async fn views(&self, subject: SubjectId) -> Result<u64, StoreFault> {
        let failed = |error| unavailable(Store::Views, &error);
        if !self.have_seen_it(subject).await.map_err(failed)? {
            return Err(StoreFault::Behind);
        }
        let InViews { with_text, rows } = self.views.rows_of(subject).await.map_err(failed)?;
        if with_text == 0 { Ok(rows) } else { Err(StoreFault::StillThere) }
    }

    /// Whether all projections have applied the last erasure of the subject.
    async fn have_seen_it(&self, subject: SubjectId) -> Result<bool, sqlx::Error> {
        let erased = sqlx::query!(
            "SELECT aggregate_type, partition, position FROM events
             WHERE aggregate_type IN ('user', 'chat') AND aggregate_id = $1 AND event_type = 'SubjectErased'
             ORDER BY position DESC LIMIT 1",
            subject.to_string(),
        )
        .fetch_optional(self.pool)
        .await?;
        let Some(erased) = erased else { return Ok(false) };
        let Ok(aggregate_type) = erased.aggregate_type.parse::<AggregateType>() else { return Ok(false) };
        let position = EventPosition { aggregate_type, partition: erased.partition, position: erased.position };
        self.progress.wait_for(self.pool, self.projections, &[position], PATIENCE).await
    }

    async fn media(&self, subject: SubjectId) -> Result<u64, StoreFault> {
        let names = self.uploads.speech_of_subject(subject.value()).await;
        let names = names.map_err(|error| unavailable(Store::Media, &error))?;
        for name in &names {
            self.uploads.remove(name).await.map_err(|error| unavailable(Store::Media, &error))?;
        }
        Ok(names.len() as u64)
    }

    async fn ledger(&self, subject: SubjectId) -> Result<u64, StoreFault> {
        let failed = |error| unavailable(Store::Ledger, &error);
        if !self.ledger.read().await.map_err(failed)?.contains(&subject) {
            self.ledger.note(subject, self.clock.now()).await.map_err(failed)?;
        }
        Ok(1)
    }
}

/// The cause may name files and hosts, which are for the operator's log and not for the event.
fn unavailable(store: Store, error: &(dyn std::error::Error + 'static)) -> StoreFault {
    tracing::error!(%store, error = %error_chain(error), "an erasure did not reach a store; it is tried again");
    StoreFault::Unavailable
}
