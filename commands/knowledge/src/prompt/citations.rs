//! Recognizes how models name documents: by a list under a heading at the end of a text, and by bare ids elsewhere.
//!
//! Ids are for the machine and never for people. No other text may be lost with them. Besides ids, only text without
//! any other content is removed: brackets, quotes, list markers, a known heading, and the documents' own titles.

use domain::ids::DocumentId;

use super::headings::{Heading, begins, end_token, heading, split_word};

mod extent;
mod known;
pub(super) use known::Known;

/// Words that may stand in the heading and between the ids.
const FILLERS: [&str; 7] = ["documents", "document", "ids", "id", "list", "used", "and"];
/// The fillers that may also stand between ids without a heading.
const BETWEEN_IDS: [&str; 2] = ["id", "and"];
/// Words that stand in place of ids.
const NO_ID: [&str; 2] = ["none", "n/a"];
/// Markdown, brackets and quotes that may precede a heading or an id.
const MARKS: &str = "*_#>-([{【〔\"'`:,•";
const MAX_MARKS: usize = 8;
/// Characters that may stand between ids.
const SEPARATORS: &str = ",;.:：[](){}<>【】〔〕\"'`*_-–—•·";
const CLOSING: &str = ")]}】〕>\"'`*_";
/// Precedes an id that is written as a name of RFC 9562.
const URN: &str = "urn:uuid:";
/// Characters that models write in place of the hyphens of an id.
const HYPHENS: [char; 2] = ['\u{2010}', '\u{2011}'];
/// The fence of a code block.
const FENCE: &str = "```";
const ID_LENGTH: usize = 36;
/// Characters of an id from which a part of one counts as cut off or malformed; fewer may be a number.
const MIN_PART: usize = 8;
/// Bytes of a list beyond which it is text: twice as many as the list needs for all documents that an answer may use,
/// with their titles.
const MAX_LIST_BYTES: usize = 8_192;

/// The classification of a text by its beginning.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recognized {
    /// The beginning names no documents.
    Text,
    /// The beginning may become a list or an id when more text comes.
    Undecided,
    /// A list that reaches to the end of the text, and may go on.
    List(Vec<DocumentId>),
    /// Ids within the text, and the range of bytes that is removed with them.
    Ids(usize, usize, Vec<DocumentId>),
}

/// The state of reading a list at the beginning of a text.
pub(super) struct Reading<'a> {
    known: &'a Known,
    text: &'a str,
    before: Option<char>,
    /// Whether the text is complete.
    is_end: bool,
    at: usize,
    /// The length of the white space and the marks at the beginning.
    lead: usize,
    heading: Option<Heading>,
    has_colon: bool,
    has_brackets: bool,
    /// The number of words and numbers that a list without ids does not have.
    others: usize,
    ids: Vec<DocumentId>,
    /// The range from the first id to the end of the last one, or of its title.
    items: Option<(usize, usize)>,
}

/// The reason for which a reading ends before the text does.
enum Stop {
    MoreNeeded,
    OtherText,
}

