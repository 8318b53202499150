//! What a model says of documents, taken out of its text while it streams.
//!
//! A list is a heading with nothing but document ids after it, at the very end of the text. Whatever else says "references"
//! is text: it may be held back for a moment while it streams, and is shown when it goes on otherwise. Ids of documents that
//! the model was given are taken out wherever they stand.

use domain::ids::DocumentId;

use super::citations::{Found, Known, Reading, may_begin};

/// Says of a streamed text what may be shown now. It holds back only what may yet turn out to be ids or a list, and white
/// space. What is shown does not depend on how the text was cut into deltas.
#[derive(Debug, Default)]
pub(super) struct ReferenceFilter {
    known: Known,
    held: String,
    /// The last character that was shown.
    last: Option<char>,
    ids: Vec<DocumentId>,
}

impl ReferenceFilter {
    pub(super) fn new(known: Known) -> Self {
        Self { known, ..Self::default() }
    }

    /// The text that may be shown after this delta.
    pub(super) fn push(&mut self, delta: &str) -> String {
        self.held.push_str(delta);
        self.advance(false)
    }

    /// The rest, when the text has ended, and the ids that the model has named, in their order; some may not be known.
    pub(super) fn finish(mut self) -> (String, Vec<DocumentId>) {
        let mut rest = self.advance(true);
        rest.truncate(rest.trim_end().len());
        (rest, self.ids)
    }

    fn advance(&mut self, is_end: bool) -> String {
        let mut shown = String::new();
        loop {
            if self.last.is_none() {
                let blanks = self.held.len() - self.held.trim_start().len();
                self.held.drain(..blanks);
            }
            let found = self.starts().find_map(|start| {
                let before = self.held[..start].chars().next_back().or(self.last);
                match Reading::of(&self.known, &self.held[start..], before, is_end) {
                    Found::Text => None,
                    found => Some((start, found)),
                }
            });
            let (start, found) = found.unwrap_or((self.held.len(), Found::Text));
            let (end, ids) = match found {
                Found::Text | Found::Begun => (start, None),
                Found::List(ids) => (start, is_end.then_some((self.held.len(), ids))),
                Found::Ids(from, to, ids) => (start + from, Some((start + to, ids))),
            };
            shown.push_str(&self.held[..end]);
            self.last = self.held[..end].chars().next_back().or(self.last);
            let Some((rest, ids)) = ids else {
                self.held.drain(..end);
                return shown;
            };
            self.held.drain(..rest);
            self.ids.extend(ids);
        }
    }

    /// Where ids or a list may begin.
    fn starts(&self) -> impl Iterator<Item = usize> {
        self.held
            .char_indices()
            .scan(self.last, |before, (at, c)| Some((at, before.replace(c), c)))
            .filter_map(|(at, before, c)| may_begin(before, c).then_some(at))
    }
}
