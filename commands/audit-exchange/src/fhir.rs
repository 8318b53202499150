//! FHIR R4: an [`AuditEvent`](https://hl7.org/fhir/R4/auditevent.html) for each access, export, log-in and log-out, in the
//! patterns of IHE BALP, and a [`Provenance`](https://hl7.org/fhir/R4/provenance.html) for each answer of a model.
//!
//! Each resource is valid by itself: what it refers to is contained, or named by a logical identifier.

mod audit_event;
mod codes;
mod provenance;

use domain::{access::AccessEvent, chat::ChatEvent, event::Event, user::UserEvent};
use serde_json::Value;

use crate::{Entry, Log, Turn};
use audit_event::AuditEvents;

/// The profiles of IHE BALP that resources claim, as `meta.profile`.
pub mod profiles {
    /// One thing was read.
    pub const READ: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Read";
    /// Things were searched for, or listed.
    pub const QUERY: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Query";
}

/// Returns the resource of an event; `None` for events that have none. `turn` is what [`crate::Turns`] says of it.
pub fn resource(log: &Log, entry: &Entry<'_>, turn: Option<&Turn>) -> Option<Value> {
    let audit_events = AuditEvents { log, entry };
    match &entry.recorded.event {
        Event::Access(AccessEvent::AccessGranted(access)) => Some(audit_events.access(access, true)),
        Event::Access(AccessEvent::AccessRefused(access)) => Some(audit_events.access(access, false)),
        Event::User(UserEvent::SessionStarted { session_id }) => Some(audit_events.session(*session_id, true)),
        Event::User(UserEvent::SessionEnded { session_id }) => Some(audit_events.session(*session_id, false)),
        Event::Chat(ChatEvent::AnswerCompleted(completion)) => {
            Some(provenance::of_answer(log, entry, completion, turn.unwrap_or(&Turn::default())))
        }
        _ => None,
    }
}
