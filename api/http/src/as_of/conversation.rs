//! The messages of a chat as they were, with the failures, the speech and the ratings that belong to them.

use std::collections::HashMap;

use chrono::SecondsFormat;
use domain::{
    chat::{AnswerFailure, Completion, Failure, Message, Question, Rating, Recorded, RetrievedPassage, Said, Spoken},
    ids::{DocumentId, MessageId},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AsOfMessage {
    pub id: Uuid,
    /// `question`, `answer` or `notice`.
    pub kind: &'static str,
    /// The position of the event that it came with.
    #[schema(minimum = 1)]
    pub position: i64,
    /// When that was recorded, in RFC 3339 format with microseconds.
    pub recorded_at: String,
    pub text: String,
    /// The same in English, if it was translated.
    pub english_text: Option<String>,
    /// The question that it answers, or stands in place of an answer of.
    pub question_id: Option<Uuid>,
    /// The language of question and answer; null for a notice without a question.
    pub language: Option<String>,
    pub temperature: Option<f64>,
    pub top_k: Option<u32>,
    /// Why a question has no answer.
    pub failure: Option<AsOfFailure>,
    /// The documents that an answer names, best first.
    pub sources: Vec<AsOfSource>,
    /// The model that answered, as the provider named it, or else as it was asked for.
    pub model: Option<String>,
    /// SHA-256 of the template of the prompt that an answer was made with, in hexadecimal digits.
    pub prompt_hash: Option<String>,
    /// The speech of an answer.
    pub speech: Option<AsOfSpeech>,
    /// In the order in which they were given.
    pub ratings: Vec<AsOfRating>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AsOfFailure {
    #[schema(minimum = 1)]
    pub position: i64,
    pub recorded_at: String,
    #[schema(value_type = String)]
    pub reason: AnswerFailure,
    /// What had been written until then.
    pub partial_text: String,
}

/// A document that an answer names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AsOfSource {
    pub document_id: Uuid,
    /// The version that passages were found of; null if it is not known.
    pub version: Option<u32>,
}

/// The speech of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AsOfSpeech {
    #[schema(minimum = 1)]
    pub position: i64,
    pub recorded_at: String,
    /// Its name in the media store.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// A rating of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AsOfRating {
    pub id: Uuid,
    #[schema(minimum = 1)]
    pub position: i64,
    pub recorded_at: String,
    pub liked: bool,
    pub message: Option<String>,
}

/// Messages in their order.
pub(super) fn shown(messages: &[Message]) -> Vec<AsOfMessage> {
    let questions: HashMap<MessageId, &Question> = messages
        .iter()
        .filter_map(|message| match &message.said {
            Said::Question { question, .. } => Some((message.id, &**question)),
            Said::Answer { .. } | Said::Notice { .. } => None,
        })
        .collect();
    messages.iter().map(|message| AsOfMessage::new(message, &questions)).collect()
}

impl AsOfMessage {
    fn new(message: &Message, questions: &HashMap<MessageId, &Question>) -> Self {
        let Message { id, recorded, said, ratings } = message;
        let bare = |kind, text: &str, question: Option<&Question>| Self {
            id: id.value(),
            kind,
            position: recorded.position,
            recorded_at: time(*recorded),
            text: text.to_owned(),
            english_text: None,
            question_id: None,
            language: question.map(|question| question.language.clone()),
            temperature: question.map(|question| question.temperature),
            top_k: question.map(|question| question.top_k),
            failure: None,
            sources: Vec::new(),
            model: None,
            prompt_hash: None,
            speech: None,
            ratings: ratings.iter().map(AsOfRating::from).collect(),
        };
        let asked = |id: &Option<MessageId>| id.and_then(|id| questions.get(&id)).copied();
        match said {
            Said::Question { question, failure } => Self {
                english_text: question.english_text.as_deref().map(str::to_owned),
                failure: failure.as_ref().map(AsOfFailure::from),
                ..bare("question", &question.text, Some(question))
            },
            Said::Answer { question, completion, passages, speech } => {
                let Completion { text, english_text, citations, generation, .. } = &**completion;
                Self {
                    english_text: english_text.as_deref().map(str::to_owned),
                    question_id: question.map(MessageId::value),
                    sources: citations.iter().map(|id| AsOfSource::new(*id, passages)).collect(),
                    model: generation.model_returned.clone().or_else(|| Some(generation.model_requested.clone())),
                    prompt_hash: Some(generation.prompt_hash.clone()),
                    speech: speech.as_ref().map(AsOfSpeech::from),
                    ..bare("answer", text, asked(question))
                }
            }
            Said::Notice { question, text } => {
                Self { question_id: question.map(MessageId::value), ..bare("notice", text, asked(question)) }
            }
        }
    }
}

impl AsOfSource {
    fn new(document: DocumentId, passages: &[RetrievedPassage]) -> Self {
        let found = passages.iter().find(|passage| passage.document_id == document);
        Self { document_id: document.value(), version: found.map(|passage| passage.document_version) }
    }
}

impl From<&Failure> for AsOfFailure {
    fn from(failure: &Failure) -> Self {
        let Failure { recorded, reason, partial_text } = failure;
        let partial_text = partial_text.as_str().to_owned();
        Self { position: recorded.position, recorded_at: time(*recorded), reason: *reason, partial_text }
    }
}

impl From<&Spoken> for AsOfSpeech {
    fn from(spoken: &Spoken) -> Self {
        let Spoken { recorded, audio, .. } = spoken;
        let (file, sha256) = (audio.name.clone(), audio.sha256.clone());
        Self { position: recorded.position, recorded_at: time(*recorded), file, sha256 }
    }
}

impl From<&Rating> for AsOfRating {
    fn from(rating: &Rating) -> Self {
        let Rating { id, recorded, liked, message } = rating;
        let message = message.as_deref().map(str::to_owned);
        Self { id: id.value(), position: recorded.position, recorded_at: time(*recorded), liked: *liked, message }
    }
}

fn time(recorded: Recorded) -> String {
    recorded.at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
