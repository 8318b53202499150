//! A recorded answer made audible. Whatever goes wrong here, the answer stands without audio.

use domain::chat::{Chat, ChatCommand, Stage};

use super::turn::Work;
use crate::{
    event_log::{Committed, Row},
    ports::SpeechRequest,
    uploads::NewFile,
};

/// An answer's speech: the name of its file, and what recorded it.
pub(super) struct Spoken {
    pub audio: String,
    pub committed: Committed,
}

impl Work {
    /// Speaks a complete answer, if somebody wants it and an engine can.
    pub(super) async fn speak(&self, text: &str) -> Option<Spoken> {
        if !self.speaks {
            return None;
        }
        let limit = self.answering.languages.speech_limit;
        let spoken = tokio::time::timeout(limit, self.make_speech(text)).await;
        spoken.unwrap_or_else(|_| {
            tracing::warn!(chat = %self.chat, "an answer was not spoken in time");
            None
        })
    }

    async fn make_speech(&self, text: &str) -> Option<Spoken> {
        let language = self.question.language.split(['-', '_']).next().unwrap_or_default();
        let engines = &self.answering.languages.text_to_speech;
        let engine = engines.engine_for(self.respondent.tts_engine, language)?;
        let text = without_markdown(text);
        if text.trim().is_empty() {
            return None;
        }
        let started_at = self.answering.clock_now();
        let request = SpeechRequest { text: &text, language, api_key: self.key.as_deref() };
        let made = engine.speak(request).await;
        let made = made.map_err(|error| self.log_silence(&error)).ok().filter(|made| !made.bytes.is_empty())?;
        let speech = Stage { started_at, ended_at: self.answering.clock_now() };
        let answer_id = self.question.answer_id;
        let file = NewFile { name: format!("answer.{}", made.extension), bytes: made.bytes.into() };
        let audio = self.answering.uploads.keep(file).await.map_err(|error| self.log_silence(&error)).ok()?;
        let upload = Stage { started_at: speech.ended_at, ended_at: self.answering.clock_now() };
        let command = ChatCommand::RecordSpeech { answer_id, audio: audio.clone(), speech, upload };
        let rows = vec![Row::KeepUpload(audio.name.clone())];
        let commands = &self.answering.commands;
        let result = commands.execute_with::<Chat>(self.chat.value(), command, rows, &self.context).await;
        self.answering.uploads.discard_unless_recorded(Some(&audio), &result).await;
        let committed = result.map_err(|error| self.log_silence(&error)).ok()?;
        Some(Spoken { audio: audio.name, committed })
    }

    fn log_silence(&self, error: &dyn std::error::Error) {
        tracing::warn!(error = %crate::error_chain(error), chat = %self.chat, "an answer has no speech");
    }
}

/// The signs of Markdown are for eyes.
fn without_markdown(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '*' | '#' | '`' | '|')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_markdown_are_not_spoken() {
        assert_eq!(without_markdown("## Dose\n- **20 mg** `zinc`"), " Dose\n- 20 mg zinc");
    }
}
