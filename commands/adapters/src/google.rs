//! Google's speech and translation services, by their REST interfaces and an API key.

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;

use super::{
    mp3::is_mp3,
    web_service::{MAX_AUDIO_BYTES, WebService, json, json_up_to},
};
use knowledge::sentences::{pieces, without_outer_blanks};
use ports::{
    ProviderError, Speech, SpeechRequest, SpeechToText, TextToSpeech, TranscriptionRequest, TranslationRequest,
    Translator,
};

/// The header for the key; a query parameter would appear in access logs.
const KEY_HEADER: &str = "x-goog-api-key";
/// Bytes of a translation request: Google allows 30,000 characters and 128 texts, and recommends far fewer.
const MAX_TRANSLATED_BYTES: usize = 10_000;
/// Bytes of a speech request: Google allows 5,000.
const MAX_SPOKEN_BYTES: usize = 4_800;
/// The languages for which the contract offers voices.
const VOICES: [&str; 10] = ["bn", "en", "gu", "hi", "kn", "ml", "mr", "pa", "ta", "te"];
/// Further languages of India that speech recognition supports.
const ALSO_RECOGNISED: [&str; 1] = ["ur"];

/// The language with a region: Google requires one, and the contract's clients, who are in India, send none.
fn regional(language: &str) -> String {
    let language = language.to_ascii_lowercase();
    if VOICES.iter().chain(&ALSO_RECOGNISED).any(|known| **known == language) {
        format!("{language}-IN")
    } else {
        language
    }
}

/// Speech-to-Text v1, for recordings of up to a minute.
#[derive(Debug, Clone)]
pub struct GoogleSpeechToText {
    service: WebService,
}

impl GoogleSpeechToText {
    pub const fn new(service: WebService) -> Self {
        Self { service }
    }
}

#[derive(Deserialize)]
struct Recognition {
    #[serde(default)]
    results: Vec<RecognitionResult>,
}

#[derive(Deserialize)]
struct RecognitionResult {
    #[serde(default)]
    alternatives: Vec<Alternative>,
}

#[derive(Deserialize)]
struct Alternative {
    #[serde(default)]
    transcript: String,
}

#[async_trait]
impl SpeechToText for GoogleSpeechToText {
    async fn transcribe(&self, request: &TranscriptionRequest) -> Result<String, ProviderError> {
        let bytes = &request.recording.bytes;
        let mut config = json!({
            "languageCode": regional(&request.language),
            "enableAutomaticPunctuation": true,
        });
        // WAV and FLAC declare their encoding in their header; other formats need it in the request.
        if let Some((encoding, hertz)) = encoding(bytes) {
            config["encoding"] = encoding.into();
            config["sampleRateHertz"] = hertz.into();
        }
        let body = json!({ "config": config, "audio": { "content": STANDARD.encode(bytes) } });
        let answer: Recognition = json(self.service.post("/v1/speech:recognize", KEY_HEADER)?.json(&body)).await?;
        let best = answer.results.into_iter().filter_map(|result| result.alternatives.into_iter().next());
        Ok(best.map(|best| best.transcript.trim().to_owned()).collect::<Vec<_>>().join(" "))
    }
}

/// The encoding and the sample rate in hertz of a recording, by its first bytes.
fn encoding(bytes: &[u8]) -> Option<(&'static str, u32)> {
    match bytes {
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(("WEBM_OPUS", 48_000)),
        [b'O', b'g', b'g', b'S', ..] => Some(("OGG_OPUS", 48_000)),
        [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => Some(("MP3", 44_100)),
        _ => None,
    }
}

/// Cloud Translation, basic (v2).
#[derive(Debug, Clone)]
pub struct GoogleTranslator {
    service: WebService,
}

impl GoogleTranslator {
    pub const fn new(service: WebService) -> Self {
        Self { service }
    }

    async fn translate_piece(&self, text: &str, from: &str, to: &str) -> Result<String, ProviderError> {
        let body = json!({ "q": [text], "source": from, "target": to, "format": "text" });
        let answer: Translations = json(self.service.post("/language/translate/v2", KEY_HEADER)?.json(&body)).await?;
        let mut translations = answer.data.translations;
        let translation = translations.pop().filter(|_| translations.is_empty());
        translation
            .map(|translation| translation.translated_text)
            .ok_or_else(|| ProviderError::unavailable("the answer does not hold one translation"))
    }
}

#[derive(Deserialize)]
struct Translations {
    data: TranslationData,
}

#[derive(Deserialize)]
struct TranslationData {
    translations: Vec<Translation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Translation {
    translated_text: String,
}

#[async_trait]
impl Translator for GoogleTranslator {
    async fn translate(&self, request: TranslationRequest<'_>) -> Result<String, ProviderError> {
        let mut translated = String::new();
        for piece in pieces(request.text, MAX_TRANSLATED_BYTES) {
            let (before, text, after) = without_outer_blanks(piece);
            translated.push_str(before);
            if !text.is_empty() {
                translated.push_str(&self.translate_piece(text, request.from, request.to).await?);
            }
            translated.push_str(after);
        }
        Ok(translated)
    }
}

/// Text-to-Speech v1: MP3.
#[derive(Debug, Clone)]
pub struct GoogleTextToSpeech {
    service: WebService,
}

impl GoogleTextToSpeech {
    pub const fn new(service: WebService) -> Self {
        Self { service }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Synthesis {
    audio_content: String,
}

#[async_trait]
impl TextToSpeech for GoogleTextToSpeech {
    fn speaks(&self, language: &str) -> bool {
        VOICES.iter().any(|voice| voice.eq_ignore_ascii_case(language))
    }

    async fn speak(&self, request: SpeechRequest<'_>) -> Result<Speech, ProviderError> {
        let mut bytes = Vec::new();
        // MP3 is a sequence of frames, so that concatenated files are one recording.
        for piece in pieces(request.text, MAX_SPOKEN_BYTES).into_iter().filter(|piece| !piece.trim().is_empty()) {
            let body = json!({
                "input": { "text": piece },
                "voice": { "languageCode": regional(request.language) },
                "audioConfig": { "audioEncoding": "MP3" },
            });
            let post = self.service.post("/v1/text:synthesize", KEY_HEADER)?.json(&body);
            let answer: Synthesis = json_up_to(MAX_AUDIO_BYTES, post).await?;
            let audio = STANDARD.decode(answer.audio_content).ok().filter(|audio| is_mp3(audio));
            bytes.extend(audio.ok_or_else(|| ProviderError::unavailable("the audio is no MP3 in base64"))?);
        }
        Ok(Speech { bytes, extension: "mp3" })
    }
}

#[cfg(test)]
mod tests;
