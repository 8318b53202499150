//! Removes a model's references to documents from its text while it streams.
//!
//! A list is a heading with only document ids after it, at the very end of the text. Any other text with "references"
//! stays: it may be held back for a moment while it streams, and is shown when it continues otherwise. Ids of documents
//! that the model was given are removed anywhere.

use domain::ids::DocumentId;

use super::citations::{Known, Reading, Recognized, may_begin};

/// Filters a streamed text. It holds back only white space and text that may yet turn out to be ids or a list. The
/// result does not depend on how the text was cut into deltas.
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

    /// Takes the next delta; returns the text that may be shown.
    pub(super) fn push(&mut self, delta: &str) -> String {
        self.held.push_str(delta);
        self.advance(false)
    }

    /// Ends the text; returns the rest, and the ids that the model has named, in their order.
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
            let recognized = self.starts().find_map(|start| {
                let before = self.held[..start].chars().next_back().or(self.last);
                match Reading::of(&self.known, &self.held[start..], before, is_end) {
                    Recognized::Text => None,
                    recognized => Some((start, recognized)),
                }
            });
            let (start, recognized) = recognized.unwrap_or((self.held.len(), Recognized::Text));
            let (end, ids) = match recognized {
                Recognized::Text | Recognized::Undecided => (start, None),
                Recognized::List(ids) => (start, is_end.then_some((self.held.len(), ids))),
                Recognized::Ids(from, to, ids) => (start + from, Some((start + to, ids))),
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

    /// The positions at which ids or a list may begin.
    fn starts(&self) -> impl Iterator<Item = usize> {
        self.held
            .char_indices()
            .scan(self.last, |before, (at, c)| Some((at, before.replace(c), c)))
            .filter_map(|(at, before, c)| may_begin(before, c).then_some(at))
    }
}
