//! Files whose size and hash are known when they are written.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::WriteError;
use crate::manifest::ListedFile;

pub(super) struct HashedFile {
    path: String,
    file: BufWriter<File>,
    hasher: Sha256,
    size: u64,
}

impl HashedFile {
    pub(super) fn new(folder: &Path, path: &str) -> Result<Self, WriteError> {
        let file = File::create_new(folder.join(path));
        let file = file.map_err(|source| WriteError::File { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), hasher: Sha256::new(), size: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|source| WriteError::File { path: self.path.clone(), source })
    }

    /// Appends a value as JSON in one line.
    pub(super) fn line(&mut self, value: &impl Serialize) -> Result<(), WriteError> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.write(&line)
    }

    /// Has everything written to the disk.
    pub(super) fn finish(self) -> Result<ListedFile, WriteError> {
        let Self { path, file, hasher, size } = self;
        let written = file.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        match written {
            Ok(()) => Ok(ListedFile { path, size, sha256: hex::encode(hasher.finalize()) }),
            Err(source) => Err(WriteError::File { path, source }),
        }
    }
}
