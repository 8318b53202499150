//! Erasure of a person, or of a chat without an owner, as a process: asked for, approved, stopped by a legal hold. The
//! key of all text is destroyed in the append that records the approval.
//!
//! The projectors blank the views on the event, the [`ErasureCompletion`] gets a receipt of every store and makes the
//! certificate, and the [`Ledger`] ensures that a restored backup is erased again.

mod again;
mod cases;
mod certificate;
mod completion;
mod ledger;
mod stores;

use domain::{
    aggregate::StoredAggregate,
    chat::{Chat, ChatCommand, ChatError},
    erasure::{
        ApprovalRule, CaseError, ErasureCase, ErasureCommand, ErasureReason, FileNumber, HoldReason, SubjectKind,
    },
    ids::{ChatId, ErasureId, HoldId, SubjectId, UserId},
    user::{User, UserCommand, UserError},
};

use crate::{
    Resources,
    accounts::{AccountRow, Accounts, no_superuser},
    clock::SharedClock,
    event_log::{AppendError, Committed, KeyError, NewJob, Reservation, Row, StoreError},
    execute::{Commands, Context, ExecuteError},
    retention::{KeptUntil, RetentionRules, kept_until},
    uploads::EraseMedia,
};
pub use cases::{CasesError, KnownCase, cases};
pub use certificate::{CertificateError, FORMAT as CERTIFICATE_FORMAT, SignCertificate, compare_with_log};
use completion::CompleteErasure;
pub use completion::ErasureCompletion;
pub use ledger::{Ledger, LedgerError};
use sqlx::PgPool;
pub use stores::{InViews, ViewsOfSubjects};

/// The maximum number of tries of an erasure whose subject or case changes in the meantime.
const ATTEMPTS: u32 = 10;

