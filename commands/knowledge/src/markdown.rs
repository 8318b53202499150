//! Plain text within Markdown, and Markdown as plain text.
//!
//! Answers are Markdown (CommonMark with GitHub's tables and strikethrough), and may hold HTML, which the front end
//! renders. A sign that is taken for markup changes a dose: `1*3*5 days` is shown as "135 days".

use crate::speech::speakable;

pub mod attributes;
mod html;
mod plain;

/// WORD JOINER, which is invisible. Behind a `<` it keeps that from beginning a tag anywhere in Markdown or HTML. It is
/// no part of a word: search, speech and scores ignore it.
pub const JOINER: char = '\u{2060}';
/// TILDE OPERATOR and ASTERISK OPERATOR, which look like `~` and `*` and have no meaning in Markdown.
pub const RANGE: char = '\u{223c}';
pub const TIMES: char = '\u{2217}';

/// The HTML elements that the layout of answers uses. Any other text in angle brackets stays text: "weight <two kg".
#[rustfmt::skip]
pub const ELEMENTS: [&str; 54] = [
    "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "details",
    "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins",
    "kbd", "li", "mark", "ol", "p", "pre", "s", "section", "small", "span", "strike", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var",
];

/// The model's text from its shown form: without joiners, and with the original signs of Markdown.
pub fn written(shown: &str) -> String {
    let sign = |c| match c {
        JOINER => None,
        RANGE => Some('~'),
        TIMES => Some('*'),
        other => Some(other),
    };
    shown.chars().filter_map(sign).collect()
}

/// The spoken form of an answer in this language: its words, numbers and signs as [`speakable`] writes them, without
/// the marks of Markdown, addresses, references and struck text.
pub fn spoken(markdown: &str, language: &str) -> String {
    speakable(&plain::text_of(markdown), language)
}

/// A line of plain text as Markdown that is rendered as this text.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.trim();
    if let Some(at) = marker(rest) {
        escaped.extend([&rest[..at], "\\"]);
        // The escaped sign begins no further mark.
        escaped.push_str(&rest[at..=at]);
        before = rest[at..].chars().next();
        rest = &rest[at + 1..];
    }
    for (at, sign) in rest.char_indices() {
        let after = &rest[at + sign.len_utf8()..];
        if needs_escape(before, sign, after) {
            escaped.push('\\');
        }
        escaped.push(sign);
        // A backslash would become part of an address that ends here.
        if sign == '<' && begins_tag(after) {
            escaped.push(JOINER);
        }
        before = Some(sign);
    }
    escaped
}

/// The plain text of [`escaped`] text, within Markdown that may have been written around it.
pub fn unescaped(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut signs = markdown.chars().peekable();
    while let Some(sign) = signs.next() {
        let escaped = if sign == '\\' { signs.next_if(char::is_ascii_punctuation) } else { None };
        text.push(escaped.unwrap_or(sign));
        if sign == '<' {
            signs.next_if_eq(&JOINER);
        }
    }
    text
}

/// The position of the character that makes the beginning of a line a heading, a list, a quote or a rule.
fn marker(line: &str) -> Option<usize> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let sign = line[digits..].chars().next()?;
    let ends = line[digits + sign.len_utf8()..].chars().next().is_none_or(char::is_whitespace);
    let is_marker = match sign {
        '.' | ')' => (1..=9).contains(&digits) && ends,
        // A line of "-:" turns the line above it into the head of a table.
        '-' | '=' => digits == 0 && (ends || line.chars().all(|c| c == sign || c == ':' || c.is_whitespace())),
        '+' => digits == 0 && ends,
        '#' | '>' | ':' => digits == 0,
        _ => false,
    };
    is_marker.then_some(digits)
}

fn needs_escape(before: Option<char>, sign: char, after: &str) -> bool {
    let next = after.chars().next();
    let is_blank = |sign: Option<char>| sign.is_none_or(char::is_whitespace);
    match sign {
        '\\' | '`' | '[' | '|' => true,
        // Emphasis begins or ends at a word; a name_of_something does neither.
        '*' | '~' => !(is_blank(before) && is_blank(next)) || before.is_none(),
        '_' => !(before.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)),
        '&' => {
            let name = after.trim_start_matches('#');
            name.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with(';')
        }
        _ => false,
    }
}

/// Whether the text behind a `<` makes it a tag: "<5" and "< 5" are none.
fn begins_tag(after: &str) -> bool {
    after.chars().next().is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'))
}

#[cfg(test)]
mod tests;
