//! Parts of the log, as they are taken out of it with their proofs: the stored events, and never their text in clear.

use chrono::{DateTime, TimeDelta, Utc};
use domain::AggregateType;
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use super::{
    BEGIN,
    records::{RecordsError, TakeError},
    rows::rows_where,
};
use crate::{
    stored::StoredEvent,
    times::{DISORDER, halved},
};

/// The part of the log that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPart {
    /// The events of one chat.
    Chat(Uuid),
    /// The events of a person's account and chats, those in which the person acted or that have text of the person, and the
    /// records of accesses to what is the person's.
    Person(Uuid),
    /// The events of a project, and of its documents, chats and test runs with their ratings.
    Project(Uuid),
    /// All events from the first that was recorded at or after a time up to the last that was recorded before another, and
    /// so all positions between them: clocks differ, so a few may be of a little earlier or later.
    Span { from: DateTime<Utc>, until: DateTime<Utc> },
}

/// A chat or an account of which a part of the log has events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concerned {
    pub kind: AggregateType,
    pub id: Uuid,
    /// The person whose it is; `None` for the chat of an API key.
    pub owner: Option<Uuid>,
}

impl LogPart {
    /// Returns the condition of SQL that events of the part meet. It is made of ids and times alone, never of texts.
    async fn condition(&self, connection: &mut PgConnection) -> Result<String, sqlx::Error> {
        Ok(match self {
            Self::Chat(id) => format!("aggregate_type = 'chat' AND aggregate_id = '{id}'"),
            Self::Person(id) => format!(
                "(aggregate_type = 'user' AND aggregate_id = '{id}')
                 OR metadata ->> 'actor' = 'user:{id}'
                 OR metadata ->> 'on_behalf_of' = 'user:{id}'
                 OR metadata ->> 'subject' = '{id}'
                 OR (aggregate_type = 'chat' AND aggregate_id IN (
                         SELECT aggregate_id FROM events
                         WHERE aggregate_type = 'chat' AND event_type = 'Started' AND payload ->> 'owner' = '{id}'))
                 OR CASE WHEN aggregate_type = 'access'
                         THEN EXISTS (SELECT FROM json_array_elements(payload -> 'objects') AS seen
                                      WHERE seen ->> 'owner' = '{id}')
                         ELSE false END"
            ),
            Self::Project(id) => format!(
                "(aggregate_type = 'project' AND aggregate_id = '{id}')
                 OR (aggregate_type, aggregate_id) IN (
                         SELECT aggregate_type, aggregate_id FROM events
                         WHERE event_type IN ('Added', 'Started') AND payload ->> 'project_id' = '{id}')
                 OR (aggregate_type = 'feedback' AND aggregate_id IN (
                         SELECT aggregate_id FROM events
                         WHERE aggregate_type = 'feedback' AND event_type = 'Given' AND payload ->> 'run_id' IN (
                             SELECT aggregate_id FROM events
                             WHERE aggregate_type = 'test_run' AND event_type = 'Started'
                               AND payload ->> 'project_id' = '{id}')))"
            ),
            Self::Span { from, until } => match span(connection, *from, *until).await? {
                Some((first, last)) => format!("position BETWEEN {first} AND {last}"),
                None => "false".to_owned(),
            },
        })
    }

