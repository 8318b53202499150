//! Access: the record that somebody read what is another person's, or was refused it.

mod aggregate;
mod event;
mod personal;
#[cfg(test)]
mod spec;

pub use aggregate::{AccessCommand, AccessError, AccessRecord};
pub use event::{Access, AccessEvent, AccessKind, AccessedObject};
