//! Web pages change: each is fetched again once a day, and what says something else than its passages becomes a new version.

use async_trait::async_trait;
use domain::{
    document::{Document, DocumentCommand, DocumentError, VersionState},
    ids::{DocumentId, ProjectId},
    values::DocumentType,
};
use sqlx::PgPool;

use super::{Documents, DocumentsError, jobs::Revisit};
use crate::{
    clock::SharedClock,
    event_log::JobPayload,
    execute::{Commands, Context, ExecuteError},
    jobs::{Job, JobError, JobHandler},
    passage_store::content_hashes,
};
use ports::{ReadError, SharedDocumentReader, SharedWebPages};

/// Fetches the pages of documents again.
pub struct PageRefresh {
    pub pool: PgPool,
    pub clock: SharedClock,
    pub commands: Commands,
    pub documents: Documents,
    pub pages: SharedWebPages,
    pub reader: SharedDocumentReader,
}

/// The job is not done as long as there is a page.
#[derive(Debug, thiserror::Error)]
#[error("the page is visited again")]
struct VisitedAgain;

/// A page, and the version that was made of it.
struct Visited {
    project: ProjectId,
    document: DocumentId,
    version: u32,
    title: String,
    address: String,
    state: VersionState,
}

impl PageRefresh {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[Revisit::KIND];
}

#[async_trait]
impl JobHandler for PageRefresh {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Some(visited) = self.visited(DocumentId::new(job.subject_id)).await? else { return Ok(()) };
        match self.documents.check_project(visited.project).await {
            Ok(()) if self.has_changed(&visited).await? => self.renew(&visited).await?,
            Ok(()) | Err(DocumentsError::ProjectArchived) => {}
            Err(DocumentsError::ProjectNotFound) => return Ok(()),
            Err(error) => return Err(JobError::from_source(error)),
        }
        Err(JobError::for_a_while(VisitedAgain, Revisit::PERIOD).after_progress())
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        self.run(job).await
    }
}

impl PageRefresh {
    /// None if there is no page any more.
    async fn visited(&self, document: DocumentId) -> Result<Option<Visited>, JobError> {
        let loaded = self.commands.log().load::<Document>(document.value()).await.map_err(JobError::from_source)?;
        let Document::Added { project_id: project, title, source, version, state, .. } = loaded.aggregate else {
            return Ok(None);
        };
        let address = source.text_content.filter(|_| source.document_type == DocumentType::Url);
        let title = title.as_str().to_owned();
        Ok(address.map(|address| Visited { project, document, version, title, address, state }))
    }

    /// Whether the page has other passages than are retrieved. A page that cannot be read now stays what it was. A version that
    /// failed waits for somebody who tries it again.
    async fn has_changed(&self, visited: &Visited) -> Result<bool, JobError> {
        if visited.state != VersionState::Embedded {
            return Ok(false);
        }
        let page = match self.pages.fetch(&visited.address).await {
            Ok(page) => page,
            Err(error) => return Ok(unreadable(visited, &error)),
        };
        let passages = match self.reader.read_and_cut(&visited.title, page.bytes.into(), &page.hints).await {
            Ok(text) => text.passages,
            Err(ReadError::Unreadable(failure)) => return Ok(unreadable(visited, &failure)),
            Err(error) => return Err(JobError::from_source(error)),
        };
        let now: Vec<String> = passages.into_iter().map(|passage| passage.content_hash).collect();
        let before = content_hashes(&self.pool, visited.document).await.map_err(JobError::from_source)?;
        Ok(now != before)
    }

    async fn renew(&self, visited: &Visited) -> Result<(), JobError> {
        let command = DocumentCommand::Renew { version: visited.version };
        let context = Context::system("web pages", self.clock.new_id());
        match self.commands.execute::<Document>(visited.document.value(), command, &context).await {
            Ok(_) | Err(ExecuteError::Refused(DocumentError::NotFound)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }
}

/// That is no change.
fn unreadable(visited: &Visited, error: &dyn std::error::Error) -> bool {
    let (document, error) = (visited.document, crate::error_chain(error));
    tracing::info!(%document, error, "a web page cannot be read again, its document stays what it was");
    false
}
