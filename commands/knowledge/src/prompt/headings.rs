//! The headings of lists of references, and the tokens with which models end a text.

/// The kind of a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    /// A word that is a heading even without ids.
    Strong,
    /// A word that is a heading only if ids follow it.
    Weak,
    /// An opening tag.
    Tag,
}

/// Strong headings, in lower case.
const STRONG: [&str; 6] = ["references", "reference", "sources", "source", "citations", "citation"];
const WEAK: [&str; 15] = [
    "documents",
    "document",
    "referenced",
    "cited",
    "used",
    "ids",
    "id",
    "റഫറൻസുകൾ",
    "റഫറൻസ്",
    "സ്രോതസ്സുകൾ",
    "അവലംബം",
    "संदर्भ",
    "सन्दर्भ",
    "स्रोत",
    "दस्तावेज़",
];
const TAGS: [&str; 4] = ["<references>", "<reference>", "<sources>", "<citations>"];
/// Tokens that some models write at the end, and the closing tags of the tags above.
const END_TOKENS: [&str; 18] = [
    "</s>",
    "<eos>",
    "<end_of_turn>",
    "<end_of_text>",
    "<|end|>",
    "<|return|>",
    "<|eot_id|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<|end_of_turn_token|>",
    "<｜end▁of▁sentence｜>",
    "[/inst]",
    "</references>",
    "</reference>",
    "</sources>",
    "</citations>",
];

/// The heading at the beginning, and its length: 0 if more text is needed.
pub(super) fn heading(text: &str) -> Option<(Heading, usize)> {
    let tags = TAGS.iter().map(|tag| (Heading::Tag, *tag));
    let words =
        STRONG.iter().map(|word| (Heading::Strong, *word)).chain(WEAK.iter().map(|word| (Heading::Weak, *word)));
    let mut needs_more = None;
    for (kind, word) in tags.chain(words) {
        if begins(text, word) {
            let after = text[word.len()..].chars().next();
            if kind == Heading::Tag || after.is_some_and(|c| !c.is_alphanumeric()) {
                return Some((kind, word.len()));
            }
            if after.is_none() {
                needs_more = Some((kind, 0));
            }
        } else if begins(word, text) {
            needs_more = Some((kind, 0));
        }
    }
    needs_more
}

/// The length of the end token at the beginning: 0 if more text is needed.
pub(super) fn end_token(text: &str) -> Option<usize> {
    let whole = END_TOKENS.iter().find(|token| begins(text, token)).map(|token| token.len());
    whole.or_else(|| END_TOKENS.iter().any(|token| begins(token, text)).then_some(0))
}

/// Splits the characters of this kind off the beginning.
pub(super) fn split_word(text: &str, is_of_word: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_of_word(c)).unwrap_or(text.len()))
}

/// Whether the text begins with `start`, ignoring the case of ASCII letters.
pub(super) fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
