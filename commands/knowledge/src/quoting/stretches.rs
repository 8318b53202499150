//! Joins consecutive passages to stretches, and splits them at headings.

use std::collections::BTreeMap;

use domain::ids::DocumentId;

use super::tables::without_repeated_head;
use crate::retrieval::{Passage, STEP, heading_of};

/// Passages of one stretch, so that a list of any length is not shown whole.
const MOST_JOINED: usize = 4;
const BREAK: &str = "\n\n";
/// Bytes beyond which a heading is text.
const LONGEST_HEADING: usize = 1_024;

/// The text below one heading, as far as the passages contain it.
#[derive(Debug)]
pub(super) struct Stretch<'a> {
    pub(super) document: DocumentId,
    pub(super) title: &'a str,
    /// The headings from the outermost, without the document's title.
    pub(super) headings: Vec<String>,
    pub(super) text: String,
    /// The rank of the best passage in it, from 0.
    pub(super) rank: usize,
    /// Its index among the stretches of its document.
    pub(super) place: usize,
    /// Whether the section has text before it.
    pub(super) begins_within: bool,
    /// Whether the section has text behind it.
    pub(super) goes_on: bool,
    joined: usize,
}

/// The stretches of all passages, which are given best first.
pub(super) fn stretches(passages: &[Passage]) -> Vec<Stretch<'_>> {
    let mut documents: BTreeMap<(DocumentId, u32), Vec<(usize, &Passage)>> = BTreeMap::new();
    for (rank, passage) in passages.iter().enumerate() {
        documents.entry((passage.document_id, passage.document_version)).or_default().push((rank, passage));
    }
    let mut stretches = Vec::new();
    for (_, mut passages) in documents {
        passages.sort_by_key(|(_, passage)| (passage.span.first, passage.span.end));
        let mut reader = Reader::default();
        for (rank, passage) in passages {
            reader.read(rank, passage);
        }
        stretches.extend(reader.stretches);
    }
    stretches
}

#[derive(Default)]
struct Reader<'a> {
    stretches: Vec<Stretch<'a>>,
    /// The open headings with their levels.
    open: Vec<(usize, String)>,
    /// The end of the last passage, and its text.
    last: Option<(u32, &'a str)>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, rank: usize, passage: &'a Passage) {
        let span = passage.span;
        let Some(rest) = self.last.and_then(|last| going_on(last, passage)) else {
            self.begin(rank, passage);
            return;
        };
        let is_open = self.stretches.last().is_some_and(|stretch| stretch.joined < MOST_JOINED);
        let begins_anew = first_heading(rest.trim_start()).is_some();
        if !is_open && !begins_anew && !rest.trim().is_empty() {
            self.begin(rank, passage);
            return;
        }
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.goes_on = false;
        }
        let is_apart = rest.len() == passage.text.len();
        if begins_anew && is_apart {
            self.open = headings_above(passage);
        }
        let rest = if is_apart && !begins_anew { self.below_last(rest) } else { rest };
        self.split(rank, passage, rest);
        if self.last.is_none_or(|(end, _)| end < span.end) {
            self.end(passage);
        }
    }

    fn begin(&mut self, rank: usize, passage: &'a Passage) {
        self.open = headings_above(passage);
        let begins_within = passage.span.first > 0 && first_heading(&passage.text).is_none();
        self.add(rank, passage, begins_within);
        self.split(rank, passage, &passage.text);
        self.end(passage);
    }

    /// The part of the text that continues the last stretch. A piece of a long table repeats its head, which is
    /// dropped.
    fn below_last<'b>(&mut self, text: &'b str) -> &'b str {
        let Some(stretch) = self.stretches.last_mut() else { return text };
        let rows = without_repeated_head(&stretch.text, text);
        stretch.text.push_str(if rows.len() < text.len() { "\n" } else { BREAK });
        rows
    }

    fn end(&mut self, passage: &'a Passage) {
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.goes_on = passage.span.goes_on;
        }
        self.last = Some((passage.span.end, &passage.text));
    }

    fn add(&mut self, rank: usize, passage: &'a Passage, begins_within: bool) {
        self.stretches.push(Stretch {
            document: passage.document_id,
            title: &passage.title,
            headings: self.shown(passage, self.open.len()),
            text: String::new(),
            rank,
            place: self.stretches.len(),
            begins_within,
            goes_on: false,
            joined: 0,
        });
    }

    /// The headings to show; the document's title is shown above all of its quotes instead.
    fn shown(&self, passage: &Passage, count: usize) -> Vec<String> {
        let texts = self.open[..count].iter().map(|(_, text)| text.clone());
        texts.filter(|text| text.trim() != passage.title.trim()).collect()
    }

    /// Appends the text to the last stretch up to its first heading, which begins another stretch.
    fn split(&mut self, rank: usize, passage: &'a Passage, text: &str) {
        let mut start = 0;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let end = at + line.len();
            if let Some((level, says)) = heading(line) {
                self.append(rank, &text[start..at]);
                self.leave(passage, Some(level));
                self.open.retain(|(above, _)| *above < level);
                self.open.push((level, says.to_owned()));
                self.add(rank, passage, false);
                start = end;
            }
            at = end;
        }
        self.append(rank, &text[start..]);
        self.leave(passage, None);
    }

    fn append(&mut self, rank: usize, text: &str) {
        let Some(stretch) = self.stretches.last_mut().filter(|_| !text.trim().is_empty()) else { return };
        stretch.text.push_str(text);
        stretch.rank = stretch.rank.min(rank);
        stretch.joined += 1;
    }

    /// Closes headings. One without text below it stands above the next heading if that is lower; else it is a stretch
    /// of its own.
    fn leave(&mut self, passage: &Passage, next: Option<usize>) {
        let Some(stretch) = self.stretches.last().filter(|stretch| stretch.text.trim().is_empty()) else { return };
        let own = self.open.last().filter(|(level, _)| stretch.joined == 0 && next.is_none_or(|next| next <= *level));
        match own.map(|(_, text)| text.clone()) {
            Some(own) if stretch.headings.last() == Some(&own) => {
                let headings = self.shown(passage, self.open.len() - 1);
                if let Some(stretch) = self.stretches.last_mut() {
                    (stretch.text, stretch.headings) = (own, headings);
                }
            }
            _ => drop(self.stretches.pop()),
        }
    }
}

