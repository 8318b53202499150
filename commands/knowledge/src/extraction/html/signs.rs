//! Tells a `<` that is a sign from one that begins a tag.
//!
//! An HTML parser takes the limits of `<p>ALT <ULN and AST >3x</p>` for the attributes of an element.

use std::{borrow::Cow, collections::HashSet};

use crate::markdown::attributes::{Attributes, attributes};

/// All elements of HTML, also of former versions, sorted. The elements within `math` and `svg` are not among them.
#[rustfmt::skip]
const ELEMENTS: [&str; 150] = [
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base", "basefont",
    "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br", "button", "canvas", "caption",
    "center", "cite", "code", "col", "colgroup", "command", "content", "data", "datalist", "dd", "del",
    "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "embed", "fencedframe", "fieldset",
    "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6",
    "head", "header", "hgroup", "hr", "html", "i", "iframe", "image", "img", "input", "ins", "isindex", "kbd",
    "keygen", "label", "layer", "legend", "li", "link", "listing", "main", "map", "mark", "marquee", "math",
    "menu", "menuitem", "meta", "meter", "multicol", "nav", "nextid", "nobr", "noembed", "noframes", "noscript",
    "object", "ol", "optgroup", "option", "output", "p", "param", "picture", "plaintext", "pre", "progress",
    "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "script", "search", "section", "select",
    "selectedcontent", "shadow", "slot", "small", "source", "spacer", "span", "strike", "strong", "style",
    "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead",
    "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr", "xmp",
];
/// Elements within which HTML's elements are not known, up to their end.
const OTHERS: [(&str, &str); 5] =
    [("svg", "</svg"), ("math", "</math"), ("script", "</script"), ("style", "</style"), ("!--", "-->")];

/// The name that a tag begins with, in lower case.
pub(in super::super) fn name_at(text: &str) -> String {
    text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// A page, or a block of tags of Markdown, in which each `<` that begins no element is escaped. An element is one of
/// HTML, or one of the page's own: that has an end tag, a name with a hyphen or a prefix, or attributes with values.
pub(in super::super) fn with_signs(page: &str) -> Cow<'_, str> {
    if page.trim_start_matches('\u{feff}').trim_start().starts_with("<?xml") {
        return Cow::Borrowed(page);
    }
    let lower = page.to_ascii_lowercase();
    let ends: HashSet<&str> = lower.split("</").skip(1).map(token).collect();
    let (mut written, mut begin, mut from) = (String::new(), 0, 0);
    while let Some(at) = lower[from..].find('<').map(|at| from + at) {
        let after = &lower[at + 1..];
        from = at + 1;
        if let Some((_, end)) = OTHERS.iter().find(|(other, _)| is_begin(after, other)) {
            let Some(end) = after.find(end) else { break };
            from += end;
        } else if is_sign(after, &ends) {
            written.extend([&page[begin..at], "&lt;"]);
            begin = from;
        }
    }
    if written.is_empty() { Cow::Borrowed(page) } else { Cow::Owned(written + &page[begin..]) }
}

fn is_begin(after: &str, name: &str) -> bool {
    after.strip_prefix(name).is_some_and(|rest| name == "!--" || !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// The part of a tag before its first blank or its end.
fn token(tag: &str) -> &str {
    &tag[..tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '<')).unwrap_or(tag.len())]
}

/// Whether a `<` before this text, which is in lower case, begins no element. `ends` are the names of all end tags.
fn is_sign(after: &str, ends: &HashSet<&str>) -> bool {
    if let Some(end) = after.strip_prefix('/') {
        let rest = end.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        // A parser would take `</= 90` for a comment, and `</uln and` for an end tag.
        return if rest.len() < end.len() {
            !end.starts_with(|c: char| c.is_ascii_alphabetic())
                || rest.trim_start().starts_with(|c: char| c.is_alphanumeric())
        } else {
            end.trim_start().starts_with(|c: char| c == '=' || c.is_numeric())
        };
    }
    let name = token(after);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || ELEMENTS.binary_search(&name).is_ok()
        || ends.contains(name)
    {
        return false;
    }
    let is_prefixed =
        name.split_once(':').is_some_and(|(_, local)| local.starts_with(|c: char| c.is_ascii_alphabetic()));
    match attributes(&after[name.len()..], false) {
        Attributes::All(all, _) => all.is_empty() && !is_prefixed && !name.contains('-'),
        Attributes::Open | Attributes::None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_a_page_is_no_tag() {
        for (page, expected) in [
            ("<p>ALT <ULN and AST >3x</p>", "<p>ALT &lt;ULN and AST >3x</p>"),
            ("<p>BP </= 90, </ 80, </5</p><p>HR > 100", "<p>BP &lt;/= 90, &lt;/ 80, &lt;/5</p><p>HR > 100"),
            ("<p>5 kg <weight <10 kg > a <weight</p>", "<p>5 kg &lt;weight <10 kg > a &lt;weight</p>"),
            ("Give <max (max = 60 mg) and never >5", "Give &lt;max (max = 60 mg) and never >5"),
            (
                "HR <rest:60 and >5; T <T.max and >5; <max. dose>",
                "HR &lt;rest:60 and >5; T &lt;T.max and >5; &lt;max. dose>",
            ),
            ("<svg><path d/></svg>ALT <ULN and never aspirin", "<svg><path d/></svg>ALT &lt;ULN and never aspirin"),
            ("<t-max and >5, </ULN and AST >3x", "&lt;t-max and >5, &lt;/ULN and AST >3x"),
        ] {
            assert_eq!(with_signs(page), expected);
        }
    }

    #[test]
    fn elements_are_in_order() {
        assert!(ELEMENTS.is_sorted());
    }

    #[test]
    fn elements_of_a_pages_own_stay() {
        for page in [
            "<my-dose>5</my-dose><o:p></o:p><dose>5</dose><own src=x><br><B>x</B></ p></dose ></own>",
            "<my-dose disabled>5</my-dose><my-icon/><custom-el a=\"b > c\">",
            "<svg><path d/></svg><math><mi>x</mi></math><!-- <uln --><style><x></style>",
            "<?xml version='1.0'?><dose>",
            "<script>if (a<bc) d('<x ')</script> <3 < 4 <keygen>",
            "<svg><uln",
        ] {
            assert_eq!(with_signs(page), page);
        }
    }
}
