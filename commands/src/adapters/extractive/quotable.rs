//! What of a passage may be quoted: sentences, and lists with what leads to them.
//!
//! An item says little, or the opposite, without the words above its list; these say nothing without the list.

use unicode_segmentation::UnicodeSegmentation;

/// Shorter pieces are headings and leftovers of lists.
const MIN_WORDS: usize = 4;
/// In scripts whose languages say much in one word.
const MIN_WORDS_ELSEWHERE: usize = 2;
const BULLETS: [char; 10] = ['-', '*', '•', '·', '▪', '◦', '–', '‣', '●', '○'];
const SENTENCE_ENDS: [char; 6] = ['.', '!', '?', '।', '॥', '…'];
/// Words after which an item goes on with items of its own.
const LEADING_WORDS: [&str; 8] = ["are", "is", "include", "includes", "including", "following", "by", "as"];

/// A sentence, with what it needs to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    /// What stands above the list that it is an item of, if it is one.
    pub lead: Option<&'a str>,
    /// The items of the list that it leads to.
    pub list: Vec<&'a str>,
}

impl Piece<'_> {
    /// Appends it as a quote in Markdown. `lead` is the one of the quote before, which is not repeated.
    pub(super) fn write_after(&self, lead: Option<&str>, text: &mut String) {
        match self.lead {
            Some(own) if lead == Some(own) => text.extend(["\n> - ", self.text]),
            Some(own) => text.extend(["\n\n> ", own, "\n>\n> - ", self.text]),
            None => text.extend(["\n\n> ", self.text]),
        }
        if !self.list.is_empty() {
            text.push_str("\n>");
            self.list.iter().for_each(|item| text.extend(["\n> - ", item]));
        }
    }
}

/// A line, or a part of one that holds several items.
struct Part<'a> {
    text: &'a str,
    is_item: bool,
}

impl Part<'_> {
    /// Whether a list may follow that belongs to it.
    fn leads(&self) -> bool {
        let last_word = self.text.rsplit(' ').next().unwrap_or_default();
        let is_whole = self.text.ends_with(SENTENCE_ENDS);
        let says_more =
            self.text.ends_with(':') || LEADING_WORDS.iter().any(|word| last_word.eq_ignore_ascii_case(word));
        if self.is_item { says_more } else { !is_whole }
    }
}

/// The sentences of a passage, in its order.
pub(super) fn pieces(passage: &str) -> Vec<Piece<'_>> {
    let parts: Vec<Part<'_>> = passage.lines().flat_map(parts).filter(|part| !part.text.is_empty()).collect();
    let mut pieces = Vec::new();
    // What leads to the lists that are open, the innermost last, and where these end.
    let mut leads: Vec<(&str, usize)> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        leads.retain(|(_, end)| at < *end);
        let lead = leads.last().map(|(lead, _)| *lead);
        let list = list_after(&parts, at);
        let sentences: Vec<&str> =
            part.text.unicode_sentences().map(str::trim).filter(|text| !text.is_empty()).collect();
        if let Some(last) = sentences.last().filter(|_| !list.is_empty()) {
            leads.push((last, at + 1 + list.len()));
        }
        for (number, text) in (1..).zip(&sentences) {
            let list = if number == sentences.len() { list.clone() } else { Vec::new() };
            if !list.is_empty() || is_long(text) {
                pieces.push(Piece { text, lead, list });
            }
        }
    }
    pieces
}

fn is_long(text: &str) -> bool {
    let is_latin = text.chars().find(|c| c.is_alphabetic()).is_none_or(|c| c.is_ascii());
    text.unicode_words().count() >= if is_latin { MIN_WORDS } else { MIN_WORDS_ELSEWHERE }
}

/// The items that belong to the part at this place. Those after an item end where a whole sentence is one.
fn list_after<'a>(parts: &[Part<'a>], at: usize) -> Vec<&'a str> {
    if !parts[at].leads() {
        return Vec::new();
    }
    let is_nested = parts[at].is_item;
    let items = parts[at + 1..].iter().take_while(|part| part.is_item);
    items.take_while(|part| !(is_nested && part.text.ends_with(SENTENCE_ENDS))).map(|part| part.text).collect()
}

