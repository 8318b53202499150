//! Proof: the chain of hashes, its signed heads, and whether the log is still the one that it was.

pub(crate) mod audit;
pub(crate) mod heads;
pub(crate) mod incarnation;
pub(crate) mod signer;
