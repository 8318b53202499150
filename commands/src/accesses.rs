//! Accesses to what is another person's: each is on record before anything is shown.

use domain::access::{Access, AccessCommand, AccessError, AccessRecord};

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

    /// Records that something is shown. Long lists of things become several records.
    ///
    /// # Errors
    /// [`ExecuteError`] if the log cannot be written: nothing is to be shown then.
    pub async fn grant(&self, access: Access, context: &Context) -> Result<(), ExecuteError<AccessError>> {
        self.grant_in_parts(access, context).await.map(drop)
    }

    /// Does the same as [`Self::grant`], and returns the last record, by which all of them can be waited for.
    ///
    /// # Errors
    /// That of [`Self::grant`].
    pub async fn grant_in_parts(
        &self,
        mut access: Access,
        context: &Context,
    ) -> Result<Committed, ExecuteError<AccessError>> {
        while access.objects.len() > MAX_OBJECTS {
            let rest = access.objects.split_off(MAX_OBJECTS);
            self.record(AccessCommand::RecordGranted(access.clone()), context).await?;
            access.objects = rest;
        }
        self.record(AccessCommand::RecordGranted(access), context).await
    }

    /// Records that something is not shown.
    ///
    /// # Errors
    /// [`ExecuteError`] if the log cannot be written.
    pub async fn refuse(&self, access: Access, context: &Context) -> Result<(), ExecuteError<AccessError>> {
        self.record(AccessCommand::RecordRefused(access), context).await.map(drop)
    }

    async fn record(&self, command: AccessCommand, context: &Context) -> Result<Committed, ExecuteError<AccessError>> {
        self.commands.execute::<AccessRecord>(self.clock.new_id(), command, context).await
    }
}
