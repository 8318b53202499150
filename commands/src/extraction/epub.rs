//! E-books: the chapters in the order in which they are read.

use std::io::Cursor;

use rbook::Epub;

use super::{Part, Unreadable, html};

pub(super) fn chapters(bytes: &[u8]) -> Result<Vec<Part>, Unreadable> {
    let book = Epub::options().skip_toc(true).read(Cursor::new(bytes.to_vec())).map_err(|_| Unreadable::Damaged)?;
    let mut parts = Vec::new();
    for chapter in book.reader() {
        let chapter = chapter.map_err(|_| Unreadable::Damaged)?;
        parts.push(Part { page: None, text: html::text(chapter.content())? });
    }
    Ok(parts)
}
