//! Bundles: a selection of the event log as a folder that anybody can verify without the database, the network and the
//! master key. A bundle is written by [`BundleWriter`] and verified by [`verify()`].
//!
//! It holds events as they are stored, each with its record and its inclusion proof ([`EventLine`]) against one signed
//! checkpoint, files by their hash, decoded text only if it is wanted, a [`Manifest`] of all of this that the log's key has
//! signed, and a cover page to read; if it is wanted, the events in audit formats of others too ([`Format`]). Nothing here knows the database, the network or the clock.
//!
//! See `docs/proof-formats.md`.

mod columns;
mod cover;
mod format;
mod line;
mod manifest;
mod prover;
mod seal;
mod verify;
mod writer;

pub use columns::{Columns, ColumnsError};
pub use format::Format;
pub use line::{EventLine, LineFault, StoredFile, TextLine};
pub use manifest::{About, Attachment, Events, ListedFile, Manifest, Selection};
pub use prover::Prover;
pub use seal::SealError;
pub use verify::{Refusal, Verified, verify};
pub use writer::{BundleWriter, PartFile, WriteError};

/// The paths of a bundle's files; files of the selection are `files/<SHA-256>`.
pub mod paths {
    pub const CHECKPOINT: &str = "checkpoint";
    pub const COVER: &str = "index.html";
    pub const EVENTS: &str = "events.jsonl";
    pub const FHIR: &str = "fhir.ndjson";
    pub const FILES: &str = "files";
    pub const MANIFEST: &str = "manifest.json";
    pub const OCSF: &str = "ocsf.ndjson";
    pub const SEAL: &str = "manifest.note";
    pub const TEXT: &str = "text.jsonl";
}
