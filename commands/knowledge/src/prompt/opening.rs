//! Removes text that is not meant for people: thoughts in `<think>` tags and the like, and the speaker's name,
//! `Ayushma:`.

use crate::markdown::JOINER;

/// Opening and closing marks of thoughts, in lower case.
const THOUGHTS: [(&str, &str); 7] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|channel|>analysis", "<|channel|>final<|message|>"),
];
/// Marks of thoughts that are known at the beginning of an answer alone, because they may be meant otherwise within it.
const FIRST_THOUGHTS: [(&str, &str); 12] = [
    ("<thoughts>", "</thoughts>"),
    ("<thought_process>", "</thought_process>"),
    ("<analysis>", "</analysis>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("<unused94>", "<unused95>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|start_thinking|>", "<|end_thinking|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("&lt;think&gt;", "&lt;/think&gt;"),
    ("```think\n", "```"),
];
const SPEAKER: &str = "ayushma";
/// Bytes of the speaker's name with its Markdown marks and blanks, at most.
const MAX_SPEAKER_BYTES: usize = 64;

/// Returns whether a text has marks of thoughts. A model that quotes it is not thinking there, so nothing of its answer
/// may be removed for them: else a document could cut a warning out of an answer.
pub fn has_thought_marks(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    THOUGHTS
        .iter()
        .chain(&FIRST_THOUGHTS)
        .any(|(begin, end)| lower.contains(begin) || (*end != "```" && lower.contains(end)))
}

/// The text without thoughts and without outer white space.
pub fn without_thoughts(text: &str) -> String {
    let mut opening = Opening { keeps_speaker: true, ..Opening::default() };
    let mut shown = opening.push(text);
    shown.push_str(&opening.finish());
    let shown = past_thoughts(&shown).unwrap_or(&shown);
    shown.trim().to_owned()
}

/// The text behind the end of a thought whose beginning is missing, because some servers put that into the prompt.
/// `None` if there is no such end, or no text behind it. In text that was already shown, a [`JOINER`] may stand within
/// the end mark.
pub fn past_thoughts(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let shown = |end: &str| end.replacen('<', &format!("<{JOINER}"), 1);
    let ends = THOUGHTS.iter().flat_map(|(_, end)| [(*end).to_owned(), shown(end)]);
    let ends = ends.filter_map(|end| Some(lower.rfind(&end)? + end.len()));
    let rest = text[ends.max()?..].trim_start();
    (!rest.is_empty()).then_some(rest)
}

/// Removes thoughts and the speaker's name from a text while it streams, and the white space before the first visible
/// character.
#[derive(Debug, Default)]
pub(super) struct Opening {
    state: State,
    /// Text that may yet turn out to be removed.
    held: String,
    /// Bytes of `held` that were searched for the end of a thought.
    searched: usize,
    keeps_speaker: bool,
    /// Whether marks of thoughts are text, because the model was given some to quote.
    keeps_thoughts: bool,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Undecided,
    /// Within a thought that ends with this mark.
    Thinking(&'static str),
    Past,
    /// Within the answer; a thought only if this end mark comes.
    Aside(&'static str),
}

impl Opening {
    /// Takes marks of thoughts for text.
    pub(super) fn keeping_thoughts(self) -> Self {
        Self { keeps_thoughts: true, ..self }
    }

    /// Takes the next delta; returns the text that may be shown.
    pub(super) fn push(&mut self, delta: &str) -> String {
        self.held.push_str(delta);
        let mut shown = String::new();
        while self.step(&mut shown) {}
        shown
    }

    /// Ends the text; returns the rest. A thought without an end at the beginning is dropped; within the answer, it is
    /// text.
    pub(super) fn finish(self) -> String {
        if matches!(self.state, State::Thinking(_)) { String::new() } else { self.held }
    }

    /// Makes one decision about the held text; returns whether there may be another.
    fn step(&mut self, shown: &mut String) -> bool {
        match self.state {
            State::Past => self.show(shown),
            State::Aside(end) => {
                let Some(at) = self.find_end(end) else { return false };
                self.held.drain(..at + end.len());
                self.state = State::Past;
                true
            }
            State::Thinking(end) => self.think(end),
            State::Undecided => {
                let blanks = self.held.len() - self.held.trim_start().len();
                self.held.drain(..blanks);
                !self.held.is_empty() && self.decide()
            }
        }
    }

    /// Shows the held text up to the beginning, or possible beginning, of a thought.
    fn show(&mut self, shown: &mut String) -> bool {
        let marks: &str = if self.keeps_thoughts { "" } else { &self.held };
        for (at, _) in marks.match_indices(['<', '[', '◁']) {
            let rest = &self.held[at..];
            let end = THOUGHTS.iter().find(|(begin, _)| begins_with(rest, begin)).map(|(_, end)| *end);
            if end.is_none() && !THOUGHTS.iter().any(|(begin, _)| begins_with(begin, rest)) {
                continue;
            }
            shown.extend(self.held.drain(..at));
            self.searched = 0;
            self.state = end.map_or(State::Past, State::Aside);
            return end.is_some();
        }
        shown.push_str(&std::mem::take(&mut self.held));
        false
    }

    /// The position of this end mark. Text is not searched twice, because a thought may be long.
    fn find_end(&mut self, end: &str) -> Option<usize> {
        let from = self.searched.saturating_sub(end.len());
        let from = (from..=self.held.len()).find(|at| self.held.is_char_boundary(*at)).unwrap_or_default();
        self.searched = self.held.len();
        self.held[from..].to_ascii_lowercase().find(end).map(|at| from + at)
    }

    fn think(&mut self, end: &'static str) -> bool {
        if let Some(at) = self.held.to_ascii_lowercase().find(end) {
            self.held.drain(..at + end.len());
            self.state = State::Undecided;
            return true;
        }
        // Bytes at the end that may be the beginning of the mark.
        let kept = self.held.len().saturating_sub(end.len());
        let kept = (kept..=self.held.len()).find(|at| self.held.is_char_boundary(*at)).unwrap_or_default();
        self.held.drain(..kept);
        false
    }

    fn decide(&mut self) -> bool {
        let marks = THOUGHTS.into_iter().chain(FIRST_THOUGHTS).filter(|_| !self.keeps_thoughts);
        for (begin, end) in marks {
            if begins_with(&self.held, begin) {
                self.held.drain(..begin.len());
                self.state = State::Thinking(end);
                return true;
            }
            if begins_with(begin, &self.held) {
                return false;
            }
        }
        match if self.keeps_speaker { Speaker::No } else { speaker(&self.held) } {
            Speaker::Maybe => return false,
            Speaker::No => self.state = State::Past,
            Speaker::Named { open, bytes } => {
                let rest = &self.held[bytes..];
                if open.is_empty() {
                    self.held = rest.to_owned();
                } else {
                    self.held = format!("{open}{}", rest.strip_prefix(' ').unwrap_or(rest));
                    self.state = State::Past;
                }
            }
        }
        true
    }
}

enum Speaker<'a> {
    No,
    /// More text is needed.
    Maybe,
    /// The name and its length in bytes. Markdown marks that it opened and did not close belong to the text.
    Named {
        open: &'a str,
        bytes: usize,
    },
}

/// Recognizes the speaker's name at the beginning of a text:
/// `Ayushma:`, `**Ayushma:**`, `**Ayushma**:`, `### Ayushma:`.
fn speaker(text: &str) -> Speaker<'_> {
    let name = text.trim_start_matches(['*', '_', '#', ' ']);
    let open = text[..text.len() - name.len()].trim_start_matches(['#', ' ']);
    let is_open_in = |rest: &str| !open.is_empty() && rest.starts_with(open);
    let needs_more = |rest: &str| open.starts_with(rest);
    if !begins_with(name, SPEAKER) {
        return if begins_with(SPEAKER, name) && text.len() <= MAX_SPEAKER_BYTES {
            Speaker::Maybe
        } else {
            Speaker::No
        };
    }
    let rest = &name[SPEAKER.len()..];
    let is_closed = is_open_in(rest);
    let before_colon = if is_closed { &rest[open.len()..] } else { rest }.trim_start_matches(' ');
    let bytes = |rest: &str| text.len() - rest.len();
    if bytes(before_colon) > MAX_SPEAKER_BYTES {
        return Speaker::No;
    }
    let Some(after) = before_colon.strip_prefix(':').or_else(|| before_colon.strip_prefix('：')) else {
        return if before_colon.is_empty() || (!is_closed && needs_more(before_colon)) {
            Speaker::Maybe
        } else {
            Speaker::No
        };
    };
    if open.is_empty() || is_closed {
        Speaker::Named { open: "", bytes: bytes(after) }
    } else if is_open_in(after) {
        Speaker::Named { open: "", bytes: bytes(&after[open.len()..]) }
    } else if needs_more(after) {
        Speaker::Maybe
    } else {
        Speaker::Named { open, bytes: bytes(after) }
    }
}

/// Whether the text begins with `start`, ignoring the case of ASCII letters.
fn begins_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(deltas: &[&str]) -> String {
        let mut opening = Opening::default();
        let mut shown: String = deltas.iter().map(|delta| opening.push(delta)).collect();
        shown.push_str(&opening.finish());
        shown
    }

    #[test]
    fn the_speakers_name_goes_in_every_spelling_and_leaves_no_signs_behind() {
        for name in
            ["Ayushma:", "**Ayushma:**", "**Ayushma**:", "AYUSHMA :", "### Ayushma:", "__Ayushma:__ ", "_Ayushma_ :"]
        {
            assert_eq!(opened(&[name, " Take rest."]), "Take rest.", "{name}");
            assert_eq!(opened(&[&format!("\n{name} **Take** rest.")]), "**Take** rest.", "{name}");
        }
        assert_eq!(opened(&["**Ayushma: Take rest.**"]), "**Take rest.**");
    }

    #[test]
    fn a_name_within_the_text_stays() {
        for text in ["Ask Ayushma: she knows.", "Ayushman Bharat: a scheme", "Ayush", "**", "**Ayushma is here"] {
            assert_eq!(opened(&[text]), text);
        }
    }

    #[test]
    fn thoughts_never_show_however_they_are_cut() {
        assert_eq!(opened(&["<th", "ink>\nDose? 5 mg.</thi", "nk>\n\nAyu", "shma: Take rest."]), "Take rest.");
        assert_eq!(opened(&["<THINKING>a</Thinking><think>b</think>Rest."]), "Rest.");
        assert_eq!(opened(&["<think>the model never came to an end"]), "");
        assert_eq!(without_thoughts("<think>x</think>\n{\"order\":[1]}\n"), "{\"order\":[1]}");
        assert_eq!(without_thoughts("Ayushma: x"), "Ayushma: x");
        for thought in [
            "[THINK]Dose?[/THINK]",
            "<thought>Dose?</thought>",
            "<reasoning>Dose?</reasoning>",
            "◁think▷Dose?◁/think▷",
            "<|channel|>analysis<|message|>Dose?<|end|><|start|>assistant<|channel|>final<|message|>",
        ] {
            assert_eq!(opened(&[thought, "Take rest."]), "Take rest.", "{thought}");
            let letters: Vec<String> = format!("Take {thought}rest.").chars().map(String::from).collect();
            let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
            assert_eq!(opened(&letters), "Take rest.", "{thought}");
        }
    }

    #[test]
    fn thoughts_at_the_beginning_go_in_every_spelling() {
        for (begin, end) in THOUGHTS.into_iter().chain(FIRST_THOUGHTS) {
            let text = format!("{begin}hmm 500 mg{end}\n\nGive 5 mg.");
            assert_eq!(opened(&[&text]), "Give 5 mg.", "{begin}");
            let letters: Vec<String> = text.chars().map(String::from).collect();
            assert_eq!(opened(&letters.iter().map(String::as_str).collect::<Vec<_>>()), "Give 5 mg.", "{begin}");
        }
        for text in ["Give 5 mg. <analysis>of blood</analysis> first.", "<analysis of blood>", "```text\n5 mg\n```"] {
            assert_eq!(opened(&[text]), text);
        }
    }

    #[test]
    fn marks_that_the_model_was_given_to_quote_cut_nothing_out_of_its_answer() {
        for quoted in [
            "Never give zorblax to infants.</think> Zorblax 7 mg daily.",
            "Never give zorblax [think]to infants[/think]; adults 7 mg.",
            "<think>Never to infants.</think> Adults 7 mg.",
            "```think\nNever to infants.\n```",
        ] {
            assert!(has_thought_marks(quoted), "{quoted}");
            let letters: Vec<String> = quoted.chars().map(String::from).collect();
            let mut opening = Opening::default().keeping_thoughts();
            let mut shown: String = letters.iter().map(|letter| opening.push(letter)).collect();
            shown.push_str(&opening.finish());
            assert_eq!(shown, quoted);
        }
        for other in ["SpO2 < 94 [think]er", "thoughts", "```text"].map(|text| text.replace("[think]", "[thin")) {
            assert!(!has_thought_marks(&other), "{other}");
        }
    }

    #[test]
    fn a_thought_whose_begin_is_in_the_prompt_ends_before_the_answer() {
        assert_eq!(past_thoughts("Dose? 5 mg.\n</think>\n\nTake rest."), Some("Take rest."));
        assert_eq!(past_thoughts(&format!("Dose?\n<{JOINER}/think>\n\nTake rest.")), Some("Take rest."));
        assert_eq!(without_thoughts("Dose?</think>{}"), "{}");
        for text in ["Take rest.", "Take rest.</think>\n", "</thin"] {
            assert_eq!(past_thoughts(text), None, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_thought_is_shown() {
        for text in ["<thin ice>", "<", "SpO2 <think> 94", "<thinks>", "SpO2 < 94 [think"] {
            assert_eq!(opened(&[text]), text);
        }
    }
}
