//! Messages in the contract's shape: with the documents that an answer names, and the times of its stages.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::{ids::MessageId, values::MessageType};
use serde::Serialize;
use sqlx::query_as;
use utoipa::ToSchema;
use uuid::Uuid;

use super::feedback::{FeedbackView, first_of_each};
use crate::{
    QueryError, Views,
    documents::{self, Citation, DocumentView, media_url},
    timestamps,
};

/// A message in the contract's shape.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MessageView {
    pub external_id: Uuid,
    pub chat: Uuid,
    #[serde(rename = "messageType")]
    #[schema(minimum = 1, maximum = 3)]
    pub message_type: i16,
    pub message: String,
    pub reference_documents: Vec<DocumentView>,
    /// The URL of its speech.
    pub audio: Option<String>,
    pub original_message: String,
    pub language: String,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    pub meta: MessageMeta,
    pub temperature: Option<f64>,
    pub top_k: Option<i64>,
    /// The first rating.
    pub feedback: Option<FeedbackView>,
}

/// The times of the stages, in seconds since 1970; null for stages that did not take place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MessageMeta {
    Question(QuestionTimes),
    Answer(AnswerTimes),
}

/// The times of a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct QuestionTimes {
    pub translate_start: Option<f64>,
    pub translate_end: Option<f64>,
}

/// The times of an answer, or of the notice in its place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct AnswerTimes {
    pub translate_start: Option<f64>,
    pub translate_end: Option<f64>,
    pub reference_start: Option<f64>,
    pub reference_end: Option<f64>,
    pub response_start: Option<f64>,
    pub response_end: Option<f64>,
    pub tts_start: Option<f64>,
    pub tts_end: Option<f64>,
    pub upload_start: Option<f64>,
    pub upload_end: Option<f64>,
}

struct MessageRow {
    id: Uuid,
    chat_id: Uuid,
    message_type: i16,
    text: String,
    original_text: String,
    language: String,
    temperature: Option<f64>,
    top_k: Option<i64>,
    audio_name: Option<String>,
    document_ids: Vec<Uuid>,
    /// In the same order; `None` if they are not known.
    document_versions: Option<Vec<Option<i32>>>,
    reference_start: Option<DateTime<Utc>>,
    reference_end: Option<DateTime<Utc>>,
    response_start: Option<DateTime<Utc>>,
    response_end: Option<DateTime<Utc>>,
    translate_start: Option<DateTime<Utc>>,
    translate_end: Option<DateTime<Utc>>,
    tts_start: Option<DateTime<Utc>>,
    tts_end: Option<DateTime<Utc>>,
    upload_start: Option<DateTime<Utc>>,
    upload_end: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
    has_feedback: bool,
}

impl MessageRow {
    /// The documents that the answer was made from, in the versions that it was made from.
    fn citations(&self) -> impl Iterator<Item = Citation> {
        let versions = self.document_versions.as_deref().unwrap_or_default();
        self.document_ids.iter().enumerate().map(|(place, id)| (*id, versions.get(place).copied().flatten()))
    }

