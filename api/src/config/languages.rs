//! Settings of speech and translation.

use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

const GOOGLE_SPEECH: &str = "https://speech.googleapis.com";
const GOOGLE_TRANSLATE: &str = "https://translation.googleapis.com";
const GOOGLE_TTS: &str = "https://texttospeech.googleapis.com";

/// Who transcribes, translates and speaks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Speech and languages (flag, environment variable or .env file)")]
pub struct LanguageSettings {
    /// Key for Google's speech and translation services; with it they are used
    #[arg(long, env, hide_env_values = true, global = true)]
    pub google_api_key: Option<SecretString>,

    /// Google's speech-to-text, or what stands for it [default with a key: Google's own]
    #[arg(long, env, global = true)]
    pub google_speech_url: Option<String>,

    /// Google's translation, or what stands for it [default with a key: Google's own]
    #[arg(long, env, global = true)]
    pub google_translate_url: Option<String>,

    /// Google's text-to-speech, or what stands for it [default with a key: Google's own]
    #[arg(long, env, global = true)]
    pub google_tts_url: Option<String>,

    /// Address of a speech-to-text server of your own, to which a form with audio and language is posted
    #[arg(long, env, global = true)]
    pub self_hosted_stt_url: Option<String>,

    /// Provider's model that transcribes
    #[arg(long, env, default_value = "whisper-1", global = true)]
    pub openai_stt_model: String,

    /// Provider's model that speaks
    #[arg(long, env, default_value = "tts-1", global = true)]
    pub openai_tts_model: String,

    /// Voice of that model
    #[arg(long, env, default_value = "nova", global = true)]
    pub openai_tts_voice: String,

    /// Who translates: google where it is configured, else the language model where there is one
    #[arg(long, env, value_enum, default_value_t = TranslatorChoice::Auto, global = true)]
    pub translator: TranslatorChoice,

    /// Provider's model that translates, where the language model does [default: that of number 8]
    #[arg(long, env, global = true)]
    pub translator_model: Option<String>,

    /// Whether answers are spoken: by the project's engine, else by another one that is configured, else by espeak-ng if this
    /// machine has it
    #[arg(long, env, value_enum, default_value_t = TextToSpeechChoice::Auto, global = true)]
    pub text_to_speech: TextToSpeechChoice,

    /// Milliseconds for which a complete answer waits to be spoken; then it is sent without audio
    #[arg(long, env, default_value_t = 15_000, global = true)]
    pub text_to_speech_limit_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TranslatorChoice {
    /// Google where it is configured, else the language model, unless that is the built-in answerer.
    Auto,
    Google,
    /// The language model itself.
    Model,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextToSpeechChoice {
    Auto,
    None,
}

impl LanguageSettings {
    /// The optional texts; [`Settings::without_blanks`](super::Settings::without_blanks) removes those that are blank.
    pub(super) fn texts(&mut self) -> [&mut Option<String>; 5] {
        [
            &mut self.google_speech_url,
            &mut self.google_translate_url,
            &mut self.google_tts_url,
            &mut self.self_hosted_stt_url,
            &mut self.translator_model,
        ]
    }

    /// The base URL of Google's speech-to-text; `None` if it is not configured.
    pub fn google_speech(&self) -> Option<&str> {
        self.google(self.google_speech_url.as_deref(), GOOGLE_SPEECH)
    }

    /// The base URL of Google's translation; `None` if it is not configured.
    pub fn google_translate(&self) -> Option<&str> {
        self.google(self.google_translate_url.as_deref(), GOOGLE_TRANSLATE)
    }

    /// The base URL of Google's text-to-speech; `None` if it is not configured.
    pub fn google_tts(&self) -> Option<&str> {
        self.google(self.google_tts_url.as_deref(), GOOGLE_TTS)
    }

    fn google<'a>(&self, url: Option<&'a str>, own: &'static str) -> Option<&'a str> {
        url.or_else(|| self.google_api_key.is_some().then_some(own))
    }

    pub const fn speech_limit(&self) -> Duration {
        Duration::from_millis(self.text_to_speech_limit_ms)
    }
}
