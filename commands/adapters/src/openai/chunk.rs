//! An event of a streamed answer, parsed leniently: servers agree on little but the text.

use serde_json::{Map, Value};

use super::{reported_error, sse::Event, surrogates::Surrogates};
use ports::ProviderError;

/// Fields of objects that report a failure instead of a piece of an answer.
const FAILURE_FIELDS: [&str; 4] = ["code", "message", "detail", "error_code"];

/// The content of an event.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Chunk {
    pub model: Option<String>,
    pub choices: Vec<Choice>,
    pub usage: Option<Usage>,
}

/// A piece of one of several answers that a server may send side by side.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub index: u64,
    pub text: String,
    pub source: Source,
    /// The reason for which the answer ends here. Empty reasons are ignored: some servers send one with each chunk.
    pub reason: Option<String>,
}

/// The field in which a choice has its text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    #[default]
    Delta,
    /// The whole answer, or, from servers without deltas, a delta under this name.
    Message,
}

/// The numbers of tokens.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub prompt_tokens: Option<u32>,
    pub completion_tokens: Option<u32>,
}

impl Chunk {
    /// Parses an event that is neither empty nor the end mark.
    pub(super) fn of_event(event: &Event, surrogates: &mut Surrogates) -> Result<Self, ProviderError> {
        let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
        let data = parse(&event.data).or_else(|| parse(&surrogates.mend(&event.data)));
        if event.name == "error" || event.error.is_some() {
            let error = event.error.as_deref().and_then(parse).or(data).unwrap_or_default();
            return Err(reported_error(if error["error"].is_object() { &error["error"] } else { &error }));
        }
        match data {
            Some(Value::Object(object)) => Self::of_object(&object),
            Some(Value::Null) => Ok(Self::default()),
            Some(Value::Array(items)) if items.is_empty() => Ok(Self::default()),
            Some(_) | None => Err(ProviderError::unavailable("unreadable answer")),
        }
    }

    /// Parses a chunk, or a completion that was sent as a whole.
    pub(super) fn of_object(object: &Map<String, Value>) -> Result<Self, ProviderError> {
        let get = |name: &str| object.get(name).filter(|value| !value.is_null());
        // Some servers send an empty error with each chunk.
        if let Some(error) = get("error").filter(|error| !is_empty_error(error)) {
            return Err(reported_error(error));
        }
        let is_piece = get("choices").is_some() || get("usage").is_some();
        let is_error = get("object").is_some_and(|kind| kind == "error");
        if is_error || (!is_piece && FAILURE_FIELDS.iter().any(|name| get(name).is_some())) {
            return Err(reported_error(&Value::Object(object.clone())));
        }
        let choices = get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            model: word(get("model")),
            choices: (0..)
                .zip(choices)
                .map(|(place, choice)| Choice::of_value(place, choice))
                .collect::<Result<_, _>>()?,
            usage: get("usage").map(Usage::of_value),
        })
    }
}

impl Choice {
    fn of_value(place: u64, choice: &Value) -> Result<Self, ProviderError> {
        let (source, piece) = match &choice["delta"] {
            Value::Null => (Source::Message, &choice["message"]),
            delta => (Source::Delta, delta),
        };
        // The words with which a model refuses come in a field of their own.
        let text = text_of(&piece["content"])? + piece["refusal"].as_str().unwrap_or_default();
        Ok(Self {
            index: choice["index"].as_u64().unwrap_or(place),
            text,
            source,
            reason: word(choice.get("finish_reason")).filter(|reason| !is_no_reason(reason)),
        })
    }
}

/// Whether this reason is one that some servers send with pieces before the last.
fn is_no_reason(reason: &str) -> bool {
    ["null", "none"].iter().any(|none| reason.trim().eq_ignore_ascii_case(none))
}

/// Whether an error field is empty.
fn is_empty_error(error: &Value) -> bool {
    match error {
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        other => *other == false || *other == 0,
    }
}

impl Usage {
    fn of_value(usage: &Value) -> Self {
        let count = |name: &str| number(&usage[name]);
        Self { prompt_tokens: count("prompt_tokens"), completion_tokens: count("completion_tokens") }
    }
}

/// A whole number, also in decimal notation; `None` for any other value, which counts as unknown.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is whole and within the range")]
fn number(value: &Value) -> Option<u32> {
    let number = value.as_f64()?;
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
}

