//! The conversation of a chat, folded from its events: the messages that its people saw, and what became of them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::event::{AnswerFailure, ChatEvent, Completion, Question, RetrievedPassage, Stage};
use crate::{
    document::StoredFile,
    ids::{FeedbackId, MessageId},
    personal::Personal,
};

/// Where and when an event was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The position in the whole log.
    pub position: i64,
    /// The time of recording.
    pub at: DateTime<Utc>,
}

/// The messages of a chat in their order.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Conversation {
    messages: Vec<Message>,
    places: HashMap<MessageId, usize>,
    /// The places of the questions, by the ids of their answers.
    questions: HashMap<MessageId, usize>,
    /// The passages that were found for answers that are not complete.
    found: HashMap<MessageId, Vec<RetrievedPassage>>,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The event that it came with.
    pub recorded: Recorded,
    /// What it says.
    pub said: Said,
    /// Its ratings, in the order in which they were given.
    pub ratings: Vec<Rating>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A question.
    Question {
        /// As it was asked.
        question: Box<Question>,
        /// Why it has no answer, if it failed.
        failure: Option<Failure>,
    },
    /// The answer of a question.
    Answer {
        /// The question's message; `None` if the log has none.
        question: Option<MessageId>,
        /// As it was completed.
        completion: Box<Completion>,
        /// The passages that were found for it, best first.
        passages: Vec<RetrievedPassage>,
        /// The speech, if it can be heard.
        speech: Option<Spoken>,
    },
    /// A notice of the system, in place of an answer or of a question.
    Notice {
        /// The question's message, if it stands in place of an answer.
        question: Option<MessageId>,
        /// The words.
        text: String,
    },
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The event that says so.
    pub recorded: Recorded,
    /// The reason.
    pub reason: AnswerFailure,
    /// What had been written until then.
    pub partial_text: Personal<String>,
}

/// The speech of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// The event that says so.
    pub recorded: Recorded,
    /// As the media store keeps it.
    pub audio: StoredFile,
    /// When it was spoken.
    pub speech: Stage,
    /// When it was stored.
    pub upload: Stage,
}

/// A rating of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// Its id.
    pub id: FeedbackId,
    /// The event that it came with.
    pub recorded: Recorded,
    /// Whether the message was of help.
    pub liked: bool,
    /// What there is to say of it.
    pub message: Option<Personal<String>>,
}

impl Conversation {
    /// The messages, oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages alone, oldest first.
    pub fn into_messages(self) -> Vec<Message> {
        self.messages
    }

