//! The things that are read, with their owners.

use domain::{
    AggregateType,
    access::AccessedObject,
    chat::ChatOwner,
    ids::{ChatId, ProjectId, RunFeedbackId, ServiceId, UserId},
};
use projections::{chats, run_feedback, services};
use uuid::Uuid;

use crate::{contract::problem::ApiError, routes::http_state::HttpState};

/// Returns the kind of things that histories call so.
pub(in crate::routes) fn kind_named(name: &str) -> Option<AggregateType> {
    match name {
        "suite" => Some(AggregateType::TestSuite),
        "run" => Some(AggregateType::TestRun),
        "testsuite" | "testrun" => None,
        name => name.parse().ok(),
    }
}

/// A thing that is read, with its owner.
#[derive(Debug, Clone, Copy)]
pub(in crate::routes) struct Thing {
    /// `None` if only its id is known.
    pub(in crate::routes) kind: Option<AggregateType>,
    pub(in crate::routes) id: Uuid,
    /// `None` if it is nobody's.
    pub(in crate::routes) owner: Option<ChatOwner>,
}

impl Thing {
    pub(in crate::routes) fn chat(id: ChatId, owner: Option<ChatOwner>) -> Self {
        Self { kind: Some(AggregateType::Chat), id: id.value(), owner }
    }

    pub(in crate::routes) fn project(id: ProjectId) -> Self {
        Self { kind: Some(AggregateType::Project), id: id.value(), owner: None }
    }

    /// What is known of a person, who is the owner of it.
    pub(in crate::routes) fn person(id: UserId) -> Self {
        Self { kind: Some(AggregateType::User), id: id.value(), owner: Some(ChatOwner::User(id)) }
    }

    pub(in crate::routes) fn service(id: ServiceId, owner: UserId) -> Self {
        Self { kind: Some(AggregateType::Service), id: id.value(), owner: Some(ChatOwner::User(owner)) }
    }

    /// A thing of which nothing but the id is known.
    pub(in crate::routes) const fn unknown(id: Uuid) -> Self {
        Self { kind: None, id, owner: None }
    }

    /// Returns a thing by its kind and id, with the owner as far as a view tells it.
    pub(in crate::routes) async fn of(state: &HttpState, kind: AggregateType, id: Uuid) -> Result<Self, ApiError> {
        let views = &state.app.views;
        let owner = match kind {
            AggregateType::Chat => chats::owners(views, &[id]).await?.pop().and_then(|(_, owner)| owner),
            // The id of an erasure's case is that of its subject.
            AggregateType::User | AggregateType::Erasure => Some(ChatOwner::User(UserId::new(id))),
            AggregateType::Service => {
                let service = services::find(views, ServiceId::new(id)).await?;
                service.map(|service| ChatOwner::User(UserId::new(service.owner)))
            }
            AggregateType::Feedback => {
                let feedback = run_feedback::find(views, RunFeedbackId::new(id)).await?;
                feedback.map(|feedback| ChatOwner::User(UserId::new(feedback.user_object.external_id)))
            }
            AggregateType::Project
            | AggregateType::Document
            | AggregateType::TestSuite
            | AggregateType::TestRun
            | AggregateType::Access => None,
        };
        Ok(Self { kind: Some(kind), id, owner })
    }
}

impl From<Thing> for AccessedObject {
    fn from(Thing { kind, id, owner }: Thing) -> Self {
        let owner = match owner {
            Some(ChatOwner::User(user)) => Some(user),
            Some(ChatOwner::ApiKey(_)) | None => None,
        };
        Self { kind, id, owner }
    }
}
