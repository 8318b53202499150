//! Composes an answer for any caller: finds the passages, expands the prompt, lets the model write.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{
    chat::{AnswerFailure, Generation, Stage, Usage},
    ids::{DocumentId, ProjectId},
    project::{Project, RetrievalSettings},
    values::Model,
};
use futures::StreamExt;
use secrecy::SecretString;
use tokio::time::Instant;

use super::{Answering, PROJECT_DELETED, reranking::Reranker};
use crate::{counters::Bound, passage_store::PassageStoreError};
use knowledge::prompt::{AnswerText, Prompt, PromptError, Template, has_thought_marks, past_thoughts, render};
use knowledge::retrieval::ranking::SearchResults;
use ports::{AnswerChunk, AnswerRequest, Ending, Exchange, Finish, Passage, ProviderError};

/// Passages of an answer, at most, whatever the client asks for: about 5,000 tokens, from at least five documents.
const MAX_PASSAGES: u32 = 20;
const MAX_ANSWER_TIME: Duration = Duration::from_mins(5);
/// The notice at the end of an answer that is cut off: half a sentence about a dose must not look like a whole one.
const CUT_OFF: &str = "\n\n[This answer is incomplete: the language model reached its limit of length.]";
const STOPPED: &str = "\n\n[This answer is incomplete: the language model was stopped before its end.]";
const WITHHELD: &str =
    "\n\n[This answer is incomplete: the rest was held back by the language model's content filter.]";

const RESTARTING: &str = "The server is being restarted. Please ask again in a moment.";

/// A failed answer: the reason, the text so far, and the client's message if it differs from the usual one.
pub(crate) struct Failure {
    pub reason: AnswerFailure,
    pub partial_text: String,
    pub message: Option<String>,
    /// The text that the conversation shows instead of the usual notice; the client gets it, too.
    pub notice: Option<&'static str>,
}

impl Failure {
    pub(super) const fn new(reason: AnswerFailure) -> Self {
        Self { reason, partial_text: String::new(), message: None, notice: None }
    }

    /// The failure of an answer because the process ends; the question is not at fault.
    pub(super) fn by_restart(partial_text: String) -> Self {
        Self { partial_text, message: Some(RESTARTING.to_owned()), ..Self::new(AnswerFailure::Interrupted) }
    }
}

/// Passages cannot be searched at the moment; the cause is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("passages cannot be searched at the moment")]
pub struct RetrievalFailed;

/// The passages for a question, best first, and the time of the search.
pub(crate) struct Retrieved {
    pub passages: Vec<Passage>,
    pub stage: Stage,
}

/// The request to the model.
pub(crate) struct Draft<'a> {
    /// The project's prompt; blank for the built-in one.
    pub template: &'a str,
    pub model: Model,
    pub retrieved: Retrieved,
    /// Earlier turns, oldest first.
    pub history: Vec<Exchange>,
    /// The question in English.
    pub question: &'a str,
    pub temperature: f64,
    /// The provider's key, if one is needed.
    pub key: Option<SecretString>,
}

/// What a question is asked with. Auditors see the same made again of what was recorded.
pub(crate) struct Conversation<'a> {
    /// The project's prompt; blank for the built-in one.
    pub template: &'a str,
    pub passages: Vec<Passage>,
    /// Earlier turns, oldest first.
    pub history: Vec<Exchange>,
}

impl<'a> Conversation<'a> {
    /// The request to the model for a question in English, and the template of its system message.
    pub(crate) fn ask(
        self,
        question: &str,
        model: String,
        temperature: f64,
        api_key: Option<SecretString>,
    ) -> Result<(AnswerRequest, Template<'a>), PromptError> {
        let Self { template, passages, history } = self;
        let Prompt { system, template } = render(Some(template), &passages)?;
        let question = question.replace(['\r', '\n'], " ");
        let request = AnswerRequest { model, system, history, question, passages, temperature, api_key };
        Ok((request, template))
    }
}

/// The model's answer.
pub(crate) struct Written {
    /// The text without the references at its end.
    pub text: String,
    /// The documents that it named as its sources, best first; retrieved ones only.
    pub citations: Vec<DocumentId>,
    pub generation: Generation,
}

