//! From an added document to passages that can be found: the handler that enqueues, and the work itself.

use async_trait::async_trait;
use domain::{
    document::{Document, DocumentCommand, DocumentError, DocumentEvent, EmbeddingFailure, Source},
    envelope::RecordedEvent,
    event::Event,
    ids::{DocumentId, ProjectId},
    values::DocumentType,
};
use serde_json::json;
use sqlx::PgTransaction;
use uuid::Uuid;

use crate::{
    event_log::{ConsumerError, EventConsumer, NewJob, Row, enqueue},
    execute::{Commands, Context, ExecuteError},
    jobs::{Job, JobError, JobHandler},
    ports::{
        IndexedChunk, PageError, ProviderError, SharedEmbedder, SharedIndex, SharedMediaStore, SharedWebPages, TextKind,
    },
    retrieval::passages,
};

/// Jobs that embed a document's version.
const EMBED: &str = "embed_document";
/// Jobs that take a deleted document out of the index.
const REMOVE: &str = "remove_document";

/// Passages that are embedded in one request.
const BATCH: usize = 128;
/// Attempts to fetch a page.
const FETCHES: i32 = 3;

/// Enqueues the work that follows from documents' events. Starts at the beginning of the log.
pub struct EmbeddingHandler;

#[async_trait]
impl EventConsumer for EmbeddingHandler {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &["document"]
    }

    async fn consume(&self, event: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ConsumerError> {
        let Event::Document(document) = &event.event else { return Ok(()) };
        let kind = match document {
            DocumentEvent::Added { .. } => EMBED,
            DocumentEvent::Deleted {} => REMOVE,
            DocumentEvent::TitleChanged { .. }
            | DocumentEvent::DescriptionChanged { .. }
            | DocumentEvent::Embedded { .. }
            | DocumentEvent::EmbeddingFailed { .. } => return Ok(()),
        };
        let job = NewJob {
            job_id: event.metadata.event_id.value(),
            kind,
            subject_id: event.aggregate_id,
            arguments: json!({ "correlation_id": event.metadata.correlation_id }),
            leased_by: None,
        };
        enqueue(&job, tx).await?;
        Ok(())
    }
}

/// Embeds documents, job by job.
pub struct Embedding {
    pub commands: Commands,
    pub media: SharedMediaStore,
    pub pages: SharedWebPages,
    pub embedder: SharedEmbedder,
    pub index: SharedIndex,
}

/// Takes deleted documents out of the index. What is deleted must go, however long it takes: nothing is ever given up.
pub struct Removal {
    pub index: SharedIndex,
}

#[async_trait]
impl JobHandler for Removal {
    fn kinds(&self) -> &'static [&'static str] {
        &[REMOVE]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        self.index.remove_document(DocumentId::new(job.subject_id)).await.map_err(JobError::from_source)
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        self.run(job).await
    }
}

/// Why an attempt did not lead to passages in the index.
enum Failed {
    /// The document can never be embedded: that is its outcome.
    ForGood(EmbeddingFailure),
    /// Another attempt may succeed.
    ForNow(JobError),
}

#[async_trait]
impl JobHandler for Embedding {
    fn kinds(&self) -> &'static [&'static str] {
        &[EMBED]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let loaded = self.commands.log().load::<Document>(job.subject_id).await.map_err(JobError::from_source)?;
        let id = DocumentId::new(job.subject_id);
        let (project_id, title, source, version) = match loaded.aggregate {
            Document::Added { project_id, title, source, version, is_waiting: true, .. } => {
                (project_id, title, source, version)
            }
            // Its outcome is recorded already.
            Document::Added { is_waiting: false, .. } => return Ok(()),
            // An earlier attempt may have left passages behind.
            Document::Absent | Document::Deleted => {
                return self.index.remove_document(id).await.map_err(JobError::from_source);
            }
        };
        let command = match self.embed(project_id, id, title.as_str(), &source, version, job.attempts >= FETCHES).await
        {
            Ok(passages) => {
                let model = self.embedder.model().to_owned();
                DocumentCommand::RecordEmbedding { version, passages, model }
            }
            Err(Failed::ForGood(reason)) => DocumentCommand::RecordEmbeddingFailure { version, reason },
            Err(Failed::ForNow(error)) => return Err(error),
        };
        self.record(job, id, command).await
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        // What failed must not be found; what an earlier attempt has left behind goes, however long that takes.
        self.index.remove_document(DocumentId::new(job.subject_id)).await.map_err(JobError::from_source)?;
        let loaded = self.commands.log().load::<Document>(job.subject_id).await.map_err(JobError::from_source)?;
        let Document::Added { version, is_waiting: true, .. } = loaded.aggregate else { return Ok(()) };
        let reason = EmbeddingFailure::Provider;
        let command = DocumentCommand::RecordEmbeddingFailure { version, reason };
        self.record(job, DocumentId::new(job.subject_id), command).await
    }
}

