//! Signed heads: signed records of the log's end at some time, in a file outside the database.
//!
//! A user with all rights in the database can cut off the log's end or recompute the chain, and the chain alone cannot
//! show it. A signed head proves what the log contained, because signing requires the master key.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::proof::incarnation::{End, IncarnationError};

const FILE_NAME: &str = "heads.jsonl";
/// An upper bound for the length of a line, in bytes.
const MAX_LINE: u64 = 4_096;

/// The reason why signed heads cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    #[error("the signed heads in {} cannot be read or written", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{line} of {} is no signed head: restore the file from a copy", path.display())]
    Malformed { path: PathBuf, line: String },
    #[error("{line} of {} is not signed with this key (public key {key}): it is another installation's, or forged", path.display())]
    NotSigned { path: PathBuf, line: String, key: PublicKey },
    #[error("{line} of {} goes back in the log: lines were exchanged", path.display())]
    Unordered { path: PathBuf, line: String },
    #[error("the log is not the one that was signed")]
    Fenced(#[from] IncarnationError),
}

/// The signed record of a log's end at some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    pub log_id: Uuid,
    pub position: i64,
    /// The stored hash of the event at the position, in hexadecimal digits; 64 zeros for an empty log.
    pub hash: String,
    /// The time of signing, in RFC 3339 format.
    pub time: String,
    /// The Ed25519 signature of the head's text, in hexadecimal digits.
    pub signature: String,
}

impl SignedHead {
    /// Returns the text that is signed.
    pub(crate) fn text(&self) -> String {
        let Self { log_id, position, hash, time, signature: _ } = self;
        format!("ayushma signed head\n{log_id}\n{position}\n{hash}\n{time}\n")
    }

    /// Returns the end of the log that the head records.
    pub(crate) fn end(&self) -> End {
        End { log_id: self.log_id, position: self.position, hash: hex::decode(&self.hash).unwrap_or_default() }
    }
}

/// The Ed25519 public key with which signed heads are verified. Its text form has 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub(crate) [u8; 32]);

impl std::fmt::Display for PublicKey {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str(&hex::encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key)?;
        Ok(Self(key))
    }
}

impl PublicKey {
    fn has_signed(&self, head: &SignedHead) -> bool {
        let Ok(signature) = hex::decode(&head.signature) else { return false };
        UnparsedPublicKey::new(&ED25519, self.0).verify(head.text().as_bytes(), &signature).is_ok()
    }
}

/// A file of signed heads, oldest first, one JSON object a line.
#[derive(Debug, Clone)]
pub struct HeadsFile(PathBuf);

impl HeadsFile {
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Returns the file `heads.jsonl` in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self(folder.join(FILE_NAME))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads all valid heads, in the order of their positions; none if there is no file. Where a restored log continues
    /// under another id, earlier heads beyond the position of its first head are no longer valid. An incomplete last
    /// line is ignored.
    ///
    /// # Errors
    /// [`HeadsError::File`] if the file cannot be read; [`HeadsError::Malformed`], [`HeadsError::NotSigned`] or
    /// [`HeadsError::Unordered`] for the first wrong line.
    pub fn read(&self, key: &PublicKey) -> Result<Vec<SignedHead>, HeadsError> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(self.failed(error)),
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut heads: Vec<SignedHead> = Vec::new();
        for (line, number) in text[..whole].split_inclusive(|byte| *byte == b'\n').zip(1..) {
            let head = self.parse(line, key, || format!("line {number}"))?;
            match heads.last() {
                Some(last) if last.log_id != head.log_id => heads.retain(|old| old.position <= head.position),
                Some(last) if last.position > head.position => {
                    return Err(HeadsError::Unordered { path: self.0.clone(), line: format!("line {number}") });
                }
                _ => {}
            }
            heads.push(head);
        }
        Ok(heads)
    }

    /// Reads only the newest head; `None` if there is none.
    ///
    /// # Errors
    /// [`HeadsError`] if the file cannot be read, or its last line is wrong.
    pub(crate) fn newest(&self, key: &PublicKey) -> Result<Option<SignedHead>, HeadsError> {
        match File::open(&self.0) {
            Ok(mut file) => Ok(self.newest_in(&mut file, key)?.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Appends a head if the newest one in the file is still `newest`; another process may have added one. The head is
    /// on the disk when this returns. Returns whether it was added.
    ///
    /// # Errors
    /// [`HeadsError`] if the file cannot be read or written, or its last line is wrong.
    pub(crate) fn add(
        &self,
        key: &PublicKey,
        newest: Option<&SignedHead>,
        head: &SignedHead,
    ) -> Result<bool, HeadsError> {
        let failed = |error| self.failed(error);
        let is_new = !self.0.exists();
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(false).read(true).write(true).open(&self.0).map_err(failed)?;
        // The lock is released when the file is closed.
        file.lock().map_err(failed)?;
        let (found, end) = self.newest_in(&mut file, key)?;
        if found.as_ref() != newest {
            return Ok(false);
        }
        let mut line = serde_json::to_vec(head).expect("texts and numbers are JSON");
        line.push(b'\n');
        // Removes an incomplete line that a crash has left.
        file.set_len(end).map_err(failed)?;
        file.seek(SeekFrom::Start(end)).and_then(|_| file.write_all(&line)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        if is_new && let Some(folder) = self.0.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(true)
    }

    /// Returns the newest head, and the offset in bytes at which the last complete line ends.
    fn newest_in(&self, file: &mut File, key: &PublicKey) -> Result<(Option<SignedHead>, u64), HeadsError> {
        let failed = |error| self.failed(error);
        let length = file.metadata().map_err(failed)?.len();
        // Enough for one complete line and an incomplete one after it.
        let start = length.saturating_sub(2 * MAX_LINE);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(start)).and_then(|_| file.read_to_end(&mut tail)).map_err(failed)?;
        let last_line = || "the last line".to_owned();
        match tail.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let line = tail[..end].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                Ok((Some(self.parse(line, key, last_line)?), start + end as u64 + 1))
            }
            None if start == 0 => Ok((None, 0)),
            None => Err(HeadsError::Malformed { path: self.0.clone(), line: last_line() }),
        }
    }

    fn parse(&self, line: &[u8], key: &PublicKey, name: impl Fn() -> String) -> Result<SignedHead, HeadsError> {
        let path = || self.0.clone();
        let head: SignedHead =
            serde_json::from_slice(line).map_err(|_| HeadsError::Malformed { path: path(), line: name() })?;
        if key.has_signed(&head) {
            Ok(head)
        } else {
            Err(HeadsError::NotSigned { path: path(), line: name(), key: *key })
        }
    }

    fn failed(&self, source: io::Error) -> HeadsError {
        HeadsError::File { path: self.0.clone(), source }
    }
}
