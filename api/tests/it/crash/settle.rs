//! Waiting until nothing is left to do.

use std::time::Duration;

use sqlx::{PgPool, Row};
use tokio::time::{Instant, sleep};

/// Longer than the longest lease, back-off and session time-out together, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// How many events each consumer has not seen; those that are not published; jobs that are not done.
const LEFT: &str = "
    SELECT 'consumer ' || checkpoints.consumer AS what, count(events.position) AS number
    FROM checkpoints LEFT JOIN events
      ON events.aggregate_type = checkpoints.aggregate_type AND events.partition = checkpoints.partition
         AND events.position > checkpoints.position
    GROUP BY checkpoints.consumer";
const UNPUBLISHED: &str = "SELECT 'relay' AS what, log_head.position - relay_mark.position AS number FROM log_head, relay_mark WHERE is_current";
const JOBS: &str = "SELECT 'jobs of ' || kind AS what, count(*) AS number FROM jobs GROUP BY kind";

/// Waits until everything that follows from the log has happened.
///
/// # Errors
/// What is left when patience ends.
pub(super) async fn until_settled(pool: &PgPool) -> Result<(), String> {
    wait(pool, &[LEFT, UNPUBLISHED, JOBS], 1).await
}

/// Waits until so many consumers have seen the whole log.
///
/// # Errors
/// What is left when patience ends.
pub(super) async fn until_consumed(pool: &PgPool, consumers: usize) -> Result<(), String> {
    wait(pool, &[LEFT], consumers).await
}

async fn wait(pool: &PgPool, questions: &[&'static str], consumers: usize) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    // Quiet for a moment: what is done last may lead to more.
    let mut quiet = 0;
    loop {
        let left = left(pool, questions, consumers).await;
        quiet = if left.as_ref().is_ok_and(String::is_empty) { quiet + 1 } else { 0 };
        if quiet == 3 {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(left.unwrap_or_else(|error| error.to_string()));
        }
        sleep(Duration::from_millis(500)).await;
    }
}

async fn left(pool: &PgPool, questions: &[&'static str], consumers: usize) -> Result<String, sqlx::Error> {
    let mut lines = Vec::new();
    for question in questions {
        let rows = sqlx::query(question).fetch_all(pool).await?;
        if *question == LEFT && rows.len() < consumers {
            lines.push(format!("{} of {consumers} consumers have begun", rows.len()));
        }
        let counts = rows.iter().map(|row| (row.get::<String, _>("what"), row.get::<i64, _>("number")));
        lines.extend(counts.filter(|(_, number)| *number > 0).map(|(what, number)| format!("{what}: {number}")));
    }
    Ok(lines.join(", "))
}
