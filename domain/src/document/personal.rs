//! A document belongs to a project: nothing in its events is personal.

use super::event::{DocumentEvent, Source};
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for DocumentEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::Added {
                project_id: _,
                creator: _,
                title: _,
                description: _,
                source: Source { document_type: _, file: _, text_content: _ },
            }
            | Self::TitleChanged { title: _ }
            | Self::DescriptionChanged { description: _ }
            | Self::VersionAdded {
                version: _,
                creator: _,
                source: Source { document_type: _, file: _, text_content: _ },
            }
            | Self::EmbeddingRequested { version: _ }
            | Self::Embedded { version: _, passages: _, model: _, notes: _ }
            | Self::EmbeddingFailed { version: _, reason: _, notes: _ }
            | Self::Deleted {}
            | Self::RemovalConfirmed { place: _ } => vec![],
        }
    }
}
