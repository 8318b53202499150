//! Files that are handed to a reader.

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::bytes::Bytes;

use super::{MediaBytes, MediaError, SharedMediaStore};
use knowledge::extraction::{ExtractionFailure, FileHints, Reading, Unreadable};
use knowledge::retrieval::passages::PassageText;

/// The content of a file, to be read once, piece by piece, so that the server need not hold it in memory.
pub struct Content {
    /// The size in bytes.
    pub size: u64,
    pub pieces: MediaBytes,
}

impl Content {
    /// The content of a stored file. The file is opened when it is first read, because reading may have to wait for its
    /// turn.
    pub fn stored(media: SharedMediaStore, name: String, size: u64) -> Self {
        let opened = async move {
            match size {
                0 => Ok(stream::empty().boxed()),
                _ => media.read(&name, 0..size).await?.ok_or_else(|| MediaError::gone(&name)),
            }
        };
        Self { size, pieces: stream::once(opened).try_flatten().boxed() }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, pieces: stream::once(async { Ok(Bytes::from(bytes)) }).boxed() }
    }
}

/// The text of a file, cut into passages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutText {
    /// The passages in order; at least one.
    pub passages: Vec<PassageText>,
    /// The text that they were cut from.
    pub reading: Reading,
}

/// Reads the text of files.
#[async_trait]
pub trait DocumentReader: Send + Sync {
    /// Reads a file and cuts its text. This may take a minute; dropping the future stops it.
    async fn read_and_cut(&self, title: &str, content: Content, hints: &FileHints) -> Result<CutText, ReadError>;
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file itself is the reason, so that another attempt does not help.
    #[error(transparent)]
    Unreadable(#[from] ExtractionFailure),
    #[error("the file cannot be had")]
    Media(#[from] MediaError),
    #[error("the program that reads documents failed")]
    Failed(#[from] std::io::Error),
}

impl From<Unreadable> for ReadError {
    fn from(reason: Unreadable) -> Self {
        ExtractionFailure::from(reason).into()
    }
}
