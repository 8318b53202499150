//! The lines of a passage made whole again: what is a heading, a paragraph, an item or a table, however it was wrapped.
//!
//! Where a document was read from pages, its lines end anywhere, also before a "-" or a "20." of their text.

use super::dashes::{begins_with_connective, begins_with_number, ends_with_number, says_more};
use crate::{
    retrieval::{heading_of, is_row},
    sentences::ends_between,
};

/// Marks that are never part of a sentence.
const BULLETS: [char; 7] = ['•', '·', '▪', '◦', '‣', '●', '○'];
/// Marks that may as well be a minus, a dash or a sign of times.
const DASHES: [char; 3] = ['-', '–', '*'];

/// A part of a passage.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block<'a> {
    /// Its level, from 1, and what it says.
    Heading(usize, &'a str),
    Paragraph(String),
    /// Without its marker.
    Item(String),
    /// Its rows.
    Table(Vec<&'a str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Bullet(char),
    Number(u32),
}

/// The blocks of a passage, in its order.
pub(super) fn blocks(passage: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    // What a line may go on with: the last block is a paragraph or an item, and no empty line is in between.
    let mut open: Option<Option<Marker>> = None;
    let mut lines = passage.lines();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.is_empty() {
            open = None;
        } else if let Some((level, heading)) = heading_of(line) {
            blocks.push(Block::Heading(level, heading));
            open = None;
        } else if is_row(line) {
            match blocks.last_mut() {
                Some(Block::Table(rows)) => rows.push(text),
                _ => blocks.push(Block::Table(vec![text])),
            }
            open = None;
        } else {
            let before = match blocks.last_mut() {
                Some(Block::Paragraph(before) | Block::Item(before)) => open.map(|marker| (before, marker)),
                _ => None,
            };
            match (before, marked(text)) {
                (Some((before, list)), marked)
                    if marked.map_or_else(
                        || goes_on(before, list, line),
                        |(marker, rest)| is_text((before, text), list, (marker, rest), lines.clone()),
                    ) =>
                {
                    before.push(' ');
                    before.push_str(text);
                }
                (_, Some((marker, rest))) => {
                    blocks.push(Block::Item(rest.to_owned()));
                    open = Some(Some(marker));
                }
                (_, None) => {
                    blocks.push(Block::Paragraph(text.to_owned()));
                    open = Some(None);
                }
            }
        }
    }
    blocks
}

/// The marker of an item at the beginning of a line, and what follows it.
fn marked(line: &str) -> Option<(Marker, &str)> {
    let first = line.chars().next()?;
    let (marker, rest) = if BULLETS.contains(&first) || DASHES.contains(&first) {
        (Marker::Bullet(first), &line[first.len_utf8()..])
    } else {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let number = line[..digits].parse().ok().filter(|_| digits <= 2)?;
        (Marker::Number(number), line[digits..].strip_prefix(['.', ')'])?)
    };
    rest.starts_with(char::is_whitespace).then(|| (marker, rest.trim_start()))
}

/// Whether a line without a marker belongs to the block before it.
fn goes_on(before: &str, list: Option<Marker>, line: &str) -> bool {
    list.is_none() || line.starts_with(char::is_whitespace) || !ends_between(before, line)
}

/// Whether what looks like the marker of an item is the text of the line before: "Give 5" and below it "- 10 mg".
fn is_text<'a>(
    (before, line): (&str, &str),
    list: Option<Marker>,
    (marker, rest): (Marker, &str),
    mut following: impl Iterator<Item = &'a str>,
) -> bool {
    let is_range = ends_with_number(before) && begins_with_number(rest);
    if ends_between(before, line) || before.ends_with(':') {
        return false;
    }
    match marker {
        Marker::Bullet(mark) if BULLETS.contains(&mark) => false,
        Marker::Bullet(_) if is_range || begins_with_connective(rest) => true,
        Marker::Bullet(_) => {
            let is_list = matches!(list, Some(Marker::Bullet(_)));
            // Two lines of running text hardly begin with a dash one after the other.
            let mut begins_one = || {
                let next = following.next().and_then(|line| marked(line.trim()));
                says_more(before) || next.is_some_and(|(next, _)| next == marker)
            };
            !is_list && (begins_with_number(rest) || !begins_one())
        }
        Marker::Number(number) => match list {
            Some(Marker::Number(above)) => number != above && number != above + 1,
            _ => {
                let mut paragraph = following.take_while(|line| !line.trim().is_empty());
                number != 1
                    || !paragraph.any(|line| marked(line.trim()).is_some_and(|(next, _)| next == Marker::Number(2)))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(text: &str) -> Block<'_> {
        Block::Paragraph(text.to_owned())
    }

    fn item(text: &str) -> Block<'_> {
        Block::Item(text.to_owned())
    }

    #[test]
    fn wrapped_lines_are_one_paragraph_and_what_begins_them_is_text() {
        for (lines, whole) in [
            ("Aspirin should not\nbe given to children", "Aspirin should not be given to children"),
            ("Give morphine 5\n- 10 mg every four hours", "Give morphine 5 - 10 mg every four hours"),
            ("Give oxytocin five\n- ten units", "Give oxytocin five - ten units"),
            ("The maximum in a day is\n20. Higher numbers harm", "The maximum in a day is 20. Higher numbers harm"),
            ("Keep it at a temperature of\n- 20 degrees", "Keep it at a temperature of - 20 degrees"),
            ("Never give codeine\n- or others - to children", "Never give codeine - or others - to children"),
        ] {
            assert_eq!(blocks(lines), [paragraph(whole)]);
        }
        assert_eq!(blocks("- Give 5\n- 10 mg\n- Wait"), [item("Give 5 - 10 mg"), item("Wait")]);
    }

    #[test]
    fn lists_are_lists_with_and_without_an_empty_line_above() {
        let list = [paragraph("Signs often seen are"), item("pain in the toe"), item("fever")];
        for text in [
            "Signs often seen are\n- pain in\nthe toe\n- fever",
            "Signs often seen are\n\n• pain in the toe\n• fever",
            "Signs often seen are\n1. pain in the toe\n2. fever",
            "Signs often seen are\n\n1) pain in the toe\n2) fever",
        ] {
            assert_eq!(blocks(text), list, "{text}");
        }
        assert_eq!(blocks("Wait:\n- 20 minutes"), [paragraph("Wait:"), item("20 minutes")]);
        assert_eq!(blocks("- Rest.\nGout comes"), [item("Rest."), paragraph("Gout comes")]);
    }

    #[test]
    fn headings_and_tables_end_paragraphs() {
        let text = "## Dose\nGive\nzinc.\n| a | b |\n| --- | --- |\nRest.";
        let table = Block::Table(vec!["| a | b |", "| --- | --- |"]);
        assert_eq!(blocks(text), [Block::Heading(2, "Dose"), paragraph("Give zinc."), table, paragraph("Rest.")]);
    }
}
