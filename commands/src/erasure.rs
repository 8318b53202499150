//! Erasure of a person, or of a chat without an owner: the key of all of its text is destroyed in the append that
//! records the erasure.
//!
//! The projectors blank the views on the event, a job removes the files, and the [`Ledger`] ensures that a restored
//! backup is erased again.

mod ledger;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    chat::{Chat, ChatCommand, ChatError},
    ids::{ChatId, SubjectId, UserId},
    user::{User, UserCommand, UserError},
};

use crate::{
    Resources,
    accounts::{AccountRow, Accounts, no_superuser},
    clock::SharedClock,
    event_log::{Committed, KeyError, NewJob, Reservation, Row, StoreError},
    execute::{Commands, Context, ExecuteError},
    uploads::EraseMedia,
};
pub use ledger::{Ledger, LedgerError};
use sqlx::PgPool;

/// The reason for which a subject was not erased, or not completely.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    #[error("the person cannot be erased")]
    Person(#[from] ExecuteError<UserError>),
    #[error("the chat cannot be erased")]
    Chat(#[from] ExecuteError<ChatError>),
    #[error("the keys cannot be read")]
    Keys(#[from] KeyError),
    #[error("the log cannot be read")]
    Log(#[from] StoreError),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the key is destroyed, but not noted outside the database; erase again when the fault is mended")]
    NotNoted(#[source] LedgerError),
    #[error("the ledger of erasures cannot be read")]
    Ledger(#[source] LedgerError),
}

/// The use cases of erasure.
#[derive(Clone)]
pub struct Erasure {
    commands: Commands,
    pool: PgPool,
    clock: SharedClock,
    accounts: Accounts,
    ledger: Ledger,
}

impl Erasure {
    pub fn new(resources: &Resources, ledger: Ledger) -> Self {
        let Resources { commands, pool, clock, .. } = resources.clone();
        Self { commands, pool, clock, accounts: Accounts::new(resources), ledger }
    }

    /// Erases a person with the account, also if that was deleted before. Chats, projects and services stay, without
    /// any text that the person wrote. A repeated erasure changes nothing.
    ///
    /// # Errors
    /// - [`ErasureError::Person`]: there is no such user ([`UserError::NotFound`]), it is the only superuser
    ///   ([`AppendError::LastSuperuser`](crate::event_log::AppendError::LastSuperuser)), or the event log failed.
    /// - [`ErasureError::NotNoted`]: the erasure is done but missing in the ledger; repeat it.
    pub async fn erase_person(&self, user: UserId, context: &Context) -> Result<Committed, ErasureError> {
        self.erase(user, vec![Row::AnotherSuperuser(user)], context).await
    }

    async fn erase(&self, user: UserId, conditions: Vec<Row>, context: &Context) -> Result<Committed, ErasureError> {
        let owner = user.value();
        let known = self.commands.log().load::<User>(owner).await?.aggregate;
        let mut rows = conditions;
        rows.extend([
            no_superuser(user),
            Row::Release { set: Reservation::Email, owner },
            Row::Release { set: Reservation::Username, owner },
            AccountRow::NoPassword(user).into(),
            AccountRow::EndOtherSessions { user, keep: None }.into(),
            AccountRow::ForgetRequests {
                user,
                reset_address: known.account().map(|account| self.accounts.reset_job_address(&account.email)),
            }
            .into(),
            Row::DestroyKey(user.into()),
            self.media_job(user.into()),
        ]);
        let committed = self.commands.execute_with::<User>(owner, UserCommand::Erase, rows, context).await?;
        self.conclude(user.into()).await?;
        Ok(committed)
    }

    /// Erases a chat of an API key, also if it was deleted before. A repeated erasure changes nothing.
    ///
    /// # Errors
    /// - [`ErasureError::Chat`]: there is no such chat ([`ChatError::NotFound`]), a person owns it
    ///   ([`ChatError::BelongsToPerson`]), or the event log failed.
    /// - [`ErasureError::NotNoted`]: as for [`Self::erase_person`].
    pub async fn erase_chat(&self, chat: ChatId, context: &Context) -> Result<Committed, ErasureError> {
        let rows = vec![Row::DestroyKey(chat.into()), self.media_job(chat.into())];
        let committed = self.commands.execute_with::<Chat>(chat.value(), ChatCommand::Erase, rows, context).await?;
        self.conclude(chat.into()).await?;
        Ok(committed)
    }

    fn media_job(&self, subject: SubjectId) -> Row {
        let job_id = self.clock.new_id();
        Row::Job(NewJob::new(job_id, subject.value(), &EraseMedia {}))
    }

    /// The steps after the commit and before the erasure is acknowledged.
    async fn conclude(&self, subject: SubjectId) -> Result<(), ErasureError> {
        self.commands.log().forget_the_erased().await?;
        let now = self.clock.now();
        self.ledger.note(subject, now).await.map_err(ErasureError::NotNoted)
    }

    /// Compares the ledger with the database and completes both: erases again the subjects that a backup has brought
    /// back. Has to be called before anything is served or projected.
    ///
    /// # Errors
    /// [`ErasureError`], with the reason: then nothing may be served.
    pub async fn reapply(&self) -> Result<(), ErasureError> {
        let noted = self.ledger.read().await.map_err(ErasureError::Ledger)?;
        let destroyed = self.destroyed().await?;
        for (subject, at) in destroyed.iter().filter(|(subject, _)| !noted.contains(subject)) {
            tracing::warn!(%subject, "an erasure was not in the ledger, which is completed");
            self.ledger.note(*subject, *at).await.map_err(ErasureError::Ledger)?;
        }
        let destroyed: HashSet<SubjectId> = destroyed.into_iter().map(|(subject, _)| subject).collect();
        for subject in noted.difference(&destroyed) {
            self.erase_again(*subject).await?;
        }
        Ok(())
    }

    async fn destroyed(&self) -> Result<Vec<(SubjectId, DateTime<Utc>)>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"SELECT subject_id, erased_at AS "erased_at!" FROM subject_keys WHERE wrapped_key IS NULL ORDER BY erasure"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (SubjectId::new(row.subject_id), row.erased_at)).collect())
    }

    /// Repeats an erasure that the database does not have, because it, or its keys, are of an older backup.
    async fn erase_again(&self, subject: SubjectId) -> Result<(), ErasureError> {
        let log = self.commands.log();
        let context = Context::system("ledger-of-erasures", self.clock.new_id());
        if log.load::<User>(subject.value()).await?.aggregate != User::Absent {
            // An erased superuser is erased again even if the backup has no other one.
            self.erase(UserId::new(subject.value()), vec![], &context).await?;
        } else if log.load::<Chat>(subject.value()).await?.aggregate != Chat::Absent {
            self.erase_chat(ChatId::new(subject.value()), &context).await?;
        } else {
            return Ok(());
        }
        tracing::warn!(%subject, "the database brought back somebody who was erased (a restored backup?), who is erased again");
        Ok(())
    }
}
