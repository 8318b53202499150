//! From a document's newest version to passages that can be found.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::{
    document::{Document, DocumentCommand, DocumentError, EmbeddingFailure, Note, Source, VersionState},
    ids::{DocumentId, ProjectId},
    values::DocumentType,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::PgPool;
use tokio::time::timeout;

use super::{
    Documents, DocumentsError, drafts, job_context,
    jobs::Embed,
    progress::{self, Reporter, Stage},
};
use crate::{
    event_log::{JobPayload, Row},
    execute::{Commands, ExecuteError},
    jobs::{Job, JobError, JobHandler},
    passage_store::{KeptReading, PassageStore, PassageStoreError, VectorsByModel},
};
use knowledge::extraction::{FileHints, Unreadable};
use knowledge::retrieval::passages::PassageText;
use ports::{
    Content, CutText, Embedder, IndexError, PageError, ProviderError, ReadError, SharedDocumentReader,
    SharedMediaStore, SharedWebPages, TextKind,
};

/// Passages that are embedded in one request.
const BATCH: usize = 64;
/// Requests for one document at the same time.
const REQUESTS: usize = 2;
/// How long one document is embedded while others wait: less than a job may run at all.
const TURN: Duration = Duration::from_mins(5);
/// How soon it is seen that a document was deleted, or its embedding cancelled, while it is read.
const GLANCE: Duration = Duration::from_millis(500);
/// Attempts to fetch a page.
const FETCHES: i32 = 3;

/// Embeds documents, job by job.
pub struct Embedding {
    pub pool: PgPool,
    pub commands: Commands,
    pub documents: Documents,
    pub media: SharedMediaStore,
    pub pages: SharedWebPages,
    pub reader: SharedDocumentReader,
    pub passage_store: PassageStore,
}

/// The rest is embedded when others have had their turn.
#[derive(Debug, thiserror::Error)]
#[error("the document is long, and others wait")]
struct HadItsTurn;

/// Why an attempt did not lead to passages in the index.
enum Failed {
    /// The document can never be embedded: that is its outcome.
    ForGood(EmbeddingFailure),
    /// Another attempt may succeed.
    ForNow(JobError),
    /// Nobody waits for it any more.
    Unwanted,
}

/// What is to be embedded.
struct Version {
    project: ProjectId,
    document: DocumentId,
    number: u32,
    title: String,
    source: Source,
}

#[async_trait]
impl JobHandler for Embedding {
    fn kinds(&self) -> &'static [&'static str] {
        &[Embed::KIND]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Some(version) = self.awaited(job).await? else { return Ok(()) };
        let attempts = job.attempts;
        let reporter = Reporter { pool: &self.pool, document: version.document, version: version.number, attempts };
        let number = version.number;
        let command = match self.embed(&version, &reporter).await {
            Ok((passages, notes)) => {
                let model = self.passage_store.chosen().model().to_owned();
                DocumentCommand::RecordEmbedding { version: number, passages, model, notes }
            }
            Err(Failed::ForGood(reason)) => DocumentCommand::RecordEmbeddingFailure { version: number, reason },
            Err(Failed::Unwanted) => return Ok(()),
            Err(Failed::ForNow(error)) => {
                reporter.report(Stage::Queued, 0, None).await;
                return Err(error);
            }
        };
        self.record(job, version.document, command).await
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        let Some(version) = self.awaited(job).await? else { return Ok(()) };
        let reason = EmbeddingFailure::Provider;
        let command = DocumentCommand::RecordEmbeddingFailure { version: version.number, reason };
        self.record(job, version.document, command).await
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
        PageError::Compressed => EmbeddingFailure::UnsupportedFormat,
        PageError::Unreachable(_) => EmbeddingFailure::Unreachable,
    })
}

