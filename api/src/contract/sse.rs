//! Frames of a streamed answer, byte for byte as the front end's client expects them.
//!
//! No comments, no keep-alives, no ids and no closing marker: that client fails on any of them.

use std::{convert::Infallible, io};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use utoipa::ToSchema;

/// One frame. The last one of a stream has `stop`, and `error` if the answer failed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AnswerFrame {
    pub chat: String,
    pub input: String,
    /// What is new since the frame before.
    pub delta: String,
    /// The text so far; in the last frame the whole text, or the error.
    pub message: String,
    pub stop: bool,
    pub error: bool,
    /// The absolute URL of the spoken answer.
    pub ayushma_voice: Option<String>,
}

/// The frame as it goes over the wire.
#[expect(clippy::missing_panics_doc, reason = "writing ASCII into memory cannot fail")]
pub fn encode(frame: &AnswerFrame) -> String {
    let mut bytes = Vec::from(b"data: ");
    let mut serializer = Serializer::with_formatter(&mut bytes, SpacedAscii);
    frame.serialize(&mut serializer).expect("texts and flags always serialise into memory");
    bytes.extend_from_slice(b"\n\n");
    String::from_utf8(bytes).expect("the formatter writes ASCII")
}

/// The answer that streams these frames.
pub fn response(frames: impl Stream<Item = AnswerFrame> + Send + 'static) -> Response {
    let chunks = frames.map(|frame| Ok::<_, Infallible>(encode(&frame)));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

/// JSON with a space after `:` and `,`, and nothing but ASCII.
struct SpacedAscii;

impl Formatter for SpacedAscii {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for c in fragment.chars() {
            if matches!(c, ' '..='~') {
                writer.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

fn separate<W: ?Sized + io::Write>(writer: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { writer.write_all(b", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn frame(delta: &str) -> AnswerFrame {
        AnswerFrame {
            chat: "7f81988b-3811-448c-b9e3-01709e573ae6".into(),
            input: "What, and why?".into(),
            delta: delta.into(),
            message: String::new(),
            stop: false,
            error: false,
            ayushma_voice: None,
        }
    }

    #[test]
    fn a_frame_is_one_line_of_spaced_json() {
        assert_eq!(
            encode(&frame("H")),
            "data: {\"chat\": \"7f81988b-3811-448c-b9e3-01709e573ae6\", \"input\": \"What, and why?\", \
             \"delta\": \"H\", \"message\": \"\", \"stop\": false, \"error\": false, \"ayushma_voice\": null}\n\n"
        );
    }

    #[test]
    fn other_scripts_and_line_breaks_are_escaped() {
        let encoded = encode(&frame("é മ 😀\n\"\\\u{7f}\u{1}"));
        assert!(encoded.contains(r#""delta": "\u00e9 \u0d2e \ud83d\ude00\n\"\\\u007f\u0001""#), "{encoded}");
    }

    #[tokio::test]
    async fn the_stream_is_the_frames_and_nothing_else() {
        let frames = [frame("a"), frame("b")];
        let expected: String = frames.iter().map(encode).collect();
        let response = response(futures::stream::iter(frames));
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let body = response.into_body().collect().await.expect("whole");
        assert_eq!(body.to_bytes(), expected.as_bytes());
    }
}
