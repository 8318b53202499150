//! Writes rows of suites, questions and attachments from a suite's events.

use async_trait::async_trait;
use domain::{
    AggregateType,
    envelope::RecordedEvent,
    event::Event,
    ids::{DocumentId, TestQuestionId},
    test_suite::{Attachment, TestSuiteEvent},
};
use sqlx::{PgTransaction, query};

use crate::{ProjectionError, Projector};

pub(crate) struct TestSuitesProjector;

#[async_trait]
impl Projector for TestSuitesProjector {
    fn name(&self) -> &'static str {
        "test_suites"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::TestSuite]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["test_suites", "test_questions", "test_attachments"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::TestSuite(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        let at = recorded.metadata.recorded_at;
        let statement = match event {
            TestSuiteEvent::Created { creator: _, settings } => query!(
                "INSERT INTO test_suites (id, position, name, temperature, top_k, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (id) DO NOTHING",
                id,
                recorded.position,
                settings.name.as_str(),
                settings.retrieval.temperature,
                settings.retrieval.top_k,
                at
            ),
            TestSuiteEvent::Renamed { name } => {
                query!("UPDATE test_suites SET name = $3, modified_at = $2 WHERE id = $1", id, at, name.as_str())
            }
            TestSuiteEvent::RetrievalChanged(retrieval) => query!(
                "UPDATE test_suites SET temperature = $3, top_k = $4, modified_at = $2 WHERE id = $1",
                id,
                at,
                retrieval.temperature,
                retrieval.top_k
            ),
            TestSuiteEvent::Deleted {} => {
                query!("UPDATE test_suites SET is_deleted = true, modified_at = $2 WHERE id = $1", id, at)
            }
            TestSuiteEvent::QuestionAdded { question_id, question } => query!(
                "INSERT INTO test_questions
                     (id, position, suite_id, question, human_answer, language, created_at, modified_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO NOTHING",
                question_id.value(),
                recorded.position,
                id,
                question.question,
                question.human_answer,
                question.language,
                at
            ),
            TestSuiteEvent::QuestionChanged { question_id, question } => query!(
                "UPDATE test_questions SET question = $3, human_answer = $4, language = $5, modified_at = $2
                 WHERE id = $1",
                question_id.value(),
                at,
                question.question,
                question.human_answer,
                question.language
            ),
            TestSuiteEvent::QuestionDeleted { question_id } => query!(
                "UPDATE test_questions SET is_deleted = true, modified_at = $2 WHERE id = $1",
                question_id.value(),
                at
            ),
            TestSuiteEvent::DocumentAttached { question_id, document_id, attachment } => {
                return insert_attachment(recorded, *question_id, *document_id, attachment, tx).await;
            }
            TestSuiteEvent::DocumentRemoved { question_id: _, document_id } => {
                query!("UPDATE test_attachments SET is_deleted = true WHERE id = $1", document_id.value())
            }
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }
}

async fn insert_attachment(
    recorded: &RecordedEvent,
    question: TestQuestionId,
    id: DocumentId,
    attachment: &Attachment,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    let Attachment { title, description, source } = attachment;
    query!(
        "INSERT INTO test_attachments
             (id, position, suite_id, question_id, title, description, document_type, file_name, text_content, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
        id.value(),
        recorded.position,
        recorded.aggregate_id,
        question.value(),
        title.as_str(),
        description.as_deref(),
        source.document_type.number(),
        source.file.as_ref().map(|file| file.name.as_str()),
        source.text_content.as_deref(),
        recorded.metadata.recorded_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
