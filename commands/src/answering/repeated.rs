//! Questions that are repeated under their idempotency key: they get the first outcome.

use domain::{
    chat::{AnswerFailure, Chat, ChatEvent, Home, OpenChat},
    ids::{ChatId, MessageId},
};

use super::{Answering, STREAM_NOTICE, answer_settings::AnswerSettings, message_of};
use crate::event_log::StoreError;
use knowledge::prompt::render;

/// Failures of a chat that are searched, the latest first.
const MAX_FAILURES: i64 = 100;

impl Answering {
    /// The message that the client got for a failed answer; `None` if it has not failed.
    ///
    /// # Errors
    /// [`StoreError`] if the event log cannot be read.
    pub async fn failure_of(&self, chat: ChatId, answer: MessageId) -> Result<Option<String>, StoreError> {
        let log = self.commands.log();
        let events = log.latest_events_of::<Chat>(chat.value(), &["AnswerFailed"], MAX_FAILURES).await?;
        let failed = events.into_iter().find_map(|event| match event {
            ChatEvent::AnswerFailed { answer_id, reason, notice, .. } if answer_id == answer => Some((reason, notice)),
            _ => None,
        });
        let Some((reason, notice)) = failed else { return Ok(None) };
        // A notice of its own, or the fault of a prompt that is unchanged, is more specific than the reason.
        let own = match reason {
            AnswerFailure::BadPrompt => self.fault_of_prompt(chat).await?,
            _ => notice.filter(|notice| notice != STREAM_NOTICE),
        };
        Ok(Some(own.unwrap_or_else(|| message_of(reason).to_owned())))
    }

    async fn fault_of_prompt(&self, chat: ChatId) -> Result<Option<String>, StoreError> {
        let chat = self.commands.log().load::<Chat>(chat.value()).await?.aggregate;
        let respondent = match &chat {
            Chat::Open(OpenChat { home: Home::Project(project), .. }) => {
                AnswerSettings::of(&self.projects.load(*project).await?)
            }
            _ => AnswerSettings::of_chat(&chat),
        };
        Ok(render(Some(&respondent.template), &[]).err().map(|error| error.to_string()))
    }
}
