//! The event codec: the one place where personal text becomes ciphertext and comes back.
//!
//! It writes and reads the stored form of payload and metadata. What lies under a destroyed key reads as [`ERASED`], and
//! what is still written of an erased person is left out.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    envelope::{Metadata, RecordedEvent},
    event::{DecodeError, Event},
    ids::{EventId, SubjectId},
    values::ERASED,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    keys::{
        crypto::{Key, KeyError},
        personal::{PERSONAL_METADATA, fields_of},
        ring::KeyRing,
    },
    stored::StoredEvent,
};

#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("{0} is not in the table of personal and plain fields")]
    Unclassified(String),
    #[error("event type {0} holds personal text but names no subject")]
    NoSubject(String),
    #[error("the stored form is malformed: {0}")]
    Malformed(&'static str),
    #[error("the stored form is not JSON")]
    NotJson(#[from] serde_json::Error),
    #[error(transparent)]
    Event(#[from] DecodeError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What the ciphertexts of an event are bound to, out of its metadata: enough to read its payload.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Seal {
    event_id: EventId,
    subject: Option<SubjectId>,
}

impl From<&Metadata> for Seal {
    fn from(metadata: &Metadata) -> Self {
        Self { event_id: metadata.event_id, subject: metadata.subject }
    }
}

/// Encodes and decodes events with the keys of the persons whose text they hold.
#[derive(Clone)]
pub struct Codec {
    keys: KeyRing,
}

impl Codec {
    pub const fn new(keys: KeyRing) -> Self {
        Self { keys }
    }

    pub const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The stored form of a payload.
    ///
    /// # Errors
    /// [`CodecError`] if the event is not classified, names no subject for its personal text, or its key cannot be had.
    pub async fn encode_payload(
        &self,
        aggregate_type: &str,
        event_type: &str,
        mut payload: Value,
        metadata: &Metadata,
    ) -> Result<String, CodecError> {
        let fields =
            fields_of(aggregate_type, event_type).ok_or_else(|| CodecError::Unclassified(event_type.to_owned()))?;
        if let Some(field) = fields.unclassified(&payload) {
            return Err(CodecError::Unclassified(format!("{event_type}.{field}")));
        }
        if !fields.personal.is_empty() {
            let subject = metadata.subject.ok_or_else(|| CodecError::NoSubject(event_type.to_owned()))?;
            let key = self.keys.for_writing(subject).await?;
            for field in fields.personal {
                if let Some(Value::String(text)) = payload.get_mut(*field) {
                    *text = sealed(key.as_deref(), text, metadata.event_id, field);
                }
            }
        }
        Ok(payload.to_string())
    }

    /// The stored form of the metadata: a flat map of strings, as cqrs-es wants it.
    ///
    /// # Errors
    /// [`CodecError::Key`] if the actor's key cannot be had.
    pub async fn encode_metadata(&self, metadata: &Metadata) -> Result<BTreeMap<&'static str, String>, CodecError> {
        let mut map = BTreeMap::from([
            ("event_id", metadata.event_id.to_string()),
            ("command_id", metadata.command_id.to_string()),
            ("actor", metadata.actor.to_string()),
            ("correlation_id", metadata.correlation_id.to_string()),
            ("recorded_at", metadata.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        ]);
        map.extend(metadata.on_behalf_of.as_ref().map(|actor| ("on_behalf_of", actor.to_string())));
        map.extend(metadata.causation_id.map(|id| ("causation_id", id.to_string())));
        map.extend(metadata.traceparent.clone().map(|text| ("traceparent", text)));
        map.extend(metadata.subject.map(|id| ("subject", id.to_string())));
        // Without a person there is nobody under whose key an address could be kept: it is left out.
        if let Some(subject) = metadata.actor.subject() {
            let personal = [&metadata.client_address, &metadata.user_agent];
            for (name, text) in PERSONAL_METADATA.into_iter().zip(personal) {
                if let Some(text) = text {
                    let key = self.keys.for_writing(subject).await?;
                    map.insert(name, sealed(key.as_deref(), text, metadata.event_id, name));
                }
            }
        }
        Ok(map)
    }

    /// Reads a payload's stored form back into clear text.
    ///
    /// # Errors
    /// [`CodecError`] if it is damaged or unknown.
    pub(crate) async fn decode_payload(
        &self,
        aggregate_type: &str,
        event_type: &str,
        mut payload: Value,
        seal: Seal,
    ) -> Result<Value, CodecError> {
        let fields =
            fields_of(aggregate_type, event_type).ok_or_else(|| CodecError::Unclassified(event_type.to_owned()))?;
        if !fields.personal.is_empty() {
            let subject = seal.subject.ok_or_else(|| CodecError::NoSubject(event_type.to_owned()))?;
            for field in fields.personal {
                if let Some(Value::String(text)) = payload.get_mut(*field) {
                    *text = self.open(subject, seal.event_id, field, text).await?;
                }
            }
        }
        Ok(payload)
    }

    /// Reads the metadata's stored form back.
    ///
    /// # Errors
    /// [`CodecError`] if it is malformed or damaged.
    pub async fn decode_metadata(&self, stored: Value) -> Result<Metadata, CodecError> {
        let map: BTreeMap<String, String> = serde_json::from_value(stored)?;
        let mut metadata = parse_metadata(&map)?;
        if let Some(subject) = metadata.actor.subject() {
            for name in PERSONAL_METADATA {
                let Some(sealed) = map.get(name) else { continue };
                let text = Some(self.open(subject, metadata.event_id, name, sealed).await?);
                if name == "client_address" {
                    metadata.client_address = text;
                } else {
                    metadata.user_agent = text;
                }
            }
        }
        Ok(metadata)
    }

    /// Reads the keys that these events need at once, so that decoding them asks the database for none.
    ///
    /// # Errors
    /// [`CodecError`] if metadata are malformed or the keys cannot be read.
    pub async fn prefetch_keys(&self, stored: impl Iterator<Item = &StoredEvent>) -> Result<(), CodecError> {
        let mut subjects = Vec::new();
        for event in stored {
            subjects.extend(serde_json::from_str::<Seal>(&event.metadata)?.subject);
        }
        subjects.sort_unstable();
        subjects.dedup();
        Ok(self.keys.prefetch(&subjects).await?)
    }

    /// Decodes many events of the log for those who make rows of them. The client's address and name stay sealed: no row has them.
    ///
    /// # Errors
    /// [`CodecError`] of the first event that cannot be decoded.
    pub async fn decode_all(&self, stored: &[StoredEvent]) -> Result<Vec<RecordedEvent>, CodecError> {
        let mut decoded = Vec::with_capacity(stored.len());
        for event in stored {
            decoded.push(self.decode(event).await?);
        }
        Ok(decoded)
    }

    async fn decode(&self, stored: &StoredEvent) -> Result<RecordedEvent, CodecError> {
        let metadata = parse_metadata(&serde_json::from_str(&stored.metadata)?)?;
        let payload = serde_json::from_str(&stored.payload)?;
        let payload =
            self.decode_payload(&stored.aggregate_type, &stored.event_type, payload, (&metadata).into()).await?;
        Ok(RecordedEvent {
            position: stored.position,
            sequence: stored.sequence,
            partition: stored.partition,
            aggregate_id: Uuid::try_parse(&stored.aggregate_id)
                .map_err(|_| CodecError::Malformed("the aggregate's id is no UUID"))?,
            event: Event::decode(&stored.aggregate_type, &stored.event_type, &stored.event_version, payload)?,
            metadata,
        })
    }

    async fn open(&self, subject: SubjectId, event: EventId, field: &str, sealed: &str) -> Result<String, CodecError> {
        let Some(key) = self.keys.for_reading(subject).await? else { return Ok(ERASED.to_owned()) };
        let sealed = BASE64.decode(sealed).map_err(|_| CodecError::Malformed("ciphertext is not Base64"))?;
        let plain = KeyRing::open_for(&key, &sealed, &context(event, field))?;
        String::from_utf8(plain).map_err(|_| CodecError::Malformed("clear text is not UTF-8"))
    }
}

/// The ciphertext, or nothing if the key was destroyed: both read as [`ERASED`] then.
fn sealed(key: Option<&Key>, text: &str, event: EventId, field: &str) -> String {
    key.map_or_else(String::new, |key| BASE64.encode(KeyRing::seal_for(key, text.as_bytes(), &context(event, field))))
}

/// Binds a ciphertext to its place: it cannot be moved to another event or field.
fn context(event: EventId, field: &str) -> Vec<u8> {
    [event.value().as_bytes().as_slice(), field.as_bytes()].concat()
}

fn parse_metadata(map: &BTreeMap<String, String>) -> Result<Metadata, CodecError> {
    fn optional<T: std::str::FromStr>(
        map: &BTreeMap<String, String>,
        name: &'static str,
    ) -> Result<Option<T>, CodecError> {
        map.get(name).map(|text| text.parse().map_err(|_| CodecError::Malformed(name))).transpose()
    }
    fn required<T: std::str::FromStr>(map: &BTreeMap<String, String>, name: &'static str) -> Result<T, CodecError> {
        optional(map, name)?.ok_or(CodecError::Malformed(name))
    }
    Ok(Metadata {
        event_id: required(map, "event_id")?,
        command_id: required(map, "command_id")?,
        actor: required(map, "actor")?,
        on_behalf_of: optional(map, "on_behalf_of")?,
        correlation_id: required(map, "correlation_id")?,
        causation_id: optional(map, "causation_id")?,
        traceparent: map.get("traceparent").cloned(),
        subject: optional(map, "subject")?,
        client_address: None,
        user_agent: None,
        recorded_at: required::<DateTime<Utc>>(map, "recorded_at")?,
    })
}
