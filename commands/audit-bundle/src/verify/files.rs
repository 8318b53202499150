//! The files of a bundle: which there are, and whether they are those of the manifest.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read as _},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::Refusal;
use crate::{
    format::Format,
    line::LineFault,
    manifest::{ListedFile, Manifest},
    paths,
};

/// The greatest size of a file that is read as a whole, in bytes.
const MAX_SMALL: u64 = 256 * 1_048_576;
/// The longest line, in bytes. An event may hold the text of a document.
const MAX_LINE: usize = 64 * 1_048_576;
const CHUNK: usize = 64 * 1_024;

fn open(folder: &Path, path: &str) -> Result<File, Refusal> {
    File::open(folder.join(path)).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Refusal::Missing(path.to_owned()),
        _ => Refusal::Read { path: path.to_owned(), source },
    })
}

pub(super) fn read_small(folder: &Path, path: &str) -> Result<Vec<u8>, Refusal> {
    let mut content = Vec::new();
    let read = open(folder, path)?.take(MAX_SMALL).read_to_end(&mut content);
    read.map_err(|source| Refusal::Read { path: path.to_owned(), source })?;
    Ok(content)
}

/// Returns whether a manifest may name the path.
fn is_possible(path: &str) -> bool {
    let is_hash =
        |name: &str| name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let of_selection = path.strip_prefix(paths::FILES).and_then(|rest| rest.strip_prefix('/'));
    [paths::CHECKPOINT, paths::COVER, paths::EVENTS, paths::TEXT].contains(&path)
        || Format::ALL.iter().any(|format| format.path() == path)
        || of_selection.is_some_and(is_hash)
}

/// Checks that the folder has the files of the manifest, plain ones, and nothing besides.
pub(super) fn check_paths(folder: &Path, manifest: &Manifest) -> Result<(), Refusal> {
    if !manifest.files.is_sorted_by(|one, other| one.path < other.path) {
        return Err(Refusal::Manifest("its files are not in the order of their paths, or it names one twice"));
    }
    for file in &manifest.files {
        if !is_possible(&file.path) {
            return Err(Refusal::Manifest("it names a file that no bundle has"));
        }
        let is_named_by_content = file.path.strip_prefix("files/").is_none_or(|name| name == file.sha256);
        if !is_named_by_content {
            return Err(Refusal::Manifest("a file is not called by its SHA-256"));
        }
    }
    let mut wanted: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    let has_files = wanted.iter().any(|path| path.starts_with("files/"));
    wanted.extend([paths::MANIFEST, paths::SEAL]);
    list(folder, "", |path, is_folder| {
        let belongs = if is_folder { path == paths::FILES && has_files } else { wanted.remove(path) };
        if belongs { Ok(()) } else { Err(Refusal::Unlisted(path.to_owned())) }
    })?;
    if has_files {
        list(folder, "files/", |path, is_folder| {
            if !is_folder && wanted.remove(path) { Ok(()) } else { Err(Refusal::Unlisted(path.to_owned())) }
        })?;
    }
    wanted.first().map_or(Ok(()), |path| Err(Refusal::Missing((*path).to_owned())))
}

/// Hands over the path of everything in a folder of the bundle, and whether it is a folder.
fn list(folder: &Path, below: &str, mut take: impl FnMut(&str, bool) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let fault = |source| Refusal::Read { path: format!("the folder {below}"), source };
    for entry in fs::read_dir(folder.join(below)).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(fault)?;
        if !kind.is_file() && !kind.is_dir() {
            return Err(Refusal::NotAFile(path));
        }
        take(&path, kind.is_dir())?;
    }
    Ok(())
}

/// Reads a file to its end, and checks its size and hash.
pub(super) fn skim(folder: &Path, listed: &ListedFile) -> Result<(), Refusal> {
    let (mut file, mut hasher, mut size) = (open(folder, &listed.path)?, Sha256::new(), 0_u64);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).map_err(|source| Refusal::Read { path: listed.path.clone(), source })?;
        if read == 0 {
            return check(listed, size, hasher);
        }
        hasher.update(&chunk[..read]);
        size += read as u64;
    }
}

fn check(listed: &ListedFile, size: u64, hasher: Sha256) -> Result<(), Refusal> {
    let ListedFile { path, size: wanted, sha256 } = listed;
    if size != *wanted {
        return Err(Refusal::Size { path: path.clone(), wanted: *wanted, found: size });
    }
    if hex::encode(hasher.finalize()) == *sha256 { Ok(()) } else { Err(Refusal::Content(path.clone())) }
}

/// The lines of a file of the bundle, whose size and hash are checked at its end.
pub(super) struct Lines<'a> {
    pub(super) path: &'static str,
    listed: &'a ListedFile,
    file: BufReader<File>,
    hasher: Sha256,
    size: u64,
    /// The number of the line that was read last, from 1.
    pub(super) line: u64,
    bytes: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn open(folder: &Path, path: &'static str, listed: &'a ListedFile) -> Result<Self, Refusal> {
        let file = BufReader::with_capacity(CHUNK, open(folder, path)?);
        Ok(Self { path, listed, file, hasher: Sha256::new(), size: 0, line: 0, bytes: Vec::new() })
    }

    /// Returns the next line without its line break; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, Refusal> {
        self.bytes.clear();
        let limit = MAX_LINE as u64 + 1;
        let read = (&mut self.file).take(limit).read_until(b'\n', &mut self.bytes);
        read.map_err(|source| Refusal::Read { path: self.path.to_owned(), source })?;
        if self.bytes.is_empty() {
            return Ok(None);
        }
        self.hasher.update(&self.bytes);
        self.size += self.bytes.len() as u64;
        self.line += 1;
        if self.bytes.len() > MAX_LINE {
            return Err(self.fault(LineFault::TooLong(MAX_LINE)));
        }
        match self.bytes.split_last() {
            Some((b'\n', line)) => Ok(Some(line)),
            _ => Err(self.fault(LineFault::Cut)),
        }
    }

    /// Returns the refusal of the line that was read last.
    pub(super) fn fault(&self, source: LineFault) -> Refusal {
        Refusal::Line { path: self.path, line: self.line, source }
    }

    /// Checks size and hash of what was read.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        check(self.listed, self.size, self.hasher)
    }
}