fn failed_read(error: ReadError) -> Failed {
    match error {
        ReadError::Media(_) | ReadError::Failed(_) => Failed::ForNow(JobError::from_source(error)),
        ReadError::Unreadable(reason) => Failed::ForGood(match reason {
            Unreadable::NoText => EmbeddingFailure::NoText,
            Unreadable::UnsupportedFormat => EmbeddingFailure::UnsupportedFormat,
            Unreadable::Encrypted => EmbeddingFailure::Encrypted,
            Unreadable::Damaged => EmbeddingFailure::Damaged,
            Unreadable::TooComplex => EmbeddingFailure::TooComplex,
            Unreadable::LegacyFont => EmbeddingFailure::LegacyFont,
        }),
    }
}

fn failed_provider(error: ProviderError) -> Failed {
    match error {
        ProviderError::RateLimited | ProviderError::Unavailable(_) => Failed::ForNow(JobError::from_source(error)),
        ProviderError::Unauthorized | ProviderError::Refused(_) => {
            tracing::warn!(error = %crate::error_chain(&error), "a document cannot be embedded");
            Failed::ForGood(EmbeddingFailure::Provider)
        }
    }
}

fn for_now(error: impl std::error::Error + Send + Sync + 'static) -> Failed {
    Failed::ForNow(JobError::from_source(error))
}

impl Embedding {
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

    async fn require_awaited(&self, version: &Version) -> Result<(), Failed> {
        let loaded = self.commands.log().load::<Document>(version.document.value()).await.map_err(for_now)?;
        match loaded.aggregate {
            Document::Added { version: newest, state: VersionState::Waiting, .. } if newest == version.number => Ok(()),
            _ => Err(Failed::Unwanted),
        }
    }

