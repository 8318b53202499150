//! The work on one answer.

use std::panic::AssertUnwindSafe;

use domain::{
    chat::{
        AnswerFailure, Chat, ChatCommand, ChatError, ChatEvent, Completion, Generation, Question, RetrievedPassage,
        Stage, Transcript,
    },
    ids::{ChatId, MessageId, ProjectId},
    personal::Personal,
    project::Project,
};
use futures::FutureExt;
use knowledge::{markdown::written, prompt::Template};
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::{
    Answering, PROJECT_DELETED, TurnEvent, UNTRANSLATED,
    answer_settings::AnswerSettings,
    compose::{Draft, Failure, Written},
    interpreting::Translated,
    languages::is_english,
    message_of,
};
use crate::{
    event_log::{AppendError, Committed},
    execute::{Context, ExecuteError},
    jobs::keep_alive,
};
use ports::{Exchange, Passage};

/// Earlier turns that the model gets.
const MAX_HISTORY: usize = 10;
/// Messages that are searched for them: two for each turn and the current question, and some more for questions whose
/// answers have failed.
const MAX_HISTORY_MESSAGES: i64 = 23;
/// The inverse of the least size of a piece, as a part of the text before it.
const PART: usize = 512;

pub(super) struct Work {
    pub answering: Answering,
    pub chat: ChatId,
    /// The project whose passages are searched; `None` for a chat without a project, which is answered without any.
    pub project_id: Option<ProjectId>,
    pub respondent: AnswerSettings,
    pub question: Question,
    /// Whether the translator has failed, so that no answer can be made.
    pub is_untranslated: bool,
    pub key: Option<SecretString>,
    pub notice: Option<String>,
    /// Whether the answer is to be spoken.
    pub speaks: bool,
    pub context: Context,
    pub report: mpsc::UnboundedSender<TurnEvent>,
    pub shown: Mutex<SentText>,
}

/// An answer's speech: the name of its file, and the append that recorded it.
pub(super) struct Spoken {
    pub audio: String,
    pub committed: Committed,
}

/// The text of an answer that the client was sent, and the text that waits to be sent with more.
///
/// Each frame of a stream holds the whole text so far. If a long answer were sent letter by letter, the frames would
/// amount to gigabytes: so the pieces grow with the text, and all frames together are at most some hundreds of times as
/// long as the answer.
#[derive(Debug, Default)]
pub(super) struct SentText {
    bytes: usize,
    waiting: String,
}

impl SentText {
    /// Adds text; returns the text that is to be sent now.
    fn add(&mut self, text: &str) -> Option<String> {
        self.waiting.push_str(text);
        (self.waiting.len() >= self.bytes / PART).then(|| self.rest()).flatten()
    }

    fn rest(&mut self) -> Option<String> {
        self.bytes += self.waiting.len();
        Some(std::mem::take(&mut self.waiting)).filter(|text| !text.is_empty())
    }
}

impl Work {
    pub(super) async fn run(self) {
        let (pool, job, process) =
            (self.answering.pool.clone(), self.question.answer_id.value(), self.answering.process);
        let alive = async {
            keep_alive(&pool, job, process).await;
            // The answer is recorded, or another worker has declared this process dead, in which case recording will be
            // refused.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.answer() => {}
            () = alive => {}
        }
    }

