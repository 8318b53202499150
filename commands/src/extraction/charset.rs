//! Bytes to characters: by the mark at their beginning, by what is said of them, by UTF-8's own rules, by a guess.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::{FileHints, Unreadable};

/// Where a page has to say what character set it is in.
const DECLARED_WITHIN: usize = 1_024;
/// Bytes by which a file is told from a text before all of it is decoded.
const HEAD: usize = 65_536;
/// The share of control characters beyond which a file is no text: one in so many.
const CONTROL_ONE_IN: usize = 50;
/// So many are in a short text by mishap.
const FEW: usize = 16;

pub(super) fn decode(bytes: &[u8], hints: &FileHints) -> Result<String, Unreadable> {
    decode_as(bytes, hints.content_type.as_deref().and_then(charset_in))
}

/// A page can name its character set, too.
pub(super) fn decode_html(bytes: &[u8], hints: &FileHints) -> Result<String, Unreadable> {
    let declared = hints.content_type.as_deref().and_then(charset_in).or_else(|| {
        let head = &bytes[..bytes.len().min(DECLARED_WITHIN)];
        charset_in(&String::from_utf8_lossy(head))
    });
    // A page whose declaration can be read as ASCII is not in UTF-16, whatever it says.
    decode_as(bytes, declared.map(Encoding::output_encoding))
}

fn decode_as(bytes: &[u8], declared: Option<&'static Encoding>) -> Result<String, Unreadable> {
    let encoding = Encoding::for_bom(bytes).map(|(encoding, _)| encoding).or(declared);
    let encoding = encoding.unwrap_or_else(|| match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        Err(_) => guess(bytes),
    });
    // Most files that are no text show it at once, and are not decoded for nothing: that may take three times their size.
    if bytes.len() > HEAD && is_binary(&encoding.decode(&bytes[..HEAD]).0) {
        return Err(Unreadable::UnsupportedFormat);
    }
    let text = encoding.decode(bytes).0.into_owned();
    if is_binary(&text) { Err(Unreadable::UnsupportedFormat) } else { Ok(text) }
}

/// The first `charset=…` or `encoding="…"` in a header or at the beginning of a page.
fn charset_in(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    ["charset=", "encoding="].iter().find_map(|name| {
        let value = &lower[lower.find(name)? + name.len()..];
        let value = value.trim_start_matches(['"', '\'', ' ']);
        let end = value.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.:".contains(c)).unwrap_or(value.len());
        Encoding::for_label(&value.as_bytes()[..end])
    })
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// Text has few control characters and few that could not be read.
fn is_binary(text: &str) -> bool {
    let is_strange = |c: &char| (c.is_control() && !c.is_whitespace() && *c != '\0') || *c == '\u{fffd}';
    let nul = text.chars().filter(|c| *c == '\0').count();
    let strange = text.chars().filter(is_strange).count();
    let all = text.chars().count();
    (strange > FEW && strange * CONTROL_ONE_IN > all) || nul * 4 > all
}
