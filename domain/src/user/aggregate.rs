//! absent -> registered -> deleted -> erased. A registered user logs in, logs out and changes; nobody can log in to an
//! inactive account. Erasing a registered user deletes the account, too.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{Roles, UserEvent};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{SessionId, SubjectId},
    values::{Email, FullName, Username},
};

/// Open logins of a user, at most: another login ends the oldest one. Clients that never log out would otherwise
/// accumulate logins for ever.
pub const MAX_SESSIONS: usize = 20;

/// A user, as far as decisions need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum User {
    /// The account was never registered.
    #[default]
    Absent,
    /// The account exists.
    Registered(Account),
    /// The account was deleted.
    Deleted,
    /// The user was erased: no event tells any more who it was.
    Erased,
}

/// The state of an account, as far as decisions need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The e-mail address.
    pub email: Email,
    /// The user's name, unless it was removed.
    pub full_name: Option<FullName>,
    /// The roles.
    pub roles: Roles,
    /// Whether the user reads histories, and changes nothing.
    pub is_auditor: bool,
    /// Whether the account can be used.
    pub is_active: bool,
    /// The logins that have not ended, oldest first.
    pub sessions: Vec<SessionId>,
}

/// The authority with which an account is administered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Authority over all users except superusers and auditors.
    Staff,
    /// Authority over all users, of a superuser or of the operator.
    Superuser,
}

/// Changes of an account by an administrator; `None` leaves a part as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// The e-mail address.
    pub email: Option<Email>,
    /// The name; the inner `None` removes it.
    pub full_name: Option<Option<FullName>>,
    /// See [`Roles::is_staff`].
    pub is_staff: Option<bool>,
    /// See [`Roles::is_reviewer`].
    pub is_reviewer: Option<bool>,
    /// See [`Roles::allow_key`].
    pub allow_key: Option<bool>,
}

/// A command to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCommand {
    /// Registers the account.
    Register {
        /// The login name.
        username: Username,
        /// The e-mail address.
        email: Email,
        /// The user's name.
        full_name: FullName,
        /// The initial roles.
        roles: Roles,
    },
    /// Changes or removes the user's own name.
    ChangeFullName(Option<FullName>),
    /// Changes the account with an administrator's authority.
    Administer {
        /// The authority.
        authority: Authority,
        /// The changes. Another address ends every login except `keep`.
        changes: UserChanges,
        /// The login that stays, of an administrator who changes the own account.
        keep: Option<SessionId>,
    },
    /// Gives the auditor's role or takes it away.
    SetAuditor(bool),
    /// Activates or deactivates the account.
    SetActive(bool),
    /// Records that a code for a forgotten password was made.
    RequestPasswordReset,
    /// Records a new password, which ends every login except the one that set it.
    ChangePassword {
        /// The login that stays.
        keep: Option<SessionId>,
    },
    /// Starts a login, after the password was checked.
    StartSession(SessionId),
    /// Ends a login.
    EndSession(SessionId),
    /// Deletes the account.
    Delete {
        /// The authority.
        authority: Authority,
    },
    /// Erases the user, also after the account was deleted.
    Erase,
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The account exists, or its id was used before.
    #[error("the user is already registered")]
    AlreadyRegistered,
    /// There is no such account.
    #[error("there is no such user")]
    NotFound,
    /// The change would take the staff role from a superuser, which nobody else could restore.
    #[error("a superuser keeps the staff role")]
    SuperuserIsStaff,
    /// The account is inactive.
    #[error("the account is inactive")]
    Inactive,
    /// Only superusers administer superusers and auditors.
    #[error("the account is a superuser's or an auditor's")]
    Superuser,
    /// The change would give an auditor another role, or the auditor's role to somebody who holds another one.
    #[error("an auditor is neither staff nor reviewer nor superuser")]
    AuditorIsApart,
}