    fn into_view(
        self,
        documents: &HashMap<Citation, DocumentView>,
        feedback: Option<FeedbackView>,
        media_base: &str,
    ) -> MessageView {
        let is_question = self.message_type == MessageType::User.number();
        let reference_documents = self.citations().filter_map(|cited| documents.get(&cited).cloned()).collect();
        MessageView {
            external_id: self.id,
            chat: self.chat_id,
            message_type: self.message_type,
            message: self.text,
            reference_documents,
            audio: self.audio_name.map(|name| media_url(media_base, &name)),
            original_message: self.original_text,
            language: self.language,
            created_at: self.created_at,
            modified_at: self.modified_at,
            meta: if is_question {
                MessageMeta::Question(QuestionTimes {
                    translate_start: self.translate_start.map(epoch_seconds),
                    translate_end: self.translate_end.map(epoch_seconds),
                })
            } else {
                MessageMeta::Answer(AnswerTimes {
                    translate_start: self.translate_start.map(epoch_seconds),
                    translate_end: self.translate_end.map(epoch_seconds),
                    reference_start: self.reference_start.map(epoch_seconds),
                    reference_end: self.reference_end.map(epoch_seconds),
                    response_start: self.response_start.map(epoch_seconds),
                    response_end: self.response_end.map(epoch_seconds),
                    tts_start: self.tts_start.map(epoch_seconds),
                    tts_end: self.tts_end.map(epoch_seconds),
                    upload_start: self.upload_start.map(epoch_seconds),
                    upload_end: self.upload_end.map(epoch_seconds),
                })
            },
            temperature: self.temperature.filter(|_| !is_question),
            top_k: self.top_k.filter(|_| !is_question),
            feedback,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 fit into 53 bits until the year 2255")]
fn epoch_seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

macro_rules! messages {
    ($condition:literal, $value:expr) => {
        query_as!(
            MessageRow,
            r#"SELECT id, chat_id, message_type, text, original_text, language, temperature, top_k, document_ids,
                    document_versions AS "document_versions: Vec<Option<i32>>", reference_start, reference_end, response_start, response_end, translate_start, translate_end,
                    tts_start, tts_end, upload_start, upload_end, audio_name, created_at, modified_at,
                    EXISTS (SELECT FROM views.chat_feedback WHERE message_id = messages.id) AS "has_feedback!"
             FROM views.messages WHERE "#
                + $condition,
            $value
        )
    };
}

/// The message with this id, whoever owns it.
pub async fn message(db: &Views, id: MessageId, media_base: &str) -> Result<Option<MessageView>, QueryError> {
    let row = messages!("id = $1", id.value()).fetch_optional(db).await?;
    Ok(with_documents(db, row.into_iter().collect(), media_base).await?.pop())
}

/// The messages of a chat, oldest first, unless they and the documents that each of them names have more bytes of text than `short`.
pub(super) async fn of_short_chat(
    db: &Views,
    chat: Uuid,
    short: usize,
    media_base: &str,
) -> Result<Option<Vec<MessageView>>, QueryError> {
    let mut left = short;
    let rows = messages!("chat_id = $1 ORDER BY position", chat);
    let weight = |row: &MessageRow| row.text.len() + row.original_text.len();
    let Some(rows) = db.fetch_within(rows, &mut left, weight).await? else { return Ok(None) };
    let documents = documents::find_within(db, &named(&rows), &mut left, media_base).await?;
    let Some(documents) = documents else { return Ok(None) };
    completed(db, rows, documents, media_base).await.map(Some)
}

/// The messages of these chats, oldest first.
pub(super) async fn of_chats(db: &Views, chats: &[Uuid], media_base: &str) -> Result<Vec<MessageView>, QueryError> {
    let rows = messages!("chat_id = ANY($1) ORDER BY position", chats).fetch_all(db).await?;
    with_documents(db, rows, media_base).await
}

async fn with_documents(db: &Views, rows: Vec<MessageRow>, media_base: &str) -> Result<Vec<MessageView>, QueryError> {
    let named = named(&rows);
    let documents = if named.is_empty() {
        HashMap::new()
    } else {
        documents::find_cited(db, named.into_keys(), media_base).await?
    };
    completed(db, rows, documents, media_base).await
}

/// The documents that messages name, each with how often it is named.
fn named(rows: &[MessageRow]) -> BTreeMap<Citation, usize> {
    let mut times = BTreeMap::new();
    for cited in rows.iter().flat_map(MessageRow::citations) {
        *times.entry(cited).or_default() += 1;
    }
    times
}

/// Adds the documents that the messages name, and their ratings by one more query at most.
async fn completed(
    db: &Views,
    rows: Vec<MessageRow>,
    documents: HashMap<Citation, DocumentView>,
    media_base: &str,
) -> Result<Vec<MessageView>, QueryError> {
    let rated: Vec<Uuid> = rows.iter().filter(|row| row.has_feedback).map(|row| row.id).collect();
    let mut feedback = if rated.is_empty() { HashMap::new() } else { first_of_each(db, &rated).await? };
    Ok(rows
        .into_iter()
        .map(|row| {
            let feedback = feedback.remove(&row.id);
            row.into_view(&documents, feedback, media_base)
        })
        .collect())
}
