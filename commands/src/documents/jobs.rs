//! The jobs that follow from events of documents, and from the end of their project.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event_log::JobPayload;

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
