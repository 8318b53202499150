//! Provenance of an answer, with the model as a Device, and prompt and passages as DocumentReferences, all contained.
//!
//! Where HL7's "AI Transparency on FHIR" (ballot) names an element, it is that one; its profiles are not claimed.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    chat::{Completion, Generation, RetrievedPassage},
    envelope::Actor,
};
use serde_json::{Value, json};

use super::codes::{actor, concept, hl7, logical, numbered, reference, system, uri, uuid};
use crate::{Entry, Log, Turn};

/// The provenance of a complete answer.
pub(super) fn of_answer(log: &Log, entry: &Entry<'_>, completion: &Completion, turn: &Turn) -> Value {
    let recorded = entry.recorded;
    let generation = &completion.generation;
    let passages = turn.passages.as_deref().unwrap_or_default();
    let mut contained = vec![model(generation), prompt(generation)];
    contained.extend(passages.iter().enumerate().map(|(place, passage)| self::passage(place, passage)));
    let entity = |role: &str, what: Value| json!({ "role": role, "what": what });
    let mut entities = Vec::new();
    if let Some(question) = turn.question {
        entities.push(entity("source", named(reference(question.value()), "question")));
    }
    let local = |id: String| json!({ "reference": format!("#{id}") });
    entities.extend((0..passages.len()).map(|place| entity("source", local(passage_id(place)))));
    for cited in &completion.citations {
        let version = passages.iter().filter(|it| it.document_id == *cited).map(|it| it.document_version).max();
        let document = version.map_or_else(|| uuid(cited.value()), |version| numbered(cited.value(), version.into()));
        entities.push(entity("quotation", named(logical(&document), "document that the answer names as its source")));
    }
    entities.push(entity("derivation", local("prompt".to_owned())));
    let label = format!("event of the log, its receipt is at {}", entry.receipt_path());
    entities.push(entity("source", named(logical(&numbered(log.id, recorded.position)), &label)));
    json!({
        "resourceType": "Provenance",
        "id": recorded.metadata.event_id.to_string(),
        "meta": { "security": [hl7("v3-ObservationValue", "AIAST", "Artificial Intelligence asserted")] },
        "contained": contained,
        "target": [named(reference(completion.answer_id.value()), "answer")],
        "occurredPeriod": { "start": time(generation.response.started_at), "end": time(generation.response.ended_at) },
        "recorded": time(recorded.metadata.recorded_at),
        "activity": concept(&hl7("v3-DataOperation", "CREATE", "create")),
        "agent": agents(log, entry),
        "entity": entities,
        // Proves that the log has the event whose row has the digest that the receipt's entry names.
        "signature": [{
            "type": [{
                "system": "urn:iso-astm:E1762-95:2013",
                "code": "1.2.840.10065.1.12.1.14",
                "display": "Source Signature",
            }],
            "when": time(recorded.metadata.recorded_at),
            "who": system(log),
            "sigFormat": "text/plain",
            "data": BASE64.encode(entry.receipt),
        }],
    })
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn named(mut reference: Value, display: &str) -> Value {
    reference["display"] = display.into();
    reference
}

/// The model that was asked, and in its version the one that the provider says has answered.
fn model(generation: &Generation) -> Value {
    let asked = &generation.model_requested;
    let mut model = json!({
        "resourceType": "Device",
        "id": "model",
        "deviceName": [{ "name": asked, "type": "model-name" }],
        "type": { "text": "language model" },
        "note": [{ "text": format!("temperature {}", generation.temperature) }],
    });
    if let Some(answered) = &generation.model_returned {
        let what = "the model that has answered, as its provider says";
        model["version"] = json!([{ "type": { "text": what }, "value": answered }]);
    }
    model
}

/// The template of the prompt, by its hash.
fn prompt(generation: &Generation) -> Value {
    let mut prompt = document("prompt", "template of the prompt");
    if let Some(hash) = hash(&generation.prompt_hash) {
        prompt["identifier"] = json!([hash]);
    }
    prompt["description"] = generation.prompt_version.clone().into();
    prompt
}

fn passage_id(place: usize) -> String {
    format!("passage-{}", place + 1)
}

/// A passage by its id and its hash, and the version of the document that it was cut from.
fn passage(place: usize, passage: &RetrievedPassage) -> Value {
    let mut document = document(&passage_id(place), "passage of a document");
    document["masterIdentifier"] = uuid(passage.chunk_id.value());
    if let Some(hash) = hash(&passage.content_hash) {
        document["identifier"] = json!([hash]);
    }
    let version = logical(&numbered(passage.document_id.value(), passage.document_version.into()));
    let label = format!("version {} of the document", passage.document_version);
    document["context"] = json!({ "related": [named(version, &label)] });
    document
}

fn document(id: &str, what: &str) -> Value {
    json!({
        "resourceType": "DocumentReference",
        "id": id,
        "status": "current",
        "type": { "text": what },
        "content": [{ "attachment": { "contentType": "text/plain", "title": what } }],
    })
}

/// The identifier of content with this SHA-256 (RFC 6920); `None` if the text is no hash.
fn hash(sha256: &str) -> Option<Value> {
    let digest = hex::decode(sha256).ok().filter(|digest| digest.len() == 32)?;
    Some(uri(&format!("ni:///sha-256;{}", URL_SAFE_NO_PAD.encode(digest))))
}

fn agents(log: &Log, entry: &Entry<'_>) -> Vec<Value> {
    let agent = |code: &str, display: &str, who: Value| json!({ "type": concept(&hl7("provenance-participant-type", code, display)), "who": who });
    let mut agents =
        vec![agent("author", "Author", json!({ "reference": "#model" })), agent("assembler", "Assembler", system(log))];
    let metadata = &entry.recorded.metadata;
    let asking = [Some(&metadata.actor), metadata.on_behalf_of.as_ref()];
    let asking = asking.into_iter().flatten().filter(|who| !matches!(who, Actor::System(_)));
    agents.extend(asking.map(|who| agent("enterer", "Enterer", actor(who))));
    agents
}
