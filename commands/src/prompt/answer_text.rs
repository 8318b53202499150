//! A model's text for people: without the thoughts and the name before it, and without the list of references after it.

use domain::ids::DocumentId;

use super::{citations::Known, opening::Opening, references::ReferenceFilter};

/// Says of a streamed text what may be shown now.
#[derive(Debug, Default)]
pub struct AnswerText {
    opening: Opening,
    references: ReferenceFilter,
}

impl AnswerText {
    /// For a text of a model that was given these documents, with their titles.
    pub fn new(documents: impl IntoIterator<Item = (DocumentId, String)>) -> Self {
        Self { opening: Opening::default(), references: ReferenceFilter::new(Known::new(documents)) }
    }

    /// The text that may be shown after this delta.
    pub fn push(&mut self, delta: &str) -> String {
        self.references.push(&self.opening.push(delta))
    }

    /// The rest, when the text has ended, and the documents that the model names: those that were retrieved, in
    /// the order in which it names them.
    pub fn finish(mut self) -> (String, Vec<DocumentId>) {
        let mut rest = self.references.push(&self.opening.finish());
        let (last, ids) = self.references.finish();
        rest.push_str(&last);
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
