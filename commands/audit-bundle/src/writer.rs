//! The writer of bundles: into a folder beside the wanted one, which takes its place when everything is there.

mod hashed;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use tempfile::TempDir;
use transparency_log::{
    checkpoint::{Checkpoint, CheckpointError},
    merkle::{Hash, InclusionError, verify_inclusion},
    note::{Note, NoteError, SigningKey},
};

use crate::{
    columns::{Columns, ColumnsError},
    cover::Cover,
    format::Format,
    line::{EventLine, StoredFile, TextLine, files_of},
    manifest::{About, Attachment, ListedFile, Manifest},
    paths, seal,
};
use hashed::HashedFile;

/// The reason why a bundle is not written. Nothing is left of it then.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("{0} is there already")]
    Exists(PathBuf),
    #[error("{path} cannot be written")]
    File { path: String, source: io::Error },
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    #[error("the event at position {position} makes no record")]
    Columns { position: u64, source: ColumnsError },
    #[error("the published log has another event at position {position}, or its tiles are damaged")]
    NotInLog { position: u64, source: InclusionError },
    #[error("a line cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("the manifest cannot be signed")]
    Seal(#[from] NoteError),
}

/// The writer of one bundle. What it has written is removed if it is dropped before [`BundleWriter::finish`].
pub struct BundleWriter {
    folder: TempDir,
    target: PathBuf,
    key: SigningKey,
    checkpoint: Checkpoint,
    manifest: Manifest,
    events: HashedFile,
    text: Option<HashedFile>,
    formats: BTreeMap<Format, HashedFile>,
    cover: Cover,
}

/// A file of the selection that is being copied.
pub struct PartFile(HashedFile);

impl PartFile {
    /// Appends bytes.
    ///
    /// # Errors
    /// [`WriteError::File`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.0.write(bytes)
    }
}

impl BundleWriter {
    /// Begins a bundle at a path where nothing is, of events up to a checkpoint that the key has signed.
    ///
    /// # Errors
    /// [`WriteError::Exists`], [`WriteError::Checkpoint`] if it is another log's, [`WriteError::File`].
    pub fn begin(
        target: &Path,
        about: About,
        checkpoint: &Note,
        key: SigningKey,
        with_text: bool,
    ) -> Result<Self, WriteError> {
        if target.symlink_metadata().is_ok() {
            return Err(WriteError::Exists(target.to_owned()));
        }
        let opened = Checkpoint::open(checkpoint, key.verifier())?;
        let beside = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let fault = |source| WriteError::File { path: beside.display().to_string(), source };
        let folder = tempfile::Builder::new().prefix(".tmp-bundle-").tempdir_in(beside).map_err(fault)?;
        let file = |path: &str| HashedFile::new(folder.path(), path);
        let (origin, size) = (opened.origin.to_string(), opened.size);
        let mut writer = Self {
            events: file(paths::EVENTS)?,
            text: if with_text { Some(file(paths::TEXT)?) } else { None },
            formats: BTreeMap::new(),
            cover: Cover::default(),
            manifest: Manifest::new(about, origin, key.verifier().to_string(), size),
            checkpoint: opened,
            target: target.to_owned(),
            folder,
            key,
        };
        writer.write(paths::CHECKPOINT, checkpoint.to_string().as_bytes())?;
        Ok(writer)
    }

    /// Adds a file for the events in a format of others, which is there also if nothing gets into it.
    ///
    /// # Errors
    /// [`WriteError::File`].
    pub fn add_format(&mut self, format: Format) -> Result<(), WriteError> {
        let file = HashedFile::new(self.folder.path(), format.path())?;
        self.manifest.assert_format(format.path());
        self.formats.insert(format, file);
        Ok(())
    }

    /// Appends a line to the file of a format that was added; nothing is written of others.
    ///
    /// # Errors
    /// [`WriteError::File`], [`WriteError::Json`].
    pub fn line(&mut self, format: Format, line: &impl Serialize) -> Result<(), WriteError> {
        self.formats.get_mut(&format).map_or(Ok(()), |file| file.line(line))
    }

    /// Returns the checkpoint against which events are proved.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Appends an event with its inclusion proof, which is verified, and its text if it is wanted. Returns the files that
    /// it names, each of which the caller attaches, or says why not, before the next event.
    ///
    /// # Errors
    /// [`WriteError::NotInLog`] if the proof does not fit; [`WriteError::Columns`], [`WriteError::File`].
    pub fn event(
        &mut self,
        columns: Columns,
        proof: &[Hash],
        text: Option<&TextLine>,
    ) -> Result<Vec<StoredFile>, WriteError> {
        let position = columns.position;
        let leaf = columns.leaf().map_err(|source| WriteError::Columns { position, source })?;
        let Checkpoint { size, root, .. } = &self.checkpoint;
        verify_inclusion(leaf.to_string().as_bytes(), leaf.index(), proof, *size, root)
            .map_err(|source| WriteError::NotInLog { position, source })?;
        let files = files_of(&columns.payload);
        let line = EventLine::new(columns, &leaf, proof);
        self.events.line(&line)?;
        if let (Some(file), Some(text)) = (&mut self.text, text) {
            file.line(text)?;
        }
        self.cover.event(&line, &leaf, text);
        self.manifest.events.add(position);
        Ok(files)
    }

