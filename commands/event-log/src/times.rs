//! The times of the log, in which positions are looked for: no index has them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

/// How much later than an event an earlier one of the log may say that it was recorded: clocks of machines differ, and
/// an event is appended a little after its time was read.
pub(crate) const DISORDER: TimeDelta = TimeDelta::minutes(1);

/// Returns a position up to `end` whose event was recorded at or before the time, while the event behind it was not; 0
/// if the first one was not, and `None` if the first ones are missing. Times grow with the positions but for
/// [`DISORDER`], so there may be several such positions.
pub(crate) async fn halved(
    database: impl PgExecutor<'_>,
    end: i64,
    time: DateTime<Utc>,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH RECURSIVE halving (low, high) AS (
               SELECT 0::bigint, $1::bigint
               UNION ALL
               SELECT CASE WHEN is_by_then THEN middle ELSE low END, CASE WHEN is_by_then THEN high ELSE middle - 1 END
               FROM (SELECT low, high, (low + high + 1) / 2 AS middle FROM halving WHERE low < high) AS halved
               CROSS JOIN LATERAL (
                   SELECT (metadata ->> 'recorded_at')::timestamptz <= $2 AS is_by_then FROM events
                   WHERE position <= middle ORDER BY position DESC LIMIT 1
               ) AS found
           )
           SELECT low AS "low!" FROM halving WHERE low >= high"#,
        end,
        time,
    )
    .fetch_optional(database)
    .await
}
