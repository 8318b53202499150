//! What can happen to a reference document.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::{
    ids::{ProjectId, UserId},
    values::{DocumentType, Title},
};

/// An uploaded file, as the media store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its name in the media store.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// Where the document's text is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What the uploader said it is.
    pub document_type: DocumentType,
    /// The file, if one was uploaded.
    pub file: Option<StoredFile>,
    /// The text, or the address of a web page.
    pub text_content: Option<String>,
}

/// Why a document cannot be retrieved from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingFailure {
    /// There is no text in it.
    NoText,
    /// Its format is none that this version reads.
    UnsupportedFormat,
    /// Its file is gone from the media store.
    FileMissing,
    /// The embedding provider failed for good.
    Provider,
    /// Its address is no web address.
    BadAddress,
    /// Its address is not on the public internet.
    ForbiddenAddress,
    /// Its page cannot be reached.
    Unreachable,
    /// Its server refuses the page or leads nowhere.
    PageRefused,
    /// Its page is too large.
    TooLarge,
    /// Its file cannot be read without a password.
    Encrypted,
    /// Its file is damaged.
    Damaged,
    /// Its file takes too much time or memory to read.
    TooComplex,
    /// Somebody did not want to wait for it.
    Cancelled,
}

impl EmbeddingFailure {
    /// The reason in words, for the people who uploaded it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoText => "no text found",
            Self::UnsupportedFormat => "the format is not supported",
            Self::FileMissing => "the file is missing",
            Self::Provider => "the embedding provider failed",
            Self::BadAddress => "the address is no http or https URL",
            Self::ForbiddenAddress => "the address may not be fetched",
            Self::Unreachable => "the page cannot be reached",
            Self::PageRefused => "the server refuses the page",
            Self::TooLarge => "the page is too large",
            Self::Encrypted => "the file is encrypted",
            Self::Damaged => "the file is damaged",
            Self::TooComplex => "the file takes too much time or memory to read",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where something of a document is kept besides the log and the views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The passages and their vectors.
    Index,
    /// The files of all versions.
    MediaStore,
}

/// An event of a document's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum DocumentEvent {
    /// The document was added to a project; its first version waits for its embedding.
    Added {
        /// The project.
        project_id: ProjectId,
        /// Who added it; `None` if the system did.
        creator: Option<UserId>,
        /// The title.
        title: Title,
        /// What it is about.
        description: Option<String>,
        /// Where its text is.
        #[serde(flatten)]
        source: Source,
    },
    /// The title was changed.
    TitleChanged {
        /// The new one.
        title: Title,
    },
    /// The description was changed or removed.
    DescriptionChanged {
        /// The new one.
        description: Option<String>,
    },
    /// The document has new content, which waits for its embedding. Until it can be retrieved from, the content before is.
    VersionAdded {
        /// The version, from 2.
        version: u32,
        /// Who added it; `None` if the system did.
        creator: Option<UserId>,
        /// Where its text is.
        #[serde(flatten)]
        source: Source,
    },
    /// A version whose embedding failed waits for another attempt.
    EmbeddingRequested {
        /// The version, from 1.
        version: u32,
    },
    /// A version can be retrieved from.
    Embedded {
        /// The version, from 1.
        version: u32,
        /// How many passages it was cut into.
        passages: u32,
        /// The model that made the vectors.
        model: String,
    },
    /// A version cannot be retrieved from.
    EmbeddingFailed {
        /// The version, from 1.
        version: u32,
        /// Why.
        reason: EmbeddingFailure,
    },
    /// The document was deleted: it is not retrieved any more.
    Deleted {},
    /// Nothing of the deleted document is left there.
    RemovalConfirmed {
        /// Where.
        place: Place,
    },
}

impl DocumentEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Added { .. }
            | Self::TitleChanged { .. }
            | Self::DescriptionChanged { .. }
            | Self::VersionAdded { .. }
            | Self::EmbeddingRequested { .. }
            | Self::Embedded { .. }
            | Self::EmbeddingFailed { .. }
            | Self::Deleted {}
            | Self::RemovalConfirmed { .. } => "1",
        }
    }
}
