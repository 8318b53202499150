//! Writes rows of messages, for many events at once.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::{
    chat::{ChatEvent, Stage},
    document::StoredFile,
    envelope::RecordedEvent,
    ids::MessageId,
    values::MessageType,
};
use sqlx::{PgTransaction, query, types::Json};
use uuid::Uuid;

use super::rows::{Written, chosen, column, storable};
use crate::ProjectionError;

/// Inserts the questions among the events.
pub(super) async fn insert_questions(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Written {
    let asked =
        chosen(events, |event| if let ChatEvent::QuestionAsked(question) = event { Some(question) } else { None });
    if asked.is_empty() {
        return Ok(());
    }
    query!(
        "INSERT INTO messages
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

/// The versions of documents that passages were retrieved of, by answer and document.
fn versions_retrieved(events: &[RecordedEvent]) -> HashMap<Uuid, BTreeMap<Uuid, u32>> {
    let retrieved = chosen(events, |event| {
        let ChatEvent::PassagesRetrieved { answer_id, passages } = event else { return None };
        let versions = passages.iter().map(|passage| (passage.document_id.value(), passage.document_version));
        Some((answer_id.value(), versions.collect()))
    });
    retrieved.into_iter().map(|(_, versions)| versions).collect()
}

/// Keeps the versions that passages were retrieved of with the question, until its answer comes; those whose answer is
/// among the events as well are not kept.
pub(super) async fn keep_retrieved(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Written {
    let mut retrieved = versions_retrieved(events);
    for (_, answer) in
        chosen(events, |event| if let ChatEvent::AnswerCompleted(answer) = event { Some(answer) } else { None })
    {
        retrieved.remove(&answer.answer_id.value());
    }
    for (answer, versions) in retrieved {
        query!("UPDATE messages SET retrieved_versions = $2 WHERE answer_id = $1", answer, Json(versions) as _)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Inserts the answers among the events.
pub(super) async fn insert_answers(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Written {
    let answered =
        chosen(events, |event| if let ChatEvent::AnswerCompleted(answer) = event { Some(answer) } else { None });
    if answered.is_empty() {
        return Ok(());
    }
    let retrieved = versions_retrieved(events);
    let written = query!(
        "INSERT INTO messages
             (id, position, chat_id, message_type, text, original_text, language, temperature, top_k, document_ids,
              document_versions, reference_start, reference_end, response_start, response_end, translate_start, translate_end,
              created_at, modified_at)
         SELECT answered.id, answered.position, answered.chat_id, $1, answered.text, answered.original_text,
                asked.language, asked.temperature, asked.top_k, answered.cited::uuid[],
                coalesce(answered.versions::integer[], (
                    SELECT array_agg((asked.retrieved_versions ->> cited.id::text)::integer ORDER BY cited.place)
                    FROM unnest(answered.cited::uuid[]) WITH ORDINALITY AS cited (id, place)
                ), '{}'),
                answered.reference_start, answered.reference_end, answered.response_start, answered.response_end,
                answered.translate_start, answered.translate_end, answered.at, answered.at
         FROM unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
                     $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
                     $14::timestamptz[], $15::text[])
           AS answered (id, position, chat_id, text, original_text, cited, reference_start, reference_end,
                        response_start, response_end, translate_start, translate_end, at, versions)
         JOIN messages AS asked ON asked.answer_id = answered.id
         ON CONFLICT (id) DO UPDATE SET id = excluded.id",
        MessageType::Ayushma.number(),
        &column(&answered, |_, answer| answer.answer_id.value()),
        &column(&answered, |recorded, _| recorded.position),
        &column(&answered, |recorded, _| recorded.aggregate_id),
        &column(&answered, |_, answer| storable(&answer.text)),
        &column(&answered, |_, answer| storable(answer.english_text.as_ref().unwrap_or(&answer.text))),
        // PostgreSQL's arrays of arrays are rectangular, so each inner array is written as a literal.
        &column(&answered, |_, answer| {
            let ids: Vec<String> = answer.citations.iter().map(ToString::to_string).collect();
            format!("{{{}}}", ids.join(","))
        }),
        &column(&answered, |_, answer| answer.generation.retrieval.started_at),
        &column(&answered, |_, answer| answer.generation.retrieval.ended_at),
        &column(&answered, |_, answer| answer.generation.response.started_at),
        &column(&answered, |_, answer| answer.generation.response.ended_at),
        &column(&answered, |_, answer| answer.translation.map(|stage| stage.started_at)) as &[Option<DateTime<Utc>>],
        &column(&answered, |_, answer| answer.translation.map(|stage| stage.ended_at)) as &[Option<DateTime<Utc>>],
        &column(&answered, |recorded, _| recorded.metadata.recorded_at),
        &column(&answered, |_, answer| {
            let versions = retrieved.get(&answer.answer_id.value())?;
            let cited = answer.citations.iter().map(|id| match versions.get(&id.value()) {
                Some(version) => version.to_string(),
                None => "NULL".to_owned(),
            });
            Some(format!("{{{}}}", cited.collect::<Vec<_>>().join(",")))
        }) as &[Option<String>]
    )
    .execute(&mut **tx)
    .await?;
    let kept: Vec<Uuid> = answered
        .iter()
        .map(|(_, answer)| answer.answer_id.value())
        .filter(|answer_id| !retrieved.contains_key(answer_id))
        .collect();
    if !kept.is_empty() {
        query!("UPDATE messages SET retrieved_versions = NULL WHERE answer_id = ANY($1)", &kept)
            .execute(&mut **tx)
            .await?;
    }
    // The question is earlier in the same stream, so its row is there; if it is not, the answer must not vanish silently.
    if written.rows_affected() == answered.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound.into()) }
}

/// A spoken answer: the event, the file, and the stages in which it was spoken and stored.
type Spoken<'a> = (&'a RecordedEvent, (&'a StoredFile, &'a Stage, &'a Stage));

/// Records the speech of answers.
pub(super) async fn update_spoken(events: &[RecordedEvent], tx: &mut PgTransaction<'_>) -> Written {
    let spoken = chosen(events, |event| {
        let ChatEvent::AnswerSpoken { answer_id, audio, speech, upload } = event else { return None };
        Some((answer_id.value(), (audio, speech, upload)))
    });
    if spoken.is_empty() {
        return Ok(());
    }
    // Only the last one of each answer counts.
    let spoken: BTreeMap<Uuid, Spoken<'_>> =
        spoken.into_iter().map(|(recorded, (id, speech))| (id, (recorded, speech))).collect();
    let ids: Vec<Uuid> = spoken.keys().copied().collect();
    let spoken: Vec<Spoken<'_>> = spoken.into_values().collect();
    query!(
        "UPDATE messages
         SET audio_name = spoken.name, tts_start = spoken.tts_start, tts_end = spoken.tts_end,
             upload_start = spoken.upload_start, upload_end = spoken.upload_end, modified_at = spoken.at
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
                     $7::timestamptz[])
           AS spoken (id, name, tts_start, tts_end, upload_start, upload_end, at)
         WHERE messages.id = spoken.id",
        &ids,
        &column(&spoken, |_, (audio, _, _)| audio.name.clone()),
        &column(&spoken, |_, (_, speech, _)| speech.started_at),
        &column(&spoken, |_, (_, speech, _)| speech.ended_at),
        &column(&spoken, |_, (_, _, upload)| upload.started_at),
        &column(&spoken, |_, (_, _, upload)| upload.ended_at),
        &column(&spoken, |recorded, _| recorded.metadata.recorded_at)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Inserts the notice that stands in place of an answer.
pub(super) async fn insert_notice(
    recorded: &RecordedEvent,
    id: MessageId,
    notice: &str,
    asked: Option<QuestionSettings>,
    tx: &mut PgTransaction<'_>,
) -> Written {
    query!(
        "INSERT INTO messages
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

/// The fields that a notice copies from its question.
pub(super) struct QuestionSettings {
    language: String,
    temperature: Option<f64>,
    top_k: Option<i64>,
}

/// The fields of the question. It is earlier in the same stream, so its row exists; if not, an error keeps the notice
/// from vanishing silently.
pub(super) async fn question_settings(
    answer_id: MessageId,
    tx: &mut PgTransaction<'_>,
) -> Result<QuestionSettings, ProjectionError> {
    let asked = sqlx::query_as!(
        QuestionSettings,
        "SELECT language, temperature, top_k FROM messages WHERE answer_id = $1",
        answer_id.value()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(asked)
}
