//! Typed ids, so that a user's id cannot be passed for a project's.
//!
//! Ids are created at the edge (by an injected source of UUIDv7) and are part of the command; the domain never creates
//! one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this value.
            pub const fn new(value: Uuid) -> Self {
                Self(value)
            }

            /// The bare value, for storage and the wire.
            pub const fn value(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self::new(value)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Parses any spelling of a UUID: upper or lower case, with or without dashes.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )*};
}

typed_ids! {
    /// A person with an account.
    UserId;
    /// A project: a prompt, settings and reference documents.
    ProjectId;
    /// A reference document of a project.
    DocumentId;
    /// A conversation.
    ChatId;
    /// A message of a conversation: a question or an answer.
    MessageId;
    /// A user's rating of a message.
    FeedbackId;
    /// A client of a hospital, which owns API keys.
    ServiceId;
    /// An API key of a service, which owns the chats that are made with it.
    ApiKeyId;
    /// A login: one per device, ended by logout.
    SessionId;
    /// A passage of a document, as cut for retrieval.
    ChunkId;
    /// A collection of questions with which answers are measured.
    SuiteId;
    /// A question of a test suite.
    TestQuestionId;
    /// A run: all questions of a test suite, asked once of each model.
    RunId;
    /// The answer of one model to one question in a run, with its scores.
    ResultId;
    /// A reviewer's feedback on a result.
    RunFeedbackId;
    /// A request for the erasure of a subject.
    ErasureId;
    /// A legal hold on a subject.
    HoldId;
    /// An event of the log.
    EventId;
    /// The execution of a command, whose events share the id.
    CommandId;
    /// The subject of personal text: the unit of encryption and of erasure.
    SubjectId;
}

impl From<UserId> for SubjectId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

impl From<ChatId> for SubjectId {
    fn from(chat: ChatId) -> Self {
        Self(chat.0)
    }
}
