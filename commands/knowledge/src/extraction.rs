//! Reads the text of a file, with its headings, lists, tables and pages.
//!
//! Files come from strangers, and parsers of rich formats can be made to crash, to hang or to fill all memory. So all of this
//! runs in a child process with limits; the server only sees what comes out.

mod charset;
mod docx;
mod epub;
mod format;
mod html;
mod legacy_fonts;
mod markdown;
mod notes;
mod notes_in_words;
mod office;
mod ooxml;
mod pdf;
mod pptx;
mod scripts;
mod separated;
mod symbols;
mod tables;
mod tidy;
mod xlsx;

use serde::{Deserialize, Serialize};

use format::Format;
use notes::Notes;
pub use notes::{Note, NoteKind};

/// Bytes of text beyond which a file is refused: no reference document has so many.
const MAX_TEXT: usize = 20 * 1_048_576;

/// A file's name and media type, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHints {
    /// The name that the file was uploaded with or has in its address.
    pub name: Option<String>,
    /// The `Content-Type` that a web server gave for it.
    pub content_type: Option<String>,
}

/// A part of a document's text. Headings begin with `#`, rows of tables with `|`, items of lists with `-` or a number, as in
/// Markdown; nothing is escaped but a bar in a cell (`\|`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The number of the page or slide, from 1, in formats that have any.
    pub page: Option<u32>,
    /// In Unicode's composed form (NFC), without control characters. Never blank.
    pub text: String,
}

/// The result of reading a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The text in reading order; at least one part.
    pub parts: Vec<Part>,
    /// Notes for the uploader about parts that were left out, changed or uncertain; at most one of each kind.
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// The reason for which a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    #[error("no text found")]
    NoText,
    #[error("the format is not supported")]
    UnsupportedFormat,
    #[error("the file is encrypted")]
    Encrypted,
    #[error("the file is damaged")]
    Damaged,
    #[error("the file takes too much time or memory to read")]
    TooComplex,
    #[error("most of the text is in a font of before Unicode, which shows other letters than the file says")]
    LegacyFont,
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct ExtractionFailure {
    pub reason: Unreadable,
    /// The notes up to there, such as the name of the font that is the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl From<Unreadable> for ExtractionFailure {
    fn from(reason: Unreadable) -> Self {
        Self { reason, notes: Vec::new() }
    }
}

/// Reads the text of a file, in reading order.
///
/// # Errors
/// [`ExtractionFailure`], with the reason; [`Unreadable::NoText`] for a file without any text.
pub fn extract(bytes: &[u8], hints: &FileHints) -> Result<Reading, ExtractionFailure> {
    let mut notes = Notes::default();
    let parts = parts(bytes, hints, &mut notes);
    let notes = notes.finished();
    match parts {
        Ok(parts) => Ok(Reading { parts, notes }),
        Err(reason) => Err(ExtractionFailure { reason, notes }),
    }
}

/// The text in reading order; at least one part.
fn parts(bytes: &[u8], hints: &FileHints, notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::NoText);
    }
    let raw = match Format::detect(bytes, hints)? {
        Format::Pdf => pdf::pages(bytes, notes)?,
        Format::Office if xlsx::is_workbook(bytes) => xlsx::sheets(bytes, notes)?,
        Format::Office => office::sections(bytes, notes)?,
        Format::Epub => epub::chapters(bytes, notes)?,
        Format::Html => whole(html::text(&charset::decode_html(bytes, hints, notes)?, notes)?),
        Format::Separated(separator) => {
            let text = charset::decode(bytes, hints, notes)?;
            whole(separated::text(&text, separator, notes))
        }
        Format::Plain => {
            let text = charset::decode(bytes, hints, notes)?;
            let is_table = separated::is_parted_by_tabs(&text);
            whole(if is_table { separated::text(&text, Some(b'\t'), notes) } else { markdown::text(&text, notes) })
        }
    };
    let mut parts = Vec::with_capacity(raw.len());
    let mut size = 0;
    for Part { page, text } in raw {
        let text = tidy::tidy(&text);
        size += text.len();
        if size > MAX_TEXT {
            return Err(Unreadable::TooComplex);
        }
        if text.chars().any(char::is_alphanumeric) {
            parts.push(Part { page, text });
        }
    }
    if parts.is_empty() { Err(Unreadable::NoText) } else { Ok(parts) }
}

/// Whether reading such a file starts another program, which the sandbox has to allow.
pub fn may_start_programs(bytes: &[u8], hints: &FileHints) -> bool {
    Format::detect(bytes, hints) == Ok(Format::Pdf)
}

/// Writes a line that [`sections`](crate::retrieval) recognize as a heading.
fn write_heading(level: usize, says: &str, text: &mut String) {
    text.push_str("\n\n");
    text.push_str(&"#".repeat(level));
    text.push(' ');
    text.push_str(says);
    text.push_str("\n\n");
}

/// The last character boundary up to this position.
fn floor(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn whole(text: String) -> Vec<Part> {
    vec![Part { page: None, text }]
}

#[cfg(test)]
mod samples_tests;
#[cfg(test)]
mod tests;
