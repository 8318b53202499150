//! What can happen to a service. An API key is never in an event, only that there is one, and what it is called.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    ids::{ApiKeyId, UserId},
    values::{ServiceName, Title},
};

/// What a service is, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What it is called.
    pub name: ServiceName,
    /// Whether it may use the server's own provider key.
    pub allow_key: bool,
    /// Who answers for it: its temp tokens act as this person.
    pub owner: UserId,
}

/// An event of a service's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum ServiceEvent {
    /// The service was made.
    Created {
        /// What it is, and what it may do.
        #[serde(flatten)]
        terms: Terms,
    },
    /// It is called otherwise from now on.
    Renamed {
        /// The new name.
        name: ServiceName,
    },
    /// It may use the server's own provider key from now on, or may not any more.
    KeyAllowanceChanged {
        /// Whether it may.
        allow_key: bool,
    },
    /// Somebody else answers for it from now on.
    OwnerChanged {
        /// The new owner.
        owner: UserId,
    },
    /// An API key was given out.
    KeyIssued {
        /// The key's id; it tells nothing of the key itself.
        key_id: ApiKeyId,
        /// What the key is called.
        title: Title,
    },
    /// An API key is refused from now on, and the temp tokens that were made with it.
    KeyRevoked {
        /// The key.
        key_id: ApiKeyId,
    },
    /// The service was deleted: all of its keys are refused from now on.
    Deleted {},
}

impl ServiceEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Created { .. }
            | Self::Renamed { .. }
            | Self::KeyAllowanceChanged { .. }
            | Self::OwnerChanged { .. }
            | Self::KeyIssued { .. }
            | Self::KeyRevoked { .. }
            | Self::Deleted {} => "1",
        }
    }
}
