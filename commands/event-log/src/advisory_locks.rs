//! The keys of all advisory locks in the database of the events.
//!
//! Processes of two versions run side by side during an upgrade, so a key never changes, and the key of a lock that is gone is
//! not used for another one.
//!
//! PostgreSQL keeps two spaces of keys that never meet: single numbers of 64 bits, and pairs of numbers of 32 bits.
//!
//! | space | keys | lock | lives as long as |
//! |---|---|---|---|
//! | single | `RELAY` = `"ayushma\x01"` | the elected relay | the connection |
//! | single | `SCHEDULER` = `"ayushma\x02"` | a round of the scheduler | the connection |
//! | single | `hashtextextended` of [`passages`] | a change of one document's passages | the connection |
//! | single | `hashtextextended` of [`rebuild`] | the rebuild of one view | the connection |
//! | single | `hashtextextended('ayushma pgvector', 0)` | making tables of vectors, in whichever database has them | the transaction |
//! | single | sqlx's own, a checksum of the database's name | a migration of the schema | the connection |
//! | pairs | `DECODING`, `hashtext` of schema and consumer | transactions of a consumer that decode | the transaction |
//!
//! A hash could be the number of another lock once in 2^63 pairs. Two that meet would wait for one another's end, or be
//! skipped for a round.

use domain::ids::DocumentId;

/// Elects the process that publishes to Kafka.
pub(crate) const RELAY: i64 = 0x6179_7573_686d_6101;

/// Gives one process a round of the scheduler.
pub(crate) const SCHEDULER: i64 = 0x6179_7573_686d_6102;

/// The first number of a pair: transactions of a consumer that decode events. It is always the first lock that they take.
pub(crate) const DECODING: i32 = 0x6179_7512;

/// The text whose hash lets one process at a time change the passages of a document.
pub fn passages(document: DocumentId) -> String {
    format!("ayushma passages {document}")
}

/// The text whose hash lets one process at a time rebuild the view of a projector.
pub fn rebuild(projector: &str) -> String {
    format!("ayushma rebuild {projector}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn processes_of_every_version_take_the_same_keys() {
        assert_eq!(RELAY.to_be_bytes(), *b"ayushma\x01");
        assert_eq!(SCHEDULER.to_be_bytes(), *b"ayushma\x02");
        assert_eq!(DECODING.to_be_bytes(), *b"ayu\x12");
        let document = DocumentId::new(Uuid::from_u128(21));
        assert_eq!(passages(document), "ayushma passages 00000000-0000-0000-0000-000000000015");
        assert_eq!(rebuild("chats"), "ayushma rebuild chats");
    }
}
