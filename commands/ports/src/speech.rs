//! Speech and translation: speech to text, text to speech, one language to another.
//!
//! Languages are named by the codes of the contract's clients, such as `ml` or `en`.

use domain::wording::error_chain;
use std::sync::Arc;

use async_trait::async_trait;
use domain::values::{SttEngine, TtsEngine};
use secrecy::SecretString;

use super::ProviderError;

/// An uploaded recording. Personal data; never logged.
#[derive(Clone)]
pub struct Recording {
    pub bytes: Vec<u8>,
    /// The client's name of the file; its extension tells servers the format.
    pub file_name: String,
}

/// A recording to be transcribed.
#[derive(Clone)]
pub struct TranscriptionRequest {
    pub recording: Recording,
    /// The spoken language.
    pub language: String,
    /// The provider's key for this request, if it is not the configured one.
    pub api_key: Option<SecretString>,
}

/// Turns speech into text.
#[async_trait]
pub trait SpeechToText: Send + Sync {
    /// Transcribes a recording; empty if nothing can be heard.
    async fn transcribe(&self, request: &TranscriptionRequest) -> Result<String, ProviderError>;
}

/// The reason for which there is no transcript. The texts may be shown to clients.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptionError {
    #[error("the engine is not configured")]
    NotConfigured,
    #[error("the recording is empty")]
    EmptyRecording,
    #[error("no speech was recognised")]
    NoSpeech,
    #[error("the engine refused the key")]
    Unauthorized,
    #[error("the engine refused the recording")]
    Refused,
    #[error("the engine cannot be reached or failed")]
    Unavailable,
}

impl From<ProviderError> for TranscriptionError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unauthorized => Self::Unauthorized,
            ProviderError::Refused(_) => Self::Refused,
            ProviderError::RateLimited | ProviderError::Unavailable(_) => Self::Unavailable,
        }
    }
}

/// The configured engines; a project or a request chooses one of them.
#[derive(Clone, Default)]
pub struct SpeechToTextEngines {
    pub whisper: Option<SharedSpeechToText>,
    pub google: Option<SharedSpeechToText>,
    pub self_hosted: Option<SharedSpeechToText>,
}

impl SpeechToTextEngines {
    /// Transcribes a recording; the result is never blank.
    ///
    /// # Errors
    /// - [`TranscriptionError::NotConfigured`]: the chosen engine has no settings.
    /// - [`TranscriptionError::EmptyRecording`], [`TranscriptionError::NoSpeech`]: there is nothing to transcribe.
    /// - [`TranscriptionError::Unauthorized`], [`TranscriptionError::Refused`], [`TranscriptionError::Unavailable`]:
    ///   the provider failed; its own text is logged here and not returned.
    pub async fn transcribe(
        &self,
        engine: SttEngine,
        request: &TranscriptionRequest,
    ) -> Result<String, TranscriptionError> {
        let chosen = match engine {
            SttEngine::Whisper => &self.whisper,
            SttEngine::Google => &self.google,
            SttEngine::SelfHosted => &self.self_hosted,
        };
        let chosen = chosen.as_ref().ok_or(TranscriptionError::NotConfigured)?;
        if request.recording.bytes.is_empty() {
            return Err(TranscriptionError::EmptyRecording);
        }
        let text = chosen.transcribe(request).await.map_err(|error| {
            tracing::warn!(error = %error_chain(&error), engine = engine.name(), "speech was not transcribed");
            TranscriptionError::from(error)
        })?;
        // PostgreSQL stores every character except NUL.
        let text = text.replace('\0', "");
        if text.trim().is_empty() { Err(TranscriptionError::NoSpeech) } else { Ok(text.trim().to_owned()) }
    }
}

/// A text to be translated.
#[derive(Clone)]
pub struct TranslationRequest<'a> {
    pub text: &'a str,
    /// The language of the text.
    pub from: &'a str,
    /// The language of the translation.
    pub to: &'a str,
    /// The provider's key for this request, if it is not the configured one.
    pub api_key: Option<&'a SecretString>,
}

