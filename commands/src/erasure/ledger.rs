//! The ledger of erasures, a file outside the database, because a restored backup does not have later erasures.
//!
//! Each line is one erasure: its time, and the subject's id. Lines are never removed.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::SubjectId;

/// The ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("the file {path}")]
    File {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("line {line} of {path} is not a time and an id: mend it, no line may be lost")]
    Malformed { path: String, line: usize },
}

/// The file of all erasures.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Appends an erasure. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`LedgerError::File`] if the file cannot be written.
    pub async fn note(&self, subject: SubjectId, at: DateTime<Utc>) -> Result<(), LedgerError> {
        let path = self.path.clone();
        let line = format!("{} {subject}\n", at.to_rfc3339_opts(SecondsFormat::Secs, true));
        self.blocking(move || append(&path, &line)).await
    }

    /// All erased subjects.
    ///
    /// # Errors
    /// [`LedgerError::File`] if the file cannot be read, [`LedgerError::Malformed`] if a line has to be repaired by
    /// hand.
    pub async fn read(&self) -> Result<HashSet<SubjectId>, LedgerError> {
        let path = self.path.clone();
        let text = self.blocking(move || text_of(&path)).await?;
        let parsed = text.split_inclusive('\n').zip(1..).filter_map(|(line, number)| {
            match line.trim().split_once(' ').and_then(|(_, id)| id.parse().ok()) {
                Some(subject) => Some(Ok(subject)),
                // A crash cut off the line before the erasure was acknowledged, or it is the rest of such a line.
                None if !line.ends_with('\n') || line.trim().is_empty() => None,
                None => Some(Err(LedgerError::Malformed { path: self.path.display().to_string(), line: number })),
            }
        });
        parsed.collect()
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|source| LedgerError::File { path: self.path.display().to_string(), source })
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        result => result,
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    cut_off_torn_line(&mut file)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    // Makes the file's name durable, if it is new.
    File::open(folder)?.sync_all()
}

/// Removes an incomplete last line that a crash left, so that the next line does not continue it.
fn cut_off_torn_line(file: &mut File) -> io::Result<()> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_string(&mut text)?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() { file.set_len(whole as u64) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    fn subject(number: u128) -> SubjectId {
        SubjectId::new(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn who_was_noted_is_read_back_and_nobody_else() {
        let folder = TempDir::new().expect("made");
        let ledger = Ledger::new(folder.path().join("not/there/yet"));
        assert!(ledger.read().await.expect("no file is no erasure").is_empty());
        for number in [1, 2, 2] {
            ledger.note(subject(number), DateTime::<Utc>::UNIX_EPOCH).await.expect("written");
        }
        assert_eq!(ledger.read().await.expect("readable"), HashSet::from([subject(1), subject(2)]));
    }

    #[tokio::test]
    async fn a_line_that_a_crash_cut_off_is_nobody_and_spoils_no_other() {
        let folder = TempDir::new().expect("made");
        let ledger = Ledger::new(folder.path().join("torn"));
        ledger.note(subject(1), DateTime::<Utc>::UNIX_EPOCH).await.expect("written");
        let whole = fs::read_to_string(&ledger.path).expect("readable");
        fs::write(&ledger.path, format!("{whole}1970-01-01T00:00:00Z 0000")).expect("written");
        assert_eq!(ledger.read().await.expect("readable"), HashSet::from([subject(1)]));
        ledger.note(subject(2), DateTime::<Utc>::UNIX_EPOCH).await.expect("written");
        assert_eq!(ledger.read().await.expect("readable"), HashSet::from([subject(1), subject(2)]));
    }

    #[tokio::test]
    async fn a_line_that_cannot_be_understood_is_named() {
        let folder = TempDir::new().expect("made");
        let ledger = Ledger::new(folder.path().join("malformed"));
        fs::write(&ledger.path, "1970-01-01T00:00:00Z nobody\n").expect("written");
        assert!(matches!(ledger.read().await, Err(LedgerError::Malformed { line: 1, .. })));
    }
}
