//! The work on one answer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    chat::{
        AnswerFailure, Chat, ChatCommand, ChatError, Completion, Generation, Question, RetrievedPassage, Stage,
        Transcript, Usage,
    },
    ids::{ChatId, DocumentId, ProjectId},
    project::Settings,
    values::Model,
};
use futures::StreamExt;
use tokio::{sync::mpsc, time::Instant};

use super::{Answering, TurnEvent, message_of};
use crate::{
    event_log::{AppendError, Committed, Row, StoreError},
    execute::{Context, ExecuteError},
    jobs::keep_alive,
    ports::{AnswerChunk, AnswerRequest, Exchange, Finish, Passage, ProviderError, Query, TextKind},
    prompt::{Prompt, ReferenceFilter, render, split_references},
};

/// The most passages that an answer is made from, whatever the client asks for: about 5,000 tokens, of at least five documents.
const MAX_PASSAGES: u32 = 20;
/// Earlier turns that the model is told of.
const MAX_HISTORY: usize = 10;
/// How far back they are looked for: about three events a turn, more where answers have failed.
const MAX_HISTORY_EVENTS: i64 = 100;
/// Small models may repeat themselves without end.
const MAX_ANSWER_BYTES: usize = 200_000;
const MAX_ANSWER_TIME: Duration = Duration::from_secs(300);
/// While the log cannot be written, a complete answer is kept and tried again.
const RECORD_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Work {
    pub answering: Answering,
    pub chat: ChatId,
    pub project_id: ProjectId,
    pub settings: Option<Settings>,
    pub question: Question,
    pub key: Option<String>,
    pub notice: Option<String>,
    pub context: Context,
    pub report: mpsc::UnboundedSender<TurnEvent>,
}

/// An answer that was not made: why, what there was of it, and what the client is told beyond the usual message.
struct Failure {
    reason: AnswerFailure,
    partial_text: String,
    message: Option<String>,
}

impl Failure {
    fn new(reason: AnswerFailure) -> Self {
        Self { reason, partial_text: String::new(), message: None }
    }
}

impl Work {
    pub(super) async fn run(self) {
        let (pool, job, process) =
            (self.answering.commands.log().pool.clone(), self.question.answer_id.value(), self.answering.process);
        let alive = async {
            keep_alive(&pool, job, process).await;
            // The answer is recorded, or another worker has declared this process dead: then it will be refused.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.answer() => {}
            () = alive => {}
        }
    }

    async fn answer(&self) {
        let (command, outcome) = match self.make().await {
            Ok(completion) => {
                let text = completion.text.clone();
                (ChatCommand::CompleteAnswer(Box::new(completion)), Ok(text))
            }
            Err(failure) => {
                let message = failure.message.unwrap_or_else(|| message_of(failure.reason).to_owned());
                let command = ChatCommand::FailAnswer {
                    answer_id: self.question.answer_id,
                    reason: failure.reason,
                    partial_text: failure.partial_text,
                    notice: self.notice.clone(),
                };
                (command, Err(message))
            }
        };
        let event = match (self.record(command).await, outcome) {
            (Ok(committed), Ok(text)) => TurnEvent::Completed { text, committed },
            (Ok(committed), Err(message)) => TurnEvent::Failed { message, committed: Some(committed) },
            (Err(error), _) => {
                tracing::error!(error = %crate::error_chain(&error), chat = %self.chat, "an answer was not recorded");
                TurnEvent::Failed { message: message_of(AnswerFailure::Interrupted).to_owned(), committed: None }
            }
        };
        self.report(event);
    }

    /// Records an outcome and ends the job that stands for the work. Waits for a log that is away: if that takes too long, another
    /// worker takes the job over, and this outcome is refused.
    async fn record(&self, command: ChatCommand) -> Result<Committed, ExecuteError<ChatError>> {
        let rows = vec![Row::FinishJob(self.question.answer_id.value())];
        let commands = &self.answering.commands;
        loop {
            match commands.execute_with::<Chat>(self.chat.value(), command.clone(), rows.clone(), &self.context).await {
                Err(
                    error @ (ExecuteError::Append(AppendError::Unavailable(_))
                    | ExecuteError::Store(StoreError::Unavailable(_))),
                ) => {
                    tracing::warn!(error = %crate::error_chain(&error), chat = %self.chat, "an answer waits to be recorded");
                    tokio::time::sleep(RECORD_PAUSE).await;
                }
                result => return result,
            }
        }
    }

    /// The client may have gone; the work goes on.
    fn report(&self, event: TurnEvent) {
        drop(self.report.send(event));
    }

    fn now(&self) -> DateTime<Utc> {
        self.answering.commands.log().clock.now()
    }

    async fn make(&self) -> Result<Completion, Failure> {
        let (passages, retrieval) = self.retrieve().await?;
        let template = self.settings.as_ref().map(|settings| settings.prompt.as_str()).filter(|text| !text.is_empty());
        let prompt = render(template, &passages)
            .map_err(|error| Failure { message: Some(error.to_string()), ..Failure::new(AnswerFailure::BadPrompt) })?;
        let retrieved: Vec<DocumentId> = passages.iter().map(|passage| passage.document_id).collect();
        let request = self.request(&prompt, passages).await?;
        let model_requested = request.model.clone();
        let started_at = self.now();
        let (raw, finish) = self.stream(request).await?;
        let (text, citations) = split_references(&raw, &retrieved);
        let response = Stage { started_at, ended_at: self.now() };
        Ok(Completion {
            answer_id: self.question.answer_id,
            text,
            english_text: None,
            translation: None,
            citations,
            generation: Generation {
                model_requested,
                model_returned: finish.model,
                prompt_version: prompt.version.to_owned(),
                prompt_hash: prompt.template_hash,
                temperature: self.question.temperature,
                usage: finish
                    .prompt_tokens
                    .zip(finish.completion_tokens)
                    .map(|(prompt_tokens, completion_tokens)| Usage { prompt_tokens, completion_tokens }),
                finish_reason: finish.reason,
                retrieval,
                response,
            },
        })
    }

