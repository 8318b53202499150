//! The stored form of events: the rows of the log, their positions, and the hash chain over them.

use domain::{AggregateType, ids::CommandId, user::UserEvent};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

/// An event as the log and the topics hold it: personal fields are ciphertext.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredEvent {
    pub position: i64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
    pub partition: i32,
    pub command_id: Uuid,
}

/// Returns the names of aggregate types, as SQL statements take them.
pub(crate) fn names(types: &[AggregateType]) -> Vec<String> {
    types.iter().map(AggregateType::to_string).collect()
}

/// Reads the events of these types after a position and up to another one, in order, at most `limit`.
pub(crate) async fn read_log(
    pool: &PgPool,
    types: &[String],
    after: i64,
    up_to: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>, sqlx::Error> {
    sqlx::query_as!(
        StoredEvent,
        r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                  payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
           FROM events
           WHERE position > $1 AND position <= $2 AND aggregate_type = ANY($3)
           ORDER BY position
           LIMIT $4"#,
        after,
        up_to,
        types,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// The position of an appended event, for readers that wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPosition {
    pub aggregate_type: AggregateType,
    pub partition: i32,
    pub position: i64,
}

/// The result of the execution of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub command_id: CommandId,
    /// The id of the resource that the first execution created, if this one repeats it with the same idempotency key.
    pub repeats: Option<Uuid>,
    /// The positions of the appended events; empty if nothing had to change.
    pub positions: Vec<EventPosition>,
}

/// The hash of the log up to and including an event.
pub type ChainHash = [u8; 32];

impl StoredEvent {
    /// Returns whether the event records the erasure of a person, whose key is destroyed in the same append.
    pub(crate) fn is_erasure(&self) -> bool {
        self.event_type == <&str>::from(UserEvent::SubjectErased {})
    }

    /// Returns the SHA-256 over every stored column except the position and the hash, each prefixed by its length (8
    /// bytes).
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let numbers = [self.sequence, i64::from(self.partition)].map(i64::to_be_bytes);
        for column in [
            self.aggregate_type.as_bytes(),
            self.aggregate_id.as_bytes(),
            &numbers[0],
            self.event_type.as_bytes(),
            self.event_version.as_bytes(),
            self.payload.as_bytes(),
            self.metadata.as_bytes(),
            &numbers[1],
            self.command_id.as_bytes(),
        ] {
            hasher.update((column.len() as u64).to_be_bytes());
            hasher.update(column);
        }
        hasher.finalize().into()
    }

    /// Returns the event's link in the chain: SHA-256 over the previous hash (32 bytes), the position (8) and the
    /// [digest](Self::digest) of all other columns.
    pub fn chain_hash(&self, previous: &[u8]) -> ChainHash {
        chain_link(previous, self.position, &self.digest())
    }
}

/// Returns the link of an event in the chain, of which the [digest](StoredEvent::digest) is known already.
pub(crate) fn chain_link(previous: &[u8], position: i64, digest: &[u8; 32]) -> ChainHash {
    Sha256::new_with_prefix(previous).chain_update(position.to_be_bytes()).chain_update(digest).finalize().into()
}

/// Returns the logical partition of an aggregate: the first four bytes of SHA-256 of its id, modulo the log's number of
/// partitions.
pub fn partition_of(aggregate_id: &str, partitions: i32) -> i32 {
    let digest = Sha256::digest(aggregate_id.as_bytes());
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let partitions = u32::try_from(partitions).unwrap_or(1).max(1);
    i32::try_from(number % partitions).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> StoredEvent {
        StoredEvent {
            position: 1,
            aggregate_type: "chat".to_owned(),
            aggregate_id: "a".to_owned(),
            sequence: 1,
            event_type: "Started".to_owned(),
            event_version: "1".to_owned(),
            payload: "{}".to_owned(),
            metadata: "{}".to_owned(),
            partition: 3,
            command_id: Uuid::nil(),
        }
    }

    #[test]
    fn every_stored_column_and_the_previous_hash_change_the_hash() {
        let base = event();
        let changed = [
            StoredEvent { position: 2, ..base.clone() },
            StoredEvent { aggregate_type: "user".to_owned(), ..base.clone() },
            StoredEvent { aggregate_id: "b".to_owned(), ..base.clone() },
            StoredEvent { sequence: 2, ..base.clone() },
            StoredEvent { event_type: "Deleted".to_owned(), ..base.clone() },
            StoredEvent { event_version: "2".to_owned(), ..base.clone() },
            StoredEvent { payload: "{ }".to_owned(), ..base.clone() },
            StoredEvent { metadata: "{ }".to_owned(), ..base.clone() },
            StoredEvent { partition: 4, ..base.clone() },
            StoredEvent { command_id: Uuid::from_u128(1), ..base.clone() },
        ];
        let hash = base.chain_hash(&[0; 32]);
        assert!(changed.iter().all(|other| other.chain_hash(&[0; 32]) != hash));
        assert_ne!(base.chain_hash(&[1; 32]), hash);
    }

    #[test]
    fn text_cannot_move_from_one_column_to_the_next_unseen() {
        let one = StoredEvent { event_type: "ab".to_owned(), event_version: "c".to_owned(), ..event() };
        let other = StoredEvent { event_type: "a".to_owned(), event_version: "bc".to_owned(), ..event() };
        assert_ne!(one.chain_hash(&[0; 32]), other.chain_hash(&[0; 32]));
    }

    #[test]
    fn the_partition_of_an_aggregate_never_changes() {
        // Computed by another program from the definition.
        for (aggregate_id, of_sixteen, of_seven) in [
            ("7f81988b-3811-448c-b9e3-01709e573ae6", 1, 4),
            ("01900000-0000-7000-8000-000000000006", 4, 2),
            ("01900000-0000-7000-8000-000000000007", 2, 2),
            ("anything", 7, 6),
            ("", 2, 1),
        ] {
            assert_eq!(partition_of(aggregate_id, 16), of_sixteen, "{aggregate_id}");
            assert_eq!(partition_of(aggregate_id, 7), of_seven, "{aggregate_id}");
            assert_eq!(partition_of(aggregate_id, 1), 0, "{aggregate_id}");
        }
    }
}
