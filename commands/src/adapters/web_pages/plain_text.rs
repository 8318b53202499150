//! Plain text of what a web server sends.

use std::collections::HashMap;

use html2text::{
    Element, Handle, RcDom,
    config::{self, Config},
    render::PlainDecorator,
};

use crate::ports::PageError;

/// Of the elements of a page; those of real pages are nested about a tenth as deep.
const MAX_DEPTH: usize = 512;
/// Tags that are not closed; self-closing ones of drawings are among them.
const MAX_OPEN_TAGS: usize = 2_000;
/// Of lists and quotations: each line begins with an indentation for each of them.
const MAX_INDENTATION: usize = 24;
/// Characters of a line: paragraphs are not broken up.
const WIDTH: usize = 10_000;

/// What a `Content-Type` header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContentType {
    format: Format,
    charset: Charset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Html,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Unknown,
    Utf8,
    Western,
}

impl ContentType {
    /// `None` for a format or a character set that is not supported.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split(';').map(|part| part.trim().to_ascii_lowercase());
        let format = match parts.next()?.as_str() {
            "text/html" | "application/xhtml+xml" => Format::Html,
            "text/plain" | "text/markdown" | "text/x-markdown" => Format::Plain,
            _ => return None,
        };
        let charset = parts.find_map(|part| Some(part.strip_prefix("charset=")?.trim_matches('"').to_owned()));
        let charset = match charset.as_deref() {
            None => Charset::Unknown,
            Some("utf-8" | "utf8" | "us-ascii" | "ascii") => Charset::Utf8,
            Some("iso-8859-1" | "latin1" | "windows-1252" | "cp1252") => Charset::Western,
            Some(_) => return None,
        };
        Some(Self { format, charset })
    }

    /// The text of a page of this type. It takes its time with a long page.
    pub(super) fn text(&self, bytes: Vec<u8>) -> Result<String, PageError> {
        let text = match self.charset {
            Charset::Utf8 => String::from_utf8_lossy(&bytes).into_owned(),
            Charset::Western => western(&bytes),
            Charset::Unknown => String::from_utf8(bytes).unwrap_or_else(|error| western(error.as_bytes())),
        };
        match self.format {
            Format::Plain => Ok(text.trim_start_matches('\u{feff}').to_owned()),
            Format::Html => text_of_html(&text),
        }
    }
}

/// Windows-1252, which is what pages mean that say ISO 8859-1.
fn western(bytes: &[u8]) -> String {
    const SPECIAL: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let character = |byte: &u8| match byte {
        0x80..=0x9f => SPECIAL[usize::from(byte - 0x80)],
        byte => char::from(*byte),
    };
    bytes.iter().map(character).collect()
}

/// Headings keep a `#`, so that passages are cut there.
fn text_of_html(html: &str) -> Result<String, PageError> {
    let config: Config<PlainDecorator> = config::plain_no_decorate().raw_mode(true).allow_width_overflow();
    let unreadable = |_| PageError::UnsupportedFormat;
    let html = without_formatting(html);
    if has_too_many_open_tags(&html) {
        return Err(PageError::UnsupportedFormat);
    }
    let page = config.parse_html(html.as_bytes()).map_err(unreadable)?;
    if is_nested_too_deep(&page) {
        return Err(PageError::UnsupportedFormat);
    }
    let tree = config.dom_to_render_tree(&page).map_err(unreadable)?;
    config.render_to_string(tree, WIDTH).map_err(unreadable)
}

/// The page with an empty comment in place of each tag of a formatting element. These are worth nothing in plain text, and
/// a parser has to open them anew in each paragraph: a few thousand of them make a small page fill all memory.
fn without_formatting(html: &str) -> String {
    const FORMATTING: [&str; 14] =
        ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let named = tag.strip_prefix('/').unwrap_or(tag);
        let name = &named[..named.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(named.len())];
        if FORMATTING.iter().any(|formatting| name.eq_ignore_ascii_case(formatting)) {
            kept.push_str(&rest[..at]);
            kept.push_str("<!---->");
            rest = after_tag(tag);
        } else {
            kept.push_str(&rest[..=at]);
            rest = tag;
        }
    }
    kept + rest
}

