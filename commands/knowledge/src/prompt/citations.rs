//! How models name documents: in a list under a heading at the end of a text, and by bare ids wherever else.
//!
//! Ids are for the machine and never for people. Nothing else that a text says may be lost with them: besides ids, only what
//! holds nothing but them goes, which is brackets, quotes, marks of a list, a known heading, and the documents' own titles.

use domain::ids::DocumentId;

use super::headings::{Heading, begins, end_token, heading, split_word};

mod extent;
mod known;
pub(super) use known::Known;

/// Words that may stand in the heading and between the ids.
const FILLERS: [&str; 7] = ["documents", "document", "ids", "id", "list", "used", "and"];
/// Those of them that also stand between ids without a heading.
const BETWEEN_IDS: [&str; 2] = ["id", "and"];
/// In place of ids.
const NO_ID: [&str; 2] = ["none", "n/a"];
/// Markdown, brackets and quotes before a heading or an id.
const MARKS: &str = "*_#>-([{\"'`:,•";
const MAX_MARKS: usize = 8;
/// Between ids.
const SEPARATORS: &str = ",;.:：[](){}<>\"'`*_-–—•·";
const CLOSING: &str = ")]}>\"'`*_";
/// The fence of a block of code.
const FENCE: &str = "```";
const ID_LENGTH: usize = 36;
/// What is shorter may be a number. So many characters of an id are one that was cut off, or is malformed.
const MIN_PART: usize = 8;
/// Twice what as many documents need, with their titles, as an answer may be made from.
const MAX_LIST_BYTES: usize = 8_192;

/// What a text begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing that names documents.
    Text,
    /// What there is may become something that does.
    Begun,
    /// A list that reaches to the end of the text, and may go on.
    List(Vec<DocumentId>),
    /// Ids within the text: what is between these two places belongs to them.
    Ids(usize, usize, Vec<DocumentId>),
}

/// A text, and what was seen of a list in it.
pub(super) struct Reading<'a> {
    known: &'a Known,
    text: &'a str,
    before: Option<char>,
    /// Nothing follows the text.
    is_end: bool,
    at: usize,
    /// Where the white space and the marks end with which it begins.
    lead: usize,
    heading: Option<Heading>,
    has_colon: bool,
    has_brackets: bool,
    /// Words and numbers that a list without ids does not have.
    others: usize,
    ids: Vec<DocumentId>,
    /// From the first id to the end of the last one, or of its title.
    items: Option<(usize, usize)>,
}

/// Why a reading is over before its end.
enum Stop {
    MoreNeeded,
    OtherText,
}

