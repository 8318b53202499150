//! E-mail addresses that administrators change.
//!
//! Whoever could give an account another address, and ask for a new password there, would have the account. So the address
//! before is told of it, and for a while it gets the codes for a new password, unless a superuser has made the change. Nobody
//! can wear this out by a second change: the address that the row knows stays until its time is over.

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

/// Tells the owner of the address before.
#[derive(Serialize, Deserialize)]
struct AddressNotice {
    /// By whom the job is found if the person is erased.
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
    /// What follows from another address, beside its reservation.
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
        // Every change is a notice of its own.
        vec![trusted.into(), Row::Job(NewJob::new(job_id, job_id, &notice))]
    }

    /// Where codes for a new password go in place of the account's own address.
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

/// Tells of another address, job by job.
pub struct AddressChanges {
    pub accounts: Accounts,
    pub mailer: SharedMailer,
    pub front_end: FrontEnd,
}

#[async_trait]
impl JobHandler for AddressChanges {
    fn kinds(&self) -> &'static [&'static str] {
        &[AddressNotice::KIND]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let notice: AddressNotice = job.payload()?;
        let open = |sealed: &str| self.accounts.open_email(job.id, sealed).map_err(JobError::from_source);
        let (former, new) = (open(&notice.sealed_former)?, open(&notice.sealed_new)?);
        let Some((former, new)) = former.zip(new) else { return Ok(()) };
        // The account was deleted in the meantime.
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
