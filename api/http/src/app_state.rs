//! The application state that handlers use; the composition root fills it.

use std::{path::PathBuf, time::Duration};

use commands::{
    accesses::Accesses,
    accounts::Accounts,
    answering::Answering,
    auditing::Auditing,
    chats::Chats,
    clock::SharedClock,
    documents::Documents,
    erasure::Erasure,
    evaluation::Evaluation,
    event_log::{Committed, EventPosition, Expected, Progress, TokenError},
    execute::Commands,
    projects::Projects,
    proofs::Proofs,
    services::Services,
    uploads::Uploads,
};
use domain::AggregateType;
use ports::{SharedCaptcha, SharedMediaStore};
use projections::{Views, projectors};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{config::TextSettings, silence::DatabaseSilence};

/// The use cases, views and stores that handlers use, and what health checks read.
#[derive(Clone)]
pub struct AppState {
    pub pool: PgPool,
    pub texts: TextSettings,
    pub views: Views,
    pub commands: Commands,
    pub accounts: Accounts,
    pub projects: Projects,
    pub services: Services,
    pub documents: Documents,
    pub answering: Answering,
    pub auditing: Auditing,
    pub chats: Chats,
    pub accesses: Accesses,
    pub proofs: Proofs,
    pub evaluation: Evaluation,
    pub media: SharedMediaStore,
    /// `None`: captchas are not checked.
    pub captcha: Option<SharedCaptcha>,
    pub uploads: Uploads,
    pub erasure: Erasure,
    pub progress: Progress,
    pub clock: SharedClock,
    /// Cancelled when the process has been asked to end: no more jobs are taken, and endless streams end.
    pub ending: CancellationToken,
    pub silence: DatabaseSilence,
    /// The folder of all data that is not kept in an external database.
    pub data_dir: PathBuf,
    /// The parts that the whole system has, in whichever process: a part without a heartbeat is reported as a problem.
    pub expected: Expected,
}

impl AppState {
    /// Waits, at most for `patience`, until the views show the committed events. Returns whether they do; `false`, too,
    /// if the progress of the views cannot be read.
    pub async fn wait_for_views(&self, committed: &Committed, patience: Duration) -> bool {
        match self.progress.wait_for(&self.pool, &views(), &committed.positions, patience).await {
            Ok(reached) => reached,
            Err(error) => {
                tracing::warn!(%error, "it is not known how far the views are");
                false
            }
        }
    }

    /// Waits, at most for `patience`, until the views have reached the positions that a consistency token names.
    /// Returns the positions that they have not reached by then.
    ///
    /// # Errors
    /// [`TokenError`] if the token is malformed or does not fit this log, or if the progress of the views cannot be
    /// read.
    pub async fn wait_for_token(&self, token: &str, patience: Duration) -> Result<Vec<EventPosition>, TokenError> {
        self.commands.log().wait_for_token(token, &self.progress, &views(), patience).await
    }
}

/// Returns the name of each view with the aggregate types that it shows.
fn views() -> Vec<(&'static str, &'static [AggregateType])> {
    projectors().iter().map(|projector| (projector.name(), projector.aggregate_types())).collect()
}
