//! The conversation in English, folded from a chat's events: the earlier turns that a model gets.

use super::event::{ChatEvent, Question};
use crate::{ids::MessageId, personal::Personal};

/// Questions with their answers, in the order in which they were asked.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Transcript {
    turns: Vec<(Question, Option<Personal<String>>)>,
}

impl Transcript {
    /// The types of the events that it is folded from.
    pub const EVENT_TYPES: [&str; 2] = ["QuestionAsked", "AnswerCompleted"];

    /// Folds one more event.
    pub fn apply(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::QuestionAsked(question) => self.turns.push((question.clone(), None)),
            ChatEvent::AnswerCompleted(completion) => {
                let turn = self.turns.iter_mut().find(|(question, _)| question.answer_id == completion.answer_id);
                if let Some((_, answer)) = turn {
                    *answer = Some(completion.english_text.as_ref().unwrap_or(&completion.text).clone());
                }
            }
            ChatEvent::Started { .. }
            | ChatEvent::StartedWithKey { .. }
            | ChatEvent::PromptChanged { .. }
            | ChatEvent::ModelChanged { .. }
            | ChatEvent::Retitled { .. }
            | ChatEvent::PassagesRetrieved { .. }
            | ChatEvent::AnswerFailed { .. }
            | ChatEvent::AnswerSpoken { .. }
            | ChatEvent::TranscriptionFailed { .. }
            | ChatEvent::FeedbackGiven { .. }
            | ChatEvent::Deleted {}
            | ChatEvent::SubjectErased {} => {}
        }
    }

    /// The answered turns before the one with this answer, oldest first, as (question, answer).
    pub fn answered_before(&self, answer_id: MessageId) -> impl Iterator<Item = (&str, &str)> {
        self.turns.iter().take_while(move |(question, _)| question.answer_id != answer_id).filter_map(
            |(question, answer)| {
                Some((question.english_text.as_ref().unwrap_or(&question.text).as_str(), answer.as_deref()?))
            },
        )
    }
}
