//! The endings of streamed answers: complete, cut off, or missing.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use ports::Ending;

const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

fn text(content: &str) -> String {
    json!({ "choices": [{ "index": 0, "delta": { "content": content } }] }).to_string()
}

fn ended_by(reason: &str) -> String {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }).to_string()
}

/// The text of an answer, and how it ended.
async fn answer_to(body: String) -> (String, Result<Ending, ProviderError>) {
    let (chunks, error) = answered(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")).await;
    let texts = chunks.iter().filter_map(|chunk| match chunk {
        AnswerChunk::Delta(text) => Some(text.as_str()),
        AnswerChunk::Finished(_) => None,
    });
    let ending = match (error, chunks.last()) {
        (Some(error), _) => Err(error),
        (None, Some(AnswerChunk::Finished(finish))) => Ok(Ending::of(finish.reason.as_deref())),
        (None, _) => panic!("an answer ends: {chunks:?}"),
    };
    (texts.collect(), ending)
}

#[tokio::test]
async fn an_answer_that_breaks_off_with_a_servers_own_kind_of_error_is_not_taken_for_a_whole_one() {
    for error in [
        r#"data: {"text":"**NETWORK ERROR**","error_code":50001}"#,
        r#"data: {"object":"error","message":"oom","code":500}"#,
        r#"data: {"detail":"Internal error"}"#,
        r#"data: {"error":{"message":"overloaded"}}"#,
        r#"data: {"error":"overloaded","choices":[]}"#,
        "event: error\ndata: {\"message\":\"overloaded\"}",
        "event: error",
        r#"error: {"code":500}"#,
        "data: Internal Server Error",
    ] {
        let (text, ending) =
            answer_to(format!("data: {}\n\n{error}\n\ndata: [DONE]\n\n", text("Give adrenaline 0.5 mg"))).await;
        assert_eq!(text, "Give adrenaline 0.5 mg");
        assert!(matches!(ending, Err(ProviderError::Unavailable(_))), "{error}: {ending:?}");
    }
    let limited = format!("data: {}\n\nerror: {{\"error\":{{\"code\":429}}}}\n\n", text("Give"));
    assert!(matches!(answer_to(limited).await.1, Err(ProviderError::RateLimited)));
}

#[tokio::test]
async fn an_answer_is_whole_only_for_a_reason_that_is_known_for_that_or_without_any() {
    for (reasons, expected) in [
        (vec![], Ending::Whole),
        (vec!["stop"], Ending::Whole),
        (vec!["STOP"], Ending::Whole),
        (vec!["null", "none", "stop"], Ending::Whole),
        (vec!["none"], Ending::Whole),
        (vec!["eos_token"], Ending::Whole),
        (vec!["end_turn"], Ending::Whole),
        (vec!["timeout"], Ending::Stopped),
        (vec!["incomplete"], Ending::Stopped),
        (vec!["weird"], Ending::Stopped),
        (vec!["tool_calls"], Ending::Stopped),
        (vec!["function_call"], Ending::Stopped),
        (vec!["max_output_tokens"], Ending::CutOff),
        (vec!["blocklist"], Ending::Withheld),
        (vec!["length", "stop"], Ending::CutOff),
        (vec!["stop", "content_filter"], Ending::Withheld),
    ] {
        let mut events = vec![text("Give adrenaline 0.5 mg")];
        events.extend(reasons.iter().map(|reason| ended_by(reason)));
        events.push("[DONE]".to_owned());
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        let (text, ending) = answer_to(sse(&events)).await;
        assert_eq!((text.as_str(), ending.ok()), ("Give adrenaline 0.5 mg", Some(expected)), "{reasons:?}");
    }
}

#[tokio::test]
async fn an_answer_is_not_thrown_away_for_the_way_in_which_a_server_marks_its_end() {
    let rest = text("Rest.");
    for end in [
        "data: [DONE]",
        "data: [DONE]\n",
        "data: \"[DONE]\"\n\n",
        "event: done\ndata: {}\n\n",
        &format!("data: {STOP}"),
        &format!("data: null\n\ndata: []\n\ndata: {STOP}\n"),
    ] {
        let (text, ending) = answer_to(format!("data: {rest}\n\n{end}")).await;
        assert_eq!((text.as_str(), ending.ok()), ("Rest.", Some(Ending::Whole)), "{end}");
    }
    let (_, ending) = answer_to(format!("data: {rest}\n\ndata: {{\"choices\":[{{\"del")).await;
    assert!(ending.is_err(), "half an event is no end");
}

#[tokio::test]
async fn pieces_of_one_answer_that_a_server_numbers_as_several_are_no_whole_one() {
    let piece = |index: u32, text: &str, reason: Value| {
        json!({ "choices": [{ "index": index, "delta": { "content": text }, "finish_reason": reason }] }).to_string()
    };
    let events = [piece(0, "Give", Value::Null), piece(1, " nothing", json!("stop")), "[DONE]".to_owned()];
    let (_, ending) = answer_to(sse(&events.each_ref().map(String::as_str))).await;
    assert!(ending.is_err(), "{ending:?}");
}

#[tokio::test]
async fn a_whole_answer_is_not_thrown_away_for_what_comes_after_its_end() {
    for after in [
        r#"data: {"choices":null,"usage":{"prompt_tokens":3}}"#,
        r#"data: {"choices":[],"usage":{"prompt_tokens":1.0,"completion_tokens":-1}}"#,
        "data: bye",
        r#"data: {"error":{"message":"too late"}}"#,
        "event: error\ndata: {}",
    ] {
        let (text, ending) = answer_to(format!("data: {}\n\ndata: {STOP}\n\n{after}\n\n", text("Rest."))).await;
        assert_eq!((text.as_str(), ending.ok()), ("Rest.", Some(Ending::Whole)), "{after}");
    }
}

#[tokio::test]
async fn empty_events_and_signs_of_life_do_not_break_an_answer() {
    let (before, after) = (text("Take "), text("rest."));
    for between in
        ["data: ", "data", ": ping", "event: ping\ndata: x", "event: keepalive\ndata: ", "data: {\"type\":\"ping\"}"]
    {
        let body = format!("\u{feff}data: {before}\n\n{between}\n\ndata: {after}\r\n\r\ndata: {STOP}\n\n");
        let (text, ending) = answer_to(body).await;
        assert_eq!((text.as_str(), ending.ok()), ("Take rest.", Some(Ending::Whole)), "{between}");
    }
}

#[tokio::test]
async fn of_several_answers_side_by_side_one_is_shown() {
    let choice = |index: u32, text: &str, reason: Value| json!({ "index": index, "delta": { "content": text }, "finish_reason": reason });
    let both = |reason: Value, other: Value, first: &str, second: &str| {
        json!({ "choices": [choice(0, first, reason), choice(1, second, other)] }).to_string()
    };
    let events = [
        both(Value::Null, Value::Null, "Give ", "Never give "),
        json!({ "choices": [choice(1, "50 mg.", json!("length"))] }).to_string(),
        json!({ "choices": [choice(0, "5 mg.", json!("stop"))] }).to_string(),
        "[DONE]".to_owned(),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let (text, ending) = answer_to(sse(&events)).await;
    assert_eq!((text.as_str(), ending.ok()), ("Give 5 mg.", Some(Ending::Whole)));
}

#[tokio::test]
async fn a_text_in_another_shape_is_shown_too() {
    let message = |text: &str| format!(r#"{{"choices":[{{"message":{{"content":"{text}"}}}}]}}"#);
    for (events, expected) in [
        (vec![message("Take "), message("rest.")], "Take rest."),
        (vec![text("Take "), text("rest."), message("Take rest.")], "Take rest."),
        (vec![r#"{"choices":[{"delta":{"content":[{"type":"text","text":"Take rest."}]}}]}"#.to_owned()], "Take rest."),
        (
            vec![
                r#"{"choices":[{"delta":{"content":"Rest \ud83d"}}]}"#.to_owned(),
                r#"{"choices":[{"delta":{"content":"\ude00."}}]}"#.to_owned(),
            ],
            "Rest 😀.",
        ),
    ] {
        let events: Vec<&str> = events.iter().map(String::as_str).chain([STOP, "[DONE]"]).collect();
        let (text, ending) = answer_to(sse(&events)).await;
        assert_eq!((text.as_str(), ending.ok()), (expected, Some(Ending::Whole)), "{events:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_read_all_the_same() {
    let completion =
        json!({ "model": "small", "choices": [{ "message": { "content": "Take rest." }, "finish_reason": "stop" }] });
    let (chunks, error) = answered(ResponseTemplate::new(200).set_body_json(completion)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(chunks[0], delta("Take rest."));
    let mislabelled = ResponseTemplate::new(200).set_body_raw(sse(&[&text("Take rest."), STOP]), "application/json");
    assert_eq!(answered(mislabelled).await.0[0], delta("Take rest."));
    let failure = json!({ "error": { "code": 503 } });
    let (chunks, error) = answered(ResponseTemplate::new(200).set_body_json(failure)).await;
    assert!(matches!(error, Some(ProviderError::Unavailable(_))), "{chunks:?} {error:?}");
}

#[tokio::test]
async fn an_event_that_is_too_long_ends_the_answer_and_leaves_what_there_was() {
    let long = text(&"x".repeat(8 << 20));
    let started = Instant::now();
    let (text, ending) = answer_to(sse(&[&text("Take "), &long, "[DONE]"])).await;
    assert_eq!(text, "Take ");
    assert!(matches!(ending, Err(ProviderError::Unavailable(_))), "{ending:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_completion_without_end_does_not_fill_the_memory() {
    let long = json!({ "message": { "content": "x".repeat(4 << 20) }, "finish_reason": "stop" });
    let error = completed(long).await;
    assert!(matches!(error, Err(ProviderError::Unavailable(_))), "{error:?}");
}

#[tokio::test]
async fn a_server_that_asks_for_a_long_pause_is_busy_at_once() {
    let mock = MockServer::builder().start().await;
    let response = ResponseTemplate::new(429).insert_header("retry-after", "3600");
    Mock::given(method("POST")).respond_with(response).expect(1).mount(&mock).await;
    let started = Instant::now();
    let (_, error) = collected(&mock.uri()).await;
    assert!(matches!(error, Some(ProviderError::RateLimited)), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_whole_answer_does_not_wait_for_a_connection_that_stays_open() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base_url = format!("http://{}/v1", listener.local_addr()?);
    let serve = async {
        let (mut connection, _) = listener.accept().await?;
        let mut seen = [0; 4_096];
        let _ = connection.read(&mut seen).await?;
        let events = sse(&[&text("Rest."), STOP]);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.write_all(format!("{head}{:x}\r\n{events}\r\n", events.len()).as_bytes()).await?;
        // The connection closes when the client does.
        connection.read(&mut seen).await
    };
    let started = Instant::now();
    let answer = async {
        let stream = OpenAiChat::new(server(&base_url)).answer(request()).await?;
        stream.try_collect::<Vec<AnswerChunk>>().await
    };
    let (answer, served) = tokio::join!(answer, serve);
    served?;
    let finish = Finish { reason: Some("stop".to_owned()), ..Finish::default() };
    assert_eq!(answer.ok(), Some(vec![delta("Rest."), AnswerChunk::Finished(finish)]));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    Ok(())
}

#[tokio::test]
async fn a_refusal_whose_body_never_ends_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            drop(connection.read(&mut [0; 4096]).await);
            let head = "HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{";
            drop(connection.write_all(head.as_bytes()).await);
            open.push(connection);
        }
    });
    let started = Instant::now();
    let (chunks, error) = collected(&format!("http://{address}/v1")).await;
    assert!(chunks.is_empty() && matches!(error, Some(ProviderError::Refused(_))), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
