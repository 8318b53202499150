//! Signs of a model's text that a page would take for HTML, written so that they are shown.
//!
//! Answers are Markdown that may hold HTML. A model that writes `ALT <ULN and never gentamicin when BP >90` has, by `CommonMark`'s
//! rules, written one tag with ten attributes, and a reader would see `ALT 90`. So only the tags that answers are laid out with
//! stay tags, without attributes; behind the `<` of any other an invisible [`JOINER`] is written, by which it is none.
//!
//! In the same way an image becomes a link, which nothing is sent to before somebody clicks it.
//!
//! A backslash or an entity would be shown in code and taken for a sign of its own in a block of HTML; where these begin and end
//! only a whole parser of `CommonMark` knows.

use knowledge::markdown::JOINER;

/// What answers are laid out with.
const TAGS: [&str; 42] = [
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];
/// The beginnings of addresses in angle brackets.
const ADDRESSES: [&str; 2] = ["https://", "http://"];
/// The longest of both.
const MAX_BYTES: usize = 10;

/// Keeps what is no tag from being one, while the text streams.
#[derive(Debug, Default)]
pub(super) struct Markup {
    /// What cannot be decided before more of the text has come.
    held: String,
}

/// What the text after a `<` or `!` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// It depends on what comes.
    Undecided,
    /// A sign like any other, or a tag that stays.
    AsItIs,
    Foreign,
}

impl Markup {
    /// The text that is decided after this piece.
    pub(super) fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        self.take(false)
    }

    /// The rest, when the text has ended.
    pub(super) fn finish(mut self) -> String {
        self.take(true)
    }

    fn take(&mut self, is_end: bool) -> String {
        let held = std::mem::take(&mut self.held);
        let mut shown = String::with_capacity(held.len());
        let mut rest = held.as_str();
        while let Some(at) = rest.find(['<', '!']) {
            let after = &rest[at + 1..];
            let tag = if rest[at..].starts_with('!') { image(after, is_end) } else { tag(after, is_end) };
            if tag == Tag::Undecided {
                shown.push_str(&rest[..at]);
                rest[at..].clone_into(&mut self.held);
                return shown;
            }
            shown.push_str(&rest[..=at]);
            if tag == Tag::Foreign {
                shown.push(JOINER);
            }
            rest = after;
        }
        shown + rest
    }
}

/// What is after a `!`: a page would load an image from whatever address the model was told to write.
fn image(after: &str, is_end: bool) -> Tag {
    match after.chars().next() {
        None if !is_end => Tag::Undecided,
        Some('[') => Tag::Foreign,
        _ => Tag::AsItIs,
    }
}

fn tag(after: &str, is_end: bool) -> Tag {
    let begins = |begin: &str| after.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin));
    if ADDRESSES.iter().any(|begin| begins(begin)) {
        return Tag::AsItIs;
    }
    let (is_closing, rest) = after.strip_prefix('/').map_or((false, after), |rest| (true, rest));
    let name = &rest[..rest.find(|sign: char| !sign.is_ascii_alphanumeric()).unwrap_or(rest.len())];
    let end = &rest[name.len()..];
    let is_open = end.is_empty() && !is_end && after.len() <= MAX_BYTES;
    match rest.chars().next() {
        None if !is_end => return Tag::Undecided,
        None => return Tag::AsItIs,
        Some('!' | '?') if !is_closing => return Tag::Foreign,
        Some(sign) if !sign.is_ascii_alphabetic() => return Tag::AsItIs,
        _ => {}
    }
    let may_become = |word: &str| word.len() >= name.len() && word[..name.len()].eq_ignore_ascii_case(name);
    if is_open && TAGS.iter().any(|tag| may_become(tag)) {
        return Tag::Undecided;
    }
    let may_become_address =
        |begin: &&str| begin.len() > after.len() && begin[..after.len()].eq_ignore_ascii_case(after);
    if !is_end && after.is_ascii() && ADDRESSES.iter().any(may_become_address) {
        return Tag::Undecided;
    }
    let is_known = TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name));
    match end {
        _ if !is_known => Tag::Foreign,
        "" | " " | "/" | " /" if !is_end => Tag::Undecided,
        _ if [">", " >", "/>", " />"].iter().any(|close| end.starts_with(close)) => Tag::AsItIs,
        _ => Tag::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown<'a>(pieces: impl IntoIterator<Item = &'a str>) -> String {
        let mut markup = Markup::default();
        let mut shown: String = pieces.into_iter().map(|piece| markup.push(piece)).collect();
        shown.push_str(&markup.finish());
        shown
    }

    fn letter_by_letter(text: &str) -> String {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        shown(letters.iter().map(String::as_str))
    }

    /// `~` stands for the joiner.
    #[test]
    fn what_is_below_a_limit_is_not_swallowed_as_a_tag() {
        for (text, expected) in [
            ("Stop if ALT <ULN. Never give it when BP >90.", "Stop if ALT <~ULN. Never give it when BP >90."),
            ("<p>ALT <ULN and AST >3x</p>", "<p>ALT <~ULN and AST >3x</p>"),
            ("<br>\nALT <ULN and AST >3x", "<br>\nALT <~ULN and AST >3x"),
            ("<b class=x>a</b>", "<~b class=x>a</b>"),
            ("<style>x</style><iframe src=\"y\">", "<~style>x<~/style><~iframe src=\"y\">"),
            ("a <!-- not --> b <?x?> </ULN>", "a <~!-- not --> b <~?x?> <~/ULN>"),
            ("eGFR <b", "eGFR <~b"),
            ("Pulse 5` and ALT <ULN", "Pulse 5` and ALT <~ULN"),
            ("``` x ``` then ALT <ULN", "``` x ``` then ALT <~ULN"),
            ("    if alt <ULN", "    if alt <~ULN"),
            ("\\<ULN", "\\<~ULN"),
            ("https://who.int/y<ULN and", "https://who.int/y<~ULN and"),
            ("![x](https://example.org/?q=fever)!", "!~[x](https://example.org/?q=fever)!"),
        ] {
            let expected = expected.replace('~', &JOINER.to_string());
            assert_eq!(shown([text]), expected);
            assert_eq!(letter_by_letter(text), expected);
        }
    }

    #[test]
    fn what_is_no_foreign_tag_stays_as_it_is() {
        for text in [
            "SpO2 <94 %, < 94 %, </ 94 %, </",
            "10<sup>9</sup>/L<br>H<SUB>2</SUB>O<br/><br />",
            "| a |\n|---|\n| x<br>y |",
            "see <https://example.org/a?b> and <http://example.org>",
            "നില <൯൪",
        ] {
            assert_eq!(shown([text]), text);
            assert_eq!(letter_by_letter(text), text);
        }
    }

    #[test]
    fn what_is_decided_is_shown_at_once() {
        let mut markup = Markup::default();
        assert_eq!(markup.push("Take rest <"), "Take rest ");
        assert_eq!(markup.push("br"), "");
        assert_eq!(markup.push(">now <AL"), format!("<br>now <{JOINER}AL"));
    }

    proptest! {
        #[test]
        fn the_cut_into_pieces_changes_nothing_and_no_sign_is_lost(
            text in "([<>/!?\\[`~\\\\\n bx]|<su[bp]>|</?b>|```|<https?:/?){0,24}",
        ) {
            let whole = shown([text.as_str()]);
            prop_assert_eq!(&letter_by_letter(&text), &whole);
            prop_assert_eq!(whole.replace(JOINER, ""), text);
        }
    }
}
