//! Passages without the halves of sentences that they may begin and end with.
//!
//! A document is cut between lines, too, so that a passage can end with "Aspirin should not". Where the passage that goes on is at
//! hand, the sentence is made whole; else it is not quoted.

use std::borrow::Cow;

use crate::{
    ports::Passage,
    retrieval::{passages::MAX_TOKENS, tokens::Tokens},
    sentences::{ends_between, has_ended, sentences},
};

/// Bytes that two passages have in common if one goes on with the other, at least and at most.
const OVERLAP: std::ops::RangeInclusive<usize> = 8..=1_024;
const BREAK: &str = "\n\n";

/// What may be quoted of each passage, and whether a list that it begins with may have begun before it.
pub(super) fn excerpts(passages: &[Passage]) -> Vec<(Cow<'_, str>, bool)> {
    passages.iter().map(|passage| (excerpt(passage, passages), may_be_cut(passage))).collect()
}

fn excerpt<'a>(passage: &'a Passage, passages: &'a [Passage]) -> Cow<'a, str> {
    let others = || {
        let is_same = |other: &&Passage| {
            (other.document_id, other.document_version) == (passage.document_id, passage.document_version)
                && other.chunk_id != passage.chunk_id
        };
        passages.iter().filter(is_same)
    };
    let text = passage.text.as_str();
    let before = others().filter_map(|other| Some((other.text.as_str(), overlap(&other.text, text)?)));
    let begins_within = match before.max_by_key(|(_, overlap)| *overlap) {
        Some((before, overlap)) => !is_bound(&before[..before.len() - overlap], text),
        None => may_be_cut(passage) && looks_begun(text),
    };
    let after = others().filter_map(|other| Some(&other.text[overlap(text, &other.text)?..]));
    let rest = after.min_by_key(|rest| rest.len()).map(|rest| rest.split(BREAK).next().unwrap_or_default());
    let whole = rest.filter(|rest| !rest.is_empty()).map_or(Cow::Borrowed(text), |rest| [text, rest].concat().into());
    let start = if begins_within { after_first_sentence(&whole) } else { 0 };
    let end = if may_be_cut(passage) { before_begun_sentence(&whole).max(start) } else { whole.len() };
    match whole {
        Cow::Borrowed(text) => text[start..end].into(),
        Cow::Owned(text) => text[start..end].to_owned().into(),
    }
}

/// How many bytes at the beginning of one text the other one ends with.
fn overlap(before: &str, after: &str) -> Option<usize> {
    let lengths = after.char_indices().map(|(at, _)| at).chain([after.len()]).take_while(|at| at <= OVERLAP.end());
    lengths.filter(|length| OVERLAP.contains(length) && before.ends_with(&after[..*length])).last()
}

/// Whether a sentence, a line of a list or a paragraph ends between these texts.
fn is_bound(before: &str, after: &str) -> bool {
    before.trim().is_empty()
        || before.ends_with(BREAK)
        || ends_between(before.trim_end(), after)
        || before.ends_with('\n') && after.starts_with(['•', '▪', '●', '|', '#'])
}

/// A short passage of a document without pages is a whole section, or the end of one.
fn may_be_cut(passage: &Passage) -> bool {
    passage.page.is_some() || Tokens::count(&passage.text) > MAX_TOKENS / 2
}

/// "be given to children", "20 mg in a day".
fn looks_begun(text: &str) -> bool {
    let without_number = text.trim_start_matches(char::is_numeric);
    let is_after_number = without_number.len() < text.len();
    let rest = if is_after_number { without_number.trim_start() } else { text };
    rest.starts_with(|c: char| c.is_lowercase() || matches!(c, ',' | ';'))
}

fn after_first_sentence(text: &str) -> usize {
    let paragraph = text.split(BREAK).next().unwrap_or_default();
    let line = paragraph.replace('\n', " ");
    sentences(&line).first().map_or(0, |first| first.len() + line.len() - line.trim_start().len())
}

/// Where the sentence begins that the text only begins; its end, if there is none.
fn before_begun_sentence(text: &str) -> usize {
    let text = text.trim_end();
    let start = text.rfind(BREAK).map_or(0, |at| at + BREAK.len());
    let line = text[start..].replace('\n', " ");
    let sentences = sentences(&line);
    // A single line without a stop may be a heading, an item or a row.
    let is_running = sentences.len() > 1 || text[start..].lines().count() > 1;
    let is_list = text[start..].lines().next_back().is_some_and(|line| line.starts_with(['-', '*', '•', '|', '#']));
    match sentences.last() {
        Some(last) if is_running && !is_list && !has_ended(last) => text.len() - last.len(),
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChunkId, DocumentId};
    use uuid::Uuid;

    use super::*;

    fn page(number: u128, text: &str) -> Passage {
        Passage {
            document_id: DocumentId::new(Uuid::from_u128(1)),
            document_version: 1,
            chunk_id: ChunkId::new(Uuid::from_u128(number)),
            content_hash: String::new(),
            title: "Guide".to_owned(),
            headings: String::new(),
            page: Some(1),
            text: text.to_owned(),
            score: 1.0,
        }
    }

    fn texts(passages: &[Passage]) -> Vec<String> {
        excerpts(passages).into_iter().map(|(text, _)| text.into_owned()).collect()
    }

    const FIRST: &str = "Give zinc to all. For fever, Aspirin should not";
    const SECOND: &str = "For fever, Aspirin should not\nbe given to children. Give salt.";

    #[test]
    fn half_a_warning_at_the_end_of_a_passage_is_not_quoted() {
        assert_eq!(texts(&[page(1, FIRST)]), ["Give zinc to all. "]);
        assert_eq!(texts(&[page(1, "be given to children. Give salt.")]), [" Give salt."]);
        assert_eq!(texts(&[page(1, "20 mg must never\nbe given. Give salt.")]), [" Give salt."]);
    }

    #[test]
    fn a_warning_that_goes_on_in_the_next_passage_is_quoted_whole() {
        let whole = "Give zinc to all. For fever, Aspirin should not\nbe given to children. Give salt.";
        assert_eq!(texts(&[page(1, FIRST), page(2, SECOND)]), [whole, SECOND]);
        let torn = page(2, "Aspirin should not\nbe given to children. Give salt.");
        assert_eq!(texts(&[torn, page(1, FIRST)]), [" Give salt.", whole]);
    }

    #[test]
    fn what_needs_no_stop_is_quoted() {
        for text in ["Never give:\n\n- Aspirin to children\n- Codeine", "Doses of zinc", "Rest helps. Give salt."] {
            assert_eq!(texts(&[page(1, text)]), [text]);
        }
    }
}
