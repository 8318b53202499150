//! The provenance of one answer: everything that it was made from and what became of it, in one document.

use chrono::{DateTime, Utc};
use domain::{
    chat::{AnswerFailure, ChatEvent, Completion, Question, Stage},
    document::StoredFile,
    ids::{ChatId, MessageId, ProjectId},
};
use uuid::Uuid;

use super::{
    Auditing, AuditingError, CitationSeen, EventLink, GenerationSeen, PassageSeen, PromptSeen,
    conversation::ChatStep,
    passages::{FoundPassage, PassageTexts},
    prompts::prompt_of,
};
use crate::event_log::Moment;

/// Where an answer comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    pub chat: ChatId,
    /// `None` for a chat of an API key.
    pub project: Option<ProjectId>,
    pub answer: MessageId,
    pub question: Asked,
    /// When passages were looked for; not recorded for failed answers.
    pub retrieval: Option<Stage>,
    pub passages: Vec<PassageSeen>,
    pub prompt: PromptSeen,
    /// The answer, in the language of the question; of a failed one what there was until then. `None` if there is none
    /// yet.
    pub text: Option<String>,
    /// The same in English, if the question's language is another.
    pub english_text: Option<String>,
    /// When the model wrote.
    pub response: Option<Stage>,
    pub translation: Option<Stage>,
    /// `None` if there is no complete answer.
    pub generation: Option<GenerationSeen>,
    /// Why there is no answer, with what the conversation shows in its place.
    pub failure: Option<(AnswerFailure, Option<String>)>,
    pub speech: Option<Spoken>,
    /// Of the question and of the answer, oldest first.
    pub ratings: Vec<Rating>,
    /// Every event of the chat that is about the question or the answer, in order.
    pub events: Vec<EventLink>,
}

/// The question.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub message: MessageId,
    pub at: DateTime<Utc>,
    /// As typed or as transcribed.
    pub text: String,
    /// The same in English, if it was asked in another language.
    pub english_text: Option<String>,
    pub language: String,
    pub temperature: f64,
    pub top_k: u32,
    /// When it was transcribed, if it was spoken.
    pub transcription: Option<Stage>,
    pub translation: Option<Stage>,
}

/// The speech of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    pub file: StoredFile,
    pub speech: Stage,
    pub upload: Stage,
}

/// A rating.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    pub feedback: Uuid,
    pub message: MessageId,
    pub liked: bool,
    pub text: Option<String>,
    pub event: EventLink,
}

impl Asked {
    fn new(step: &ChatStep, question: &Question) -> Self {
        Self {
            message: question.message_id,
            at: step.link.recorded_at,
            text: question.text.to_string(),
            english_text: question.english_text.as_ref().map(|text| text.to_string()),
            language: question.language.clone(),
            temperature: question.temperature,
            top_k: question.top_k,
            transcription: question.transcription,
            translation: question.translation,
        }
    }
}

/// How an answer was made, with the titles of its sources as they were then.
pub(super) async fn generation_of(
    completion: &Completion,
    found: &[FoundPassage],
    texts: &mut PassageTexts<'_>,
    position: i64,
) -> Result<GenerationSeen, AuditingError> {
    let mut citations = Vec::with_capacity(completion.citations.len());
    for document_id in completion.citations.iter().copied() {
        let of_document = found.iter().filter(|passage| passage.seen.document_id == document_id);
        citations.push(CitationSeen {
            document_id,
            document_version: of_document.map(|passage| passage.seen.document_version).max(),
            title: texts.title(document_id, position).await?,
        });
    }
    let generation = &completion.generation;
    Ok(GenerationSeen {
        model_requested: generation.model_requested.clone(),
        model_returned: generation.model_returned.clone(),
        temperature: generation.temperature,
        usage: generation.usage,
        finish_reason: generation.finish_reason.clone(),
        citations,
    })
}

impl Auditing {
    /// Tells where an answer of a chat comes from. A failed answer has a provenance too.
    ///
    /// # Errors
    /// [`AuditingError::UnknownChat`] and [`AuditingError::UnknownAnswer`] if the log has no such chat or answer; the
    /// others if something cannot be read.
    pub async fn provenance(&self, chat: ChatId, answer: MessageId) -> Result<Provenance, AuditingError> {
        let conversation = self.conversation(chat, Moment::Now).await?;
        let unknown = AuditingError::UnknownAnswer { chat, answer };
        let turn = conversation.turn(answer).ok_or(unknown)?;
        let past = self.settings_past(&conversation).await?;
        let mut texts = PassageTexts::new(self);
        let found = match turn.passages {
            Some((step, passages)) => texts.find(passages, step.link.position, &past.neighbours(&turn)).await?,
            None => Vec::new(),
        };
        let prompt = prompt_of(&conversation, &turn, &past, &found);
        let completion = turn.completion.map(|(_, completion)| completion);
        let generation = match turn.completion {
            Some((step, completion)) => Some(generation_of(completion, &found, &mut texts, step.link.position).await?),
            None => None,
        };
        let (step, question) = turn.question;
        let question = Asked::new(step, question);
        let failure = turn.failure.and_then(|step| match &step.event {
            ChatEvent::AnswerFailed { reason, notice, partial_text, .. } => {
                Some((*reason, notice.clone(), partial_text.to_string()))
            }
            _ => None,
        });
        let complete = completion.map(|completion| completion.text.to_string());
        let text = complete.or_else(|| failure.as_ref().map(|(.., partial)| partial.clone()));
        let about: Vec<&ChatStep> =
            conversation.steps.iter().filter(|step| is_about(&step.event, question.message, answer)).collect();
        Ok(Provenance {
            chat,
            project: conversation.project,
            answer,
            retrieval: completion.map(|completion| completion.generation.retrieval),
            passages: found.into_iter().map(|passage| passage.seen).collect(),
            prompt,
            text,
            english_text: completion.and_then(|it| it.english_text.as_ref()).map(|text| text.to_string()),
            response: completion.map(|completion| completion.generation.response),
            translation: completion.and_then(|completion| completion.translation),
            generation,
            failure: failure.map(|(reason, notice, _)| (reason, notice)),
            speech: about.iter().find_map(|step| spoken(&step.event)),
            ratings: about.iter().filter_map(|step| rating(step)).collect(),
            events: about.iter().map(|step| step.link.clone()).collect(),
            question,
        })
    }
}

fn is_about(event: &ChatEvent, question: MessageId, answer: MessageId) -> bool {
    match event {
        ChatEvent::QuestionAsked(asked) => asked.answer_id == answer,
        ChatEvent::AnswerCompleted(completion) => completion.answer_id == answer,
        ChatEvent::PassagesRetrieved { answer_id, .. }
        | ChatEvent::AnswerFailed { answer_id, .. }
        | ChatEvent::AnswerSpoken { answer_id, .. } => *answer_id == answer,
        ChatEvent::FeedbackGiven { message_id, .. } => [question, answer].contains(message_id),
        _ => false,
    }
}

fn spoken(event: &ChatEvent) -> Option<Spoken> {
    match event {
        ChatEvent::AnswerSpoken { audio, speech, upload, .. } => {
            Some(Spoken { file: audio.clone(), speech: *speech, upload: *upload })
        }
        _ => None,
    }
}

fn rating(step: &ChatStep) -> Option<Rating> {
    match &step.event {
        ChatEvent::FeedbackGiven { feedback_id, message_id, liked, message } => Some(Rating {
            feedback: feedback_id.value(),
            message: *message_id,
            liked: *liked,
            text: message.as_ref().map(|text| text.to_string()),
            event: step.link.clone(),
        }),
        _ => None,
    }
}
