//! Finds the complete sentences of a text that is still being written, and cuts long texts into pieces.

use super::{bounds, has_ended};

/// The end of the first complete sentences of a text; `None` if none is certainly complete. Line breaks may be those of
/// a paragraph, so that a line without a mark ends only at an empty line; a table is kept whole, and a heading or
/// "Never give:" stays with the text below it.
pub fn end_of_whole_sentences(text: &str) -> Option<usize> {
    let mut end = None;
    let mut start = 0;
    while start < text.len() {
        let (paragraph, length) = first_paragraph(&text[start..]);
        if !paragraph.lines().any(is_row) {
            let on_one_line = paragraph.replace(['\r', '\n'], " ");
            end = bounds(&on_one_line).last().map(|bound| start + bound).or(end);
        }
        start += length;
        let is_followed = length > paragraph.len();
        if is_followed && !leads(paragraph) {
            end = Some(start);
        }
    }
    end
}

/// The text up to an empty line, and its length with the empty lines behind it.
fn first_paragraph(text: &str) -> (&str, usize) {
    let mut paragraph = 0;
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        let is_empty = line.trim_start_matches(['>', ' ', '\t']).trim().is_empty();
        // A line is known to be empty only when it has ended.
        if is_empty && !line.ends_with('\n') {
            return (text, text.len());
        }
        if !is_empty && length > paragraph {
            break;
        }
        length += line.len();
        if !is_empty {
            paragraph = length;
        }
    }
    (&text[..paragraph], length)
}

/// Whether it has little meaning without the text that follows.
fn leads(paragraph: &str) -> bool {
    let last = paragraph.trim_end().lines().next_back().unwrap_or_default().trim_start_matches(['>', ' ']);
    let is_item = last.starts_with(['-', '*', '•', '+']) || last.starts_with(|c: char| c.is_ascii_digit());
    !last.is_empty() && !is_row(last) && (last.ends_with(':') || !(is_item || has_ended(last)))
}

/// Whether the line is a row of a Markdown table, also within a quote.
fn is_row(line: &str) -> bool {
    line.trim_start_matches(['>', ' ']).starts_with('|')
}

/// Whether a line is the rule below a table's head, which marks it as the head and aligns the columns.
pub fn is_rule_of_table(line: &str) -> bool {
    line.contains('-')
        && line.contains('|')
        && line.chars().all(|c| matches!(c, '|' | '-' | ':' | '>') || c.is_whitespace())
}

/// Cuts the text into pieces of at most `max_bytes` bytes: after sentences where possible, else at line breaks or
/// blanks, else anywhere.
pub fn pieces(text: &str, max_bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > max_bytes {
        let mut fitting = max_bytes;
        while !rest.is_char_boundary(fitting) {
            fitting -= 1;
        }
        let start = &rest[..fitting];
        let line = || start.rfind('\n').map(|at| at + 1);
        let blank = || start.rfind(char::is_whitespace).filter(|at| *at > 0);
        let first_character = rest.chars().next().map_or(1, char::len_utf8);
        let sentences = end_of_whole_sentences(start);
        let cut = sentences.or_else(line).or_else(blank).unwrap_or(fitting).max(first_character);
        let (piece, after) = rest.split_at(cut);
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Splits off the leading and trailing blanks, which services drop; returns them before and after the text.
pub fn without_outer_blanks(text: &str) -> (&str, &str, &str) {
    let core = text.trim();
    let start = text.len() - text.trim_start().len();
    if core.is_empty() {
        return (text, "", "");
    }
    (&text[..start], core, &text[start + core.len()..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parts that are released of a text that comes letter by letter.
    fn streamed(text: &str) -> Vec<String> {
        let (mut worked_on, mut waiting) = (Vec::new(), String::new());
        for letter in text.chars() {
            waiting.push(letter);
            if let Some(end) = end_of_whole_sentences(&waiting) {
                worked_on.push(waiting.drain(..end).collect::<String>());
            }
        }
        worked_on.push(waiting);
        worked_on.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
    }

    #[test]
    fn a_sentence_is_whole_when_the_next_one_begins() {
        assert_eq!(end_of_whole_sentences("Give 2.5 ml"), None);
        assert_eq!(end_of_whole_sentences("Give 2.5 ml. Then"), Some("Give 2.5 ml. ".len()));
        assert_eq!(end_of_whole_sentences("पानी दें। फिर"), Some("पानी दें। ".len()));
        assert_eq!(end_of_whole_sentences("- zinc\n- salt\n\nThen"), Some("- zinc\n- salt\n\n".len()));
    }

    #[test]
    fn a_warning_is_translated_with_the_dose_that_it_is_about() {
        let text = "Never give Inj. Adrenaline 1 mg undiluted to a patient with a pulse. Not more than approx. 40 g. Max. 4 g.";
        let whole = [
            "Never give Inj. Adrenaline 1 mg undiluted to a patient with a pulse.",
            "Not more than approx. 40 g. Max. 4 g.",
        ];
        assert_eq!(streamed(text), whole);
        assert_eq!(streamed("No. 5 is next.\n\nRest."), ["No. 5 is next.", "Rest."]);
    }

    #[test]
    fn a_table_or_a_list_with_its_lead_is_translated_as_a_whole() {
        let table = "| Drug | Dose |\n|---|---|\n| Inj. Zinc. Slow | 4 g |";
        let list = "Never give:\n\n- Aspirin\n- Codeine";
        assert_eq!(streamed(&format!("{table}\n\n{list}\n\nRest.")), [table, list, "Rest."]);
        assert_eq!(streamed("Aspirin should not\nbe given. Rest."), ["Aspirin should not\nbe given.", "Rest."]);
        assert!(is_rule_of_table("|---|:-:|") && !is_rule_of_table("| - 5 | x |"));
    }

    #[test]
    fn pieces_end_with_sentences_where_they_can() {
        assert_eq!(pieces("One. Two. Three.", 11), ["One. Two. ", "Three."]);
        assert_eq!(pieces("word word", 6), ["word", " word"]);
        assert_eq!(pieces("മരുന്ന്", 4), ["മ", "ര", "ു", "ന", "്", "ന", "്"]);
    }

    #[test]
    fn outer_blanks_are_kept_apart() {
        assert_eq!(without_outer_blanks("\n a b \n"), ("\n ", "a b", " \n"));
        assert_eq!(without_outer_blanks("  "), ("  ", "", ""));
    }

    proptest! {
        #[test]
        fn pieces_are_the_text_again_and_fit(text in any::<String>(), max in 4_usize..40) {
            let pieces = pieces(&text, max);
            prop_assert_eq!(&pieces.concat(), &text);
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= max));
        }
    }
}
