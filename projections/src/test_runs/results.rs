//! Results of runs, each with its question, its sources and the reviewers' feedback.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use domain::ids::{ResultId, RunId};
use serde::Serialize;
use sqlx::{query_as, query_scalar};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    QueryError, Views,
    documents::{self, DocumentView},
    run_feedback::{self, RunFeedbackView},
    test_suites::{self, QuestionView},
    timestamps,
};

/// A result in the contract's shape.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ResultView {
    #[schema(minimum = 1)]
    pub id: i64,
    pub feedback: Vec<RunFeedbackView>,
    pub references: Vec<DocumentView>,
    pub test_question: Option<QuestionView>,
    pub external_id: Uuid,
    #[serde(with = "timestamps")]
    pub created_at: DateTime<Utc>,
    #[serde(with = "timestamps")]
    pub modified_at: DateTime<Utc>,
    pub deleted: bool,
    pub question: String,
    pub human_answer: String,
    pub answer: String,
    /// The cosine similarity of answer and reference answer, or 0 if there is nothing to compare.
    pub cosine_sim: f64,
    /// The BLEU score of answer against reference answer, or 0 if there is nothing to compare.
    pub bleu_score: f64,
    #[schema(minimum = 1, maximum = 8)]
    pub model: i16,
    #[schema(minimum = 1)]
    pub test_run: i64,
}

struct ResultRow {
    id: Uuid,
    position: i64,
    run_id: Uuid,
    run_position: i64,
    question_id: Uuid,
    model: i16,
    question: String,
    human_answer: String,
    answer: String,
    document_ids: Vec<Uuid>,
    cosine_sim: f64,
    bleu_score: f64,
    created_at: DateTime<Utc>,
}

/// The run that a result belongs to, unless it is deleted.
pub async fn run_of_result(db: &Views, result: ResultId) -> Result<Option<RunId>, QueryError> {
    let run = query_scalar!(
        "SELECT run_id FROM views.test_results JOIN views.test_runs ON test_runs.id = run_id
         WHERE test_results.id = $1 AND NOT is_deleted",
        result.value()
    )
    .fetch_optional(db)
    .await?;
    Ok(run.map(RunId::new))
}

/// The results of these runs, oldest first, by run.
pub(super) async fn of_runs(
    db: &Views,
    runs: &[Uuid],
    media_base: &str,
) -> Result<HashMap<Uuid, Vec<ResultView>>, QueryError> {
    let rows = query_as!(
        ResultRow,
        r#"SELECT test_results.id, test_results.position, run_id, test_runs.position AS run_position, question_id, model,
                  question, human_answer, answer, document_ids, coalesce(cosine_sim, 0) AS "cosine_sim!",
                  coalesce(bleu_score, 0) AS "bleu_score!", test_results.created_at
           FROM views.test_results JOIN views.test_runs ON test_runs.id = run_id
           WHERE run_id = ANY($1)
           ORDER BY test_results.position"#,
        runs
    )
    .fetch_all(db)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut feedback = run_feedback::on_results(db, &ids).await?;
    let questions: Vec<Uuid> = distinct(rows.iter().map(|row| row.question_id));
    let questions: HashMap<Uuid, QuestionView> = test_suites::question_rows(db, &questions, media_base)
        .await?
        .into_iter()
        .map(|question| (question.external_id, question))
        .collect();
    let sources: Vec<Uuid> = distinct(rows.iter().flat_map(|row| row.document_ids.iter().copied()));
    let sources: HashMap<Uuid, DocumentView> = documents::find_many(db, &sources, media_base)
        .await?
        .into_iter()
        .map(|document| (document.external_id, document))
        .collect();
    let mut by_run: HashMap<Uuid, Vec<ResultView>> = HashMap::new();
    for row in rows {
        let view = ResultView {
            id: row.position,
            feedback: feedback.remove(&row.id).unwrap_or_default(),
            references: row.document_ids.iter().filter_map(|id| sources.get(id).cloned()).collect(),
            test_question: questions.get(&row.question_id).cloned(),
            external_id: row.id,
            created_at: row.created_at,
            modified_at: row.created_at,
            deleted: false,
            question: row.question,
            human_answer: row.human_answer,
            answer: row.answer,
            cosine_sim: row.cosine_sim,
            bleu_score: row.bleu_score,
            model: row.model,
            test_run: row.run_position,
        };
        by_run.entry(row.run_id).or_default().push(view);
    }
    Ok(by_run)
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    ids.collect::<BTreeSet<_>>().into_iter().collect()
}
