//! The keys of all PostgreSQL advisory locks in the database that holds the event log.
//!
//! Processes of two versions run side by side during an upgrade. Therefore a key never changes, and the key of a
//! removed lock is never used for another lock.
//!
//! PostgreSQL has two separate key spaces: single numbers of 64 bits, and pairs of numbers of 32 bits.
//!
//! | space | keys | lock | held until the end of |
//! |---|---|---|---|
//! | single | `RELAY` = `"ayushma\x01"` | the elected relay | the connection |
//! | single | `SCHEDULER` = `"ayushma\x02"` | a round of the scheduler | the connection |
//! | single | `hashtextextended` of [`passages`] | a change of one document's passages | the connection |
//! | single | `hashtextextended` of [`rebuild`] | the rebuild of one view | the connection |
//! | single | `hashtextextended('ayushma pgvector', 0)` | creating the vector tables, in whichever database has them |
//! the transaction |
//! | single | a checksum of the database's name, chosen by sqlx | a migration of the schema | the connection |
//! | pairs | `DECODING`, `hashtext` of schema and consumer | consumer transactions that decode events | the transaction
//! |
//!
//! A hash equals the key of another lock about once in 2^63 pairs. The holders of two locks with the same key would
//! wait for each other, or skip a round.

use domain::ids::DocumentId;

/// The key of the lock that elects the process that publishes to Kafka.
pub(crate) const RELAY: i64 = 0x6179_7573_686d_6101;

/// The key of the lock that lets one process at a time run a scheduler round.
pub(crate) const SCHEDULER: i64 = 0x6179_7573_686d_6102;

/// The first number of the key pair for consumer transactions that decode events. It is always the first lock that such
/// a transaction takes.
pub(crate) const DECODING: i32 = 0x6179_7512;

/// Returns the text whose hash is the key of the lock that lets one process at a time change the passages of a
/// document.
pub fn passages(document: DocumentId) -> String {
    format!("ayushma passages {document}")
}

/// Returns the text whose hash is the key of the lock that lets one process at a time rebuild the view of a projector.
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