impl User {
    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`UserError`] if the command is illegal in this state.
    pub fn decide(&self, command: UserCommand) -> Result<Vec<UserEvent>, UserError> {
        match (self, command) {
            (Self::Absent, UserCommand::Register { username, email, full_name, roles }) => {
                let (username, email, full_name) = (username.into(), email.into(), full_name.into());
                Ok(vec![UserEvent::Registered { username, email, full_name, roles }])
            }
            (_, UserCommand::Register { .. }) => Err(UserError::AlreadyRegistered),
            (Self::Deleted, UserCommand::Erase) => Ok(vec![UserEvent::SubjectErased {}]),
            (Self::Erased, UserCommand::Erase) => Ok(vec![]),
            (Self::Absent | Self::Deleted | Self::Erased, _) => Err(UserError::NotFound),
            (Self::Registered(account), command) => account.decide(command),
        }
    }

    /// The account, if there is one.
    pub const fn account(&self) -> Option<&Account> {
        match self {
            Self::Registered(account) => Some(account),
            Self::Absent | Self::Deleted | Self::Erased => None,
        }
    }

    fn fold(&mut self, event: UserEvent) {
        match (&mut *self, event) {
            (_, UserEvent::Registered { email, full_name, roles, .. }) => {
                let (email, full_name) = (email.into_inner(), Some(full_name.into_inner()));
                *self = Self::Registered(Account {
                    email,
                    full_name,
                    roles,
                    is_auditor: false,
                    is_active: true,
                    sessions: vec![],
                });
            }
            (_, UserEvent::Deleted {}) => *self = Self::Deleted,
            (_, UserEvent::SubjectErased {}) => *self = Self::Erased,
            (Self::Registered(account), event) => account.fold(event),
            (Self::Absent | Self::Deleted | Self::Erased, _) => {}
        }
    }
}

impl Account {
    fn decide(&self, command: UserCommand) -> Result<Vec<UserEvent>, UserError> {
        Ok(match command {
            UserCommand::Register { .. } => return Err(UserError::AlreadyRegistered),
            UserCommand::ChangeFullName(new) => self.rename(new).into_iter().collect(),
            UserCommand::Administer { authority, changes, keep } => {
                self.check(authority)?;
                if self.roles.is_superuser && self.roles.is_staff && changes.is_staff == Some(false) {
                    return Err(UserError::SuperuserIsStaff);
                }
                if self.is_auditor && [changes.is_staff, changes.is_reviewer].contains(&Some(true)) {
                    return Err(UserError::AuditorIsApart);
                }
                self.administer(changes, keep)
            }
            UserCommand::SetAuditor(is_auditor) if is_auditor == self.is_auditor => vec![],
            UserCommand::SetAuditor(true) if self.roles.administer() => return Err(UserError::AuditorIsApart),
            UserCommand::SetAuditor(true) => vec![UserEvent::AuditorAppointed {}],
            UserCommand::SetAuditor(false) => vec![UserEvent::AuditorDismissed {}],
            UserCommand::SetActive(active) if active == self.is_active => vec![],
            UserCommand::SetActive(true) => vec![UserEvent::Activated {}],
            UserCommand::SetActive(false) => vec![UserEvent::Deactivated {}],
            UserCommand::RequestPasswordReset | UserCommand::StartSession(_) if !self.is_active => {
                return Err(UserError::Inactive);
            }
            UserCommand::RequestPasswordReset => vec![UserEvent::PasswordResetRequested {}],
            UserCommand::ChangePassword { keep } => {
                let others = self.sessions_but(keep);
                std::iter::once(UserEvent::PasswordChanged {}).chain(others.map(ended)).collect()
            }
            UserCommand::StartSession(session_id) if self.sessions.contains(&session_id) => vec![],
            UserCommand::StartSession(session_id) => {
                let too_many = (self.sessions.len() + 1).saturating_sub(MAX_SESSIONS);
                let crowded_out = self.sessions.iter().take(too_many).map(ended);
                crowded_out.chain([UserEvent::SessionStarted { session_id }]).collect()
            }
            UserCommand::EndSession(session) => {
                self.sessions.iter().filter(|open| **open == session).map(ended).collect()
            }
            UserCommand::Delete { authority } => {
                self.check(authority)?;
                vec![UserEvent::Deleted {}]
            }
            UserCommand::Erase => vec![UserEvent::SubjectErased {}],
        })
    }

