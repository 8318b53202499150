//! Questions that are asked again under their idempotency key: they are told the first outcome.

use domain::{
    chat::{Chat, ChatEvent},
    ids::{ChatId, MessageId},
};

use super::{Answering, STREAM_NOTICE, message_of};
use crate::event_log::StoreError;

/// How many failures of a chat are looked through, the latest first.
const MAX_FAILURES: i64 = 100;

impl Answering {
    /// What the client was told of an answer that has failed; `None` if it has not.
    ///
    /// # Errors
    /// The database's.
    pub async fn failure_of(&self, chat: ChatId, answer: MessageId) -> Result<Option<String>, StoreError> {
        let log = self.commands.log();
        let events = log.latest_events_of::<Chat>(chat.value(), &["AnswerFailed"], MAX_FAILURES).await?;
        Ok(events.into_iter().find_map(|event| {
            let ChatEvent::AnswerFailed { answer_id, reason, notice, .. } = event else { return None };
            // A notice of its own says more than the reason.
            let own = notice.filter(|notice| notice != STREAM_NOTICE);
            (answer_id == answer).then(|| own.unwrap_or_else(|| message_of(reason).to_owned()))
        }))
    }
}
