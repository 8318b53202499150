//! Rows of chats and messages out of a chat's events.

use async_trait::async_trait;
use domain::{
    chat::{ChatEvent, Completion, Question},
    envelope::RecordedEvent,
    event::Event,
    ids::MessageId,
    values::{MessageType, Model},
};
use sqlx::{PgTransaction, query};
use uuid::Uuid;

use crate::{ProjectionError, Projector};

pub(crate) struct ChatsProjector;

#[async_trait]
impl Projector for ChatsProjector {
    fn name(&self) -> &'static str {
        "chats"
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["chat"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::Chat(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        let at = recorded.metadata.recorded_at;
        let statement = match event {
            ChatEvent::Started { project_id, owner, title } => query!(
                "INSERT INTO views.chats (id, position, project_id, owner, title, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (id) DO NOTHING",
                id,
                recorded.position,
                project_id.value(),
                owner.value(),
                title.as_str(),
                at
            ),
            ChatEvent::StartedWithKey { service_id: _, key_id, title, prompt, model } => query!(
                "INSERT INTO views.chats (id, position, key_id, title, prompt, model, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO NOTHING",
                id,
                recorded.position,
                key_id.value(),
                title.as_str(),
                prompt.as_deref().map(storable),
                model.map(Model::number),
                at
            ),
            ChatEvent::PromptChanged { prompt } => query!(
                "UPDATE views.chats SET prompt = $3, modified_at = $2 WHERE id = $1",
                id,
                at,
                prompt.as_deref().map(storable)
            ),
            ChatEvent::ModelChanged { model } => query!(
                "UPDATE views.chats SET model = $3, modified_at = $2 WHERE id = $1",
                id,
                at,
                model.map(Model::number)
            ),
            ChatEvent::Retitled { title } => {
                query!("UPDATE views.chats SET title = $3, modified_at = $2 WHERE id = $1", id, at, title.as_str())
            }
            ChatEvent::QuestionAsked(question) => return insert_question(recorded, question, tx).await,
            ChatEvent::AnswerCompleted(completion) => return insert_answer(recorded, completion, tx).await,
            ChatEvent::AnswerFailed { answer_id, reason: _, partial_text: _, notice: Some(notice) } => {
                let asked = asked(*answer_id, tx).await?;
                return insert_notice(recorded, *answer_id, notice, Some(asked), tx).await;
            }
            ChatEvent::TranscriptionFailed { message_id, notice } => {
                return insert_notice(recorded, *message_id, notice, None, tx).await;
            }
            ChatEvent::AnswerSpoken { answer_id, audio, speech, upload } => query!(
                "UPDATE views.messages
                 SET audio_name = $3, tts_start = $4, tts_end = $5, upload_start = $6, upload_end = $7, modified_at = $2
                 WHERE id = $1",
                answer_id.value(),
                at,
                audio.name,
                speech.started_at,
                speech.ended_at,
                upload.started_at,
                upload.ended_at
            ),
            ChatEvent::FeedbackGiven { feedback_id, message_id, liked, message } => query!(
                "INSERT INTO views.chat_feedback
                     (id, position, chat_id, message_id, liked, message, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO NOTHING",
                feedback_id.value(),
                recorded.position,
                id,
                message_id.value(),
                liked,
                message.as_deref().map(storable),
                at
            ),
            ChatEvent::Deleted {} => {
                query!("UPDATE views.chats SET is_deleted = true, modified_at = $2 WHERE id = $1", id, at)
            }
            ChatEvent::PassagesRetrieved { .. } | ChatEvent::AnswerFailed { notice: None, .. } => return Ok(()),
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }
}

async fn insert_question(
    recorded: &RecordedEvent,
    question: &Question,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    query!(
        "INSERT INTO views.messages
             (id, position, chat_id, answer_id, message_type, text, original_text, language, temperature, top_k,
              translate_start, translate_end, created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) ON CONFLICT (id) DO NOTHING",
        question.message_id.value(),
        recorded.position,
        recorded.aggregate_id,
        question.answer_id.value(),
        MessageType::User.number(),
        storable(&question.text),
        storable(question.english_text.as_ref().unwrap_or(&question.text)).replace('\n', " "),
        storable(&question.language),
        question.temperature,
        i64::from(question.top_k),
        question.translation.map(|stage| stage.started_at),
        question.translation.map(|stage| stage.ended_at),
        recorded.metadata.recorded_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_answer(
    recorded: &RecordedEvent,
    completion: &Completion,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    let document_ids: Vec<Uuid> = completion.citations.iter().map(|id| id.value()).collect();
    let asked = asked(completion.answer_id, tx).await?;
    query!(
        "INSERT INTO views.messages
             (id, position, chat_id, message_type, text, original_text, language, temperature, top_k, document_ids,
              reference_start, reference_end, response_start, response_end, translate_start, translate_end,
              created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
         ON CONFLICT (id) DO NOTHING",
        completion.answer_id.value(),
        recorded.position,
        recorded.aggregate_id,
        MessageType::Ayushma.number(),
        storable(&completion.text),
        storable(completion.english_text.as_ref().unwrap_or(&completion.text)),
        asked.language,
        asked.temperature,
        asked.top_k,
        &document_ids,
        completion.generation.retrieval.started_at,
        completion.generation.retrieval.ended_at,
        completion.generation.response.started_at,
        completion.generation.response.ended_at,
        completion.translation.map(|stage| stage.started_at),
        completion.translation.map(|stage| stage.ended_at),
        recorded.metadata.recorded_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_notice(
    recorded: &RecordedEvent,
    id: MessageId,
    notice: &str,
    asked: Option<Asked>,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    query!(
        "INSERT INTO views.messages
             (id, position, chat_id, message_type, text, original_text, language, temperature, top_k, created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $9) ON CONFLICT (id) DO NOTHING",
        id.value(),
        recorded.position,
        recorded.aggregate_id,
        MessageType::System.number(),
        notice,
        asked.as_ref().map_or("en", |asked| &asked.language),
        asked.as_ref().and_then(|asked| asked.temperature),
        asked.as_ref().and_then(|asked| asked.top_k),
        recorded.metadata.recorded_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Without NUL, which the log can hold in an encrypted text and a column of PostgreSQL cannot.
fn storable(text: &str) -> String {
    text.replace('\0', "")
}

/// What an answer repeats of its question.
struct Asked {
    language: String,
    temperature: Option<f64>,
    top_k: Option<i64>,
}

/// The question is earlier in the same stream, so its row is there; if it is not, the answer must not vanish silently.
async fn asked(answer_id: MessageId, tx: &mut PgTransaction<'_>) -> Result<Asked, ProjectionError> {
    let asked = sqlx::query_as!(
        Asked,
        "SELECT language, temperature, top_k FROM views.messages WHERE answer_id = $1",
        answer_id.value()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(asked)
}