/// The part of a passage behind the one before it, if they are adjacent or overlap.
fn going_on<'a>((end, before): (u32, &str), passage: &'a Passage) -> Option<&'a str> {
    let (span, text) = (passage.span, passage.text.as_str());
    if span.first > end || span.first >= span.end {
        return None;
    }
    if span.end <= end {
        return Some("");
    }
    let overlap = if span.first == end { span.overlap as usize } else { overlap(before, text) };
    text.get(overlap..)
}

/// Bytes of the longest beginning of `after` that `before` ends with.
fn overlap(before: &str, after: &str) -> usize {
    let (before, after) = (before.as_bytes(), after.as_bytes());
    // The border lengths of each prefix (Knuth, Morris and Pratt).
    let mut borders = vec![0; after.len()];
    let mut length = 0;
    for at in 1..after.len() {
        while length > 0 && after[at] != after[length] {
            length = borders[length - 1];
        }
        length += usize::from(after[at] == after[length]);
        borders[at] = length;
    }
    let mut matched = 0;
    for byte in &before[before.len().saturating_sub(after.len())..] {
        while matched > 0 && (matched == after.len() || *byte != after[matched]) {
            matched = borders[matched - 1];
        }
        matched += usize::from(after.get(matched) == Some(byte));
    }
    matched
}

/// The headings above a passage with their levels, which are not stored: most documents begin with level 1 and skip
/// none, and all of these are above the passage's own heading.
fn headings_above(passage: &Passage) -> Vec<(usize, String)> {
    let own = first_heading(&passage.text).map(|(level, _)| level - 1);
    let steps = passage.headings.split(STEP).filter(|step| !step.is_empty());
    (1..).zip(steps).map(|(level, step): (usize, _)| (level.min(own.unwrap_or(level)), step.to_owned())).collect()
}

/// The level and text of a heading line; a longer line is text, because it would be repeated again and again.
fn heading(line: &str) -> Option<(usize, &str)> {
    heading_of(line).filter(|(_, says)| says.len() <= LONGEST_HEADING)
}

fn first_heading(text: &str) -> Option<(usize, &str)> {
    text.lines().next().and_then(heading)
}