impl Answering {
    /// Finds the passages of a project that answer a question. `key` is for the model, if that reranks them.
    pub(crate) async fn retrieve(
        &self,
        project: ProjectId,
        question: &str,
        top_k: u32,
        model: Model,
        key: Option<SecretString>,
    ) -> Result<Retrieved, Failure> {
        let started_at = self.now();
        let found = match self.projects.load(project).await {
            // Its documents go: without them the model would answer out of its own memory.
            Ok(Project::Absent | Project::Deleted { .. }) => {
                return Err(Failure { notice: Some(PROJECT_DELETED), ..Failure::new(AnswerFailure::RetrievalFailed) });
            }
            Ok(Project::Existing { retrieval, .. }) => {
                let judge = Reranker { model: (self.names)(model), key };
                self.find(project, question, top_k.min(MAX_PASSAGES), retrieval, Some(judge)).await?
            }
            Err(error) => {
                tracing::error!(error = %crate::error_chain(&error), "a project cannot be loaded");
                return Err(Failure::new(AnswerFailure::RetrievalFailed));
            }
        };
        Ok(Retrieved { passages: found.passages, stage: Stage { started_at, ended_at: self.now() } })
    }

    /// Explains a search: the results of all stages, perhaps with other settings than the project's.
    ///
    /// # Errors
    /// [`RetrievalFailed`] if the embedder or the index cannot be reached.
    pub async fn explain(
        &self,
        project: ProjectId,
        question: &str,
        top_k: u32,
        settings: RetrievalSettings,
    ) -> Result<SearchResults, RetrievalFailed> {
        let model = match self.settings_of(project).await {
            Ok(settings) => settings.map(|settings| settings.model),
            Err(error) => {
                tracing::error!(error = %crate::error_chain(&error), "a project cannot be loaded");
                return Err(RetrievalFailed);
            }
        };
        let judge = model.map(|model| Reranker { model: (self.names)(model), key: None });
        self.find(project, question, top_k, settings, judge).await.map_err(|_| RetrievalFailed)
    }

    async fn find(
        &self,
        project: ProjectId,
        question: &str,
        top_k: u32,
        settings: RetrievalSettings,
        judge: Option<Reranker>,
    ) -> Result<SearchResults, Failure> {
        let limit = usize::try_from(top_k.max(1)).unwrap_or(1);
        let reranked = usize::from(settings.rerank);
        let found = self.passage_store.search(project, question, limit.max(reranked), settings.into()).await;
        let mut found = found.map_err(|error| match error {
            PassageStoreError::Embedder(error) => failure_of(&error),
            error => {
                tracing::error!(error = %crate::error_chain(&error), "passages cannot be searched");
                Failure::new(AnswerFailure::RetrievalFailed)
            }
        })?;
        found.passages = self.rerank(question, found.passages, reranked, judge).await;
        found.keep(limit);
        Ok(found)
    }

    /// No passages, for a conversation without a project, which is answered without documents.
    pub(crate) fn retrieve_nothing(&self) -> Retrieved {
        let now = self.now();
        Retrieved { passages: vec![], stage: Stage { started_at: now, ended_at: now } }
    }

    /// Lets the model write. `show` gets the text piece by piece, as a reader may see it.
    pub(crate) async fn write(&self, draft: Draft<'_>, show: impl Fn(String) + Send) -> Result<Written, Failure> {
        let Retrieved { passages, stage: retrieval } = draft.retrieved;
        let sources = passages.iter().map(|passage| (passage.document_id, passage.title.clone())).collect();
        let model_requested = (self.names)(draft.model);
        let conversation = Conversation { template: draft.template, passages, history: draft.history };
        let request = conversation.ask(draft.question, model_requested.clone(), draft.temperature, draft.key);
        let (request, template) = request
            .map_err(|error| Failure { message: Some(error.to_string()), ..Failure::new(AnswerFailure::BadPrompt) })?;
        let started_at = self.now();
        let (text, citations, finish) = self.stream(request, sources, show).await?;
        let generation = Generation {
            model_requested,
            model_returned: finish.model,
            prompt_version: template.version.to_owned(),
            prompt_hash: template.hash(),
            temperature: draft.temperature,
            usage: finish
                .prompt_tokens
                .zip(finish.completion_tokens)
                .map(|(prompt_tokens, completion_tokens)| Usage { prompt_tokens, completion_tokens }),
            finish_reason: finish.reason,
            retrieval,
            response: Stage { started_at, ended_at: self.now() },
        };
        Ok(Written { text, citations, generation })
    }

