//! The envelope of an event: who, when, why and from where.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    event::Event,
    ids::{CommandId, EventId, SubjectId, UserId},
};

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person with an account.
    User(UserId),
    /// A hospital's client with an API key; the id is the service's.
    Service(Uuid),
    /// The system itself; the name says which part, such as `embedding` or `command-line`.
    System(String),
}

impl Actor {
    /// A part of the system.
    pub fn system(part: &str) -> Self {
        Self::System(part.to_owned())
    }

    /// Whose personal data the client's address and user agent are.
    pub const fn subject(&self) -> Option<SubjectId> {
        match self {
            Self::User(user) => Some(SubjectId::new(user.value())),
            Self::Service(_) | Self::System(_) => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
            Self::Service(service) => write!(f, "service:{service}"),
            Self::System(part) => write!(f, "system:{part}"),
        }
    }
}

/// A text that is no actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an actor")]
pub struct ActorError;

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        let (kind, who) = text.split_once(':').ok_or(ActorError)?;
        match kind {
            "user" => who.parse().map(Self::User).map_err(|_| ActorError),
            "service" => who.parse().map(Self::Service).map_err(|_| ActorError),
            "system" => Ok(Self::system(who)),
            _ => Err(ActorError),
        }
    }
}

/// What is recorded beside every event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The event's own id (UUIDv7).
    pub event_id: EventId,
    /// The execution of a command that made it; its other events share the id.
    pub command_id: CommandId,
    /// Who acted.
    pub actor: Actor,
    /// On whose behalf, if not on the actor's own.
    pub on_behalf_of: Option<Actor>,
    /// Everything that one request from outside led to shares this id.
    pub correlation_id: Uuid,
    /// The event that this one reacts to.
    pub causation_id: Option<EventId>,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
    /// Whose personal text the payload holds.
    pub subject: Option<SubjectId>,
    /// The client's network address; personal.
    pub client_address: Option<String>,
    /// What the client calls itself; personal.
    pub user_agent: Option<String>,
    /// By the server's clock, when the event was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// An event as the log holds it, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEvent {
    /// The place in the whole log: contiguous, from 1.
    pub position: i64,
    /// The place in its aggregate's stream: from 1.
    pub sequence: i64,
    /// The logical partition: a function of the aggregate's id.
    pub partition: i32,
    /// The aggregate whose event it is.
    pub aggregate_id: Uuid,
    /// What happened.
    pub event: Event,
    /// Who, when, why and from where.
    pub metadata: Metadata,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_reads_back_as_written() {
        for actor in [
            Actor::User(UserId::new(Uuid::from_u128(7))),
            Actor::Service(Uuid::from_u128(8)),
            Actor::system("embedding"),
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert_eq!("nobody".parse::<Actor>(), Err(ActorError));
    }
}
