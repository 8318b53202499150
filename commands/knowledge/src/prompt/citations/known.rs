//! The documents that a model can name.

use domain::ids::DocumentId;

use super::CLOSING;
use crate::prompt::headings::begins;

/// The documents that a model was given: it can name no others.
#[derive(Debug, Default)]
pub(in crate::prompt) struct Known {
    titles: Vec<String>,
    pub(super) ids: Vec<DocumentId>,
    /// The ids in both of their spellings.
    spelled: Vec<String>,
}

impl Known {
    pub(in crate::prompt) fn new(documents: impl IntoIterator<Item = (DocumentId, String)>) -> Self {
        let mut known = Self::default();
        for (id, title) in documents {
            known.ids.push(id);
            known.spelled.extend([id.to_string(), id.value().simple().to_string()]);
            known.titles.extend(Some(title.trim().to_owned()).filter(|title| !title.is_empty()));
        }
        known
    }

    /// Whether more characters could complete one of the ids.
    pub(super) fn may_become_id(&self, word: &str) -> bool {
        self.spelled.iter().any(|id| word.len() < id.len() && begins(id, word))
    }

    /// The length of the title at the beginning, if an item ends behind it; 0 if there is none, `None` if more text is
    /// needed.
    pub(super) fn title(&self, text: &str, is_list: bool, is_end: bool) -> Option<usize> {
        for title in &self.titles {
            if begins(text, title) {
                let after = text[title.len()..].trim_start_matches([' ', '.']).chars().next();
                let Some(after) = after else { return is_end.then_some(title.len()) };
                if after == '\n' || CLOSING.contains(after) || (is_list && ",;".contains(after)) {
                    return Some(title.len());
                }
            } else if !is_end && begins(title, text) {
                return None;
            }
        }
        Some(0)
    }
}
