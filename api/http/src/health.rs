//! Whether the system can serve: asked at most once a second, however many ask.

use std::{path::PathBuf, sync::Arc, time::Duration};

use commands::event_log::{Counting, PartKind, PartStatus, Verdict};
use rustix::fs::statvfs;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::app_state::AppState;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(1);
/// So little room on the disk is a reason to look after it: it is soon gone, and then nothing can be written.
const LITTLE_ROOM: u64 = 200 * MEGABYTE;
const MEGABYTE: u64 = 1_000_000;

/// What was found.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// [`Verdict::Failing`] if requests cannot be served as they should be.
    pub verdict: Verdict,
    pub problems: Vec<String>,
    pub parts: Vec<PartStatus>,
}

/// Looks, and remembers what it has seen.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Option<(Instant, Readiness)>>>);

impl Health {
    pub async fn readiness(&self, app: &AppState) -> Readiness {
        // Whoever comes meanwhile waits for the same answer.
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
    let (status, writable, room) = tokio::join!(
        timeout(PATIENCE, log.status(&app.expected, Counting::No)),
        timeout(PATIENCE, log.check_appending()),
        timeout(PATIENCE, room_in(app.data_dir.clone())),
    );
    let mut readiness = Readiness { verdict: Verdict::Ok, problems: Vec::new(), parts: Vec::new() };
    match status {
        Ok(Ok(status)) => {
            for part in &status.parts {
                readiness.problems.extend(part.problems.iter().map(|it| format!("{}: {it}", part.name)));
                // Without views nothing can be served; what else fails costs a part of the service, or only time.
                let is_needed = part.what == PartKind::Projection;
                let verdict = if is_needed { part.verdict } else { part.verdict.min(Verdict::Degraded) };
                readiness.verdict = readiness.verdict.max(verdict);
            }
            readiness.parts = status.parts;
        }
        // What the database says is for the log.
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
    // A folder that says nothing of its disk may be on a network, and work.
    if let Some(problem) = room.ok().flatten().and_then(|bytes| shortage(bytes, LITTLE_ROOM)) {
        readiness.verdict = readiness.verdict.max(Verdict::Degraded);
        readiness.problems.push(problem);
    }
    readiness
}

/// How many bytes can still be written to the disk of a folder.
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
