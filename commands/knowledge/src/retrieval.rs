//! Cuts documents into passages, and finds the passages that answer a question.
//!
//! Everything here is pure: text in, numbers out. Storage and providers are adapters.

mod bm25f;
mod found;
pub mod nearest;
pub mod passages;
pub mod ranking;
mod sections;
mod splitting;
pub mod tokens;
pub mod words;

pub use found::{Hit, Passage, Span};
pub use passages::STEP;
pub use sections::{heading_of, is_row};

/// The last character boundary up to this position.
fn floor(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
