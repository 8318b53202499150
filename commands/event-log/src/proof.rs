//! Integrity of the log: the hash chain, its signed heads, the audit, and the check whether the log was replaced or
//! restored.

pub(crate) mod audit;
pub(crate) mod heads;
pub(crate) mod incarnation;
pub(crate) mod signer;
