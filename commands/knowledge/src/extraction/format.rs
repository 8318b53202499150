//! The format of a file: by its first bytes, then by its name and its declared media type. Names lie more often than
//! bytes.

use super::{FileHints, Unreadable};

/// The format by which a file's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Pdf,
    /// A word processor file, slides or sheets; the content of the file tells which.
    Office,
    Epub,
    Html,
    /// Values separated by this byte; `None` if it must be guessed.
    Separated(Option<u8>),
    /// Text, perhaps Markdown.
    Plain,
}

/// Bytes before a PDF's header that readers tolerate.
const PDF_WITHIN: usize = 1_024;
const ZIP: &[u8] = b"PK\x03\x04";
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// The beginning of a zip that is an EPUB: its first file is this one, uncompressed.
const EPUB: &[u8] = b"mimetypeapplication/epub+zip";
/// First bytes of formats without text of their own that people mistake for documents: pictures, sounds, films,
/// archives, RTF.
const OTHERS: [&[u8]; 17] = [
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"\x1f\x8b",
    b"BZh",
    b"7z\xbc\xaf\x27\x1c",
    b"\xfd7zXZ",
    b"Rar!",
    b"OggS",
    b"ID3",
    b"fLaC",
    b"\x7fELF",
    b"MZ\x90",
    b"II*\0",
    b"MM\0*",
    b"{\\rtf",
];

impl Format {
    pub(super) fn detect(bytes: &[u8], hints: &FileHints) -> Result<Self, Unreadable> {
        let head = &bytes[..bytes.len().min(PDF_WITHIN)];
        if contains(head, b"%PDF-") {
            return Ok(Self::Pdf);
        }
        if bytes.starts_with(ZIP) {
            return Ok(if contains(head, EPUB) { Self::Epub } else { Self::Office });
        }
        if bytes.starts_with(COMPOUND) {
            return Ok(Self::Office);
        }
        if OTHERS.iter().any(|magic| bytes.starts_with(magic)) {
            return Err(Unreadable::UnsupportedFormat);
        }
        if is_packed_text(head) {
            return Err(Unreadable::UnsupportedFormat);
        }
        match Self::named(hints) {
            // Some programs give pages this name so that a spreadsheet opens them.
            Some(Self::Office) | None if is_html(head) => Ok(Self::Html),
            // A file of these formats would have been recognized by its first bytes.
            Some(Self::Pdf | Self::Office | Self::Epub) => Err(Unreadable::Damaged),
            Some(format) => Ok(format),
            None => Ok(Self::Plain),
        }
    }

    /// The format by the hints; a media type counts more than the name in an address.
    fn named(hints: &FileHints) -> Option<Self> {
        let content_type = hints.content_type.as_deref().map(|text| text.split(';').next().unwrap_or(text));
        let by_type = content_type.and_then(|text| match text.trim().to_ascii_lowercase().as_str() {
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "text/csv" => Some(Self::Separated(None)),
            "text/tab-separated-values" => Some(Self::Separated(Some(b'\t'))),
            "application/pdf" => Some(Self::Pdf),
            "application/epub+zip" => Some(Self::Epub),
            _ => None,
        });
        let extension = hints.name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
        by_type.or_else(|| match extension?.to_ascii_lowercase().as_str() {
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "csv" => Some(Self::Separated(None)),
            "tsv" => Some(Self::Separated(Some(b'\t'))),
            "pdf" => Some(Self::Pdf),
            "docx" | "doc" | "pptx" | "ppt" | "xlsx" | "xls" => Some(Self::Office),
            "epub" => Some(Self::Epub),
            _ => None,
        })
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether the file is a mail or a page saved with its pictures, in which signs are written by codes (`=C2=B5g`), or a
/// sheet as XML: the text read from them would not be the text that they show.
fn is_packed_text(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let first = text.trim_start_matches('\u{feff}').trim_start().lines().next().unwrap_or_default();
    let is_field = first
        .split_once(':')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let is_mail = is_field && text.lines().any(|line| line.to_ascii_lowercase().starts_with("mime-version:"));
    let is_sheet = ["<?mso-application", "urn:schemas-microsoft-com:office:spreadsheet", "<office:document"];
    is_mail || first.starts_with("<?xml") && !is_html_in(&text) && is_sheet.iter().any(|mark| text.contains(mark))
}

fn is_html_in(text: &str) -> bool {
    text.to_ascii_lowercase().contains("<html")
}

fn is_html(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let is_xml_page = || text.starts_with("<?xml") && text.contains("<html");
    text.starts_with("<!doctype html") || text.starts_with("<html") || is_xml_page()
}
