//! Rows of chats and messages out of a chat's events.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    chat::{ChatEvent, Completion, Question},
    envelope::RecordedEvent,
    event::Event,
    ids::{MessageId, ProjectId, UserId},
    user::UserEvent,
    values::{ERASED, MessageType, Model, Title},
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
        &["chat", "user"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let id = recorded.aggregate_id;
        if let Event::User(UserEvent::SubjectErased {}) = &recorded.event {
            return erase(id, tx).await;
        }
        let Event::Chat(event) = &recorded.event else { return Ok(()) };
        let at = recorded.metadata.recorded_at;
        let statement = match event {
            ChatEvent::Started { .. } => return insert_chats(std::slice::from_ref(recorded), tx).await,
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
            ChatEvent::QuestionAsked(_) => return insert_questions(std::slice::from_ref(recorded), tx).await,
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
            ChatEvent::SubjectErased {} => {
                erase(id, tx).await?;
                query!("UPDATE views.chats SET is_deleted = true WHERE id = $1", id)
            }
            ChatEvent::PassagesRetrieved { .. } | ChatEvent::AnswerFailed { notice: None, .. } => return Ok(()),
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }

    /// What nothing of the same chat comes before is written first and together: its chats, then its questions.
    async fn project_all(&self, events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        insert_chats(events, tx).await?;
        insert_questions(events, tx).await?;
        for recorded in events {
            if !matches!(recorded.event, Event::Chat(ChatEvent::Started { .. } | ChatEvent::QuestionAsked(_))) {
                self.project(recorded, tx).await?;
            }
        }
        Ok(())
    }
}

/// Makes the personal text of a person's chats, or of a chat that is nobody's, read as it does when it is projected after
/// the erasure: it may come in either order.
async fn erase(subject: Uuid, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
    query!(
        "WITH erased AS (
             UPDATE views.chats SET title = $2, prompt = CASE WHEN prompt IS NOT NULL THEN $2 END
             WHERE owner = $1 OR id = $1
             RETURNING id
         ), messages AS (
             UPDATE views.messages SET text = $2, original_text = $2
             WHERE chat_id IN (SELECT id FROM erased) AND message_type <> $3
         )
         UPDATE views.chat_feedback SET message = $2
         WHERE chat_id IN (SELECT id FROM erased) AND message IS NOT NULL",
        subject,
        ERASED,
        MessageType::System.number()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The chats of projects that the events start.
async fn insert_chats(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
    let started: Vec<(&RecordedEvent, (ProjectId, UserId, &Title))> = events
        .iter()
        .filter_map(|recorded| {
            let Event::Chat(ChatEvent::Started { project_id, owner, title }) = &recorded.event else { return None };
            Some((recorded, (*project_id, *owner, title)))
        })
        .collect();
    if started.is_empty() {
        return Ok(());
    }
    query!(
        "INSERT INTO views.chats (id, position, project_id, owner, title, created_at, modified_at)
         SELECT id, position, project_id, owner, title, at, at
         FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
           AS started (id, position, project_id, owner, title, at)
         ON CONFLICT (id) DO NOTHING",
        &column(&started, |recorded, _| recorded.aggregate_id),
        &column(&started, |recorded, _| recorded.position),
        &column(&started, |_, (project, _, _)| project.value()),
        &column(&started, |_, (_, owner, _)| owner.value()),
        &column(&started, |_, (_, _, title)| title.as_str().to_owned()),
        &column(&started, |recorded, _| recorded.metadata.recorded_at)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The questions among the events.
async fn insert_questions(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
    let asked: Vec<(&RecordedEvent, &Question)> = events
        .iter()
        .filter_map(|recorded| {
            let Event::Chat(ChatEvent::QuestionAsked(question)) = &recorded.event else { return None };
            Some((recorded, question))
        })
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    query!(
        "INSERT INTO views.messages
             (id, position, chat_id, answer_id, message_type, text, original_text, language, temperature, top_k,
              translate_start, translate_end, created_at, modified_at)
         SELECT id, position, chat_id, answer_id, $1, text, original_text, language, temperature, top_k,
                translate_start, translate_end, at, at
         FROM unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::float8[],
                     $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[])
           AS asked (id, position, chat_id, answer_id, text, original_text, language, temperature, top_k,
                     translate_start, translate_end, at)
         ON CONFLICT (id) DO NOTHING",
        MessageType::User.number(),
        &column(&asked, |_, question| question.message_id.value()),
        &column(&asked, |recorded, _| recorded.position),
        &column(&asked, |recorded, _| recorded.aggregate_id),
        &column(&asked, |_, question| question.answer_id.value()),
        &column(&asked, |_, question| storable(&question.text)),
        &column(&asked, |_, question| {
            storable(question.english_text.as_ref().unwrap_or(&question.text)).replace('\n', " ")
        }),
        &column(&asked, |_, question| storable(&question.language)),
        &column(&asked, |_, question| question.temperature),
        &column(&asked, |_, question| i64::from(question.top_k)),
        &column(&asked, |_, question| question.translation.map(|stage| stage.started_at)) as &[Option<DateTime<Utc>>],
        &column(&asked, |_, question| question.translation.map(|stage| stage.ended_at)) as &[Option<DateTime<Utc>>],
        &column(&asked, |recorded, _| recorded.metadata.recorded_at)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One value of each row.
fn column<E, T>(rows: &[(&RecordedEvent, E)], value: impl Fn(&RecordedEvent, &E) -> T) -> Vec<T> {
    rows.iter().map(|(recorded, event)| value(recorded, event)).collect()
}

async fn insert_answer(
    recorded: &RecordedEvent,
    completion: &Completion,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    let document_ids: Vec<Uuid> = completion.citations.iter().map(|id| id.value()).collect();
    let written = query!(
        "INSERT INTO views.messages
             (id, position, chat_id, message_type, text, original_text, language, temperature, top_k, document_ids,
              reference_start, reference_end, response_start, response_end, translate_start, translate_end,
              created_at, modified_at)
         SELECT $1, $2, $3, $4, $5, $6, language, temperature, top_k, $7, $8, $9, $10, $11, $12, $13, $14, $14
         FROM views.messages WHERE answer_id = $1
         ON CONFLICT (id) DO UPDATE SET id = excluded.id",
        completion.answer_id.value(),
        recorded.position,
        recorded.aggregate_id,
        MessageType::Ayushma.number(),
        storable(&completion.text),
        storable(completion.english_text.as_ref().unwrap_or(&completion.text)),
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
    // The question is earlier in the same stream, so its row is there; if it is not, the answer must not vanish silently.
    if written.rows_affected() == 0 { Err(sqlx::Error::RowNotFound.into()) } else { Ok(()) }
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
