//! The adapter against a local server that speaks OpenAI's protocol.

use futures::TryStreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, header, method, path},
};

mod endings;

use super::*;
use ports::{AnswerChunk, Exchange, Finish};

fn server(base_url: &str) -> OpenAiServer {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    OpenAiServer::new(base_url, "sk-configured".into()).expect("the client can be built")
}

fn request() -> AnswerRequest {
    AnswerRequest {
        model: "gpt-x".to_owned(),
        system: "You help.".to_owned(),
        history: vec![Exchange { question: "Earlier?".to_owned(), answer: "Yes.".to_owned() }],
        question: "Now?".to_owned(),
        passages: Vec::new(),
        temperature: 0.5,
        api_key: None,
    }
}

fn sse(events: &[&str]) -> String {
    format!("data: {}\n\n", events.join("\n\ndata: "))
}

fn delta(text: &str) -> AnswerChunk {
    AnswerChunk::Delta(text.to_owned())
}

/// The adapter's result for these bytes: all chunks up to the first error, and that error.
async fn answered(response: ResponseTemplate) -> (Vec<AnswerChunk>, Option<ProviderError>) {
    let mock = MockServer::builder().start().await;
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(response).mount(&mock).await;
    collected(&format!("{}/v1/", mock.uri())).await
}

