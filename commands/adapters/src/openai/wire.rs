//! Converts the messages of servers: a stream of events to an answer, a completion to an object, and embeddings to
//! vectors.

use std::time::Duration;

use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{
    chunk::{Chunk, Source},
    events::{DONE, Events},
    sse::Event,
    surrogates::Surrogates,
};
use knowledge::prompt::without_thoughts;
use ports::{AnswerChunk, Ending, Finish, ProviderError};

/// The wait for the usage after the answer is complete.
const USAGE_MAY_TAKE: Duration = Duration::from_secs(3);

/// Converts a server's events to chunks of an answer.
pub(super) struct ChatStream {
    events: Events,
    surrogates: Surrogates,
    finish: Finish,
    /// The index of the answer that is read, where there are several: the first one that came.
    index: Option<u64>,
    /// The field that has its text: a server that sends pieces may send the whole answer once more.
    source: Option<Source>,
    /// Whether another of several answers has ended; then the one that is read must end, too.
    has_other_ended: bool,
    /// The state of the answer's end.
    end: End,
    has_ended: bool,
}

/// The state of an answer's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotReached,
    /// A reason was named; only the usage may follow, until this moment.
    Reached(Instant),
    /// Text came after a reason: this server names reasons before the end.
    Passed,
}

impl ChatStream {
    pub(super) fn new(events: Events) -> Self {
        Self {
            events,
            surrogates: Surrogates::default(),
            finish: Finish::default(),
            index: None,
            source: None,
            has_other_ended: false,
            end: End::NotReached,
            has_ended: false,
        }
    }

    pub(super) async fn next(mut self) -> Option<(Result<AnswerChunk, ProviderError>, Self)> {
        while !self.has_ended {
            let read = match self.next_event().await {
                Some(Ok(event)) if is_end(&event) => return Some(self.finished()),
                Some(Ok(event)) => Chunk::of_event(&event, &mut self.surrogates),
                Some(Err(error)) => Err(error),
                None if self.end == End::Passed => return Some(self.finished()),
                None => Err(ProviderError::unavailable("the stream ended before the answer")),
            };
            match read {
                Ok(chunk) => {
                    let text = self.take(chunk);
                    if !text.is_empty() {
                        return Some((Ok(AnswerChunk::Delta(text)), self));
                    }
                }
                // The answer is complete, whatever follows it.
                Err(_) if matches!(self.end, End::Reached(_)) => return Some(self.finished()),
                Err(error) => return Some(self.failed(error)),
            }
        }
        None
    }

    async fn next_event(&mut self) -> Option<Result<Event, ProviderError>> {
        match self.end {
            End::NotReached | End::Passed => self.events.next().await,
            End::Reached(patience) => tokio::time::timeout_at(patience, self.events.next()).await.ok().flatten(),
        }
    }

    fn finished(mut self) -> (Result<AnswerChunk, ProviderError>, Self) {
        if self.finish.reason.is_none() && self.has_other_ended {
            return self.failed(ProviderError::unavailable("the provider mixed several answers"));
        }
        if Ending::of(self.finish.reason.as_deref()) == Ending::Broken {
            return self.failed(ProviderError::unavailable("the provider broke the answer off"));
        }
        self.has_ended = true;
        (Ok(AnswerChunk::Finished(self.finish.clone())), self)
    }

    /// Records the metadata of the chunk; returns its text.
    fn take(&mut self, chunk: Chunk) -> String {
        let mut text = String::new();
        for choice in chunk.choices {
            if *self.index.get_or_insert(choice.index) != choice.index {
                self.has_other_ended |= choice.reason.is_some();
                continue;
            }
            if !choice.text.is_empty() && *self.source.get_or_insert(choice.source) == choice.source {
                text.push_str(&choice.text);
            }
            if matches!(self.end, End::Reached(_)) && !text.is_empty() {
                self.end = End::Passed;
            }
            if let Some(reason) = choice.reason {
                if self.end == End::NotReached {
                    self.end = End::Reached(Instant::now() + USAGE_MAY_TAKE);
                }
                self.finish.reason = Some(more_severe(self.finish.reason.take(), reason));
            }
        }
        if let Some(model) = chunk.model {
            self.finish.model = Some(model);
        }
        if let Some(usage) = chunk.usage {
            self.finish.prompt_tokens = usage.prompt_tokens;
            self.finish.completion_tokens = usage.completion_tokens;
        }
        text
    }

    fn failed(mut self, error: ProviderError) -> (Result<AnswerChunk, ProviderError>, Self) {
        self.has_ended = true;
        (Err(error), self)
    }
}

/// Whether the event is the end mark; some servers write it as a JSON string, or send an event of type `done` instead.
fn is_end(event: &Event) -> bool {
    let data = event.data.trim();
    data == DONE || data.strip_prefix('"').and_then(|data| data.strip_suffix('"')) == Some(DONE) || event.name == "done"
}

/// The more severe of two reasons: some servers report an ordinary end after a failure.
fn more_severe(before: Option<String>, reason: String) -> String {
    match before {
        Some(before) if Ending::of(Some(&before)) > Ending::of(Some(&reason)) => before,
        Some(_) | None => reason,
    }
}

/// The JSON object of a completion that was sent as a whole. An incomplete completion, or one without an object, is a
/// failure of the server.
pub(super) fn completed_object(completion: &Value) -> Result<String, ProviderError> {
    let object = completion.as_object().ok_or_else(|| ProviderError::unavailable("unreadable answer"))?;
    let choice = Chunk::of_object(object)?.choices.into_iter().next();
    let choice = choice.ok_or_else(|| ProviderError::unavailable("the completion has no choice"))?;
    match Ending::of(choice.reason.as_deref()) {
        Ending::Whole => {}
        Ending::Stopped | Ending::CutOff | Ending::Broken => {
            return Err(ProviderError::unavailable("the completion is cut off"));
        }
        Ending::Withheld => return Err(ProviderError::refused("content_filter")),
    }
    let text = without_thoughts(&choice.text);
    let object = object_in(&text).ok_or_else(|| ProviderError::unavailable("the completion is no JSON object"))?;
    Ok(object.to_owned())
}

/// The only JSON object in a text. Some models write words before it, or put it into a code block, whatever they are
/// told.
fn object_in(text: &str) -> Option<&str> {
    let object = text.get(text.find('{')?..=text.rfind('}')?)?;
    serde_json::from_str::<Map<String, Value>>(object).is_ok().then_some(object)
}

/// The answer to a request for embeddings.
#[derive(Debug, Deserialize)]
pub(super) struct Embeddings {
    data: Vec<Embedding>,
}

#[derive(Debug, Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

impl Embeddings {
    /// The vectors in the order of the inputs, scaled to length 1; not every server sends them so.
    pub(super) fn into_vectors(mut self, inputs: usize) -> Result<Vec<Vec<f32>>, ProviderError> {
        self.data.sort_by_key(|item| item.index);
        let are_all = self.data.len() == inputs && (0..).zip(&self.data).all(|(at, item)| item.index == at);
        if !are_all || self.data.iter().any(|item| item.embedding.len() != self.data[0].embedding.len()) {
            return Err(ProviderError::unavailable("the embeddings do not match the inputs"));
        }
        Ok(self.data.into_iter().map(|item| normalised(item.embedding)).collect())
    }
}

fn normalised(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 && length.is_finite() {
        for x in &mut vector {
            *x /= length;
        }
    }
    vector
}
