//! What servers send, read leniently: unknown fields, empty reasons and missing usage are all normal.

use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;

use super::{events::Events, reported_error, unreadable};
use crate::{
    ports::{AnswerChunk, Ending, Finish, ProviderError},
    prompt::without_thoughts,
};

/// A chunk of a streamed chat completion.
#[derive(Debug, Deserialize)]
pub(super) struct ChatChunk {
    model: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    /// Some servers report a failure in mid-stream so; others give it a shape of their own.
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
}

/// The event with which a server says that its stream is at its end.
const DONE: &str = "[DONE]";

/// Events of a server to chunks of an answer.
pub(super) struct ChatStream {
    events: Events,
    finish: Finish,
    /// The server has named a reason for the end. Empty reasons say nothing: some servers send one with each chunk.
    has_reason: bool,
    has_ended: bool,
}

impl ChatStream {
    pub(super) fn new(events: Events) -> Self {
        Self { events, finish: Finish::default(), has_reason: false, has_ended: false }
    }

    pub(super) async fn next(mut self) -> Option<(Result<AnswerChunk, ProviderError>, Self)> {
        while !self.has_ended {
            match self.events.next().await {
                Some(Ok(data)) if data.trim() == DONE => return Some(self.finished()),
                Some(Ok(data)) => match serde_json::from_str(&data) {
                    Ok(ChatChunk { error: Some(error), .. }) => return Some(self.failed(reported_error(&error))),
                    Ok(chunk) => {
                        let text = self.take(chunk);
                        if !text.is_empty() {
                            return Some((Ok(AnswerChunk::Delta(text)), self));
                        }
                    }
                    Err(_) => return Some(self.failed(unreadable(&data))),
                },
                // Nothing but the usage can be missing.
                None | Some(Err(_)) if self.has_reason => return Some(self.finished()),
                Some(Err(error)) => return Some(self.failed(error)),
                None => return Some(self.failed(ProviderError::unavailable("the stream ended before the answer"))),
            }
        }
        None
    }

    fn finished(mut self) -> (Result<AnswerChunk, ProviderError>, Self) {
        if Ending::of(self.finish.reason.as_deref()) == Ending::Broken {
            return self.failed(ProviderError::unavailable("the provider broke the answer off"));
        }
        self.has_ended = true;
        (Ok(AnswerChunk::Finished(self.finish.clone())), self)
    }

    /// Remembers what the chunk says of the answer and returns its text.
    fn take(&mut self, chunk: ChatChunk) -> String {
        let mut text = String::new();
        for choice in chunk.choices {
            text.push_str(&choice.delta.and_then(|delta| delta.content).unwrap_or_default());
            if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                self.has_reason = true;
                self.finish.reason = Some(reason);
            }
        }
        if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
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

/// A chat completion that came as a whole.
#[derive(Debug, Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    choices: Vec<WholeChoice>,
}

#[derive(Debug, Deserialize)]
struct WholeChoice {
    message: Delta,
    finish_reason: Option<String>,
}

impl Completion {
    /// The text of the first choice; there is always one, and it is whole, or the server has failed.
    pub(super) fn into_text(self) -> Result<String, ProviderError> {
        let choice = self.choices.into_iter().next();
        let choice = choice.ok_or_else(|| ProviderError::unavailable("the completion has no choice"))?;
        match Ending::of(choice.finish_reason.as_deref()) {
            Ending::Whole => {}
            Ending::CutOff | Ending::Broken => return Err(ProviderError::unavailable("the completion is cut off")),
            Ending::Withheld => return Err(ProviderError::refused("content_filter")),
        }
        let text = without_thoughts(&choice.message.content.unwrap_or_default());
        if text.is_empty() { Err(ProviderError::unavailable("the completion has no text")) } else { Ok(text) }
    }
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
