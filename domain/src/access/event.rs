//! Who read what of whom. When and from where is in the metadata of the event.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray, VariantNames};
use uuid::Uuid;

use crate::{
    AggregateType,
    ids::{SessionId, UserId},
    personal::Personal,
    user::Role,
};

/// The way in which something is read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccessKind {
    /// A chat with its messages.
    Chat,
    /// A list of chats with their titles.
    ChatList,
    /// The ratings of messages, with the messages.
    Ratings,
    /// The history of one thing.
    Timeline,
    /// The state of one thing at a moment.
    AsOf,
    /// A conversation, step by step.
    Replay,
    /// The origin of an answer.
    Provenance,
    /// Records of accesses.
    Accesses,
    /// A part of the log with its proofs, taken out of it as a bundle.
    Export,
    /// People who were searched for.
    People,
    /// Anything else, which was refused.
    Other,
}

/// A thing that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessedObject {
    /// Its type; `None` if only its id is known.
    pub kind: Option<AggregateType>,
    /// Its id.
    pub id: Uuid,
    /// The person whose it is; `None` if it is nobody's.
    pub owner: Option<UserId>,
}

/// What was read, or not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The person who read or was refused; `None` if it was a service.
    pub reader: Option<UserId>,
    /// The reader's login; `None` without one.
    pub session_id: Option<SessionId>,
    /// The roles that the reader held.
    pub roles: Vec<Role>,
    /// The way.
    pub what: AccessKind,
    /// The method and the path, with the names of its ids in their place.
    pub request: String,
    /// The things, as far as they are known.
    pub objects: Vec<AccessedObject>,
    /// Why, in the reader's words; `None` if nothing was said.
    pub reason: Option<Personal<String>>,
}

/// The event of a record's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum AccessEvent {
    /// It was read.
    AccessGranted(Access),
    /// It was not shown: the reader has not the right, or it does not exist for them.
    AccessRefused(Access),
}

impl AccessEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::AccessGranted(_) | Self::AccessRefused(_) => "1",
        }
    }
}
