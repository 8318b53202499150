//! What servers send, read leniently: unknown fields, empty reasons and missing usage are all normal.

use std::pin::Pin;

use async_openai::error::OpenAIError;
use futures::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::Value;

use super::{provider_error, reported_error};
use crate::ports::{AnswerChunk, Finish, ProviderError};

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

type Chunks = Pin<Box<dyn Stream<Item = Result<ChatChunk, OpenAIError>> + Send>>;

/// Chunks of a server to chunks of an answer.
pub(super) struct ChatStream {
    chunks: Chunks,
    finish: Finish,
    /// The server said that the answer is complete, if only by an empty reason.
    is_complete: bool,
    has_ended: bool,
}

impl ChatStream {
    pub(super) fn new(chunks: Chunks) -> Self {
        Self { chunks, finish: Finish::default(), is_complete: false, has_ended: false }
    }

    pub(super) async fn next(mut self) -> Option<(Result<AnswerChunk, ProviderError>, Self)> {
        while !self.has_ended {
            match self.chunks.next().await {
                Some(Ok(ChatChunk { error: Some(error), .. })) => return Some(self.failed(reported_error(&error))),
                Some(Ok(chunk)) => {
                    let text = self.take(chunk);
                    if !text.is_empty() {
                        return Some((Ok(AnswerChunk::Delta(text)), self));
                    }
                }
                Some(Err(error)) => return Some(self.failed(provider_error(error))),
                None if self.is_complete => {
                    self.has_ended = true;
                    return Some((Ok(AnswerChunk::Finished(self.finish.clone())), self));
                }
                None => {
                    return Some(self.failed(ProviderError::unavailable("the stream ended before the answer")));
                }
            }
        }
        None
    }

    /// Remembers what the chunk says of the answer and returns its text.
    fn take(&mut self, chunk: ChatChunk) -> String {
        let mut text = String::new();
        for choice in chunk.choices {
            text.push_str(&choice.delta.and_then(|delta| delta.content).unwrap_or_default());
            if let Some(reason) = choice.finish_reason {
                self.is_complete = true;
                self.finish.reason = Some(reason).filter(|reason| !reason.is_empty()).or(self.finish.reason.take());
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
}

impl Completion {
    /// The text of the first choice; there is always one, or the server has failed.
    pub(super) fn into_text(self) -> Result<String, ProviderError> {
        let text = self.choices.into_iter().next().and_then(|choice| choice.message.content);
        text.ok_or_else(|| ProviderError::unavailable("the completion has no text"))
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
