//! Notes for the uploader, who can look at the page: parts that a reader left out, changed, or is not sure of.

use serde::{Deserialize, Serialize};

/// Names and pages that a note lists; further ones are only counted.
pub(super) const MOST_LISTED: usize = 20;
/// Characters of a name in a note; the rest is cut off.
const LONGEST_NAME: usize = 100;

/// The subject of a note.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NoteKind {
    /// Hidden text, rows, columns, sheets or slides are not in the text.
    HiddenLeftOut,
    /// Struck text is not in the text: it is withdrawn.
    StruckLeftOut,
    /// Text that was deleted or moved away while changes were tracked is not in the text.
    ChangesLeftOut,
    /// Formulas that were written as a line of text.
    FormulasAsText,
    /// Formulas that could not be read and are not in the text.
    FormulasLeftOut,
    /// Characters of symbol fonts that are not known; each became U+FFFD, or the letter that a PDF declares it to be.
    UnknownSymbols,
    /// Bytes that are no characters in the text's character set; each became U+FFFD.
    DamagedCharacters,
    /// Text in a font of before Unicode, which was converted by a table.
    LegacyFontConverted,
    /// Text in a font of before Unicode for which there is no table: it cannot be found or quoted rightly.
    LegacyFontUnknown,
    /// Pages or slides without text; they may be pictures.
    PagesWithoutText,
    /// Pages with text in an Indian script of which letters are missing or out of place.
    LettersLost,
    /// Pages whose text a program has read from a picture, which may be wrong.
    TextRecognized,
    /// Pages with a table or columns whose cells are not certain.
    ColumnsUncertain,
    /// Text that readers of the page may not see, or see struck: in the colour of its background, under another shape,
    /// or with a line drawn through it.
    VisibilityUncertain,
    /// Values of cells that are errors of the spreadsheet.
    CellErrors,
    /// Cells whose value a spreadsheet computes anew when it opens them, or which a condition may strike or hide; text of
    /// a page that its style may hide, strike or complete, which cannot be told.
    ValuesUncertain,
    /// Pictures, drawings or objects whose content is not read, and counters that style writes.
    ObjectsLeftOut,
    /// A file of before 2007, of which less is known: what looks struck, hidden or merged by a style is read as plain text.
    OldFormat,
}

/// Something that a reader left out, changed, or is not sure of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub kind: NoteKind,
    /// Occurrences, from 1.
    pub count: u32,
    /// The pages or slides of the occurrences, from 1, in order; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<u32>,
    /// The names involved, of fonts or sheets; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// The notes of one document, at most one of each kind.
#[derive(Debug, Default)]
pub(super) struct Notes {
    notes: Vec<Note>,
}

impl Notes {
    /// Counts an occurrence of this kind, with its page and its name if it has any.
    pub(super) fn add(&mut self, kind: NoteKind, page: Option<u32>, name: Option<&str>) {
        let at = self.notes.iter().position(|note| note.kind == kind).unwrap_or_else(|| {
            self.notes.push(Note { kind, count: 0, pages: Vec::new(), names: Vec::new() });
            self.notes.len() - 1
        });
        let note = &mut self.notes[at];
        note.count = note.count.saturating_add(1);
        if let Some(page) = page
            && note.pages.len() < MOST_LISTED
            && !note.pages.contains(&page)
        {
            note.pages.push(page);
        }
        if let Some(name) = name {
            let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
            if note.names.len() < MOST_LISTED && !note.names.contains(&name) {
                note.names.push(name);
            }
        }
    }

    /// The notes, ordered by kind.
    pub(super) fn finished(mut self) -> Vec<Note> {
        self.notes.sort_by_key(|note| note.kind);
        for note in &mut self.notes {
            note.pages.sort_unstable();
        }
        self.notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_met_often_is_one_note_with_its_pages_and_names() {
        let mut notes = Notes::default();
        notes.add(NoteKind::PagesWithoutText, Some(3), None);
        notes.add(NoteKind::HiddenLeftOut, None, Some("Old doses"));
        notes.add(NoteKind::PagesWithoutText, Some(2), None);
        notes.add(NoteKind::HiddenLeftOut, None, Some("Old doses"));
        let note = |kind, pages: &[u32], names: &[&str]| Note {
            kind,
            count: 2,
            pages: pages.to_vec(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let expected =
            [note(NoteKind::HiddenLeftOut, &[], &["Old doses"]), note(NoteKind::PagesWithoutText, &[2, 3], &[])];
        assert_eq!(notes.finished(), expected);
    }
}
