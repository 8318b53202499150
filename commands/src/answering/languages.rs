//! Transcripts and translations around an answer, for users who speak, listen, or do not write English.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{chat::Stage, values::SttEngine};
use secrecy::SecretString;

use super::{Answering, AskError};
use ports::{
    ProviderError, Recording, SharedTranslator, SpeechToTextEngines, TextToSpeechEngines, TranscriptionRequest,
    TranslationRequest,
};

/// The language of searches and of requests to models.
const ENGLISH: &str = "en";

/// The configured services for speech and languages.
#[derive(Clone)]
pub struct Languages {
    pub speech_to_text: SpeechToTextEngines,
    pub translator: Option<SharedTranslator>,
    pub text_to_speech: TextToSpeechEngines,
    /// The time that an answer waits to be spoken; after that it is sent without audio.
    pub speech_limit: Duration,
}

/// A question as the client sent it.
#[derive(Clone)]
pub enum Asked {
    Text(String),
    Speech(Recording),
}

/// A text with the time that it took to make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedText {
    pub text: String,
    pub stage: Stage,
}

/// A question's English form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum English {
    /// The question is in English.
    Original,
    Translated(TimedText),
    /// No translator is configured.
    Unknown,
}

/// Whether a client's name of a language means English: `en` with or without a region.
pub(super) fn is_english(language: &str) -> bool {
    language.split(['-', '_']).next().is_some_and(|language| language.eq_ignore_ascii_case(ENGLISH))
}

/// The language without its region: `ml` of `ml-IN`.
fn without_region(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

impl Answering {
    /// Transcribes a recording.
    ///
    /// # Errors
    /// [`AskError::Transcription`], with the engine and its error.
    pub async fn transcribe(
        &self,
        engine: SttEngine,
        recording: Recording,
        language: &str,
        api_key: Option<SecretString>,
    ) -> Result<TimedText, AskError> {
        let started_at = self.clock_now();
        let request = TranscriptionRequest { recording, language: without_region(language).to_owned(), api_key };
        let text = self.languages.speech_to_text.transcribe(engine, &request).await;
        let text = text.map_err(|source| AskError::Transcription { engine, source })?;
        Ok(TimedText { text, stage: Stage { started_at, ended_at: self.clock_now() } })
    }

    /// Translates the question into English.
    ///
    /// # Errors
    /// [`TranslationFailed`] if the translator failed.
    pub(crate) async fn in_english(
        &self,
        text: &str,
        language: &str,
        api_key: Option<&SecretString>,
    ) -> Result<English, TranslationFailed> {
        if is_english(language) {
            return Ok(English::Original);
        }
        let Some(translator) = &self.languages.translator else { return Ok(English::Unknown) };
        let started_at = self.clock_now();
        let request = TranslationRequest { text, from: without_region(language), to: ENGLISH, api_key };
        let text = translator.translate(request).await.map_err(|error| {
            log_failure(&error);
            TranslationFailed
        })?;
        Ok(English::Translated(TimedText { text, stage: Stage { started_at, ended_at: self.clock_now() } }))
    }

    /// Translates a part of an answer into the language of its question.
    pub(super) async fn out_of_english(
        &self,
        text: &str,
        language: &str,
        api_key: Option<&SecretString>,
    ) -> Result<String, TranslationFailed> {
        let translator = self.languages.translator.as_ref().ok_or(TranslationFailed)?;
        let request = TranslationRequest { text, from: ENGLISH, to: without_region(language), api_key };
        let translated = translator.translate(request).await.map_err(|error| {
            log_failure(&error);
            TranslationFailed
        })?;
        // PostgreSQL stores every character except NUL, and the shown text must equal the stored one.
        Ok(translated.replace('\0', ""))
    }

    pub(super) fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// The translator failed; the cause is in the log.
pub(crate) struct TranslationFailed;

fn log_failure(error: &ProviderError) {
    tracing::warn!(error = %crate::error_chain(error), "a text was not translated");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_needs_no_translation_in_any_region() {
        assert!(is_english("en") && is_english("EN") && is_english("en-IN") && is_english("en_US"));
        assert!(!is_english("ml") && !is_english("enm") && !is_english(""));
    }

    #[test]
    fn services_are_asked_without_the_region() {
        assert_eq!((without_region("ml-IN"), without_region("hi")), ("ml", "hi"));
    }
}
