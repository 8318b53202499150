//! One spelling for all spellings of a word, for searching, comparing and measuring. Stored and shown texts keep their
//! own spelling.
//!
//! [`letters()`] covers the signs of scripts, [`fold`] also numbers, units and the two spellings of English.

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

/// The text in lower case with each word in the spelling that stands for all of its spellings.
pub fn fold(text: &str) -> String {
    fold_in_case(text).to_lowercase()
}

/// The same without change of case: a capital letter can be a name ("hepatitis A").
pub fn fold_in_case(text: &str) -> String {
    english::spelled(&numbers::apart(&letters(text)))
}

#[cfg(test)]
mod tests;
