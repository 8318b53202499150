//! All events of all aggregates, and how a stored one is read.

use cqrs_es::DomainEvent;
use serde::de::{DeserializeOwned, Error};
use serde_json::Value;
use strum::VariantNames;

use crate::{
    AggregateType,
    aggregate::StoredAggregate,
    chat::ChatEvent,
    document::DocumentEvent,
    feedback::FeedbackEvent,
    project::ProjectEvent,
    service::ServiceEvent,
    test_run::TestRunEvent,
    test_suite::TestSuiteEvent,
    upcast::{UPCASTERS, Upcaster, to_newest},
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

impl Event {
    /// Reads a stored event, of whichever version.
    ///
    /// # Errors
    /// [`DecodeError`] if type, version or payload are unknown to this program.
    pub fn decode(
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: Value,
    ) -> Result<Self, DecodeError> {
        Self::decode_with(UPCASTERS, aggregate_type, event_type, event_version, payload)
    }

    /// The same with these upcasters.
    ///
    /// # Errors
    /// [`DecodeError`] if type, version or payload are unknown.
    pub fn decode_with(
        upcasters: &[Upcaster],
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: Value,
    ) -> Result<Self, DecodeError> {
        let unknown = |_| DecodeError::UnknownAggregate(aggregate_type.to_owned());
        let aggregate_type: AggregateType = aggregate_type.parse().map_err(unknown)?;
        let stored = Stored { upcasters, aggregate_type, event_type, event_version, payload };
        match aggregate_type {
            AggregateType::User => stored.read().map(Self::User),
            AggregateType::Project => stored.read().map(Self::Project),
            AggregateType::Document => stored.read().map(Self::Document),
            AggregateType::Chat => stored.read().map(Self::Chat),
            AggregateType::Service => stored.read().map(Self::Service),
            AggregateType::TestSuite => stored.read().map(Self::TestSuite),
            AggregateType::TestRun => stored.read().map(Self::TestRun),
            AggregateType::Feedback => stored.read().map(Self::Feedback),
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
        }
    }
}

/// Reads a stored event of one aggregate, of whichever version.
///
/// # Errors
/// [`DecodeError`] if type, version or payload are unknown to this program.
pub fn decode_event_of<A: StoredAggregate>(
    event_type: &str,
    event_version: &str,
    payload: Value,
) -> Result<A::Event, DecodeError> {
    Stored { upcasters: UPCASTERS, aggregate_type: A::AGGREGATE_TYPE, event_type, event_version, payload }.read()
}

/// An event as it is stored, in clear text.
struct Stored<'a> {
    upcasters: &'a [Upcaster],
    aggregate_type: AggregateType,
    event_type: &'a str,
    event_version: &'a str,
    payload: Value,
}

impl Stored<'_> {
    fn read<E: DomainEvent + DeserializeOwned + VariantNames>(self) -> Result<E, DecodeError> {
        let Self { upcasters, aggregate_type, event_type, event_version, payload } = self;
        if !E::VARIANTS.contains(&event_type) {
            return Err(DecodeError::UnknownType(event_type.to_owned()));
        }
        let malformed = |source| DecodeError::Malformed { event_type: event_type.to_owned(), source };
        let (version, payload) = to_newest(upcasters, aggregate_type, event_type, event_version, payload);
        let event: E = serde_json::from_value(payload).map_err(malformed)?;
        // What is personal in a payload is looked up by the stored type: a payload of another type would be read wrongly.
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