async fn collected(base_url: &str) -> (Vec<AnswerChunk>, Option<ProviderError>) {
    let mut stream = match OpenAiChat::new(server(base_url)).answer(request()).await {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut chunks = Vec::new();
    loop {
        match stream.try_next().await {
            Ok(Some(chunk)) => chunks.push(chunk),
            Ok(None) => return (chunks, None),
            Err(error) => return (chunks, Some(error)),
        }
    }
}

fn stream_of(events: &[&str]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(sse(events), "text/event-stream")
}

#[tokio::test]
async fn a_stream_with_usage_becomes_deltas_and_a_finish() {
    let (chunks, error) = answered(stream_of(&[
        r#"{"id":"1","model":"gpt-x-2026","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        r#"{"id":"1","model":"gpt-x-2026","choices":[{"index":0,"delta":{"content":"Take "},"finish_reason":null}]}"#,
        r#"{"id":"1","model":"gpt-x-2026","choices":[{"index":0,"delta":{"content":"rest."},"finish_reason":null}]}"#,
        r#"{"id":"1","model":"gpt-x-2026","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        r#"{"id":"1","model":"gpt-x-2026","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}"#,
        "[DONE]",
    ]))
    .await;
    let finish = Finish {
        model: Some("gpt-x-2026".to_owned()),
        reason: Some("stop".to_owned()),
        prompt_tokens: Some(12),
        completion_tokens: Some(3),
        citations: None,
    };
    assert_eq!(chunks, [delta("Take "), delta("rest."), AnswerChunk::Finished(finish)]);
    assert!(error.is_none());
}

#[tokio::test]
async fn a_compatible_server_may_leave_reason_and_usage_out_and_send_its_thoughts() {
    let (chunks, error) = answered(stream_of(&[
        r#"{"model":"llama","choices":[{"delta":{"reasoning_content":"Hm."},"finish_reason":""}]}"#,
        r#"{"model":"llama","choices":[{"delta":{"content":"Rest.","reasoning_content":null},"finish_reason":""}]}"#,
        "[DONE]",
    ]))
    .await;
    let finish = Finish { model: Some("llama".to_owned()), ..Finish::default() };
    assert_eq!(chunks, [delta("Rest."), AnswerChunk::Finished(finish)]);
    assert!(error.is_none());
}

#[tokio::test]
async fn an_error_in_mid_stream_ends_the_answer() {
    let (chunks, error) = answered(stream_of(&[
        r#"{"choices":[{"delta":{"content":"Take "},"finish_reason":null}]}"#,
        r#"{"error":{"message":"overloaded","code":503}}"#,
        r#"{"choices":[{"delta":{"content":"never"},"finish_reason":null}]}"#,
    ]))
    .await;
    assert_eq!(chunks, [delta("Take ")]);
    assert!(matches!(error, Some(ProviderError::Unavailable(_))), "{error:?}");
}

#[tokio::test]
async fn half_an_answer_is_a_failure_though_each_chunk_has_an_empty_reason() {
    for reason in ["", r#","finish_reason":null"#, r#","finish_reason":"""#] {
        let chunk = format!(r#"{{"choices":[{{"delta":{{"content":"Give adrenaline 0.5 mg"}}{reason}}}]}}"#);
        let (chunks, error) = answered(stream_of(&[&chunk])).await;
        assert_eq!(chunks, [delta("Give adrenaline 0.5 mg")]);
        assert!(matches!(error, Some(ProviderError::Unavailable(_))), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_is_complete_with_a_reason_or_with_the_end_mark() {
    let chunk = |reason: &str| format!(r#"{{"choices":[{{"delta":{{"content":"Rest."}},"finish_reason":{reason}}}]}}"#);
    for (events, reason) in [
        (vec![chunk("\"stop\"")], Some("stop")),
        (vec![chunk("\"length\""), "[DONE]".to_owned()], Some("length")),
        (vec![chunk("\"\""), "[DONE]".to_owned()], None),
        (vec![chunk("null"), "[DONE]".to_owned(), chunk("null")], None),
    ] {
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        let (chunks, error) = answered(stream_of(&events)).await;
        let finish = Finish { reason: reason.map(str::to_owned), ..Finish::default() };
        assert_eq!(chunks, [delta("Rest."), AnswerChunk::Finished(finish)], "{error:?}");
    }
}

#[tokio::test]
async fn a_provider_that_says_that_it_failed_has_not_answered() {
    let chunk = r#"{"choices":[{"delta":{"content":"Rest"},"finish_reason":"error"}]}"#;
    let (chunks, error) = answered(stream_of(&[chunk, "[DONE]"])).await;
    assert_eq!(chunks, [delta("Rest")]);
    assert!(matches!(error, Some(ProviderError::Unavailable(_))), "{error:?}");
}

async fn completed(choice: Value) -> Result<String, ProviderError> {
    let mock = MockServer::builder().start().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({ "choices": [choice] }));
    Mock::given(method("POST")).respond_with(answer).mount(&mock).await;
    let request = JsonRequest {
        model: "gpt-x".to_owned(),
        system: String::new(),
        messages: Vec::new(),
        max_tokens: 9,
        api_key: None,
    };
    OpenAiChat::new(server(&mock.uri())).complete_json(request).await
}

#[tokio::test]
async fn a_form_is_filled_in_with_one_whole_object_and_nothing_around_it() -> Result<(), ProviderError> {
    let choice = |text: &str, reason: &str| json!({ "message": { "content": text }, "finish_reason": reason });
    assert_eq!(completed(choice("<think>Hm.</think>\n{}", "stop")).await?, "{}");
    assert_eq!(completed(json!({ "message": { "content": "{}" } })).await?, "{}");
    for text in ["Sure! {\"dose\": 5}", "```json\n{\"dose\": 5}\n```", "{\"dose\": 5} I hope that this helps."] {
        assert_eq!(completed(choice(text, "stop")).await?, "{\"dose\": 5}");
    }
    for (text, reason) in [
        ("Sure! {", "stop"),
        ("[1]", "stop"),
        ("{\"dose\": 5", "length"),
        ("", "stop"),
        ("<think>", "stop"),
        ("{}", "error"),
    ] {
        let error = completed(choice(text, reason)).await;
        assert!(matches!(error, Err(ProviderError::Unavailable(_))), "{error:?}");
    }
    assert!(matches!(completed(choice("", "content_filter")).await, Err(ProviderError::Refused(_))));
    Ok(())
}

#[tokio::test]
async fn a_connection_that_is_cut_ends_in_an_error() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serve = async {
        let (mut connection, _) = listener.accept().await?;
        let mut seen = [0; 4_096];
        let _ = connection.read(&mut seen).await?;
        let event = sse(&[r#"{"choices":[{"delta":{"content":"Take "},"finish_reason":""}]}"#]);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.write_all(format!("{head}{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
        connection.shutdown().await
    };
    let base_url = format!("http://{address}/v1");
    let ((chunks, error), served) = tokio::join!(collected(&base_url), serve);
    served?;
    assert_eq!(chunks, [delta("Take ")]);
    assert!(matches!(error, Some(ProviderError::Unavailable(_))), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn the_request_holds_prompt_history_and_question_and_the_callers_key() {
    let mock = MockServer::builder().start().await;
    let expected = json!({
        "model": "gpt-x",
        "messages": [
            { "role": "system", "content": "You help." },
            { "role": "user", "content": "Earlier?" },
            { "role": "assistant", "content": "Yes." },
            { "role": "user", "content": "Now?" },
        ],
        "temperature": 0.5,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    Mock::given(header("authorization", "Bearer sk-own"))
        .and(body_json(expected))
        .respond_with(stream_of(&[r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#]))
        .expect(1)
        .mount(&mock)
        .await;
    let request = AnswerRequest { api_key: Some("sk-own".into()), ..request() };
    let answer = OpenAiChat::new(server(&mock.uri())).answer(request).await;
    assert!(answer.is_ok(), "{:?}", answer.err());
}

#[tokio::test]
async fn a_refused_key_is_unauthorized_and_does_not_leak() {
    let body = json!({ "error": { "message": "Incorrect API key provided: sk-conf", "type": "x", "param": null, "code": "invalid_api_key" } });
    let (_, error) = answered(ResponseTemplate::new(401).set_body_json(body)).await;
    let error = error.expect("the key is refused");
    assert!(matches!(error, ProviderError::Unauthorized));
    assert!(!format!("{error:?} {error}").contains("sk-"));
}

#[tokio::test]
async fn an_error_with_a_number_for_its_code_is_understood() {
    let body = json!({ "error": { "message": "no such model", "type": "x", "param": null, "code": 404 } });
    let (_, error) = answered(ResponseTemplate::new(404).set_body_json(body)).await;
    assert!(matches!(error, Some(ProviderError::Refused(_))), "{error:?}");
}

#[tokio::test]
async fn a_key_that_cannot_be_sent_is_refused_without_a_request() {
    let request = AnswerRequest { api_key: Some("sk\nx".into()), ..request() };
    let error = OpenAiChat::new(server("http://127.0.0.1:9")).answer(request).await.err();
    assert!(matches!(error, Some(ProviderError::Unauthorized)), "{error:?}");
}

#[tokio::test]
async fn a_rate_limit_is_retried_a_few_times_and_then_reported() {
    let mock = MockServer::builder().start().await;
    let body = json!({ "error": { "message": "slow down", "type": "x", "param": null, "code": null } });
    let response = ResponseTemplate::new(429).insert_header("retry-after", "0").set_body_json(body);
    Mock::given(method("POST")).respond_with(response).expect(4).mount(&mock).await;
    let (_, error) = collected(&mock.uri()).await;
    assert!(matches!(error, Some(ProviderError::RateLimited)), "{error:?}");
}

#[tokio::test]
async fn embeddings_come_back_in_the_order_of_the_texts_and_with_length_one() -> Result<(), ProviderError> {
    let mock = MockServer::builder().start().await;
    let answer = json!({ "object": "list", "model": "e", "data": [
        { "object": "embedding", "index": 1, "embedding": [0.0, 2.0] },
        { "object": "embedding", "index": 0, "embedding": [3.0, 4.0] },
    ] });
    let expected = json!({ "model": "e", "input": ["a", "b"], "encoding_format": "float", "dimensions": 2 });
    Mock::given(path("/embeddings"))
        .and(body_json(expected))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&mock)
        .await;
    let embedder = OpenAiEmbedder::new(server(&mock.uri()), "e", Some(2));
    let texts = ["a".to_owned(), " ".to_owned(), "b".to_owned()];
    let vectors = embedder.embed(&texts, TextKind::Passage).await?;
    assert_eq!(vectors, [vec![0.6, 0.8], vec![0.0, 0.0], vec![0.0, 1.0]]);
    assert_eq!(embedder.model(), "e/2");
    Ok(())
}

#[tokio::test]
async fn an_answer_with_a_missing_embedding_is_an_error() {
    let mock = MockServer::builder().start().await;
    let answer = json!({ "data": [{ "index": 0, "embedding": [1.0] }] });
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&mock).await;
    let embedder = OpenAiEmbedder::new(server(&mock.uri()), "e", None);
    let error = embedder.embed(&["a".to_owned(), "b".to_owned()], TextKind::Passage).await;
    assert!(matches!(error, Err(ProviderError::Unavailable(_))), "{error:?}");
}

#[test]
fn batches_keep_to_the_limits() {
    let long = "x".repeat(MAX_BATCH_BYTES + 1);
    let mut texts = vec![(0, "a"); MAX_BATCH + 1];
    texts.extend([(0, long.as_str()), (0, "b")]);
    let sizes: Vec<usize> = batches(&texts).into_iter().map(<[_]>::len).collect();
    assert_eq!(sizes, [MAX_BATCH, 1, 1, 1]);
}
