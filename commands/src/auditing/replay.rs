//! The replay of a conversation: what its participants saw, step by step, with the time that each step took.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    chat::{AnswerFailure, ChatEvent, Completion, Question, Stage},
    document::StoredFile,
    ids::{ChatId, MessageId, ProjectId},
    values::Model,
};
use uuid::Uuid;

use super::{
    Auditing, AuditingError, EventLink, GenerationSeen, PassageSeen, PromptSeen,
    conversation::{ChatStep, Conversation},
    passages::{FoundPassage, PassageTexts},
    prompts::{SettingsPast, prompt_of},
    provenance::generation_of,
};
use crate::event_log::Moment;

/// A conversation up to a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    pub chat: ChatId,
    /// `None` for a chat of an API key.
    pub project: Option<ProjectId>,
    /// `user:…`, or `service:…` for a chat of an API key.
    pub owner: String,
    /// The position of the last event that is shown.
    pub up_to: i64,
    /// In the order of the log; the steps that one event records, in their own.
    pub steps: Vec<Step>,
}

/// What happened in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StepKind {
    ChatStarted,
    PromptSet,
    ModelSet,
    Retitled,
    SpeechTranscribed,
    QuestionAsked,
    QuestionTranslated,
    PassagesRetrieved,
    PromptSent,
    /// The built-in answerer quoted passages: no language model was asked.
    PromptUnused,
    AnswerWritten,
    AnswerTranslated,
    AnswerFailed,
    AnswerSpoken,
    SpeechStored,
    TranscriptionFailed,
    Rated,
    ChatDeleted,
    ChatErased,
}

/// A step of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub kind: StepKind,
    /// The event that records it.
    pub event: EventLink,
    /// The question or answer that it is about.
    pub message: Option<MessageId>,
    /// When it began and ended, if that was measured; otherwise the time of its event is all that is known.
    pub stage: Option<Stage>,
    /// The text that came of it.
    pub text: Option<String>,
    pub details: Details,
}

/// What else is known of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Details {
    None,
    Question { language: String, temperature: f64, top_k: u32 },
    Model(Option<Model>),
    Passages(Vec<PassageSeen>),
    Prompt(Box<PromptSeen>),
    Answer(Box<GenerationSeen>),
    Failure { reason: AnswerFailure, notice: Option<String> },
    Speech(StoredFile),
    Rating { feedback: Uuid, liked: bool },
}

impl Step {
    fn new(kind: StepKind, step: &ChatStep, text: Option<&str>) -> Self {
        let text = text.map(str::to_owned);
        Self { kind, event: step.link.clone(), message: None, stage: None, text, details: Details::None }
    }

    fn about(self, message: MessageId) -> Self {
        Self { message: Some(message), ..self }
    }

    fn during(self, stage: impl Into<Option<Stage>>) -> Self {
        Self { stage: stage.into(), ..self }
    }

    fn with(self, details: Details) -> Self {
        Self { details, ..self }
    }

    /// When it began, as far as it is known.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.stage.map_or(self.event.recorded_at, |stage| stage.started_at)
    }
}

impl Auditing {
    /// Replays a conversation up to a moment, or up to now.
    ///
    /// # Errors
    /// [`AuditingError::UnknownChat`] and [`AuditingError::Moment`] if there is nothing to show; the others if something
    /// cannot be read.
    pub async fn replay(&self, chat: ChatId, at: Moment) -> Result<Replay, AuditingError> {
        let conversation = self.conversation(chat, at).await?;
        let past = self.settings_past(&conversation).await?;
        let mut texts = PassageTexts::new(self);
        let mut found = HashMap::new();
        let mut steps = Vec::new();
        for step in &conversation.steps {
            match &step.event {
                ChatEvent::PassagesRetrieved { answer_id, passages } => {
                    let turn = conversation.turn(*answer_id);
                    let neighbours = turn.as_ref().map_or(Ok(0), |turn| past.neighbours(turn));
                    let of_answer = texts.find(passages, step.link.position, &neighbours).await?;
                    let stage = turn.and_then(|turn| turn.completion).map(|(_, it)| it.generation.retrieval);
                    let seen = of_answer.iter().map(|passage| passage.seen.clone()).collect();
                    let retrieved = Step::new(StepKind::PassagesRetrieved, step, None).about(*answer_id).during(stage);
                    steps.push(retrieved.with(Details::Passages(seen)));
                    found.insert(*answer_id, of_answer);
                }
                ChatEvent::AnswerCompleted(completion) => {
                    let of_answer = found.get(&completion.answer_id).map(Vec::as_slice).unwrap_or_default();
                    steps.extend(prompt_step(&conversation, step, completion, &past, of_answer));
                    let generation = generation_of(completion, of_answer, &mut texts, step.link.position).await?;
                    steps.extend(answer_steps(step, completion, generation));
                }
                ChatEvent::QuestionAsked(question) => steps.extend(question_steps(step, question)),
                other => steps.extend(plain_steps(step, other)),
            }
        }
        let Conversation { id, project, owner, up_to, .. } = conversation;
        Ok(Replay { chat: id, project, owner, up_to, steps })
    }
}

