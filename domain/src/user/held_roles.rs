//! What a person was at a moment of the log, as far as rights depend on it.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::event::Roles;

/// A role by its name, the most powerful one first. The use of the server's provider key is none.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// See [`Roles::is_superuser`].
    Superuser,
    /// See [`Roles::is_staff`].
    Staff,
    /// See [`Roles::is_reviewer`].
    Reviewer,
    /// See [`HeldRoles::is_auditor`].
    Auditor,
}

/// The roles that a person held, the auditor's among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeldRoles {
    /// Those that staff and operators give.
    pub roles: Roles,
    /// Whether the person read histories, and changed nothing.
    pub is_auditor: bool,
}

impl HeldRoles {
    /// The types of the events that they follow from.
    pub const EVENT_TYPES: [&str; 4] = ["Registered", "RolesChanged", "AuditorAppointed", "AuditorDismissed"];

    /// Returns the roles after an event of the person, of which only the fields are read that are stored in the clear:
    /// whoever asks for roles needs no key.
    ///
    /// # Errors
    /// The payload of a registration or of a change of roles has not every role.
    pub fn after(self, event_type: &str, payload: &str) -> Result<Self, serde_json::Error> {
        Ok(match event_type {
            "Registered" | "RolesChanged" => Self { roles: serde_json::from_str(payload)?, ..self },
            "AuditorAppointed" => Self { is_auditor: true, ..self },
            "AuditorDismissed" => Self { is_auditor: false, ..self },
            _ => self,
        })
    }

    /// The roles by their names.
    pub fn list(self) -> Vec<Role> {
        let Self { roles: Roles { is_staff, is_reviewer, is_superuser, allow_key: _ }, is_auditor } = self;
        let all = [
            (Role::Superuser, is_superuser),
            (Role::Staff, is_staff),
            (Role::Reviewer, is_reviewer),
            (Role::Auditor, is_auditor),
        ];
        all.into_iter().filter(|(_, is_held)| *is_held).map(|(role, _)| role).collect()
    }

    /// The names of the roles.
    pub fn names(self) -> Vec<&'static str> {
        self.list().into_iter().map(<&str>::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_those_of_the_last_event_that_says_something_of_them() {
        let staff = r#"{"is_staff": true, "is_reviewer": false, "is_superuser": false, "allow_key": true}"#;
        let nobody = r#"{"is_staff": false, "is_reviewer": false, "is_superuser": false, "allow_key": false}"#;
        let history = [
            ("Registered", staff, vec!["staff"]),
            ("EmailChanged", "{}", vec!["staff"]),
            ("RolesChanged", nobody, vec![]),
            ("AuditorAppointed", "{}", vec!["auditor"]),
            ("RolesChanged", nobody, vec!["auditor"]),
            ("AuditorDismissed", "{}", vec![]),
        ];
        let mut roles = HeldRoles::default();
        for (event_type, payload, expected) in history {
            roles = roles.after(event_type, payload).expect("well-formed");
            assert_eq!(roles.names(), expected, "after {event_type}");
        }
        assert!(roles.after("RolesChanged", "{}").is_err());
    }
}
