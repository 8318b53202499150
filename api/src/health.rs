//! Whether the system can serve: asked at most once a second, however many ask.

use std::{sync::Arc, time::Duration};

use commands::event_log::{Counting, PartStatus, Verdict, What};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::app::App;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(1);

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
    pub async fn readiness(&self, app: &App) -> Readiness {
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

async fn look(app: &App) -> Readiness {
    let log = app.commands.log();
    let (status, writable) =
        tokio::join!(timeout(PATIENCE, app.status(false, Counting::No)), timeout(PATIENCE, log.check_appending()));
    let mut readiness = Readiness { verdict: Verdict::Ok, problems: Vec::new(), parts: Vec::new() };
    match status {
        Ok(Ok(status)) => {
            for part in &status.parts {
                readiness.problems.extend(part.problems.iter().map(|it| format!("{}: {it}", part.name)));
                // Without views nothing can be served; what else fails costs a part of the service, or only time.
                let is_needed = part.what == What::Projection;
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
    readiness
}

impl Readiness {
    fn fails(&mut self, problem: &str) {
        self.verdict = Verdict::Failing;
        self.problems.push(problem.to_owned());
    }
}
