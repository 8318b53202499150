//! The personal fields of the events of accesses.

use super::event::{Access, AccessEvent};
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for AccessEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        let (Self::AccessGranted(access) | Self::AccessRefused(access)) = self;
        let Access { reader: _, session_id: _, roles: _, what: _, request: _, objects: _, reason } = access;
        reason.iter_mut().map(|reason| PersonalField::new("reason", reason)).collect()
    }
}
