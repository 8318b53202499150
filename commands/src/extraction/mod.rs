//! The text of a file, with what its structure says: headings, lists, tables, pages.
//!
//! Files come from strangers, and parsers of rich formats can be made to crash, to hang or to fill all memory. So all of this
//! runs in a [child process with limits](child); the server only sees what comes out.

mod charset;
pub mod child;
mod epub;
mod format;
mod html;
mod markdown;
mod office;
mod pdf;
mod pdf_headings;
mod tables;
mod tidy;

use serde::{Deserialize, Serialize};

use format::Format;

/// Text beyond this is more than a reference document has.
const MAX_TEXT: usize = 20 * 1_048_576;

/// What is known of a file besides its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHints {
    /// The name it came with.
    pub name: Option<String>,
    /// What a web server said that it is.
    pub content_type: Option<String>,
}

/// A part of a document's text. Headings begin with `#`, rows of tables with `|`, items of lists with `-` or a number, as in
/// Markdown; nothing is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The number of the page or slide, from 1, in formats that have any.
    pub page: Option<u32>,
    /// In Unicode's composed form (NFC), without control characters. Never blank.
    pub text: String,
}

/// Why a file has no text for us.
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
}

/// The text of a file, in the order in which it is read.
///
/// # Errors
/// [`Unreadable`]; a file without any text is one.
pub fn extract(bytes: &[u8], hints: &FileHints) -> Result<Vec<Part>, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::NoText);
    }
    let raw = match Format::detect(bytes, hints)? {
        Format::Pdf => pdf::pages(bytes)?,
        Format::Office => office::sections(bytes)?,
        Format::Epub => epub::chapters(bytes)?,
        Format::Html => whole(html::text(&charset::decode_html(bytes, hints)?)?),
        Format::Separated(separator) => whole(tables::of_separated(&charset::decode(bytes, hints)?, separator)),
        Format::Plain => whole(markdown::text(&charset::decode(bytes, hints)?)),
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

/// Whether another program reads such a file. What we read ourselves needs none.
fn may_start_programs(bytes: &[u8], hints: &FileHints) -> bool {
    Format::detect(bytes, hints) == Ok(Format::Pdf)
}

/// A line that [`sections`](crate::retrieval) know as a heading.
fn write_heading(level: usize, says: &str, text: &mut String) {
    text.push_str("\n\n");
    text.push_str(&"#".repeat(level));
    text.push(' ');
    text.push_str(says);
    text.push_str("\n\n");
}

fn whole(text: String) -> Vec<Part> {
    vec![Part { page: None, text }]
}

#[cfg(test)]
mod tests;