    async fn answer(&self) {
        let mut commands = Vec::new();
        // After a panic the client, and a repeated request, would wait for an outcome until the job's lease expires.
        let making = AssertUnwindSafe(self.make(&mut commands)).catch_unwind();
        let made = tokio::select! {
            // Polled first, because it has the partial text of the answer.
            biased;
            made = making => made.unwrap_or_else(|_| {
                self.log_panic("an answer was not made");
                Err(Failure::new(AnswerFailure::Interrupted))
            }),
            () = self.answering.interruption.cancelled() => Err(Failure::by_restart(String::new())),
        };
        let outcome = match made {
            Ok(completion) => {
                let text = completion.text.as_str().to_owned();
                commands.push(ChatCommand::CompleteAnswer(Box::new(completion)));
                Ok(text)
            }
            Err(failure) => {
                let own = failure.notice.map(str::to_owned);
                let message = failure.message.or(own.clone()).unwrap_or_else(|| message_of(failure.reason).to_owned());
                commands.push(ChatCommand::FailAnswer {
                    answer_id: self.question.answer_id,
                    reason: failure.reason,
                    partial_text: failure.partial_text,
                    notice: own.or_else(|| self.notice.clone()),
                });
                Err(message)
            }
        };
        let event = match (self.record_in_time(commands).await, outcome) {
            // A recorded answer is not held back for its speech when the process ends.
            (Ok(committed), Ok(text)) => {
                let speaking = AssertUnwindSafe(self.speak(&text)).catch_unwind();
                let spoken = self.answering.interruption.run_until_cancelled(speaking).await.unwrap_or(Ok(None));
                let spoken = spoken.unwrap_or_else(|_| {
                    self.log_panic("an answer was not spoken");
                    None
                });
                match spoken {
                    Some(Spoken { audio, committed }) => TurnEvent::Completed { text, audio: Some(audio), committed },
                    None => TurnEvent::Completed { text, audio: None, committed },
                }
            }
            (Ok(committed), Err(message)) => TurnEvent::Failed { message, committed: Some(committed) },
            (Err(ExecuteError::Refused(ChatError::NotFound)), _) => {
                tracing::info!(chat = %self.chat, "a chat was deleted while it was answered");
                TurnEvent::Failed { message: message_of(AnswerFailure::Interrupted).to_owned(), committed: None }
            }
            (Err(ExecuteError::Append(AppendError::SubjectErased)), _) => {
                tracing::info!(chat = %self.chat, "a person was erased while a question of theirs was answered");
                TurnEvent::Failed { message: message_of(AnswerFailure::Interrupted).to_owned(), committed: None }
            }
            (Err(error), _) => {
                tracing::error!(error = %crate::error_chain(&error), chat = %self.chat, "an answer was not recorded");
                // Of one that another worker took for interrupted, the chat has a notice, which is read after the stream.
                let committed = match error {
                    ExecuteError::Refused(_) => {
                        self.answering.commands.committed_before::<Chat>(self.chat.value()).await.ok()
                    }
                    _ => None,
                };
                TurnEvent::Failed { message: message_of(AnswerFailure::Interrupted).to_owned(), committed }
            }
        };
        self.report(event);
    }

    /// Logs a panic without its message, which may contain personal text; its location has been logged already.
    fn log_panic(&self, loss: &str) {
        tracing::error!(chat = %self.chat, answer = %self.question.answer_id, loss, "a panic: this is a bug");
    }

    /// Reports an event. The client may be gone; the work continues.
    pub(super) fn report(&self, event: TurnEvent) {
        let rest = self.shown.lock().rest();
        rest.into_iter().map(TurnEvent::Delta).chain([event]).for_each(|event| drop(self.report.send(event)));
    }

    fn show(&self, text: &str) {
        let shown = self.shown.lock().add(text);
        if let Some(text) = shown {
            drop(self.report.send(TurnEvent::Delta(text)));
        }
    }

    /// Makes the answer. Commands that are to be recorded before its outcome are added to `commands`.
    async fn make(&self, commands: &mut Vec<ChatCommand>) -> Result<Completion, Failure> {
        if self.is_untranslated {
            return Err(Failure { notice: Some(UNTRANSLATED), ..Failure::new(AnswerFailure::TranslationFailed) });
        }
        let question = self.question.english_text.as_ref().unwrap_or(&self.question.text);
        let retrieved = match self.project_id {
            // Without its documents a model would answer out of its own memory.
            Some(project) if self.is_deleted(project).await => return Ok(self.without_documents()),
            Some(project) => {
                let (top_k, model, key) = (self.question.top_k, self.respondent.model, self.key.clone());
                self.answering.retrieve(project, question, top_k, model, key).await?
            }
            None => self.answering.retrieve_nothing(),
        };
        commands.push(self.record_passages(&retrieved.passages));
        let draft = Draft {
            template: &self.respondent.template,
            model: self.respondent.model,
            retrieved,
            history: self.history().await?,
            question,
            temperature: self.question.temperature,
            key: self.key.clone(),
        };
        let answer_id = self.question.answer_id;
        let language = &self.question.language;
        let show = |shown: String| self.show(&shown);
        let is_in_english = is_english(language) || self.question.english_text.is_some();
        let (written, translated) = self.answering.write_for(language, is_in_english, draft, show).await?;
        let Written { text: written, citations, generation } = written;
        let (text, english_text, translation) = match translated {
            None => (written, None, None),
            Some(Translated { text, stage }) => (text, Some(written), Some(stage)),
        };
        let (text, english_text) = (text.into(), english_text.map(Personal::from));
        Ok(Completion { answer_id, text, english_text, translation, citations, generation })
    }

