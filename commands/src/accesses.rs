//! Accesses to what is another person's: each is on record before anything is shown.

use domain::access::{Access, AccessCommand, AccessError, AccessRecord};
use futures::future::try_join_all;

use crate::{
    Resources,
    clock::SharedClock,
    event_log::Committed,
    execute::{Commands, Context, ExecuteError},
};

/// The things that one record names at most, which keeps it far below the size that a broker takes.
const MAX_OBJECTS: usize = 1_000;

/// Records who read what of whom.
#[derive(Clone)]
pub struct Accesses {
    commands: Commands,
    clock: SharedClock,
}

impl Accesses {
    pub fn new(resources: &Resources) -> Self {
        let Resources { commands, clock, .. } = resources.clone();
        Self { commands, clock }
    }

    /// Records that something is shown, and returns what was written. Long lists of things become several records.
    ///
    /// # Errors
    /// [`ExecuteError`] if the log cannot be written: nothing is to be shown then.
    pub async fn grant(
        &self,
        accesses: Vec<Access>,
        context: &Context,
    ) -> Result<Vec<Committed>, ExecuteError<AccessError>> {
        let parts = accesses.into_iter().flat_map(parts).map(AccessCommand::RecordGranted);
        // Together, so that they are appended at once.
        try_join_all(parts.map(|part| self.record(part, context))).await
    }

    /// Records that something is not shown.
    ///
    /// # Errors
    /// [`ExecuteError`] if the log cannot be written.
    pub async fn refuse(&self, access: Access, context: &Context) -> Result<(), ExecuteError<AccessError>> {
        let parts = parts(access).into_iter().map(AccessCommand::RecordRefused);
        try_join_all(parts.map(|part| self.record(part, context))).await.map(drop)
    }

    async fn record(&self, command: AccessCommand, context: &Context) -> Result<Committed, ExecuteError<AccessError>> {
        self.commands.execute::<AccessRecord>(self.clock.new_id(), command, context).await
    }
}

/// Splits an access to many things.
fn parts(access: Access) -> Vec<Access> {
    if access.objects.len() <= MAX_OBJECTS {
        return vec![access];
    }
    let chunks = access.objects.chunks(MAX_OBJECTS);
    chunks.map(|objects| Access { objects: objects.to_vec(), ..access.clone() }).collect()
}