    /// Streams the model's answer; returns it as people see it, with the documents among `sources` (given with their
    /// titles) that it names.
    async fn stream(
        &self,
        request: AnswerRequest,
        sources: Vec<(DocumentId, String)>,
        show: impl Fn(String) + Send,
    ) -> Result<(String, Vec<DocumentId>, Finish), Failure> {
        let quotes_marks = has_marks_to_quote(&request);
        let mut stream = self.model.answer(request).await.map_err(|error| failure_of(&error))?;
        let mut raw = String::new();
        let mut finish = Finish::default();
        let mut text = Text { show, shown: String::new() };
        // The built-in answerer quotes documents; its text has no parts that are meant for the machine.
        let mut filter = (!self.model.is_built_in()).then(|| {
            let filter = AnswerText::new(sources);
            if quotes_marks { filter.keeping_thoughts() } else { filter }
        });
        let end = Instant::now() + MAX_ANSWER_TIME;
        let mut left = self.lengths.answer_chars;
        loop {
            let next = tokio::time::timeout_at(end, stream.next());
            let Some(next) = self.interruption.run_until_cancelled(next).await else {
                return Err(Failure::by_restart(raw));
            };
            let Ok(chunk) = next else {
                return Err(broken_off(AnswerFailure::ProviderUnavailable, raw));
            };
            let Some(chunk) = chunk else { break };
            match chunk {
                Ok(AnswerChunk::Delta(delta)) => {
                    // PostgreSQL stores every character except NUL, and the shown text must equal the stored one.
                    let (delta, is_whole) = start_of(delta.replace('\0', ""), left);
                    left -= delta.chars().count();
                    raw.push_str(&delta);
                    text.add(match &mut filter {
                        Some(filter) => filter.push(&delta),
                        None => delta,
                    });
                    if !is_whole {
                        // Small models may repeat themselves without end; this ends as if the provider had cut the
                        // answer off.
                        Bound::LongAnswer.met();
                        finish.reason = Some("length".to_owned());
                        break;
                    }
                }
                Ok(AnswerChunk::Finished(end)) => finish = end,
                Err(error) => return Err(broken_off(failure_of(&error).reason, raw)),
            }
        }
        let keeps_thoughts = filter.is_none() || quotes_marks;
        let (rest, named) = filter.map_or_else(Default::default, AnswerText::finish);
        text.add(rest);
        let citations = finish.citations.take().unwrap_or(named);
        text.end(&finish).map_err(|failure| Failure { partial_text: raw, ..failure })?;
        // A thought whose beginning is missing was streamed as a part of the answer; the last frame and the stored text
        // are without it.
        let answer = past_thoughts(&text.shown).filter(|_| !keeps_thoughts).map(str::to_owned);
        Ok((answer.unwrap_or(text.shown), citations, finish))
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// Whether what the model may quote has marks of thoughts. The prompt is not looked at: it may tell the model to use some.
fn has_marks_to_quote(request: &AnswerRequest) -> bool {
    let passages = request.passages.iter().flat_map(|it| [&it.title, &it.headings, &it.text]);
    let turns = request.history.iter().flat_map(|turn| [&turn.question, &turn.answer]);
    passages.chain(turns).chain([&request.question]).any(|text| has_thought_marks(text))
}

/// At most so many characters of a text, and whether that is all of it.
fn start_of(mut text: String, characters: usize) -> (String, bool) {
    let end = text.char_indices().nth(characters).map(|(at, _)| at);
    text.truncate(end.unwrap_or(text.len()));
    (text, end.is_none())
}

/// The text of an answer that was shown so far.
struct Text<Show> {
    show: Show,
    shown: String,
}

impl<Show: Fn(String)> Text<Show> {
    fn add(&mut self, text: String) {
        if !text.is_empty() {
            self.shown.push_str(&text);
            (self.show)(text);
        }
    }

    /// Appends a notice if the text is incomplete; fails if no visible text came.
    fn end(&mut self, finish: &Finish) -> Result<(), Failure> {
        let ending = Ending::of(finish.reason.as_deref());
        if self.shown.trim().is_empty() {
            let is_withheld = ending == Ending::Withheld;
            return Err(Failure::new(if is_withheld { AnswerFailure::Withheld } else { AnswerFailure::Empty }));
        }
        match ending {
            Ending::Whole => {}
            Ending::Stopped | Ending::Broken => self.add(STOPPED.to_owned()),
            Ending::CutOff => self.add(CUT_OFF.to_owned()),
            Ending::Withheld => self.add(WITHHELD.to_owned()),
        }
        Ok(())
    }
}

/// The failure of a provider in the middle of an answer, or before its first word.
fn broken_off(reason: AnswerFailure, partial_text: String) -> Failure {
    let reason = match reason {
        AnswerFailure::ProviderUnavailable if !partial_text.is_empty() => AnswerFailure::BrokenOff,
        reason => reason,
    };
    Failure { partial_text, ..Failure::new(reason) }
}

fn failure_of(error: &ProviderError) -> Failure {
    tracing::warn!(error = %crate::error_chain(error), "a model provider failed");
    Failure::new(error.into())
}
