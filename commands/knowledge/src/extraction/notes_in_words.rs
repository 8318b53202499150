//! Notes as sentences, for a nurse or a manager who checks an uploaded document.

use domain::document;

use super::notes::{MOST_LISTED, Note, NoteKind};

impl Note {
    /// The note as a sentence, with counts and places.
    pub fn message(&self) -> String {
        let (found, named) = (self.found(), self.named());
        match self.kind {
            NoteKind::HiddenLeftOut => format!("Hidden text was left out{found}."),
            NoteKind::StruckLeftOut => format!("Struck text was left out{found}."),
            NoteKind::ChangesLeftOut => {
                format!("Text that was deleted or moved while changes were tracked was left out{found}.")
            }
            NoteKind::FormulasAsText => {
                let what = self.counted("formula was", "formulas were");
                format!("{what} written as a line of text: compare with the document{named}.")
            }
            NoteKind::FormulasLeftOut => {
                let what = self.counted("formula", "formulas");
                format!("{what} could not be read: what the document says there is missing{named}.")
            }
            NoteKind::UnknownSymbols => {
                let what = self.counted("symbol of a special font is", "symbols of special fonts are");
                format!("{what} not known and shown as “\u{fffd}” or a letter: look at the document{named}.")
            }
            NoteKind::DamagedCharacters => {
                let what = self.counted("damaged character is", "damaged characters are");
                format!("{what} shown as “\u{fffd}”: look at the document{named}.")
            }
            NoteKind::LegacyFontConverted => {
                let fonts = self.fonts();
                let pages = self.in_brackets(vec![self.listed_pages()]);
                format!("Text in {fonts} from before Unicode was converted: compare with the document{pages}.")
            }
            NoteKind::LegacyFontUnknown if self.names.len() > 1 => {
                format!("{} are from before Unicode: their text cannot be found.", capitalized(&self.fonts()))
            }
            NoteKind::LegacyFontUnknown => {
                format!("{} is from before Unicode: its text cannot be found.", capitalized(&self.fonts()))
            }
            NoteKind::PagesWithoutText => match (self.count, self.pages.as_slice()) {
                (1, [page]) => format!("Page {page} has no text; it may be a picture."),
                (1, _) => format!("A page has no text; it may be a picture{named}."),
                (count, _) => format!("{count} pages have no text; they may be pictures{named}."),
            },
            NoteKind::LettersLost => {
                let what = self.counted("page has words", "pages have words");
                format!("{what} of which letters are missing or out of place in the file: look at the document{named}.")
            }
            NoteKind::TextRecognized => {
                let what = self.counted("page is a picture", "pages are pictures");
                format!("{what} whose text a scanner or program has read: compare numbers with the document{named}.")
            }
            NoteKind::ColumnsUncertain => format!(
                "It is not certain which cells of a table or which columns belong together: compare with the document{found}."
            ),
            NoteKind::VisibilityUncertain => format!(
                "Text may be covered, crossed out or in the colour of its background: compare with the document{found}."
            ),
            NoteKind::CellErrors => {
                let what = self.counted("cell holds", "cells hold");
                format!("{what} an error of the spreadsheet in place of a value{named}.")
            }
            NoteKind::OldFormat => format!(
                "Of a file of before 2007 less can be read: struck, hidden or merged text may look like any other. \
                 Save it in a newer format, or compare with the document{named}."
            ),
            NoteKind::ValuesUncertain => format!(
                "In a spreadsheet program, cells may show another value, or be struck or hidden by a condition: compare with the document{found}."
            ),
            NoteKind::ObjectsLeftOut => {
                let what = self.counted("picture, drawing or object was", "pictures, drawings or objects were");
                format!("{what} not read{named}.")
            }
        }
    }

    fn counted(&self, one: &str, many: &str) -> String {
        if self.count == 1 { format!("1 {one}") } else { format!("{} {many}", self.count) }
    }

    /// The count, the pages and the names.
    fn found(&self) -> String {
        let times = self.counted("place", "places");
        self.in_brackets(vec![Some(times), self.listed_names(), self.listed_pages()])
    }

    /// The pages and the names; the sentence has the count.
    fn named(&self) -> String {
        self.in_brackets(vec![self.listed_names(), self.listed_pages()])
    }

    fn in_brackets(&self, said: Vec<Option<String>>) -> String {
        let mut said: Vec<String> = said.into_iter().flatten().collect();
        // Both lists end at the same length, so that either may be incomplete.
        let longest = self.pages.len().max(self.names.len());
        if longest >= MOST_LISTED && self.count as usize > longest {
            said.push("and perhaps others".to_owned());
        }
        if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
    }

