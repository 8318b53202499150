//! Speaks a recorded answer. If anything fails here, the answer stays without audio.

use std::time::{Duration, Instant};

use domain::chat::{Chat, ChatCommand, Stage};

use super::turn::{Spoken, Work};
use crate::uploads::{KeepUpload, NewFile};
use knowledge::markdown::spoken;
use ports::{ProviderError, Speech, SpeechRequest};

impl Work {
    /// Speaks a complete answer, if the client wants it and an engine speaks the language.
    pub(super) async fn speak(&self, text: &str) -> Option<Spoken> {
        if !self.speaks {
            return None;
        }
        let limit = self.answering.languages.speech_limit;
        let spoken = tokio::time::timeout(limit, self.make_speech(text, limit)).await;
        spoken.unwrap_or_else(|_| {
            tracing::warn!(chat = %self.chat, "an answer was not spoken in time");
            None
        })
    }

    async fn make_speech(&self, text: &str, limit: Duration) -> Option<Spoken> {
        let text = spoken(text, &self.question.language);
        if text.trim().is_empty() {
            return None;
        }
        let started_at = self.answering.clock_now();
        let made = self.ask_engines(&text, limit).await?;
        let speech = Stage { started_at, ended_at: self.answering.clock_now() };
        let answer_id = self.question.answer_id;
        let file = NewFile { name: format!("answer.{}", made.extension), bytes: made.bytes.into() };
        let audio = self.answering.uploads.keep(file).await.map_err(|error| self.log_loss(&error)).ok()?;
        let upload = Stage { started_at: speech.ended_at, ended_at: self.answering.clock_now() };
        let command = ChatCommand::RecordSpeech { answer_id, audio: audio.clone(), speech, upload };
        let rows = vec![KeepUpload(audio.name.clone()).into()];
        let commands = &self.answering.commands;
        let result = commands.execute_with::<Chat>(self.chat.value(), command, rows, &self.context).await;
        self.answering.uploads.discard_unless_recorded(Some(&audio), &result).await;
        let committed = result.map_err(|error| self.log_loss(&error)).ok()?;
        Some(Spoken { audio: audio.name, committed })
    }

    /// The speech of the first engine that succeeds. A silent engine leaves half of the time to the others.
    async fn ask_engines(&self, text: &str, limit: Duration) -> Option<Speech> {
        let language = self.question.language.split(['-', '_']).next().unwrap_or_default();
        let engines = &self.answering.languages.text_to_speech;
        let engines = engines.engines_for(self.respondent.tts_engine, language);
        let deadline = Instant::now() + limit;
        for (place, engine) in engines.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = if place + 1 < engines.len() { left / 2 } else { left };
            let request = SpeechRequest { text, language, api_key: self.key.as_ref() };
            match tokio::time::timeout(left, engine.speak(request)).await {
                Ok(Ok(made)) if !made.bytes.is_empty() => return Some(made),
                Ok(Ok(_)) => self.log_silence(&ProviderError::unavailable("the speech is empty")),
                Ok(Err(error)) => self.log_silence(&error),
                Err(error) => self.log_silence(&error),
            }
        }
        None
    }

    fn log_silence(&self, error: &dyn std::error::Error) {
        tracing::warn!(error = %crate::error_chain(error), chat = %self.chat, "an engine did not speak an answer");
    }

    fn log_loss(&self, error: &dyn std::error::Error) {
        tracing::warn!(error = %crate::error_chain(error), chat = %self.chat, "the speech of an answer was not kept");
    }
}
