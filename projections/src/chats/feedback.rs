//! Ratings of messages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgPool, query_as};
use uuid::Uuid;

use crate::{QueryError, wire_time};

/// A rating, as the contract shows one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedbackView {
    pub external_id: Uuid,
    pub chat_message: Uuid,
    pub liked: bool,
    pub message: Option<String>,
    #[serde(with = "wire_time")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "wire_time")]
    pub modified_at: DateTime<Utc>,
}

/// The first rating of each of these messages.
pub(super) async fn first_of_each(pool: &PgPool, messages: &[Uuid]) -> Result<HashMap<Uuid, FeedbackView>, QueryError> {
    let feedback = query_as!(
        FeedbackView,
        "SELECT DISTINCT ON (message_id)
                id AS external_id, message_id AS chat_message, liked, message, created_at, modified_at
         FROM views.chat_feedback WHERE message_id = ANY($1) ORDER BY message_id, position",
        messages
    )
    .fetch_all(pool)
    .await?;
    Ok(feedback.into_iter().map(|feedback| (feedback.chat_message, feedback)).collect())
}
