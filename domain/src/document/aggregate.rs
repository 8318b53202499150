//! absent -> added (waiting -> embedded | failed) -> deleted.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{DocumentEvent, EmbeddingFailure, Source};
use crate::{
    event::{HasSubject, bridge_to_cqrs_es},
    ids::{ProjectId, SubjectId, UserId},
    values::Title,
};

/// A document, as far as decisions and its embedding need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Document {
    /// There is no such document.
    #[default]
    Absent,
    /// There is.
    Added {
        /// The project.
        project_id: ProjectId,
        /// The title.
        title: Title,
        /// What it is about.
        description: Option<String>,
        /// Where its text is.
        source: Source,
        /// The newest version, from 1.
        version: u32,
        /// Whether that version waits for its embedding.
        is_waiting: bool,
    },
    /// There was.
    Deleted,
}

/// What can be asked of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentCommand {
    /// Add it to a project.
    Add {
        /// The project.
        project_id: ProjectId,
        /// Who adds it.
        creator: Option<UserId>,
        /// The title.
        title: Title,
        /// What it is about.
        description: Option<String>,
        /// Where its text is.
        source: Source,
    },
    /// Change what is given.
    Describe {
        /// The title.
        title: Option<Title>,
        /// What it is about.
        description: Option<Option<String>>,
    },
    /// A version's passages are in the index.
    RecordEmbedding {
        /// The version.
        version: u32,
        /// How many passages.
        passages: u32,
        /// The model that made the vectors.
        model: String,
    },
    /// A version's embedding failed for good.
    RecordEmbeddingFailure {
        /// The version.
        version: u32,
        /// Why.
        reason: EmbeddingFailure,
    },
    /// Delete it.
    Delete,
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The document exists.
    #[error("the document already exists")]
    AlreadyAdded,
    /// There is no such document.
    #[error("there is no such document")]
    NotFound,
    /// The version is not the one that waits.
    #[error("the version of the document does not wait for an embedding")]
    NotWaiting,
}

impl Document {
    /// The events that the command leads to; none if it asks for what already is.
    ///
    /// # Errors
    /// [`DocumentError`] if the command is illegal in this state.
    pub fn decide(&self, command: DocumentCommand) -> Result<Vec<DocumentEvent>, DocumentError> {
        match (self, command) {
            (Self::Absent, DocumentCommand::Add { project_id, creator, title, description, source }) => {
                Ok(vec![DocumentEvent::Added { project_id, creator, title, description, source }])
            }
            (Self::Added { .. } | Self::Deleted, DocumentCommand::Add { .. }) => Err(DocumentError::AlreadyAdded),
            (Self::Absent | Self::Deleted, _) => Err(DocumentError::NotFound),
            (
                Self::Added { title: old_title, description: old_description, .. },
                DocumentCommand::Describe { title, description },
            ) => {
                let title = title.filter(|new| new != old_title);
                let description = description.filter(|new| new != old_description);
                Ok(title
                    .map(|title| DocumentEvent::TitleChanged { title })
                    .into_iter()
                    .chain(description.map(|description| DocumentEvent::DescriptionChanged { description }))
                    .collect())
            }
            (
                Self::Added { version: newest, is_waiting, .. },
                DocumentCommand::RecordEmbedding { version, passages, model },
            ) => {
                Self::require_waiting(*newest, *is_waiting, version)?;
                Ok(vec![DocumentEvent::Embedded { version, passages, model }])
            }
            (
                Self::Added { version: newest, is_waiting, .. },
                DocumentCommand::RecordEmbeddingFailure { version, reason },
            ) => {
                Self::require_waiting(*newest, *is_waiting, version)?;
                Ok(vec![DocumentEvent::EmbeddingFailed { version, reason }])
            }
            (Self::Added { .. }, DocumentCommand::Delete) => Ok(vec![DocumentEvent::Deleted {}]),
        }
    }

    fn require_waiting(newest: u32, is_waiting: bool, version: u32) -> Result<(), DocumentError> {
        if is_waiting && version == newest { Ok(()) } else { Err(DocumentError::NotWaiting) }
    }

    fn fold(&mut self, event: DocumentEvent) {
        match event {
            DocumentEvent::Added { project_id, title, description, source, .. } => {
                *self = Self::Added { project_id, title, description, source, version: 1, is_waiting: true };
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
            DocumentEvent::Embedded { .. } | DocumentEvent::EmbeddingFailed { .. } => {
                if let Self::Added { is_waiting, .. } = self {
                    *is_waiting = false;
                }
            }
            DocumentEvent::Deleted {} => *self = Self::Deleted,
        }
    }
}

impl HasSubject for Document {
    const SNAPSHOT_VERSION: i32 = 1;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(Document, "document", DocumentCommand, DocumentEvent, DocumentError);
