//! The faults that an audit can find in a log.

use std::fmt;

use uuid::Uuid;

use domain::wording::counted;

/// The first difference between a log and what was written, with its position and probable kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The event at this position does not match the hash chain.
    Altered { position: i64 },
    /// `count` events are missing from this position on.
    Removed { position: i64, count: i64 },
    /// `count` events from this position on were never written.
    Inserted { position: i64, count: i64 },
    /// The event that belongs to this position is at another one.
    Reordered { position: i64, stands_at: i64 },
    /// The chain is consistent, but differs from the one of which a head was signed.
    Recomputed { from: i64, to: i64 },
    /// The log ends before this position, but its record of its end or a signed head says that it reached further.
    CutOff { position: i64, reached: i64 },
    /// The events are consistent, but the record of the log's end does not match the last one.
    WrongEnd { position: i64 },
    /// The newest signed head belongs to another log.
    OtherLog { signed: Uuid, found: Uuid },
}

impl fmt::Display for Fault {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { position } => write!(
                text,
                "altered: the event at position {position} is not the one that was written (or one just before it was altered \
                 and its hash made anew)"
            ),
            Self::Removed { position, count } => {
                write!(text, "removed: from position {position} on {} missing", counted(*count, "event"))
            }
            Self::Inserted { position, count } => {
                write!(
                    text,
                    "inserted: from position {position} on {} that the log never had",
                    counted(*count, "event")
                )
            }
            Self::Reordered { position, stands_at } => {
                write!(text, "reordered: the event that belongs to position {position} stands at {stands_at}")
            }
            Self::Recomputed { from, to } => write!(
                text,
                "altered, and the chain computed anew: the hash at position {to} is not the signed one, so that something in \
                 positions {from} to {to} is not what was written"
            ),
            Self::CutOff { position, reached } => write!(
                text,
                "removed: the log ends before position {position}, but it has reached {reached} (if the database was restored \
                 from a backup: `ayushma log restored`)"
            ),
            Self::WrongEnd { position } => write!(
                text,
                "altered: log_head, the record of the log's end, does not fit the last event, at position {position}"
            ),
            Self::OtherLog { signed, found } => write!(
                text,
                "another log: the newest signed head is of log {signed}, this is {found} (if the database was restored from a \
                 backup: `ayushma log restored`)"
            ),
        }
    }
}
