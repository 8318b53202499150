//! Puts the services of speech and languages together, as far as they are configured.

use std::sync::Arc;

use adapters::{
    espeak::Espeak,
    google::{GoogleSpeechToText, GoogleTextToSpeech, GoogleTranslator},
    model_translator::ModelTranslator,
    mp3::Mp3Encoder,
    openai::{OpenAiServer, OpenAiSpeech, OpenAiTranscription},
    self_hosted::SelfHostedSpeechToText,
    web_service::WebService,
};
use anyhow::bail;
use commands::answering::Languages;
use domain::values::Model;
use ports::{
    SharedLanguageModel, SharedSpeechToText, SharedTextToSpeech, SharedTranslator, SpeechToTextEngines,
    TextToSpeechEngines,
};

use crate::config::{Settings, TextToSpeechChoice, TranslatorChoice};

/// Creates the services that the settings configure. `server` is the model provider, if there is one.
///
/// # Errors
/// If the settings are contradictory.
pub(crate) async fn languages(
    settings: &Settings,
    server: Option<&OpenAiServer>,
    model: &SharedLanguageModel,
) -> anyhow::Result<Languages> {
    Ok(Languages {
        speech_to_text: speech_to_text(settings, server)?,
        translator: translator(settings, model)?,
        text_to_speech: text_to_speech(settings, server).await?,
        speech_limit: settings.languages.speech_limit(),
    })
}

fn google(settings: &Settings, url: &str) -> anyhow::Result<WebService> {
    Ok(WebService::new(url, settings.languages.google_api_key.as_ref())?)
}

fn speech_to_text(settings: &Settings, server: Option<&OpenAiServer>) -> anyhow::Result<SpeechToTextEngines> {
    let own = &settings.languages;
    let whisper = |server: &OpenAiServer| {
        Arc::new(OpenAiTranscription::new(server.clone(), &own.openai_stt_model)) as SharedSpeechToText
    };
    let mut engines = SpeechToTextEngines { whisper: server.map(whisper), ..SpeechToTextEngines::default() };
    if let Some(url) = own.google_speech() {
        engines.google = Some(Arc::new(GoogleSpeechToText::new(google(settings, url)?)));
    }
    if let Some(url) = &own.self_hosted_stt_url {
        engines.self_hosted = Some(Arc::new(SelfHostedSpeechToText::new(WebService::new(url, None)?)));
    }
    Ok(engines)
}

fn translator(settings: &Settings, model: &SharedLanguageModel) -> anyhow::Result<Option<SharedTranslator>> {
    let own = &settings.languages;
    Ok(match (own.translator, own.google_translate()) {
        (TranslatorChoice::None, _) => None,
        (TranslatorChoice::Google | TranslatorChoice::Auto, Some(url)) => {
            Some(Arc::new(GoogleTranslator::new(google(settings, url)?)))
        }
        (TranslatorChoice::Google, None) => bail!("TRANSLATOR=google needs GOOGLE_API_KEY or GOOGLE_TRANSLATE_URL"),
        (TranslatorChoice::Auto, None) if model.is_built_in() => None,
        (TranslatorChoice::Model, _) if model.is_built_in() => {
            bail!("TRANSLATOR=model needs OPENAI_BASE_URL or OPENAI_API_KEY")
        }
        (TranslatorChoice::Model | TranslatorChoice::Auto, _) => {
            let name = own.translator_model.clone().unwrap_or_else(|| settings.model_name(Model::Gpt4OmniMini));
            Some(Arc::new(ModelTranslator::new(model.clone(), &name)))
        }
    })
}

/// Warns at the start if answers cannot be spoken, or only as large files: that is easily overlooked, and seldom meant.
pub(crate) async fn warn_of_silence(settings: &Settings, languages: &Languages) {
    if settings.languages.text_to_speech == TextToSpeechChoice::None {
        return;
    }
    let engines = &languages.text_to_speech;
    if engines.is_empty() {
        tracing::warn!(
            "answers cannot be heard, and the web front end shows no buttons to rate them: install espeak-ng, or set \
             GOOGLE_API_KEY or OPENAI_API_KEY (TEXT_TO_SPEECH=none if that is meant)"
        );
    } else if let (Some(_), Ok(launcher)) = (&engines.local, settings.launcher())
        && Mp3Encoder::of_this_machine(launcher).await.is_none()
    {
        tracing::warn!("speech of this machine's own is fifteen times larger than it need be: install lame");
    }
}

async fn text_to_speech(settings: &Settings, server: Option<&OpenAiServer>) -> anyhow::Result<TextToSpeechEngines> {
    let own = &settings.languages;
    let mut engines = TextToSpeechEngines::default();
    if own.text_to_speech == TextToSpeechChoice::None {
        return Ok(engines);
    }
    engines.openai = server.map(|server| {
        let speech = OpenAiSpeech::new(server.clone(), &own.openai_tts_model, &own.openai_tts_voice);
        Arc::new(speech) as SharedTextToSpeech
    });
    if let Some(url) = own.google_tts() {
        engines.google = Some(Arc::new(GoogleTextToSpeech::new(google(settings, url)?)));
    }
    engines.local =
        Espeak::of_this_machine(settings.launcher()?).await.map(|espeak| Arc::new(espeak) as SharedTextToSpeech);
    Ok(engines)
}
