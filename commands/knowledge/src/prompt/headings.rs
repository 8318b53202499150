//! The words over a list of references, and the marks with which models end a text.

/// What stands over a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    /// A word that says so by itself.
    Strong,
    /// A word that says so only where ids follow it.
    Weak,
    /// The beginning of a tag.
    Tag,
}

/// In lower case.
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
/// What some models write at their end, and the ends of the tags above.
const END_TOKENS: [&str; 14] = [
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
    "</references>",
    "</reference>",
    "</sources>",
    "</citations>",
];

/// The heading with which this begins, and its length: 0 if more of the text is needed.
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

/// The length of the mark of an end with which this begins: 0 if more of the text is needed.
pub(super) fn end_token(text: &str) -> Option<usize> {
    let whole = END_TOKENS.iter().find(|token| begins(text, token)).map(|token| token.len());
    whole.or_else(|| END_TOKENS.iter().any(|token| begins(token, text)).then_some(0))
}

/// The characters at the beginning that are of this kind, and the rest.
pub(super) fn split_word(text: &str, is_of_word: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_of_word(c)).unwrap_or(text.len()))
}

/// Whether the text begins so, without regard to the case of ASCII letters.
pub(super) fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
