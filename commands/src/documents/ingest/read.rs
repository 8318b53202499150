//! The first steps: what a version is made of is fetched, its text extracted and cut.

use domain::{
    document::{EmbeddingFailure, Note},
    values::DocumentType,
};

use super::{Failed, Ingestion, attempt::Attempt};
use knowledge::extraction::{FileHints, Unreadable};
use ports::{Content, CutText, PageError, ReadError};

/// Attempts to fetch a page.
const FETCHES: i32 = 3;

/// The bytes of a version, and what is known of them.
pub(super) struct Fetched {
    content: Content,
    hints: FileHints,
}

impl Ingestion {
    /// Gets what the version is made of: the page at its address, its file or its text. The bytes of a file are read with the
    /// next step.
    pub(super) async fn fetch(&self, attempt: &Attempt<'_>) -> Result<Fetched, Failed> {
        let source = &attempt.version.source;
        match (&source.file, &source.text_content) {
            (_, Some(address)) if source.document_type == DocumentType::Url => {
                let is_last = attempt.number >= FETCHES;
                let page = self.pages.fetch(address).await.map_err(|error| failed_fetch(error, is_last))?;
                Ok(Fetched { content: page.bytes.into(), hints: page.hints })
            }
            (Some(file), _) => {
                let info = self.media.describe(&file.name).await.map_err(Failed::for_now)?;
                let info = info.ok_or(Failed::for_good(EmbeddingFailure::FileMissing))?;
                let content = Content::stored(self.media.clone(), file.name.clone(), info.size);
                Ok(Fetched { content, hints: hints_of_file(&file.name) })
            }
            (None, Some(text)) => {
                let content = text.clone().into_bytes().into();
                Ok(Fetched { content, hints: hints_of_text() })
            }
            (None, None) => Err(Failed::for_good(EmbeddingFailure::NoText)),
        }
    }

    /// Has the text extracted and cut into passages, in a process of its own.
    pub(super) async fn extract_and_cut(&self, attempt: &Attempt<'_>, fetched: Fetched) -> Result<CutText, Failed> {
        let Fetched { content, hints } = fetched;
        self.reader.read_and_cut(&attempt.version.title, content, &hints).await.map_err(failed_read)
    }
}

/// The hints for an uploaded file of this name.
pub(crate) fn hints_of_file(name: &str) -> FileHints {
    FileHints { name: Some(name.to_owned()), content_type: None }
}

/// The hints for a text that was typed in.
pub(crate) fn hints_of_text() -> FileHints {
    FileHints { name: None, content_type: Some("text/markdown; charset=utf-8".to_owned()) }
}

/// A page that cannot be reached now is tried again, but not for as long as our own services are: somebody waits.
fn failed_fetch(error: PageError, is_last: bool) -> Failed {
    if error.is_transient() && !is_last {
        return Failed::for_now(error);
    }
    tracing::info!(error = %crate::error_chain(&error), "a page cannot be embedded");
    Failed::for_good(match error {
        PageError::BadAddress => EmbeddingFailure::BadAddress,
        PageError::Forbidden => EmbeddingFailure::ForbiddenAddress,
        PageError::TooManyRedirects | PageError::Status(_) => EmbeddingFailure::PageRefused,
        PageError::TooLarge => EmbeddingFailure::TooLarge,
        PageError::Compressed => EmbeddingFailure::UnsupportedFormat,
        PageError::Unreachable(_) => EmbeddingFailure::Unreachable,
    })
}

fn failed_read(error: ReadError) -> Failed {
    match error {
        ReadError::Media(_) | ReadError::Failed(_) => Failed::for_now(error),
        ReadError::Unreadable(failure) => {
            let reason = match failure.reason {
                Unreadable::NoText => EmbeddingFailure::NoText,
                Unreadable::UnsupportedFormat => EmbeddingFailure::UnsupportedFormat,
                Unreadable::Encrypted => EmbeddingFailure::Encrypted,
                Unreadable::Damaged => EmbeddingFailure::Damaged,
                Unreadable::TooComplex => EmbeddingFailure::TooComplex,
                Unreadable::LegacyFont => EmbeddingFailure::LegacyFont,
            };
            Failed::ForGood(reason, failure.notes.into_iter().map(Note::from).collect())
        }
    }
}
