//! The personal fields of a chat's events.

use super::event::{ChatEvent, Completion, Generation, Question};
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for ChatEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::Started { project_id: _, owner: _, title } | Self::Retitled { title } => {
                vec![PersonalField::new("title", title)]
            }
            Self::StartedWithKey { service_id: _, key_id: _, title, prompt, model: _ } => {
                vec![PersonalField::new("title", title), PersonalField::new("prompt", prompt)]
            }
            Self::PromptChanged { prompt } => vec![PersonalField::new("prompt", prompt)],
            Self::QuestionAsked(Question {
                message_id: _,
                answer_id: _,
                text,
                english_text,
                translation: _,
                transcription: _,
                language: _,
                temperature: _,
                top_k: _,
            })
            | Self::AnswerCompleted(Completion {
                answer_id: _,
                text,
                english_text,
                translation: _,
                citations: _,
                generation:
                    Generation {
                        model_requested: _,
                        model_returned: _,
                        prompt_version: _,
                        prompt_hash: _,
                        temperature: _,
                        usage: _,
                        finish_reason: _,
                        retrieval: _,
                        response: _,
                    },
            }) => vec![PersonalField::new("text", text), PersonalField::new("english_text", english_text)],
            Self::AnswerFailed { answer_id: _, reason: _, partial_text, notice: _ } => {
                vec![PersonalField::new("partial_text", partial_text)]
            }
            Self::FeedbackGiven { feedback_id: _, message_id: _, liked: _, message } => {
                vec![PersonalField::new("message", message)]
            }
            Self::ModelChanged { model: _ }
            | Self::PassagesRetrieved { answer_id: _, passages: _ }
            | Self::AnswerSpoken { answer_id: _, audio: _, speech: _, upload: _ }
            | Self::TranscriptionFailed { message_id: _, notice: _ }
            | Self::Deleted {}
            | Self::SubjectErased {} => vec![],
        }
    }
}
