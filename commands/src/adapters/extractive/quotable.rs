//! What of a passage may be quoted: whole sentences, items and rows, each with what stands above it.
//!
//! An item says little, or the opposite, without the words above its list; so does a sentence without its heading, and a row
//! without the head of its table. These, in turn, say nothing without what they stand above.

use unicode_segmentation::UnicodeSegmentation;

use super::{
    dashes::{Part, holds_negation, parts, says_more},
    lines::{Block, blocks},
    writing::{Kind, Line, Table},
};
use crate::{
    retrieval::STEP,
    sentences::{has_ended, sentences},
};

/// Shorter sentences are leftovers: they are quoted with their neighbours only.
const MIN_WORDS: usize = 4;
/// In scripts whose languages say much in one word.
const MIN_WORDS_ELSEWHERE: usize = 2;
/// A longer paragraph without a mark at its end is no heading of the next one.
const LONGEST_LEAD: usize = 12;
/// Shown above items whose lead is in another passage: it may be "Never give:".
const UNKNOWN_LEAD: &str = "(What stands above this list is not quoted here. See the document.)";
/// The level of headings that are only written in capitals, below those of Markdown.
const CAPITALS: usize = 7;

/// A sentence, an item or a row, with what it needs to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    pub kind: Kind,
    /// The headings and leads that it stands below, the innermost last.
    pub above: Vec<String>,
    /// What it leads to, if it is a lead itself.
    pub below: Vec<Line>,
    /// The head of the table that it is a row of.
    pub table: Option<Table>,
}

/// A passage taken apart as far as needed to know what belongs together.
enum Unit<'a> {
    Heading(usize, &'a str),
    Part(Part),
    Table(Vec<&'a str>),
}

/// A paragraph that says what the next one is about.
struct Lead {
    text: String,
    /// Whether it reaches beyond the next paragraph, up to one of whole sentences.
    is_strong: bool,
}

#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    headings: Vec<(usize, String)>,
    leads: Vec<Lead>,
    /// Which leads have done their work when the next paragraph begins: the weak ones, or all.
    closing: Option<bool>,
    /// What leads to the lists that are open, the innermost last, and where these end.
    lists: Vec<(String, usize)>,
    /// Pieces whose `below` is what comes next.
    waiting: Vec<usize>,
}

/// The pieces of a passage, in its order. `headings` are those above it, but for the title, which is shown with every quote.
/// `is_cut` says whether a list at the beginning may have its lead in the passage before.
pub(super) fn pieces(title: &str, headings: &str, passage: &str, is_cut: bool) -> Vec<Piece> {
    let units: Vec<Unit<'_>> = blocks(passage).into_iter().flat_map(units).collect();
    // Their levels are not kept. Those of most documents begin with 1 and leave none out; all are above the passage's own heading.
    let own = units.first().and_then(|unit| if let Unit::Heading(level, _) = unit { Some(level - 1) } else { None });
    let steps = headings.split(STEP).filter(|step| !step.is_empty());
    let above = (1..).zip(steps).map(|(level, step): (usize, _)| (level.min(own.unwrap_or(level)), step.to_owned()));
    let mut reader = Reader { headings: above.collect(), ..Reader::default() };
    let begun = items(units.iter(), false).len();
    if is_cut && begun > 0 {
        reader.lists.push((UNKNOWN_LEAD.to_owned(), begun));
    }
    for (at, unit) in units.iter().enumerate() {
        match unit {
            Unit::Heading(level, text) => reader.heading(*level, text, &units[at + 1..]),
            Unit::Part(part) => reader.part(part, at, &units),
            Unit::Table(rows) => reader.table(rows),
        }
    }
    let is_title = |text: &String| text.trim() == title.trim();
    for piece in &mut reader.pieces {
        piece.above.retain(|text| !is_title(text));
    }
    reader.pieces
}

