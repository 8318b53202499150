//! Reference documents: adding, describing, renewing and deleting them. What follows is done by jobs: their way into the index
//! ([`Ingestion`]), and apart from it their removal, the end of their project and later visits to their pages.

mod handler;
mod ingest;
mod jobs;
mod page_refresh;
mod project_cleanup;
mod removal;

use domain::{
    document::{Document, DocumentCommand, DocumentError, Source},
    ids::{DocumentId, ProjectId},
    project::Project,
    values::{DocumentType, Title},
};

use crate::{
    event_log::{Committed, StoreError},
    execute::{Commands, Context, ExecuteError},
    uploads::{KeepUpload, NewFile, UploadError, Uploads},
};
pub use handler::EmbeddingHandler;
pub use ingest::Ingestion;
pub(crate) use ingest::{hints_of_file, hints_of_text};
pub use page_refresh::PageRefresh;
pub use project_cleanup::ProjectCleanup;
use removal::HideDocument;
pub use removal::Removal;

/// A document that shall be added.
pub struct NewDocument {
    pub title: Title,
    pub description: Option<String>,
    pub content: NewContent,
}

/// Where the text of a document, or of a new version of it, shall be found.
pub struct NewContent {
    pub document_type: DocumentType,
    pub text_content: Option<String>,
    pub file: Option<NewFile>,
}

#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    #[error("there is no such project")]
    ProjectNotFound,
    #[error("the project is archived")]
    ProjectArchived,
    #[error(transparent)]
    Execute(#[from] ExecuteError<DocumentError>),
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl From<DocumentError> for DocumentsError {
    fn from(refusal: DocumentError) -> Self {
        Self::Execute(ExecuteError::Refused(refusal))
    }
}

impl From<ExecuteError<Self>> for DocumentsError {
    fn from(error: ExecuteError<Self>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal,
            ExecuteError::Store(error) => Self::Execute(error.into()),
            ExecuteError::Append(error) => Self::Execute(error.into()),
        }
    }
}

/// Whether documents can be added to the project.
fn check(project: &Project) -> Result<(), DocumentsError> {
    match project {
        Project::Absent | Project::Deleted { .. } => Err(DocumentsError::ProjectNotFound),
        Project::Existing { is_archived: true, .. } => Err(DocumentsError::ProjectArchived),
        Project::Existing { .. } => Ok(()),
    }
}

impl From<StoreError> for DocumentsError {
    fn from(error: StoreError) -> Self {
        Self::Execute(error.into())
    }
}

/// The use cases of documents.
#[derive(Clone)]
pub struct Documents {
    commands: Commands,
    uploads: Uploads,
}

impl Documents {
    pub const fn new(commands: Commands, uploads: Uploads) -> Self {
        Self { commands, uploads }
    }

    /// Whether documents can be added to the project.
    ///
    /// # Errors
    /// [`DocumentsError::ProjectNotFound`] or [`DocumentsError::ProjectArchived`], or the log's.
    pub async fn check_project(&self, project: ProjectId) -> Result<(), DocumentsError> {
        check(&self.commands.log().load::<Project>(project.value()).await?.aggregate)
    }

    /// Adds a document. Its file is kept first; if the document cannot be added, the file is removed again.
    ///
    /// # Errors
    /// [`DocumentsError`]; nothing was added then.
    pub async fn add(
        &self,
        project: ProjectId,
        id: DocumentId,
        document: NewDocument,
        context: &Context,
    ) -> Result<Committed, DocumentsError> {
        self.check_project(project).await?;
        let NewDocument { title, description, content: new } = document;
        let creator = context.actor_user();
        let command = |source| DocumentCommand::Add { project_id: project, creator, title, description, source };
        self.record_content(project, id, new, command, context).await
    }

    /// Gives a document new content. What it says is retrieved as soon as all of it is embedded; until then the content before.
    ///
    /// # Errors
    /// [`DocumentsError`]; nothing was changed then.
    pub async fn add_version(
        &self,
        project: ProjectId,
        id: DocumentId,
        new: NewContent,
        context: &Context,
    ) -> Result<Committed, DocumentsError> {
        self.check_project(project).await?;
        let creator = context.actor_user();
        let command = |source| DocumentCommand::AddVersion { creator, source };
        self.record_content(project, id, new, command, context).await
    }

    /// Keeps the content's file first; if the command is refused, the file is removed again.
    async fn record_content(
        &self,
        project: ProjectId,
        id: DocumentId,
        new: NewContent,
        command: impl FnOnce(Source) -> DocumentCommand,
        context: &Context,
    ) -> Result<Committed, DocumentsError> {
        let NewContent { document_type, text_content, file } = new;
        let file = match file {
            Some(file) => Some(self.uploads.keep(file).await?),
            None => None,
        };
        let rows = file.iter().map(|file| KeepUpload(file.name.clone()).into()).collect();
        let command = command(Source { document_type, file: file.clone(), text_content });
        let (add, project) = ((id.value(), command), (project.value(), check));
        let result = self.commands.execute_relying_on::<Document, _, _>(add, rows, project, context).await;
        self.uploads.discard_unless_recorded(file.as_ref(), &result).await;
        Ok(result?)
    }

    /// Has a failed embedding tried again.
    ///
    /// # Errors
    /// [`DocumentError::NotFailed`], or the log's.
    pub async fn retry(&self, id: DocumentId, context: &Context) -> Result<Committed, DocumentsError> {
        Ok(self.commands.execute::<Document>(id.value(), DocumentCommand::Retry, context).await?)
    }

    /// Gives an awaited embedding up. The version before, if there is one, is still retrieved.
    ///
    /// # Errors
    /// [`DocumentError::NotWaiting`], or the log's.
    pub async fn cancel(&self, id: DocumentId, context: &Context) -> Result<Committed, DocumentsError> {
        Ok(self.commands.execute::<Document>(id.value(), DocumentCommand::Cancel, context).await?)
    }

    /// Changes title and description.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], or the log's.
    pub async fn describe(
        &self,
        id: DocumentId,
        title: Option<Title>,
        description: Option<Option<String>>,
        context: &Context,
    ) -> Result<Committed, DocumentsError> {
        let command = DocumentCommand::Describe { title, description };
        Ok(self.commands.execute::<Document>(id.value(), command, context).await?)
    }

    /// Deletes a document: no search finds it from now on. Its removal from everywhere follows, and is confirmed by events.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], or the log's.
    pub async fn delete(
        &self,
        project: ProjectId,
        id: DocumentId,
        context: &Context,
    ) -> Result<Committed, DocumentsError> {
        let rows = vec![HideDocument { project, document: id }.into()];
        Ok(self.commands.execute_with::<Document>(id.value(), DocumentCommand::Delete, rows, context).await?)
    }
}