    /// The message with this id.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(*self.places.get(&id)?)
    }

    /// The question that a message answers or stands in place of an answer of.
    pub fn question_of(&self, answer_id: MessageId) -> Option<&Question> {
        match &self.messages.get(*self.questions.get(&answer_id)?)?.said {
            Said::Question { question, .. } => Some(question),
            Said::Answer { .. } | Said::Notice { .. } => None,
        }
    }

    /// Folds one more event, which was recorded there and then.
    pub fn apply(&mut self, event: &ChatEvent, recorded: Recorded) {
        match event {
            ChatEvent::QuestionAsked(question) => {
                self.questions.insert(question.answer_id, self.messages.len());
                let said = Said::Question { question: Box::new(question.clone()), failure: None };
                self.push(question.message_id, recorded, said);
            }
            ChatEvent::PassagesRetrieved { answer_id, passages } => {
                self.found.insert(*answer_id, passages.clone());
            }
            ChatEvent::AnswerCompleted(completion) => {
                let id = completion.answer_id;
                let passages = self.found.remove(&id).unwrap_or_default();
                let (question, completion) = (self.asked_in(id), Box::new(completion.clone()));
                self.push(id, recorded, Said::Answer { question, completion, passages, speech: None });
            }
            ChatEvent::AnswerFailed { answer_id, reason, partial_text, notice } => {
                self.found.remove(answer_id);
                let place = self.questions.get(answer_id).copied();
                if let Some(Message { said: Said::Question { failure, .. }, .. }) =
                    place.and_then(|place| self.messages.get_mut(place))
                {
                    *failure = Some(Failure { recorded, reason: *reason, partial_text: partial_text.clone() });
                }
                if let Some(text) = notice.clone() {
                    let question = self.asked_in(*answer_id);
                    self.push(*answer_id, recorded, Said::Notice { question, text });
                }
            }
            ChatEvent::AnswerSpoken { answer_id, audio, speech: spoken, upload } => {
                if let Some(Message { said: Said::Answer { speech, .. }, .. }) = self.message_mut(*answer_id) {
                    *speech = Some(Spoken { recorded, audio: audio.clone(), speech: *spoken, upload: *upload });
                }
            }
            ChatEvent::TranscriptionFailed { message_id, notice } => {
                self.push(*message_id, recorded, Said::Notice { question: None, text: notice.clone() });
            }
            ChatEvent::FeedbackGiven { feedback_id, message_id, liked, message } => {
                let rating = Rating { id: *feedback_id, recorded, liked: *liked, message: message.clone() };
                if let Some(rated) = self.message_mut(*message_id) {
                    rated.ratings.push(rating);
                }
            }
            ChatEvent::Started { .. }
            | ChatEvent::StartedWithKey { .. }
            | ChatEvent::Retitled { .. }
            | ChatEvent::PromptChanged { .. }
            | ChatEvent::ModelChanged { .. }
            | ChatEvent::Deleted {}
            | ChatEvent::SubjectErased {} => {}
        }
    }

    fn push(&mut self, id: MessageId, recorded: Recorded, said: Said) {
        self.places.insert(id, self.messages.len());
        self.messages.push(Message { id, recorded, said, ratings: Vec::new() });
    }

    fn message_mut(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages.get_mut(*self.places.get(&id)?)
    }

    /// The message of the question that has this answer.
    fn asked_in(&self, answer_id: MessageId) -> Option<MessageId> {
        Some(self.messages.get(*self.questions.get(&answer_id)?)?.id)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::values::Title;

    fn id(number: u128) -> MessageId {
        MessageId::new(Uuid::from_u128(number))
    }

    fn question(message: u128, answer: u128, text: &str) -> ChatEvent {
        ChatEvent::QuestionAsked(Question {
            message_id: id(message),
            answer_id: id(answer),
            text: text.into(),
            english_text: None,
            translation: None,
            transcription: None,
            language: "en".to_owned(),
            temperature: 0.1,
            top_k: 10,
        })
    }

    fn failed(answer: u128, notice: Option<&str>) -> ChatEvent {
        ChatEvent::AnswerFailed {
            answer_id: id(answer),
            reason: AnswerFailure::RateLimited,
            partial_text: "Zinc for".into(),
            notice: notice.map(str::to_owned),
        }
    }

    /// The conversation after these events, at the positions from 1.
    fn folded(events: impl IntoIterator<Item = ChatEvent>) -> Conversation {
        let mut conversation = Conversation::default();
        for (position, event) in (1..).zip(events) {
            conversation.apply(&event, Recorded { position, at: DateTime::UNIX_EPOCH });
        }
        conversation
    }

    #[test]
    fn messages_stand_in_their_order_with_the_position_of_their_event() {
        let title = Title::parse("Zinc").expect("well-formed").into();
        let conversation = folded([
            question(1, 2, "How much zinc?"),
            ChatEvent::Retitled { title },
            ChatEvent::TranscriptionFailed { message_id: id(3), notice: "Nothing was heard".to_owned() },
        ]);
        let order: Vec<_> = conversation.messages().iter().map(|it| (it.id, it.recorded.position)).collect();
        assert_eq!(order, [(id(1), 1), (id(3), 3)]);
    }

    #[test]
    fn a_failure_stands_at_its_question_and_its_notice_is_a_message() {
        let silent = folded([question(1, 2, "How much zinc?"), failed(2, None)]);
        assert_eq!(silent.messages().len(), 1, "nothing was shown in the answer's place");
        let Said::Question { failure: Some(failure), .. } = &silent.messages()[0].said else { panic!("a failure") };
        assert_eq!((failure.reason, &*failure.partial_text), (AnswerFailure::RateLimited, "Zinc for"));

        let told = folded([question(1, 2, "How much zinc?"), failed(2, Some("Try later"))]);
        let notice = told.message(id(2)).expect("a message");
        assert_eq!(notice.said, Said::Notice { question: Some(id(1)), text: "Try later".to_owned() });
        assert_eq!(told.question_of(id(2)).map(|question| question.language.as_str()), Some("en"));
    }

    #[test]
    fn a_rating_is_at_the_message_that_it_rates_and_a_stray_one_nowhere() {
        let rating = |number, message, liked| ChatEvent::FeedbackGiven {
            feedback_id: Uuid::from_u128(number).into(),
            message_id: id(message),
            liked,
            message: None,
        };
        let rated =
            folded([question(1, 2, "How much zinc?"), rating(7, 1, true), rating(8, 1, false), rating(9, 5, true)]);
        let liked: Vec<bool> = rated.messages()[0].ratings.iter().map(|rating| rating.liked).collect();
        assert_eq!((rated.messages().len(), liked), (1, vec![true, false]));
    }
}
