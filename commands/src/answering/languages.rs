//! What surrounds an answer for people who speak, hear, and do not write English: transcripts and translations.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{chat::Stage, values::SttEngine};

use super::{Answering, AskError};
use ports::{
    ProviderError, Recording, SharedTranslator, SpeechToTextEngines, TextToSpeechEngines, TranscriptionRequest,
    TranslationRequest,
};

/// The language that documents are searched in and models are asked in.
const ENGLISH: &str = "en";

/// The services of speech and languages, as far as they are configured.
#[derive(Clone)]
pub struct Languages {
    pub speech_to_text: SpeechToTextEngines,
    pub translator: Option<SharedTranslator>,
    pub text_to_speech: TextToSpeechEngines,
    /// How long an answer waits to be spoken; later it is sent without audio.
    pub speech_limit: Duration,
}

/// A question, as it reaches us.
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

/// What a question is in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum English {
    /// It was asked in English.
    Original,
    Translated(TimedText),
    /// Nobody translates here.
    Unknown,
}

/// Whether a client's name of a language means English: `en`, and its regions.
pub(super) fn is_english(language: &str) -> bool {
    language.split(['-', '_']).next().is_some_and(|language| language.eq_ignore_ascii_case(ENGLISH))
}

/// Without the region: `ml` of `ml-IN`.
fn without_region(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

impl Answering {
    /// What is said in a recording.
    ///
    /// # Errors
    /// [`AskError::Transcription`].
    pub async fn transcribe(
        &self,
        engine: SttEngine,
        recording: Recording,
        language: &str,
        api_key: Option<String>,
    ) -> Result<TimedText, AskError> {
        let started_at = self.clock_now();
        let request = TranscriptionRequest { recording, language: without_region(language).to_owned(), api_key };
        let text = self.languages.speech_to_text.transcribe(engine, &request).await;
        let text = text.map_err(|source| AskError::Transcription { engine, source })?;
        Ok(TimedText { text, stage: Stage { started_at, ended_at: self.clock_now() } })
    }

    /// The question in English.
    ///
    /// # Errors
    /// [`TranslationFailed`].
    pub(crate) async fn in_english(
        &self,
        text: &str,
        language: &str,
        api_key: Option<&str>,
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

    /// A part of an answer in the language of its question.
    pub(super) async fn out_of_english(
        &self,
        text: &str,
        language: &str,
        api_key: Option<&str>,
    ) -> Result<String, TranslationFailed> {
        let translator = self.languages.translator.as_ref().ok_or(TranslationFailed)?;
        let request = TranslationRequest { text, from: ENGLISH, to: without_region(language), api_key };
        let translated = translator.translate(request).await.map_err(|error| {
            log_failure(&error);
            TranslationFailed
        })?;
        // As from the model: what is shown is what can be kept.
        Ok(translated.replace('\0', ""))
    }

    pub(super) fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// The cause is in the log.
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
