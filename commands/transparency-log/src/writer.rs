//! The writer of a log: appends entries as tiles and publishes signed checkpoints.
//!
//! Files never change, so an append that a crash has interrupted is simply repeated. A file that is there with another
//! content is refused: somebody may have seen it. Only one writer of a log may exist at a time; who starts it sees to it.

use std::io;

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    merkle::{Hash, MAX_SIZE, leaf_hash},
    note::{Note, NoteError, SigningKey, VerifierKey},
    tiles::{BundleError, CHECKPOINT, RightEdge, TileError, TilePath, TileReader, WIDTH, WriteFiles, append_entry},
};

/// The reason why a log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("{path} cannot be read or written")]
    File { path: String, source: io::Error },
    #[error("the published checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    #[error("the published checkpoint is no note")]
    Note(#[from] NoteError),
    #[error("a tile of the log cannot be used")]
    Tile(#[from] TileError),
    #[error("the tiles are not those of the published checkpoint of {size} entries")]
    OtherTiles { size: u64 },
    #[error("{path} is there already, with another content")]
    Differs { path: String },
    #[error("an entry cannot be appended")]
    Entry(#[from] BundleError),
    #[error("the log is full")]
    Full,
}

/// What changes with each entry.
#[derive(Debug, Clone, Default)]
struct State {
    edge: RightEdge,
    /// The entries that are not yet in a full bundle.
    bundle: Vec<u8>,
    /// The tiles and bundles that were filled since the published checkpoint.
    filled: Vec<TilePath>,
}

/// The only writer of a log.
#[derive(Debug)]
pub struct LogWriter<F> {
    files: F,
    key: SigningKey,
    state: State,
}

impl<F: WriteFiles> LogWriter<F> {
    /// Opens a log at its published checkpoint, or begins one. What was appended behind that checkpoint has to be appended
    /// again.
    ///
    /// # Errors
    /// [`WriteError::Checkpoint`] if the published checkpoint is not of this log and key; [`WriteError::OtherTiles`] if its
    /// root does not follow from the tiles; [`WriteError::Tile`], [`WriteError::File`], [`WriteError::Note`].
    pub fn open(files: F, key: SigningKey) -> Result<Self, WriteError> {
        let published = read(&files, CHECKPOINT)?;
        let Some(published) = published else { return Ok(Self { files, key, state: State::default() }) };
        let Checkpoint { size, root, .. } = Checkpoint::open(&Note::parse(&published)?, key.verifier())?;
        let edge = RightEdge::read(&files, size)?;
        if edge.root() != root {
            return Err(WriteError::OtherTiles { size });
        }
        let mut bundle = Vec::new();
        if !size.is_multiple_of(WIDTH) {
            let mut hashes = TileReader::new(&files, size);
            let entries = hashes.bundle(size / WIDTH)?;
            if !hashes.tile(0, size / WIDTH)?.iter().eq(&entries.iter().map(|it| leaf_hash(it)).collect::<Vec<_>>()) {
                return Err(WriteError::OtherTiles { size });
            }
            entries.iter().try_for_each(|entry| append_entry(&mut bundle, entry))?;
        }
        Ok(Self { files, key, state: State { edge, bundle, filled: vec![] } })
    }

    /// Returns the number of entries, also of those behind the published checkpoint.
    pub const fn size(&self) -> u64 {
        self.state.edge.size()
    }

    pub fn root(&self) -> Hash {
        self.state.edge.root()
    }

    /// Returns the key by which the log is verified.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    pub const fn files(&self) -> &F {
        &self.files
    }

    /// Appends entries: writes the tiles and bundles that they change, and no other file. After an error none of them is
    /// appended, and the same entries can be appended again.
    ///
    /// # Errors
    /// [`WriteError::Entry`] if one is too long; [`WriteError::Differs`] if other entries were written there;
    /// [`WriteError::Full`]; [`WriteError::File`].
    pub fn append<E: AsRef<[u8]>>(&mut self, entries: impl IntoIterator<Item = E>) -> Result<(), WriteError> {
        let mut state = self.state.clone();
        let before = state.edge.size();
        for entry in entries {
            if state.edge.size() == MAX_SIZE {
                return Err(WriteError::Full);
            }
            append_entry(&mut state.bundle, entry.as_ref())?;
            let tiles = state.edge.push(leaf_hash(entry.as_ref()));
            if state.edge.size().is_multiple_of(WIDTH) {
                let index = (state.edge.size() - 1) / WIDTH;
                self.write_bundle(&state, index)?;
                state.bundle.clear();
                state.filled.extend(TilePath::entries(index, state.edge.size()));
            }
            for (path, tile) in tiles {
                self.write_new(path, &tile)?;
                state.filled.push(path);
            }
        }
        if state.edge.size() > before {
            if !state.bundle.is_empty() {
                self.write_bundle(&state, state.edge.size() / WIDTH)?;
            }
            let partial = state.edge.partial_tiles(before);
            partial.into_iter().try_for_each(|(path, tile)| self.write_new(path, &tile))?;
        }
        self.state = state;
        Ok(())
    }

    /// Signs the state of the log and publishes it; all tiles of it are there already.
    ///
    /// # Errors
    /// [`WriteError::Checkpoint`] if it cannot be signed; [`WriteError::File`].
    pub fn publish(&mut self) -> Result<Note, WriteError> {
        let note = self.sign()?;
        self.publish_cosigned(&note)?;
        Ok(note)
    }

    /// Signs the state of the log, which can be taken to witnesses before it is published.
    ///
    /// # Errors
    /// [`WriteError::Checkpoint`] if it cannot be signed.
    pub fn sign(&self) -> Result<Note, WriteError> {
        Ok(self.checkpoint().sign(&self.key)?)
    }

    /// Returns the state of the log.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: crate::note::Verifier::name(self.key.verifier()).clone(),
            size: self.size(),
            root: self.root(),
        }
    }

    /// Publishes the signed state of the log, which may have got signatures of witnesses. Partial tiles and bundles that
    /// have become full since are removed: readers take the full ones in their place.
    ///
    /// # Errors
    /// [`WriteError::OtherTiles`] if it is not the state of this log; [`WriteError::Checkpoint`] if the log has not signed
    /// it; [`WriteError::File`].
    pub fn publish_cosigned(&mut self, note: &Note) -> Result<(), WriteError> {
        let checkpoint = Checkpoint::open(note, self.key.verifier())?;
        if checkpoint != self.checkpoint() {
            return Err(WriteError::OtherTiles { size: checkpoint.size });
        }
        write(&self.files, CHECKPOINT, note.to_string().as_bytes())?;
        for path in self.state.filled.drain(..) {
            let path = format!("{path}.p");
            self.files.remove_below(&path).map_err(|source| WriteError::File { path, source })?;
        }
        Ok(())
    }

    fn write_bundle(&self, state: &State, index: u64) -> Result<(), WriteError> {
        TilePath::entries(index, state.edge.size()).map_or(Ok(()), |path| self.write_new(path, &state.bundle))
    }

    fn write_new(&self, path: TilePath, content: &[u8]) -> Result<(), WriteError> {
        let path = path.to_string();
        match read(&self.files, &path)? {
            Some(there) if there == content => Ok(()),
            Some(_) => Err(WriteError::Differs { path }),
            None => write(&self.files, &path, content),
        }
    }
}

fn read<F: WriteFiles>(files: &F, path: &str) -> Result<Option<Vec<u8>>, WriteError> {
    files.read(path).map_err(|source| WriteError::File { path: path.to_owned(), source })
}

fn write<F: WriteFiles>(files: &F, path: &str, content: &[u8]) -> Result<(), WriteError> {
    files.write(path, content).map_err(|source| WriteError::File { path: path.to_owned(), source })
}
