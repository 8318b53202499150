//! The entry of the log that stands for an event: which event it is, when it was recorded, and the digest of its stored
//! columns. It holds no payload and names no person, so it stays as it is when a person is erased.
//!
//! It is six lines of UTF-8, each with a line break at its end:
//!
//! ```text
//! ayushma event v1
//! <position: decimal, from 1>
//! <aggregate type>
//! <event type>
//! <time of recording: RFC 3339, UTC, six digits of the second's fraction, Z>
//! <digest of the stored columns: SHA-256, 64 lower-case hexadecimal digits>
//! ```
//!
//! The digest is the one that the event's link in the database's hash chain is made of, so the chain can be computed out
//! of the entries alone: `link = SHA-256(link before ‖ position, 8 bytes ‖ digest, 32 bytes)`, beginning with 32 zero
//! bytes.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDateTime, SecondsFormat, SubsecRound as _, Utc};
use sha2::{Digest, Sha256};

use crate::encoding::parse_decimal;

/// The first line: a new form of the record gets a new one.
const HEADER: &str = "ayushma event v1";
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// The reason why a record is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    #[error("the entry is no record of an event")]
    Malformed,
    #[error("the position of an event begins with 1")]
    Position,
    #[error("the name of a type is not empty and has no control character")]
    TypeName,
    #[error("the year of the time does not have four digits")]
    Time,
}

/// The record of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    position: u64,
    aggregate_type: String,
    event_type: String,
    recorded_at: DateTime<Utc>,
    digest: [u8; 32],
}

impl Leaf {
    /// Returns the record of the event at a position of the log, which begins with 1. Of the time, whole microseconds are
    /// kept. The digest is SHA-256 over the stored columns, as `event_log` computes it for the chain.
    ///
    /// # Errors
    /// [`LeafError::Position`], [`LeafError::TypeName`] or [`LeafError::Time`].
    pub fn new(
        position: u64,
        aggregate_type: &str,
        event_type: &str,
        recorded_at: DateTime<Utc>,
        digest: [u8; 32],
    ) -> Result<Self, LeafError> {
        if position == 0 {
            return Err(LeafError::Position);
        }
        let is_wrong = |name: &str| name.is_empty() || name.contains(char::is_control);
        if is_wrong(aggregate_type) || is_wrong(event_type) {
            return Err(LeafError::TypeName);
        }
        let recorded_at = recorded_at.trunc_subsecs(6);
        if !(0..=9_999).contains(&recorded_at.year()) {
            return Err(LeafError::Time);
        }
        let (aggregate_type, event_type) = (aggregate_type.to_owned(), event_type.to_owned());
        Ok(Self { position, aggregate_type, event_type, recorded_at, digest })
    }

    /// Parses a record. Each event has one spelling; any other is refused.
    ///
    /// # Errors
    /// [`LeafError::Malformed`], or that of [`Leaf::new`].
    pub fn parse(entry: &[u8]) -> Result<Self, LeafError> {
        let text = std::str::from_utf8(entry).map_err(|_| LeafError::Malformed)?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [HEADER, position, aggregate_type, event_type, time, digest, ""] = lines[..] else {
            return Err(LeafError::Malformed);
        };
        let position = parse_decimal(position).ok_or(LeafError::Malformed)?;
        let recorded_at = NaiveDateTime::parse_from_str(time, TIME).map_err(|_| LeafError::Malformed)?.and_utc();
        let mut bytes = [0; 32];
        hex::decode_to_slice(digest, &mut bytes).map_err(|_| LeafError::Malformed)?;
        let leaf = Self::new(position, aggregate_type, event_type, recorded_at, bytes)?;
        if leaf.to_string() == text { Ok(leaf) } else { Err(LeafError::Malformed) }
    }

    /// Returns the position of the event in the log, which begins with 1.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Returns the index of the entry in the transparency log, which begins with 0.
    pub const fn index(&self) -> u64 {
        self.position - 1
    }

    pub fn aggregate_type(&self) -> &str {
        &self.aggregate_type
    }

    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    pub const fn recorded_at(&self) -> DateTime<Utc> {
        self.recorded_at
    }

    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Returns the hash of the event in the database's chain, given the one before it.
    pub fn chain_hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        let position = self.position.to_be_bytes();
        Sha256::new_with_prefix(previous).chain_update(position).chain_update(self.digest).finalize().into()
    }
}

impl fmt::Display for Leaf {
    /// Writes the record, the bytes of which are the entry.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, aggregate_type, event_type, recorded_at, digest } = self;
        let (time, digest) = (recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true), hex::encode(digest));
        write!(formatter, "{HEADER}\n{position}\n{aggregate_type}\n{event_type}\n{time}\n{digest}\n")
    }
}
