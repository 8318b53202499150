//! The speech of answers to persons who were erased: its files go, whenever they were made.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    chat::ChatEvent,
    envelope::RecordedEvent,
    event::Event,
    ids::{MessageId, SubjectId},
};
use serde_json::json;
use sqlx::{PgPool, PgTransaction};
use uuid::Uuid;

use crate::{
    event_log::{ConsumerError, EventConsumer, NewJob, enqueue},
    jobs::{Job, JobError, JobHandler},
    uploads::Uploads,
};

/// Jobs that remove the files of an erased subject, or one file.
pub(super) const ERASE_MEDIA: &str = "erase_media";

/// Enqueues the removal of speech that was made while its person was erased. Starts at the beginning of the log.
pub struct MediaErasureHandler;

#[async_trait]
impl EventConsumer for MediaErasureHandler {
    fn name(&self) -> &'static str {
        "media_erasure"
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["chat"]
    }

    /// It has hardly ever anything to do, and every question in a chat would cost it two transactions.
    fn rest(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        let Event::Chat(ChatEvent::AnswerSpoken { answer_id, audio, .. }) = &event.event else { return Ok(()) };
        let subject = event.metadata.subject.map(SubjectId::value);
        let is_erased = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM subject_keys WHERE subject_id = $1 AND wrapped_key IS NULL) AS "is_erased!""#,
            subject,
        )
        .fetch_one(&mut **tx)
        .await?;
        if is_erased {
            enqueue(&removal(*answer_id, event.metadata.event_id.value(), &audio.name), tx).await?;
        }
        Ok(())
    }
}

fn removal(answer: MessageId, job_id: Uuid, file: &str) -> NewJob {
    let arguments = json!({ "file": file });
    NewJob { job_id, kind: ERASE_MEDIA, subject_id: answer.value(), arguments, leased_by: None }
}

/// Removes files.
pub struct MediaErasure {
    pub pool: PgPool,
    pub uploads: Uploads,
}

impl MediaErasure {
    /// The speech in the chats of a person, or in a chat that is its own subject.
    async fn files_of(&self, subject: Uuid) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar!(
            r#"SELECT payload -> 'audio' ->> 'name' AS "name!" FROM events
               WHERE aggregate_type = 'chat' AND event_type = 'AnswerSpoken'
                 AND aggregate_id = ANY(
                     SELECT encode(value, 'hex')::uuid::text FROM reservations WHERE owner = $1 AND kind = 'possession'
                     UNION ALL SELECT $1::text
                 )
                 AND metadata ->> 'subject' = $1::text"#,
            subject,
        )
        .fetch_all(&self.pool)
        .await
    }
}

#[async_trait]
impl JobHandler for MediaErasure {
    fn kinds(&self) -> &'static [&'static str] {
        &[ERASE_MEDIA]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let files = match job.arguments.get("file").and_then(|file| file.as_str()) {
            Some(file) => vec![file.to_owned()],
            None => self.files_of(job.subject_id).await.map_err(JobError::from_source)?,
        };
        for file in files {
            self.uploads.remove(&file).await.map_err(JobError::from_source)?;
        }
        Ok(())
    }

    /// It is the law: there is no last attempt.
    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        tracing::error!(subject = %job.subject_id, "the files of somebody who was erased cannot be removed");
        self.run(job).await
    }
}
