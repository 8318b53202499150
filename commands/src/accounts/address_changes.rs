//! Notices to the former e-mail address when staff change an account's address.
//!
//! Anybody who could give an account another address, and request a new password there, would take over the account. So
//! the former address gets a notice, and for a while also the codes for a new password, unless a superuser made the
//! change. A second change does not shorten this: the stored former address stays until its time is over.

use async_trait::async_trait;
use domain::{
    ids::UserId,
    user::{Account, Authority, User},
    values::Email,
};
use serde::{Deserialize, Serialize};

use super::{
    AccountError, AccountRow, Accounts,
    mails::{FrontEnd, address_mail},
    password_resets::deliver,
};
use crate::{
    event_log::{JobPayload, NewJob, Row},
    jobs::{Job, JobError, JobHandler},
};
use ports::SharedMailer;

/// The job that sends the notice to the former address.
#[derive(Serialize, Deserialize)]
struct AddressNotice {
    /// The user; the job is found by this if the person is erased.
    user: UserId,
    sealed_former: String,
    sealed_new: String,
    /// Whether codes go to the new address at once.
    #[serde(default)]
    is_trusted: bool,
}

impl JobPayload for AddressNotice {
    const KIND: &'static str = "address_changed";
}

impl Accounts {
    /// The rows that accompany a new address, besides its reservation.
    pub(super) fn rows_of_new_address(
        &self,
        user: UserId,
        authority: Authority,
        former: Option<&Email>,
        new: &Email,
    ) -> Vec<Row> {
        let Some(former) = former else { return vec![] };
        let trusted = match authority {
            Authority::Superuser => AccountRow::NoFormerAddress(user),
            Authority::Staff => AccountRow::FormerAddress {
                user,
                sealed_email: self.keys.seal_secret(former.as_str(), user.value()),
                until: self.clock.now() + self.former_address_life,
            },
        };
        let job_id = self.clock.new_id();
        let notice = AddressNotice {
            user,
            sealed_former: self.seal_email(former, job_id),
            sealed_new: self.seal_email(new, job_id),
            is_trusted: authority == Authority::Superuser || self.former_address_life.is_zero(),
        };
        // Every change has a notice of its own.
        vec![trusted.into(), Row::Job(NewJob::new(job_id, job_id, &notice))]
    }

    /// The former address to which codes for a new password go instead of the account's own.
    pub(super) async fn former_address(&self, user: UserId) -> Result<Option<Email>, AccountError> {
        let sealed = sqlx::query_scalar!(
            "SELECT sealed_email FROM former_addresses WHERE user_id = $1 AND until > $2",
            user.value(),
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let opened = sealed.map(|sealed| self.keys.open_secret(&sealed, user.value())).transpose()?;
        Ok(opened.and_then(|email| Email::parse(&email).ok()))
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, AccountError> {
        Ok(self.commands.log().load::<User>(user.value()).await?.aggregate.account().cloned())
    }
}

/// Executes the jobs that send notices.
pub struct AddressChanges {
    pub accounts: Accounts,
    pub mailer: SharedMailer,
    pub front_end: FrontEnd,
}

impl AddressChanges {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[AddressNotice::KIND];
}

#[async_trait]
impl JobHandler for AddressChanges {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let notice: AddressNotice = job.payload()?;
        let open = |sealed: &str| self.accounts.open_email(job.id, sealed).map_err(JobError::from_source);
        let (former, new) = (open(&notice.sealed_former)?, open(&notice.sealed_new)?);
        let Some((former, new)) = former.zip(new) else { return Ok(()) };
        // `None` if the account was deleted in the meantime.
        let account = self.accounts.account(notice.user).await.map_err(JobError::from_source)?;
        let Some(account) = account else { return Ok(()) };
        let life = (!notice.is_trusted).then_some(self.accounts.former_address_life);
        let mail = address_mail(account.full_name.as_ref(), former, &new, life, &self.front_end);
        deliver(&self.mailer, &mail, job).await
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        tracing::warn!(job = %job.id, "a notice of another e-mail address was not mailed, after many attempts");
        Ok(())
    }
}
