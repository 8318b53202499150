//! The trait of projectors, and the list of all.
//!
//! A projector gets one event and an open transaction, so that it can have no effect but rows.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{AggregateType, envelope::RecordedEvent, ids::UserId};
use sqlx::PgTransaction;
use uuid::Uuid;

use crate::{
    accesses::AccessesProjector, chats::ChatsProjector, documents::DocumentsProjector, projects::ProjectsProjector,
    run_feedback::RunFeedbackProjector, services::ServicesProjector, test_runs::TestRunsProjector,
    test_suites::TestSuitesProjector, users::UsersProjector,
};

/// Turns events into the rows of one view.
#[async_trait]
pub trait Projector: Send + Sync {
    /// The name of the projection in checkpoints, such as `chats`.
    fn name(&self) -> &'static str;

    /// The aggregate types whose events it gets.
    fn aggregate_types(&self) -> &'static [AggregateType];

    /// The tables that it writes; each table of the schema `views` has one projector. Its statements name them without
    /// the schema, so that the connection decides which version of the view they fill.
    fn tables(&self) -> &'static [&'static str];

    /// The other aggregates whose events may change the rows that this event has led to. Auditors are shown these events
    /// among the steps of a row; nothing else depends on it.
    fn others(&self, _: &RecordedEvent) -> Vec<OtherStream> {
        vec![]
    }

    /// Writes the rows that follow from one event.
    ///
    /// Takes effect once for each event, in the order of each aggregate's stream: the caller holds and moves the
    /// checkpoint in the same transaction.
    async fn project(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError>;

    /// Writes the rows of a batch of events in their order. A busy view overrides this to write the rows of several
    /// events at once.
    async fn project_all(&self, events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        for event in events {
            self.project(event, tx).await?;
        }
        Ok(())
    }
}

/// Events of another aggregate that may change the rows of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OtherStream {
    pub aggregate_type: AggregateType,
    pub id: Uuid,
    /// The types of the events; all others change nothing.
    pub event_types: &'static [&'static str],
}

impl OtherStream {
    /// The erasure of a person, which takes the text out of the rows.
    pub(crate) const fn erasure_of(person: UserId) -> Self {
        Self { aggregate_type: AggregateType::User, id: person.value(), event_types: &["SubjectErased"] }
    }
}

/// The rows of an event could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the rows of the event cannot be written")]
pub struct ProjectionError(#[from] sqlx::Error);

/// Every projector of the system.
pub fn projectors() -> Vec<Arc<dyn Projector>> {
    vec![
        Arc::new(UsersProjector),
        Arc::new(ProjectsProjector),
        Arc::new(DocumentsProjector),
        Arc::new(ChatsProjector),
        Arc::new(ServicesProjector),
        Arc::new(TestSuitesProjector),
        Arc::new(TestRunsProjector),
        Arc::new(RunFeedbackProjector),
        Arc::new(AccessesProjector),
    ]
}
