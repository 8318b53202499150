//! The decoded events of one aggregate up to a position, for what auditors are shown beyond the events themselves.

use domain::{AggregateType, envelope::RecordedEvent};
use uuid::Uuid;

use super::{Histories, HistoryError, LogPosition, Moment, MomentError};
use crate::stored::StoredEvent;

/// An event, with its personal text in clear; that of an erased person reads `[erased]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadEvent {
    pub recorded: RecordedEvent,
    /// Whether its personal text cannot be read any more.
    pub is_erased: bool,
}

impl Histories {
    /// Returns the events of an aggregate up to a position, of these types or of all if none is named, in order; none if
    /// the log has no such aggregate.
    ///
    /// # Errors
    /// [`HistoryError::Unreadable`] if an event or its key cannot be read; [`HistoryError::Database`] if a query fails.
    pub async fn recorded(
        &self,
        (aggregate_type, id): (AggregateType, Uuid),
        types: &[&str],
        up_to: i64,
    ) -> Result<Vec<ReadEvent>, HistoryError> {
        self.recorded_after((aggregate_type, id), types, (0, up_to), i64::MAX).await
    }

    /// As [`Self::recorded`], of the events behind a position (`after`), at most `limit`.
    ///
    /// # Errors
    /// See [`Self::recorded`].
    pub async fn recorded_after(
        &self,
        (aggregate_type, id): (AggregateType, Uuid),
        types: &[&str],
        (after, up_to): (i64, i64),
        limit: i64,
    ) -> Result<Vec<ReadEvent>, HistoryError> {
        let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
        let stored = sqlx::query_as!(
            StoredEvent,
            r#"SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                      payload::text AS "payload!", metadata::text AS "metadata!", partition, command_id
               FROM events
               WHERE aggregate_type = $1 AND aggregate_id = $2 AND position > $3 AND position <= $4
                 AND (cardinality($5::text[]) = 0 OR event_type = ANY($5))
               ORDER BY sequence LIMIT $6"#,
            aggregate_type.name(),
            id.to_string(),
            after,
            up_to,
            &types,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        self.codec.prefetch_keys(stored.iter()).await?;
        let mut events = Vec::with_capacity(stored.len());
        for recorded in self.codec.decode_all(&stored).await? {
            let is_erased = match recorded.metadata.subject {
                Some(subject) => self.codec.is_erased(subject).await?,
                None => false,
            };
            events.push(ReadEvent { recorded, is_erased });
        }
        Ok(events)
    }

    /// Returns the position that a moment means.
    ///
    /// # Errors
    /// [`MomentError`] if there is no such moment in the log, or the log cannot be read.
    pub async fn position_of(&self, moment: Moment) -> Result<LogPosition, MomentError> {
        moment.find(&self.pool).await
    }
}
