//! Speech through the same servers: `audio/transcriptions` and `audio/speech`.

use async_trait::async_trait;
use reqwest::{
    RequestBuilder,
    multipart::{Form, Part},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::OpenAiServer;
use crate::{
    mp3::is_mp3,
    web_service::{MAX_AUDIO_BYTES, bytes_up_to, json, secret},
};
use knowledge::sentences::pieces;
use ports::{ProviderError, Speech, SpeechRequest, SpeechToText, TextToSpeech, TranscriptionRequest};

/// Bytes of a speech request: OpenAI allows 4,096 characters.
const MAX_SPOKEN_BYTES: usize = 4_000;

impl OpenAiServer {
    pub(super) fn post(&self, path: &str, api_key: Option<&SecretString>) -> Result<RequestBuilder, ProviderError> {
        let request = self.http.post(format!("{}{path}", self.base_url));
        let key = api_key.unwrap_or(&self.api_key).expose_secret().trim();
        if key.is_empty() {
            return Ok(request);
        }
        Ok(request.header(reqwest::header::AUTHORIZATION, secret(&format!("Bearer {key}"))?))
    }
}

/// A transcription model of a server, such as Whisper.
#[derive(Debug, Clone)]
pub struct OpenAiTranscription {
    server: OpenAiServer,
    model: String,
}

impl OpenAiTranscription {
    pub fn new(server: OpenAiServer, model: &str) -> Self {
        Self { server, model: model.to_owned() }
    }
}

#[derive(Deserialize)]
struct Transcription {
    text: String,
}

#[async_trait]
impl SpeechToText for OpenAiTranscription {
    async fn transcribe(&self, request: &TranscriptionRequest) -> Result<String, ProviderError> {
        let recording = &request.recording;
        let file = Part::bytes(recording.bytes.clone()).file_name(recording.file_name.clone());
        let form = Form::new()
            .part("file", file)
            .text("model", self.model.clone())
            .text("language", request.language.clone())
            .text("response_format", "json");
        let post = self.server.post("/audio/transcriptions", request.api_key.as_ref())?;
        let answer: Transcription = json(post.multipart(form)).await?;
        Ok(answer.text)
    }
}

/// A speech model of a server with one of its voices. It detects the language itself.
#[derive(Debug, Clone)]
pub struct OpenAiSpeech {
    server: OpenAiServer,
    model: String,
    voice: String,
}

impl OpenAiSpeech {
    pub fn new(server: OpenAiServer, model: &str, voice: &str) -> Self {
        Self { server, model: model.to_owned(), voice: voice.to_owned() }
    }
}

#[async_trait]
impl TextToSpeech for OpenAiSpeech {
    fn speaks(&self, _language: &str) -> bool {
        true
    }

    async fn speak(&self, request: SpeechRequest<'_>) -> Result<Speech, ProviderError> {
        let mut bytes = Vec::new();
        // MP3 is a sequence of frames, so that concatenated files are one recording.
        for piece in pieces(request.text, MAX_SPOKEN_BYTES).into_iter().filter(|piece| !piece.trim().is_empty()) {
            let body = json!({ "model": self.model, "voice": self.voice, "input": piece, "response_format": "mp3" });
            let post = self.server.post("/audio/speech", request.api_key)?;
            let spoken = bytes_up_to(MAX_AUDIO_BYTES, post.json(&body)).await?;
            // The log-in page of a proxy has a success status, too.
            if !is_mp3(&spoken) {
                return Err(ProviderError::unavailable("the speech is no MP3"));
            }
            bytes.extend(spoken);
        }
        Ok(Speech { bytes, extension: "mp3" })
    }
}

#[cfg(test)]
mod tests {
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{body_json, body_string_contains, header, method, path},
    };

    use super::*;
    use ports::Recording;

    fn server(mock: &MockServer) -> OpenAiServer {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        OpenAiServer::new(&format!("{}/v1", mock.uri()), "sk-configured".into()).expect("the client can be built")
    }

    fn request(api_key: Option<&str>) -> TranscriptionRequest {
        TranscriptionRequest {
            recording: Recording { bytes: b"RIFF-sound".to_vec(), file_name: "audio.wav".to_owned() },
            language: "hi".to_owned(),
            api_key: api_key.map(SecretString::from),
        }
    }

    async fn transcribing(key: &str, answer: ResponseTemplate) -> MockServer {
        let mock = MockServer::builder().start().await;
        Mock::given(method("POST"))
            .and(path("/v1/audio/transcriptions"))
            .and(header("authorization", format!("Bearer {key}").as_str()))
            .and(body_string_contains("name=\"file\"; filename=\"audio.wav\""))
            .and(body_string_contains("RIFF-sound"))
            .and(body_string_contains("name=\"model\"\r\n\r\nwhisper-1"))
            .and(body_string_contains("name=\"language\"\r\n\r\nhi"))
            .respond_with(answer)
            .expect(1)
            .mount(&mock)
            .await;
        mock
    }

    #[tokio::test]
    async fn a_recording_is_sent_as_a_form_under_the_callers_key() -> Result<(), ProviderError> {
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "text": "How much zinc?" }));
        let mock = transcribing("sk-own", answer).await;
        let whisper = OpenAiTranscription::new(server(&mock), "whisper-1");
        assert_eq!(whisper.transcribe(&request(Some("sk-own"))).await?, "How much zinc?");
        Ok(())
    }

    #[tokio::test]
    async fn a_refused_key_is_unauthorized_and_does_not_leak() {
        let refusal = json!({ "error": { "message": "Incorrect API key provided: sk-conf" } });
        let mock = transcribing("sk-configured", ResponseTemplate::new(401).set_body_json(refusal)).await;
        let error = OpenAiTranscription::new(server(&mock), "whisper-1").transcribe(&request(None)).await;
        let error = error.expect_err("the key is refused");
        assert!(matches!(error, ProviderError::Unauthorized));
        assert!(!format!("{error:?} {error}").contains("sk-"));
    }

    #[tokio::test]
    async fn speech_comes_as_mp3_in_the_voice_that_is_configured() -> Result<(), ProviderError> {
        let mock = MockServer::builder().start().await;
        let expected = json!({ "model": "tts-1", "voice": "nova", "input": "Take rest.", "response_format": "mp3" });
        Mock::given(path("/v1/audio/speech"))
            .and(header("authorization", "Bearer sk-configured"))
            .and(body_json(expected))
            .respond_with(ResponseTemplate::new(200).set_body_raw(*b"ID3", "audio/mpeg"))
            .mount(&mock)
            .await;
        let request = SpeechRequest { text: "Take rest.", language: "en", api_key: None };
        let speech = OpenAiSpeech::new(server(&mock), "tts-1", "nova").speak(request).await?;
        assert_eq!((speech.bytes.as_slice(), speech.extension), (b"ID3".as_slice(), "mp3"));
        Ok(())
    }

    #[tokio::test]
    async fn an_error_page_is_no_speech() {
        for (body, kind) in [("<html>login</html>", "text/html"), (r#"{"error":{"code":500}}"#, "audio/mpeg")] {
            let mock = MockServer::builder().start().await;
            let answer = ResponseTemplate::new(200).set_body_raw(body, kind);
            Mock::given(path("/v1/audio/speech")).respond_with(answer).mount(&mock).await;
            let request = SpeechRequest { text: "Take rest.", language: "en", api_key: None };
            let error = OpenAiSpeech::new(server(&mock), "tts-1", "nova").speak(request).await.err();
            assert!(matches!(error, Some(ProviderError::Unavailable(_))), "{body}: {error:?}");
        }
    }
}
