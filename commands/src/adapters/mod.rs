//! Adapters of the [ports](crate::ports): thin, on well-kept crates.

pub mod lexical;
