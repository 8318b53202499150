//! Answers in the language of the question: translated in whole sentences, tables and lists, while the model still
//! writes.

use std::borrow::Cow;

use domain::chat::{AnswerFailure, Stage};
use secrecy::SecretString;
use tokio::sync::mpsc;

use super::{
    Answering,
    compose::{Draft, Failure, Written},
    languages::{TranslationFailed, is_english},
};
use knowledge::prompt::Markup;
use knowledge::{
    markdown::written,
    sentences::{end_of_whole_sentences, is_rule_of_table},
};

/// A translated answer.
pub(crate) struct Translated {
    pub text: String,
    /// The time from the first sentence to the last.
    pub stage: Stage,
}

/// The part (1/64) by which an unfinished text has to grow before it is examined again, so that a long text is not
/// examined for each word.
const GROWTH: usize = 64;

/// The Markdown for a line break within a paragraph.
const HARD_BREAK: &str = "  \n";

/// The notice for a question that cannot be understood without a translator.
const NO_TRANSLATOR: &str = "[Translation] No translator is configured on this server, and no reference document answers \
this question in its own language. Please ask in English, or let an administrator configure a translator.";

impl Answering {
    /// Lets the model answer a question in this language. `is_in_english` tells whether the draft's question is in
    /// English.
    pub(crate) async fn write_for(
        &self,
        language: &str,
        is_in_english: bool,
        draft: Draft<'_>,
        show: impl Fn(String) + Send,
    ) -> Result<(Written, Option<Translated>), Failure> {
        if !is_english(language) && is_in_english {
            let (written, translated) = self.write_in(language, draft, show).await?;
            return Ok((written, Some(translated)));
        }
        // A language model reads other languages than English; the built-in answerer does not.
        if is_in_english || !self.model.is_built_in() {
            return Ok((self.write(draft, show).await?, None));
        }
        let written = self.write(draft, |_| {}).await?;
        if written.citations.is_empty() {
            return Err(Failure { notice: Some(NO_TRANSLATOR), ..Failure::new(AnswerFailure::TranslationFailed) });
        }
        show(written.text.clone());
        Ok((written, None))
    }

    /// Lets the model write in English, and shows the answer in another language, in whole sentences.
    async fn write_in(
        &self,
        language: &str,
        draft: Draft<'_>,
        show: impl Fn(String) + Send,
    ) -> Result<(Written, Translated), Failure> {
        let key = draft.key.clone();
        let (english, sentences) = mpsc::unbounded_channel();
        // The closure owns the channel's sender, so that the sentences end when the model has written.
        let writing = self.write(draft, move |text| drop(english.send(text)));
        let translating = self.interpret(sentences, language, key.as_ref(), show);
        tokio::try_join!(writing, translating)
    }

    async fn interpret(
        &self,
        mut english: mpsc::UnboundedReceiver<String>,
        language: &str,
        key: Option<&SecretString>,
        show: impl Fn(String) + Send,
    ) -> Result<Translated, Failure> {
        let mut waiting = String::new();
        let mut text = String::new();
        // Translators drop joiners and write signs of their own, so the translation is escaped again. Quotes of the
        // built-in answerer are escaped in another way.
        let mut markup = (!self.model.is_built_in()).then(Markup::default);
        let mut started_at = None;
        let mut looked_at = 0;
        loop {
            let delta = english.recv().await;
            let has_ended = delta.is_none();
            waiting.extend(delta);
            // Text that was written during the last translation is translated together.
            while let Ok(delta) = english.try_recv() {
                waiting.push_str(&delta);
            }
            if !has_ended && waiting.len() < looked_at + looked_at / GROWTH {
                continue;
            }
            let whole = if has_ended { waiting.len() } else { end_of_whole_sentences(&waiting).unwrap_or_default() };
            let sentences: String = waiting.drain(..whole).collect();
            looked_at = waiting.len();
            if !sentences.is_empty() {
                started_at.get_or_insert_with(|| self.clock_now());
                let translated = self.translate_words(&sentences, language, key).await;
                // The text shown so far is stored as the partial answer.
                let translated = translated.map_err(|_| Failure {
                    partial_text: text.clone(),
                    ..Failure::new(AnswerFailure::TranslationFailed)
                })?;
                let translated = match &mut markup {
                    Some(markup) => markup.push(&translated),
                    None => translated,
                };
                text.push_str(&translated);
                show(translated);
            }
            if has_ended {
                if let Some(rest) = markup.map(Markup::finish).filter(|rest| !rest.is_empty()) {
                    text.push_str(&rest);
                    show(rest);
                }
                let ended_at = self.clock_now();
                let stage = Stage { started_at: started_at.unwrap_or(ended_at), ended_at };
                return Ok(Translated { text, stage });
            }
        }
    }

    /// Translates text, except the lines that only mark a table.
    async fn translate_words(
        &self,
        english: &str,
        language: &str,
        key: Option<&SecretString>,
    ) -> Result<String, TranslationFailed> {
        let mut translated = String::new();
        for part in parts(english) {
            if part.contains(char::is_alphanumeric) {
                let part = if self.model.is_built_in() { Cow::Borrowed(part) } else { Cow::Owned(written(part)) };
                let words = self.out_of_english(&part, language, key).await?;
                translated.push_str(&if part.contains(HARD_BREAK) { with_hard_breaks(&words) } else { words });
            } else {
                translated.push_str(part);
            }
        }
        Ok(translated)
    }
}

/// The translated quote with the line breaks of the original: translators drop blanks at the ends of lines.
fn with_hard_breaks(quote: &str) -> String {
    let is_text = |line: &str| line.starts_with('>') && !line.trim_start_matches(['>', ' ']).trim().is_empty();
    let mut text = String::with_capacity(quote.len());
    let mut lines = quote.split('\n').peekable();
    while let Some(line) = lines.next() {
        let is_followed = lines.peek().is_some_and(|next| is_text(line) && is_text(next) && !is_row(next));
        text.push_str(if is_followed { line.trim_end() } else { line });
        text.push_str(if is_followed && !is_row(line) { "  " } else { "" });
        if lines.peek().is_some() {
            text.push('\n');
        }
    }
    text
}

fn is_row(line: &str) -> bool {
    line.trim_start_matches(['>', ' ']).starts_with('|')
}

/// The text in parts; each is a single line that only marks a table, or has no such line.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if is_rule_of_table(line) {
            // The line break before the line belongs to its part, because services drop white space at the end.
            let before = text[start..at].trim_end().len() + start;
            parts.extend([&text[start..before], &text[before..end]]);
            start = end;
        }
        at = end;
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::{parts, with_hard_breaks};

    #[test]
    fn the_line_below_a_tables_head_is_not_translated() {
        let table = "| Drug | Dose |\n|---|---|\n| Zinc | 4 g |\n";
        assert_eq!(parts(table), ["| Drug | Dose |", "\n|---|---|\n", "| Zinc | 4 g |\n"]);
        assert_eq!(parts("Give zinc.\n\n"), ["Give zinc.\n\n"]);
    }

    #[test]
    fn the_lines_of_a_translated_quote_stay_lines() {
        let quote = "From \"Dengue\":\n\n> **Dengue**\n>\n> Give:  \n> \\- zinc  \n> \\- salt\n>\n> | a |\n> | b |\n\nRest\nhelps";
        assert_eq!(with_hard_breaks(&quote.replace("  \n", "\n")), quote);
        assert_eq!(with_hard_breaks(quote), quote);
    }
}