    async fn is_deleted(&self, project: ProjectId) -> bool {
        matches!(self.answering.projects.load(project).await, Ok(Project::Deleted { .. }))
    }

    /// The answer in a chat of a deleted project.
    fn without_documents(&self) -> Completion {
        self.show(PROJECT_DELETED);
        let now = self.answering.clock.now();
        let at_once = Stage { started_at: now, ended_at: now };
        let template = Template::of(Some(&self.respondent.template));
        let generation = Generation {
            model_requested: (self.answering.names)(self.respondent.model),
            model_returned: None,
            prompt_version: template.version.to_owned(),
            prompt_hash: template.hash(),
            temperature: self.question.temperature,
            usage: None,
            finish_reason: None,
            retrieval: at_once,
            response: at_once,
        };
        let (answer_id, text) = (self.question.answer_id, PROJECT_DELETED.to_owned().into());
        Completion { answer_id, text, english_text: None, translation: None, citations: vec![], generation }
    }

    fn record_passages(&self, passages: &[Passage]) -> ChatCommand {
        ChatCommand::RecordPassages {
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
        }
    }

    /// Earlier turns of the conversation.
    async fn history(&self) -> Result<Vec<Exchange>, Failure> {
        let log = self.answering.commands.log();
        let events =
            log.latest_events_of::<Chat>(self.chat.value(), &Transcript::EVENT_TYPES, MAX_HISTORY_MESSAGES).await;
        let events = events.map_err(|error| {
            tracing::error!(error = %crate::error_chain(&error), chat = %self.chat, "the history cannot be read");
            Failure::new(AnswerFailure::Interrupted)
        })?;
        Ok(earlier_turns(events.iter().rev(), self.question.answer_id))
    }
}

/// The turns before an answer that the model gets, oldest first, of the events of [`Transcript::EVENT_TYPES`] that there
/// are when it is asked, given latest first.
pub(crate) fn earlier_turns<'e>(
    latest_first: impl Iterator<Item = &'e ChatEvent>,
    answer_id: MessageId,
) -> Vec<Exchange> {
    let mut events: Vec<&ChatEvent> =
        latest_first.take(usize::try_from(MAX_HISTORY_MESSAGES).unwrap_or(usize::MAX)).collect();
    events.reverse();
    let mut transcript = Transcript::default();
    for event in events {
        transcript.apply(event);
    }
    let mut history: Vec<Exchange> = transcript
        .answered_before(answer_id)
        .map(|(question, answer)| Exchange { question: question.to_owned(), answer: written(answer) })
        .collect();
    history.split_off(history.len().saturating_sub(MAX_HISTORY))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of all frames, and the text that their deltas amount to.
    fn streamed(text: &str) -> (usize, String) {
        let mut shown = SentText::default();
        let mut so_far = String::new();
        let mut bytes = 0;
        let mut frame = |delta: Option<String>| {
            if let Some(delta) = delta {
                so_far.push_str(&delta);
                bytes += so_far.len() + delta.len();
            }
        };
        for letter in text.chars() {
            frame(shown.add(letter.encode_utf8(&mut [0; 4])));
        }
        frame(shown.rest());
        (bytes, so_far)
    }

    #[test]
    fn a_long_answer_that_comes_letter_by_letter_is_not_sent_as_gigabytes() {
        let text = "zinc ".repeat(20_000);
        let (bytes, so_far) = streamed(&text);
        assert_eq!(so_far, text);
        assert!(bytes < 100_000_000, "{bytes} bytes for 100,000");
    }

    #[test]
    fn a_short_answer_is_shown_as_it_comes() {
        let mut shown = SentText::default();
        let letters = "Zinc for 14 days.".repeat(30);
        assert!(letters.chars().all(|letter| shown.add(&letter.to_string()).is_some()));
    }
}