/// What follows the tag; a `>` in a quoted value does not end it.
fn after_tag(tag: &str) -> &str {
    let (mut quote, mut after_equals) = (None, false);
    for (at, character) in tag.char_indices() {
        match (quote, character) {
            (None, '>') => return &tag[at + 1..],
            (None, '"' | '\'') if after_equals => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
        after_equals = character == '=' || (after_equals && character.is_ascii_whitespace());
    }
    ""
}

/// Before the page is parsed, because a parser looks through all open elements at each tag. Elements that end by themselves
/// cannot be nested without others.
fn has_too_many_open_tags(html: &str) -> bool {
    const END_THEMSELVES: [&str; 36] = [
        "area", "base", "body", "br", "caption", "col", "colgroup", "dd", "dt", "embed", "frame", "head", "hr", "html",
        "img", "input", "li", "link", "meta", "optgroup", "option", "p", "param", "rp", "rt", "source", "tbody", "td",
        "tfoot", "th", "thead", "tr", "track", "wbr", "script", "style",
    ];
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut count = 0;
    for tag in html.split('<').skip(1) {
        let (is_end, named) = tag.strip_prefix('/').map_or((false, tag), |named| (true, named));
        let end = named.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').unwrap_or(named.len());
        let name = named[..end].to_ascii_lowercase();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || END_THEMSELVES.contains(&name.as_str()) {
            continue;
        }
        let of_name = open.entry(name).or_default();
        if !is_end {
            *of_name += 1;
            count += 1;
        } else if *of_name > 0 {
            *of_name -= 1;
            count -= 1;
        }
        if count > MAX_OPEN_TAGS {
            return true;
        }
    }
    false
}

/// Such a page was made to exhaust whoever reads it.
fn is_nested_too_deep(page: &RcDom) -> bool {
    let mut nodes: Vec<(Handle, usize, usize)> = vec![(page.document.clone(), 0, 0)];
    while let Some((node, depth, indentation)) = nodes.pop() {
        if depth > MAX_DEPTH || indentation > MAX_INDENTATION {
            return true;
        }
        let indents = match &node.data {
            Element { name, .. } => matches!(&*name.local, "blockquote" | "ul" | "ol" | "dd"),
            _ => false,
        };
        let indentation = indentation + usize::from(indents);
        nodes.extend(node.children.borrow().iter().map(|child| (child.clone(), depth + 1, indentation)));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content_type: &str, bytes: &[u8]) -> Result<String, PageError> {
        ContentType::parse(content_type).ok_or(PageError::UnsupportedFormat)?.text(bytes.to_vec())
    }

    #[test]
    fn a_page_becomes_its_text_with_headings() -> Result<(), PageError> {
        let page = "<html><head><title>t</title><style>p{}</style><script>alert(1)</script></head><body><h1>Burns</h1>\
            <p>Cool a <b>burn</b> under <a href=/w>water</a>.</p><hr><ul><li>Twenty minutes</ul>\
            <table><tr><td>No</td><td>ice</td></tr></table></body></html>";
        let plain = text("text/html; charset=utf-8", page.as_bytes())?;
        let lines: Vec<&str> = plain.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(lines, ["# Burns", "Cool a burn under water.", "* Twenty minutes", "No", "ice"]);
        Ok(())
    }

    #[test]
    fn text_is_read_in_its_character_set() -> Result<(), PageError> {
        assert_eq!(text("text/plain", "\u{feff}é".as_bytes())?, "é");
        assert_eq!(text("TEXT/PLAIN; Charset=\"ISO-8859-1\"", b"\xe9\x93")?, "é“");
        assert_eq!(text("text/markdown", b"\xe9")?, "é");
        assert_eq!(text("text/plain; charset=utf-8", b"a\xffb")?, "a\u{fffd}b");
        Ok(())
    }

    #[test]
    fn other_formats_are_not_supported() {
        for content_type in ["application/pdf", "image/png", "", "text/html; charset=shift_jis", "text/htmlx"] {
            assert!(matches!(text(content_type, b"x"), Err(PageError::UnsupportedFormat)), "{content_type}");
        }
    }

    #[test]
    fn pages_that_are_made_to_exhaust_are_refused() {
        let page = format!("{}text{}", "<div>".repeat(600), "</div>".repeat(600));
        assert!(matches!(text("text/html", page.as_bytes()), Err(PageError::UnsupportedFormat)));
        for element in ["<div>", "<blockquote>", "<ul><li>", "<dl><dd>", "<table><tr><td>"] {
            let page = element.repeat(100_000);
            assert!(matches!(text("text/html", page.as_bytes()), Err(PageError::UnsupportedFormat)), "{element}");
        }
    }

    #[test]
    fn formatting_is_left_out_before_it_can_multiply() -> Result<(), PageError> {
        let many = (0..5_000).map(|number| format!("<B id={number}>")).collect::<Vec<_>>().concat();
        let page = format!("<p>{many}</p>{}", "<p>x".repeat(100_000));
        assert_eq!(text("text/html", page.as_bytes())?.matches('x').count(), 100_000);
        let page = "<<b>b>1<a title=\"x>y\">2</a><i\n>3</i><br>bur<em class='>'>n</em><a =\"";
        assert_eq!(without_formatting(page), "<<!---->b>1<!---->2<!----><!---->3<!----><br>bur<!---->n<!----><!---->");
        Ok(())
    }

    #[test]
    fn a_page_of_many_elements_is_fine() -> Result<(), PageError> {
        let page = "<p>Zinc</p><hr><br>".repeat(20_000);
        assert_eq!(text("text/html", page.as_bytes())?.matches("Zinc").count(), 20_000);
        Ok(())
    }
}
