//! The formats of the transparency log: against the specifications' examples, against themselves, and against programs
//! that are not ours.

mod checkpoint;
mod foreign;
mod large;
mod leaf;
mod merkle;
mod note;
mod policy;
mod receipt;
mod support;
mod tiles;
mod witness;
mod writer;