    /// Does what may take its time, and drops it soon after nobody waits for the version any more.
    async fn while_awaited<T>(
        &self,
        version: &Version,
        work: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = timeout(GLANCE, &mut work).await {
                return done;
            }
            if let Err(Failed::Unwanted) = self.require_awaited(version).await {
                return Err(Failed::Unwanted);
            }
        }
    }

    /// Says how many passages there are, and what the reader had to say.
    async fn embed(&self, version: &Version, reporter: &Reporter<'_>) -> Result<(u32, Vec<Note>), Failed> {
        reporter.report(Stage::Extracting, 0, None).await;
        let text = self.text_of(version, reporter.attempts >= FETCHES);
        let CutText { passages, reading } = self.while_awaited(version, text).await?;
        let notes = reading.notes.into_iter().map(Note::from).collect();
        let reading = KeptReading { version: version.number, parts: reading.parts, notes };
        reporter.report(Stage::Chunking, 0, None).await;
        let vectors = self.vectors_by_model(version, &passages, reporter).await?;
        self.require_awaited(version).await?;
        let stored = passages.iter().map(|passage| passage.stored(version.document, version.number)).collect();
        let replaced =
            self.passage_store.replace_document(version.project, version.document, stored, &vectors, &reading);
        replaced.await.map_err(|error| match error {
            PassageStoreError::Index(IndexError::Dimensions { .. } | IndexError::Refused { status: 400, .. }) => {
                tracing::warn!(error = %crate::error_chain(&error), "the vector store refuses a document");
                Failed::ForGood(EmbeddingFailure::Provider)
            }
            error => for_now(error),
        })?;
        Ok((u32::try_from(passages.len()).unwrap_or(u32::MAX), reading.notes))
    }

    /// The vectors of the chosen model, and those of the one whose index is searched until the new one is complete: without these,
    /// the document is found by its words only for so long.
    async fn vectors_by_model(
        &self,
        version: &Version,
        passages: &[PassageText],
        reporter: &Reporter<'_>,
    ) -> Result<VectorsByModel, Failed> {
        let mut vectors = VectorsByModel::new();
        for embedder in self.passage_store.wanted_embedders().await.map_err(for_now)? {
            let model = embedder.model().to_owned();
            match self.vectors_of(version, passages, embedder.as_ref(), reporter).await {
                Ok(of_model) => drop(vectors.insert(model, of_model)),
                Err(Failed::Unwanted) => return Err(Failed::Unwanted),
                Err(failed) if vectors.is_empty() => return Err(failed),
                Err(Failed::ForGood(_)) => tracing::warn!(model, "a document gets no vectors of the model of before"),
                Err(Failed::ForNow(error)) => {
                    let error = crate::error_chain(&error);
                    tracing::warn!(model, error, "a document gets no vectors of the model of before");
                }
            }
        }
        Ok(vectors)
    }

    /// One vector for each passage. What was embedded before is not embedded again.
    async fn vectors_of(
        &self,
        version: &Version,
        passages: &[PassageText],
        embedder: &dyn Embedder,
        reporter: &Reporter<'_>,
    ) -> Result<Vec<Vec<f32>>, Failed> {
        let model = embedder.model();
        let mut known =
            drafts::known(&self.pool, version.project, version.document, model, passages).await.map_err(for_now)?;
        let contents: Vec<String> = passages.iter().map(drafts::content_of).collect();
        let missing: Vec<usize> = (0..passages.len()).filter(|at| !known.contains_key(&contents[*at])).collect();
        let total = passages.len();
        let (known_before, started) = (total - missing.len(), Instant::now());
        let mut done = known_before;
        reporter.report(Stage::Embedding, done, Some(total)).await;
        let requests: Vec<_> = missing.chunks(BATCH).map(|batch| embed_batch(embedder, batch, passages)).collect();
        let mut batches = stream::iter(requests).buffered(REQUESTS);
        loop {
            let next = batches.try_next().await.map_err(|failed| match failed {
                // A long document at a slow or limiting embedder is no hopeless one.
                Failed::ForNow(error) if total > BATCH && done > known_before => Failed::ForNow(error.after_progress()),
                failed => failed,
            });
            let Some((batch, vectors)) = next? else { break };
            let of_batch: Vec<String> = batch.iter().map(|at| contents[*at].clone()).collect();
            done += batch.len();
            // A document of one batch has nothing to go on from.
            if total > BATCH {
                self.require_awaited(version).await?;
                drafts::keep(&self.pool, version.document, model, &of_batch, &vectors).await.map_err(for_now)?;
                reporter.report(Stage::Embedding, done, Some(total)).await;
                if started.elapsed() > TURN && done < total {
                    return Err(Failed::ForNow(JobError::to_be_continued(HadItsTurn)));
                }
            }
            known.extend(of_batch.into_iter().zip(vectors));
        }
        let vector_of = |content| known.get(content).cloned();
        let vectors: Option<Vec<Vec<f32>>> = contents.iter().map(vector_of).collect();
        vectors.ok_or_else(|| for_now(ProviderError::unavailable("there are fewer vectors than texts")))
    }

    async fn text_of(&self, version: &Version, is_last_fetch: bool) -> Result<CutText, Failed> {
        let source = &version.source;
        let (content, hints) = match (&source.file, &source.text_content) {
            (_, Some(address)) if source.document_type == DocumentType::Url => {
                let page = self.pages.fetch(address).await.map_err(|error| failed_fetch(error, is_last_fetch))?;
                (page.bytes.into(), page.hints)
            }
            (Some(file), _) => {
                let info = self.media.describe(&file.name).await.map_err(for_now)?;
                let info = info.ok_or(Failed::ForGood(EmbeddingFailure::FileMissing))?;
                let content = Content::stored(self.media.clone(), file.name.clone(), info.size);
                (content, FileHints { name: Some(file.name.clone()), content_type: None })
            }
            (None, Some(text)) => {
                let content_type = Some("text/markdown; charset=utf-8".to_owned());
                (text.clone().into_bytes().into(), FileHints { name: None, content_type })
            }
            (None, None) => return Err(Failed::ForGood(EmbeddingFailure::NoText)),
        };
        self.reader.read_and_cut(&version.title, content, &hints).await.map_err(failed_read)
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
            Ok(_) => progress::forget(&self.pool, id).await.map_err(JobError::from_source),
            Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }
}

async fn embed_batch<'a>(
    embedder: &dyn Embedder,
    batch: &'a [usize],
    passages: &[PassageText],
) -> Result<(&'a [usize], Vec<Vec<f32>>), Failed> {
    let texts: Vec<String> = batch.iter().map(|at| passages[*at].to_embed()).collect();
    Ok((batch, embedder.embed(&texts, TextKind::Passage).await.map_err(failed_provider)?))
}