    /// Returns whether the bundle has a file of this content already.
    pub fn has(&self, file: &StoredFile) -> bool {
        self.manifest.file(&path_of(file)).is_some()
    }

    /// Begins to copy a file; one at a time.
    ///
    /// # Errors
    /// [`WriteError::File`].
    pub fn part(&self) -> Result<PartFile, WriteError> {
        let folder = self.folder.path().join(paths::FILES);
        fs::create_dir_all(&folder).map_err(|source| WriteError::File { path: paths::FILES.to_owned(), source })?;
        Ok(PartFile(HashedFile::new(&folder, ".part")?))
    }

    /// Attaches a copied file to the event that names it, or a file that the bundle has already. Copied bytes that are not
    /// those that the event says are left out.
    ///
    /// # Errors
    /// [`WriteError::File`].
    pub fn attach(&mut self, position: u64, file: StoredFile, part: Option<PartFile>) -> Result<(), WriteError> {
        let path = path_of(&file);
        if let Some(PartFile(part)) = part {
            let fault = |source| WriteError::File { path: path.clone(), source };
            let mut listed = part.finish()?;
            let is_named = listed.sha256 == file.sha256 && listed.size == file.size;
            let part = self.folder.path().join(paths::FILES).join(".part");
            if !is_named {
                fs::remove_file(&part).map_err(fault)?;
                self.miss(position, file, "what is stored has another content than the event says");
                return Ok(());
            }
            fs::rename(&part, self.folder.path().join(&path)).map_err(fault)?;
            listed.path.clone_from(&path);
            self.manifest.add_file(listed);
        }
        let StoredFile { name, size, sha256 } = file;
        self.manifest.attachments.push(Attachment { position, name, size, sha256, path: Some(path), missing: None });
        Ok(())
    }

    /// Says why a file that an event names is not in the bundle.
    pub fn miss(&mut self, position: u64, file: StoredFile, why: &str) {
        let StoredFile { name, size, sha256 } = file;
        let missing = Some(why.to_owned());
        self.manifest.attachments.push(Attachment { position, name, size, sha256, path: None, missing });
    }

    /// Writes the cover page, the manifest and its seal, and puts the bundle in its place. Returns the manifest.
    ///
    /// # Errors
    /// [`WriteError::Exists`] if something is there meanwhile; [`WriteError::File`].
    pub fn finish(self) -> Result<Manifest, WriteError> {
        let Self { folder, target, key, checkpoint, mut manifest, events, text, formats, cover } = self;
        manifest.add_file(events.finish()?);
        for file in text.into_iter().chain(formats.into_values()) {
            manifest.add_file(file.finish()?);
        }
        if !manifest.files.iter().any(|file| file.path.starts_with(paths::FILES)) {
            // It is there if all that was copied was left out again.
            drop(fs::remove_dir(folder.path().join(paths::FILES)));
        }
        let page = cover.page(&manifest, &checkpoint);
        manifest.add_file(write(folder.path(), paths::COVER, page.as_bytes())?);
        let mut json = serde_json::to_vec_pretty(&manifest)?;
        json.push(b'\n');
        let seal = seal::seal(&json, &key)?;
        write(folder.path(), paths::MANIFEST, &json)?;
        write(folder.path(), paths::SEAL, seal.to_string().as_bytes())?;
        let fault = |source| WriteError::File { path: target.display().to_string(), source };
        File::open(folder.path()).and_then(|folder| folder.sync_all()).map_err(fault)?;
        if target.symlink_metadata().is_ok() {
            return Err(WriteError::Exists(target));
        }
        fs::rename(folder.path(), &target).map_err(fault)?;
        // It has moved away: nothing is to be removed any more.
        drop(folder.keep());
        Ok(manifest)
    }

    fn write(&mut self, path: &str, content: &[u8]) -> Result<(), WriteError> {
        self.manifest.add_file(write(self.folder.path(), path, content)?);
        Ok(())
    }
}

fn write(folder: &Path, path: &str, content: &[u8]) -> Result<ListedFile, WriteError> {
    let mut file = HashedFile::new(folder, path)?;
    file.write(content)?;
    file.finish()
}

fn path_of(file: &StoredFile) -> String {
    format!("{}/{}", paths::FILES, file.sha256)
}
