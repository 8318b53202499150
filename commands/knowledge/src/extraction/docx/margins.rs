//! Headers and footers of pages: a restriction or a watermark may stand nowhere else.

use std::collections::HashMap;

use crate::extraction::{
    Unreadable,
    ooxml::{
        blocks::{Block, in_a_cell},
        xml::Element,
    },
};

/// Words beside the number of the page below which a line says nothing else: "page 3 of 7".
const FEWEST_WORDS: usize = 4;
/// Bytes that all of them may come to: sections may repeat long ones in turn.
const MOST_WRITTEN: usize = 20 * 1_048_576;

/// The headers and footers of a document, and those of the section that is read.
#[derive(Debug, Default)]
pub(super) struct Margins {
    by_id: HashMap<String, String>,
    references: Vec<Reference>,
    /// Whether the first page of the section has its own ones.
    has_title_page: bool,
    /// Where the section begins in the blocks of the body.
    pub(super) begin: usize,
    before: Vec<Block>,
    /// Bytes that were written of them.
    written: usize,
}

#[derive(Debug)]
struct Reference {
    name: &'static str,
    id: String,
    is_of_first_page: bool,
}

impl Margins {
    pub(super) fn add(&mut self, id: String, blocks: &[Block]) {
        self.by_id.insert(id, in_a_cell(blocks));
    }

    /// Takes up an element of `w:sectPr`.
    pub(super) fn take(&mut self, element: &Element<'_>) {
        let name = match element.local {
            "headerReference" => "Header",
            "footerReference" => "Footer",
            "titlePg" => {
                self.has_title_page = element.is_on("val");
                return;
            }
            _ => return,
        };
        let kind = element.attribute("type");
        // Those of even pages say what the others say, or are switched off.
        if let Some(id) = element.relation("id").filter(|_| kind.as_deref() != Some("even")) {
            self.references.push(Reference { name, id, is_of_first_page: kind.as_deref() == Some("first") });
        }
    }

    /// What stands above and below the pages of the section that ends; nothing if it is the same as before.
    pub(super) fn end_section(&mut self) -> Result<Vec<Block>, Unreadable> {
        let has_title_page = std::mem::take(&mut self.has_title_page);
        let references = std::mem::take(&mut self.references);
        let mut blocks: Vec<Block> = Vec::new();
        for Reference { name, id, .. } in references.iter().filter(|it| has_title_page || !it.is_of_first_page) {
            let text = self.by_id.get(id).map(|text| text.trim()).filter(|text| !text.is_empty());
            self.written += text.map_or(0, str::len);
            if self.written > MOST_WRITTEN {
                return Err(Unreadable::TooComplex);
            }
            let block = text.map(|text| Block::Paragraph(format!("{name}: {text}")));
            blocks.extend(block.filter(|block| !blocks.contains(block)));
        }
        if blocks.is_empty() || blocks == self.before {
            return Ok(Vec::new());
        }
        self.before.clone_from(&blocks);
        Ok(blocks)
    }
}

/// Whether a line with the number of the page says something besides.
pub(super) fn says_more(line: &str) -> bool {
    line.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count() >= FEWEST_WORDS
}
