//! Accounts: registration, logins, passwords. Secrets are hashed here and go nowhere else.

mod address_changes;
mod administration;
mod mails;
mod password;
mod password_resets;
mod places;
mod reset_codes;
mod rows;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{
    ids::{SessionId, UserId},
    user::{Roles, User, UserCommand, UserError, UserEvent},
    values::{Email, FullName, Username},
};
use rand::Rng;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use zeroize::Zeroizing;

use crate::{
    Resources,
    clock::SharedClock,
    event_log::KeyRing,
    event_log::{AppendError, Committed, KeyError, Reservation, Row, StoreError},
    execute::{Commands, Context, ExecuteError},
    holds::Held,
};
pub use address_changes::AddressChanges;
pub(crate) use administration::no_superuser;
pub use mails::{FrontEnd, FrontEndError};
pub use password::{Hashing, PasswordFault, check_rules, half_of_the_cores};
pub use password_resets::PasswordResets;
pub use places::PlaceExpiry;
pub use reset_codes::{Client, ResetCodeError, ResetCodeExpiry, ResetGrant};
pub use rows::AccountRow;

/// A request to create an account.
pub struct Registration {
    pub username: Username,
    pub email: Email,
    pub full_name: FullName,
    pub password: SecretString,
    pub roles: Roles,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("the e-mail address or username is taken")]
    Taken { email: bool, username: bool },
    #[error("the credentials are wrong")]
    WrongCredentials,
    #[error(transparent)]
    ResetCode(#[from] ResetCodeError),
    #[error("a secret cannot be read")]
    Key(#[from] KeyError),
    #[error("the account does not allow this")]
    Execute(#[from] ExecuteError<UserError>),
    #[error("the accounts cannot be read")]
    Database(#[from] sqlx::Error),
    #[error("the password cannot be hashed")]
    Hashing,
    #[error("too many passwords wait to be hashed")]
    Busy,
    #[error(transparent)]
    Held(#[from] Held),
}

impl From<UserError> for AccountError {
    fn from(refusal: UserError) -> Self {
        Self::Execute(ExecuteError::Refused(refusal))
    }
}

impl From<ExecuteError<Self>> for AccountError {
    fn from(error: ExecuteError<Self>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal,
            ExecuteError::Store(error) => Self::Execute(error.into()),
            ExecuteError::Append(error) => Self::Execute(error.into()),
        }
    }
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        Self::Execute(error.into())
    }
}

/// A new login: the token is returned once and stored as a hash.
pub struct Login {
    pub user: UserId,
    pub token: SecretString,
    pub committed: Committed,
}

/// The user and the login that a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub user: UserId,
    pub session: SessionId,
}

/// The use cases of accounts.
#[derive(Clone)]
pub struct Accounts {
    commands: Commands,
    pool: PgPool,
    keys: KeyRing,
    clock: SharedClock,
    former_address_life: TimeDelta,
    hashing: Arc<Hashing>,
}

impl Accounts {
    pub fn new(resources: &Resources) -> Self {
        let Resources { commands, pool, keys, clock } = resources.clone();
        Self { commands, pool, keys, clock, former_address_life: TimeDelta::hours(24), hashing: Arc::default() }
    }

    /// Sets the limits of password hashing.
    #[must_use]
    pub fn hashing(mut self, hashing: Hashing) -> Self {
        self.hashing = Arc::new(hashing);
        self
    }

    /// Sets the time for which codes for a new password go to the former address after staff have changed it.
    #[must_use]
    pub const fn trusting_former_addresses_for(mut self, life: TimeDelta) -> Self {
        self.former_address_life = life;
        self
    }

    /// Creates an account. Of several concurrent claims of one e-mail address or username exactly one succeeds.
    ///
    /// # Errors
    /// - [`AccountError::Taken`]: the e-mail address or the username belongs to another account.
    /// - [`AccountError::Busy`]: too many passwords wait to be hashed; try again later.
    /// - [`AccountError::Execute`]: the event log failed.
    pub async fn register(
        &self,
        id: UserId,
        registration: Registration,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let Registration { username, email, full_name, password, roles } = registration;
        let hash = password::hash(&self.hashing, password).await?;
        let owner = id.value();
        let mut rows = vec![
            Row::Claim { set: Reservation::Email, value: self.email_key(&email), owner },
            AccountRow::Password { user: id, hash }.into(),
        ];
        let names = self.username_keys(&username).into_iter();
        rows.extend(names.map(|value| Row::Claim { set: Reservation::Username, value, owner }));
        rows.extend(roles.is_superuser.then(|| administration::superuser(id)));
        let command = UserCommand::Register { username, email, full_name, roles };
        match self.commands.execute_with::<User>(owner, command, rows, context).await {
            Err(ExecuteError::Append(AppendError::Taken(sets))) => Err(AccountError::Taken {
                email: sets.contains(&Reservation::Email),
                username: sets.contains(&Reservation::Username),
            }),
            result => Ok(result?),
        }
    }

    /// Whether the two values belong to an account at the moment: (e-mail, username).
    ///
    /// # Errors
    /// [`AccountError::Database`] if the database failed.
    pub async fn are_taken(
        &self,
        email: Option<&Email>,
        username: Option<&Username>,
    ) -> Result<(bool, bool), AccountError> {
        let email = match email {
            Some(email) => self.owner_of(Reservation::Email, &self.email_key(email)).await?.is_some(),
            None => false,
        };
        let names = username.map(|username| self.username_keys(username)).unwrap_or_default();
        let mut is_name_taken = false;
        for name in names {
            is_name_taken |= self.owner_of(Reservation::Username, &name).await?.is_some();
        }
        Ok((email, is_name_taken))
    }

    /// The owner of the address at the moment.
    ///
    /// # Errors
    /// [`AccountError::Database`] if the database failed.
    pub async fn owner_of_email(&self, email: &Email) -> Result<Option<UserId>, AccountError> {
        Ok(self.owner_of(Reservation::Email, &self.email_key(email)).await?.map(UserId::new))
    }

    /// Checks e-mail address and password. An unknown address takes as long as a wrong password.
    ///
    /// # Errors
    /// - [`AccountError::WrongCredentials`], without telling which of them is wrong.
    /// - [`AccountError::Busy`]: too many passwords wait to be hashed; try again later.
    pub async fn check_credentials(&self, email: &Email, password: SecretString) -> Result<UserId, AccountError> {
        Ok(self.verified(email, password).await?.0)
    }

    /// The owner of e-mail address and password, and the hash that the password was checked against.
    async fn verified(&self, email: &Email, password: SecretString) -> Result<(UserId, String), AccountError> {
        let owner = self.owner_of(Reservation::Email, &self.email_key(email)).await?;
        let stored = match owner {
            Some(owner) => {
                sqlx::query_scalar!("SELECT hash FROM passwords WHERE user_id = $1", owner)
                    .fetch_optional(&self.pool)
                    .await?
            }
            None => None,
        };
        let is_right = password::verify(&self.hashing, password, stored.clone()).await?;
        let verified = owner.map(UserId::new).zip(stored).filter(|_| is_right);
        verified.ok_or(AccountError::WrongCredentials)
    }

    /// Logs in; every login gets a token of its own. If there are too many logins, the oldest one ends.
    ///
    /// # Errors
    /// - [`AccountError::WrongCredentials`]: as in [`Self::check_credentials`], or the account is inactive.
    /// - [`AccountError::Busy`]: too many passwords wait to be hashed; try again later.
    /// - [`AccountError::Execute`]: the event log failed.
    pub async fn log_in(
        &self,
        email: &Email,
        password: SecretString,
        session: SessionId,
        context: impl FnOnce(UserId) -> Context,
    ) -> Result<Login, AccountError> {
        let (user, password_hash) = self.verified(email, password).await?;
        let mut bytes = Zeroizing::new([0_u8; 20]);
        rand::rng().fill_bytes(bytes.as_mut());
        let token = SecretString::from(hex::encode(bytes.as_ref()));
        let row = AccountRow::Token { token_hash: hash_token(token.expose_secret()), user, session, password_hash };
        let rows = |events: &[UserEvent]| {
            let crowded_out = events.iter().filter_map(|event| match event {
                UserEvent::SessionEnded { session_id } => Some(AccountRow::EndSession(*session_id)),
                _ => None,
            });
            crowded_out.chain([row.clone()]).map(Row::from).collect()
        };
        let commands = vec![UserCommand::StartSession(session)];
        match self.commands.execute_with_rows_of::<User>(user.value(), commands, &context(user), rows).await {
            // The account is inactive, or was deleted in the meantime.
            Err(ExecuteError::Refused(_)) => Err(AccountError::WrongCredentials),
            result => Ok(Login { user, token, committed: result? }),
        }
    }

    /// Ends one login.
    ///
    /// # Errors
    /// [`AccountError::Execute`] if there is no such login, or the event log failed.
    pub async fn log_out(&self, session: Session, context: &Context) -> Result<Committed, AccountError> {
        let rows = vec![AccountRow::EndSession(session.session).into()];
        let command = UserCommand::EndSession(session.session);
        Ok(self.commands.execute_with::<User>(session.user.value(), command, rows, context).await?)
    }

    /// The session of a token; `None` if the token is unknown or its login has ended.
    ///
    /// # Errors
    /// [`AccountError::Database`] if the database failed.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Session>, AccountError> {
        let row = sqlx::query!("SELECT user_id, session_id FROM tokens WHERE token_hash = $1", hash_token(token))
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| Session { user: UserId::new(row.user_id), session: SessionId::new(row.session_id) }))
    }

    /// Changes or removes the name, or changes the password. A new password ends every login except the caller's own.
    ///
    /// # Errors
    /// - [`AccountError::Busy`]: too many passwords wait to be hashed; try again later.
    /// - [`AccountError::Execute`]: the aggregate refuses the change, or the event log failed.
    pub async fn change(
        &self,
        user: UserId,
        keep: Option<SessionId>,
        full_name: Option<Option<FullName>>,
        password: Option<SecretString>,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let mut changes: Vec<UserCommand> = full_name.map(UserCommand::ChangeFullName).into_iter().collect();
        let mut rows = Vec::new();
        if let Some(password) = password {
            changes.push(UserCommand::ChangePassword { keep });
            rows.push(AccountRow::Password { user, hash: password::hash(&self.hashing, password).await? }.into());
            rows.push(AccountRow::EndOtherSessions { user, keep }.into());
        }
        Ok(self.commands.execute_all::<User>(user.value(), changes, rows, context).await?)
    }

    async fn owner_of(&self, set: Reservation, value: &[u8]) -> Result<Option<uuid::Uuid>, sqlx::Error> {
        sqlx::query_scalar!("SELECT owner FROM reservations WHERE kind = $1 AND value = $2", <&str>::from(set), value)
            .fetch_optional(&self.pool)
            .await
    }

    fn email_key(&self, email: &Email) -> Vec<u8> {
        self.keys.keyed_hash("email", &email.comparable())
    }

    /// The reservations of a name, in all of its equivalent forms. Names from before equivalence have the first one
    /// only.
    fn username_keys(&self, username: &Username) -> Vec<Vec<u8>> {
        let mut forms = vec![username.comparable(), username.alike()];
        forms.dedup();
        forms.iter().map(|form| self.keys.keyed_hash("username", form)).collect()
    }
}

/// The stored hash of a token, which is random enough to need no salt and no slow hash.
pub fn hash_token(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
