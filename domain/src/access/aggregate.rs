//! absent -> recorded. Each record is an aggregate of its own with one event, so that readers never wait for each other.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{Access, AccessEvent};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{SubjectId, UserId},
};

/// A record, as far as decisions need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessRecord {
    /// Nothing was recorded under the id.
    #[default]
    Absent,
    /// The access was recorded.
    Recorded {
        /// The person who read or was refused; `None` if it was a service.
        reader: Option<UserId>,
    },
}

/// A command to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessCommand {
    /// Records that something was read.
    RecordGranted(Access),
    /// Records that something was not shown.
    RecordRefused(Access),
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The id was used before.
    #[error("the access is already recorded")]
    AlreadyRecorded,
}

impl AccessRecord {
    /// The events that the command leads to.
    ///
    /// # Errors
    /// [`AccessError`] if there is a record under this id.
    pub fn decide(&self, command: AccessCommand) -> Result<Vec<AccessEvent>, AccessError> {
        match (self, command) {
            (Self::Recorded { .. }, _) => Err(AccessError::AlreadyRecorded),
            (Self::Absent, AccessCommand::RecordGranted(access)) => Ok(vec![AccessEvent::AccessGranted(access)]),
            (Self::Absent, AccessCommand::RecordRefused(access)) => Ok(vec![AccessEvent::AccessRefused(access)]),
        }
    }

    fn fold(&mut self, event: AccessEvent) {
        let (AccessEvent::AccessGranted(access) | AccessEvent::AccessRefused(access)) = event;
        *self = Self::Recorded { reader: access.reader };
    }
}

impl StoredAggregate for AccessRecord {
    const AGGREGATE_TYPE: AggregateType = AggregateType::Access;
    const SNAPSHOT_VERSION: i32 = 1;

    /// The reason is the reader's text. Where no person reads, such as on the command line, the record has a key of its own.
    fn subject(&self, aggregate_id: Uuid) -> Option<SubjectId> {
        match self {
            Self::Recorded { reader: Some(reader) } => Some((*reader).into()),
            Self::Absent | Self::Recorded { reader: None } => Some(SubjectId::new(aggregate_id)),
        }
    }
}

bridge_to_cqrs_es!(AccessRecord, AccessCommand, AccessEvent, AccessError);
