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
    /// Most of its text is in a font of before Unicode, whose letters are not known.
    LegacyFont,
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
            Self::LegacyFont => {
                "most of the text is in a font of before Unicode, which shows other letters than the file says"
            }
            Self::Cancelled => "cancelled",
        }
    }
}

/// What the reader of a version left out, changed, or was not sure of. Readers learn to notice more: what a kind means is theirs to
/// say, in words that are recorded as they were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is about, such as `struck_left_out`.
    pub kind: String,
    /// A sentence for the people who uploaded it.
    pub message: String,
    /// How often, from 1.
    pub count: u32,
    /// On which pages or slides, from 1, in order; not all if there are many.
    pub pages: Vec<u32>,
    /// By which names, such as those of fonts or sheets; not all if there are many.
    pub names: Vec<String>,
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
        /// What its reader had to say of it, one of a kind.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Note>,
    },
    /// A version cannot be retrieved from.
    EmbeddingFailed {
        /// The version, from 1.
        version: u32,
        /// Why.
        reason: EmbeddingFailure,
        /// What its reader had to say of it, one of a kind.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Note>,
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
