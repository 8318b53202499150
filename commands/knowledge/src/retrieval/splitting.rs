//! Splits running text at paragraphs, sentences and words, in time that is linear in the length of the text.
//!
//! For each piece the splitter looks for the end of a sentence, and for line breaks, in all of the remaining text: a
//! text without any costs the square of its length. So a long text is given to it in windows, each several times larger
//! than a piece. The end of a piece depends on nothing beyond its window.

use text_splitter::{ChunkConfig, ChunkSizer, TextSplitter};

use super::{floor, tokens::Tokens};

/// Bytes up to which a text is split as a whole.
const WHOLE: usize = 32_768;
/// Bytes of a window, if it has enough tokens.
const WINDOW: usize = 16_384;
/// Bytes of a window, at most: some characters have hundreds of bytes to one token.
const LARGEST_WINDOW: usize = 16 * WINDOW;
/// Tokens of a window's second half, in pieces, at least.
const AHEAD: usize = 3;

/// Splits texts into pieces of a size in tokens.
pub(super) struct Splitter {
    most: usize,
    splitter: TextSplitter<Trimmed>,
}

/// The size of a piece without the blanks at its ends.
struct Trimmed;

impl ChunkSizer for Trimmed {
    fn size(&self, chunk: &str) -> usize {
        Tokens::count(chunk.trim())
    }
}

impl Splitter {
    /// Creates a splitter for pieces of at most `most` tokens that repeat up to `overlap` of the one before; `overlap`
    /// is less than `most`.
    pub(super) fn new(most: usize, overlap: usize) -> Self {
        let config = ChunkConfig::new(most).with_sizer(Trimmed).with_trim(false);
        Self { most, splitter: TextSplitter::new(config.with_overlap(overlap).expect("it is less than the size")) }
    }

    /// The pieces in order, each with its offset in the text, in bytes. None is blank, none begins or ends with a
    /// blank.
    pub(super) fn pieces<'a>(&self, text: &'a str) -> Vec<(usize, &'a str)> {
        self.pieces_in_windows(text, WHOLE)
    }

    fn pieces_in_windows<'a>(&self, text: &'a str, whole: usize) -> Vec<(usize, &'a str)> {
        let mut pieces = Vec::new();
        let (mut start, mut said) = (0, 0);
        while start < text.len() {
            let window = self.window(&text[start..], whole);
            let is_last = start + window.len() == text.len();
            let mut next = start + window.len();
            for (at, chunk) in self.splitter.chunk_indices(window) {
                if !is_last && at > window.len() / 2 {
                    next = start + at;
                    break;
                }
                let begins = start + at + chunk.len() - chunk.trim_start().len();
                let chunk = chunk.trim();
                // A chunk that lies within the piece before is no piece.
                if !chunk.is_empty() && begins + chunk.len() > said {
                    said = begins + chunk.len();
                    pieces.push((begins, chunk));
                }
            }
            start = next;
        }
        pieces
    }

    /// The beginning of the text: all of it, or as much as determines the pieces that begin in its first half.
    fn window<'a>(&self, text: &'a str, whole: usize) -> &'a str {
        if text.len() <= whole {
            return text;
        }
        let mut length = WINDOW;
        while length < text.len() {
            let window = &text[..floor(text, length)];
            let ahead = &window[floor(window, length / 2)..];
            if length >= LARGEST_WINDOW || Tokens::count(ahead) >= AHEAD * self.most {
                return window;
            }
            length *= 2;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 256;
    const OVERLAP: usize = 32;

    /// The pieces of the whole text without windows, as a reference.
    fn at_once(text: &str) -> Vec<(usize, &str)> {
        let config = ChunkConfig::new(MOST).with_sizer(Tokens).with_overlap(OVERLAP).expect("it is less");
        TextSplitter::new(config).chunk_indices(text).collect()
    }

    fn in_windows(text: &str) -> Vec<(usize, &str)> {
        Splitter::new(MOST, OVERLAP).pieces_in_windows(text, 0)
    }

    fn documents() -> Vec<String> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let folders = ["demo/documents", "evaluation/medquad/documents"];
        let mut texts = Vec::new();
        for folder in folders {
            let files = fs::read_dir(format!("{root}/{folder}")).expect("it is in the repository");
            texts.extend(files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok()));
        }
        assert!(!texts.is_empty());
        texts
    }

    #[test]
    fn windows_give_the_pieces_of_the_whole_text() {
        let documents = documents();
        for text in &documents {
            assert_eq!(in_windows(text), at_once(text));
        }
        // As one text of some length, with paragraphs, and without.
        let all = documents.concat();
        let all = &all[..floor(&all, 200_000)];
        assert_eq!(in_windows(all), at_once(all));
        let one_line = all.replace('\n', " ");
        assert_eq!(in_windows(&one_line), at_once(&one_line));
        let no_stops = one_line.replace(['.', '?', '!', ':', ';'], "");
        let no_stops = &no_stops[..floor(&no_stops, 50_000)];
        assert_eq!(in_windows(no_stops), at_once(no_stops));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_visible_character_of_a_long_text_is_in_a_piece(part in "(\\PC|[ \n.]){1,60}", times in 200..600_usize) {
            let text = part.repeat(times);
            let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let (mut all, mut end) = (String::new(), 0);
            for (start, piece) in in_windows(&text) {
                all.push_str(&text[end.max(start)..start + piece.len()]);
                end = start + piece.len();
            }
            prop_assert_eq!(visible(&all), visible(&text));
        }
    }
}
