//! Codes of six digits for forgotten passwords, mailed to the account's own address.
//!
//! A request creates a code for any address, also for one without an account, whose code nobody gets; and a job that
//! mails it if there is an account. So neither the response nor its time reveals which addresses have accounts.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::UserId,
    user::{Account, User, UserCommand},
    values::Email,
};
use rand::RngExt;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    AccountError, AccountRow, Accounts, password,
    rows::{NewResetCode, write_reset_code},
};
use crate::{
    event_log::{Committed, JobPayload, KeyError, NewJob, Reservation, enqueue},
    execute::Context,
    scheduler::{Expiry, ExpiryError},
};

/// The job that mails a code.
#[derive(Serialize, Deserialize)]
pub(super) struct ResetMail {
    pub sealed_email: String,
    /// The address as a keyed hash, by which the job is found if the person is erased.
    pub address: String,
    #[serde(default)]
    pub is_new: bool,
    pub correlation_id: Option<Uuid>,
}

impl JobPayload for ResetMail {
    const KIND: &'static str = "password_reset";
}

/// The time for which a code is valid.
pub(super) const CODE_LIFE: TimeDelta = TimeDelta::minutes(10);
/// The time for which a code is remembered after that, so that it can be reported as expired or used.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// Wrong guesses that make a code invalid: for each client that has requested it, and for all other clients together.
const TRIES: i32 = 5;

/// A client that requests a code or guesses at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    /// Whether somebody has logged in to the account from this client before.
    pub is_known: bool,
}

/// A correct code that has not been used yet.
pub struct ResetGrant {
    pub user: UserId,
    address: Vec<u8>,
    sealed_code: Vec<u8>,
}

/// A code to be mailed to the owner of the account.
pub(super) struct CodeToMail {
    pub account: Account,
    pub to: Email,
    pub code: SecretString,
}

/// The reason for which a code is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResetCodeError {
    #[error("the code is wrong, was used or was guessed at too often, or there is none for the address")]
    Wrong,
    #[error("the code has expired")]
    Expired,
}