    /// Hands over the stored events of the part up to a position, in order, one by one, out of one snapshot of the log.
    /// Returns the number of its events behind that position, which are not handed over.
    ///
    /// # Errors
    /// [`RecordsError::Broken`] if a row is no event; [`RecordsError::NotTaken`] if taking one fails;
    /// [`RecordsError::Database`]. What was handed over before was not compared with the hash chain.
    pub async fn events(
        &self,
        pool: &PgPool,
        up_to: i64,
        mut take: impl AsyncFnMut(StoredEvent) -> Result<(), TakeError>,
    ) -> Result<i64, RecordsError> {
        // A separate connection, because it cannot be reused if the copy ends early.
        let mut connection = pool.acquire().await?.detach();
        let mut tx = connection.begin_with(BEGIN).await?;
        let condition = self.condition(&mut tx).await?;
        let beyond = format!("SELECT count(*) FROM events WHERE position > {up_to} AND ({condition})");
        let beyond: i64 = sqlx::query_scalar(&beyond).fetch_one(&mut *tx).await?;
        let mut rows = rows_where(&mut tx, &format!("position <= {up_to} AND ({condition})")).await?;
        let mut before = 0;
        loop {
            let Some(row) = rows.next().await? else { break };
            let Some(link) = row else { return Err(RecordsError::Broken(before + 1)) };
            before = link.event.position;
            take(link.event).await.map_err(RecordsError::NotTaken)?;
        }
        drop(rows);
        tx.rollback().await?;
        connection.close().await?;
        Ok(beyond)
    }

    /// Returns the chats and accounts of which the part has events up to a position.
    ///
    /// # Errors
    /// [`RecordsError::Database`] if the query fails.
    pub async fn concerned(&self, pool: &PgPool, up_to: i64) -> Result<Vec<Concerned>, RecordsError> {
        let mut tx = pool.begin_with(BEGIN).await?;
        let condition = self.condition(&mut tx).await?;
        let query = format!(
            "WITH part AS (
                 SELECT DISTINCT aggregate_type, aggregate_id FROM events
                 WHERE position <= {up_to} AND aggregate_type IN ('chat', 'user') AND ({condition})
             )
             SELECT part.aggregate_type, part.aggregate_id,
                    (SELECT payload ->> 'owner' FROM events AS first
                     WHERE first.aggregate_type = part.aggregate_type AND first.aggregate_id = part.aggregate_id
                       AND first.event_type = 'Started')
             FROM part ORDER BY 1, 2"
        );
        let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(&query).fetch_all(&mut *tx).await?;
        tx.rollback().await?;
        let concerned = rows.into_iter().filter_map(|(kind, id, owner)| {
            let id = Uuid::try_parse(&id).ok()?;
            let owner = owner.and_then(|owner| Uuid::try_parse(&owner).ok());
            let is_chat = kind == AggregateType::Chat.name();
            let (kind, owner) = if is_chat { (AggregateType::Chat, owner) } else { (AggregateType::User, Some(id)) };
            Some(Concerned { kind, id, owner })
        });
        Ok(concerned.collect())
    }
}

/// Returns the positions of the first event that was recorded at or after a time, and of the last one that was recorded
/// before another; `None` if there is none.
async fn span(
    connection: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<(i64, i64)>, sqlx::Error> {
    let end: i64 = sqlx::query_scalar("SELECT position FROM log_head").fetch_one(&mut *connection).await?;
    // Every event up to the one is too early, and every one behind the other too late, whatever the clocks.
    let earlier = from.checked_sub_signed(DISORDER + TimeDelta::microseconds(1)).unwrap_or(from);
    let too_early = halved(&mut *connection, end, earlier).await?;
    let too_late_behind = halved(&mut *connection, end, until.checked_add_signed(DISORDER).unwrap_or(until)).await?;
    let first = "SELECT position FROM events
                 WHERE position > $1 AND (metadata ->> 'recorded_at')::timestamptz >= $2 ORDER BY position LIMIT 1";
    let first: Option<i64> =
        sqlx::query_scalar(first).bind(too_early.unwrap_or(0)).bind(from).fetch_optional(&mut *connection).await?;
    let last = "SELECT position FROM events
                WHERE position <= $1 AND (metadata ->> 'recorded_at')::timestamptz < $2 ORDER BY position DESC LIMIT 1";
    let last: Option<i64> =
        sqlx::query_scalar(last).bind(too_late_behind.unwrap_or(end)).bind(until).fetch_optional(connection).await?;
    Ok(first.zip(last))
}
