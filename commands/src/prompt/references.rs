//! The list of references at the end of a model's text: `References: [id, ...]` and what models make of it.
//!
//! A list is a heading with nothing but document ids after it, at the very end of the text. Whatever else says "references"
//! is text: it may be held back for a moment while it streams, and is shown when it goes on otherwise.

use domain::ids::DocumentId;

/// In lower case.
const HEADINGS: [&str; 6] = ["references", "reference", "sources", "source", "citations", "citation"];
/// Words that may stand in the heading and between the ids.
const FILLERS: [&str; 7] = ["documents", "document", "ids", "id", "list", "used", "and"];
/// In place of ids.
const NO_ID: &str = "none";
/// Markdown and brackets before the heading.
const MARKS: [char; 7] = ['*', '_', '#', '>', '-', '(', '['];
const MAX_MARKS: usize = 8;
/// Between ids.
const SEPARATORS: &str = ",;.:：[](){}<>\"'`*_-–—•·";
const ID_LENGTH: usize = 36;
/// Twice what as many documents need as an answer may be made from.
const MAX_LIST_BYTES: usize = 2_048;

/// Says of a streamed text what may be shown now. It holds back only what may yet turn out to be the list, and white space.
/// What is shown does not depend on how the text was cut into deltas.
#[derive(Debug, Default)]
pub(super) struct ReferenceFilter {
    held: String,
    /// The last character that was shown.
    last: Option<char>,
}

impl ReferenceFilter {
    /// The text that may be shown after this delta.
    pub(super) fn push(&mut self, delta: &str) -> String {
        self.held.push_str(delta);
        let start = self.starts().find(|start| !matches!(self.list_at(*start), List::No));
        let rest = self.held.split_off(start.unwrap_or(self.held.len()));
        let shown = std::mem::replace(&mut self.held, rest);
        self.last = shown.chars().next_back().or(self.last);
        shown
    }

    /// The rest, when the text has ended, and the ids of the list.
    pub(super) fn finish(self) -> (String, Vec<DocumentId>) {
        let list = self.starts().find_map(|start| match self.list_at(start) {
            List::Complete(ids) => Some((start, ids)),
            List::No | List::Begun => None,
        });
        let (end, ids) = list.unwrap_or((self.held.len(), Vec::new()));
        (self.held[..end].trim_end().to_owned(), ids)
    }

    /// Where a list may begin: at the text's beginning, and at white space after something else.
    fn starts(&self) -> impl Iterator<Item = usize> {
        self.held.char_indices().scan(self.last, |before, (at, c)| Some((at, before.replace(c), c))).filter_map(
            |(at, before, c)| {
                let is_start = before.is_none_or(|before| c.is_whitespace() && !before.is_whitespace());
                is_start.then_some(at)
            },
        )
    }

    fn list_at(&self, start: usize) -> List {
        read(&self.held[start..], start == 0 && self.last.is_none())
    }
}

/// What a text is that may be a list of references.
#[derive(Debug, PartialEq, Eq)]
enum List {
    No,
    /// What there is may become one.
    Begun,
    /// It is one, and may go on.
    Complete(Vec<DocumentId>),
}

/// What was seen of a list.
#[derive(Default)]
struct Seen {
    starts_line: bool,
    has_colon: bool,
    has_brackets: bool,
    /// Words and numbers that a list without ids does not have.
    others: usize,
    ids: Vec<DocumentId>,
}

/// Reads white space, Markdown signs, the heading, and then ids up to the end of the text.
fn read(text: &str, starts_text: bool) -> List {
    let heading = text.trim_start_matches(|c: char| c.is_whitespace() || MARKS.contains(&c));
    let gap = &text[..text.len() - heading.len()];
    if gap.len() > MAX_LIST_BYTES || gap.chars().filter(|c| !c.is_whitespace()).count() > MAX_MARKS {
        return List::No;
    }
    let (word, rest) = split_word(heading, |c| c.is_ascii_alphabetic());
    if rest.is_empty() && HEADINGS.iter().any(|heading| begins(heading, word)) {
        return List::Begun;
    }
    if !HEADINGS.iter().any(|heading| heading.eq_ignore_ascii_case(word)) {
        return List::No;
    }
    let mut seen = Seen { starts_line: starts_text || gap.contains('\n'), ..Seen::default() };
    let mut rest = rest;
    let mut is_cut = false;
    while let Some(c) = rest.chars().next() {
        if text.len() - rest.len() > MAX_LIST_BYTES {
            return List::No;
        }
        if c.is_alphanumeric() {
            let (word, after) = split_word(rest, |c| c.is_alphanumeric() || c == '-');
            match seen.take(word, after) {
                Word::Fits => {}
                Word::MayFit => is_cut = true,
                Word::No => return List::No,
            }
            rest = after;
        } else if c.is_whitespace() || SEPARATORS.contains(c) {
            seen.has_colon |= matches!(c, ':' | '：');
            seen.has_brackets |= c == ']' && seen.has_colon;
            rest = &rest[c.len_utf8()..];
        } else {
            return List::No;
        }
    }
    seen.verdict(is_cut)
}

impl Seen {
    fn verdict(self, is_cut: bool) -> List {
        // Within a line, and where there are no ids, it takes more to tell a list from text.
        let is_list = if self.ids.is_empty() {
            self.has_colon && (self.starts_line || self.has_brackets) && self.others == 0
        } else {
            self.starts_line || self.has_colon
        };
        if is_list && !is_cut { List::Complete(self.ids) } else { List::Begun }
    }

    /// Takes a word of the list, of which this follows.
    fn take(&mut self, word: &str, after: &str) -> Word {
        let bare = word.trim_matches('-');
        if let Ok(id) = bare.parse() {
            self.ids.push(id);
            return Word::Fits;
        }
        if bare.eq_ignore_ascii_case(NO_ID) {
            return Word::Fits;
        }
        let is_filler = FILLERS.iter().any(|filler| filler.eq_ignore_ascii_case(bare));
        let is_number = bare.len() <= 2 && bare.bytes().all(|byte| byte.is_ascii_digit());
        if is_filler || (is_number && after.starts_with(['.', ')'])) {
            // The heading may say more than one word.
            self.others += usize::from(is_number || self.has_colon);
            return Word::Fits;
        }
        let may_become_id = bare.len() < ID_LENGTH && bare.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let may_become_word = FILLERS.iter().any(|filler| begins(filler, bare)) || begins(NO_ID, bare);
        if after.is_empty() && (may_become_id || may_become_word) { Word::MayFit } else { Word::No }
    }
}

enum Word {
    Fits,
    /// If more of it comes.
    MayFit,
    No,
}

/// The characters at the beginning that are of this kind, and the rest.
fn split_word(text: &str, is_of_word: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_of_word(c)).unwrap_or(text.len()))
}

/// Whether the text begins so, without regard to the case of ASCII letters.
fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
