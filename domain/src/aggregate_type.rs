//! The types of aggregates.
#![expect(missing_docs, reason = "strum writes none above `into_str`")]

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A type of aggregate. A topic of the event stream belongs to each.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display, EnumString, IntoStaticStr, VariantArray,
)]
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
}

impl AggregateType {
    /// Every type.
    pub const ALL: &'static [Self] = <Self as VariantArray>::VARIANTS;

    /// The name under which events of this type are stored and published.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs and topics hold these names for ever.
    #[test]
    fn the_stored_names_stay() {
        let names: Vec<&str> = AggregateType::ALL.iter().map(|each| each.name()).collect();
        assert_eq!(names, ["user", "project", "document", "chat", "testsuite", "testrun", "feedback", "service"]);
        for each in AggregateType::ALL {
            assert_eq!(each.name().parse(), Ok(*each));
        }
    }
}
