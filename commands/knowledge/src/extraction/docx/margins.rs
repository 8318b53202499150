//! Headers and footers of pages, which may hold a restriction or a watermark that stands nowhere else.

use std::collections::HashMap;

use crate::extraction::{
    Unreadable,
    ooxml::{
        blocks::{Block, in_a_cell},
        xml::Element,
    },
};

/// Words beside the page number below which a line has no content of its own: "page 3 of 7".
const FEWEST_WORDS: usize = 4;
/// Bytes of all headers and footers beyond which a document is refused: sections may repeat long ones in turn.
const MOST_WRITTEN: usize = 20 * 1_048_576;

/// The headers and footers of a document, and the references to them in the section that is being read.
#[derive(Debug, Default)]
pub(super) struct Margins {
    by_id: HashMap<String, String>,
    references: Vec<Reference>,
    /// Whether the first page of the section has a header and footer of its own.
    has_title_page: bool,
    /// The index of the section's first block in the body.
    pub(super) begin: usize,
    before: Vec<Block>,
    /// Bytes of headers and footers that were written so far.
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

    /// Reads an element of `w:sectPr`.
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
        // The headers of even pages repeat the others or are switched off.
        if let Some(id) = element.relation("id").filter(|_| kind.as_deref() != Some("even")) {
            self.references.push(Reference { name, id, is_of_first_page: kind.as_deref() == Some("first") });
        }
    }

    /// The header and footer of the section that ends; nothing if they are those of the section before.
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

/// Whether a line with the page number has other content.
pub(super) fn says_more(line: &str) -> bool {
    line.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count() >= FEWEST_WORDS
}
