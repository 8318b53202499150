//! Selects the blocks of a long stretch that are shown: consecutive paragraphs, lists and tables, with all blocks that
//! are needed to understand them. In doubt more is shown.

use super::scoring::{Question, Words};
use crate::{retrieval::is_row, sentences::has_ended};

/// Characters up to which a stretch is shown whole.
const LONGEST_WHOLE: usize = 600;
/// The share of the best paragraph's score below which a paragraph need not be shown.
const MIN_OF_BEST: f32 = 0.7;
/// Words beyond which a line without a mark at its end is no lead-in to the lines below it.
const LONGEST_LEAD: usize = 12;
/// Characters up to which a paragraph is too short to stand alone: "Not in asthma."
const SHORT: usize = 60;
/// Characters up to which a paragraph that contains a caution belongs to the one before; a longer one has to begin with
/// it.
const SHORT_CAUTION: usize = 150;
/// Words at the beginning of a longer paragraph in which a caution is looked for.
const BEGINNING: usize = 6;
/// Beginnings of paragraphs that are not understood without the one before.
const CONTINUING: [&str; 60] = [
    "also",
    "although",
    "and",
    "any",
    "because",
    "both",
    "but",
    "contraindicated",
    "contraindications",
    "each",
    "either",
    "else",
    "even",
    "except",
    "exception",
    "exceptions",
    "he",
    "hence",
    "her",
    "his",
    "however",
    "if",
    "in",
    "instead",
    "it",
    "its",
    "more",
    "moreover",
    "neither",
    "nor",
    "note",
    "only",
    "or",
    "otherwise",
    "same",
    "she",
    "similarly",
    "so",
    "such",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "thus",
    "too",
    "unless",
    "until",
    "when",
    "where",
    "which",
    "while",
    "with",
    "yet",
];
/// Words of a paragraph that may forbid what the one before allows.
const CAUTIONS: [&str; 34] = [
    "not",
    "no",
    "never",
    "none",
    "cannot",
    "without",
    "avoid",
    "avoided",
    "stop",
    "stopped",
    "unless",
    "except",
    "only",
    "contraindicated",
    "contra-indicated",
    "contraindication",
    "contraindications",
    "caution",
    "warning",
    "danger",
    "beware",
    "forbidden",
    "prohibited",
    "withhold",
    "withheld",
    "reduce",
    "maximum",
    "लेकिन",
    "परन्तु",
    "परंतु",
    "किन्तु",
    "सिवाय",
    "പക്ഷേ",
    "എന്നാൽ",
];
/// Such words of Hindi and Malayalam, which are also found within compounds.
const CAUTIONS_WITHIN: [&str; 19] = [
    "नहीं",
    "मत",
    "कभी",
    "बिना",
    "वर्जित",
    "सावधानी",
    "चेतावनी",
    "केवल",
    "बचें",
    "अन्यथा",
    "രുത്",
    "ഇല്ല",
    "ില്ല",
    "അല്ല",
    "ാതെ",
    "ഒഴിവാക്ക",
    "മാത്രം",
    "മുന്നറിയിപ്പ്",
    "അല്ലെങ്കിൽ",
];
/// Beginnings of Hindi and Malayalam words that refer to the paragraph before: this, these, it, but, also.
const POINTING: [&str; 14] = ["यह", "यदि", "ये", "इस", "इन", "वह", "उस", "और", "तब", "ഇത", "ഇവ", "ഈ", "അത", "അവ"];

/// A paragraph, a list or a table, line by line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block<'a> {
    Text(Vec<&'a str>),
    /// A table by its rows.
    Table(Vec<&'a str>),
}

/// The blocks of a text, in order.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            is_open = false;
            continue;
        }
        match (blocks.last_mut().filter(|_| is_open), is_row(line)) {
            (Some(Block::Table(rows)), true) => rows.push(line),
            (Some(Block::Text(lines)), false) => lines.push(line),
            (_, true) => blocks.push(Block::Table(vec![line])),
            (_, false) => blocks.push(Block::Text(vec![line])),
        }
        is_open = true;
    }
    blocks
}

