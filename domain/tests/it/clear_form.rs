//! The payload of an event with its personal text in clear, which the golden files hold: ciphertext is another one each time.
//!
//! Only tests have this form. Nothing else writes clear text, because nothing else takes it for its own ciphertext.

use cqrs_es::DomainEvent;
use domain::personal::{PersonalField, PersonalFields};
use serde_json::Value;

/// What would be stored if the texts were their own ciphertexts.
pub(crate) fn clear_payload<E: DomainEvent + PersonalFields>(event: &E) -> Value {
    let mut event = event.clone();
    for PersonalField { text, .. } in event.personal_mut() {
        if let Some(clear) = text.clear().map(str::to_owned) {
            text.seal(clear);
        }
    }
    serde_json::to_value(event).expect("events are JSON")
}

/// An event that was read from such a payload.
pub(crate) fn in_clear<E: PersonalFields>(mut event: E) -> E {
    for PersonalField { text, .. } in event.personal_mut() {
        if let Some(clear) = text.sealed().map(str::to_owned) {
            text.open(clear);
        }
    }
    event
}
