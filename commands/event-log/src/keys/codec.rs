//! The event codec: the only place where personal text is encrypted and decrypted. Each event type defines which of its
//! fields are personal.
//!
//! It writes and reads the stored form of payload and metadata. Text under a destroyed key reads as [`ERASED`], and
//! text of an erased person that is still written is left out.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use chrono::{DateTime, SecondsFormat, Utc};
use cqrs_es::DomainEvent;
use domain::{
    aggregate::StoredAggregate,
    envelope::{Metadata, RecordedEvent},
    event::{DecodeError, Event, Payload, decode_event_of},
    ids::{EventId, SubjectId},
    personal::{PersonalField, PersonalFields},
    upcast::{UPCASTERS, Upcaster, personal_before},
    values::ERASED,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    keys::{
        crypto::{Key, KeyError},
        ring::KeyRing,
    },
    stored::StoredEvent,
};

/// The personal fields of the metadata. They belong to the actor.
const PERSONAL_METADATA: [&str; 2] = ["client_address", "user_agent"];

#[derive(Debug, thiserror::Error)]
/// The reason why an event cannot be encoded or decoded.
pub enum CodecError {
    #[error("event type {0} holds personal text but names no subject")]
    NoSubject(String),
    #[error("the stored form is malformed: {0}")]
    Malformed(&'static str),
    #[error("the stored form is not JSON")]
    NotJson(#[from] serde_json::Error),
    #[error("the event cannot be stored: {0}")]
    NotStorable(#[source] serde_json::Error),
    #[error(transparent)]
    Event(#[from] DecodeError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The part of an event's metadata that its ciphertexts are bound to; it suffices to read the payload.
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

/// The personal texts of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalTexts {
    pub subject: SubjectId,
    /// Whether the subject's key was destroyed.
    pub is_erased: bool,
    pub texts: BTreeMap<&'static str, String>,
}

/// Encodes and decodes events with the keys of the persons whose text they hold.
#[derive(Clone)]
pub struct Codec {
    keys: KeyRing,
    upcasters: &'static [Upcaster],
}

impl Codec {
    pub const fn new(keys: KeyRing) -> Self {
        Self::with_upcasters(keys, UPCASTERS)
    }

    /// Creates a codec that reads events of older versions with these upcasters.
    pub const fn with_upcasters(keys: KeyRing, upcasters: &'static [Upcaster]) -> Self {
        Self { keys, upcasters }
    }

    pub const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Encodes an event's payload to its stored form.
    ///
    /// # Errors
    /// - [`CodecError::NoSubject`] if the event has personal text and the metadata name no subject.
    /// - [`CodecError::Key`] if the subject's key cannot be read or created.
    /// - [`CodecError::Malformed`] if personal text is still encrypted.
    /// - [`CodecError::NotStorable`] if the event cannot be serialized, or a personal text is not among its personal
    ///   fields.
    pub async fn encode_payload<E>(&self, mut event: E, metadata: &Metadata) -> Result<String, CodecError>
    where
        E: DomainEvent + PersonalFields,
    {
        let event_type = event.event_type();
        let fields = event.personal_mut();
        if !fields.is_empty() {
            let subject = metadata.subject.ok_or(CodecError::NoSubject(event_type))?;
            let key = self.keys.for_writing(subject).await?;
            for PersonalField { name, text } in fields {
                if text.sealed().is_some() {
                    return Err(CodecError::Malformed("personal text of an event that was not opened"));
                }
                if let Some(ciphertext) =
                    text.clear().map(|clear| sealed(key.as_deref(), clear, metadata.event_id, name))
                {
                    text.seal(ciphertext);
                }
            }
        }
        // Serialized through a map, which sorts the field names: they are stored in this order.
        Ok(serde_json::to_value(&event).map_err(CodecError::NotStorable)?.to_string())
    }

    /// Encodes the metadata to their stored form: a flat map of strings, as cqrs-es requires.
    ///
    /// # Errors
    /// [`CodecError::Key`] if the actor's key cannot be read or created.
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
        // If the actor is no person, there is no key to encrypt the address under, so it is left out.
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

    /// Decodes an aggregate's event from its stored form.
    ///
    /// # Errors
    /// [`CodecError`] if the event is damaged or unknown, or its key cannot be read.
    pub(crate) async fn decode_event_of<A: StoredAggregate>(
        &self,
        event_type: &str,
        event_version: &str,
        payload: Payload<'_>,
        seal: Seal,
    ) -> Result<A::Event, CodecError> {
        let payload = self.open_before_upcasting(A::TYPE, event_type, event_version, payload, seal).await?;
        let mut event = decode_event_of::<A>(self.upcasters, event_type, event_version, payload)?;
        self.open_all(&mut event, event_type, seal).await?;
        Ok(event)
    }

    /// Decrypts the payload if upcasters will be applied to it, because they expect clear text.
    async fn open_before_upcasting<'a>(
        &self,
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: Payload<'a>,
        seal: Seal,
    ) -> Result<Payload<'a>, CodecError> {
        let Some(personal) = personal_before(self.upcasters, aggregate_type, event_type, event_version) else {
            return Ok(payload);
        };
        let mut payload = payload.into_json()?;
        for name in personal {
            if let Some(Value::String(text)) = payload.get_mut(*name) {
                let subject = seal.subject.ok_or_else(|| CodecError::NoSubject(event_type.to_owned()))?;
                *text = self.open(subject, seal.event_id, name, text).await?;
            }
        }
        Ok(payload.into())
    }

    /// Decrypts the personal text of a decoded event, where it is still encrypted.
    async fn open_all<E>(&self, event: &mut E, event_type: &str, seal: Seal) -> Result<(), CodecError>
    where
        E: PersonalFields + Send,
    {
        let fields = event.personal_mut();
        if fields.is_empty() {
            return Ok(());
        }
        let subject = seal.subject.ok_or_else(|| CodecError::NoSubject(event_type.to_owned()))?;
        for PersonalField { name, text } in fields {
            if let Some(ciphertext) = text.sealed() {
                let clear = self.open(subject, seal.event_id, name, ciphertext).await?;
                text.open(clear);
            }
        }
        Ok(())
    }

    /// Decodes the metadata from their stored form.
    ///
    /// # Errors
    /// [`CodecError`] if they are malformed or damaged, or the actor's key cannot be read.
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

    /// Loads the keys of these events into the cache with one query, so that decoding them needs no query.
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

    /// Returns whether the key of a subject was destroyed, so that what was sealed with it cannot be read any more.
    ///
    /// # Errors
    /// [`CodecError::Key`] if the keys cannot be read.
    pub(crate) async fn is_erased(&self, subject: SubjectId) -> Result<bool, CodecError> {
        Ok(self.keys.for_reading(subject).await?.is_none())
    }

    /// Decodes events of the log for consumers. The client's address and user agent are left out, because no view
    /// contains them.
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
        let StoredEvent { aggregate_type, event_type, event_version, payload, .. } = stored;
        let (payload, seal) = (Payload::from(payload.as_str()), (&metadata).into());
        let payload = self.open_before_upcasting(aggregate_type, event_type, event_version, payload, seal).await?;
        let mut event = Event::decode_with(self.upcasters, aggregate_type, event_type, event_version, payload)?;
        self.open_all(&mut event, event_type, seal).await?;
        Ok(RecordedEvent {
            position: stored.position,
            sequence: stored.sequence,
            partition: stored.partition,
            aggregate_id: stored.uuid()?,
            event,
            metadata,
        })
    }

    /// Returns the payload of an event, in the newest version of its type, with its personal text in clear; that of an
    /// erased person is [`ERASED`]. It is for readers who may see the text, and is not stored.
    ///
    /// # Errors
    /// [`CodecError`] if the event is damaged or unknown, or its key cannot be read.
    pub(crate) async fn clear_payload(&self, stored: &StoredEvent) -> Result<Value, CodecError> {
        let mut event = self.decode(stored).await?.event;
        let mut texts = Vec::new();
        for PersonalField { name, text } in event.personal_mut() {
            texts.extend(text.clear().map(|clear| (name, clear.to_owned())));
            // Clear text cannot be serialized.
            text.seal(String::new());
        }
        let mut payload = event.to_json()?;
        for (name, text) in texts {
            payload[name] = text.into();
        }
        Ok(payload)
    }

    /// Returns the personal texts of an event in clear by the names of their fields, and the subject whose they are;
    /// `None` if it has none. Those of an erased person are [`ERASED`].
    ///
    /// # Errors
    /// [`CodecError`] if the event is damaged or unknown, or its key cannot be read.
    pub async fn personal_texts(&self, stored: &StoredEvent) -> Result<Option<PersonalTexts>, CodecError> {
        let RecordedEvent { mut event, metadata, .. } = self.decode(stored).await?;
        let fields = event.personal_mut().into_iter();
        let texts: BTreeMap<_, _> =
            fields.filter_map(|field| Some((field.name, field.text.clear()?.to_owned()))).collect();
        let (Some(subject), false) = (metadata.subject, texts.is_empty()) else { return Ok(None) };
        Ok(Some(PersonalTexts { subject, is_erased: self.is_erased(subject).await?, texts }))
    }

    async fn open(&self, subject: SubjectId, event: EventId, field: &str, sealed: &str) -> Result<String, CodecError> {
        let Some(key) = self.keys.for_reading(subject).await? else { return Ok(ERASED.to_owned()) };
        let sealed = BASE64.decode(sealed).map_err(|_| CodecError::Malformed("ciphertext is not Base64"))?;
        let plain = KeyRing::open_for(&key, &sealed, &context(event, field))?;
        String::from_utf8(plain).map_err(|_| CodecError::Malformed("clear text is not UTF-8"))
    }
}

/// Returns the ciphertext in Base64, or an empty text if the key was destroyed: both then read as [`ERASED`].
fn sealed(key: Option<&Key>, text: &str, event: EventId, field: &str) -> String {
    key.map_or_else(String::new, |key| BASE64.encode(KeyRing::seal_for(key, text.as_bytes(), &context(event, field))))
}

/// Returns the authenticated context that binds a ciphertext to its event and field, so that it cannot be moved to
/// others.
fn context(event: EventId, field: &str) -> Vec<u8> {
    [event.value().as_bytes().as_slice(), field.as_bytes()].concat()
}

impl StoredEvent {
    /// Reads the event without any key: its personal text stays sealed, and so does the client's address.
    ///
    /// # Errors
    /// [`CodecError`] if the event is damaged or unknown.
    pub fn read_sealed(&self) -> Result<RecordedEvent, CodecError> {
        let metadata = parse_metadata(&serde_json::from_str(&self.metadata)?)?;
        let event = Event::decode(&self.aggregate_type, &self.event_type, &self.event_version, self.payload.as_str())?;
        Ok(RecordedEvent {
            position: self.position,
            sequence: self.sequence,
            partition: self.partition,
            aggregate_id: self.uuid()?,
            event,
            metadata,
        })
    }

    fn uuid(&self) -> Result<Uuid, CodecError> {
        Uuid::try_parse(&self.aggregate_id).map_err(|_| CodecError::Malformed("the aggregate's id is no UUID"))
    }
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
