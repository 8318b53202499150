//! absent -> given -> deleted.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{FeedbackEvent, Opinion};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{ResultId, RunId, SubjectId, UserId},
    values::Rating,
};

/// A feedback, as far as decisions need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Feedback {
    /// The feedback was never given.
    #[default]
    Absent,
    /// The feedback exists.
    Given {
        /// The author.
        author: UserId,
        /// The opinion.
        opinion: Opinion,
    },
    /// The feedback was deleted.
    Deleted {
        /// The author.
        author: UserId,
    },
}

/// A command to a feedback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedbackCommand {
    /// Gives feedback.
    Give {
        /// The author.
        author: UserId,
        /// The run of the result.
        run_id: RunId,
        /// The result.
        result_id: ResultId,
        /// The opinion.
        opinion: Opinion,
    },
    /// Changes the rating or the notes; `None` leaves a part as it is.
    Change {
        /// The rating.
        rating: Option<Rating>,
        /// The notes.
        notes: Option<String>,
    },
    /// Deletes the feedback.
    Delete,
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedbackError {
    /// The feedback exists.
    #[error("the feedback already exists")]
    AlreadyGiven,
    /// There is no such feedback.
    #[error("there is no such feedback")]
    NotFound,
}

impl Feedback {
    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`FeedbackError`] if the command is illegal in this state.
    pub fn decide(&self, command: FeedbackCommand) -> Result<Vec<FeedbackEvent>, FeedbackError> {
        match (self, command) {
            (Self::Absent, FeedbackCommand::Give { author, run_id, result_id, opinion }) => {
                let Opinion { rating, notes } = opinion;
                Ok(vec![FeedbackEvent::Given { author, run_id, result_id, rating, notes: notes.into() }])
            }
            (Self::Given { .. } | Self::Deleted { .. }, FeedbackCommand::Give { .. }) => {
                Err(FeedbackError::AlreadyGiven)
            }
            (Self::Absent | Self::Deleted { .. }, _) => Err(FeedbackError::NotFound),
            (Self::Given { opinion, .. }, FeedbackCommand::Change { rating, notes }) => {
                let rating = rating.filter(|rating| *rating != opinion.rating);
                let notes = notes.filter(|notes| *notes != opinion.notes);
                let rating = rating.map(|rating| FeedbackEvent::RatingChanged { rating });
                let notes = notes.map(|notes| FeedbackEvent::NotesChanged { notes: notes.into() });
                Ok(rating.into_iter().chain(notes).collect())
            }
            (Self::Given { .. }, FeedbackCommand::Delete) => Ok(vec![FeedbackEvent::Deleted {}]),
        }
    }

    fn fold(&mut self, event: FeedbackEvent) {
        match event {
            FeedbackEvent::Given { author, rating, notes, .. } => {
                *self = Self::Given { author, opinion: Opinion { rating, notes: notes.into_inner() } };
            }
            FeedbackEvent::RatingChanged { rating } => {
                if let Self::Given { opinion, .. } = self {
                    opinion.rating = rating;
                }
            }
            FeedbackEvent::NotesChanged { notes } => {
                if let Self::Given { opinion, .. } = self {
                    opinion.notes = notes.into_inner();
                }
            }
            FeedbackEvent::Deleted {} => {
                if let Self::Given { author, .. } = self {
                    *self = Self::Deleted { author: *author };
                }
            }
        }
    }
}

impl StoredAggregate for Feedback {
    const AGGREGATE_TYPE: AggregateType = AggregateType::Feedback;
    const SNAPSHOT_VERSION: i32 = 1;

    fn subject(&self, aggregate_id: Uuid) -> Option<SubjectId> {
        match self {
            Self::Absent => Some(SubjectId::new(aggregate_id)),
            Self::Given { author, .. } | Self::Deleted { author } => Some((*author).into()),
        }
    }
}

bridge_to_cqrs_es!(Feedback, FeedbackCommand, FeedbackEvent, FeedbackError);
