//! An answer in the language of its question: translated sentence by sentence, while the model still writes.

use domain::chat::{AnswerFailure, Stage};
use tokio::sync::mpsc;

use super::{
    Answering,
    compose::{Draft, Failure, Written},
};
use crate::sentences::end_of_whole_sentences;

/// An answer's translation.
pub(crate) struct Translated {
    pub text: String,
    /// From the first sentence to the last.
    pub stage: Stage,
}

impl Answering {
    /// Lets the model write in English and shows it in another language, in whole sentences.
    pub(crate) async fn write_in(
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
