//! When two spellings are the same word: one fold for searching, comparing and measuring. What is stored and shown keeps its own.
//!
//! [`letters()`] is about the signs of scripts, [`fold`] about numbers, units and the two spellings of English, too.

mod english;
mod indic;
mod letters;
mod numbers;
mod pattern;
mod substances;
mod units;

pub use letters::letters;
pub use pattern::pattern;
pub use units::unit;

/// The text with every word in the one spelling that stands for all of its spellings, in lower case.
pub fn fold(text: &str) -> String {
    fold_in_case(text).to_lowercase()
}

/// The same in its own case: a capital letter can be a name ("hepatitis A").
pub fn fold_in_case(text: &str) -> String {
    english::spelled(&numbers::apart(&letters(text)))
}

#[cfg(test)]
mod tests;
