//! The provenance of an answer as JSON: what the API and the command line show auditors of what it was made from.

use commands::auditing::{self, Asked, Rating, Spoken};
use domain::ids::ProjectId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    audited::{AuditedEvent, AuditedFile, AuditedGeneration, AuditedPassage, AuditedPrompt, AuditedStage, time},
    replay::AuditedFailure,
};

/// Where an answer comes from. Text of a person who was erased reads `[erased]`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Provenance {
    chat_id: Uuid,
    /// Null for a chat of an API key.
    project_id: Option<Uuid>,
    answer_id: Uuid,
    question: ProvenanceQuestion,
    /// When passages were looked for; null for answers that failed.
    retrieval: Option<AuditedStage>,
    /// Best first.
    passages: Vec<AuditedPassage>,
    prompt: AuditedPrompt,
    /// In the language of the question; of a failed answer what there was until then. Null if there is none yet.
    text: Option<String>,
    /// The same in English, if the question's language is another.
    english_text: Option<String>,
    /// When the model wrote; null for answers that failed.
    response: Option<AuditedStage>,
    /// When the answer was translated.
    translation: Option<AuditedStage>,
    /// Null if there is no complete answer.
    generation: Option<AuditedGeneration>,
    failure: Option<AuditedFailure>,
    speech: Option<ProvenanceSpeech>,
    /// Of the question and of the answer, oldest first.
    ratings: Vec<ProvenanceRating>,
    /// Every event of the chat that is about the question or the answer, in order.
    events: Vec<AuditedEvent>,
}

/// The question.
#[derive(Debug, Serialize, ToSchema)]
struct ProvenanceQuestion {
    message_id: Uuid,
    /// In RFC 3339 format with microseconds.
    asked_at: String,
    /// As typed or as transcribed.
    text: String,
    /// The same in English, if it was asked in another language.
    english_text: Option<String>,
    language: String,
    temperature: f64,
    #[schema(minimum = 0)]
    top_k: u32,
    /// When it was transcribed, if it was spoken.
    transcription: Option<AuditedStage>,
    /// When it was translated, if it was.
    translation: Option<AuditedStage>,
}

/// The speech of an answer.
#[derive(Debug, Serialize, ToSchema)]
struct ProvenanceSpeech {
    file: AuditedFile,
    speech: AuditedStage,
    upload: AuditedStage,
}

/// A rating.
#[derive(Debug, Serialize, ToSchema)]
struct ProvenanceRating {
    feedback_id: Uuid,
    /// The question or the answer.
    message_id: Uuid,
    liked: bool,
    text: Option<String>,
    event: AuditedEvent,
}

impl From<auditing::Provenance> for Provenance {
    fn from(found: auditing::Provenance) -> Self {
        Self {
            chat_id: found.chat.value(),
            project_id: found.project.map(ProjectId::value),
            answer_id: found.answer.value(),
            question: found.question.into(),
            retrieval: found.retrieval.map(AuditedStage::from),
            passages: found.passages.into_iter().map(AuditedPassage::from).collect(),
            prompt: found.prompt.into(),
            text: found.text,
            english_text: found.english_text,
            response: found.response.map(AuditedStage::from),
            translation: found.translation.map(AuditedStage::from),
            generation: found.generation.map(AuditedGeneration::from),
            failure: found.failure.map(|(reason, notice)| AuditedFailure::new(reason, notice)),
            speech: found.speech.map(ProvenanceSpeech::from),
            ratings: found.ratings.into_iter().map(ProvenanceRating::from).collect(),
            events: found.events.into_iter().map(AuditedEvent::from).collect(),
        }
    }
}

impl From<Asked> for ProvenanceQuestion {
    fn from(asked: Asked) -> Self {
        let Asked { message, at, text, english_text, language, temperature, top_k, transcription, translation } = asked;
        Self {
            message_id: message.value(),
            asked_at: time(at),
            text,
            english_text,
            language,
            temperature,
            top_k,
            transcription: transcription.map(AuditedStage::from),
            translation: translation.map(AuditedStage::from),
        }
    }
}

impl From<Spoken> for ProvenanceSpeech {
    fn from(Spoken { file, speech, upload }: Spoken) -> Self {
        Self { file: file.into(), speech: speech.into(), upload: upload.into() }
    }
}

impl From<Rating> for ProvenanceRating {
    fn from(Rating { feedback, message, liked, text, event }: Rating) -> Self {
        Self { feedback_id: feedback, message_id: message.value(), liked, text, event: event.into() }
    }
}
