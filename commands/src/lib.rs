//! The write side: all that may change the world.

pub mod adapters;
pub mod ports;
pub mod prompt;
pub mod retrieval;
