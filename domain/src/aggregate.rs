//! The common interface of aggregates: their types, and what the event log needs of each.
#![expect(missing_docs, reason = "strum writes none above `into_str`")]

use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray, VariantNames};
use uuid::Uuid;

use crate::{ids::SubjectId, personal::PersonalFields};

/// A type of aggregate. Each has a topic of the event stream.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum AggregateType {
    /// A person with an account.
    User,
    /// A collection of documents, with the settings of its answers.
    Project,
    /// A reference document of a project.
    Document,
    /// A conversation.
    Chat,
    /// A list of questions with expected answers.
    TestSuite,
    /// The answers of a project to the questions of a suite, and their scores.
    TestRun,
    /// A reviewer's rating of an answer of a test run.
    Feedback,
    /// A program that asks by an API key.
    Service,
    /// The record that somebody read what is another person's.
    Access,
    /// The case of the erasure of a person, or of a chat without one.
    Erasure,
}

impl AggregateType {
    /// Every type.
    pub const ALL: &'static [Self] = <Self as VariantArray>::VARIANTS;

    /// The name under which events of this type are stored and published.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// An aggregate whose events the log stores, with their personal text encrypted under the key of a person.
pub trait StoredAggregate: Aggregate<Event: VariantNames + PersonalFields> + Clone + 'static {
    /// The type under which its events are stored.
    const AGGREGATE_TYPE: AggregateType;

    /// The version of snapshots of the state. It has to be raised when the shape of the state changes, or the effect of
    /// events on it: snapshots of other versions are ignored.
    const SNAPSHOT_VERSION: i32;

    /// The subject of the events that led to this state; `None` where the events have no personal text.
    fn subject(&self, aggregate_id: Uuid) -> Option<SubjectId>;
}

/// Implements cqrs-es's trait for an aggregate with `decide` and `apply`, without any other effect.
macro_rules! bridge_to_cqrs_es {
    ($aggregate:ident, $command:ident, $event:ident, $error:ident) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = <Self as $crate::aggregate::StoredAggregate>::AGGREGATE_TYPE.name();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs and topics keep these names for ever.
    #[test]
    fn the_stored_names_stay() {
        let names: Vec<&str> = AggregateType::ALL.iter().map(|each| each.name()).collect();
        assert_eq!(
            names,
            ["user", "project", "document", "chat", "testsuite", "testrun", "feedback", "service", "access", "erasure"]
        );
        for each in AggregateType::ALL {
            assert_eq!(each.name().parse(), Ok(*each));
        }
    }
}
