//! From a document's newest version to passages that can be found, step by step: fetch, extract and cut, embed, publish.
//!
//! Its chapter is "The walk of a document" in `docs/architecture.md`.

mod attempt;
mod embed;
mod read;

use async_trait::async_trait;
use domain::{
    document::{Document, DocumentCommand, DocumentError, EmbeddingFailure, Note, Source, VersionState},
    ids::{DocumentId, ProjectId},
};
use sqlx::PgPool;

use super::{
    Documents, DocumentsError,
    jobs::{Embed, job_context},
};
use crate::{
    event_log::{JobPayload, Row},
    execute::{Commands, ExecuteError},
    jobs::{Job, JobError, JobHandler},
    passage_store::{KeptReading, PassageStore, PassageStoreError, VectorsByModel},
};
pub(super) use attempt::forget;
use attempt::{Attempt, Stage};
use ports::{CutText, IndexError, SharedDocumentReader, SharedMediaStore, SharedWebPages};
pub(crate) use read::{hints_of_file, hints_of_text};

/// Ingests documents, job by job.
pub struct Ingestion {
    pub pool: PgPool,
    pub commands: Commands,
    pub documents: Documents,
    pub media: SharedMediaStore,
    pub pages: SharedWebPages,
    pub reader: SharedDocumentReader,
    pub passage_store: PassageStore,
}

/// What is to be embedded.
struct Version {
    project: ProjectId,
    document: DocumentId,
    number: u32,
    title: String,
    source: Source,
}

/// What is found of a version from now on.
struct Published {
    /// How many there are.
    passages: u32,
    /// What the reader had to say.
    notes: Vec<Note>,
}

/// Why an attempt did not lead to passages in the index.
enum Failed {
    /// The document can never be embedded: that is its outcome, with what its reader had to say.
    ForGood(EmbeddingFailure, Vec<Note>),
    /// Another attempt may succeed.
    ForNow(JobError),
    /// Nobody waits for it any more.
    Unwanted,
}

impl Failed {
    const fn for_good(reason: EmbeddingFailure) -> Self {
        Self::ForGood(reason, Vec::new())
    }

    fn for_now(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::ForNow(JobError::from_source(error))
    }
}

impl Ingestion {
    /// All steps of an attempt, in their order. Each gets what the one before has made; [`Attempt`] says around them how far it is,
    /// and ends them when nobody waits any more.
    async fn ingest(&self, attempt: &Attempt<'_>) -> Result<Published, Failed> {
        attempt.report(Stage::Extracting, 0, None).await;
        let fetched = attempt.while_awaited(self.fetch(attempt)).await?;
        // One step: the same confined process extracts the text and cuts it.
        let text = attempt.while_awaited(self.extract_and_cut(attempt, fetched)).await?;
        attempt.report(Stage::Chunking, 0, None).await;
        let vectors = self.embed(attempt, &text.passages).await?;
        attempt.require_awaited().await?;
        self.publish(attempt, text, &vectors).await
    }

    /// Replaces what is found of the document by this version.
    async fn publish(
        &self,
        attempt: &Attempt<'_>,
        text: CutText,
        vectors: &VectorsByModel,
    ) -> Result<Published, Failed> {
        let (version, CutText { passages, reading }) = (&attempt.version, text);
        let notes = reading.notes.into_iter().map(Note::from).collect();
        let reading = KeptReading { version: version.number, parts: reading.parts, notes };
        let stored = passages.iter().map(|passage| passage.stored(version.document, version.number)).collect();
        let replaced =
            self.passage_store.replace_document(version.project, version.document, stored, vectors, &reading);
        replaced.await.map_err(|error| match error {
            PassageStoreError::Index(IndexError::Dimensions { .. } | IndexError::Refused { status: 400, .. }) => {
                tracing::warn!(error = %crate::error_chain(&error), "the vector store refuses a document");
                Failed::for_good(EmbeddingFailure::Provider)
            }
            error => Failed::for_now(error),
        })?;
        Ok(Published { passages: u32::try_from(passages.len()).unwrap_or(u32::MAX), notes: reading.notes })
    }
}

impl Ingestion {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[Embed::KIND];
}

#[async_trait]
impl JobHandler for Ingestion {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Some(version) = self.awaited(job).await? else { return Ok(()) };
        let (document, number) = (version.document, version.number);
        let attempt = Attempt { pool: &self.pool, commands: &self.commands, version, number: job.attempts };
        let command = match self.ingest(&attempt).await {
            Ok(Published { passages, notes }) => {
                let model = self.passage_store.chosen().model().to_owned();
                DocumentCommand::RecordEmbedding { version: number, passages, model, notes }
            }
            Err(Failed::ForGood(reason, notes)) => {
                DocumentCommand::RecordEmbeddingFailure { version: number, reason, notes }
            }
            Err(Failed::Unwanted) => return Ok(()),
            Err(Failed::ForNow(error)) => {
                attempt.report(Stage::Queued, 0, None).await;
                return Err(error);
            }
        };
        self.record(job, document, command).await
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        let Some(version) = self.awaited(job).await? else { return Ok(()) };
        let reason = EmbeddingFailure::Provider;
        let command = DocumentCommand::RecordEmbeddingFailure { version: version.number, reason, notes: Vec::new() };
        self.record(job, version.document, command).await
    }
}

impl Ingestion {
    /// The version that waits; none if its outcome is recorded already or the document is gone. What an earlier attempt has
    /// left of a deleted one is removed.
    async fn awaited(&self, job: &Job) -> Result<Option<Version>, JobError> {
        let loaded = self.commands.log().load::<Document>(job.subject_id).await.map_err(JobError::from_source)?;
        let document = DocumentId::new(job.subject_id);
        match loaded.aggregate {
            Document::Added { project_id, title, source, version, state: VersionState::Waiting, .. } => {
                // One that was added while its project was deleted goes after it.
                if let Err(DocumentsError::ProjectNotFound) = self.documents.check_project(project_id).await {
                    let context = job_context(job, "embedding");
                    self.documents.delete(project_id, document, &context).await.map_err(JobError::from_source)?;
                    return Ok(None);
                }
                let title = title.as_str().to_owned();
                Ok(Some(Version { project: project_id, document, number: version, title, source }))
            }
            Document::Added { .. } => Ok(None),
            Document::Absent | Document::Deleted { .. } => {
                self.passage_store.remove_document(document).await.map_err(JobError::from_source)?;
                Ok(None)
            }
        }
    }

    /// Writes the outcome and ends the job, in one transaction.
    async fn record(&self, job: &Job, id: DocumentId, command: DocumentCommand) -> Result<(), JobError> {
        let rows = vec![Row::FinishJob(job.id)];
        let context = job_context(job, "embedding");
        match self.commands.execute_with::<Document>(id.value(), command, rows, &context).await {
            // The document is gone: its passages must go too.
            Err(ExecuteError::Refused(DocumentError::NotFound)) => {
                self.passage_store.remove_document(id).await.map_err(JobError::from_source)
            }
            Ok(_) => forget(&self.pool, id).await.map_err(JobError::from_source),
            Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }
}
