//! All events of all aggregates, and how a stored one is read.

use std::borrow::Cow;

use cqrs_es::DomainEvent;
use serde::de::{DeserializeOwned, Error};
use serde_json::Value;
use strum::VariantNames;

use crate::{
    AggregateType,
    access::AccessEvent,
    aggregate::StoredAggregate,
    chat::ChatEvent,
    document::DocumentEvent,
    erasure::ErasureEvent,
    feedback::FeedbackEvent,
    personal::{PersonalField, PersonalFields},
    project::ProjectEvent,
    service::ServiceEvent,
    test_run::TestRunEvent,
    test_suite::TestSuiteEvent,
    upcast::{UPCASTERS, Upcaster, personal_before, to_newest},
    user::UserEvent,
};

/// What happened, to whichever aggregate.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// To a user.
    User(UserEvent),
    /// To a project.
    Project(ProjectEvent),
    /// To a document.
    Document(DocumentEvent),
    /// To a chat.
    Chat(ChatEvent),
    /// To a service.
    Service(ServiceEvent),
    /// To a test suite.
    TestSuite(TestSuiteEvent),
    /// To a test run.
    TestRun(TestRunEvent),
    /// To a feedback on a test result.
    Feedback(FeedbackEvent),
    /// To the record of an access.
    Access(AccessEvent),
    /// To the case of an erasure.
    Erasure(ErasureEvent),
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The aggregate type is no [`AggregateType`].
    #[error("unknown aggregate type {0}")]
    UnknownAggregate(String),
    /// The aggregate has no event of this type.
    #[error("unknown event type {0}")]
    UnknownType(String),
    /// The version of the event is not one that this program knows.
    #[error("unknown version {version} of event {event_type}")]
    UnknownVersion {
        /// The type of the event.
        event_type: String,
        /// Its version as stored.
        version: String,
    },
    /// The payload has not the shape of its type.
    #[error("malformed payload of event {event_type}")]
    Malformed {
        /// The type of the event.
        event_type: String,
        /// What the reader of the payload says.
        #[source]
        source: serde_json::Error,
    },
}

/// The payload of a stored event, before or after it was parsed.
#[derive(Debug)]
pub enum Payload<'a> {
    /// As the log holds it.
    Text(&'a str),
    /// As JSON.
    Json(Value),
}

impl<'a> From<&'a str> for Payload<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<Value> for Payload<'_> {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl Payload<'_> {
    /// The payload as JSON.
    ///
    /// # Errors
    /// [`serde_json::Error`] if it is none.
    pub fn into_json(self) -> Result<Value, serde_json::Error> {
        match self {
            Self::Text(text) => serde_json::from_str(text),
            Self::Json(value) => Ok(value),
        }
    }

    fn read<E: DeserializeOwned>(self) -> Result<E, serde_json::Error> {
        match self {
            Self::Text(text) => serde_json::from_str(text),
            Self::Json(value) => serde_json::from_value(value),
        }
    }
}

impl Event {
    /// Reads a stored event, of whichever version. Its personal text is sealed, as it is stored; that of an older version comes opened
    /// (see [`personal_before`]) and is clear.
    ///
    /// # Errors
    /// [`DecodeError`] if type, version or payload are unknown to this program.
    pub fn decode<'a>(
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: impl Into<Payload<'a>>,
    ) -> Result<Self, DecodeError> {
        Self::decode_with(UPCASTERS, aggregate_type, event_type, event_version, payload)
    }

    /// The same with these upcasters.
    ///
    /// # Errors
    /// [`DecodeError`] if type, version or payload are unknown.
    pub fn decode_with<'a>(
        upcasters: &[Upcaster],
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: impl Into<Payload<'a>>,
    ) -> Result<Self, DecodeError> {
        let unknown = |_| DecodeError::UnknownAggregate(aggregate_type.to_owned());
        let aggregate_type: AggregateType = aggregate_type.parse().map_err(unknown)?;
        let stored = Stored { upcasters, aggregate_type, event_type, event_version, payload: payload.into() };
        match aggregate_type {
            AggregateType::User => stored.read().map(Self::User),
            AggregateType::Project => stored.read().map(Self::Project),
            AggregateType::Document => stored.read().map(Self::Document),
            AggregateType::Chat => stored.read().map(Self::Chat),
            AggregateType::Service => stored.read().map(Self::Service),
            AggregateType::TestSuite => stored.read().map(Self::TestSuite),
            AggregateType::TestRun => stored.read().map(Self::TestRun),
            AggregateType::Feedback => stored.read().map(Self::Feedback),
            AggregateType::Access => stored.read().map(Self::Access),
            AggregateType::Erasure => stored.read().map(Self::Erasure),
        }
    }

    /// The type of the aggregate.
    pub const fn aggregate_type(&self) -> AggregateType {
        match self {
            Self::User(_) => AggregateType::User,
            Self::Project(_) => AggregateType::Project,
            Self::Document(_) => AggregateType::Document,
            Self::Chat(_) => AggregateType::Chat,
            Self::Service(_) => AggregateType::Service,
            Self::TestSuite(_) => AggregateType::TestSuite,
            Self::TestRun(_) => AggregateType::TestRun,
            Self::Feedback(_) => AggregateType::Feedback,
            Self::Access(_) => AggregateType::Access,
            Self::Erasure(_) => AggregateType::Erasure,
        }
    }

    /// The type of the event, as stored.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::User(event) => event.into(),
            Self::Project(event) => event.into(),
            Self::Document(event) => event.into(),
            Self::Chat(event) => event.into(),
            Self::Service(event) => event.into(),
            Self::TestSuite(event) => event.into(),
            Self::TestRun(event) => event.into(),
            Self::Feedback(event) => event.into(),
            Self::Access(event) => event.into(),
            Self::Erasure(event) => event.into(),
        }
    }
}