impl<'a> Reading<'a> {
    /// Reads a text of which this was shown before.
    pub(super) fn of(known: &'a Known, text: &'a str, before: Option<char>, is_end: bool) -> Found {
        let mut reading = Self {
            known,
            text,
            before,
            is_end,
            at: 0,
            lead: 0,
            heading: None,
            has_colon: false,
            has_brackets: false,
            others: 0,
            ids: Vec::new(),
            items: None,
        };
        match reading.opening().and_then(|()| reading.items()) {
            Err(Stop::MoreNeeded) => Found::Begun,
            Err(Stop::OtherText) => reading.ids_before(reading.at),
            Ok(()) => reading.verdict(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Whether what is at this place is the first thing in its line.
    fn starts_line(&self, at: usize) -> bool {
        self.before.is_none() || self.text[..at].contains('\n')
    }

    /// More text would tell, unless there is none.
    const fn undecided(&self) -> Stop {
        if self.is_end { Stop::OtherText } else { Stop::MoreNeeded }
    }

    fn skip_marks(&mut self) -> Result<(), Stop> {
        let mut marks = self.text[..self.at].chars().filter(|c| MARKS.contains(*c)).count();
        while let Some(c) = self.rest().chars().next().filter(|c| c.is_whitespace() || MARKS.contains(*c)) {
            marks += usize::from(!c.is_whitespace());
            if self.at > MAX_LIST_BYTES || marks > MAX_MARKS {
                return Err(Stop::OtherText);
            }
            self.at += c.len_utf8();
        }
        // An id in angle brackets; tags are something else.
        if self.rest().strip_prefix('<').is_some_and(|id| id.starts_with(|c: char| c.is_ascii_hexdigit())) {
            self.at += 1;
        }
        Ok(())
    }

    /// White space, Markdown signs, the number of an item, and the heading.
    fn opening(&mut self) -> Result<(), Stop> {
        self.skip_marks()?;
        let starts_line = self.starts_line(self.at);
        let (digits, after) = split_word(self.rest(), |c| c.is_ascii_digit());
        if starts_line && (1..=2).contains(&digits.len()) {
            match after.chars().next() {
                None => return Err(self.undecided()),
                Some('.' | ')' | ']') => {
                    self.at += digits.len() + 1;
                    self.skip_marks()?;
                }
                Some(_) => {}
            }
        }
        if self.text[..self.at].ends_with(FENCE) {
            let (word, after) = split_word(self.rest(), |c| c.is_ascii_alphabetic());
            if after.is_empty() {
                return Err(self.undecided());
            }
            if after.starts_with('\n') {
                self.at += word.len();
                self.skip_marks()?;
            }
        }
        if self.rest().is_empty() || self.rest() == "<" {
            return Err(self.undecided());
        }
        self.lead = self.at;
        let may_have_heading = self.before.is_none() || self.text.starts_with(char::is_whitespace);
        match heading(self.rest()) {
            Some((_, 0)) if may_have_heading => Err(self.undecided()),
            Some((heading, length)) if may_have_heading => {
                self.heading = Some(heading);
                self.has_colon = heading == Heading::Tag;
                self.at += length;
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn items(&mut self) -> Result<(), Stop> {
        while let Some(c) = self.rest().chars().next() {
            if self.at > MAX_LIST_BYTES {
                return Err(Stop::OtherText);
            }
            if let Some(length) = end_token(self.rest()) {
                if length == 0 {
                    return Err(self.undecided());
                }
                self.at += length;
            } else if c.is_alphanumeric() {
                self.word()?;
            } else if c.is_whitespace() || (SEPARATORS.contains(c) && (self.heading.is_some() || !self.ids.is_empty()))
            {
                self.has_colon |= matches!(c, ':' | '：');
                self.has_brackets |= c == ']' && self.has_colon;
                self.at += c.len_utf8();
            } else {
                return Err(Stop::OtherText);
            }
        }
        Ok(())
    }

    /// Takes a word, or a title after an id.
    fn word(&mut self) -> Result<(), Stop> {
        let is_list = self.heading.is_some();
        let rest = self.rest();
        if !self.ids.is_empty() {
            let Some(length) = self.known.title(rest, is_list, self.is_end) else { return Err(Stop::MoreNeeded) };
            if length > 0 {
                self.take_item(length);
                return Ok(());
            }
        }
        let (word, after) = split_word(rest, |c| c.is_alphanumeric() || c == '-');
        let bare = word.trim_matches('-');
        let id = bare.parse().ok();
        if let Some(id) = id.filter(|id| is_list || self.known.ids.contains(id)) {
            self.ids.extend(Some(id).filter(|id| self.known.ids.contains(id)));
            self.take_item(bare.len());
            return Ok(());
        }
        if let Some(none) = NO_ID.iter().find(|none| is_list && begins(rest, none)) {
            self.at += none.len();
            return Ok(());
        }
        let fillers = if is_list {
            &FILLERS[..]
        } else if self.ids.is_empty() {
            &[]
        } else {
            &BETWEEN_IDS[..]
        };
        let starts_line = is_list || self.text[..self.at].trim_end_matches([' ', '-', '*', '[', '(']).ends_with('\n');
        let is_number = bare.len() <= 2 && bare.bytes().all(|byte| byte.is_ascii_digit());
        let is_mark = is_number && starts_line && after.starts_with(['.', ')', ']']);
        if is_mark || fillers.iter().any(|filler| filler.eq_ignore_ascii_case(bare)) {
            // The heading may say more than one word.
            self.others += usize::from(is_number || self.has_colon);
            self.at += word.len();
            return Ok(());
        }
        let is_hex = bare.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let is_part = bare.len() >= MIN_PART && is_hex && bare.bytes().any(|byte| byte.is_ascii_digit());
        let may_become_known = after.is_empty() && self.known.may_become_id(bare);
        if after.is_empty() && !self.is_end {
            let may_become_id = is_list && is_hex && bare.len() < ID_LENGTH;
            let may_become_word = fillers.iter().any(|filler| begins(filler, bare))
                || (is_list && NO_ID.iter().any(|none| begins(none, rest)))
                || (is_number && starts_line && !self.ids.is_empty());
            if may_become_known || may_become_id || may_become_word {
                return Err(Stop::MoreNeeded);
            }
        } else if is_list && NO_ID.iter().any(|none| !self.is_end && begins(none, rest)) {
            return Err(Stop::MoreNeeded);
        }
        // The model was cut off within an id, or has made a mistake in one of several.
        if is_part && ((self.is_end && may_become_known) || (is_list && !self.ids.is_empty())) {
            self.take_item(bare.len());
            return Ok(());
        }
        Err(Stop::OtherText)
    }

    fn take_item(&mut self, length: usize) {
        let from = self.items.map_or(self.at, |(from, _)| from);
        self.at += length;
        self.items = Some((from, self.at));
    }

    /// All of the text was read.
    fn verdict(&self) -> Found {
        let is_list = match self.heading {
            // Only what stands for the end of a text.
            None if self.items.is_none() => true,
            // A block of code with nothing but ids in it.
            None if self.is_fenced() => true,
            None => return if self.is_end { self.ids_before(self.text.len()) } else { Found::Begun },
            Some(Heading::Weak | Heading::Tag) => self.has_colon && self.items.is_some(),
            // Within a line, and where there are no ids, it takes more to tell a list from text.
            Some(Heading::Strong) if self.items.is_none() => {
                self.has_colon && (self.starts_line(self.lead) || self.has_brackets) && self.others == 0
            }
            Some(Heading::Strong) => self.starts_line(self.lead) || self.has_colon,
        };
        // The fence at the end of a block of code does not belong to the list after it.
        let is_after_code = self.text[..self.lead].contains(FENCE) && !self.is_fenced();
        match (is_list && !is_after_code, self.is_end) {
            (true, _) => Found::List(self.ids.clone()),
            (false, true) if !is_after_code => self.ids_before(self.text.len()),
            (false, true) => Found::Text,
            (false, false) => Found::Begun,
        }
    }

    fn is_fenced(&self) -> bool {
        let (lead, list) = self.text.split_at(self.lead);
        lead.contains(FENCE) && list.contains(FENCE)
    }
}

/// Whether ids or a heading may begin at this character after that one.
pub(super) fn may_begin(before: Option<char>, c: char) -> bool {
    let is_boundary = |c: char| c.is_whitespace() || c == '<' || MARKS.contains(c);
    before
        .is_none_or(|before| is_boundary(c) && (!is_boundary(before) || (c.is_whitespace() && !before.is_whitespace())))
}
