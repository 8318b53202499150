//! Paragraphs, headings, items and tables, and their written form.

use crate::extraction::{tables::Grid, write_heading};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Heading(usize, String),
    /// An item of a list: its level from 0, its mark (empty for a bullet), its text.
    Item(usize, String, String),
    Paragraph(String),
    Table(Grid),
}

/// Levels up to which items are indented.
const MOST_INDENTED: usize = 8;

/// Writes the blocks as lines of text.
pub(crate) fn write(blocks: &[Block], text: &mut String) {
    for block in blocks {
        match block {
            Block::Heading(level, says) => write_heading((*level).clamp(1, 6), &one_line(says), text),
            Block::Item(level, mark, says) => {
                let indentation = "  ".repeat((*level).min(MOST_INDENTED));
                let mark = if mark.is_empty() { "-" } else { mark };
                text.extend(["\n", &indentation, mark, " ", says]);
            }
            Block::Paragraph(says) => {
                text.push_str("\n\n");
                for line in says.split_inclusive('\n') {
                    // A paragraph that begins with `#` is no heading.
                    if line.starts_with('#') {
                        text.push_str("    ");
                    }
                    text.push_str(line);
                }
                text.push_str("\n\n");
            }
            Block::Table(grid) => {
                text.push_str("\n\n");
                grid.write(text);
                text.push('\n');
            }
        }
    }
}

/// The blocks as the text of one table cell.
pub(crate) fn in_a_cell(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        if !text.is_empty() {
            text.push('\n');
        }
        match block {
            Block::Heading(_, says) | Block::Paragraph(says) => text.push_str(says),
            // A dash between two numbers would be read as a range.
            Block::Item(_, mark, says) => {
                let mark = if mark.is_empty() { "•" } else { mark };
                text.extend([mark, " ", says]);
            }
            Block::Table(grid) => {
                let rows = grid.rows.iter().map(|row| {
                    let cells = row.iter().map(|cell| one_line(&cell.text)).filter(|text| !text.is_empty());
                    cells.collect::<Vec<_>>().join(", ")
                });
                text.push_str(&rows.filter(|row| !row.is_empty()).collect::<Vec<_>>().join("; "));
            }
        }
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
