//! The jobs that follow from events of documents, and from the end of their project.

use std::time::Duration;

use domain::ids::EventId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{event_log::JobPayload, execute::Context, jobs::Job};

/// What a job goes on with.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Cause {
    pub correlation_id: Option<Uuid>,
}

/// Embeds the newest version of a document.
#[derive(Serialize, Deserialize)]
pub(super) struct Embed(pub Cause);

/// Removes what is left of a deleted document.
#[derive(Serialize, Deserialize)]
pub(super) struct Remove(pub Cause);

/// Deletes the documents of a deleted project.
#[derive(Serialize, Deserialize)]
pub(super) struct Empty(pub Cause);

/// Looks after the page of a document. Lives as long as its document has a page.
#[derive(Serialize, Deserialize)]
pub(super) struct Revisit(pub Cause);

impl Revisit {
    /// How long a page is left alone.
    pub(super) const PERIOD: Duration = Duration::from_hours(24);
}

impl JobPayload for Embed {
    const KIND: &'static str = "embed_document";
}

impl JobPayload for Remove {
    const KIND: &'static str = "remove_document";
}

impl JobPayload for Empty {
    const KIND: &'static str = "empty_project";
}

impl JobPayload for Revisit {
    const KIND: &'static str = "revisit_page";
}

/// On whose behalf a job's outcome is recorded: the job continues what its event has begun.
pub(super) fn job_context(job: &Job, name: &'static str) -> Context {
    let cause = serde_json::from_value::<Cause>(job.arguments.clone()).unwrap_or_default();
    let correlation_id = cause.correlation_id.unwrap_or(job.id);
    Context { causation_id: Some(EventId::new(job.id)), ..Context::system(name, correlation_id) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn jobs_that_wait_are_understood_by_the_next_program() {
        let correlation_id = Uuid::from_u128(7);
        let stored = json!({ "correlation_id": correlation_id });
        assert_eq!(json!(Embed(Cause { correlation_id: Some(correlation_id) })), stored);
        let Revisit(cause) = serde_json::from_value(stored).expect("it is the stored form");
        assert_eq!(cause.correlation_id, Some(correlation_id));
        let Remove(cause) = serde_json::from_value(json!({})).expect("older jobs say nothing");
        assert_eq!(cause.correlation_id, None);
    }
}
