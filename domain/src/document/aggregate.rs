//! absent -> added (waiting -> embedded | failed -> waiting …) -> deleted (removed from one place after the other).

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
        /// Where the text of the newest version is.
        source: Source,
        /// The newest version, from 1.
        version: u32,
        /// What became of it.
        state: VersionState,
        /// The files of the versions before.
        earlier_files: Vec<String>,
    },
    /// There was.
    Deleted {
        /// The project that it was in.
        project_id: Option<ProjectId>,
        /// The files of all versions.
        files: Vec<String>,
        /// Where something of it may be left.
        left_in: Vec<Place>,
    },
}

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionState {
    /// Its embedding is awaited.
    Waiting,
    /// It can be retrieved from.
    Embedded,
    /// It cannot.
    Failed,
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
    /// Give it new content.
    AddVersion {
        /// Who does.
        creator: Option<UserId>,
        /// Where its text is.
        source: Source,
    },
    /// The web page of this version says something else now: make a version of it, unless there is a newer one already.
    Renew {
        /// The version.
        version: u32,
    },
    /// Try the embedding that has failed again.
    Retry,
    /// Do not wait for the embedding any more.
    Cancel,
    /// A version's passages are in the index.
    RecordEmbedding {
        /// The version.
        version: u32,
        /// How many passages.
        passages: u32,
        /// The model that made the vectors.
        model: String,
        /// What the reader had to say of it.
        notes: Vec<Note>,
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
    /// Nothing of the deleted document is left there.
    ConfirmRemoval(Place),
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
    /// There is nothing to try again.
    #[error("the embedding of the document has not failed")]
    NotFailed,
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
                Ok(vec![DocumentEvent::EmbeddingFailed { version: newest, reason }])
            }
            DocumentCommand::RecordEmbedding { version, passages, model, notes } => {
                require_waiting(version)?;
                Ok(vec![DocumentEvent::Embedded { version, passages, model, notes }])
            }
            DocumentCommand::RecordEmbeddingFailure { version, reason } => {
                require_waiting(version)?;
                Ok(vec![DocumentEvent::EmbeddingFailed { version, reason }])
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
    // 2: what became of the newest version, the files of all, and what is left of a deleted one.
    const AGGREGATE_TYPE: AggregateType = AggregateType::Document;
    const SNAPSHOT_VERSION: i32 = 2;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(Document, DocumentCommand, DocumentEvent, DocumentError);
