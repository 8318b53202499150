//! The envelope of an event: the actor, the time, the cause and the client.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    event::Event,
    ids::{CommandId, EventId, SubjectId, UserId},
};

/// The actor of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user with an account.
    User(UserId),
    /// A client of a hospital with an API key; the id is that of its service.
    Service(Uuid),
    /// The system itself; the name tells the part, such as `embedding` or `command-line`.
    System(String),
}

impl Actor {
    /// A part of the system.
    pub fn system(part: &str) -> Self {
        Self::System(part.to_owned())
    }

    /// The subject whose personal data the client's address and user agent are.
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

/// The text is no actor.
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

/// The metadata that is recorded with every event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The event's own id (UUIDv7).
    pub event_id: EventId,
    /// The execution of a command that led to the event; other events of it share the id.
    pub command_id: CommandId,
    /// Who acted.
    pub actor: Actor,
    /// The principal on whose behalf the actor acted, if not its own.
    pub on_behalf_of: Option<Actor>,
    /// The id of the external request; all events that it led to share the id.
    pub correlation_id: Uuid,
    /// The event that this one reacts to.
    pub causation_id: Option<EventId>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// The subject whose personal text the payload has.
    pub subject: Option<SubjectId>,
    /// The client's network address; personal.
    pub client_address: Option<String>,
    /// The client's user agent; personal.
    pub user_agent: Option<String>,
    /// The time of recording, by the server's clock.
    pub recorded_at: DateTime<Utc>,
}

/// A decoded event of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEvent {
    /// The position in the whole log: contiguous, from 1.
    pub position: i64,
    /// The position in its aggregate's stream, from 1.
    pub sequence: i64,
    /// The logical partition, a function of the aggregate's id.
    pub partition: i32,
    /// The id of the aggregate.
    pub aggregate_id: Uuid,
    /// The event itself.
    pub event: Event,
    /// The metadata.
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