impl Event {
    /// The payload as it is stored.
    ///
    /// # Errors
    /// [`serde_json::Error`] if personal text is not sealed.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::User(event) => serde_json::to_value(event),
            Self::Project(event) => serde_json::to_value(event),
            Self::Document(event) => serde_json::to_value(event),
            Self::Chat(event) => serde_json::to_value(event),
            Self::Service(event) => serde_json::to_value(event),
            Self::TestSuite(event) => serde_json::to_value(event),
            Self::TestRun(event) => serde_json::to_value(event),
            Self::Feedback(event) => serde_json::to_value(event),
            Self::Access(event) => serde_json::to_value(event),
            Self::Erasure(event) => serde_json::to_value(event),
        }
    }
}

/// The names of all types of events, of all aggregates; some are shared.
pub fn every_event_type() -> impl Iterator<Item = &'static str> {
    let all = [
        UserEvent::VARIANTS,
        ProjectEvent::VARIANTS,
        DocumentEvent::VARIANTS,
        ChatEvent::VARIANTS,
        ServiceEvent::VARIANTS,
        TestSuiteEvent::VARIANTS,
        TestRunEvent::VARIANTS,
        FeedbackEvent::VARIANTS,
        AccessEvent::VARIANTS,
        ErasureEvent::VARIANTS,
    ];
    all.into_iter().flatten().copied()
}

impl PersonalFields for Event {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::User(event) => event.personal_mut(),
            Self::Project(event) => event.personal_mut(),
            Self::Document(event) => event.personal_mut(),
            Self::Chat(event) => event.personal_mut(),
            Self::Service(event) => event.personal_mut(),
            Self::TestSuite(event) => event.personal_mut(),
            Self::TestRun(event) => event.personal_mut(),
            Self::Feedback(event) => event.personal_mut(),
            Self::Access(event) => event.personal_mut(),
            Self::Erasure(event) => event.personal_mut(),
        }
    }
}

/// Reads a stored event of one aggregate, of whichever version, like [`Event::decode_with`].
///
/// # Errors
/// [`DecodeError`] if type, version or payload are unknown to this program.
pub fn decode_event_of<A: StoredAggregate>(
    upcasters: &[Upcaster],
    event_type: &str,
    event_version: &str,
    payload: Payload<'_>,
) -> Result<A::Event, DecodeError> {
    Stored { upcasters, aggregate_type: A::AGGREGATE_TYPE, event_type, event_version, payload }.read()
}

/// An event as it is stored, but that of an older version in clear text.
struct Stored<'a> {
    upcasters: &'a [Upcaster],
    aggregate_type: AggregateType,
    event_type: &'a str,
    event_version: &'a str,
    payload: Payload<'a>,
}

impl Stored<'_> {
    fn read<E: DomainEvent + DeserializeOwned + VariantNames + PersonalFields>(self) -> Result<E, DecodeError> {
        let Self { upcasters, aggregate_type, event_type, event_version, payload } = self;
        if !E::VARIANTS.contains(&event_type) {
            return Err(DecodeError::UnknownType(event_type.to_owned()));
        }
        let malformed = |source| DecodeError::Malformed { event_type: event_type.to_owned(), source };
        let is_older = personal_before(upcasters, aggregate_type.name(), event_type, event_version).is_some();
        let (version, event): (Cow<'_, str>, E) = if is_older {
            let payload = payload.into_json().map_err(malformed)?;
            let (version, payload) = to_newest(upcasters, aggregate_type, event_type, event_version, payload);
            let mut event: E = serde_json::from_value(payload).map_err(malformed)?;
            // What was upcast was opened before.
            for PersonalField { text, .. } in event.personal_mut() {
                if let Some(clear) = text.sealed().map(str::to_owned) {
                    text.open(clear);
                }
            }
            (version.into(), event)
        } else {
            (event_version.into(), payload.read().map_err(malformed)?)
        };
        // Columns beside the payload say the type too, and readers choose events by them.
        if event.event_type() != event_type {
            return Err(malformed(serde_json::Error::custom("the payload is of another type")));
        }
        if event.event_version() != version {
            return Err(DecodeError::UnknownVersion {
                event_type: event_type.to_owned(),
                version: event_version.to_owned(),
            });
        }
        Ok(event)
    }
}
