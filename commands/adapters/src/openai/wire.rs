//! What servers send: a stream of events that becomes an answer, a completion that comes as a whole, and vectors.

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

/// How long the usage is waited for when the answer is whole.
const USAGE_MAY_TAKE: Duration = Duration::from_secs(3);

/// Events of a server to chunks of an answer.
pub(super) struct ChatStream {
    events: Events,
    surrogates: Surrogates,
    finish: Finish,
    /// Which of several answers is read: the first one that came.
    index: Option<u64>,
    /// Where its text is: a server that sends pieces may send the whole answer once more.
    source: Option<Source>,
    /// Whether another one came to its end: so must the one that is read.
    has_other_ended: bool,
    /// When the server has named a reason for the end.
    end: End,
    has_ended: bool,
}

/// What is known of an answer's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotReached,
    /// Nothing but the usage can be missing, for which this is the last moment.
    Reached(Instant),
    /// There was more after it: this server names reasons before the end.
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
                // The answer is whole, whatever comes after it.
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

    /// Remembers what the chunk says of the answer and returns its text.
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
                self.finish.reason = Some(worse(self.finish.reason.take(), reason));
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

/// Some servers write the mark as JSON, or send an event of this name in its place.
fn is_end(event: &Event) -> bool {
    let data = event.data.trim();
    data == DONE || data.strip_prefix('"').and_then(|data| data.strip_suffix('"')) == Some(DONE) || event.name == "done"
}

/// The one of two reasons that takes more away from an answer: some servers say after it that all is well.
fn worse(before: Option<String>, reason: String) -> String {
    match before {
        Some(before) if Ending::of(Some(&before)) > Ending::of(Some(&reason)) => before,
        Some(_) | None => reason,
    }
}

/// The JSON object of a completion that came as a whole; there is one, and all of it, or the server has failed.
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

/// The one object of a text. Some models say something before it, or put it into a block of code, whatever they are asked.
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
    /// In the order of the inputs, each of length 1: not every server sends them so.
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
