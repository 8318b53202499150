//! JSON bodies, parsed without blocking the threads that serve other requests.

use axum::body::Bytes;
use serde_json::Value;

use super::{Input, Received, surrogates};
use crate::contract::{django_format, json_fault, problem::ApiError};

/// Longer bodies are parsed on a blocking thread: parsing one, or locating its syntax error, may take a tenth of a
/// second.
const SHORT_BYTES: usize = 32_768;
/// The maximum number of values in a body, at any depth. The longest lists of the contract have hundreds.
const MAX_VALUES: usize = 50_000;

pub(super) async fn read(bytes: Bytes) -> Result<Input, ApiError> {
    if bytes.is_empty() {
        return Ok(Input::empty(false));
    }
    if bytes.len() <= SHORT_BYTES {
        return parse(&bytes);
    }
    tokio::task::spawn_blocking(move || parse(&bytes)).await.map_err(ApiError::internal)?
}

fn parse(bytes: &[u8]) -> Result<Input, ApiError> {
    if commas(bytes) >= MAX_VALUES {
        return Err(ApiError::parse(format!("More than {MAX_VALUES} values were sent.")));
    }
    let first = serde_json::from_slice(bytes);
    // serde_json refuses half a character, and tells it from other faults in words only.
    let mended = if first.is_err() { surrogates::mended(bytes) } else { None };
    let (bytes, parsed) = match &mended {
        Some(mended) => (mended.as_slice(), serde_json::from_slice(mended)),
        None => (bytes, first),
    };
    match parsed {
        Ok(Value::Object(entries)) => Ok(Input {
            fields: entries.into_iter().map(|(name, value)| (name, Received::Json(value))).collect(),
            form: false,
            _place: None,
        }),
        Ok(Value::Null) => Err(ApiError::non_field("No data provided")),
        Ok(other) => Err(ApiError::non_field(format!(
            "Invalid data. Expected a dictionary, but got {}.",
            django_format::type_name(&other)
        ))),
        Err(_) => Err(ApiError::parse(format!("JSON parse error - {}", json_fault::describe(bytes)))),
    }
}

/// Counts the commas outside of strings. Each object or list has one value more than commas, so this approximates the
/// number of values without allocating any of them.
fn commas(bytes: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http_body_util::BodyExt;

    use super::*;

    async fn refusal(body: String) -> (u16, String) {
        let response = read(body.into()).await.expect_err("refused").into_response();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("whole").to_bytes();
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    fn members(count: usize) -> String {
        (0..count).map(|number| format!("\"k{number}\":0")).collect::<Vec<_>>().join(",")
    }

    #[tokio::test]
    async fn a_body_of_very_many_values_is_refused_in_words_whether_it_could_be_parsed_or_not() {
        let expected = (400, r#"{"detail":"More than 50000 values were sent."}"#.to_owned());
        for body in [
            format!("{{{}}}", members(80_000)),
            format!("{{{},x", members(80_000)),
            format!(r#"{{"preset_questions":[{}0]}}"#, "0,".repeat(300_000)),
        ] {
            assert_eq!(refusal(body).await, expected);
        }
        assert!(read(format!("{{{}}}", members(50_000)).into()).await.is_ok());
    }

    #[tokio::test]
    async fn commas_in_a_text_are_no_values() {
        let text = r#"Fever, cough, \" and, "#.repeat(20_000);
        let input = read(format!(r#"{{"text":"{text}","b":1}}"#).into()).await.expect("one long text");
        assert_eq!(input.text("text").map(|text| text.matches(',').count()), Some(60_000));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn others_are_served_while_a_long_body_is_parsed() {
        let long = format!(r#"{{"a":"{}"#, r"\u0041".repeat(170_000));
        let others_are_served = async { tokio::task::yield_now().await };
        tokio::select! {
            biased;
            _ = read(long.into()) => panic!("nobody else had a turn"),
            () = others_are_served => {}
        }
    }
}
