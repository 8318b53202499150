//! The job that completes an erasure: a receipt of every store, and then the certificate. A store that is not reached is
//! recorded with the reason, and tried again until it is.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    AggregateType,
    erasure::{CaseError, ErasureCase, ErasureCommand, ErasureRequest, Stage, Store, StoreFault, StoreState},
    ids::SubjectId,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use super::{
    Ledger,
    certificate::{Facts, SignCertificate, draft},
    stores::{Stores, ViewsOfSubjects, stores_of},
};
use crate::{
    clock::SharedClock,
    event_log::{JobPayload, Progress},
    execute::{Commands, Context, ExecuteError},
    jobs::{Job, JobError, JobHandler},
    uploads::Uploads,
};

/// The pause before the views are looked at again, which are a moment behind.
const VIEWS_PAUSE: Duration = Duration::from_millis(200);
/// The attempts after which views that are behind are recorded as a fault.
const PATIENT_ATTEMPTS: i32 = 3;
/// The longest pause before a store is tried again.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The job; its subject is the erased one.
#[derive(Serialize, Deserialize)]
pub(super) struct CompleteErasure {}

impl JobPayload for CompleteErasure {
    const KIND: &'static str = "complete_erasure";
}

/// Completes erasures.
pub struct ErasureCompletion {
    pub pool: PgPool,
    pub commands: Commands,
    pub clock: SharedClock,
    pub ledger: Ledger,
    pub uploads: Uploads,
    pub views: Arc<dyn ViewsOfSubjects>,
    /// The names of all projections, with the types of aggregates that they want.
    pub projections: Vec<(&'static str, &'static [AggregateType])>,
    pub progress: Progress,
    pub signer: Arc<dyn SignCertificate>,
}

/// Stores that have given no receipt.
#[derive(Debug, thiserror::Error)]
#[error("the erasure has not reached: {0}")]
struct Unreached(String);

#[derive(Debug, thiserror::Error)]
#[error("the certificate cannot be signed: {0}")]
struct Unsigned(Box<dyn std::error::Error + Send + Sync>);

impl ErasureCompletion {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[CompleteErasure::KIND];

    async fn complete(&self, job: &Job) -> Result<(), JobError> {
        let subject = SubjectId::new(job.subject_id);
        let Some(request) = self.carried_out(subject).await? else { return Ok(()) };
        let hands = Stores {
            pool: &self.pool,
            clock: &self.clock,
            ledger: &self.ledger,
            uploads: &self.uploads,
            views: &*self.views,
            projections: &self.projections,
            progress: &self.progress,
        };
        let stores = stores_of(request.kind);
        let has_receipt = |store: &Store| matches!(request.stores.get(store), Some(StoreState::Erased { .. }));
        let mut unreached = Vec::new();
        for &store in stores.iter().filter(|store| !has_receipt(store)) {
            let request_id = request.id;
            match hands.erase(store, subject).await {
                Ok(count) => {
                    self.record(subject, ErasureCommand::RecordErased { request_id, store, count }, job).await?;
                }
                Err(fault) => {
                    unreached.push((store, fault));
                    // Views are always a moment behind, which is no fault before they had some time.
                    if fault != StoreFault::Behind || job.attempts > PATIENT_ATTEMPTS {
                        self.record(subject, ErasureCommand::RecordFailed { request_id, store, fault }, job).await?;
                    }
                }
            }
        }
        if !unreached.is_empty() {
            let are_behind = unreached.iter().all(|(_, fault)| *fault == StoreFault::Behind);
            let pause = if are_behind && job.attempts <= PATIENT_ATTEMPTS {
                VIEWS_PAUSE
            } else {
                Duration::from_secs(1 << job.attempts.clamp(0, 8)).min(LONGEST_PAUSE)
            };
            let names: Vec<&str> = unreached.into_iter().map(|(store, _)| store.into()).collect();
            return Err(JobError::for_a_while(Unreached(names.join(", ")), pause));
        }
        self.certify(subject, &request, job).await
    }

    async fn carried_out(&self, subject: SubjectId) -> Result<Option<ErasureRequest>, JobError> {
        let case = self.commands.log().load::<ErasureCase>(subject.value()).await.map_err(JobError::from_source)?;
        Ok(case.aggregate.request.filter(|request| request.stage == Stage::Incomplete))
    }

    async fn certify(&self, subject: SubjectId, request: &ErasureRequest, job: &Job) -> Result<(), JobError> {
        let ErasureRequest { id, kind, reason, rule, .. } = request;
        let facts = Facts { request: *id, subject, kind: *kind, reason: *reason, rule: *rule };
        let draft = draft(&self.pool, facts).await.map_err(JobError::from_source)?;
        let signed = self.signer.sign(draft.log_id, draft.text);
        let certificate = signed.map_err(|error| JobError::from_source(Unsigned(error)))?;
        let stores = stores_of(*kind).to_vec();
        self.record(subject, ErasureCommand::Complete { request_id: *id, stores, certificate }, job).await
    }

    async fn record(&self, subject: SubjectId, command: ErasureCommand, job: &Job) -> Result<(), JobError> {
        let context = Context::system("erasure", job.id);
        match self.commands.execute::<ErasureCase>(subject.value(), command, &context).await {
            // Another worker has completed it.
            Ok(_) | Err(ExecuteError::Refused(CaseError::NotCarriedOut)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }
}

#[async_trait]
impl JobHandler for ErasureCompletion {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        self.complete(job).await
    }

    /// Never gives up, because an erasure that reaches only some stores is none.
    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        tracing::error!(subject = %job.subject_id, "an erasure is incomplete: see `ayushma erasure list`");
        self.complete(job).await
    }
}
