//! absent -> existing -> deleted. That its owner has an account is a rule of the set, kept by the write side.

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
    /// There is no such service.
    #[default]
    Absent,
    /// There is.
    Existing {
        /// What it is, and what it may do.
        terms: Terms,
        /// The keys that have not been revoked.
        keys: BTreeSet<ApiKeyId>,
    },
    /// There was.
    Deleted,
}

/// With whose power a service is administered. Its keys and temp tokens act as the owner, so that whoever could give it to
/// somebody else, or make keys of somebody else's, would read that person's chats and write in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceAuthority {
    /// Over one's own services, whose owner one stays.
    Owner(UserId),
    /// Over everybody's: a superuser's, or that of whoever runs the server.
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

/// What can be asked of a service, and with whose power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCommand {
    /// The power.
    pub authority: ServiceAuthority,
    /// What is asked.
    pub request: ServiceRequest,
}

/// What can be asked of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceRequest {
    /// Make it.
    Create(Terms),
    /// Change what is given. A new owner takes over a service without keys: those that were given out act for the old one.
    Change(ServiceChanges),
    /// Give out a key.
    IssueKey {
        /// The key's id.
        key_id: ApiKeyId,
        /// What it shall be called.
        title: Title,
    },
    /// Refuse a key from now on.
    RevokeKey(ApiKeyId),
    /// Delete it.
    Delete,
}

/// Changes of a service: `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceChanges {
    /// What it is called.
    pub name: Option<ServiceName>,
    /// Whether it may use the server's own provider key.
    pub allow_key: Option<bool>,
    /// Who answers for it.
    pub owner: Option<UserId>,
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The service exists.
    #[error("the service already exists")]
    AlreadyCreated,
    /// There is no such service, or it is somebody else's.
    #[error("there is no such service")]
    NotFound,
    /// Only superusers make somebody else the owner.
    #[error("only superusers make somebody else the owner")]
    OwnerNotAllowed,
    /// The service has no such key, or it was revoked.
    #[error("the service has no such key")]
    NoSuchKey,
}

impl Service {
    /// The events that the command leads to; none if it asks for what already is.
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