impl Accounts {
    /// Handles a request for a forgotten password: creates a code if there is no valid one, and a job that mails it.
    /// Takes the same time for an address without an account.
    ///
    /// The client gets guesses of its own at the code. If it has used them up, a new code is made only if somebody has
    /// logged in from this client before, so that nobody else can invalidate the code in the owner's mail.
    ///
    /// # Errors
    /// [`AccountError::Database`] if the database failed.
    pub async fn forget_password(
        &self,
        email: &Email,
        client: Client,
        correlation_id: Uuid,
    ) -> Result<(), AccountError> {
        let owner = self.owner_of(Reservation::Email, &self.email_key(email)).await?;
        let code = self.new_code(email, owner.map(UserId::new));
        let place = self.guesser(email, client);
        let mut tx = self.pool.begin().await?;
        let is_new = write_reset_code(&code, Some(place.as_str()).filter(|_| client.is_known), &mut tx).await?;
        sqlx::query!(
            "UPDATE reset_codes SET own_tries = jsonb_build_object($2::text, $3::integer) || own_tries WHERE address = $1",
            code.address,
            place,
            TRIES,
        )
        .execute(&mut *tx)
        .await?;
        let job_id = self.clock.new_id();
        let sealed_email = self.seal_email(email, job_id);
        let address = self.reset_job_address(email);
        let mail = ResetMail { sealed_email, address, is_new, correlation_id: Some(correlation_id) };
        // Every request gets a mail of its own.
        enqueue(&NewJob::new(job_id, job_id, &mail), &mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Checks a code, without using it up. A wrong guess counts, also each of many concurrent ones: against the client
    /// if it has requested the code, else against all other clients together.
    ///
    /// # Errors
    /// - [`AccountError::ResetCode`]: the code is wrong, was used or guessed at too often ([`ResetCodeError::Wrong`]),
    ///   or has expired.
    /// - [`AccountError::Database`], [`AccountError::Key`]: the database failed, or the stored code cannot be
    ///   decrypted.
    pub async fn check_reset_code(
        &self,
        email: &Email,
        code: &str,
        client: Client,
    ) -> Result<ResetGrant, AccountError> {
        let address = self.reset_address(email);
        let place = self.guesser(email, client);
        let tried = sqlx::query!(
            "UPDATE reset_codes SET
                 own_tries = CASE WHEN own_tries ? $2
                                  THEN jsonb_set(own_tries, ARRAY[$2], to_jsonb((own_tries ->> $2)::integer - 1))
                                  ELSE own_tries END,
                 tries_left = CASE WHEN own_tries ? $2 THEN tries_left ELSE tries_left - 1 END
             WHERE address = $1 AND NOT is_used AND coalesce((own_tries ->> $2)::integer, tries_left) > 0
             RETURNING user_id, sealed_code, expires_at",
            address,
            place
        )
        .fetch_optional(&self.pool)
        .await?;
        let owner = self.owner_of(Reservation::Email, &self.email_key(email)).await?;
        let known = tried.ok_or(ResetCodeError::Wrong)?;
        let right = Zeroizing::new(self.keys.open_secret(&known.sealed_code, id_out_of(&address))?);
        let is_right = bool::from(right.as_bytes().ct_eq(code.trim().as_bytes()));
        // In the meantime the account may have another address, and the address another account.
        let Some(user) = known.user_id.filter(|user| is_right && owner == Some(*user)) else {
            return Err(ResetCodeError::Wrong.into());
        };
        sqlx::query!(
            "UPDATE reset_codes SET
                 own_tries = CASE WHEN own_tries ? $3
                                  THEN jsonb_set(own_tries, ARRAY[$3], to_jsonb((own_tries ->> $3)::integer + 1))
                                  ELSE own_tries END,
                 tries_left = CASE WHEN own_tries ? $3 THEN tries_left ELSE tries_left + 1 END
             WHERE address = $1 AND sealed_code = $2",
            address,
            known.sealed_code,
            place
        )
        .execute(&self.pool)
        .await?;
        if known.expires_at <= self.clock.now() {
            return Err(ResetCodeError::Expired.into());
        }
        Ok(ResetGrant { user: UserId::new(user), address, sealed_code: known.sealed_code })
    }

    /// Uses a code to set a new password, which ends every login. Of two concurrent uses one succeeds.
    ///
    /// # Errors
    /// - [`AccountError::ResetCode`]: the code was used in the meantime.
    /// - [`AccountError::Execute`]: the event log failed.
    pub async fn reset_password(
        &self,
        grant: ResetGrant,
        password: SecretString,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let hash = password::hash(&self.hashing, password).await?;
        let claimed = sqlx::query!(
            "UPDATE reset_codes SET is_used = true WHERE address = $1 AND sealed_code = $2 AND NOT is_used",
            grant.address,
            grant.sealed_code
        )
        .execute(&self.pool)
        .await?;
        if claimed.rows_affected() == 0 {
            return Err(ResetCodeError::Wrong.into());
        }
        let user = grant.user;
        let rows =
            vec![AccountRow::Password { user, hash }.into(), AccountRow::EndOtherSessions { user, keep: None }.into()];
        let command = UserCommand::ChangePassword { keep: None };
        Ok(self.commands.execute_with::<User>(user.value(), command, rows, context).await?)
    }

    fn new_code(&self, email: &Email, user: Option<UserId>) -> NewResetCode {
        let address = self.reset_address(email);
        let code = Zeroizing::new(format!("{:06}", rand::rng().random_range(0..1_000_000)));
        NewResetCode {
            user,
            sealed_code: self.keys.seal_secret(&code, id_out_of(&address)),
            address,
            tries: TRIES,
            expires_at: self.clock.now() + CODE_LIFE,
        }
    }

    /// The active owner of the address, and the code to be mailed: the valid one, or a new one if that became invalid
    /// before it could be mailed. `is_new` tells that the code was made for this mail; the idempotency key of the
    /// context ensures that the request is recorded once.
    pub(super) async fn code_to_mail(
        &self,
        email: &Email,
        is_new: bool,
        context: &Context,
    ) -> Result<Option<CodeToMail>, AccountError> {
        let Some((user, account)) = self.active_owner(email).await? else { return Ok(None) };
        let new = self.new_code(email, Some(user));
        let is_another = write_reset_code(&new, None, &mut *self.pool.acquire().await?).await?;
        let Some(code) = self.living_code(&new.address, user).await? else { return Ok(None) };
        if is_new || is_another {
            self.commands.execute::<User>(user.value(), UserCommand::RequestPasswordReset, context).await?;
        }
        let to = self.former_address(user).await?.unwrap_or_else(|| account.email.clone());
        Ok(Some(CodeToMail { account, to, code }))
    }

    async fn active_owner(&self, email: &Email) -> Result<Option<(UserId, Account)>, AccountError> {
        let Some(owner) = self.owner_of(Reservation::Email, &self.email_key(email)).await? else { return Ok(None) };
        match self.commands.log().load::<User>(owner).await?.aggregate {
            User::Registered(account) if account.is_active => Ok(Some((UserId::new(owner), account))),
            User::Registered(_) | User::Absent | User::Deleted | User::Erased => Ok(None),
        }
    }

    async fn living_code(&self, address: &[u8], user: UserId) -> Result<Option<SecretString>, AccountError> {
        let sealed = sqlx::query_scalar!(
            "SELECT sealed_code FROM reset_codes
             WHERE address = $1 AND user_id = $2 AND NOT is_used AND expires_at > $3",
            address,
            user.value(),
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let opened = sealed.map(|sealed| self.keys.open_secret(&sealed, id_out_of(address)));
        Ok(opened.transpose()?.map(SecretString::from))
    }

    fn reset_address(&self, email: &Email) -> Vec<u8> {
        self.keys.keyed_hash("password-reset", &email.comparable())
    }

    /// The client that guesses at codes of this address, as a keyed hash.
    fn guesser(&self, email: &Email, client: Client) -> String {
        hex::encode(self.place(email, client.address))
    }

    /// The address in a job that mails a code, as a keyed hash.
    pub(crate) fn reset_job_address(&self, email: &Email) -> String {
        hex::encode(self.reset_address(email))
    }

    /// Encrypts an address for the arguments of a job.
    pub(super) fn seal_email(&self, email: &Email, job: Uuid) -> String {
        hex::encode(self.keys.seal_secret(email.as_str(), job))
    }

    /// Decrypts an address in the arguments of a job.
    pub(super) fn open_email(&self, job: Uuid, sealed_email: &str) -> Result<Option<Email>, KeyError> {
        let sealed = hex::decode(sealed_email).map_err(|_| KeyError::Damaged)?;
        Ok(Email::parse(&self.keys.open_secret(&sealed, job)?).ok())
    }
}

/// The first half of a keyed hash as an id.
fn id_out_of(hash: &[u8]) -> Uuid {
    Uuid::from_slice(&hash[..16]).expect("a keyed hash has 32 bytes")
}

/// Deletes codes that are no longer remembered, and former addresses whose time is over.
pub struct ResetCodeExpiry(pub sqlx::PgPool);

#[async_trait::async_trait]
impl Expiry for ResetCodeExpiry {
    fn name(&self) -> &'static str {
        "codes for new passwords"
    }

    async fn expire(&self, now: DateTime<Utc>) -> Result<u64, ExpiryError> {
        let codes = sqlx::query!("DELETE FROM reset_codes WHERE expires_at < $1", now - REMEMBERED);
        let addresses = sqlx::query!("DELETE FROM former_addresses WHERE until < $1", now);
        Ok(codes.execute(&self.0).await?.rows_affected() + addresses.execute(&self.0).await?.rows_affected())
    }
}
