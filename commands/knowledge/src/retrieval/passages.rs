//! Cuts a document's text into passages at pages, headings, tables, paragraphs and sentences.
//!
//! The same text gives the same passages with the same ids, in every version of the document.

use std::collections::HashMap;

use domain::ids::{ChunkId, DocumentId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    sections::{Block, Section, Table, sections},
    splitting::Splitter,
    tokens::Tokens,
};
use crate::extraction::Part;

/// Tokens of a passage, at most: about 180 English words. `make bench-retrieval` measures the effect of another size.
pub const MAX_TOKENS: usize = 256;
/// Tokens that a passage repeats of the one before it, where a text had to be cut within a section.
const OVERLAP: usize = 32;
/// The separator of pieces that share a passage, and that of the headings of a path.
const BREAK: &str = "\n\n";
pub const STEP: &str = " › ";
/// Tokens of a passage of headings only, at most; more would be no outline.
const MOST_HEADINGS: usize = 4 * MAX_TOKENS;
/// Bytes beyond which the first row of a table is not repeated in each piece: it does not name the columns, or not
/// shortly.
const LONGEST_HEAD: usize = 16 * MAX_TOKENS;

/// A passage of a document, before it has a vector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassageText {
    /// The index in the document, from 0.
    pub ordinal: u32,
    /// The document's title. It is not stored with the passage, because all passages share it.
    #[serde(skip)]
    pub title: String,
    /// The headings above it, from the outermost, separated by ` › `; headings at its own beginning are in the text.
    pub headings: String,
    /// The page or slide on which it begins, from 1, if the document has any.
    pub page: Option<u32>,
    pub text: String,
    /// Bytes at its beginning that repeat the end of the passage before.
    pub overlap: u32,
    /// Its index among the passages with the same text, from 0.
    occurrence: u32,
    /// The SHA-256 of headings and text, in hex.
    pub content_hash: String,
}

/// The SHA-256 of a passage's headings and text, in hex.
pub fn content_hash(headings: &str, text: &str) -> String {
    hex::encode(Sha256::digest(format!("{headings}\0{text}")))
}

/// A stored passage of a version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPassage {
    pub chunk_id: ChunkId,
    pub document_id: DocumentId,
    pub document_version: u32,
    pub title: String,
    /// The headings above it from the outermost, separated by ` › `.
    pub headings: String,
    /// The page or slide on which it begins, from 1, if the document has any.
    pub page: Option<u32>,
    pub text: String,
    /// Bytes at its beginning that repeat the end of the passage before it.
    pub overlap: u32,
    /// The SHA-256 of headings and text, in hex.
    pub content_hash: String,
}

/// The text that is embedded: title and headings come first, because a passage often does not name its subject.
pub fn to_embed(title: &str, headings: &str, text: &str) -> String {
    let above = if headings.is_empty() { BREAK } else { STEP };
    let below = if headings.is_empty() { "" } else { BREAK };
    format!("{title}{above}{headings}{below}{text}")
}

impl PassageText {
    /// The same passage with the title of its document.
    #[must_use]
    pub fn titled(self, title: &str) -> Self {
        Self { title: title.trim().to_owned(), ..self }
    }

    pub fn to_embed(&self) -> String {
        to_embed(&self.title, &self.headings, &self.text)
    }

    /// The passage as it is stored with this version of the document.
    pub fn stored(&self, document_id: DocumentId, document_version: u32) -> StoredPassage {
        StoredPassage {
            chunk_id: self.chunk_id(document_id),
            document_id,
            document_version,
            title: self.title.clone(),
            headings: self.headings.clone(),
            page: self.page,
            text: self.text.clone(),
            overlap: self.overlap,
            content_hash: self.content_hash.clone(),
        }
    }

    /// The id, derived from the document and the content: it does not change when other parts of the document do.
    pub fn chunk_id(&self, document: DocumentId) -> ChunkId {
        let name = format!("{}/{}", self.content_hash, self.occurrence);
        ChunkId::new(Uuid::new_v5(&document.value(), name.as_bytes()))
    }
}

/// Cuts a document into passages, in order. A document without a visible character has none.
pub fn cut(title: &str, parts: &[Part]) -> Vec<PassageText> {
    let splitter = Splitter::new(MAX_TOKENS, OVERLAP);
    let mut passages: Vec<PassageText> = Vec::new();
    let mut occurrences: HashMap<String, u32> = HashMap::new();
    for piece in join_small(sections(parts).iter().flat_map(|section| pieces(section, &splitter))) {
        let content_hash = content_hash(&piece.headings, &piece.text);
        let seen = occurrences.entry(content_hash.clone()).or_default();
        passages.push(PassageText {
            ordinal: u32::try_from(passages.len()).unwrap_or(u32::MAX),
            title: title.trim().to_owned(),
            headings: piece.headings,
            page: piece.page,
            text: piece.text,
            overlap: u32::try_from(piece.overlap).unwrap_or(0),
            occurrence: *seen,
            content_hash,
        });
        *seen += 1;
    }
    passages
}

struct Piece {
    page: Option<u32>,
    headings: String,
    text: String,
    overlap: usize,
    tokens: usize,
    /// Whether it is only a heading, which belongs to the next piece.
    is_heading: bool,
}

