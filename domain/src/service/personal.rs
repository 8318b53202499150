//! A service is a program's: nothing in its events is personal.

use super::event::{ServiceEvent, Terms};
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for ServiceEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::Created { terms: Terms { name: _, allow_key: _, owner: _ } }
            | Self::Renamed { name: _ }
            | Self::KeyAllowanceChanged { allow_key: _ }
            | Self::OwnerChanged { owner: _ }
            | Self::KeyIssued { key_id: _, title: _ }
            | Self::KeyRevoked { key_id: _ }
            | Self::Deleted {} => vec![],
        }
    }
}
