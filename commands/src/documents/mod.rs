//! Reference documents: adding, describing and deleting them. Their embedding follows as a job.

mod embedding;

use domain::{
    document::{Document, DocumentCommand, DocumentError, Source},
    ids::{DocumentId, ProjectId},
    project::Project,
    values::{DocumentType, Title},
};

use crate::{
    event_log::{Committed, Row, StoreError},
    execute::{Commands, Context, ExecuteError},
    uploads::{NewFile, UploadError, Uploads},
};
pub use embedding::{Embedding, EmbeddingHandler, Removal};

/// A document that shall be added.
pub struct NewDocument {
    pub title: Title,
    pub description: Option<String>,
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
        match self.commands.log().load::<Project>(project.value()).await?.aggregate {
            Project::Absent | Project::Deleted { .. } => Err(DocumentsError::ProjectNotFound),
            Project::Existing { is_archived: true, .. } => Err(DocumentsError::ProjectArchived),
            Project::Existing { .. } => Ok(()),
        }
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
        let NewDocument { title, description, document_type, text_content, file } = document;
        let file = match file {
            Some(file) => Some(self.uploads.keep(file).await?),
            None => None,
        };
        let command = DocumentCommand::Add {
            project_id: project,
            creator: context.actor_user(),
            title,
            description,
            source: Source { document_type, file: file.clone(), text_content },
        };
        let rows = file.iter().map(|file| Row::KeepUpload(file.name.clone())).collect();
        let result = self.commands.execute_with::<Document>(id.value(), command, rows, context).await;
        self.uploads.discard_unless_recorded(file.as_ref(), &result).await;
        Ok(result?)
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

    /// Deletes a document: it is not retrieved from the moment on in which its job has run.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], or the log's.
    pub async fn delete(&self, id: DocumentId, context: &Context) -> Result<Committed, DocumentsError> {
        Ok(self.commands.execute::<Document>(id.value(), DocumentCommand::Delete, context).await?)
    }
}
