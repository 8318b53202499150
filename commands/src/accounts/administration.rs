//! What is done to accounts by others: administrators, and whoever runs the server.

use domain::{
    ids::UserId,
    user::{Authority, User, UserChanges, UserCommand, UserError, UserEvent},
    values::Email,
};

use super::{AccountError, Accounts};
use crate::{
    event_log::{AppendError, Committed, Reservation, Row},
    execute::{Context, ExecuteError},
};

impl Accounts {
    /// Changes an account. Of several racing for one e-mail address exactly one gets it.
    ///
    /// # Errors
    /// [`AccountError::Taken`], [`UserError`], or the log's.
    pub async fn administer(
        &self,
        user: UserId,
        authority: Authority,
        changes: UserChanges,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let owner = user.value();
        let rows = |events: &[UserEvent]| {
            let addresses = events.iter().filter_map(|event| match event {
                UserEvent::EmailChanged { email } => Some(self.email_key(email)),
                _ => None,
            });
            addresses
                .flat_map(|value| {
                    let set = Reservation::Email;
                    [Row::Release { set, owner }, Row::Claim { set, value, owner }]
                })
                .collect()
        };
        let commands = vec![UserCommand::Administer { authority, changes }];
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
    /// [`AppendError::StillOwns`], [`UserError`], or the log's.
    pub async fn delete(
        &self,
        user: UserId,
        authority: Authority,
        context: &Context,
    ) -> Result<Committed, AccountError> {
        let owner = user.value();
        let rows = vec![
            Row::OwnsNothing(user),
            Row::Release { set: Reservation::Email, owner },
            Row::Release { set: Reservation::Username, owner },
            Row::NoPassword(user),
            Row::EndOtherSessions { user, keep: None },
        ];
        Ok(self.commands.execute_with::<User>(owner, UserCommand::Delete { authority }, rows, context).await?)
    }

    /// Opens or closes the account with this address.
    ///
    /// # Errors
    /// [`UserError::NotFound`], or the log's.
    pub async fn set_active(&self, email: &Email, active: bool, context: &Context) -> Result<Committed, AccountError> {
        let owner = self.owner_of_email(email).await?;
        let user = owner.ok_or(ExecuteError::Refused(UserError::NotFound))?;
        Ok(self.commands.execute::<User>(user.value(), UserCommand::SetActive(active), context).await?)
    }
}
