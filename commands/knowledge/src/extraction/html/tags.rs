//! Checks and repairs of tags before a page is parsed.

use std::{borrow::Cow, collections::HashMap};

/// Open tags beyond which a page is refused; self-closing ones of drawings count, too.
const MAX_OPEN_TAGS: usize = 2_000;

/// Void elements, which have no end tag.
const WITHOUT_END: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// A page that is XML, with an end tag in place of each self-closing one: an HTML parser takes `<title/>` for the
/// beginning of a title that has all of the page in it.
pub(super) fn with_ends(page: &str) -> Cow<'_, str> {
    if !page.trim_start_matches('\u{feff}').trim_start().starts_with("<?xml") || !page.contains("/>") {
        return Cow::Borrowed(page);
    }
    let mut ended = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(at) = rest.find("/>") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        ended.push_str(before);
        let tag = before.rfind('<').map_or("", |start| &before[start + 1..]);
        let name = &tag[..tag.find(|c: char| c.is_ascii_whitespace()).unwrap_or(tag.len())];
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !tag.contains('>');
        if is_name && !WITHOUT_END.contains(&name.to_ascii_lowercase().as_str()) {
            ended.extend(["></", name, ">"]);
        } else {
            ended.push_str("/>");
        }
        rest = after;
    }
    Cow::Owned(ended + rest)
}

/// Whether the page has too many open tags for the parser, which looks through all open elements at each tag. Elements
/// that end by themselves cannot be nested without others.
pub(super) fn has_too_many_open(html: &str) -> bool {
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
