//! What can happen to a feedback.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    ids::{ResultId, RunId, UserId},
    personal::Personal,
    values::Rating,
};

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// The rating.
    pub rating: Rating,
    /// Why, in the reviewer's words.
    pub notes: String,
}

/// An event of a feedback's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum FeedbackEvent {
    /// It was given.
    Given {
        /// Who gave it.
        author: UserId,
        /// The run of the result.
        run_id: RunId,
        /// The result.
        result_id: ResultId,
        /// The rating.
        rating: Rating,
        /// Why, in the reviewer's words.
        notes: Personal<String>,
    },
    /// The rating was changed.
    RatingChanged {
        /// The new one.
        rating: Rating,
    },
    /// The notes were changed.
    NotesChanged {
        /// The new ones.
        notes: Personal<String>,
    },
    /// It was deleted.
    Deleted {},
}

impl FeedbackEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Given { .. } | Self::RatingChanged { .. } | Self::NotesChanged { .. } | Self::Deleted {} => "1",
        }
    }
}
