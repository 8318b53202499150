//! Keys: of the persons of whom events tell, and the master key that wraps them; what is sealed and how.

pub(crate) mod codec;
pub(crate) mod crypto;
mod key_cache;
pub(crate) mod master_key;
pub(crate) mod ring;
