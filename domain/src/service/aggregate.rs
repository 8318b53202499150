//! absent -> existing -> deleted. The rule that its owner has an account concerns other aggregates, and is enforced by
//! the write side.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{ServiceEvent, Terms};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{ApiKeyId, SubjectId, UserId},
    values::{ServiceName, Title},
};

/// A service, as far as decisions need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Service {
    /// The service was never created.
    #[default]
    Absent,
    /// The service exists.
    Existing {
        /// Its name, its owner and its rights.
        terms: Terms,
        /// The keys that have not been revoked.
        keys: BTreeSet<ApiKeyId>,
    },
    /// The service was deleted.
    Deleted,
}

/// The authority with which a service is administered. Its keys and temp tokens act as the owner: anybody who could
/// give it to another user, or create keys of another user's service, would be able to read and write in that user's
/// chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceAuthority {
    /// Authority over one's own services, which cannot be given to others.
    Owner(UserId),
    /// Authority over all services, of a superuser or of the operator.
    Superuser,
}

impl ServiceAuthority {
    fn reaches(self, owner: UserId) -> bool {
        match self {
            Self::Owner(own) => own == owner,
            Self::Superuser => true,
        }
    }
}

/// A command to a service, with the authority behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCommand {
    /// The authority.
    pub authority: ServiceAuthority,
    /// The request.
    pub request: ServiceRequest,
}

/// A request to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceRequest {
    /// Creates the service.
    Create(Terms),
    /// Changes the service. A new owner gets it without its keys, because those act for the former owner.
    Change(ServiceChanges),
    /// Issues a key.
    IssueKey {
        /// The key's id.
        key_id: ApiKeyId,
        /// The key's name.
        title: Title,
    },
    /// Revokes a key.
    RevokeKey(ApiKeyId),
    /// Deletes the service.
    Delete,
}

/// Changes of a service: `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceChanges {
    /// The name.
    pub name: Option<ServiceName>,
    /// Whether it may use the server's own provider key.
    pub allow_key: Option<bool>,
    /// The owner, as whom its keys act.
    pub owner: Option<UserId>,
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The service exists.
    #[error("the service already exists")]
    AlreadyCreated,
    /// There is no such service, or it is another user's.
    #[error("there is no such service")]
    NotFound,
    /// Only superusers may make another user the owner.
    #[error("only superusers make somebody else the owner")]
    OwnerNotAllowed,
    /// The service has no such key, or the key was revoked.
    #[error("the service has no such key")]
    NoSuchKey,
}

impl Service {
    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`ServiceError`] if the command is illegal in this state.
    pub fn decide(&self, command: ServiceCommand) -> Result<Vec<ServiceEvent>, ServiceError> {
        let ServiceCommand { authority, request } = command;
        match (self, request) {
            (Self::Absent, ServiceRequest::Create(terms)) if authority.reaches(terms.owner) => {
                Ok(vec![ServiceEvent::Created { terms }])
            }
            (Self::Absent, ServiceRequest::Create(_)) => Err(ServiceError::OwnerNotAllowed),
            (Self::Existing { .. } | Self::Deleted, ServiceRequest::Create(_)) => Err(ServiceError::AlreadyCreated),
            (Self::Existing { terms, keys }, request) if authority.reaches(terms.owner) => {
                administer(terms, keys, authority, request)
            }
            (Self::Absent | Self::Existing { .. } | Self::Deleted, _) => Err(ServiceError::NotFound),
        }
    }

    fn fold(&mut self, event: ServiceEvent) {
        if let ServiceEvent::Created { terms } = event {
            *self = Self::Existing { terms, keys: BTreeSet::new() };
            return;
        }
        let Self::Existing { terms, keys } = self else { return };
        match event {
            ServiceEvent::Created { .. } => {}
            ServiceEvent::Renamed { name } => terms.name = name,
            ServiceEvent::KeyAllowanceChanged { allow_key } => terms.allow_key = allow_key,
            ServiceEvent::OwnerChanged { owner } => terms.owner = owner,
            ServiceEvent::KeyIssued { key_id, .. } => {
                keys.insert(key_id);
            }
            ServiceEvent::KeyRevoked { key_id } => {
                keys.remove(&key_id);
            }
            ServiceEvent::Deleted {} => *self = Self::Deleted,
        }
    }
}

fn administer(
    terms: &Terms,
    keys: &BTreeSet<ApiKeyId>,
    authority: ServiceAuthority,
    request: ServiceRequest,
) -> Result<Vec<ServiceEvent>, ServiceError> {
    match request {
        ServiceRequest::Create(_) => Err(ServiceError::AlreadyCreated),
        ServiceRequest::Change(changes) if changes.owner.is_some_and(|owner| !authority.reaches(owner)) => {
            Err(ServiceError::OwnerNotAllowed)
        }
        ServiceRequest::Change(changes) => Ok(changes.events_against(terms, keys)),
        ServiceRequest::IssueKey { key_id, title } => {
            Ok(if keys.contains(&key_id) { vec![] } else { vec![ServiceEvent::KeyIssued { key_id, title }] })
        }
        ServiceRequest::RevokeKey(key_id) if keys.contains(&key_id) => Ok(vec![ServiceEvent::KeyRevoked { key_id }]),
        ServiceRequest::RevokeKey(_) => Err(ServiceError::NoSuchKey),
        ServiceRequest::Delete => Ok(vec![ServiceEvent::Deleted {}]),
    }
}

impl ServiceChanges {
    fn events_against(self, now: &Terms, keys: &BTreeSet<ApiKeyId>) -> Vec<ServiceEvent> {
        let mut events = Vec::new();
        if let Some(name) = self.name.filter(|new| *new != now.name) {
            events.push(ServiceEvent::Renamed { name });
        }
        if let Some(allow_key) = self.allow_key.filter(|new| *new != now.allow_key) {
            events.push(ServiceEvent::KeyAllowanceChanged { allow_key });
        }
        if let Some(owner) = self.owner.filter(|new| *new != now.owner) {
            events.extend(keys.iter().map(|key_id| ServiceEvent::KeyRevoked { key_id: *key_id }));
            events.push(ServiceEvent::OwnerChanged { owner });
        }
        events
    }
}

impl StoredAggregate for Service {
    const AGGREGATE_TYPE: AggregateType = AggregateType::Service;
    const SNAPSHOT_VERSION: i32 = 1;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(Service, ServiceCommand, ServiceEvent, ServiceError);