fn units(block: Block<'_>) -> Vec<Unit<'_>> {
    match block {
        Block::Heading(level, text) => vec![Unit::Heading(level, text)],
        Block::Paragraph(text) => parts(&text, false).into_iter().map(Unit::Part).collect(),
        Block::Item(text) => parts(&text, true).into_iter().map(Unit::Part).collect(),
        Block::Table(rows) => vec![Unit::Table(rows)],
    }
}

impl Reader {
    fn above(&self) -> Vec<String> {
        let headings = self.headings.iter().map(|(_, text)| text.clone());
        let leads = self.leads.iter().map(|lead| lead.text.clone());
        headings.chain(leads).chain(self.lists.iter().map(|(lead, _)| lead.clone())).collect()
    }

    fn add(&mut self, text: &str, kind: Kind, below: Vec<Line>) {
        let above = self.above();
        self.pieces.push(Piece { text: text.to_owned(), kind, above, below, table: None });
    }

    /// What the leads before it lead to.
    fn fill_waiting(&mut self, lines: &[Line], goes_on: bool) {
        for at in &self.waiting {
            self.pieces[*at].below.extend_from_slice(lines);
        }
        if !goes_on {
            self.waiting.clear();
        }
    }

    fn begin_paragraph(&mut self) {
        match self.closing.take() {
            Some(true) => self.leads.clear(),
            Some(false) => self.leads.retain(|lead| lead.is_strong),
            None => {}
        }
    }

    fn heading(&mut self, level: usize, text: &str, following: &[Unit<'_>]) {
        self.headings.retain(|(above, _)| *above < level);
        self.leads.clear();
        self.closing = None;
        self.lists.clear();
        self.waiting.clear();
        let list = items(following.iter(), false);
        if is_long(text) || !list.is_empty() {
            let is_waiting = list.is_empty() && !following.is_empty();
            self.add(text, Kind::Text, list);
            self.waiting.extend(is_waiting.then(|| self.pieces.len() - 1));
        }
        self.headings.push((level, text.to_owned()));
    }

    fn part(&mut self, part: &Part, at: usize, units: &[Unit<'_>]) {
        self.lists.retain(|(_, end)| at < *end);
        if !part.is_item {
            self.begin_paragraph();
        }
        let following = &units[at + 1..];
        let items_below = if part.leads() { items(following.iter(), part.is_item) } else { Vec::new() };
        let sentences = joined(&part.text);
        let Some((last, rest)) = sentences.split_last() else { return };
        let is_followed = matches!(following.first(), Some(Unit::Part(Part { is_item: false, .. }) | Unit::Table(_)));
        let is_lead = !part.is_item && items_below.is_empty() && is_followed && leads(last, rest.is_empty());
        if is_lead && rest.is_empty() && is_in_capitals(last) {
            return self.heading(CAPITALS, last, following);
        }
        let is_strong = says_more(last) || holds_negation(last);
        // An item of a list that nothing leads to is quoted as a sentence.
        let kind = if part.is_item && !self.lists.is_empty() { Kind::Item } else { Kind::Text };
        let first = Line::new(kind, rest.first().unwrap_or(last));
        let lines: Vec<Line> = if rest.is_empty() { [vec![first], items_below.clone()].concat() } else { vec![first] };
        self.fill_waiting(&lines, is_lead && rest.is_empty() && is_strong);
        for sentence in rest.iter().filter(|sentence| is_long(sentence)) {
            self.add(sentence, kind, Vec::new());
        }
        let length = items_below.len();
        if is_long(last) || length > 0 {
            self.add(last, kind, items_below);
            self.waiting.extend(is_lead.then(|| self.pieces.len() - 1));
        }
        if length > 0 {
            self.lists.push(((*last).to_owned(), at + 1 + length));
        }
        if is_lead {
            // One that comes after something else begins anew; a weak one stands for itself, too, and leads to the next only.
            self.leads.retain(|lead| lead.is_strong);
            self.leads.push(Lead { text: (*last).to_owned(), is_strong });
        } else if !part.is_item {
            self.closing = Some(length > 0 || has_ended(&part.text));
        }
    }

    fn table(&mut self, rows: &[&str]) {
        self.begin_paragraph();
        let (table, rows) = Table::of(rows);
        let lines: Vec<Line> =
            table.iter().map(Table::head).chain(rows.iter().map(|row| Line::new(Kind::Row, row))).collect();
        self.fill_waiting(&lines, false);
        for row in rows.iter().filter(|row| is_long(row)) {
            self.add(row, Kind::Row, Vec::new());
            if let Some(piece) = self.pieces.last_mut() {
                piece.table.clone_from(&table);
            }
        }
        self.closing = Some(true);
    }
}

/// The items at the beginning of these units. Those after an item end where a whole sentence is one.
fn items<'a>(units: impl Iterator<Item = &'a Unit<'a>>, is_nested: bool) -> Vec<Line> {
    let items = units.map_while(|unit| match unit {
        Unit::Part(part) if part.is_item => Some(&part.text),
        _ => None,
    });
    items.take_while(|text| !(is_nested && has_ended(text))).map(|text| Line::new(Kind::Item, text)).collect()
}

/// The sentences of a paragraph. A question comes with its answer, and what is too short to be quoted with its neighbour.
fn joined(paragraph: &str) -> Vec<&str> {
    let mut joined: Vec<&str> = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for sentence in sentences(paragraph) {
        let begins = end + paragraph[end..].find(sentence).unwrap_or(0);
        end = begins + sentence.len();
        let belongs = |before: &&str| before.ends_with('?') || !is_long(before) || !is_long(sentence);
        match joined.last_mut().filter(|before| belongs(before)) {
            Some(before) => *before = &paragraph[start..end],
            None => {
                joined.push(sentence);
                start = begins;
            }
        }
    }
    joined
}

/// Whether the last sentence of a paragraph says what the next one is about.
fn leads(sentence: &str, is_alone: bool) -> bool {
    let is_short = || sentence.split_whitespace().count() <= LONGEST_LEAD;
    says_more(sentence) || sentence.ends_with('?') || is_alone && !has_ended(sentence) && is_short()
}

fn is_in_capitals(text: &str) -> bool {
    text.contains(char::is_uppercase) && !text.contains(char::is_lowercase) && !text.ends_with([':', '?'])
}

fn is_long(text: &str) -> bool {
    let is_latin = text.chars().find(|c| c.is_alphabetic()).is_none_or(|c| c.is_ascii());
    text.unicode_words().count() >= if is_latin { MIN_WORDS } else { MIN_WORDS_ELSEWHERE }
}

#[cfg(test)]
mod tests;
