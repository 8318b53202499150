//! Parses a text into sections below headings, with running text and tables in them.

use super::floor;
use crate::extraction::Part;

/// The text below one heading on one page.
#[derive(Debug, Default)]
pub(super) struct Section<'a> {
    pub(super) page: Option<u32>,
    /// The line of its heading; `None` before the first heading, and where a section continues on the next page.
    pub(super) heading: Option<&'a str>,
    /// The headings above its own.
    pub(super) above: Vec<&'a str>,
    /// The headings above, and its own.
    pub(super) path: Vec<&'a str>,
    pub(super) blocks: Vec<Block<'a>>,
}

#[derive(Debug)]
pub(super) enum Block<'a> {
    Text(&'a str),
    Table(Table<'a>),
}

#[derive(Debug)]
pub(super) struct Table<'a> {
    /// The line above the table, if it is its caption: "Table 3: doses for children".
    pub(super) caption: Option<&'a str>,
    pub(super) rows: Vec<&'a str>,
}

/// Bytes of a heading in the path of the text below it, where it is repeated: real headings are shorter.
const LONGEST_HEADING: usize = 1_024;
/// Bytes of a table's caption, which is repeated like a heading.
const LONGEST_CAPTION: usize = 256;

/// The sections of a document, in order.
pub(super) fn sections(parts: &[Part]) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    // The open headings with their levels.
    let mut open: Vec<(usize, &str)> = Vec::new();
    for part in parts {
        for (heading, body) in headed(&part.text) {
            if let Some((level, text)) = heading.and_then(heading_of) {
                open.retain(|(above, _)| *above < level);
                open.push((level, &text[..floor(text, LONGEST_HEADING)]));
            }
            let path: Vec<&str> = open.iter().map(|(_, text)| *text).collect();
            let above = if heading.is_some() { &path[..path.len().saturating_sub(1)] } else { &path[..] };
            sections.push(Section { page: part.page, heading, above: above.to_vec(), path, blocks: blocks(body) });
        }
    }
    sections
}

/// Splits a text into headings, each with the text up to the next one.
fn headed(text: &str) -> Vec<(Option<&str>, &str)> {
    let mut found = Vec::new();
    let (mut heading, mut start, mut at) = (None, 0, 0);
    for line in text.split_inclusive('\n') {
        if heading_of(line).is_some() {
            if at > 0 {
                found.push((heading, &text[start..at]));
            }
            heading = Some(line);
            start = at + line.len();
        }
        at += line.len();
    }
    found.push((heading, &text[start..]));
    found
}

/// The level of a heading line, and its text.
pub fn heading_of(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let says = text.trim();
    ((1..=6).contains(&level) && text.starts_with([' ', '\t']) && !says.is_empty()).then_some((level, says))
}

/// Whether the line is a table row.
pub fn is_row(line: &str) -> bool {
    line.starts_with('|') && line.trim_end().ends_with('|') && line.trim_end().len() > 1
}

fn blocks(body: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in body.split_inclusive('\n') {
        let end = at + line.len();
        if is_row(line) {
            match blocks.last_mut() {
                Some(Block::Table(table)) if start == at => table.rows.push(line.trim_end()),
                _ => {
                    let (text, caption) = without_caption(&body[start..at]);
                    if !text.is_empty() {
                        blocks.push(Block::Text(text));
                    }
                    blocks.push(Block::Table(Table { caption, rows: vec![line.trim_end()] }));
                }
            }
            start = end;
        }
        at = end;
    }
    if start < at {
        blocks.push(Block::Text(&body[start..]));
    }
    blocks
}

/// Splits off the caption: the last line above a table, if it is no sentence and no list item.
fn without_caption(text: &str) -> (&str, Option<&str>) {
    let end = text.trim_end();
    let (rest, last) = end.rfind('\n').map_or(("", end), |at| end.split_at(at + 1));
    let is_caption = !last.is_empty()
        && last.len() <= LONGEST_CAPTION
        && !last.starts_with(['-', '*', '+'])
        && !last.ends_with(['.', '!', '?', '।', ';', ',']);
    if is_caption { (rest, Some(last.trim_start())) } else { (text, None) }
}
