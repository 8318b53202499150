//! Cuts a document's text into passages along headings, paragraphs and sentences.
//!
//! The same text gives the same passages with the same ids, so that a repeated job changes nothing.

use domain::ids::{ChunkId, DocumentId};
use sha2::{Digest, Sha256};
use text_splitter::{Characters, ChunkConfig, TextSplitter};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// About 150 English words. By `examples/retrieval_quality.rs` shorter passages rank a little better and cost more
/// chunks; overlap changed little.
const MAX_CHARACTERS: usize = 1_000;

/// A passage of a document, before it has a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageText {
    /// The place in the document, from 0.
    pub ordinal: u32,
    /// The document's title.
    pub title: String,
    pub text: String,
    /// SHA-256 of the text, in hex.
    pub content_hash: String,
}

impl PassageText {
    /// What an embedder reads: a passage often does not name its subject, the title does.
    pub fn to_embed(&self) -> String {
        format!("{}\n\n{}", self.title, self.text)
    }

    /// Stable: made of the document, its version, the place and the content.
    pub fn chunk_id(&self, document: DocumentId, version: u32) -> ChunkId {
        let name = format!("{version}/{}/{}", self.ordinal, self.content_hash);
        ChunkId::new(Uuid::new_v5(&document.value(), name.as_bytes()))
    }
}

/// The passages of a text, in order. A text without a visible character has none.
pub fn cut(title: &str, text: &str) -> Vec<PassageText> {
    let title = storable(title).trim().to_owned();
    let text = storable(text);
    let splitter = TextSplitter::new(ChunkConfig::<Characters>::new(MAX_CHARACTERS));
    let pieces = sections(&text).into_iter().flat_map(|section| splitter.chunks(section));
    (0..)
        .zip(join_small(pieces))
        .map(|(ordinal, text)| PassageText {
            ordinal,
            title: title.clone(),
            content_hash: hex::encode(Sha256::digest(text.as_bytes())),
            text,
        })
        .collect()
}

/// NFC, and without NUL, which PostgreSQL cannot store.
fn storable(text: &str) -> String {
    text.nfc().filter(|c| *c != '\0').collect()
}

/// Parts of a Markdown text, each but the first beginning with its heading.
fn sections(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_heading(line) && at > 0 {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts.windows(2).map(|bounds| &text[bounds[0]..bounds[1]]).collect()
}

fn is_heading(line: &str) -> bool {
    let text = line.trim_start_matches('#');
    (1..=6).contains(&(line.len() - text.len())) && text.starts_with([' ', '\t'])
}

/// Joins neighbours that fit into one passage; a heading always stays with what follows it.
fn join_small<'a>(pieces: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    for piece in pieces {
        match passages.last_mut() {
            Some(last) if is_lone_heading(last) || fits(last, piece) => {
                last.push_str("\n\n");
                last.push_str(piece);
            }
            _ => passages.push(piece.to_owned()),
        }
    }
    passages
}

fn is_lone_heading(passage: &str) -> bool {
    is_heading(passage) && !passage.contains('\n')
}

fn fits(passage: &str, piece: &str) -> bool {
    // Bytes first: counting characters is needed for few.
    let joined = passage.len() + piece.len() + 2;
    joined <= MAX_CHARACTERS
        || joined <= 4 * MAX_CHARACTERS && passage.chars().count() + piece.chars().count() + 2 <= MAX_CHARACTERS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(passages: &[PassageText]) -> Vec<&str> {
        passages.iter().map(|passage| passage.text.as_str()).collect()
    }

    #[test]
    fn an_empty_text_has_no_passages() {
        assert_eq!(cut("Title", " \n\0\t "), []);
    }

    #[test]
    fn a_short_text_is_one_passage_with_the_title() {
        let passages = cut("Gout", "First paragraph.\n\nSecond paragraph.");
        assert_eq!(texts(&passages), ["First paragraph.\n\nSecond paragraph."]);
        assert_eq!(passages[0].to_embed(), "Gout\n\nFirst paragraph.\n\nSecond paragraph.");
    }

    #[test]
    fn a_heading_stays_with_the_paragraph_below_it() {
        let long = "One sentence of the section. ".repeat(30);
        let passages = cut("Gout", &format!("{long}\n\n## Diet\n\n{long}"));
        let beginnings: Vec<&str> = texts(&passages).into_iter().map(|text| &text[..12]).collect();
        assert_eq!(beginnings, ["One sentence", "## Diet\n\nOne"]);
    }

    #[test]
    fn a_long_paragraph_is_cut_between_sentences() {
        let passages = cut("Gout", &"This is one sentence of many. ".repeat(100));
        assert!(passages.len() > 1);
        assert!(passages.iter().all(|passage| passage.text.ends_with('.')));
    }

    #[test]
    fn composed_and_decomposed_letters_give_the_same_passage() {
        assert_eq!(cut("é", "é"), cut("e\u{301}", "e\u{301}"));
    }

    #[test]
    fn another_version_of_a_document_has_other_chunk_ids() {
        let document = DocumentId::new(Uuid::from_u128(1));
        let passage = &cut("Gout", "Text.")[0];
        assert_eq!(passage.chunk_id(document, 1), passage.chunk_id(document, 1));
        assert_ne!(passage.chunk_id(document, 1), passage.chunk_id(document, 2));
    }

    #[test]
    fn a_text_without_any_boundary_is_cut_all_the_same() {
        let passages = cut("", &"x".repeat(100_000));
        assert!(passages.iter().all(|passage| passage.text.len() <= MAX_CHARACTERS));
    }

    proptest! {
        #[test]
        fn every_visible_character_is_in_a_passage(title in any::<String>(), text in "(\\PC|[#\n\r\t \0]){0,400}") {
            let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let passages = cut(&title, &text);
            prop_assert_eq!(visible(&texts(&passages).concat()), visible(&storable(&text)));
            prop_assert!(passages.iter().all(|passage| !passage.text.trim().is_empty()));
        }
    }
}
