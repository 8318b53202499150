//! E-books: the chapters in reading order.

use std::io::Cursor;

use rbook::Epub;

use super::{Part, Unreadable, html, notes::Notes};

pub(super) fn chapters(bytes: &[u8], notes: &mut Notes) -> Result<Vec<Part>, Unreadable> {
    let book = Epub::options().skip_toc(true).read(Cursor::new(bytes.to_vec())).map_err(|_| Unreadable::Damaged)?;
    // The style that strikes or raises text of a chapter is often in a file of its own.
    let sheets = book.manifest().styles().filter_map(|sheet| sheet.read_str().ok());
    let style = sheets.collect::<Vec<_>>().join("\n");
    let mut parts = Vec::new();
    for chapter in book.reader() {
        let chapter = chapter.map_err(|_| Unreadable::Damaged)?;
        parts.push(Part { page: None, text: html::text_in_style(chapter.content(), &style, notes)? });
    }
    Ok(parts)
}
