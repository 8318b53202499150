//! What can happen to a user. Passwords, tokens and codes are never in an event.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    ids::SessionId,
    personal::Personal,
    values::{Email, FullName, Username},
};

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "these four roles are independent of each other")]
pub struct Roles {
    /// Administers projects, documents and users.
    pub is_staff: bool,
    /// Rates answers of test runs.
    pub is_reviewer: bool,
    /// Sees everybody's chats.
    pub is_superuser: bool,
    /// May use the server's own provider key.
    pub allow_key: bool,
}

impl Roles {
    /// Those of whoever sets the system up.
    pub const ALL: Self = Self { is_staff: true, is_reviewer: true, is_superuser: true, allow_key: true };

    /// Returns whether a role is held that keeps the person from being an auditor, who looks at what its holders do.
    pub const fn administer(&self) -> bool {
        self.is_staff || self.is_reviewer || self.is_superuser
    }
}

/// An event of a user's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum UserEvent {
    /// The account was made, by the person or by an operator.
    Registered {
        /// The login name.
        username: Personal<Username>,
        /// The e-mail address.
        email: Personal<Email>,
        /// The person's name.
        full_name: Personal<FullName>,
        /// The roles at the start.
        #[serde(flatten)]
        roles: Roles,
    },
    /// The person's name was changed.
    FullNameChanged {
        /// The new name.
        full_name: Personal<FullName>,
    },
    /// The person's name was taken away.
    FullNameCleared {},
    /// The e-mail address was changed.
    EmailChanged {
        /// The new address.
        email: Personal<Email>,
    },
    /// What the person may do was changed.
    RolesChanged {
        /// All roles from now on.
        #[serde(flatten)]
        roles: Roles,
    },
    /// The person became an auditor, who reads histories and changes nothing.
    AuditorAppointed {},
    /// The person is no auditor any more.
    AuditorDismissed {},
    /// The account was closed for the time being: nobody can use it.
    Deactivated {},
    /// The account was opened again.
    Activated {},
    /// Somebody said that the password was forgotten: a code was made and is mailed to the account's address.
    PasswordResetRequested {},
    /// The password was changed.
    PasswordChanged {},
    /// Somebody logged in: a token was given out.
    SessionStarted {
        /// The login.
        session_id: SessionId,
    },
    /// A login ended, by logout, by a change of the password or because of newer ones: its token is refused from now on.
    SessionEnded {
        /// The login.
        session_id: SessionId,
    },
    /// The account was deleted: its address and username are free for others.
    Deleted {},
    /// The person was erased, and the account with it: the key of all that was ever written of them, and by them, is destroyed.
    SubjectErased {},
}

impl UserEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Registered { .. }
            | Self::FullNameChanged { .. }
            | Self::FullNameCleared {}
            | Self::EmailChanged { .. }
            | Self::RolesChanged { .. }
            | Self::AuditorAppointed {}
            | Self::AuditorDismissed {}
            | Self::Deactivated {}
            | Self::Activated {}
            | Self::PasswordResetRequested {}
            | Self::PasswordChanged {}
            | Self::SessionStarted { .. }
            | Self::SessionEnded { .. }
            | Self::Deleted {}
            | Self::SubjectErased {} => "1",
        }
    }
}
