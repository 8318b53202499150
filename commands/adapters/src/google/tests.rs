//! The adapters against a local server that speaks Google's protocol.

use serde_json::Value;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, method, path},
};

use super::*;
use ports::Recording;

fn service(mock: &MockServer) -> WebService {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    WebService::new(&format!("{}/", mock.uri()), Some(&"key-1".into())).expect("the client can be built")
}

async fn answering(to: &str, body: Value, answer: ResponseTemplate) -> MockServer {
    let mock = MockServer::builder().start().await;
    Mock::given(method("POST"))
        .and(path(to))
        .and(header("x-goog-api-key", "key-1"))
        .and(body_json(body))
        .respond_with(answer)
        .expect(1)
        .mount(&mock)
        .await;
    mock
}

fn recording(bytes: &[u8]) -> TranscriptionRequest {
    TranscriptionRequest {
        recording: Recording { bytes: bytes.to_vec(), file_name: "audio.wav".to_owned() },
        language: "ml".to_owned(),
        api_key: None,
    }
}

fn translation(text: &str) -> TranslationRequest<'_> {
    TranslationRequest { text, from: "hi", to: "en", api_key: None }
}

#[tokio::test]
async fn recognition_joins_the_best_alternatives() -> Result<(), ProviderError> {
    let expected = json!({
        "config": { "languageCode": "ml-IN", "enableAutomaticPunctuation": true },
        "audio": { "content": "UklGRg==" },
    });
    let answer = json!({ "results": [
        { "alternatives": [{ "transcript": "How much", "confidence": 0.9 }, { "transcript": "worse" }] },
        { "alternatives": [{ "transcript": " zinc?" }] },
    ] });
    let mock = answering("/v1/speech:recognize", expected, ResponseTemplate::new(200).set_body_json(answer)).await;
    let text = GoogleSpeechToText::new(service(&mock)).transcribe(&recording(b"RIFF")).await?;
    assert_eq!(text, "How much zinc?");
    Ok(())
}

#[tokio::test]
async fn a_recording_without_speech_is_an_empty_text() -> Result<(), ProviderError> {
    let expected = json!({
        "config": {
            "languageCode": "ml-IN", "enableAutomaticPunctuation": true,
            "encoding": "OGG_OPUS", "sampleRateHertz": 48_000,
        },
        "audio": { "content": "T2dnUw==" },
    });
    let mock = answering("/v1/speech:recognize", expected, ResponseTemplate::new(200).set_body_json(json!({}))).await;
    assert_eq!(GoogleSpeechToText::new(service(&mock)).transcribe(&recording(b"OggS")).await?, "");
    Ok(())
}

#[tokio::test]
async fn a_translation_keeps_the_blanks_around_the_text() -> Result<(), ProviderError> {
    let expected = json!({ "q": ["कितना?"], "source": "hi", "target": "en", "format": "text" });
    let answer = json!({ "data": { "translations": [{ "translatedText": "How much?" }] } });
    let mock = answering("/language/translate/v2", expected, ResponseTemplate::new(200).set_body_json(answer)).await;
    assert_eq!(GoogleTranslator::new(service(&mock)).translate(translation("\n कितना? ")).await?, "\n How much? ");
    Ok(())
}

#[tokio::test]
async fn a_refused_key_is_unauthorized_and_does_not_leak() {
    let expected = json!({ "q": ["x"], "source": "hi", "target": "en", "format": "text" });
    let refusal = json!({ "error": { "code": 403, "message": "API key key-1 not valid." } });
    let mock = answering("/language/translate/v2", expected, ResponseTemplate::new(403).set_body_json(refusal)).await;
    let error = GoogleTranslator::new(service(&mock)).translate(translation("x")).await.expect_err("refused");
    assert!(matches!(error, ProviderError::Unauthorized));
    assert!(!format!("{error:?} {error}").contains("key-1"));
}

#[tokio::test]
async fn an_answer_without_a_translation_is_an_error() {
    let expected = json!({ "q": ["x"], "source": "hi", "target": "en", "format": "text" });
    let answer = json!({ "data": { "translations": [] } });
    let mock = answering("/language/translate/v2", expected, ResponseTemplate::new(200).set_body_json(answer)).await;
    let error = GoogleTranslator::new(service(&mock)).translate(translation("x")).await;
    assert!(matches!(error, Err(ProviderError::Unavailable(_))), "{error:?}");
}

#[tokio::test]
async fn speech_comes_as_mp3() -> Result<(), ProviderError> {
    let expected = json!({
        "input": { "text": "Take rest." },
        "voice": { "languageCode": "en-IN" },
        "audioConfig": { "audioEncoding": "MP3" },
    });
    let answer = ResponseTemplate::new(200).set_body_json(json!({ "audioContent": "SUQz" }));
    let mock = answering("/v1/text:synthesize", expected, answer).await;
    let request = SpeechRequest { text: "Take rest.", language: "en", api_key: None };
    let speech = GoogleTextToSpeech::new(service(&mock)).speak(request).await?;
    assert_eq!((speech.bytes.as_slice(), speech.extension), (b"ID3".as_slice(), "mp3"));
    Ok(())
}

#[tokio::test]
async fn a_long_answer_is_spoken_in_pieces() -> Result<(), ProviderError> {
    let mock = MockServer::builder().start().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({ "audioContent": "SUQz" }));
    Mock::given(method("POST")).respond_with(answer).expect(3).mount(&mock).await;
    let text = "Take rest. ".repeat(1_000);
    let request = SpeechRequest { text: &text, language: "en", api_key: None };
    assert_eq!(GoogleTextToSpeech::new(service(&mock)).speak(request).await?.bytes, b"ID3ID3ID3");
    Ok(())
}

#[tokio::test]
async fn there_are_voices_for_ten_languages_only() {
    let mock = MockServer::builder().start().await;
    let voices = GoogleTextToSpeech::new(service(&mock));
    assert!(voices.speaks("ml") && voices.speaks("EN"));
    assert!(!voices.speaks("fr") && !voices.speaks("or"));
}
