//! A model's text as people see it: without the thoughts and the name at its beginning, without the list of references
//! at its end, and with those signs escaped that a page would take for HTML.

use domain::ids::DocumentId;

use super::{citations::Known, markup::Markup, opening::Opening, references::ReferenceFilter};

/// Filters a streamed text; what it returns may be shown.
#[derive(Debug, Default)]
pub struct AnswerText {
    opening: Opening,
    references: ReferenceFilter,
    markup: Markup,
}

impl AnswerText {
    /// A filter for a model that was given these documents, with their titles.
    pub fn new(documents: impl IntoIterator<Item = (DocumentId, String)>) -> Self {
        Self { references: ReferenceFilter::new(Known::new(documents)), ..Self::default() }
    }

    /// Takes marks of thoughts for text, because the model was given some to quote
    /// ([`has_thought_marks`](super::has_thought_marks)).
    #[must_use]
    pub fn keeping_thoughts(self) -> Self {
        Self { opening: self.opening.keeping_thoughts(), ..self }
    }

    /// Takes the next delta; returns the text that may be shown now.
    pub fn push(&mut self, delta: &str) -> String {
        self.markup.push(&self.references.push(&self.opening.push(delta)))
    }

    /// Ends the text; returns the rest, and the documents that the model names: only retrieved ones, in the order in
    /// which they are named.
    pub fn finish(mut self) -> (String, Vec<DocumentId>) {
        let mut rest = self.markup.push(&self.references.push(&self.opening.finish()));
        let (last, ids) = self.references.finish();
        rest.push_str(&self.markup.push(&last));
        rest.push_str(&self.markup.finish());
        let mut cited: Vec<DocumentId> = Vec::new();
        for id in ids {
            if !cited.contains(&id) {
                cited.push(id);
            }
        }
        (rest, cited)
    }
}

#[cfg(test)]
mod tests;
