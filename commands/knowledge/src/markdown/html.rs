//! HTML elements and character references within Markdown.

use quick_xml::escape::resolve_html5_entity;

use super::ELEMENTS;

/// Elements that stand on lines of their own.
#[rustfmt::skip]
const LINES: [&str; 25] = [
    "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "li", "p", "pre", "section", "summary", "tfoot", "tr",
];
/// Bytes of the longest name of a character.
const LONGEST_ENTITY: usize = 32;

/// Whether this element stands on lines of its own.
pub(super) fn is_on_lines(name: &str) -> bool {
    LINES.contains(&name)
}

/// The name of an HTML element, if the tag is one.
pub(super) fn element(html: &str) -> Option<&'static str> {
    if html.starts_with("<!--") {
        return Some("");
    }
    let name = html.trim().strip_prefix('<')?.trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    ELEMENTS.into_iter().chain(["a"]).find(|known| name[..end].eq_ignore_ascii_case(known))
}

/// The text with character references replaced, such as `&lt;` and `&#8805;`.
pub(super) fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        let end = rest[at..].bytes().take(LONGEST_ENTITY).position(|byte| byte == b';');
        let named = end.and_then(|end| Some((character(&rest[at + 1..at + end])?, end)));
        match named {
            Some((character, end)) => {
                decoded.push_str(&character);
                rest = &rest[at + end + 1..];
            }
            None => {
                decoded.push('&');
                rest = &rest[at + 1..];
            }
        }
    }
    decoded + rest
}

fn character(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else { return resolve_html5_entity(name).map(str::to_owned) };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(number.ok()?).map(String::from)
}
