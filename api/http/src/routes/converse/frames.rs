//! A streamed answer: one frame for each piece of text, and a last one for the outcome.

use std::pin::Pin;

use axum::response::Response;
use commands::answering::{AskError, Turn, TurnEvent};
use domain::ids::ChatId;
use futures::stream;
use projections::documents::media_url;
use tokio::sync::mpsc::UnboundedReceiver;

use super::first_outcome;
use crate::{
    contract::{
        problem::ApiError,
        sse::{self, AnswerFrame},
    },
    routes::{consistency, http_state::HttpState},
};

/// The signs that may split a line of Markdown into several text nodes, or begin another line.
const SIGNS: [&str; 10] = ["*", "_", "`", "~", "<", "[", "\n", "://", "www.", "@"];

/// A question that is being transcribed, translated and recorded.
pub(super) type Taking = Pin<Box<dyn Future<Output = Result<Turn, AskError>> + Send>>;

struct Frames {
    state: HttpState,
    chat: ChatId,
    input: String,
    so_far: String,
    /// The rest of the first piece of text, after [`cut_first`].
    rest: Option<String>,
    media_base: String,
    /// `Some` until the question was taken.
    taking: Option<Taking>,
    /// `None` after the last frame.
    events: Option<UnboundedReceiver<TurnEvent>>,
}

/// Streams the answer to a question that was taken. A refusal can still be an error response.
pub(super) async fn stream_answer(
    state: HttpState,
    chat: ChatId,
    turn: Turn,
    media_base: String,
) -> Result<Response, ApiError> {
    let mut frames = Frames::new(state, chat, media_base, None);
    match frames.begin(turn).await? {
        Some(only) => Ok(sse::response(stream::iter([only]))),
        None => Ok(frames.into_response()),
    }
}

/// Streams the answer to a question that is still being taken. A refusal is sent as a frame.
pub(super) fn stream_when_taken(state: HttpState, chat: ChatId, taking: Taking, media_base: String) -> Response {
    Frames::new(state, chat, media_base, Some(taking)).into_response()
}

impl Drop for Frames {
    fn drop(&mut self) {
        if self.events.is_some() {
            tracing::info!(
                chat = %self.chat,
                "the client hung up in the middle of a stream; the answer is finished without it"
            );
        }
    }
}

impl Frames {
    const fn new(state: HttpState, chat: ChatId, media_base: String, taking: Option<Taking>) -> Self {
        Self { state, chat, input: String::new(), so_far: String::new(), rest: None, media_base, taking, events: None }
    }

    fn into_response(self) -> Response {
        sse::response(stream::unfold(self, |mut frames| async {
            let frame = frames.next().await?;
            Some((frame, frames))
        }))
    }

    /// Starts the stream. Returns its only frame if the question was asked before, or `None` if events follow.
    async fn begin(&mut self, turn: Turn) -> Result<Option<AnswerFrame>, ApiError> {
        self.input.clone_from(&turn.question);
        if turn.events.is_some() {
            // It is not waited until the views show the question: the last frame waits until they show the answer.
            consistency::note(&turn.committed, true);
            self.events = turn.events;
            return Ok(None);
        }
        Ok(Some(match first_outcome(&self.state, self.chat, &turn, &self.media_base).await? {
            Ok(message) => AnswerFrame { ayushma_voice: message.audio, ..self.last(message.message, false) },
            Err(message) => self.last(message, true),
        }))
    }

    async fn next(&mut self) -> Option<AnswerFrame> {
        if let Some(taking) = self.taking.take() {
            let begun = match taking.await {
                Ok(turn) => self.begin(turn).await,
                Err(error) => Err(error.into()),
            };
            match begun {
                Ok(None) => {}
                Ok(only) => return only,
                Err(error) => {
                    if let ApiError::Unasked { transcript, .. } = &error {
                        self.input.clone_from(transcript);
                    }
                    return Some(self.last(words_of(error), true));
                }
            }
        }
        if let Some(rest) = self.rest.take() {
            return Some(self.more(rest));
        }
        let event = self.events.as_mut()?.recv().await;
        Some(match event {
            Some(TurnEvent::Delta(mut delta)) => {
                if self.so_far.is_empty() {
                    self.rest = cut_first(&mut delta);
                }
                self.more(delta)
            }
            Some(TurnEvent::Completed { text, audio, committed }) => {
                // The client reads the chat right after the last frame.
                self.state.settled(&committed).await;
                let ayushma_voice = audio.map(|name| media_url(&self.media_base, &name));
                AnswerFrame { ayushma_voice, ..self.last(text, false) }
            }
            Some(TurnEvent::Failed { message, committed }) => {
                if let Some(committed) = committed {
                    self.state.settled(&committed).await;
                }
                self.last(message, true)
            }
            None => self.last("The answer was interrupted.".to_owned(), true),
        })
    }

    fn more(&mut self, delta: String) -> AnswerFrame {
        self.so_far.push_str(&delta);
        let message = self.so_far.clone();
        self.frame(delta, message, false)
    }

    fn last(&mut self, message: String, error: bool) -> AnswerFrame {
        self.events = None;
        AnswerFrame { stop: true, error, ..self.frame(String::new(), message, true) }
    }

    fn frame(&self, delta: String, message: String, stop: bool) -> AnswerFrame {
        AnswerFrame {
            chat: self.chat.to_string(),
            input: self.input.clone(),
            delta,
            message,
            stop,
            error: false,
            ayushma_voice: None,
        }
    }
}

/// Cuts the first piece of text so that Markdown makes a single text node of it, and returns the rest, if there is any.
///
/// The front end keeps the text nodes of the first frame apart from those of React, which continue in their place only
/// in a block with a single node: with several, later text would not be shown before the end of the stream.
fn cut_first(delta: &mut String) -> Option<String> {
    let end = SIGNS.iter().filter_map(|sign| Some(delta.find(sign)? + sign.len())).min()?;
    let rest = delta.split_off(end);
    (!rest.is_empty()).then_some(rest)
}

/// Returns the message of a refusal that is sent as a frame, because the stream has begun.
fn words_of(error: ApiError) -> String {
    match error {
        ApiError::Error { message, .. } | ApiError::Unasked { message, .. } => message,
        ApiError::Detail { detail, .. } | ApiError::RetryLater { detail, .. } | ApiError::Malformed(detail) => detail,
        other => {
            tracing::error!(error = ?other, "a question was not taken");
            "The question could not be taken.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_of_an_answer_is_one_text() {
        for (delta, first, rest) in [
            ("Zinc shortens ", "Zinc shortens ", None),
            ("**Zinc** is", "*", Some("*Zinc** is")),
            ("Dose: 0.5 mg", "Dose: 0.5 mg", None),
            ("See www.who.int now", "See www.", Some("who.int now")),
            ("സിങ്ക് <b>5", "സിങ്ക് <", Some("b>5")),
            ("*", "*", None),
        ] {
            let mut shown = delta.to_owned();
            assert_eq!((cut_first(&mut shown).as_deref(), shown.as_str()), (rest, first));
        }
    }
}
