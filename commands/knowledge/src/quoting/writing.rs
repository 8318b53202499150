//! Writes stretches as Markdown that shows the documents' own text, sign by sign and line by line.
//!
//! List items are written as lines of text with their own markers, because Markdown would renumber them.

use super::{
    blocks::{Block, blocks, is_item, shown},
    scoring::Question,
    stretches::Stretch,
    tables::Table,
};
use crate::markdown::escaped;

/// Stands above a list or a table whose lead-in is in another passage: that may be "Never give:".
pub(super) const UNKNOWN_LEAD: &str = "(What stands above this in the document is not quoted here.)";
/// Marks a place where the document has more text.
const MORE: &str = "…";
/// Blanks of indentation, at most; they show the item that a line belongs to.
const DEEPEST: usize = 16;

/// Writes the title of the document that is quoted below.
pub(super) fn write_title(title: &str, text: &mut String) {
    text.extend(["\n\nFrom \"", &escaped(title), "\":"]);
}

pub(super) fn write(stretch: &Stretch<'_>, question: &Question, text: &mut String) {
    let blocks = blocks(&stretch.text);
    let range = shown(&blocks, question);
    let (begins_within, goes_on) =
        (range.start > 0 || stretch.begins_within, range.end < blocks.len() || stretch.goes_on);
    let mut paragraphs: Vec<String> = Vec::new();
    if !stretch.headings.is_empty() {
        let headings: Vec<String> = stretch.headings.iter().map(|heading| escaped(heading)).collect();
        paragraphs.push(format!("**{}**", headings.join(" › ")));
    }
    let above = format!("{}\n{}", stretch.title, stretch.headings.join("\n"));
    let last = range.len().saturating_sub(1);
    for (at, block) in blocks[range].iter().enumerate() {
        let is_cut_before = begins_within && at == 0;
        let is_cut_behind = goes_on && at == last;
        match block {
            Block::Text(lines) => {
                let is_list = is_item(lines[0]);
                paragraphs.extend((is_cut_before && is_list).then(|| escaped(UNKNOWN_LEAD)));
                let mut lines: Vec<String> = lines.iter().map(|line| self::line(line)).collect();
                if is_cut_before && !is_list {
                    lines[0].insert_str(0, "… ");
                }
                if let Some(end) = lines.last_mut().filter(|_| is_cut_behind) {
                    end.extend([" ", MORE]);
                }
                // Two blanks at the end of a line keep its line break.
                paragraphs.push(lines.join("  \n> "));
            }
            Block::Table(rows) => {
                paragraphs.extend(is_cut_before.then(|| escaped(UNKNOWN_LEAD)));
                let table = Table::of(rows, question, &above);
                paragraphs.push(self::table(&table));
                match table.left_out {
                    0 => {}
                    1 => paragraphs.push("(1 more row)".to_owned()),
                    more => paragraphs.push(format!("({more} more rows)")),
                }
                paragraphs.extend(is_cut_behind.then(|| MORE.to_owned()));
            }
        }
    }
    text.extend(["\n\n> ", &paragraphs.join("\n>\n> ")]);
}

/// A line with its indentation, limited to [`DEEPEST`].
fn line(line: &str) -> String {
    let blanks: usize = line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum();
    "\u{a0}".repeat(blanks.min(DEEPEST)) + &escaped(line)
}

fn table(table: &Table) -> String {
    let columns = table.columns();
    let row = |cells: &[String]| {
        let mut row = "|".to_owned();
        for at in 0..columns {
            row.extend([" ", &cells.get(at).map_or_else(String::new, |cell| escaped(cell)), " |"]);
        }
        row
    };
    let mut text = row(&table.head);
    text.extend(["\n> |", &" --- |".repeat(columns)]);
    for cells in &table.rows {
        text.extend(["\n> ", &row(cells)]);
    }
    text
}
