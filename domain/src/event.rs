//! All events of all aggregates, and how a stored one is read.

use cqrs_es::{Aggregate, DomainEvent};
use serde::de::{DeserializeOwned, Error};
use serde_json::Value;
use strum::VariantNames;

use crate::{
    chat::{Chat, ChatEvent},
    document::{Document, DocumentEvent},
    feedback::{Feedback, FeedbackEvent},
    project::{Project, ProjectEvent},
    service::{Service, ServiceEvent},
    test_run::{TestRun, TestRunEvent},
    test_suite::{TestSuite, TestSuiteEvent},
    user::{User, UserEvent},
};

/// The aggregate types, as stored. A topic of the event stream belongs to each.
pub const AGGREGATE_TYPES: [&str; 8] = [
    User::TYPE,
    Project::TYPE,
    Document::TYPE,
    Chat::TYPE,
    TestSuite::TYPE,
    TestRun::TYPE,
    Feedback::TYPE,
    Service::TYPE,
];

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
    /// The aggregate type is none of [`AGGREGATE_TYPES`].
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
    /// Reads a stored event.
    ///
    /// # Errors
    /// [`DecodeError`] if type, version or payload are unknown to this program.
    pub fn decode(
        aggregate_type: &str,
        event_type: &str,
        event_version: &str,
        payload: Value,
    ) -> Result<Self, DecodeError> {
        match aggregate_type {
            User::TYPE => read(event_type, event_version, payload).map(Self::User),
            Project::TYPE => read(event_type, event_version, payload).map(Self::Project),
            Document::TYPE => read(event_type, event_version, payload).map(Self::Document),
            Chat::TYPE => read(event_type, event_version, payload).map(Self::Chat),
            Service::TYPE => read(event_type, event_version, payload).map(Self::Service),
            TestSuite::TYPE => read(event_type, event_version, payload).map(Self::TestSuite),
            TestRun::TYPE => read(event_type, event_version, payload).map(Self::TestRun),
            Feedback::TYPE => read(event_type, event_version, payload).map(Self::Feedback),
            other => Err(DecodeError::UnknownAggregate(other.to_owned())),
        }
    }

    /// The type of the aggregate, as stored.
    pub const fn aggregate_type(&self) -> &'static str {
        match self {
            Self::User(_) => User::TYPE,
            Self::Project(_) => Project::TYPE,
            Self::Document(_) => Document::TYPE,
            Self::Chat(_) => Chat::TYPE,
            Self::Service(_) => Service::TYPE,
            Self::TestSuite(_) => TestSuite::TYPE,
            Self::TestRun(_) => TestRun::TYPE,
            Self::Feedback(_) => Feedback::TYPE,
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

fn read<E: DomainEvent + DeserializeOwned + VariantNames>(
    event_type: &str,
    event_version: &str,
    payload: Value,
) -> Result<E, DecodeError> {
    if !E::VARIANTS.contains(&event_type) {
        return Err(DecodeError::UnknownType(event_type.to_owned()));
    }
    let malformed = |source| DecodeError::Malformed { event_type: event_type.to_owned(), source };
    let event: E = serde_json::from_value(payload).map_err(malformed)?;
    // What is personal in a payload is looked up by the stored type: a payload of another type would be read wrongly.
    if event.event_type() != event_type {
        return Err(malformed(serde_json::Error::custom("the payload is of another type")));
    }
    if event.event_version() != event_version {
        return Err(DecodeError::UnknownVersion {
            event_type: event_type.to_owned(),
            version: event_version.to_owned(),
        });
    }
    Ok(event)
}

/// Whose personal text an aggregate's events hold; the event log encrypts it under that person's key.
pub trait HasSubject: Aggregate + Clone + 'static {
    /// The subject of the events that have just led to this state; `None` where the events hold no personal text.
    fn subject(&self, aggregate_id: uuid::Uuid) -> Option<crate::ids::SubjectId>;
}

/// The same bridge from an aggregate to cqrs-es everywhere: `decide` writes, `apply` folds, nothing else happens.
macro_rules! bridge_to_cqrs_es {
    ($aggregate:ident, $type:literal, $command:ident, $event:ident, $error:ident) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $type;
            type Command = $command;
            type Event = $event;
            type Error = $error;
            type Services = ();

            async fn handle(
                &mut self,
                command: $command,
                (): &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), $error> {
                for event in self.decide(command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                self.fold(event);
            }
        }

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                <&'static str>::from(self).to_owned()
            }

            fn event_version(&self) -> String {
                self.version().to_owned()
            }
        }
    };
}
pub(crate) use bridge_to_cqrs_es;
