//! Which `<` is a sign and no tag: a reader of HTML takes the limits of `<p>ALT <ULN and AST >3x</p>` for the attributes of an element.

use std::{borrow::Cow, collections::HashSet};

/// All elements of HTML, also those of former versions, in order. The elements within `math` and `svg` are not among them.
#[rustfmt::skip]
const ELEMENTS: [&str; 136] = [
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base", "basefont",
    "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br", "button", "canvas", "caption",
    "center", "cite", "code", "col", "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog",
    "dir", "div", "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font", "footer", "form",
    "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i",
    "iframe", "img", "input", "ins", "kbd", "label", "legend", "li", "link", "main", "map", "mark", "marquee",
    "math", "menu", "meta", "meter", "nav", "nobr", "noembed", "noframes", "noscript", "object", "ol",
    "optgroup", "option", "output", "p", "param", "picture", "plaintext", "pre", "progress", "q", "rb", "rp",
    "rt", "rtc", "ruby", "s", "samp", "script", "search", "section", "select", "slot", "small", "source",
    "span", "strike", "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template",
    "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u", "ul", "var", "video",
    "wbr", "xmp",
];
/// A tag of a page that is longer is left to the parser, in bytes.
const LONGEST: usize = 1_024;

/// The name that a tag begins with, in small letters.
pub(in super::super) fn name_at(text: &str) -> String {
    text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// A block of tags of Markdown with every `<` that begins no tag of HTML as the sign that it is.
pub(in super::super) fn in_block(tags: &str) -> Cow<'_, str> {
    if has_other_language(tags) {
        return Cow::Borrowed(tags);
    }
    with_signs(tags, |after| {
        let name = name_at(after.strip_prefix('/').unwrap_or(after));
        if name.is_empty() { ends_before_limit(after) } else { !is_element(&name) }
    })
}

/// A page with each `<` as a sign that begins an element that there is not, without an end and without attributes that have values.
/// Pages may have elements of their own.
pub(super) fn in_page(page: &str) -> Cow<'_, str> {
    if has_other_language(page) || page.trim_start_matches('\u{feff}').trim_start().starts_with("<?xml") {
        return Cow::Borrowed(page);
    }
    let ends: HashSet<String> = page.split("</").skip(1).map(name_at).collect();
    with_signs(page, |after| {
        let name = name_at(after);
        if name.is_empty() {
            return ends_before_limit(after);
        }
        let is_alone = !ends.contains(&name) && !after[name.len()..].starts_with(['-', ':', '.', '_']);
        let end = after.bytes().take(LONGEST).position(|byte| byte == b'>');
        !is_element(&name) && is_alone && end.is_some_and(|end| !after[..end].contains('='))
    })
}

fn is_element(name: &str) -> bool {
    ELEMENTS.binary_search(&name).is_ok()
}

fn has_other_language(tags: &str) -> bool {
    let lower = tags.to_ascii_lowercase();
    ["<math", "<svg"].iter().any(|begin| lower.contains(begin))
}

/// `</= 90` would be a comment.
fn ends_before_limit(after: &str) -> bool {
    after.strip_prefix('/').is_some_and(|limit| limit.trim_start().starts_with(|c: char| c == '=' || c.is_numeric()))
}

fn with_signs(text: &str, is_sign: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let mut written = String::new();
    let mut begin = 0;
    for (at, _) in text.match_indices('<') {
        if is_sign(&text[at + 1..]) {
            written.extend([&text[begin..at], "&lt;"]);
            begin = at + 1;
        }
    }
    if written.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(written + &text[begin..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_a_page_is_no_tag() {
        for (page, expected) in [
            ("<p>ALT <ULN and AST >3x</p>", "<p>ALT &lt;ULN and AST >3x</p>"),
            ("<p>BP </= 90, </ 80</p><p>HR > 100", "<p>BP &lt;/= 90, &lt;/ 80</p><p>HR > 100"),
            ("<p>5 kg <weight <10 kg > a <weight</p>", "<p>5 kg &lt;weight &lt;10 kg > a &lt;weight</p>"),
        ] {
            assert_eq!(in_page(page), expected);
        }
    }

    #[test]
    fn elements_are_in_order() {
        assert!(ELEMENTS.is_sorted());
    }

    #[test]
    fn elements_of_a_pages_own_stay() {
        for page in [
            "<my-dose>5</my-dose><o:p></o:p><dose>5</dose><image src=x><br><B>x</B></ p>",
            "<svg><path d/></svg><uln>",
            "<?xml version='1.0'?><dose>",
            "<script>if (a<b) c()</script> <3 < 4",
        ] {
            assert_eq!(in_page(page), page);
        }
    }
}