/// The line, or the items in it: documents made from other formats often hold whole lists in one line.
fn parts(line: &str) -> Vec<Part<'_>> {
    let line = line.trim();
    let (text, is_item) = without_marker(line);
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, dash) in text.match_indices(" - ") {
        let (before, after) = (&text[start..at], &text[at + dash.len()..]);
        // Elsewhere it is a dash, or a range: a dose is never cut in two.
        let is_range = before.ends_with(|c: char| c.is_numeric()) || after.starts_with(|c: char| c.is_numeric());
        let says_more = Part { text: before.trim(), is_item: true }.leads() || before.ends_with(SENTENCE_ENDS);
        if !is_range && (is_item || start > 0 || says_more) {
            parts.push(Part { text: before.trim(), is_item: is_item || start > 0 });
            start = at + dash.len();
        }
    }
    parts.push(Part { text: text[start..].trim(), is_item: is_item || start > 0 });
    parts
}

/// The line without the bullet or number of an item, and whether there was one.
fn without_marker(line: &str) -> (&str, bool) {
    let after_bullet = line.strip_prefix(BULLETS);
    let after_number = || {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let rest = &line[digits..];
        (1..=2).contains(&digits).then(|| rest.strip_prefix(['.', ')'])).flatten()
    };
    let rest = after_bullet.or_else(after_number).filter(|rest| rest.starts_with(char::is_whitespace));
    rest.map_or((line, false), |rest| (rest.trim_start(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(passage: &str, of: &str) -> String {
        let mut text = String::new();
        let pieces = pieces(passage);
        let piece = pieces.iter().find(|piece| piece.text.starts_with(of)).expect("there is such a piece");
        piece.write_after(None, &mut text);
        text.trim().to_owned()
    }

    #[test]
    fn a_list_comes_with_what_leads_to_it() {
        for list in [
            "- fatigue - weight gain - a puffy face",
            "- fatigue\n- weight gain\n- a puffy face",
            "1. fatigue\n2. weight gain\n3. a puffy face",
        ] {
            let passage = format!(
                "It has many symptoms. Some common symptoms of it are\n\n{list}\n\nHowever, it develops slowly."
            );
            let expected = "> Some common symptoms of it are\n>\n> - fatigue\n> - weight gain\n> - a puffy face";
            assert_eq!(quoted(&passage, "Some common"), expected);
        }
    }

    #[test]
    fn an_item_comes_with_what_stands_above_its_list() {
        let passage = "Never give:\n- Aspirin to children under 16 years\n- Codeine to children under 12 years";
        assert_eq!(quoted(passage, "Aspirin"), "> Never give:\n>\n> - Aspirin to children under 16 years");
        let nested = "- It is a common disorder. - It has several causes, including - one disease - another one - Women have it more often than men.";
        assert_eq!(quoted(nested, "It has"), "> It has several causes, including\n>\n> - one disease\n> - another one");
        assert_eq!(quoted(nested, "Women"), "> Women have it more often than men.");
    }

    #[test]
    fn a_dash_or_a_range_is_no_list() {
        let passage = "Give morphine 5 - 10 mg every four hours - never more than that.";
        assert_eq!(quoted(passage, "Give"), format!("> {passage}"));
        assert_eq!(
            quoted("- Give morphine 5 - 10 mg every four hours", "Give"),
            "> Give morphine 5 - 10 mg every four hours"
        );
    }

    #[test]
    fn a_number_at_the_beginning_of_a_line_is_not_always_a_marker() {
        assert_eq!(quoted("2.5 mg of it are given daily.", "2.5"), "> 2.5 mg of it are given daily.");
        assert_eq!(quoted("20 mg of it are given daily.", "20"), "> 20 mg of it are given daily.");
    }
}