/// A text that is not empty.
fn word(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The text of a content, which is a string or a list of parts; parts of other kinds are thoughts and the like. Some
/// servers (Cloudflare Workers AI) send a piece that looks like a number as one: "Give 5 mg" must not become "Give mg".
fn text_of(content: &Value) -> Result<String, ProviderError> {
    match content {
        Value::Null => Ok(String::new()),
        Value::Array(parts) => parts.iter().map(text_of_part).collect(),
        Value::Object(_) => text_of_part(content),
        piece => text_of_piece(piece),
    }
}

fn text_of_part(part: &Value) -> Result<String, ProviderError> {
    let Value::Object(fields) = part else { return text_of_piece(part) };
    let is_text = fields.get("type").is_none_or(|kind| kind == "text" || kind == "output_text");
    fields.get("text").filter(|_| is_text).map_or_else(|| Ok(String::new()), text_of_piece)
}

fn text_of_piece(piece: &Value) -> Result<String, ProviderError> {
    match piece {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_true) => Ok(is_true.to_string()),
        Value::Array(_) | Value::Object(_) => Err(ProviderError::unavailable("a piece of the answer is no text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str) -> Result<Chunk, ProviderError> {
        let event = Event { data: data.to_owned(), ..Event::default() };
        Chunk::of_event(&event, &mut Surrogates::default())
    }

    #[test]
    fn usage_may_be_written_in_any_way_and_be_wrong() -> Result<(), ProviderError> {
        let usage = |prompt: &str| {
            let chunk = read(&format!(r#"{{"choices":null,"usage":{{"prompt_tokens":{prompt}}}}}"#))?;
            Ok::<_, ProviderError>(chunk.usage.and_then(|usage| usage.prompt_tokens))
        };
        assert_eq!((usage("12")?, usage("12.0")?), (Some(12), Some(12)));
        for none in ["-1", "1.5", "\"12\"", "null", "5000000000", "[]"] {
            assert_eq!(usage(none)?, None, "{none}");
        }
        Ok(())
    }

    #[test]
    fn a_content_may_be_a_list_of_parts_of_which_thoughts_are_none() -> Result<(), ProviderError> {
        let content =
            r#"[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},{"type":"text","text":"Take "},"rest."]"#;
        let chunk = read(&format!(r#"{{"choices":[{{"delta":{{"content":{content}}}}}]}}"#))?;
        assert_eq!(chunk.choices[0].text, "Take rest.");
        Ok(())
    }

    #[test]
    fn the_words_with_which_a_model_refuses_are_its_answer() -> Result<(), ProviderError> {
        let delta = r#"{"content":null,"refusal":"I cannot help with that."}"#;
        let chunk = read(&format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#))?;
        assert_eq!(chunk.choices[0].text, "I cannot help with that.");
        let chunk = read(r#"{"choices":[{"delta":{"content":"Take rest.","refusal":null}}]}"#)?;
        assert_eq!(chunk.choices[0].text, "Take rest.");
        Ok(())
    }

    #[test]
    fn a_dose_that_a_server_sends_as_a_number_is_not_left_out() -> Result<(), ProviderError> {
        for (content, text) in [
            ("5", "5"),
            ("0.5", "0.5"),
            ("-2", "-2"),
            ("true", "true"),
            ("[\"Give \",5,{\"type\":\"text\",\"text\":10}]", "Give 510"),
            ("{\"type\":\"text\",\"text\":\"5 mg\"}", "5 mg"),
            ("null", ""),
        ] {
            let chunk = read(&format!(r#"{{"choices":[{{"delta":{{"content":{content}}}}}]}}"#))?;
            assert_eq!(chunk.choices[0].text, text, "{content}");
        }
        assert!(read(r#"{"choices":[{"delta":{"content":{"text":{"value":5}}}}]}"#).is_err(), "it may be a dose");
        Ok(())
    }

    #[test]
    fn what_says_nothing_of_an_answer_is_passed_over() -> Result<(), ProviderError> {
        for nothing in [
            r#"{"type":"ping"}"#,
            r#"{"choices":[],"error":null}"#,
            r#"{"choices":[],"error":""}"#,
            r#"{"choices":[],"error":{}}"#,
            r#"{"choices":[],"error":0}"#,
            "null",
            "[]",
            "{}",
        ] {
            assert_eq!(read(nothing)?, Chunk::default(), "{nothing}");
        }
        Ok(())
    }
}