/// A page that cannot be reached now is tried again, but not for as long as our own services are: somebody waits.
fn failed_fetch(error: PageError, is_last: bool) -> Failed {
    if error.is_transient() && !is_last {
        return Failed::ForNow(JobError::from_source(error));
    }
    tracing::info!(error = %crate::error_chain(&error), "a page cannot be embedded");
    Failed::ForGood(match error {
        PageError::BadAddress => EmbeddingFailure::BadAddress,
        PageError::Forbidden => EmbeddingFailure::ForbiddenAddress,
        PageError::TooManyRedirects | PageError::Status(_) => EmbeddingFailure::PageRefused,
        PageError::TooLarge => EmbeddingFailure::TooLarge,
        PageError::UnsupportedFormat => EmbeddingFailure::UnsupportedFormat,
        PageError::Unreachable(_) => EmbeddingFailure::Unreachable,
    })
}

impl Embedding {
    async fn embed(
        &self,
        project: ProjectId,
        id: DocumentId,
        title: &str,
        source: &Source,
        version: u32,
        is_last_fetch: bool,
    ) -> Result<u32, Failed> {
        let text = self.text_of(source, is_last_fetch).await?;
        let about = title.to_owned();
        // A long text takes its time, and a parser that panics must not end more than this attempt.
        let passages = tokio::task::spawn_blocking(move || passages::cut(&about, &text))
            .await
            .map_err(|error| Failed::ForNow(JobError::from_source(error)))?;
        if passages.is_empty() {
            return Err(Failed::ForGood(EmbeddingFailure::NoText));
        }
        let mut chunks: Vec<IndexedChunk> = Vec::with_capacity(passages.len());
        for batch in passages.chunks(BATCH) {
            let texts: Vec<String> = batch.iter().map(passages::PassageText::to_embed).collect();
            let vectors = self.embedder.embed(&texts, TextKind::Passage).await.map_err(|error| match error {
                ProviderError::RateLimited | ProviderError::Unavailable(_) => {
                    Failed::ForNow(JobError::from_source(error))
                }
                ProviderError::Unauthorized | ProviderError::Refused(_) => {
                    tracing::warn!(error = %crate::error_chain(&error), document = %id, "a document cannot be embedded");
                    Failed::ForGood(EmbeddingFailure::Provider)
                }
            })?;
            for (passage, vector) in batch.iter().zip(vectors) {
                chunks.push(IndexedChunk {
                    chunk_id: passage.chunk_id(id, version),
                    document_id: id,
                    document_version: version,
                    title: passage.title.clone(),
                    text: passage.text.clone(),
                    content_hash: passage.content_hash.clone(),
                    model: self.embedder.model().to_owned(),
                    vector,
                });
            }
        }
        let count = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        self.index
            .replace_document(project, id, chunks)
            .await
            .map_err(|error| Failed::ForNow(JobError::from_source(error)))?;
        Ok(count)
    }

    async fn text_of(&self, source: &Source, is_last_fetch: bool) -> Result<String, Failed> {
        let file = match (&source.file, &source.text_content) {
            (_, Some(address)) if source.document_type == DocumentType::Url => {
                return self.pages.text_of(address).await.map_err(|error| failed_fetch(error, is_last_fetch));
            }
            (Some(file), _) => file,
            (None, Some(text)) => return Ok(text.clone()),
            (None, None) => return Err(Failed::ForGood(EmbeddingFailure::NoText)),
        };
        let extension = file.name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        if !matches!(extension.as_deref(), Some("txt" | "md" | "markdown")) {
            return Err(Failed::ForGood(EmbeddingFailure::UnsupportedFormat));
        }
        let bytes = self
            .media
            .get(&file.name)
            .await
            .map_err(|error| Failed::ForNow(JobError::from_source(error)))?
            .ok_or(Failed::ForGood(EmbeddingFailure::FileMissing))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes the outcome and ends the job, in one transaction.
    async fn record(&self, job: &Job, id: DocumentId, command: DocumentCommand) -> Result<(), JobError> {
        let correlation_id = job
            .arguments
            .get("correlation_id")
            .and_then(|id| id.as_str())
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or(job.id);
        let context = Context {
            causation_id: Some(domain::ids::EventId::new(job.id)),
            ..Context::system("embedding", correlation_id)
        };
        let rows = vec![Row::FinishJob(job.id)];
        match self.commands.execute_with::<Document>(id.value(), command, rows, &context).await {
            // The document is gone: its passages must go too.
            Err(ExecuteError::Refused(DocumentError::NotFound)) => {
                self.index.remove_document(id).await.map_err(JobError::from_source)
            }
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }
}
