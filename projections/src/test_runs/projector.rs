//! Writes rows of runs and results from a run's events.

use async_trait::async_trait;
use domain::{
    AggregateType,
    chat::AnswerFailure,
    envelope::RecordedEvent,
    event::Event,
    test_run::{ResultFailure, RunPlan, RunResult, TestRunEvent},
    values::{Model, RunStatus},
};
use sqlx::{PgTransaction, query};
use uuid::Uuid;

use crate::{ProjectionError, Projector};

const NOT_TRANSLATED: &str = "[Translation] There is no answer: no translator is configured, or it failed.";

pub(crate) struct TestRunsProjector;

#[async_trait]
impl Projector for TestRunsProjector {
    fn name(&self) -> &'static str {
        "test_runs"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::TestRun]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["test_runs", "test_results"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::TestRun(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        let at = recorded.metadata.recorded_at;
        let status = match event {
            TestRunEvent::Started { creator: _, plan } => return insert_run(recorded, plan, tx).await,
            TestRunEvent::ResultRecorded(result) => return insert_result(recorded, result, tx).await,
            TestRunEvent::ModelsChanged { models } => {
                query!("UPDATE test_runs SET models = $3, modified_at = $2 WHERE id = $1", id, at, &numbers(models))
                    .execute(&mut **tx)
                    .await?;
                return Ok(());
            }
            TestRunEvent::ReferencesChanged { references } => {
                query!("UPDATE test_runs SET with_references = $3, modified_at = $2 WHERE id = $1", id, at, references)
                    .execute(&mut **tx)
                    .await?;
                return Ok(());
            }
            TestRunEvent::Deleted {} => {
                query!("UPDATE test_runs SET is_deleted = true, modified_at = $2 WHERE id = $1", id, at)
                    .execute(&mut **tx)
                    .await?;
                return Ok(());
            }
            TestRunEvent::Completed {} => RunStatus::Completed,
            TestRunEvent::Canceled {} => RunStatus::Canceled,
            TestRunEvent::Failed { reason: _ } => RunStatus::Failed,
            TestRunEvent::Resumed {} => RunStatus::Running,
        };
        query!("UPDATE test_runs SET status = $3, modified_at = $2 WHERE id = $1", id, at, status.number())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

fn numbers(models: &[Model]) -> Vec<i16> {
    models.iter().map(|model| model.number()).collect()
}

async fn insert_run(
    recorded: &RecordedEvent,
    plan: &RunPlan,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    query!(
        "INSERT INTO test_runs
             (id, position, suite_id, project_id, status, models, with_references, created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (id) DO NOTHING",
        recorded.aggregate_id,
        recorded.position,
        plan.suite_id.value(),
        plan.project_id.value(),
        RunStatus::Running.number(),
        &numbers(&plan.models),
        plan.references,
        recorded.metadata.recorded_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The answer to show. If it failed only because of its language, a notice says so: it is no answer of the model to be
/// judged.
fn shown_answer(result: &RunResult) -> &str {
    match result.failure {
        Some(ResultFailure::NoTranslation | ResultFailure::Answer(AnswerFailure::TranslationFailed)) => NOT_TRANSLATED,
        Some(ResultFailure::Answer(_)) | None => &result.answer,
    }
}

async fn insert_result(
    recorded: &RecordedEvent,
    result: &RunResult,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    let document_ids: Vec<Uuid> = result.references.iter().map(|id| id.value()).collect();
    query!(
        "INSERT INTO test_results
             (id, position, run_id, question_id, model, question, human_answer, answer, document_ids, cosine_sim,
              bleu_score, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING",
        result.result_id.value(),
        recorded.position,
        recorded.aggregate_id,
        result.question_id.value(),
        result.model.number(),
        result.question.question,
        result.question.human_answer,
        shown_answer(result),
        &document_ids,
        result.cosine_sim,
        result.bleu_score,
        recorded.metadata.recorded_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
