//! What a text consists of: sections below headings, in them running text and tables.

use super::floor;
use crate::extraction::Part;

/// What is below one heading, on one page.
#[derive(Debug, Default)]
pub(super) struct Section<'a> {
    pub(super) page: Option<u32>,
    /// The line of its heading; none before the first, and none where a section goes on on the next page.
    pub(super) heading: Option<&'a str>,
    /// The headings above its own.
    pub(super) above: Vec<String>,
    /// Those and its own.
    pub(super) path: Vec<String>,
    pub(super) blocks: Vec<Block<'a>>,
}

#[derive(Debug)]
pub(super) enum Block<'a> {
    Text(&'a str),
    /// Its rows.
    Table(Vec<&'a str>),
}

/// Bytes of a heading in the path of what is below it, where it is repeated again and again: no heading has more.
const LONGEST_HEADING: usize = 1_024;

/// The sections of a document, in order.
pub(super) fn sections(parts: &[Part]) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    // The levels and texts of the headings that are in force.
    let mut open: Vec<(usize, String)> = Vec::new();
    for part in parts {
        for (heading, body) in headed(&part.text) {
            if let Some((level, text)) = heading.and_then(heading_of) {
                open.retain(|(above, _)| *above < level);
                open.push((level, text[..floor(text, LONGEST_HEADING)].to_owned()));
            }
            let path: Vec<String> = open.iter().map(|(_, text)| text.clone()).collect();
            let above = if heading.is_some() { &path[..path.len().saturating_sub(1)] } else { &path[..] };
            sections.push(Section { page: part.page, heading, above: above.to_vec(), path, blocks: blocks(body) });
        }
    }
    sections
}

/// Each heading with the text up to the next one.
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

/// The level of a heading and what it says.
pub(crate) fn heading_of(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let says = text.trim();
    ((1..=6).contains(&level) && text.starts_with([' ', '\t']) && !says.is_empty()).then_some((level, says))
}

/// Whether the line is a row of a table.
pub(crate) fn is_row(line: &str) -> bool {
    line.starts_with('|') && line.trim_end().ends_with('|') && line.trim_end().len() > 1
}

fn blocks(body: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in body.split_inclusive('\n') {
        let end = at + line.len();
        if is_row(line) {
            if start < at {
                blocks.push(Block::Text(&body[start..at]));
            }
            match blocks.last_mut() {
                Some(Block::Table(rows)) => rows.push(line.trim_end()),
                _ => blocks.push(Block::Table(vec![line.trim_end()])),
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