/// The range of blocks that are shown.
pub(super) fn shown(blocks: &[Block<'_>], question: &Question) -> std::ops::Range<usize> {
    let length: usize = blocks.iter().map(Block::length).sum();
    if length <= LONGEST_WHOLE {
        return 0..blocks.len();
    }
    let starts = groups(blocks);
    let weights: Vec<f32> =
        starts.windows(2).map(|group| question.weight(&Words::of(&text_of(&blocks[group[0]..group[1]])))).collect();
    let bar = MIN_OF_BEST * weights.iter().copied().fold(0.0, f32::max);
    let fits = |weight: &f32| *weight >= bar;
    let (Some(mut first), Some(mut last)) = (weights.iter().position(fits), weights.iter().rposition(fits)) else {
        return 0..blocks.len();
    };
    let block = |group: usize| &blocks[starts[group]];
    while first > 0 && block(first).needs_one_before() {
        first -= 1;
    }
    // A first line that reads like a heading may apply to all that follows.
    if !block(first).is_lead_line() {
        first = (0..first).rev().find(|group| block(*group).is_lead_line()).unwrap_or(first);
    }
    while last + 1 < weights.len() && block(last + 1).is_caution() {
        last += 1;
    }
    starts[first]..starts[last + 1]
}

/// The starts of the groups of blocks that belong together, and the end.
fn groups(blocks: &[Block<'_>]) -> Vec<usize> {
    let begins = |at: &usize| *at == 0 || !blocks[*at].belongs_to(&blocks[*at - 1]);
    (0..blocks.len()).filter(begins).chain([blocks.len()]).collect()
}

fn text_of(blocks: &[Block<'_>]) -> String {
    blocks.iter().map(|block| block.lines().join("\n")).collect::<Vec<_>>().join("\n")
}

impl<'a> Block<'a> {
    fn lines(&self) -> &[&'a str] {
        let (Self::Text(lines) | Self::Table(lines)) = self;
        lines
    }

    fn length(&self) -> usize {
        self.lines().iter().map(|line| line.chars().count()).sum()
    }

    /// Whether it belongs together with the block before it.
    fn belongs_to(&self, before: &Self) -> bool {
        match (before, self) {
            (Self::Text(before), Self::Text(lines)) => {
                let begins = lines[0].trim_start().chars().next();
                let goes_on = begins.is_none_or(|c| !c.is_alphabetic() || c.is_lowercase());
                goes_on || leads(before) || is_item(lines[0]) || self.length() <= SHORT && !leads(lines)
            }
            _ => true,
        }
    }

    /// Whether it has no meaning, or another one, without the block before.
    fn needs_one_before(&self) -> bool {
        let first = self.words().next();
        let points = |word: &str| POINTING.iter().any(|begin| word.starts_with(begin));
        self.is_caution() || first.is_some_and(|word| CONTINUING.contains(&word.as_str()) || points(&word))
    }

    /// Whether it may retract the block before.
    fn is_caution(&self) -> bool {
        let words = if self.length() <= SHORT_CAUTION { usize::MAX } else { BEGINNING };
        self.words().take(words).any(|word| {
            CAUTIONS.contains(&word.as_str())
                || word.ends_with("n't")
                || CAUTIONS_WITHIN.iter().any(|caution| word.contains(caution))
        })
    }

    /// Its words in lower case, without marks around them.
    fn words(&self) -> impl Iterator<Item = String> {
        let is_between = |c: char| c.is_whitespace() || matches!(c, '/' | '(' | ',' | ';' | '|');
        let words = self.lines().iter().flat_map(move |line| line.split(is_between));
        let plain = |word: &str| word.trim_matches(|c: char| c.is_ascii_punctuation() || c == '।').to_lowercase();
        words.map(move |word| plain(word).replace('’', "'")).filter(|word| !word.is_empty())
    }

    /// Whether it reads like a heading.
    fn is_lead_line(&self) -> bool {
        let Self::Text(lines) = self else { return false };
        let words = lines[0].split_whitespace().count();
        leads(lines) && (lines[lines.len() - 1].trim_end().ends_with(':') || lines.len() == 1 && words <= LONGEST_LEAD)
    }
}

/// Whether the line may retract the text before it.
pub(super) fn is_caution(line: &str) -> bool {
    Block::Text(vec![line]).is_caution()
}

/// Whether the lines announce what follows.
fn leads(lines: &[&str]) -> bool {
    // In Markdown the question may be in bold type.
    let last = lines.last().map_or("", |line| line.trim_end().trim_end_matches(['*', '_']));
    last.ends_with([':', '?']) || !has_ended(last) && !lines.iter().any(|line| is_item(line))
}

/// Whether the line begins with a list marker.
pub(super) fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    let marks = ['-', '–', '—', '*', '+', '•', '·', '▪', '◦', '‣', '●', '○', '■', '□', '➢', '✓', 'o'];
    let after = line.trim_start_matches(char::is_numeric);
    let is_numbered = after.len() < line.len() && line.len() - after.len() <= 12 && after.starts_with(['.', ')']);
    let is_lettered = || {
        let mut signs = line.trim_start_matches('(').chars();
        signs.next().is_some_and(char::is_alphabetic) && signs.next() == Some(')')
    };
    is_numbered && after[1..].starts_with(char::is_whitespace)
        || is_lettered()
        || line.strip_prefix(marks).is_some_and(|rest| rest.starts_with(char::is_whitespace))
}
