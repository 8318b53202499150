//! Reference documents: adding, describing and deleting them. Their embedding follows as a job.

mod embedding;

use domain::{
    document::{Document, DocumentCommand, DocumentError, Source, StoredFile},
    ids::{DocumentId, ProjectId},
    project::Project,
    values::{DocumentType, Title},
};
use sha2::{Digest, Sha256};

use crate::{
    event_log::{AppendError, Committed, StoreError},
    execute::{Commands, Context, ExecuteError},
    ports::{MediaError, SharedMediaStore},
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

pub struct NewFile {
    /// As the client calls it.
    pub name: String,
    pub bytes: Vec<u8>,
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
    Media(#[from] MediaError),
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
    media: SharedMediaStore,
}

impl Documents {
    pub const fn new(commands: Commands, media: SharedMediaStore) -> Self {
        Self { commands, media }
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
            Some(file) => Some(keep(&self.media, file).await?),
            None => None,
        };
        let command = DocumentCommand::Add {
            project_id: project,
            creator: context.actor_user(),
            title,
            description,
            source: Source { document_type, file: file.clone(), text_content },
        };
        let result = self.commands.execute::<Document>(id.value(), command, context).await;
        forget_unless_recorded(&self.media, file, &result).await;
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

/// Keeps the bytes of a file that somebody has uploaded.
pub(crate) async fn keep(media: &SharedMediaStore, file: NewFile) -> Result<StoredFile, MediaError> {
    let size = file.bytes.len() as u64;
    let sha256 = hex::encode(Sha256::digest(&file.bytes));
    let name = media.put_new(&file.name, file.bytes).await?;
    Ok(StoredFile { name, size, sha256 })
}

/// Removes a file again if the event that should name it was not recorded.
pub(crate) async fn forget_unless_recorded<E>(
    media: &SharedMediaStore,
    file: Option<StoredFile>,
    result: &Result<Committed, ExecuteError<E>>,
) {
    let is_new = matches!(result, Ok(committed) if committed.repeats.is_none());
    // An append whose outcome is unknown may have happened: its file must stay.
    let is_certain = !matches!(result, Err(ExecuteError::Append(AppendError::Unavailable(_) | AppendError::Closed)));
    if let Some(file) = file.filter(|_| !is_new && is_certain)
        && let Err(error) = media.remove(&file.name).await
    {
        tracing::warn!(error = %crate::error_chain(&error), "a file that belongs to no document was left behind");
    }
}