/// The reason for which a subject was not erased, or not completely.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    #[error("the person cannot be erased")]
    Person(#[from] ExecuteError<UserError>),
    #[error("the chat cannot be erased")]
    Chat(#[from] ExecuteError<ChatError>),
    #[error("the case of the erasure does not allow it")]
    Case(#[from] ExecuteError<CaseError>),
    #[error("there is neither a person nor a chat with this id")]
    NoSuchSubject,
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
    #[error("it has to be kept: {0}")]
    Kept(KeptUntil),
}

/// The use cases of erasure.
#[derive(Clone)]
pub struct Erasure {
    commands: Commands,
    pool: PgPool,
    clock: SharedClock,
    accounts: Accounts,
    ledger: Ledger,
    rule: ApprovalRule,
    retention: RetentionRules,
}

impl Erasure {
    /// By default, whoever asks for an erasure may approve it, and nothing has to be kept.
    pub fn new(resources: &Resources, ledger: Ledger) -> Self {
        let Resources { commands, pool, clock, .. } = resources.clone();
        let (accounts, retention) = (Accounts::new(resources), RetentionRules::default());
        Self { commands, pool, clock, accounts, ledger, rule: ApprovalRule::One, retention }
    }

    /// Erasure by another rule.
    #[must_use]
    pub const fn requiring(mut self, rule: ApprovalRule) -> Self {
        self.rule = rule;
        self
    }

    /// Erasure that refuses what has to be kept by these rules.
    #[must_use]
    pub fn keeping(mut self, rules: RetentionRules) -> Self {
        self.retention = rules;
        self
    }

    /// The rules by which something has to be kept.
    pub const fn retention(&self) -> &RetentionRules {
        &self.retention
    }

    /// The ledger of erasures.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Erases a person with the account, also if that was deleted before. Chats, projects and services stay, without
    /// any text that the person wrote. A repeated erasure changes nothing.
    ///
    /// # Errors
    /// - [`ErasureError::Person`]: there is no such user ([`UserError::NotFound`]), it is the only superuser
    ///   ([`AppendError::LastSuperuser`]), or the event log failed.
    /// - [`ErasureError::Case`]: it takes two persons ([`CaseError::TakesTwo`]), or a hold is on the person
    ///   ([`CaseError::Held`]).
    /// - [`ErasureError::Kept`]: something of the person is younger than a rule of retention allows.
    /// - [`ErasureError::NotNoted`]: the erasure is done but missing in the ledger, which is tried again.
    pub async fn erase_person(&self, user: UserId, context: &Context) -> Result<Committed, ErasureError> {
        let case = self.at_once(SubjectKind::Person, context);
        self.erase(user, vec![Row::AnotherSuperuser(user)], case, context).await
    }

    /// Erases a chat of an API key, also if it was deleted before. A repeated erasure changes nothing.
    ///
    /// # Errors
    /// - [`ErasureError::Chat`]: there is no such chat ([`ChatError::NotFound`]), a person owns it
    ///   ([`ChatError::BelongsToPerson`]), or the event log failed.
    /// - [`ErasureError::Case`], [`ErasureError::Kept`] and [`ErasureError::NotNoted`]: as for [`Self::erase_person`].
    pub async fn erase_chat(&self, chat: ChatId, context: &Context) -> Result<Committed, ErasureError> {
        self.erase_the_chat(chat, self.at_once(SubjectKind::Chat, context), context).await
    }

    fn at_once(&self, kind: SubjectKind, context: &Context) -> ErasureCommand {
        let request_id = ErasureId::new(self.clock.new_id());
        ErasureCommand::EraseAtOnce { request_id, kind, by: context.actor_user(), rule: self.rule }
    }

    /// Asks for the erasure of a person, or of a chat of an API key; returns the id of the request. `by` is the account
    /// of whoever asks.
    ///
    /// # Errors
    /// [`ErasureError::NoSuchSubject`], [`ErasureError::Chat`] if a person owns the chat, [`ErasureError::Case`] if it
    /// was asked for or erased before, or a failure of the event log.
    pub async fn request(
        &self,
        subject: SubjectId,
        (reason, file_number): (ErasureReason, Option<FileNumber>),
        by: Option<UserId>,
        context: &Context,
    ) -> Result<ErasureId, ErasureError> {
        let kind = self.kind_of(subject).await?;
        let request_id = ErasureId::new(self.clock.new_id());
        let rule = self.rule;
        let command = ErasureCommand::Request { request_id, kind, reason, file_number, requester: by, rule };
        self.commands.execute::<ErasureCase>(subject.value(), command, context).await?;
        Ok(request_id)
    }

    /// Approves a request, which destroys the keys. `by` is the account of whoever approves.
    ///
    /// # Errors
    /// [`ErasureError::Case`] if no such request waits, a hold is on the subject, or another person has to approve;
    /// otherwise as for [`Self::erase_person`] and [`Self::erase_chat`].
    pub async fn approve(
        &self,
        subject: SubjectId,
        request_id: ErasureId,
        by: Option<UserId>,
        context: &Context,
    ) -> Result<Committed, ErasureError> {
        let case = ErasureCommand::Approve { request_id, approver: by, rule: self.rule };
        match self.kind_of(subject).await? {
            SubjectKind::Person => {
                let user = UserId::new(subject.value());
                self.erase(user, vec![Row::AnotherSuperuser(user)], case, context).await
            }
            SubjectKind::Chat => self.erase_the_chat(ChatId::new(subject.value()), case, context).await,
        }
    }

    /// Rejects a request. `by` is the account of whoever rejects.
    ///
    /// # Errors
    /// [`ErasureError::Case`] if no such request waits, or the event log failed.
    pub async fn reject(
        &self,
        subject: SubjectId,
        request_id: ErasureId,
        by: Option<UserId>,
        context: &Context,
    ) -> Result<Committed, ErasureError> {
        let command = ErasureCommand::Reject { request_id, by };
        Ok(self.commands.execute::<ErasureCase>(subject.value(), command, context).await?)
    }

    /// Places a legal hold, which stops every erasure of the subject until it is lifted; returns its id.
    ///
    /// # Errors
    /// [`ErasureError::NoSuchSubject`], [`ErasureError::Chat`] if a person owns the chat, [`ErasureError::Case`] if it
    /// is erased, or a failure of the event log.
    pub async fn place_hold(
        &self,
        subject: SubjectId,
        reason: HoldReason,
        file_number: Option<FileNumber>,
        context: &Context,
    ) -> Result<HoldId, ErasureError> {
        self.kind_of(subject).await?;
        let hold_id = HoldId::new(self.clock.new_id());
        let command = ErasureCommand::PlaceHold { hold_id, reason, file_number };
        self.commands.execute::<ErasureCase>(subject.value(), command, context).await?;
        Ok(hold_id)
    }

    /// Lifts a legal hold.
    ///
    /// # Errors
    /// [`ErasureError::Case`] if there is no such hold, or the event log failed.
    pub async fn lift_hold(
        &self,
        subject: SubjectId,
        hold: HoldId,
        context: &Context,
    ) -> Result<Committed, ErasureError> {
        let command = ErasureCommand::LiftHold(hold);
        Ok(self.commands.execute::<ErasureCase>(subject.value(), command, context).await?)
    }

    /// What the id is of: a person, or a chat without one.
    async fn kind_of(&self, subject: SubjectId) -> Result<SubjectKind, ErasureError> {
        let log = self.commands.log();
        if log.load::<User>(subject.value()).await?.aggregate != User::Absent {
            return Ok(SubjectKind::Person);
        }
        let chat = log.load::<Chat>(subject.value()).await?.aggregate;
        if chat == Chat::Absent {
            return Err(ErasureError::NoSuchSubject);
        }
        // The chat of a person is erased with the person.
        chat.decide(ChatCommand::Erase).map_err(ExecuteError::Refused)?;
        Ok(SubjectKind::Chat)
    }

    async fn erase(
        &self,
        user: UserId,
        conditions: Vec<Row>,
        case: ErasureCommand,
        context: &Context,
    ) -> Result<Committed, ErasureError> {
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
        ]);
        self.destroy::<User>(user.into(), (UserCommand::Erase, case), rows, context).await
    }

    async fn erase_the_chat(
        &self,
        chat: ChatId,
        case: ErasureCommand,
        context: &Context,
    ) -> Result<Committed, ErasureError> {
        self.destroy::<Chat>(chat.into(), (ChatCommand::Erase, case), vec![], context).await
    }

    /// Destroys the key of the subject, in one append with the events of the subject and of its case.
    async fn destroy<A>(
        &self,
        subject: SubjectId,
        (command, case): (A::Command, ErasureCommand),
        mut rows: Vec<Row>,
        context: &Context,
    ) -> Result<Committed, ErasureError>
    where
        A: StoredAggregate<Services = ()>,
        A::Command: Clone + Send + Sync,
        ErasureError: From<ExecuteError<A::Error>>,
    {
        let id = subject.value();
        let completion = NewJob::new(self.clock.new_id(), id, &CompleteErasure {});
        rows.extend([Row::DestroyKey(subject), self.media_job(subject), Row::Job(completion)]);
        // A case that is not cached would be taken for one that has not begun, also of whoever was erased before.
        self.commands.log().load::<ErasureCase>(id).await?;
        let mut attempt = 1;
        let committed = loop {
            let mut unit = self.commands.unit(context);
            unit.stage::<A>(id, command.clone()).await?;
            let decided = unit.stage::<ErasureCase>(id, case.clone()).await?;
            // What was erased before is erased again, and nothing changes.
            if !decided.is_empty() && !matches!(case, ErasureCommand::EraseAgain { .. }) {
                self.check_retention(subject).await?;
            }
            unit.rows.extend(rows.iter().cloned());
            match unit.commit(id).await {
                Err(AppendError::VersionConflict) if attempt < ATTEMPTS => {
                    attempt += 1;
                    self.commands.log().load::<ErasureCase>(id).await?;
                }
                result => break result.map_err(ExecuteError::<A::Error>::Append)?,
            }
        };
        self.conclude(subject).await?;
        Ok(committed)
    }

    /// Refuses to erase what has to be kept. The request that waits can be approved later.
    async fn check_retention(&self, subject: SubjectId) -> Result<(), ErasureError> {
        match kept_until(&self.pool, &self.retention, subject, self.clock.now()).await? {
            Some(kept) => Err(ErasureError::Kept(kept)),
            None => Ok(()),
        }
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
}