    fn listed_names(&self) -> Option<String> {
        let names: Vec<String> = self.names.iter().map(|name| format!("“{name}”")).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The pages, with three or more in a row as a range.
    fn listed_pages(&self) -> Option<String> {
        let rows = self.pages.chunk_by(|one, next| one.checked_add(1) == Some(*next));
        let said: Vec<String> = rows
            .flat_map(|row| match row {
                [first, _, .., last] => vec![format!("{first}–{last}")],
                few => few.iter().map(u32::to_string).collect(),
            })
            .collect();
        match self.pages.len() {
            0 => None,
            1 => Some(format!("page {}", said.concat())),
            _ => Some(format!("pages {}", said.join(", "))),
        }
    }

    /// The names of fonts within a sentence.
    fn fonts(&self) -> String {
        match self.names.as_slice() {
            [] => "a font".to_owned(),
            [font] => format!("the font {font}"),
            [fonts @ .., last] => format!("the fonts {} and {last}", fonts.join(", ")),
        }
    }
}

fn capitalized(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Converts a note to the form in which events record it.
impl From<Note> for document::Note {
    fn from(note: Note) -> Self {
        let (kind, message) = (note.kind.to_string(), note.message());
        Self { kind, message, count: note.count, pages: note.pages, names: note.names }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    fn message(kind: NoteKind, count: u32, pages: &[u32], names: &[&str]) -> String {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Note { kind, count, pages: pages.to_vec(), names }.message()
    }

    #[test]
    fn what_was_left_out_is_told_with_its_places() {
        let says = |count, pages, names| message(NoteKind::StruckLeftOut, count, pages, names);
        assert_eq!(says(3, &[2, 5], &[]), "Struck text was left out (3 places, pages 2, 5).");
        assert_eq!(says(1, &[2], &[]), "Struck text was left out (1 place, page 2).");
        assert_eq!(says(4, &[], &[]), "Struck text was left out (4 places).");
        let hidden = message(NoteKind::HiddenLeftOut, 2, &[], &["Old doses", "Draft"]);
        assert_eq!(hidden, "Hidden text was left out (2 places, “Old doses”, “Draft”).");
        let changes = message(NoteKind::ChangesLeftOut, 1, &[], &[]);
        assert_eq!(changes, "Text that was deleted or moved while changes were tracked was left out (1 place).");
    }

    #[test]
    fn a_page_without_text_is_named() {
        let says = |count, pages| message(NoteKind::PagesWithoutText, count, pages, &[]);
        assert_eq!(says(1, &[7]), "Page 7 has no text; it may be a picture.");
        assert_eq!(says(4, &[2, 5, 6, 9]), "4 pages have no text; they may be pictures (pages 2, 5, 6, 9).");
        assert_eq!(says(4, &[1, 5, 6, 7]), "4 pages have no text; they may be pictures (pages 1, 5–7).");
        let many: Vec<u32> = (3..23).collect();
        let expected = "500 pages have no text; they may be pictures (pages 3–22, and perhaps others).";
        assert_eq!(says(500, &many), expected);
        assert_eq!(says(20, &many), "20 pages have no text; they may be pictures (pages 3–22).");
    }

    #[test]
    fn a_font_of_before_unicode_is_named() {
        let says = |names| message(NoteKind::LegacyFontUnknown, 9, &[1, 2], names);
        assert_eq!(
            says(&["Kruti Dev 010"]),
            "The font Kruti Dev 010 is from before Unicode: its text cannot be found."
        );
        let two = "The fonts Kruti Dev 010 and ML-TTKarthika are from before Unicode: their text cannot be found.";
        assert_eq!(says(&["Kruti Dev 010", "ML-TTKarthika"]), two);
        assert_eq!(says(&[]), "A font is from before Unicode: its text cannot be found.");
        let converted = message(NoteKind::LegacyFontConverted, 1, &[4], &["ML-TTKarthika"]);
        let expected =
            "Text in the font ML-TTKarthika from before Unicode was converted: compare with the document (page 4).";
        assert_eq!(converted, expected);
    }

    #[test]
    fn what_is_doubtful_is_told_in_the_singular_and_the_plural() {
        let one_and_two = |kind| [message(kind, 1, &[3], &[]), message(kind, 2, &[3, 4], &[])];
        assert_eq!(
            one_and_two(NoteKind::FormulasAsText),
            [
                "1 formula was written as a line of text: compare with the document (page 3).",
                "2 formulas were written as a line of text: compare with the document (pages 3, 4)."
            ]
        );
        assert_eq!(
            one_and_two(NoteKind::UnknownSymbols),
            [
                "1 symbol of a special font is not known and shown as “\u{fffd}” or a letter: look at the document (page 3).",
                "2 symbols of special fonts are not known and shown as “\u{fffd}” or a letter: look at the document (pages 3, 4)."
            ]
        );
        assert_eq!(
            one_and_two(NoteKind::ObjectsLeftOut),
            [
                "1 picture, drawing or object was not read (page 3).",
                "2 pictures, drawings or objects were not read (pages 3, 4)."
            ]
        );
        let errors = message(NoteKind::CellErrors, 2, &[], &["Doses"]);
        assert_eq!(errors, "2 cells hold an error of the spreadsheet in place of a value (“Doses”).");
    }

    #[test]
    fn every_kind_is_a_sentence_of_its_own() {
        let sentences: Vec<String> = NoteKind::iter().map(|kind| message(kind, 2, &[1, 9], &["Name"])).collect();
        for (at, sentence) in sentences.iter().enumerate() {
            assert!(sentence.ends_with('.') && !sentence.contains('_'), "{sentence}");
            let names_a_place = sentence.contains("pages 1, 9") || sentence.contains("Name");
            assert!(names_a_place, "{sentence}");
            assert!(!sentences[..at].contains(sentence), "{sentence}");
        }
    }

    #[test]
    fn what_is_recorded_has_the_kind_as_a_word() {
        let note = Note { kind: NoteKind::PagesWithoutText, count: 1, pages: vec![7], names: vec![] };
        let recorded = document::Note::from(note);
        assert_eq!((recorded.kind.as_str(), recorded.count), ("pages_without_text", 1));
        assert_eq!((recorded.message.as_str(), recorded.pages), ("Page 7 has no text; it may be a picture.", vec![7]));
    }
}