    async fn retrieve(&self) -> Result<(Vec<Passage>, Stage), Failure> {
        let started_at = self.now();
        let embedder = &self.answering.embedder;
        let text = self.question.text.clone();
        let mut vectors = embedder
            .embed(std::slice::from_ref(&text), TextKind::Question)
            .await
            .map_err(|error| failure_of(&error))?;
        let vector = vectors.pop().unwrap_or_default();
        let query = Query { text, model: embedder.model().to_owned(), vector };
        let limit = usize::try_from(self.question.top_k.clamp(1, MAX_PASSAGES)).unwrap_or(1);
        let passages = self.answering.index.search(self.project_id, query, limit).await.map_err(|error| {
            tracing::error!(error = %crate::error_chain(&error), "passages cannot be searched");
            Failure::new(AnswerFailure::RetrievalFailed)
        })?;
        let command = ChatCommand::RecordPassages {
            answer_id: self.question.answer_id,
            passages: passages
                .iter()
                .map(|passage| RetrievedPassage {
                    document_id: passage.document_id,
                    document_version: passage.document_version,
                    chunk_id: passage.chunk_id,
                    content_hash: passage.content_hash.clone(),
                    score: passage.score,
                })
                .collect(),
        };
        self.answering.commands.execute::<Chat>(self.chat.value(), command, &self.context).await.map_err(|error| {
            tracing::error!(error = %crate::error_chain(&error), chat = %self.chat, "passages were not recorded");
            Failure::new(AnswerFailure::Interrupted)
        })?;
        Ok((passages, Stage { started_at, ended_at: self.now() }))
    }

    async fn request(&self, prompt: &Prompt, passages: Vec<Passage>) -> Result<AnswerRequest, Failure> {
        let log = self.answering.commands.log();
        let events = log.latest_events_of::<Chat>(self.chat.value(), MAX_HISTORY_EVENTS).await.map_err(|error| {
            tracing::error!(error = %crate::error_chain(&error), chat = %self.chat, "the history cannot be read");
            Failure::new(AnswerFailure::Interrupted)
        })?;
        let mut transcript = Transcript::default();
        for event in &events {
            transcript.apply(event);
        }
        let mut history: Vec<Exchange> = transcript
            .answered_before(self.question.answer_id)
            .map(|(question, answer)| Exchange { question: question.to_owned(), answer: answer.to_owned() })
            .collect();
        let history = history.split_off(history.len().saturating_sub(MAX_HISTORY));
        let model = self.settings.as_ref().map_or(Model::Gpt35, |settings| settings.model);
        Ok(AnswerRequest {
            model: (self.answering.names)(model),
            system: prompt.system.clone(),
            history,
            question: self.question.text.replace(['\r', '\n'], " "),
            passages,
            temperature: self.question.temperature,
            api_key: self.key.clone(),
        })
    }

    /// Streams the model's answer to the client. Returns all of it, as the model wrote it.
    async fn stream(&self, request: AnswerRequest) -> Result<(String, Finish), Failure> {
        let mut stream = self.answering.model.answer(request).await.map_err(|error| failure_of(&error))?;
        let mut raw = String::new();
        let mut finish = Finish::default();
        let mut filter = ReferenceFilter::default();
        let end = Instant::now() + MAX_ANSWER_TIME;
        loop {
            let Ok(chunk) = tokio::time::timeout_at(end, stream.next()).await else {
                return Err(Failure { partial_text: raw, ..Failure::new(AnswerFailure::ProviderUnavailable) });
            };
            let Some(chunk) = chunk else { break };
            if raw.len() > MAX_ANSWER_BYTES {
                return Err(Failure { partial_text: raw, ..Failure::new(AnswerFailure::Refused) });
            }
            match chunk {
                Ok(AnswerChunk::Delta(text)) => {
                    raw.push_str(&text);
                    let shown = filter.push(&text);
                    if !shown.is_empty() {
                        self.report(TurnEvent::Delta(shown));
                    }
                }
                Ok(AnswerChunk::Finished(end)) => finish = end,
                Err(error) => return Err(Failure { partial_text: raw, ..failure_of(&error) }),
            }
        }
        let rest = filter.finish();
        if !rest.is_empty() {
            self.report(TurnEvent::Delta(rest));
        }
        Ok((raw, finish))
    }
}

fn failure_of(error: &ProviderError) -> Failure {
    tracing::warn!(error = %crate::error_chain(error), "a model provider failed");
    Failure::new(match error {
        ProviderError::Unauthorized => AnswerFailure::Unauthorized,
        ProviderError::RateLimited => AnswerFailure::RateLimited,
        ProviderError::Refused(_) => AnswerFailure::Refused,
        ProviderError::Unavailable(_) => AnswerFailure::ProviderUnavailable,
    })
}
