//! Writes rows of chats and messages from a chat's events.

use async_trait::async_trait;
use domain::{AggregateType, chat::ChatEvent, envelope::RecordedEvent, event::Event, user::UserEvent};
use sqlx::PgTransaction;

use super::{
    message_rows::{insert_answers, insert_notice, insert_questions, keep_retrieved, question_settings, update_spoken},
    rows::{erase, insert_chats, insert_feedback, update_chats},
};
use crate::{OtherStream, ProjectionError, Projector};

pub(crate) struct ChatsProjector;

#[async_trait]
impl Projector for ChatsProjector {
    fn name(&self) -> &'static str {
        "chats"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Chat, AggregateType::User]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["chats", "messages", "chat_feedback"]
    }

    fn others(&self, recorded: &RecordedEvent) -> Vec<OtherStream> {
        let Event::Chat(ChatEvent::Started { owner, .. }) = &recorded.event else { return vec![] };
        vec![OtherStream::erasure_of(*owner)]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        self.project_all(std::slice::from_ref(recorded), tx).await
    }

    /// Frequent kinds of rows are written together, kind by kind, each after the rows that it refers to: an answer
    /// after its question, and all after their chat.
    async fn project_all(&self, events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        insert_chats(events, tx).await?;
        update_chats(events, tx).await?;
        insert_questions(events, tx).await?;
        keep_retrieved(events, tx).await?;
        insert_answers(events, tx).await?;
        update_spoken(events, tx).await?;
        insert_feedback(events, tx).await?;
        for recorded in events {
            if let Event::User(UserEvent::SubjectErased {}) = &recorded.event {
                erase(recorded.aggregate_id, tx).await?;
            }
            let Event::Chat(event) = &recorded.event else { continue };
            match event {
                ChatEvent::AnswerFailed { answer_id, reason: _, partial_text: _, notice: Some(notice) } => {
                    let settings = question_settings(*answer_id, tx).await?;
                    insert_notice(recorded, *answer_id, notice, Some(settings), tx).await?;
                }
                ChatEvent::TranscriptionFailed { message_id, notice } => {
                    insert_notice(recorded, *message_id, notice, None, tx).await?;
                }
                ChatEvent::SubjectErased {} => erase(recorded.aggregate_id, tx).await?,
                ChatEvent::Started { .. }
                | ChatEvent::StartedWithKey { .. }
                | ChatEvent::PromptChanged { .. }
                | ChatEvent::ModelChanged { .. }
                | ChatEvent::Retitled { .. }
                | ChatEvent::QuestionAsked(_)
                | ChatEvent::AnswerCompleted(_)
                | ChatEvent::AnswerSpoken { .. }
                | ChatEvent::FeedbackGiven { .. }
                | ChatEvent::Deleted {}
                | ChatEvent::PassagesRetrieved { .. }
                | ChatEvent::AnswerFailed { notice: None, .. } => {}
            }
        }
        Ok(())
    }
}
