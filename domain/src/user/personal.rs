//! The personal fields of a user's events.

use super::event::{Roles, UserEvent};
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for UserEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::Registered {
                username,
                email,
                full_name,
                roles: Roles { is_staff: _, is_reviewer: _, is_superuser: _, allow_key: _ },
            } => vec![
                PersonalField::new("username", username),
                PersonalField::new("email", email),
                PersonalField::new("full_name", full_name),
            ],
            Self::FullNameChanged { full_name } => vec![PersonalField::new("full_name", full_name)],
            Self::EmailChanged { email } => vec![PersonalField::new("email", email)],
            Self::FullNameCleared {}
            | Self::RolesChanged { roles: Roles { is_staff: _, is_reviewer: _, is_superuser: _, allow_key: _ } }
            | Self::AuditorAppointed {}
            | Self::AuditorDismissed {}
            | Self::Deactivated {}
            | Self::Activated {}
            | Self::PasswordResetRequested {}
            | Self::PasswordChanged {}
            | Self::SessionStarted { session_id: _ }
            | Self::SessionEnded { session_id: _ }
            | Self::Deleted {}
            | Self::SubjectErased {} => vec![],
        }
    }
}
