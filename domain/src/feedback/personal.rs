//! The personal fields of a feedback's events.

use super::event::FeedbackEvent;
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for FeedbackEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::Given { author: _, run_id: _, result_id: _, rating: _, notes } | Self::NotesChanged { notes } => {
                vec![PersonalField::new("notes", notes)]
            }
            Self::RatingChanged { rating: _ } | Self::Deleted {} => vec![],
        }
    }
}
