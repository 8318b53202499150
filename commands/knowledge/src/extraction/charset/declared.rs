//! The declared character set: by a server, by a page, by an XML declaration.

use encoding_rs::Encoding;

use crate::extraction::FileHints;

/// Bytes from the beginning within which a page's declaration is looked for. HTML requires the first 1,024; pages of
/// office programs declare it later.
const WITHIN: usize = 4_096;
/// Elements whose text may look like tags and is skipped.
const TEXTS: [&str; 6] = ["script", "style", "title", "noscript", "textarea", "template"];

/// The character set in the `Content-Type` of a server.
pub(super) fn by_header(hints: &FileHints) -> Option<&'static Encoding> {
    charset_in(hints.content_type.as_deref()?)
}

/// The character set in the XML declaration or in a `meta` element of the head; `None` if its name is not known.
pub(super) fn by_page(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(WITHIN)]).to_ascii_lowercase();
    if let Some((declaration, _)) = head.trim_start().strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"))
        && let Some(encoding) =
            attributes(declaration).find(|(name, _)| *name == "encoding").and_then(|(_, it)| label(it))
    {
        return Some(encoding);
    }
    let mut rest = head.as_str();
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        let name_end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_end);
        match name {
            "body" | "/head" => return None,
            "meta" | "meta/" => {
                let tag = &after[..tag_end(after)];
                if let Some(encoding) = of_meta(tag) {
                    return Some(encoding);
                }
            }
            _ => {
                if let Some(text) = TEXTS.iter().find(|text| **text == name) {
                    rest = after.split_once(&format!("</{text}"))?.1;
                    continue;
                }
            }
        }
        rest = &after[tag_end(after)..];
    }
    None
}

fn of_meta(tag: &str) -> Option<&'static Encoding> {
    let value = |named: &str| attributes(tag).find(|(name, _)| *name == named).map(|(_, value)| value);
    let by_content =
        || value("http-equiv").filter(|what| what.trim() == "content-type").and_then(|_| charset_in(value("content")?));
    value("charset").and_then(label).or_else(by_content)
}

/// The place after the `>` that ends a tag; a `>` within quotes does not.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (at, character) in tag.char_indices() {
        match (character, quote) {
            ('>', None) => return at,
            ('"' | '\'', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// The attributes of a tag, `name=value` or `name = "value"`, with names in lower case.
fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = tag;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let Some(value) = after.trim_start().strip_prefix('=') else {
                if rest.is_empty() {
                    return None;
                }
                rest = if name.is_empty() { after.get(1..).unwrap_or_default() } else { after };
                continue;
            };
            let value = value.trim_start();
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            rest = after;
            return Some((name, value));
        }
    })
}

/// The character set of a media type: `text/html; charset="utf-8"`.
fn charset_in(content_type: &str) -> Option<&'static Encoding> {
    let small = content_type.to_ascii_lowercase();
    let value =
        small.split(';').skip(1).filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim() == "charset");
    label(value?.1)
}

fn label(text: &str) -> Option<&'static Encoding> {
    Encoding::for_label(text.trim().trim_matches(['"', '\'']).trim().trim_end_matches('/').as_bytes())
}
