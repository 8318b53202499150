//! absent -> added (waiting -> embedded | failed -> waiting …) -> deleted (removed from one storage after the other).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{DocumentEvent, EmbeddingFailure, Note, Place, Source};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{ProjectId, SubjectId, UserId},
    values::Title,
};

/// A document, as far as decisions and its embedding need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Document {
    /// The document was never added.
    #[default]
    Absent,
    /// The document exists.
    Added {
        /// The project.
        project_id: ProjectId,
        /// The title.
        title: Title,
        /// The description.
        description: Option<String>,
        /// The source of the newest version's text.
        source: Source,
        /// The newest version, from 1.
        version: u32,
        /// The state of the newest version.
        state: VersionState,
        /// The files of earlier versions.
        earlier_files: Vec<String>,
    },
    /// The document was deleted.
    Deleted {
        /// The project that it was in.
        project_id: Option<ProjectId>,
        /// The files of all versions.
        files: Vec<String>,
        /// The storages that may still have parts of it.
        left_in: Vec<Place>,
    },
}

/// The state of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionState {
    /// Its embedding is pending.
    Waiting,
    /// It is in the index.
    Embedded,
    /// Its embedding failed for good.
    Failed,
}

impl VersionState {
    /// The state in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Embedded => "embedded",
            Self::Failed => "failed",
        }
    }
}

/// A command to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentCommand {
    /// Adds the document to a project.
    Add {
        /// The project.
        project_id: ProjectId,
        /// The user who adds it; `None` for the system.
        creator: Option<UserId>,
        /// The title.
        title: Title,
        /// The description.
        description: Option<String>,
        /// The source of its text.
        source: Source,
    },
    /// Changes the title or the description.
    Describe {
        /// The title.
        title: Option<Title>,
        /// The description; the inner `None` removes it.
        description: Option<Option<String>>,
    },
    /// Adds a version with new content.
    AddVersion {
        /// The user who adds it; `None` for the system.
        creator: Option<UserId>,
        /// The source of its text.
        source: Source,
    },
    /// Adds a version because the web page of this version has changed, unless there is a newer version already.
    Renew {
        /// The version.
        version: u32,
    },
    /// Retries a failed embedding.
    Retry,
    /// Cancels the pending embedding.
    Cancel,
    /// Records that a version's passages are in the index.
    RecordEmbedding {
        /// The version.
        version: u32,
        /// The number of passages.
        passages: u32,
        /// The model that made the vectors.
        model: String,
        /// The notes of the reader.
        notes: Vec<Note>,
    },
    /// Records that a version's embedding failed for good.
    RecordEmbeddingFailure {
        /// The version.
        version: u32,
        /// The reason.
        reason: EmbeddingFailure,
        /// The notes of the reader.
        notes: Vec<Note>,
    },
    /// Deletes the document.
    Delete,
    /// Records that a storage has no parts of the deleted document any more.
    ConfirmRemoval(Place),
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The document exists.
    #[error("the document already exists")]
    AlreadyAdded,
    /// There is no such document.
    #[error("there is no such document")]
    NotFound,
    /// The version is not the pending one.
    #[error("the version of the document does not wait for an embedding")]
    NotWaiting,
    /// The newest version's embedding has not failed.
    #[error("the embedding of the document has not failed")]
    NotFailed,
}

