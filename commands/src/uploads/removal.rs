//! Removal of files whose owner is deleted: speech with its chat or person, attachments with their question or suite.
//!
//! The files of documents are removed by the documents' own process, which confirms it by events. Chats outlive their
//! project, and so does their speech.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AggregateType,
    chat::ChatEvent,
    document::StoredFile,
    envelope::RecordedEvent,
    event::Event,
    ids::{MessageId, SubjectId},
    test_suite::TestSuiteEvent,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, PgTransaction};
use uuid::Uuid;

use super::Uploads;
use crate::{
    event_log::{ConsumerError, EventConsumer, JobPayload, NewJob, enqueue},
    jobs::{Job, JobError, JobHandler},
};

/// The job that removes the speech in all chats of an erased subject.
#[derive(Serialize, Deserialize)]
pub(crate) struct EraseMedia {}

impl JobPayload for EraseMedia {
    const KIND: &'static str = "erase_media";
}

/// The files that a job removes. The job's subject is the deleted object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Files {
    /// The file of this name.
    File(String),
    /// The speech in the chat.
    OfChat {},
    /// The attachments in this suite: of the suite, of a question, or a single one, by the job's subject.
    OfSuite(Uuid),
}

impl JobPayload for Files {
    const KIND: &'static str = "remove_media";
}

/// Enqueues the removal of files whose chat, person, suite or question is deleted. Starts at the beginning of the log.
pub struct MediaRemovalHandler;

#[async_trait]
impl EventConsumer for MediaRemovalHandler {
    fn name(&self) -> &'static str {
        "media_removal"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Chat, AggregateType::TestSuite]
    }

    /// The pause between batches: most events need no removal, and every question in a chat would cost two
    /// transactions.
    fn rest(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        let own = event.aggregate_id;
        let (subject_id, files) = match &event.event {
            Event::Chat(ChatEvent::Deleted {}) => (own, Files::OfChat {}),
            Event::Chat(ChatEvent::AnswerSpoken { answer_id, audio, .. }) => {
                if !is_guessable(*answer_id, audio) && !is_erased(event, tx).await? {
                    return Ok(());
                }
                (answer_id.value(), Files::File(audio.name.clone()))
            }
            Event::TestSuite(suite) => match suite {
                TestSuiteEvent::Deleted {} => (own, Files::OfSuite(own)),
                TestSuiteEvent::QuestionDeleted { question_id } => (question_id.value(), Files::OfSuite(own)),
                TestSuiteEvent::DocumentRemoved { document_id, .. } => (document_id.value(), Files::OfSuite(own)),
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let job_id = event.metadata.event_id.value();
        Ok(enqueue(&NewJob::new(job_id, subject_id, &files), tx).await?)
    }
}

/// Whether the file of the speech has a name that others can guess: earlier names began with the message's id, which is
/// visible to others. Such files are removed.
fn is_guessable(answer: MessageId, audio: &StoredFile) -> bool {
    audio.name.starts_with(&answer.to_string())
}

/// Whether the person was erased before the speech was stored.
async fn is_erased(event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<bool, sqlx::Error> {
    let subject = event.metadata.subject.map(SubjectId::value);
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM subject_keys WHERE subject_id = $1 AND wrapped_key IS NULL) AS "is_erased!""#,
        subject,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Removes files.
pub struct MediaRemoval {
    pub pool: PgPool,
    pub uploads: Uploads,
}

impl Uploads {
    /// The files of speech in the chats of a person, or in a chat that is its own subject.
    ///
    /// # Errors
    /// [`sqlx::Error`] if the database failed.
    pub(crate) async fn speech_of_subject(&self, subject: Uuid) -> Result<Vec<String>, sqlx::Error> {
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

impl MediaRemoval {
    async fn names(&self, job: &Job) -> Result<Vec<String>, JobError> {
        if job.kind == EraseMedia::KIND {
            return self.uploads.speech_of_subject(job.subject_id).await.map_err(JobError::from_source);
        }
        let names = match job.payload()? {
            Files::File(name) => return Ok(vec![name]),
            Files::OfChat {} => self.speech_of_chat(job.subject_id).await,
            Files::OfSuite(suite) => self.attachments(suite, job.subject_id).await,
        };
        names.map_err(JobError::from_source)
    }

    async fn speech_of_chat(&self, chat: Uuid) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar!(
            r#"SELECT payload -> 'audio' ->> 'name' AS "name!" FROM events
               WHERE aggregate_type = 'chat' AND event_type = 'AnswerSpoken' AND aggregate_id = $1"#,
            chat.to_string(),
        )
        .fetch_all(&self.pool)
        .await
    }

    /// The files attached in a suite to the deleted object: the suite, a question, or one attachment.
    async fn attachments(&self, suite: Uuid, gone: Uuid) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar!(
            r#"SELECT payload -> 'file' ->> 'name' AS "name!" FROM events
               WHERE aggregate_type = 'testsuite' AND event_type = 'DocumentAttached' AND aggregate_id = $1
                 AND $2 IN (aggregate_id, payload ->> 'question_id', payload ->> 'document_id')
                 AND payload -> 'file' ->> 'name' IS NOT NULL"#,
            suite.to_string(),
            gone.to_string(),
        )
        .fetch_all(&self.pool)
        .await
    }
}

impl MediaRemoval {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[EraseMedia::KIND, Files::KIND];
}

#[async_trait]
impl JobHandler for MediaRemoval {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        for name in self.names(job).await? {
            self.uploads.remove(&name).await.map_err(JobError::from_source)?;
        }
        Ok(())
    }

    /// Never gives up, because the person who deleted something relies on its removal.
    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        tracing::error!(subject = %job.subject_id, "the files of what was deleted or erased cannot be removed");
        self.run(job).await
    }
}