fn question_steps(step: &ChatStep, question: &Question) -> Vec<Step> {
    let of = |kind, text: &str| Step::new(kind, step, Some(text)).about(question.message_id);
    let transcribed = question.transcription.map(|stage| of(StepKind::SpeechTranscribed, &question.text).during(stage));
    let Question { language, temperature, top_k, .. } = question;
    let (language, temperature, top_k) = (language.clone(), *temperature, *top_k);
    let asked = of(StepKind::QuestionAsked, &question.text).with(Details::Question { language, temperature, top_k });
    let english = question.english_text.as_ref();
    let translated = english.map(|text| of(StepKind::QuestionTranslated, text).during(question.translation));
    transcribed.into_iter().chain([asked]).chain(translated).collect()
}

fn prompt_step(
    conversation: &Conversation,
    step: &ChatStep,
    completion: &Completion,
    past: &SettingsPast,
    found: &[FoundPassage],
) -> Option<Step> {
    let turn = conversation.turn(completion.answer_id)?;
    let prompt = prompt_of(conversation, &turn, past, found);
    let is_unused = prompt.is_sent == Some(false);
    let kind = if is_unused { StepKind::PromptUnused } else { StepKind::PromptSent };
    // It was sent when the model began to be waited for, and sending took no time that was measured.
    let sent_at = completion.generation.response.started_at;
    let stage = (!is_unused).then_some(Stage { started_at: sent_at, ended_at: sent_at });
    let sent = Step::new(kind, step, None).about(completion.answer_id).during(stage);
    Some(sent.with(Details::Prompt(Box::new(prompt))))
}

fn answer_steps(step: &ChatStep, completion: &Completion, generation: GenerationSeen) -> Vec<Step> {
    let of = |kind, text: &str| Step::new(kind, step, Some(text)).about(completion.answer_id);
    let written_in = completion.english_text.as_ref().unwrap_or(&completion.text);
    let written = of(StepKind::AnswerWritten, written_in).during(completion.generation.response);
    let translated = completion.english_text.as_ref();
    let translated =
        translated.map(|_| of(StepKind::AnswerTranslated, &completion.text).during(completion.translation));
    let written = written.with(Details::Answer(Box::new(generation)));
    std::iter::once(written).chain(translated).collect()
}

fn plain_steps(step: &ChatStep, event: &ChatEvent) -> Vec<Step> {
    let of = |kind, text: Option<&str>| Step::new(kind, step, text);
    match event {
        ChatEvent::Started { title, .. } => vec![of(StepKind::ChatStarted, Some(title))],
        ChatEvent::StartedWithKey { title, prompt, model, .. } => {
            let prompt = prompt.as_ref().map(|prompt| of(StepKind::PromptSet, Some(prompt)));
            let model = model.map(|model| of(StepKind::ModelSet, None).with(Details::Model(Some(model))));
            std::iter::once(of(StepKind::ChatStarted, Some(title))).chain(prompt).chain(model).collect()
        }
        ChatEvent::PromptChanged { prompt } => vec![of(StepKind::PromptSet, prompt.as_deref())],
        ChatEvent::ModelChanged { model } => vec![of(StepKind::ModelSet, None).with(Details::Model(*model))],
        ChatEvent::Retitled { title } => vec![of(StepKind::Retitled, Some(title))],
        ChatEvent::AnswerFailed { answer_id, reason, partial_text, notice } => {
            let details = Details::Failure { reason: *reason, notice: notice.clone() };
            vec![of(StepKind::AnswerFailed, Some(partial_text)).about(*answer_id).with(details)]
        }
        ChatEvent::AnswerSpoken { answer_id, audio, speech, upload } => vec![
            of(StepKind::AnswerSpoken, None).about(*answer_id).during(*speech).with(Details::Speech(audio.clone())),
            of(StepKind::SpeechStored, None).about(*answer_id).during(*upload).with(Details::Speech(audio.clone())),
        ],
        ChatEvent::TranscriptionFailed { message_id, notice } => {
            vec![of(StepKind::TranscriptionFailed, Some(notice)).about(*message_id)]
        }
        ChatEvent::FeedbackGiven { feedback_id, message_id, liked, message } => {
            let details = Details::Rating { feedback: feedback_id.value(), liked: *liked };
            vec![of(StepKind::Rated, message.as_deref()).about(*message_id).with(details)]
        }
        ChatEvent::Deleted {} => vec![of(StepKind::ChatDeleted, None)],
        ChatEvent::SubjectErased {} => vec![of(StepKind::ChatErased, None)],
        // They are told with more than they hold themselves.
        ChatEvent::QuestionAsked(_) | ChatEvent::PassagesRetrieved { .. } | ChatEvent::AnswerCompleted(_) => vec![],
    }
}
