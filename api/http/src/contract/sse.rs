//! The frames of a streamed answer, byte for byte as the front end expects them.
//!
//! No ids, no closing marker and no empty event are sent: the front end fails on any of them. While there is no frame,
//! a comment line shows proxies that the connection is in use. No blank line follows it: that would end an event, which
//! the front end takes for a frame.

use std::{convert::Infallible, io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use utoipa::ToSchema;

/// A comment line, which every reader of event streams ignores.
const COMMENT: &str = ":\n";
/// The silence before a comment is sent. Before the first frame some proxies expect a byte soon; later, many wait for a
/// minute.
const FIRST_SILENCE: Duration = Duration::from_secs(3);
const SILENCE: Duration = Duration::from_secs(15);

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

/// Returns the bytes of the frame as text: `data: `, the JSON and a blank line.
#[expect(clippy::missing_panics_doc, reason = "writing ASCII into memory cannot fail")]
pub fn encode(frame: &AnswerFrame) -> String {
    let mut bytes = Vec::from(b"data: ");
    let mut serializer = Serializer::with_formatter(&mut bytes, SpacedAscii);
    frame.serialize(&mut serializer).expect("texts and flags always serialise into memory");
    bytes.extend_from_slice(b"\n\n");
    String::from_utf8(bytes).expect("the formatter writes ASCII")
}

/// Returns a response that streams these frames.
pub fn response(frames: impl Stream<Item = AnswerFrame> + Send + 'static) -> Response {
    let frames = frames.map(|frame| encode(&frame));
    let chunks = with_signs_of_life(frames, FIRST_SILENCE, SILENCE).map(Ok::<_, Infallible>);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

/// Adds a comment to the stream whenever no frame has come for as long as given.
fn with_signs_of_life(
    frames: impl Stream<Item = String> + Send + 'static,
    first_silence: Duration,
    silence: Duration,
) -> impl Stream<Item = String> + Send + 'static {
    stream::unfold((frames.boxed(), first_silence), move |(mut frames, patience)| async move {
        let chunk = match tokio::time::timeout(patience, frames.next()).await {
            Ok(frame) => frame?,
            Err(_) => COMMENT.to_owned(),
        };
        Some((chunk, (frames, silence)))
    })
}

/// A formatter for JSON with a space after `:` and `,` and with ASCII only.
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
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let body = response.into_body().collect().await.expect("whole");
        assert_eq!(body.to_bytes(), expected.as_bytes());
    }

    #[tokio::test]
    async fn a_silent_stream_shows_signs_of_life_without_an_empty_event() {
        let (send, frames) = futures::channel::mpsc::unbounded();
        let moment = Duration::from_millis(1);
        let mut chunks = std::pin::pin!(with_signs_of_life(frames, moment, moment));
        assert_eq!(chunks.next().await.as_deref(), Some(":\n"));
        assert_eq!(chunks.next().await.as_deref(), Some(":\n"));
        send.unbounded_send(encode(&frame("a"))).expect("the stream is read");
        assert_eq!(chunks.next().await, Some(encode(&frame("a"))));
        assert_eq!(chunks.next().await.as_deref(), Some(":\n"));
        drop(send);
        assert_eq!(chunks.next().await, None);
    }
}
