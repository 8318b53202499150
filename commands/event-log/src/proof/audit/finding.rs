//! What can be wrong with a log.

use std::fmt;

use uuid::Uuid;

use domain::wording::counted;

/// The first place at which a log is not what was written, and what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The event is another than the one that the chain was made over.
    Altered { position: i64 },
    /// So many events are missing from this position on.
    Removed { position: i64, count: i64 },
    /// So many events are too many from this position on.
    Inserted { position: i64, count: i64 },
    /// The event that belongs here stands elsewhere.
    Reordered { position: i64, stands_at: i64 },
    /// The chain is whole, and not the one that a signed head was made of.
    Recomputed { from: i64, to: i64 },
    /// The log ends at a position, but its own record of its end or a signed head says that it reached further.
    CutOff { position: i64, reached: i64 },
    /// The events are whole, but the record of the log's end does not fit the last of them.
    WrongEnd { position: i64 },
    /// The newest signed head is of another log.
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
