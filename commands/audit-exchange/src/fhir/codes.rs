//! Codes of the code systems that the resources use, and the forms of identifiers.

use domain::envelope::Actor;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Log;

const THO: &str = "http://terminology.hl7.org/CodeSystem";

pub(super) fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

/// A code of HL7's terminology.
pub(super) fn hl7(system: &str, code: &str, display: &str) -> Value {
    coding(&format!("{THO}/{system}"), code, display)
}

/// A code of DICOM.
pub(super) fn dicom(code: &str, display: &str) -> Value {
    coding("http://dicom.nema.org/resources/ontology/DCM", code, display)
}

pub(super) fn concept(coding: &Value) -> Value {
    json!({ "coding": [coding] })
}

/// An identifier that is a URI.
pub(super) fn uri(value: &str) -> Value {
    json!({ "system": "urn:ietf:rfc:3986", "value": value })
}

pub(super) fn uuid(id: Uuid) -> Value {
    uri(&format!("urn:uuid:{id}"))
}

/// A logical reference, to what has no resource here.
pub(super) fn logical(identifier: &Value) -> Value {
    json!({ "identifier": identifier })
}

pub(super) fn reference(id: Uuid) -> Value {
    logical(&uuid(id))
}

/// The identifier of a numbered thing: of an event by its position, of a version of a document by its number. Its namespace
/// is the log, or the document.
pub(super) fn numbered(of: Uuid, number: i64) -> Value {
    json!({ "system": format!("urn:uuid:{of}"), "value": number.to_string() })
}

/// A reference to who acts; parts of the system have names alone.
pub(super) fn actor(actor: &Actor) -> Value {
    match actor {
        Actor::User(user) => reference(user.value()),
        Actor::Service(service) => reference(*service),
        Actor::System(_) => json!({ "display": actor.to_string() }),
    }
}

/// The system as it records what happens: it is known by its log.
pub(super) fn system(log: &Log) -> Value {
    json!({ "identifier": uuid(log.id), "display": log.origin })
}