/// Translates text from one language to another.
#[async_trait]
pub trait Translator: Send + Sync {
    /// Translates a text; line breaks are kept.
    async fn translate(&self, request: TranslationRequest<'_>) -> Result<String, ProviderError>;
}

/// A text to be spoken.
#[derive(Clone)]
pub struct SpeechRequest<'a> {
    pub text: &'a str,
    /// The language of the text.
    pub language: &'a str,
    /// The provider's key for this request, if it is not the configured one.
    pub api_key: Option<&'a SecretString>,
}

/// The sound of a spoken text.
#[derive(Clone, PartialEq, Eq)]
pub struct Speech {
    pub bytes: Vec<u8>,
    /// The extension of the file without a dot, which tells the format (`mp3`, `wav`).
    pub extension: &'static str,
}

/// Turns text into speech.
#[async_trait]
pub trait TextToSpeech: Send + Sync {
    /// Whether there is a voice for the language.
    fn speaks(&self, language: &str) -> bool;

    async fn speak(&self, request: SpeechRequest<'_>) -> Result<Speech, ProviderError>;
}

/// The configured engines; a project chooses the one that is tried first.
#[derive(Clone, Default)]
pub struct TextToSpeechEngines {
    pub openai: Option<SharedTextToSpeech>,
    pub google: Option<SharedTextToSpeech>,
    /// The engine of this machine.
    pub local: Option<SharedTextToSpeech>,
}

impl TextToSpeechEngines {
    /// The engines that speak a language in a project with this choice, in the order in which they are tried: the
    /// chosen one, the other configured ones, the one of this machine.
    pub fn engines_for(&self, choice: TtsEngine, language: &str) -> Vec<&SharedTextToSpeech> {
        let (chosen, other) = match choice {
            TtsEngine::OpenAi => (&self.openai, &self.google),
            TtsEngine::Google => (&self.google, &self.openai),
        };
        [chosen, other, &self.local].into_iter().flatten().filter(|engine| engine.speaks(language)).collect()
    }

    /// Whether no engine is configured, so that answers cannot be spoken.
    pub const fn is_empty(&self) -> bool {
        self.openai.is_none() && self.google.is_none() && self.local.is_none()
    }
}

pub type SharedSpeechToText = Arc<dyn SpeechToText>;
pub type SharedTranslator = Arc<dyn Translator>;
pub type SharedTextToSpeech = Arc<dyn TextToSpeech>;

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine that speaks one language, or all of them.
    struct Voice(Option<&'static str>);

    #[async_trait]
    impl TextToSpeech for Voice {
        fn speaks(&self, language: &str) -> bool {
            self.0.is_none_or(|own| own == language)
        }

        async fn speak(&self, _: SpeechRequest<'_>) -> Result<Speech, ProviderError> {
            Ok(Speech { bytes: vec![], extension: "wav" })
        }
    }

    fn voice(language: Option<&'static str>) -> SharedTextToSpeech {
        Arc::new(Voice(language))
    }

    #[test]
    fn every_engine_that_is_configured_stands_in_for_the_chosen_one() {
        let (openai, google, local) = (voice(None), voice(Some("ml")), voice(Some("ml")));
        let engines = TextToSpeechEngines {
            openai: Some(openai.clone()),
            google: Some(google.clone()),
            local: Some(local.clone()),
        };
        let is = |choice, language, expected: &[&SharedTextToSpeech]| {
            let found = engines.engines_for(choice, language);
            found.len() == expected.len() && found.iter().zip(expected).all(|(one, other)| Arc::ptr_eq(one, other))
        };
        assert!(is(TtsEngine::Google, "ml", &[&google, &openai, &local]));
        assert!(is(TtsEngine::OpenAi, "ml", &[&openai, &google, &local]));
        assert!(is(TtsEngine::Google, "ta", &[&openai]));
        let only_openai = TextToSpeechEngines { openai: Some(openai), ..TextToSpeechEngines::default() };
        assert_eq!(only_openai.engines_for(TtsEngine::Google, "en").len(), 1);
        assert!(!only_openai.is_empty() && TextToSpeechEngines::default().is_empty());
    }
}
