//! absent -> registered. A registered user logs in, logs out and changes name and password.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{Roles, UserEvent};
use crate::{
    event::{HasSubject, bridge_to_cqrs_es},
    ids::{SessionId, SubjectId},
    values::{Email, FullName, Username},
};

/// A user, as far as decisions need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum User {
    /// There is no such account.
    #[default]
    Absent,
    /// There is.
    Registered {
        /// The person's name.
        full_name: FullName,
        /// What the person may do.
        roles: Roles,
        /// The logins that have not ended.
        sessions: BTreeSet<SessionId>,
    },
}

/// What can be asked of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCommand {
    /// Make the account.
    Register {
        /// The login name.
        username: Username,
        /// The e-mail address.
        email: Email,
        /// The person's name.
        full_name: FullName,
        /// The roles at the start.
        roles: Roles,
    },
    /// Change the name.
    ChangeFullName(FullName),
    /// A new password has been set: end every login but the one that did it.
    ChangePassword {
        /// The login that goes on.
        keep: Option<SessionId>,
    },
    /// The password was right: start a login.
    StartSession(SessionId),
    /// End a login.
    EndSession(SessionId),
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The account exists.
    #[error("the user is already registered")]
    AlreadyRegistered,
    /// There is no such account.
    #[error("there is no such user")]
    NotFound,
}

impl User {
    /// The events that the command leads to; none if it asks for what already is.
    ///
    /// # Errors
    /// [`UserError`] if the command is illegal in this state.
    pub fn decide(&self, command: UserCommand) -> Result<Vec<UserEvent>, UserError> {
        match (self, command) {
            (Self::Absent, UserCommand::Register { username, email, full_name, roles }) => {
                Ok(vec![UserEvent::Registered { username, email, full_name, roles }])
            }
            (Self::Absent, _) => Err(UserError::NotFound),
            (Self::Registered { .. }, UserCommand::Register { .. }) => Err(UserError::AlreadyRegistered),
            (Self::Registered { full_name, .. }, UserCommand::ChangeFullName(new)) => {
                Ok(if *full_name == new { vec![] } else { vec![UserEvent::FullNameChanged { full_name: new }] })
            }
            (Self::Registered { sessions, .. }, UserCommand::ChangePassword { keep }) => {
                let others = sessions.iter().copied().filter(|session| Some(*session) != keep);
                Ok(std::iter::once(UserEvent::PasswordChanged {})
                    .chain(others.map(|session_id| UserEvent::SessionEnded { session_id }))
                    .collect())
            }
            (Self::Registered { sessions, .. }, UserCommand::StartSession(session_id)) => {
                Ok(if sessions.contains(&session_id) { vec![] } else { vec![UserEvent::SessionStarted { session_id }] })
            }
            (Self::Registered { sessions, .. }, UserCommand::EndSession(session_id)) => {
                Ok(if sessions.contains(&session_id) { vec![UserEvent::SessionEnded { session_id }] } else { vec![] })
            }
        }
    }

    /// The roles, if there is such a user.
    pub const fn roles(&self) -> Option<Roles> {
        match self {
            Self::Absent => None,
            Self::Registered { roles, .. } => Some(*roles),
        }
    }

    fn fold(&mut self, event: UserEvent) {
        match event {
            UserEvent::Registered { full_name, roles, .. } => {
                *self = Self::Registered { full_name, roles, sessions: BTreeSet::new() };
            }
            UserEvent::FullNameChanged { full_name: new } => {
                if let Self::Registered { full_name, .. } = self {
                    *full_name = new;
                }
            }
            UserEvent::PasswordChanged {} => {}
            UserEvent::SessionStarted { session_id } => {
                if let Self::Registered { sessions, .. } = self {
                    sessions.insert(session_id);
                }
            }
            UserEvent::SessionEnded { session_id } => {
                if let Self::Registered { sessions, .. } = self {
                    sessions.remove(&session_id);
                }
            }
        }
    }
}

impl HasSubject for User {
    fn subject(&self, aggregate_id: Uuid) -> Option<SubjectId> {
        Some(SubjectId::new(aggregate_id))
    }
}

bridge_to_cqrs_es!(User, "user", UserCommand, UserEvent, UserError);