impl<'a> Reading<'a> {
    /// Reads a text; `before` is the last character that was shown.
    pub(super) fn of(known: &'a Known, text: &'a str, before: Option<char>, is_end: bool) -> Recognized {
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
            Err(Stop::MoreNeeded) => Recognized::Undecided,
            Err(Stop::OtherText) => reading.ids_before(reading.at),
            Ok(()) => reading.verdict(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Whether this position is at the beginning of its line.
    fn starts_line(&self, at: usize) -> bool {
        self.before.is_none() || self.text[..at].contains('\n')
    }

    /// The result of an ambiguous beginning: more text is needed, or it is text if there is no more.
    const fn undecided(&self) -> Stop {
        if self.is_end { Stop::OtherText } else { Stop::MoreNeeded }
    }

    fn skip_marks(&mut self) -> Result<(), Stop> {
        let mut marks = self.text[..self.at].chars().filter(|c| MARKS.contains(*c)).count();
        while let Some(c) = self.rest().chars().next().filter(|c| c.is_whitespace() || MARKS.contains(*c)) {
            match end_token(self.rest()) {
                Some(0) if !self.is_end => return Err(Stop::MoreNeeded),
                Some(length) if length > 0 => break,
                _ => {}
            }
            marks += usize::from(!c.is_whitespace());
            if self.at > MAX_LIST_BYTES || marks > MAX_MARKS {
                return Err(Stop::OtherText);
            }
            self.at += c.len_utf8();
        }
        // An id in angle brackets; a tag is something else.
        if self.rest().strip_prefix('<').is_some_and(|id| id.starts_with(|c: char| c.is_ascii_hexdigit())) {
            self.at += 1;
        }
        Ok(())
    }

    /// Reads white space, Markdown marks, the number of an item, and the heading.
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

    /// Reads a word, or a title behind an id.
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
        let name = if begins(rest, URN) { URN.len() } else { 0 };
        if !self.is_end && begins(URN, rest) {
            return Err(Stop::MoreNeeded);
        }
        let (word, after) = split_word(&rest[name..], |c| c.is_alphanumeric() || c == '-' || HYPHENS.contains(&c));
        let word_length = name + word.len();
        let item = word.trim_end_matches('-');
        let item_length = name + item.len();
        let bare = item.trim_start_matches('-').replace(HYPHENS, "-");
        let bare = bare.as_str();
        let id = bare.parse().ok();
        if let Some(id) = id.filter(|id| is_list || self.known.ids.contains(id)) {
            self.ids.extend(Some(id).filter(|id| self.known.ids.contains(id)));
            self.take_item(item_length);
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
            // The heading may have more than one word.
            self.others += usize::from(is_number || self.has_colon);
            self.at += word_length;
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
        // The model was cut off within an id, or has misspelled one of several.
        if is_part && ((self.is_end && may_become_known) || (is_list && !self.ids.is_empty())) {
            self.take_item(item_length);
            return Ok(());
        }
        Err(Stop::OtherText)
    }

    fn take_item(&mut self, length: usize) {
        let from = self.items.map_or(self.at, |(from, _)| from);
        self.at += length;
        self.items = Some((from, self.at));
    }

    /// Classifies a text that was read to its end.
    fn verdict(&self) -> Recognized {
        let is_list = match self.heading {
            // Only marks of an end of text.
            None if self.items.is_none() => true,
            // A code block with nothing but ids.
            None if self.is_fenced() => true,
            None => return if self.is_end { self.ids_before(self.text.len()) } else { Recognized::Undecided },
            Some(Heading::Weak | Heading::Tag) => self.has_colon && self.items.is_some(),
            // Within a line or without ids, more evidence is needed to tell a list from text.
            Some(Heading::Strong) if self.items.is_none() => {
                self.has_colon && (self.starts_line(self.lead) || self.has_brackets) && self.others == 0
            }
            Some(Heading::Strong) => self.starts_line(self.lead) || self.has_colon,
        };
        // The closing fence of a code block does not belong to a list after it.
        let is_after_code = self.text[..self.lead].contains(FENCE) && !self.is_fenced();
        match (is_list && !is_after_code, self.is_end) {
            (true, _) => Recognized::List(self.ids.clone()),
            (false, true) if !is_after_code => self.ids_before(self.text.len()),
            (false, true) => Recognized::Text,
            (false, false) => Recognized::Undecided,
        }
    }

    fn is_fenced(&self) -> bool {
        let (lead, list) = self.text.split_at(self.lead);
        lead.contains(FENCE) && list.contains(FENCE)
    }
}

/// Whether ids or a heading may begin at this character, behind that one.
pub(super) fn may_begin(before: Option<char>, c: char) -> bool {
    let is_boundary = |c: char| c.is_whitespace() || c == '<' || MARKS.contains(c);
    before
        .is_none_or(|before| is_boundary(c) && (!is_boundary(before) || (c.is_whitespace() && !before.is_whitespace())))
}
