//! The readiness of the system, computed at most once a second, however many requests ask for it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use commands::event_log::{Counting, PartKind, PartStatus, Verdict, status};
use rustix::fs::statvfs;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::app_state::AppState;

/// The time limit of each check, among them those of the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// The time for which a result is reused.
const FRESH: Duration = Duration::from_secs(1);
/// The free bytes on the disk below which the system is degraded: when the rest is used up, nothing can be written.
const LITTLE_ROOM: u64 = 200 * MEGABYTE;
const MEGABYTE: u64 = 1_000_000;

/// The result of the checks.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// [`Verdict::Failing`] if requests cannot be served properly.
    pub verdict: Verdict,
    pub problems: Vec<String>,
    pub parts: Vec<PartStatus>,
}

/// The checks with their last result.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Option<(Instant, Readiness)>>>);

impl Health {
    pub async fn readiness(&self, app: &AppState) -> Readiness {
        // The lock is held during the checks, so that concurrent requests wait for the same result.
        let mut last = self.0.lock().await;
        if let Some((_, readiness)) = last.as_ref().filter(|(seen_at, _)| seen_at.elapsed() < FRESH) {
            return readiness.clone();
        }
        let readiness = look(app).await;
        *last = Some((Instant::now(), readiness.clone()));
        readiness
    }
}

async fn look(app: &AppState) -> Readiness {
    let log = app.commands.log();
    let (seen, writable, room) = tokio::join!(
        timeout(PATIENCE, status(&app.pool, &app.expected, Counting::No)),
        timeout(PATIENCE, log.check_appending()),
        timeout(PATIENCE, room_in(app.data_dir.clone())),
    );
    let mut readiness = Readiness { verdict: Verdict::Ok, problems: Vec::new(), parts: Vec::new() };
    match seen {
        Ok(Ok(status)) => {
            for part in &status.parts {
                readiness.problems.extend(part.problems.iter().map(|it| format!("{}: {it}", part.name)));
                // Without views nothing can be served; failures of other parts cost some functions, or only time.
                let is_needed = part.what == PartKind::Projection;
                let verdict = if is_needed { part.verdict } else { part.verdict.min(Verdict::Degraded) };
                readiness.verdict = readiness.verdict.max(verdict);
            }
            readiness.parts = status.parts;
        }
        // The database's message is logged and not shown.
        Ok(Err(error)) => {
            tracing::warn!(error = commands::error_chain(&error), "the health cannot be read");
            readiness.fails("the database cannot be read");
        }
        Err(_) => readiness.fails("the database does not answer"),
    }
    match writable {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = commands::error_chain(&error), "nothing can be appended");
            readiness.fails("the event log cannot be written");
        }
        Err(_) => readiness.fails("the event log cannot be written: it does not answer"),
    }
    // Unknown free space is no problem: a folder on a network file system may not tell it, and work.
    if let Some(problem) = room.ok().flatten().and_then(|bytes| shortage(bytes, LITTLE_ROOM)) {
        readiness.verdict = readiness.verdict.max(Verdict::Degraded);
        readiness.problems.push(problem);
    }
    readiness
}

/// Returns the free bytes on the disk of a folder; `None` if they are unknown.
async fn room_in(folder: PathBuf) -> Option<u64> {
    let disk = tokio::task::spawn_blocking(move || statvfs(&folder)).await.ok()?.ok()?;
    disk.f_frsize.checked_mul(disk.f_bavail)
}

fn shortage(bytes: u64, enough: u64) -> Option<String> {
    let megabytes = bytes / MEGABYTE;
    (bytes < enough).then(|| format!("the disk of DATA_DIR is nearly full: {megabytes} MB are left"))
}

impl Readiness {
    fn fails(&mut self, problem: &str) {
        self.verdict = Verdict::Failing;
        self.problems.push(problem.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_disk_that_is_nearly_full_is_named_with_what_is_left() {
        let room = room_in(std::env::temp_dir()).await.expect("the disk of a folder is known");
        assert_eq!(
            shortage(room, u64::MAX),
            Some(format!("the disk of DATA_DIR is nearly full: {} MB are left", room / 1_000_000))
        );
        assert_eq!(shortage(room, 0), None);
        assert_eq!(room_in("/no/such/folder".into()).await, None);
    }
}
