//! PDF: Poppler's `pdftotext` gives the words with their positions, the file itself the drawn lines; lines of text,
//! columns and tables are inferred here.

mod above;
mod aligned;
mod annotations;
mod blocks;
mod body;
mod colors;
mod content;
mod drawn;
mod edges;
mod fonts;
mod forms;
mod fractions;
mod glyphs;
mod gutters;
mod header;
mod headings;
mod hidden;
mod hyphens;
mod ink;
mod joints;
mod layers;
mod letters;
mod lines;
mod look;
mod marks;
mod matrix;
mod mended;
mod named;
mod operators;
mod overprinted;
mod page;
mod path;
mod program;
mod prose;
mod revised;
mod rowing;
mod ruled;
mod runs;
mod scripts;
mod seen;
mod shape;
mod slanted;
mod stacked;
mod struck;
mod superiors;
mod tabular;
mod text;
mod ticks;
mod tight;
mod turned;
mod undivided;
mod unseen;
mod visible;
mod widths;
mod words;
mod written;

#[cfg(test)]
mod tests;

use super::{MAX_TEXT, NoteKind, Part, Unreadable, legacy_fonts::is_legacy, notes::Notes};
use drawn::{Drawings, Drawn};
use headings::Heights;
use hyphens::Words;
use page::Item;

/// Words of a page beyond which it is read without its drawn lines.
const MOST_WORDS: usize = 50_000;

/// The pages with their numbers.
pub(super) fn pages(bytes: &[u8], notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    let mut reader = Reader { drawings: Drawings::of(bytes), ..Reader::default() };
    let mut pages = words::Pages::default();
    let bytes = reader.drawings.with_signs(bytes, notes);
    let bytes = reader.drawings.without_hidden(bytes);
    program::places_of_words(&bytes, |line| match pages.take(line) {
        Some(page) => reader.read(page, notes),
        None if pages.size() > MAX_TEXT => Err(Unreadable::TooComplex),
        None => Ok(()),
    })?;
    Ok(reader.finished(notes))
}

/// The content of a document as read so far.
#[derive(Default)]
struct Reader {
    drawings: Drawings,
    pages: Vec<Vec<Item>>,
    heights: Heights,
    words: Words,
    size: usize,
}

impl Reader {
    fn read(&mut self, mut page: words::Page, notes: &mut Notes) -> Result<(), Unreadable> {
        let number = self.pages.len() + 1;
        let mut drawn = self.drawings.on(number, &page.area);
        let of_page = u32::try_from(number).ok();
        self.size += page.words.iter().map(|word| word.text.len() + 1).sum::<usize>();
        if self.size > MAX_TEXT {
            return Err(Unreadable::TooComplex);
        }
        for name in drawn.fonts.iter().filter(|name| is_legacy(name)) {
            notes.add(NoteKind::LegacyFontUnknown, of_page, Some(name));
        }
        for name in &drawn.fonts_of_signs {
            notes.add(NoteKind::UnknownSymbols, of_page, Some(name));
        }
        mend(&mut page, &mut drawn, of_page, notes);
        let mut has_unknown = false;
        for word in &mut page.words {
            has_unknown |= fonts::replace_symbols(&mut word.text, drawn.has_tex_bitmaps);
        }
        if has_unknown {
            notes.add(NoteKind::UnknownSymbols, of_page, None);
        }
        let (items, is_certain) = page::items(&page, &drawn, page.words.len() <= MOST_WORDS);
        if !is_certain || undivided::has_row(&items) {
            notes.add(NoteKind::ColumnsUncertain, of_page, None);
        }
        let mut has_lost_letters = false;
        for item in &items {
            match item {
                Item::Line { text, height, .. } => {
                    has_lost_letters |= scripts::has_lost_letters(text);
                    self.heights.add(*height, text);
                    self.words.learn(text);
                }
                Item::Table { grid, height, .. } => {
                    for line in grid.rows.iter().flatten().flat_map(|cell| cell.text.lines()) {
                        has_lost_letters |= scripts::has_lost_letters(line);
                        self.heights.add(*height, line);
                        self.words.learn(line);
                    }
                }
                Item::Rows { lines, .. } => lines.iter().for_each(|line| self.words.learn(line)),
            }
        }
        if has_lost_letters {
            notes.add(NoteKind::LettersLost, of_page, None);
        }
        if items.is_empty() {
            notes.add(NoteKind::PagesWithoutText, of_page, None);
        }
        self.pages.push(items);
        Ok(())
    }

    fn finished(mut self, notes: &mut Notes) -> Vec<Part> {
        for page in written::continue_tables(&mut self.pages) {
            notes.add(NoteKind::ColumnsUncertain, u32::try_from(page).ok(), None);
        }
        let levels = self.heights.levels();
        let pages = (1..).zip(&self.pages);
        pages.map(|(page, items)| Part { page: Some(page), text: written::text(items, &levels, &self.words) }).collect()
    }
}

/// Corrects the words that Poppler gives for a page, and removes those that are invisible or withdrawn.
fn mend(page: &mut words::Page, drawn: &mut Drawn, of_page: Option<u32>, notes: &mut Notes) {
    let seen = std::mem::take(&mut drawn.seen);
    if page.words.len() <= MOST_WORDS {
        let mut unseen = seen.crop(page);
        match drawn.hidden.take() {
            Some(hidden) => {
                hidden.leave_out(page);
                (unseen.others, unseen.is_recognized) = (hidden.lines, hidden.is_recognized);
                unseen.are_mixed = hidden.are_mixed;
            }
            None => seen.leave_out(page, &mut unseen),
        }
        seen.tell_baselines(page);
        slanted::gather(page, &seen.slanted);
        drawn.unread += ticks::add(page, &drawn.ticks);
        turned::turn_upright(page, drawn);
        let formulas = stacked::mend(page, drawn);
        let are_crossed = struck::are_crossed(page, drawn);
        let struck = struck::leave_out(page, drawn);
        let counts = [
            (NoteKind::HiddenLeftOut, unseen.count()),
            (NoteKind::TextRecognized, usize::from(unseen.is_recognized)),
            (NoteKind::FormulasAsText, formulas),
            (NoteKind::StruckLeftOut, struck),
            (NoteKind::VisibilityUncertain, usize::from(unseen.are_mixed || are_crossed)),
            (NoteKind::ObjectsLeftOut, drawn.unread),
        ];
        for (kind, count) in counts {
            (0..count).for_each(|_| notes.add(kind, of_page, None));
        }
    }
    mended::mend(page, drawn);
}