impl Document {
    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`DocumentError`] if the command is illegal in this state.
    pub fn decide(&self, command: DocumentCommand) -> Result<Vec<DocumentEvent>, DocumentError> {
        match (self, command) {
            (Self::Absent, DocumentCommand::Add { project_id, creator, title, description, source }) => {
                Ok(vec![DocumentEvent::Added { project_id, creator, title, description, source }])
            }
            (Self::Added { .. } | Self::Deleted { .. }, DocumentCommand::Add { .. }) => {
                Err(DocumentError::AlreadyAdded)
            }
            (Self::Deleted { left_in, .. }, DocumentCommand::ConfirmRemoval(place)) => {
                let is_news = left_in.contains(&place);
                Ok(is_news.then_some(DocumentEvent::RemovalConfirmed { place }).into_iter().collect())
            }
            (Self::Absent | Self::Deleted { .. }, _) => Err(DocumentError::NotFound),
            (Self::Added { source, version, state, .. }, DocumentCommand::Renew { version: seen }) => {
                let is_due = *version == seen && *state == VersionState::Embedded;
                let (version, source) = (seen.saturating_add(1), source.clone());
                let renewed = is_due.then_some(DocumentEvent::VersionAdded { version, creator: None, source });
                Ok(renewed.into_iter().collect())
            }
            (Self::Added { title, description, version, state, .. }, command) => {
                Self::decide_added(title, description.as_ref(), *version, *state, command)
            }
        }
    }

    fn decide_added(
        old_title: &Title,
        old_description: Option<&String>,
        newest: u32,
        state: VersionState,
        command: DocumentCommand,
    ) -> Result<Vec<DocumentEvent>, DocumentError> {
        let require_waiting = |version| {
            let is_it = state == VersionState::Waiting && version == newest;
            if is_it { Ok(()) } else { Err(DocumentError::NotWaiting) }
        };
        match command {
            DocumentCommand::Describe { title, description } => {
                let title = title.filter(|new| new != old_title);
                let description = description.filter(|new| new.as_ref() != old_description);
                Ok(title
                    .map(|title| DocumentEvent::TitleChanged { title })
                    .into_iter()
                    .chain(description.map(|description| DocumentEvent::DescriptionChanged { description }))
                    .collect())
            }
            DocumentCommand::AddVersion { creator, source } => {
                let version = newest.saturating_add(1);
                Ok(vec![DocumentEvent::VersionAdded { version, creator, source }])
            }
            DocumentCommand::Retry if state == VersionState::Failed => {
                Ok(vec![DocumentEvent::EmbeddingRequested { version: newest }])
            }
            DocumentCommand::Retry => Err(DocumentError::NotFailed),
            DocumentCommand::Cancel => {
                require_waiting(newest)?;
                let reason = EmbeddingFailure::Cancelled;
                Ok(vec![DocumentEvent::EmbeddingFailed { version: newest, reason, notes: Vec::new() }])
            }
            DocumentCommand::RecordEmbedding { version, passages, model, notes } => {
                require_waiting(version)?;
                Ok(vec![DocumentEvent::Embedded { version, passages, model, notes }])
            }
            DocumentCommand::RecordEmbeddingFailure { version, reason, notes } => {
                require_waiting(version)?;
                Ok(vec![DocumentEvent::EmbeddingFailed { version, reason, notes }])
            }
            DocumentCommand::Delete => Ok(vec![DocumentEvent::Deleted {}]),
            DocumentCommand::Add { .. } => Err(DocumentError::AlreadyAdded),
            DocumentCommand::ConfirmRemoval(_) => Err(DocumentError::NotFound),
            DocumentCommand::Renew { .. } => Ok(Vec::new()),
        }
    }

    fn fold(&mut self, event: DocumentEvent) {
        match event {
            DocumentEvent::Added { project_id, title, description, source, .. } => {
                *self = Self::Added {
                    project_id,
                    title,
                    description,
                    source,
                    version: 1,
                    state: VersionState::Waiting,
                    earlier_files: Vec::new(),
                };
            }
            DocumentEvent::TitleChanged { title: new } => {
                if let Self::Added { title, .. } = self {
                    *title = new;
                }
            }
            DocumentEvent::DescriptionChanged { description: new } => {
                if let Self::Added { description, .. } = self {
                    *description = new;
                }
            }
            DocumentEvent::VersionAdded { version: newest, source: new, .. } => {
                if let Self::Added { source, version, state, earlier_files, .. } = self {
                    let old = std::mem::replace(source, new);
                    earlier_files.extend(old.file.map(|file| file.name));
                    *version = newest;
                    *state = VersionState::Waiting;
                }
            }
            DocumentEvent::EmbeddingRequested { .. } => self.set_state(VersionState::Waiting),
            DocumentEvent::Embedded { .. } => self.set_state(VersionState::Embedded),
            DocumentEvent::EmbeddingFailed { .. } => self.set_state(VersionState::Failed),
            DocumentEvent::Deleted {} => {
                let left_in = vec![Place::Index, Place::MediaStore];
                *self = match std::mem::take(self) {
                    Self::Added { project_id, source, mut earlier_files, .. } => {
                        earlier_files.extend(source.file.map(|file| file.name));
                        Self::Deleted { project_id: Some(project_id), files: earlier_files, left_in }
                    }
                    Self::Absent | Self::Deleted { .. } => {
                        Self::Deleted { project_id: None, files: Vec::new(), left_in }
                    }
                };
            }
            DocumentEvent::RemovalConfirmed { place } => {
                if let Self::Deleted { left_in, .. } = self {
                    left_in.retain(|left| *left != place);
                }
            }
        }
    }

    const fn set_state(&mut self, new: VersionState) {
        if let Self::Added { state, .. } = self {
            *state = new;
        }
    }
}

impl StoredAggregate for Document {
    // 2: the state of the newest version, the files of all versions, and the storages of a deleted document.
    const AGGREGATE_TYPE: AggregateType = AggregateType::Document;
    const SNAPSHOT_VERSION: i32 = 2;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(Document, DocumentCommand, DocumentEvent, DocumentError);
