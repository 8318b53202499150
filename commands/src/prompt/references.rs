//! Takes `Ayushma:` and the tail `References: [id, ...]` out of a model's text, whole or while it streams.
//!
//! What is shown does not depend on how the text was cut into deltas.

use domain::ids::DocumentId;

const SPEAKER: &str = "Ayushma:";
const TAIL: &str = "References:";

/// The text for people, and the documents that the tail names: those that were retrieved, in the tail's order.
pub fn split_references(text: &str, retrieved: &[DocumentId]) -> (String, Vec<DocumentId>) {
    let mut filter = ReferenceFilter::default();
    let mut shown = filter.push(text);
    shown.push_str(&filter.finish());
    let tail = text.split_once(TAIL).map_or("", |(_, tail)| tail);
    let mut cited: Vec<DocumentId> = Vec::new();
    for word in tail.split(|c: char| !c.is_ascii_hexdigit() && c != '-') {
        if let Ok(id) = word.trim_matches('-').parse()
            && retrieved.contains(&id)
            && !cited.contains(&id)
        {
            cited.push(id);
        }
    }
    (shown, cited)
}

/// Says of a streamed text what may be shown now. It holds back only what may yet turn out to be one of the marks,
/// and white space and Markdown signs, because those before the tail belong to it.
#[derive(Debug, Default)]
pub struct ReferenceFilter {
    held: String,
    has_shown: bool,
    in_tail: bool,
}

impl ReferenceFilter {
    /// The text that may be shown after this delta.
    pub fn push(&mut self, delta: &str) -> String {
        if self.in_tail {
            return String::new();
        }
        self.held.push_str(delta);
        let mut shown = String::new();
        loop {
            let speaker = self.held.find(SPEAKER);
            let tail = self.held.find(TAIL);
            match (speaker, tail) {
                (Some(at), tail) if tail.is_none_or(|tail| at < tail) => {
                    self.show(at, &mut shown);
                    self.held.drain(..SPEAKER.len());
                }
                (_, Some(at)) => {
                    self.show(decoration_start(&self.held[..at]), &mut shown);
                    self.held.clear();
                    self.in_tail = true;
                    return shown;
                }
                _ => {
                    self.show(decoration_start(&self.held[..mark_start(&self.held)]), &mut shown);
                    return shown;
                }
            }
        }
    }

    /// The rest, when the text has ended.
    pub fn finish(mut self) -> String {
        let mut shown = String::new();
        self.show(self.held.trim_end().len(), &mut shown);
        shown
    }

    /// Moves the first bytes of what is held to what is shown; the text begins with its first visible character.
    fn show(&mut self, bytes: usize, shown: &mut String) {
        let text: String = self.held.drain(..bytes).collect();
        let text = if self.has_shown { text.as_str() } else { text.trim_start() };
        self.has_shown |= !text.is_empty();
        shown.push_str(text);
    }
}

/// Where the longest end of the text begins that is the beginning of a mark.
fn mark_start(text: &str) -> usize {
    let begins = |mark: &str| (1..mark.len()).rev().find(|length| text.ends_with(&mark[..*length])).unwrap_or(0);
    text.len() - begins(SPEAKER).max(begins(TAIL))
}

/// Where the white space and Markdown signs at the end of the text begin.
fn decoration_start(text: &str) -> usize {
    text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '#' | '_')).len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const ONE: DocumentId = DocumentId::new(Uuid::from_u128(0xabc1));
    const TWO: DocumentId = DocumentId::new(Uuid::from_u128(0xabc2));

    fn streamed<'a>(deltas: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut filter = ReferenceFilter::default();
        let mut shown: Vec<String> = deltas.into_iter().map(|delta| filter.push(delta)).collect();
        shown.push(filter.finish());
        shown
    }

    #[test]
    fn prefix_and_tail_are_taken_away_and_the_ids_returned_in_order() {
        let text = format!(" Ayushma: Rest.\n\nReferences: [{TWO}, {ONE}]");
        assert_eq!(split_references(&text, &[ONE, TWO]), ("Rest.".to_owned(), vec![TWO, ONE]));
    }

    #[test]
    fn ids_may_be_spelled_in_every_way_and_without_brackets() {
        let text = format!("x References: \"{}\" - {{{}}}.", TWO.value().simple(), ONE.to_string().to_uppercase());
        assert_eq!(split_references(&text, &[ONE, TWO]).1, [TWO, ONE]);
    }

    #[test]
    fn ids_that_were_not_retrieved_or_are_repeated_are_dropped() {
        let text = format!("x\nReferences: [{TWO}, {ONE}, {ONE}, nonsense]");
        assert_eq!(split_references(&text, &[ONE]).1, [ONE]);
    }

    #[test]
    fn markdown_around_the_tail_goes_with_it() {
        assert_eq!(split_references("Rest.\n\n**References:** []", &[]).0, "Rest.");
        assert_eq!(split_references("Rest.\n\n### References:\n- x", &[]).0, "Rest.");
    }

    #[test]
    fn a_text_without_marks_is_left_as_it_is() {
        assert_eq!(split_references("Ayush: see the Reference", &[]).0, "Ayush: see the Reference");
    }

    #[test]
    fn marks_split_across_deltas_never_show() {
        let shown = streamed(["Ay", "ushma", ": Take", " rest.", "\n\n*", "*Refer", "ences", ": [1", "]"]);
        assert_eq!(shown.concat(), "Take rest.");
    }

    #[test]
    fn ordinary_text_is_shown_as_it_comes() {
        let shown = streamed(["Rest", " and", " a Reference", " book"]);
        assert_eq!(shown, ["Rest", " and", " a", " Reference book", ""]);
    }

    proptest! {
        #[test]
        fn the_cut_into_deltas_changes_nothing(
            parts in prop::collection::vec("Ayushma:|References:|Ref|A|\\*|\n| |é|[a-z:]{1,4}", 0..12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let text = parts.concat();
            let mut ends: Vec<usize> = cuts.iter().map(|cut| (0..=cut.index(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)).collect();
            ends.extend([0, text.len()]);
            ends.sort_unstable();
            let deltas = ends.windows(2).map(|ends| &text[ends[0]..ends[1]]);
            prop_assert_eq!(streamed(deltas).concat(), split_references(&text, &[]).0);
        }
    }
}
