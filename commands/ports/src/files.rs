//! Files on their way to whoever reads them.

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio_util::bytes::Bytes;

use super::{MediaBytes, MediaError, SharedMediaStore};
use knowledge::extraction::{FileHints, Reading, Unreadable};
use knowledge::retrieval::passages::PassageText;

/// The content of a file, to be read once, piece by piece: a server does not hold what it only passes on.
pub struct Content {
    /// In bytes.
    pub size: u64,
    pub pieces: MediaBytes,
}

impl Content {
    /// A file in the store, which is not opened before it is read: it may have to wait for its turn.
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

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutText {
    /// In order; one at least.
    pub passages: Vec<PassageText>,
    /// What they were cut from.
    pub reading: Reading,
}

/// What files say.
#[async_trait]
pub trait DocumentReader: Send + Sync {
    /// Reads a file and cuts its text. It may take a minute; whoever stops waiting stops it.
    async fn read_and_cut(&self, title: &str, content: Content, hints: &FileHints) -> Result<CutText, ReadError>;
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is the file's fault: no other attempt will help.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("the file cannot be had")]
    Media(#[from] MediaError),
    #[error("the program that reads documents failed")]
    Failed(#[from] std::io::Error),
}