/// Cuts a section into pieces, before any are joined. Its heading is at the beginning of the first piece.
fn pieces(section: &Section<'_>, splitter: &Splitter) -> Vec<Piece> {
    // A heading that fills a passage by itself is text.
    let is_long = |heading: &&str| heading.len() > MAX_TOKENS && Tokens::count(heading) > MAX_TOKENS;
    let heading = section.heading.map(str::trim);
    let (long, heading) = (heading.filter(is_long).map(Block::Text), heading.filter(|it| !is_long(it)));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut add = |body: &str, overlap: usize| {
        let own_heading = heading.filter(|_| pieces.is_empty());
        let text = own_heading.map_or_else(|| body.to_owned(), |heading| format!("{heading}{BREAK}{body}"));
        // The piece that begins with its heading need not repeat it in its path.
        let path = if own_heading.is_some() { &section.above } else { &section.path };
        let tokens = Tokens::count(&text);
        pieces.push(Piece { page: section.page, headings: path.join(STEP), text, overlap, tokens, is_heading: false });
    };
    for block in long.iter().chain(&section.blocks) {
        match block {
            Block::Text(text) => {
                let (mut end, mut lead) = (0, None);
                for (start, chunk) in splitter.pieces(text) {
                    let from = lead.map_or(start, |lead| start.min(lead));
                    end = end.max(from);
                    let overlap = end - from;
                    end = start + chunk.len();
                    add(&text[from..end], overlap);
                    lead = lead_at_end(&text[..end], start);
                }
            }
            Block::Table(table) => table_pieces(table).iter().for_each(|piece| add(piece, 0)),
        }
    }
    if let (Some(heading), true) = (heading, pieces.is_empty()) {
        let (headings, text) = (section.above.join(STEP), heading.to_owned());
        let tokens = Tokens::count(heading);
        pieces.push(Piece { page: section.page, headings, text, overlap: 0, tokens, is_heading: true });
    }
    pieces
}

/// The start of the last line of the text, if it introduces an answer or a list: "Who must not get it?", "Never give:".
/// The next piece repeats it, and may exceed the limit by its few tokens.
fn lead_at_end(text: &str, start: usize) -> Option<usize> {
    let line = text.rfind('\n').map_or(0, |end| end + 1);
    let says = text[line..].trim_end_matches(['*', '_', '"', '”', ')']);
    (line > start && says.ends_with([':', '?']) && Tokens::count(says) <= OVERLAP).then_some(line)
}

/// Cuts a table that is too long between rows. Each piece has the caption, without which doses for children look like
/// those for adults, and the first row, which names the columns.
fn table_pieces(Table { caption, rows }: &Table<'_>) -> Vec<String> {
    let is_head = |head: &[&str]| {
        is_rule(head[1]) && head[0].len() + head[1].len() < LONGEST_HEAD && Tokens::count(head[0]) < MAX_TOKENS
    };
    let head = rows.get(..2).filter(|head| is_head(head)).unwrap_or_default();
    let beginning = || {
        caption
            .iter()
            .map(|caption| format!("{caption}\n"))
            .chain(head.iter().map(|row| (*row).to_owned()))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let head_tokens = Tokens::count(&beginning());
    let (mut pieces, mut piece, mut tokens) = (Vec::new(), beginning(), head_tokens);
    for row in &rows[head.len()..] {
        let more = Tokens::count(row) + 1;
        if tokens + more > MAX_TOKENS && tokens > head_tokens {
            pieces.push(std::mem::replace(&mut piece, beginning()));
            tokens = head_tokens;
        }
        if !piece.is_empty() {
            piece.push('\n');
        }
        piece.push_str(row);
        tokens += more;
    }
    if tokens > head_tokens || pieces.is_empty() {
        pieces.push(piece);
    }
    // A row can be longer than a passage.
    let splitter = Splitter::new(MAX_TOKENS, 0);
    let parts = |piece: String| {
        let is_long = Tokens::count(&piece) > MAX_TOKENS;
        if is_long {
            splitter.pieces(&piece).into_iter().map(|(_, part)| part.to_owned()).collect()
        } else {
            vec![piece]
        }
    };
    pieces.into_iter().flat_map(parts).collect()
}

/// Whether a row is the rule below a header: `| --- | :-: |`.
fn is_rule(row: &str) -> bool {
    row.contains("---") && row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// Joins adjacent pieces of a page that fit into one passage; a heading always stays with the piece after it.
fn join_small(pieces: impl Iterator<Item = Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last)
                if last.page == piece.page
                    && piece.overlap == 0
                    && (last.is_heading || !piece.is_heading)
                    && last.tokens + piece.tokens < (if last.is_heading { MOST_HEADINGS } else { MAX_TOKENS }) =>
            {
                last.text.push_str(BREAK);
                last.text.push_str(&piece.text);
                last.tokens += piece.tokens + 1;
                last.is_heading = piece.is_heading;
            }
            _ => joined.push(piece),
        }
    }
    joined
}

#[cfg(test)]
#[path = "passages_tests.rs"]
mod tests;
