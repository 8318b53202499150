//! A model's text for people: without the thoughts and the name before it, without the list of references after it, and with
//! its signs shown that a page would take for HTML.

use domain::ids::DocumentId;

use super::{citations::Known, markup::Markup, opening::Opening, references::ReferenceFilter};

/// Says of a streamed text what may be shown now.
#[derive(Debug, Default)]
pub struct AnswerText {
    opening: Opening,
    references: ReferenceFilter,
    markup: Markup,
}

impl AnswerText {
    /// For a text of a model that was given these documents, with their titles.
    pub fn new(documents: impl IntoIterator<Item = (DocumentId, String)>) -> Self {
        Self { references: ReferenceFilter::new(Known::new(documents)), ..Self::default() }
    }

    /// The text that may be shown after this delta.
    pub fn push(&mut self, delta: &str) -> String {
        self.markup.push(&self.references.push(&self.opening.push(delta)))
    }

    /// The rest, when the text has ended, and the documents that the model names: those that were retrieved, in
    /// the order in which it names them.
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
