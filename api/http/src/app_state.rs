//! The state of the application that routes work with; the composition root fills it.

use std::{path::PathBuf, time::Duration};

use commands::{
    accounts::Accounts,
    answering::Answering,
    chats::Chats,
    clock::SharedClock,
    documents::Documents,
    erasure::Erasure,
    evaluation::Evaluation,
    event_log::{Committed, EventPosition, Expected, Progress, TokenError},
    execute::Commands,
    projects::Projects,
    services::Services,
    uploads::Uploads,
};
use domain::AggregateType;
use ports::{SharedCaptcha, SharedMediaStore};
use projections::{Views, projectors};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::config::TextSettings;

/// The use cases and views that requests reach, and what tells how the process is doing.
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
    pub chats: Chats,
    pub evaluation: Evaluation,
    pub media: SharedMediaStore,
    /// Without it captchas are not checked.
    pub captcha: Option<SharedCaptcha>,
    pub uploads: Uploads,
    pub erasure: Erasure,
    pub progress: Progress,
    pub clock: SharedClock,
    /// The process has been asked to end: no more jobs are taken, and endless streams end.
    pub ending: CancellationToken,
    /// Where everything is kept that is not in a database of somebody else.
    pub data_dir: PathBuf,
    /// The parts that the whole system has, in whichever process: one that gives no sign of life is missed.
    pub expected: Expected,
}

impl AppState {
    /// Waits until what was written can be read back from the views. Says whether it can.
    pub async fn wait_for_views(&self, committed: &Committed, patience: Duration) -> bool {
        match self.progress.wait_for(&self.pool, &views(), &committed.positions, patience).await {
            Ok(reached) => reached,
            Err(error) => {
                tracing::warn!(%error, "it is not known how far the views are");
                false
            }
        }
    }

    /// Waits until the views have reached what a consistency token names, but not longer than `patience`. Gives what is
    /// missing then.
    ///
    /// # Errors
    /// [`TokenError`] if the token does not fit this log.
    pub async fn wait_for_token(&self, token: &str, patience: Duration) -> Result<Vec<EventPosition>, TokenError> {
        self.commands.log().wait_for_token(token, &self.progress, &views(), patience).await
    }
}

/// The views by name, with the aggregate types that they show.
fn views() -> Vec<(&'static str, &'static [AggregateType])> {
    projectors().iter().map(|projector| (projector.name(), projector.aggregate_types())).collect()
}
