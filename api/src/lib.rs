//! The composition root's parts, as a library so that tests can reach them.

pub mod embedded_postgres;
