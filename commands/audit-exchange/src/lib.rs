//! Events of the log in the audit formats of others: [`fhir`] for health record systems, [`ocsf`] for security systems.
//!
//! Only ids, times, names of models, hashes and proofs get into them, never personal text: events are read as they are
//! stored, with their text sealed, so that there is none to show. Nothing here knows the database, the network or the clock.
//!
//! See "Formats of others" in `docs/audit-formats.md`.

pub mod fhir;
pub mod ocsf;
mod turns;

use domain::envelope::RecordedEvent;
use uuid::Uuid;

pub use turns::{Turn, Turns};

/// The types of the events that have a form in one of the formats, or say something of an answer.
const EVENT_TYPES: [&str; 8] = [
    "AccessGranted",
    "AccessRefused",
    "AnswerCompleted",
    "AnswerFailed",
    "PassagesRetrieved",
    "QuestionAsked",
    "SessionEnded",
    "SessionStarted",
];

/// Returns whether events of this type have to be taken; all others have no form in any of the formats.
pub fn is_exchanged(event_type: &str) -> bool {
    EVENT_TYPES.contains(&event_type)
}

/// The log that events are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub id: Uuid,
    /// The name of the log's key, which is the origin of its checkpoints.
    pub origin: String,
}

/// An event with its proof.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub recorded: &'a RecordedEvent,
    /// The SHA-256 of the stored columns, which is in the log's entry.
    pub digest: [u8; 32],
    /// The receipt (`.tlog-proof`) that the published log has the event.
    pub receipt: &'a str,
}

impl Entry<'_> {
    /// The path by which the API gives the receipt of the event.
    fn receipt_path(&self) -> String {
        format!("/api/audit/proofs/{}", self.recorded.position)
    }
}
