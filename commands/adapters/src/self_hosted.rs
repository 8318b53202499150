//! A self-hosted speech-to-text server: a POST of a form with `audio` and `language`.

use async_trait::async_trait;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use super::web_service::{WebService, json};
use ports::{ProviderError, SpeechToText, TranscriptionRequest};

/// The server at a single address.
#[derive(Debug, Clone)]
pub struct SelfHostedSpeechToText {
    service: WebService,
}

impl SelfHostedSpeechToText {
    /// Uses the complete address of the service; no path is appended.
    pub const fn new(service: WebService) -> Self {
        Self { service }
    }
}

#[async_trait]
impl SpeechToText for SelfHostedSpeechToText {
    async fn transcribe(&self, request: &TranscriptionRequest) -> Result<String, ProviderError> {
        let recording = &request.recording;
        let audio = Part::bytes(recording.bytes.clone()).file_name(recording.file_name.clone());
        let form = Form::new().part("audio", audio).text("language", request.language.clone());
        let answer: Value = json(self.service.post("", "x-api-key")?.multipart(form)).await?;
        // The form of the servers that the original was used with, and the two most common other forms.
        let places = ["/data/transcription/0/content", "/transcript", "/text"];
        let text = places.iter().find_map(|place| answer.pointer(place).and_then(Value::as_str));
        text.map(str::to_owned).ok_or_else(|| ProviderError::unavailable("the answer holds no transcript"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{body_string_contains, method, path},
    };

    use super::*;
    use ports::Recording;

    async fn answered(answer: ResponseTemplate) -> Result<String, ProviderError> {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mock = MockServer::builder().start().await;
        Mock::given(method("POST"))
            .and(path("/transcribe"))
            .and(body_string_contains("name=\"audio\"; filename=\"audio.wav\""))
            .and(body_string_contains("RIFF-sound"))
            .and(body_string_contains("name=\"language\"\r\n\r\nml"))
            .respond_with(answer)
            .expect(1)
            .mount(&mock)
            .await;
        let service = WebService::new(&format!("{}/transcribe", mock.uri()), None)?;
        let request = TranscriptionRequest {
            recording: Recording { bytes: b"RIFF-sound".to_vec(), file_name: "audio.wav".to_owned() },
            language: "ml".to_owned(),
            api_key: None,
        };
        SelfHostedSpeechToText::new(service).transcribe(&request).await
    }

    #[tokio::test]
    async fn the_form_holds_the_audio_and_the_language() -> Result<(), ProviderError> {
        let answer = json!({ "data": { "transcription": [{ "content": "How much zinc?" }] } });
        assert_eq!(answered(ResponseTemplate::new(200).set_body_json(answer)).await?, "How much zinc?");
        let answer = json!({ "text": "How much zinc?" });
        assert_eq!(answered(ResponseTemplate::new(200).set_body_json(answer)).await?, "How much zinc?");
        Ok(())
    }

    #[tokio::test]
    async fn an_answer_without_a_transcript_is_an_error() {
        let error = answered(ResponseTemplate::new(200).set_body_json(json!({ "status": "busy" }))).await;
        assert!(matches!(error, Err(ProviderError::Unavailable(_))), "{error:?}");
    }

    #[tokio::test]
    async fn a_page_that_is_no_json_is_an_error() {
        let error = answered(ResponseTemplate::new(200).set_body_string("<html>")).await;
        assert!(matches!(error, Err(ProviderError::Unavailable(_))), "{error:?}");
    }
}
