//! The built-in answerer: it quotes the passages that answer the question, and states that it only quotes.
//!
//! It uses no model and no network, and never writes a sentence of its own about the subject.

use async_trait::async_trait;
use futures::{StreamExt, stream};
use knowledge::quoting::{Quoted, quote};

use ports::{
    AnswerChunk, AnswerRequest, AnswerStream, BUILT_IN_ANSWERER, Finish, JsonRequest, LanguageModel, ProviderError,
};

/// The built-in [`LanguageModel`].
#[derive(Debug, Default, Clone, Copy)]
pub struct ExtractiveAnswerer;

#[async_trait]
impl LanguageModel for ExtractiveAnswerer {
    async fn answer(&self, request: AnswerRequest) -> Result<AnswerStream, ProviderError> {
        let quoting = tokio::task::spawn_blocking(move || quote(&request.question, &request.passages));
        let Quoted { text, documents } =
            quoting.await.map_err(|error| ProviderError::unavailable(error.to_string()))?;
        let deltas: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let finish = Finish {
            model: Some(BUILT_IN_ANSWERER.to_owned()),
            reason: Some("stop".to_owned()),
            citations: Some(documents),
            ..Finish::default()
        };
        let chunks = deltas.into_iter().map(AnswerChunk::Delta).chain([AnswerChunk::Finished(finish)]);
        Ok(stream::iter(chunks.map(Ok)).boxed())
    }

    async fn complete_json(&self, _: JsonRequest) -> Result<String, ProviderError> {
        Err(ProviderError::refused("the built-in answerer only quotes documents"))
    }

    fn is_built_in(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
