//! Changes of accounts by others: administrators, and the operator on the command line.

use domain::{
    ids::{SessionId, UserId},
    user::{Authority, User, UserChanges, UserCommand, UserError, UserEvent},
    values::Email,
};

use super::{AccountError, AccountRow, Accounts};
use crate::{
    event_log::{AppendError, Committed, Reservation, Row},
    execute::{Context, ExecuteError},
    holds::delete_unless_held,
};

/// The row that counts the user among the superusers with an active account.
pub(super) fn superuser(user: UserId) -> Row {
    let owner = user.value();
    Row::Claim { set: Reservation::Superuser, value: owner.as_bytes().to_vec(), owner }
}

/// The row that removes the user from the superusers with an active account.
pub(crate) fn no_superuser(user: UserId) -> Row {
    Row::Release { set: Reservation::Superuser, owner: user.value() }
}

impl Accounts {
    /// Changes an account. Of several concurrent claims of one e-mail address exactly one succeeds. A new address ends
    /// all logins except `keep`, and its former owner's address gets a notice.
    ///
    /// # Errors
    /// - [`AccountError::Taken`]: the address belongs to another account.
    /// - [`AccountError::Execute`]: the aggregate refuses the change ([`UserError`]), or the event log failed.
    pub async fn administer(
        &self,
        user: UserId,
        authority: Authority,
        changes: UserChanges,
        keep: Option<SessionId>,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let owner = user.value();
        // A concurrent change of the address leaves a row with the former one, too.
        let known = self.commands.log().load::<User>(owner).await?.aggregate;
        let former = known.account().map(|account| &account.email);
        let rows = |events: &[UserEvent]| {
            let addresses = events.iter().filter_map(|event| match event {
                UserEvent::EmailChanged { email } => Some(email.clone().into_inner()),
                _ => None,
            });
            addresses
                .flat_map(|email| {
                    let (set, value) = (Reservation::Email, self.email_key(&email));
                    let moved = [
                        Row::Release { set, owner },
                        Row::Claim { set, value, owner },
                        AccountRow::EndOtherSessions { user, keep }.into(),
                    ];
                    moved.into_iter().chain(self.rows_of_new_address(user, authority, former, &email))
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

    /// Deletes an account that owns nothing. Its address and username become available, and its logins end at once.
    ///
    /// # Errors
    /// [`AccountError::Execute`], with [`AppendError::StillOwns`] if anything belongs to the account,
    /// [`AppendError::LastSuperuser`] if nobody else is one, [`UserError`] if it does not exist, or a failure of the
    /// event log; [`AccountError::Held`] if a legal hold is on the person.
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
        let deletion = (owner, UserCommand::Delete { authority });
        Ok(delete_unless_held::<User, AccountError>(&self.commands, user.into(), deletion, rows, context).await?)
    }

    /// Gives a user the auditor's role, or takes it away.
    ///
    /// # Errors
    /// [`AccountError::Execute`], with [`UserError::AuditorIsApart`] if the user holds a role that an auditor must not
    /// have, [`UserError::NotFound`], or a failure of the event log.
    pub async fn set_auditor(
        &self,
        user: UserId,
        is_auditor: bool,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        Ok(self.commands.execute::<User>(user.value(), UserCommand::SetAuditor(is_auditor), context).await?)
    }

    /// Activates or deactivates the account with this address.
    ///
    /// # Errors
    /// [`AccountError::Execute`], with [`UserError::NotFound`], [`AppendError::LastSuperuser`], or a failure of the
    /// event log.
    pub async fn set_active(&self, email: &Email, active: bool, context: &Context) -> Result<Committed, AccountError> {
        let owner = self.owner_of_email(email).await?;
        let user = owner.ok_or(ExecuteError::Refused(UserError::NotFound))?;
        let rows = if active {
            let known = self.commands.log().load::<User>(user.value()).await?.aggregate;
            // Without a superuser, the set of superusers does not change.
            let is_superuser = known.account().is_some_and(|account| account.roles.is_superuser);
            is_superuser.then(|| superuser(user)).into_iter().collect()
        } else {
            vec![Row::AnotherSuperuser(user), no_superuser(user)]
        };
        Ok(self.commands.execute_with::<User>(user.value(), UserCommand::SetActive(active), rows, context).await?)
    }
}
