//! Legal holds, where something of a person is deleted: what a hold is on stays until the hold is lifted.
//!
//! The case of the subject is unchanged when the deletion is written, so that a hold at the same moment either comes
//! before it and stops it, or comes too late.

use domain::{
    aggregate::StoredAggregate,
    erasure::{CaseError, ErasureCase},
    ids::SubjectId,
};
use uuid::Uuid;

use crate::{
    event_log::{Committed, Row},
    execute::{Commands, Context, ExecuteError},
};

/// A legal hold is on whose it is. It names neither the hold nor its reason, which are not for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a legal hold is on it, so that it must not be deleted before the hold is lifted")]
pub struct Held;

impl From<CaseError> for Held {
    fn from(_: CaseError) -> Self {
        Self
    }
}

/// Deletes something of a subject, unless a hold is on the subject.
///
/// # Errors
/// [`ExecuteError::Refused`] with [`Held`], or with the refusal of the aggregate; otherwise the log's.
pub(crate) async fn delete_unless_held<A, E>(
    commands: &Commands,
    subject: SubjectId,
    (id, command): (Uuid, A::Command),
    rows: Vec<Row>,
    context: &Context,
) -> Result<Committed, ExecuteError<E>>
where
    A: StoredAggregate<Services = ()>,
    A::Command: Clone + Send + Sync,
    E: From<A::Error> + From<Held>,
{
    let check = |case: &ErasureCase| case.check_holds().map_err(|refusal| Held::from(refusal).into());
    commands.execute_relying_on::<A, _, _>((id, command), rows, (subject.value(), check), context).await
}

/// As [`delete_unless_held`], for what names its subject itself.
///
/// # Errors
/// Those of [`delete_unless_held`], or [`ExecuteError::Store`] if the thing cannot be read.
pub(crate) async fn delete_own_unless_held<A, E>(
    commands: &Commands,
    (id, command): (Uuid, A::Command),
    context: &Context,
) -> Result<Committed, ExecuteError<E>>
where
    A: StoredAggregate<Services = ()>,
    A::Command: Clone + Send + Sync,
    E: From<A::Error> + From<Held>,
{
    let known = commands.log().load::<A>(id).await?;
    let subject = known.aggregate.subject(id).unwrap_or_else(|| SubjectId::new(id));
    delete_unless_held::<A, E>(commands, subject, (id, command), vec![], context).await
}
