//! Signs of a model's text that a page would take for HTML, written so that they are shown.
//!
//! Answers are Markdown that may hold HTML. A model that writes `ALT <ULN and never gentamicin when BP >90` has, by `CommonMark`'s
//! rules, written one tag with ten attributes, and a reader would see `ALT 90`. So only the tags that answers are laid out with
//! stay tags, without attributes; before any other a backslash is written, as the built-in answerer does. Within code nothing
//! is a tag.

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

/// Escapes what is no tag while the text streams.
#[derive(Debug)]
pub(super) struct Markup {
    /// What cannot be decided before more of the text has come.
    held: String,
    place: Place,
    /// The sign before is a backslash that takes the next sign's meaning away.
    is_escaped: bool,
    /// Nothing has come in this line but white space and marks of quotes.
    is_line_start: bool,
}

/// Where in the text one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    /// In code between so many backticks.
    Code(usize),
    /// In a block of code between so many of these signs.
    Block(char, usize),
}

/// What the text after a `<` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// It depends on what comes.
    Undecided,
    /// A sign like any other, or a tag that stays.
    AsItIs,
    Foreign,
}

impl Default for Markup {
    fn default() -> Self {
        Self { held: String::new(), place: Place::Text, is_escaped: false, is_line_start: true }
    }
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
        let mut at = 0;
        while let Some(sign) = held[at..].chars().next() {
            let rest = &held[at..];
            let bytes = match sign {
                '`' | '~' => {
                    let run = rest.len() - rest.trim_start_matches(sign).len();
                    if run == rest.len() && !is_end {
                        break;
                    }
                    self.mark(sign, run);
                    run
                }
                '<' if self.place == Place::Text && !self.is_escaped => {
                    match tag(&rest[1..], is_end) {
                        Tag::Undecided => break,
                        Tag::AsItIs => {}
                        Tag::Foreign => shown.push('\\'),
                    }
                    1
                }
                _ => sign.len_utf8(),
            };
            self.pass(sign);
            shown.push_str(&rest[..bytes]);
            at += bytes;
        }
        held[at..].clone_into(&mut self.held);
        shown
    }

    /// Begins or ends code.
    fn mark(&mut self, sign: char, run: usize) {
        let is_fence = self.is_line_start && run >= 3;
        self.place = match self.place {
            Place::Block(of, length) if is_fence && of == sign && run >= length => Place::Text,
            Place::Code(length) if sign == '`' && run == length => Place::Text,
            Place::Text if is_fence => Place::Block(sign, run),
            Place::Text if sign == '`' && !self.is_escaped => Place::Code(run),
            place => place,
        };
    }

    fn pass(&mut self, sign: char) {
        self.is_escaped = sign == '\\' && !self.is_escaped && self.place == Place::Text;
        if sign == '\n' {
            // Code within a line ends with its paragraph at the latest.
            if self.is_line_start && matches!(self.place, Place::Code(_)) {
                self.place = Place::Text;
            }
            self.is_line_start = true;
        } else if !sign.is_whitespace() && sign != '>' {
            self.is_line_start = false;
        }
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

    #[test]
    fn what_is_below_a_limit_is_not_swallowed_as_a_tag() {
        for (text, expected) in [
            ("Stop if ALT <ULN. Never give it when BP >90.", "Stop if ALT \\<ULN. Never give it when BP >90."),
            ("<b class=x>a</b>", "\\<b class=x>a</b>"),
            ("<style>x</style><iframe src=\"y\">", "\\<style>x\\</style>\\<iframe src=\"y\">"),
            ("a <!-- not --> b <?x?> </ULN>", "a \\<!-- not --> b \\<?x?> \\</ULN>"),
            ("eGFR <b", "eGFR \\<b"),
            ("`<x` <ULN\n\n` <ULN", "`<x` \\<ULN\n\n` <ULN"),
            ("`a\n\n<ULN", "`a\n\n\\<ULN"),
            ("```\n<x>\n``\n```\n<ULN", "```\n<x>\n``\n```\n\\<ULN"),
            ("> ~~~\n> <x>\n> ~~~\n<ULN", "> ~~~\n> <x>\n> ~~~\n\\<ULN"),
            ("\\`<ULN", "\\`\\<ULN"),
            ("\\\\<ULN", "\\\\\\<ULN"),
        ] {
            assert_eq!(shown([text]), expected);
            assert_eq!(letter_by_letter(text), expected);
        }
    }

    #[test]
    fn what_needs_no_escape_stays_as_it_is() {
        for text in [
            "SpO2 <94 %, < 94 %, </ 94 %, </",
            "10<sup>9</sup>/L<br>H<SUB>2</SUB>O<br/><br />",
            "| a |\n|---|\n| x<br>y |",
            "see <https://example.org/a?b> and <http://example.org>",
            "\\<ULN",
            "```html\n<x>\n```",
            "``a ` <x>``",
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
        assert_eq!(markup.push(">now <AL"), "<br>now \\<AL");
    }

    proptest! {
        #[test]
        fn the_cut_into_pieces_changes_nothing_and_no_sign_is_lost(
            text in "([<>/!?`~\\\\\n bx]|<su[bp]>|</?b>|```|<https?:/?){0,24}",
        ) {
            let whole = shown([text.as_str()]);
            prop_assert_eq!(&letter_by_letter(&text), &whole);
            prop_assert_eq!(whole.replace('\\', ""), text.replace('\\', ""));
        }
    }
}
