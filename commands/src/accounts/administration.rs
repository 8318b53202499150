//! What is done to accounts by others: administrators, and whoever runs the server.

use domain::{
    ids::{SessionId, UserId},
    user::{Authority, User, UserChanges, UserCommand, UserError, UserEvent},
    values::Email,
};

use super::{AccountError, AccountRow, Accounts};
use crate::{
    event_log::{AppendError, Committed, Reservation, Row},
    execute::{Context, ExecuteError},
};

/// The user is a superuser whose account is open.
pub(super) fn superuser(user: UserId) -> Row {
    let owner = user.value();
    Row::Claim { set: Reservation::Superuser, value: owner.as_bytes().to_vec(), owner }
}

/// The user is no superuser any more whose account is open.
pub(crate) fn no_superuser(user: UserId) -> Row {
    Row::Release { set: Reservation::Superuser, owner: user.value() }
}

impl Accounts {
    /// Changes an account. Of several racing for one e-mail address exactly one gets it; every login ends then but the one
    /// to `keep`, and who has the former address is told.
    ///
    /// # Errors
    /// [`AccountError::Taken`], [`UserError`], or the log's.
    pub async fn administer(
        &self,
        user: UserId,
        authority: Authority,
        changes: UserChanges,
        keep: Option<SessionId>,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let owner = user.value();
        // Who changes it at the same moment leaves a row that knows the address before.
        let known = self.commands.log().load::<User>(owner).await?.aggregate;
        let former = known.account().map(|account| &account.email);
        let rows = |events: &[UserEvent]| {
            let addresses = events.iter().filter_map(|event| match event {
                UserEvent::EmailChanged { email } => Some(email),
                _ => None,
            });
            addresses
                .flat_map(|email| {
                    let (set, value) = (Reservation::Email, self.email_key(email));
                    let moved = [
                        Row::Release { set, owner },
                        Row::Claim { set, value, owner },
                        AccountRow::EndOtherSessions { user, keep }.into(),
                    ];
                    moved.into_iter().chain(self.rows_of_new_address(user, authority, former, email))
                })
                .collect()
        };
        let commands = vec![UserCommand::Administer { authority, changes, keep }];
        match self.commands.execute_with_rows_of::<User>(owner, commands, context, rows).await {
            Err(ExecuteError::Append(AppendError::Taken(_))) => {
                Err(AccountError::Taken { email: true, username: false })
            }
            result => Ok(result?),
        }
    }

    /// Deletes an account that owns nothing. Its address and username are free for others, and its logins end at once.
    ///
    /// # Errors
    /// [`AppendError::StillOwns`], [`AppendError::LastSuperuser`], [`UserError`], or the log's.
    pub async fn delete(
        &self,
        user: UserId,
        authority: Authority,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let owner = user.value();
        let rows = vec![
            Row::OwnsNothing(user),
            Row::AnotherSuperuser(user),
            no_superuser(user),
            Row::Release { set: Reservation::Email, owner },
            Row::Release { set: Reservation::Username, owner },
            AccountRow::NoPassword(user).into(),
            AccountRow::NoFormerAddress(user).into(),
            AccountRow::EndOtherSessions { user, keep: None }.into(),
        ];
        Ok(self.commands.execute_with::<User>(owner, UserCommand::Delete { authority }, rows, context).await?)
    }

    /// Opens or closes the account with this address.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`AppendError::LastSuperuser`], or the log's.
    pub async fn set_active(&self, email: &Email, active: bool, context: &Context) -> Result<Committed, AccountError> {
        let owner = self.owner_of_email(email).await?;
        let user = owner.ok_or(ExecuteError::Refused(UserError::NotFound))?;
        let rows = if active {
            let known = self.commands.log().load::<User>(user.value()).await?.aggregate;
            // Nobody becomes a superuser or stops being one.
            let is_superuser = known.account().is_some_and(|account| account.roles.is_superuser);
            is_superuser.then(|| superuser(user)).into_iter().collect()
        } else {
            vec![Row::AnotherSuperuser(user), no_superuser(user)]
        };
        Ok(self.commands.execute_with::<User>(user.value(), UserCommand::SetActive(active), rows, context).await?)
    }
}
