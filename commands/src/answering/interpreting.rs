//! An answer in the language of its question: translated sentence by sentence, while the model still writes.

use domain::chat::{AnswerFailure, Stage};
use tokio::sync::mpsc;

use super::{
    Answering,
    compose::{Draft, Failure, Written},
    languages::is_english,
};
use crate::sentences::end_of_whole_sentences;

/// An answer's translation.
pub(crate) struct Translated {
    pub text: String,
    /// From the first sentence to the last.
    pub stage: Stage,
}

/// What is shown where a question cannot be understood.
const NO_TRANSLATOR: &str = "[Translation] No translator is configured on this server, and no reference document answers \
this question in its own language. Please ask in English, or let an administrator configure a translator.";

impl Answering {
    /// Lets the model answer a question of this language. `is_in_english` says whether the draft asks in English.
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
        // A language model reads other languages than English.
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

    /// Lets the model write in English and shows it in another language, in whole sentences.
    async fn write_in(
        &self,
        language: &str,
        draft: Draft<'_>,
        show: impl Fn(String) + Send,
    ) -> Result<(Written, Translated), Failure> {
        let key = draft.key.clone();
        let (english, sentences) = mpsc::unbounded_channel();
        // The closure owns the channel's end: when the model has written, the sentences end.
        let writing = self.write(draft, move |text| drop(english.send(text)));
        let translating = self.interpret(sentences, language, key.as_deref(), show);
        tokio::try_join!(writing, translating)
    }

    async fn interpret(
        &self,
        mut english: mpsc::UnboundedReceiver<String>,
        language: &str,
        key: Option<&str>,
        show: impl Fn(String) + Send,
    ) -> Result<Translated, Failure> {
        let mut waiting = String::new();
        let mut text = String::new();
        let mut started_at = None;
        loop {
            let delta = english.recv().await;
            let has_ended = delta.is_none();
            waiting.extend(delta);
            // What was written during the last translation is translated together.
            while let Ok(delta) = english.try_recv() {
                waiting.push_str(&delta);
            }
            let whole = if has_ended { waiting.len() } else { end_of_whole_sentences(&waiting).unwrap_or_default() };
            let sentences: String = waiting.drain(..whole).collect();
            if !sentences.is_empty() {
                started_at.get_or_insert_with(|| self.clock_now());
                let translated = self.out_of_english(&sentences, language, key).await;
                // What was shown so far is kept as the answer's part.
                let translated = translated.map_err(|_| Failure {
                    partial_text: text.clone(),
                    ..Failure::new(AnswerFailure::TranslationFailed)
                })?;
                text.push_str(&translated);
                show(translated);
            }
            if has_ended {
                let ended_at = self.clock_now();
                let stage = Stage { started_at: started_at.unwrap_or(ended_at), ended_at };
                return Ok(Translated { text, stage });
            }
        }
    }
}
