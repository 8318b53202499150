//! Text in tokens, the unit that models read and are paid in.

use text_splitter::ChunkSizer;

/// Tokens of OpenAI's `o200k_base`. Other models cut text in other ways, but not into much more, in no script.
#[derive(Debug, Clone, Copy)]
pub struct Tokens;

impl Tokens {
    /// How many tokens the text has. The first call takes some milliseconds more.
    pub fn count(text: &str) -> usize {
        bpe_openai::o200k_base().count(text)
    }
}

impl ChunkSizer for Tokens {
    fn size(&self, chunk: &str) -> usize {
        Self::count(chunk)
    }
}
