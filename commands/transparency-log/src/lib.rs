//! The event log as a transparency log, in the open formats of C2SP and of RFC 6962 (its tree is that of RFC 9162): a
//! Merkle tree over small records of the events ([`leaf`], [`merkle`]), kept as files ([`tiles`], [`writer`]), whose
//! root is signed ([`note`], [`checkpoint`]); receipts of single events ([`receipt`]); and the witnesses who watch that
//! the log only grows ([`cosignature`], [`policy`], [`witness`]).
//!
//! Nothing here knows the database, the network or the clock, and no payload of an event ever comes here.
//!
//! See `docs/proof-formats.md`.

pub mod checkpoint;
pub mod cosignature;
mod encoding;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod receipt;
pub mod tiles;
pub mod witness;
pub mod writer;