    fn check(&self, authority: Authority) -> Result<(), UserError> {
        let is_protected = self.roles.is_superuser || self.is_auditor;
        if is_protected && authority == Authority::Staff { Err(UserError::Superuser) } else { Ok(()) }
    }

    fn rename(&self, full_name: Option<FullName>) -> Option<UserEvent> {
        if self.full_name == full_name {
            return None;
        }
        Some(match full_name {
            Some(full_name) => UserEvent::FullNameChanged { full_name: full_name.into() },
            None => UserEvent::FullNameCleared {},
        })
    }

    fn sessions_but(&self, keep: Option<SessionId>) -> impl Iterator<Item = &SessionId> {
        self.sessions.iter().filter(move |session| Some(**session) != keep)
    }

    fn administer(&self, changes: UserChanges, keep: Option<SessionId>) -> Vec<UserEvent> {
        let UserChanges { email, full_name, is_staff, is_reviewer, allow_key } = changes;
        let email =
            email.filter(|email| *email != self.email).map(|email| UserEvent::EmailChanged { email: email.into() });
        let ended: Vec<UserEvent> = email.iter().flat_map(|_| self.sessions_but(keep).map(ended)).collect();
        let full_name = full_name.and_then(|full_name| self.rename(full_name));
        let roles = Roles {
            is_staff: is_staff.unwrap_or(self.roles.is_staff),
            is_reviewer: is_reviewer.unwrap_or(self.roles.is_reviewer),
            allow_key: allow_key.unwrap_or(self.roles.allow_key),
            is_superuser: self.roles.is_superuser,
        };
        let roles = (roles != self.roles).then_some(UserEvent::RolesChanged { roles });
        email.into_iter().chain(ended).chain(full_name).chain(roles).collect()
    }

    fn fold(&mut self, event: UserEvent) {
        match event {
            UserEvent::FullNameChanged { full_name } => self.full_name = Some(full_name.into_inner()),
            UserEvent::FullNameCleared {} => self.full_name = None,
            UserEvent::EmailChanged { email } => self.email = email.into_inner(),
            UserEvent::RolesChanged { roles } => self.roles = roles,
            UserEvent::AuditorAppointed {} => self.is_auditor = true,
            UserEvent::AuditorDismissed {} => self.is_auditor = false,
            UserEvent::Deactivated {} => self.is_active = false,
            UserEvent::Activated {} => self.is_active = true,
            UserEvent::SessionStarted { session_id } => self.sessions.push(session_id),
            UserEvent::SessionEnded { session_id } => self.sessions.retain(|open| *open != session_id),
            // These events are handled by the user itself.
            UserEvent::Registered { .. }
            | UserEvent::Deleted {}
            | UserEvent::SubjectErased {}
            | UserEvent::PasswordResetRequested {}
            | UserEvent::PasswordChanged {} => {}
        }
    }
}

const fn ended(session_id: &SessionId) -> UserEvent {
    UserEvent::SessionEnded { session_id: *session_id }
}

impl StoredAggregate for User {
    const AGGREGATE_TYPE: AggregateType = AggregateType::User;
    const SNAPSHOT_VERSION: i32 = 2;

    fn subject(&self, aggregate_id: Uuid) -> Option<SubjectId> {
        Some(SubjectId::new(aggregate_id))
    }
}

bridge_to_cqrs_es!(User, UserCommand, UserEvent, UserError);
