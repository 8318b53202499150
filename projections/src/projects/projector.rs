//! Writes rows of projects from their events.

use async_trait::async_trait;
use domain::{
    AggregateType,
    envelope::RecordedEvent,
    event::Event,
    project::{ProjectEvent, Settings},
};
use sqlx::{PgTransaction, query};

use crate::{ProjectionError, Projector, assistants};

pub(crate) struct ProjectsProjector;

#[async_trait]
impl Projector for ProjectsProjector {
    fn name(&self) -> &'static str {
        "projects"
    }

    fn aggregate_types(&self) -> &'static [AggregateType] {
        &[AggregateType::Project]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["projects", "assistants"]
    }

    async fn project(&self, recorded: &RecordedEvent, tx: &mut PgTransaction<'_>) -> Result<(), ProjectionError> {
        let Event::Project(event) = &recorded.event else { return Ok(()) };
        let id = recorded.aggregate_id;
        let at = recorded.metadata.recorded_at;
        let statement = match event {
            ProjectEvent::Created { creator: _, settings } => {
                return insert(recorded, settings, tx).await;
            }
            ProjectEvent::TitleChanged { title } => {
                query!("UPDATE projects SET title = $3, modified_at = $2 WHERE id = $1", id, at, title.as_str())
            }
            ProjectEvent::DescriptionChanged { description } => query!(
                "UPDATE projects SET description = $3, modified_at = $2 WHERE id = $1",
                id,
                at,
                description.as_deref()
            ),
            ProjectEvent::PromptChanged { prompt } => {
                query!("UPDATE projects SET prompt = $3, modified_at = $2 WHERE id = $1", id, at, prompt)
            }
            ProjectEvent::ModelChanged { model } => {
                query!("UPDATE projects SET model = $3, modified_at = $2 WHERE id = $1", id, at, model.number())
            }
            ProjectEvent::SpeechEnginesChanged { stt_engine, tts_engine } => query!(
                "UPDATE projects SET stt_engine = $3, tts_engine = $4, modified_at = $2 WHERE id = $1",
                id,
                at,
                stt_engine.number(),
                tts_engine.number()
            ),
            ProjectEvent::PresetQuestionsChanged { preset_questions } => query!(
                "UPDATE projects SET preset_questions = $3, modified_at = $2 WHERE id = $1",
                id,
                at,
                preset_questions.as_deref()
            ),
            ProjectEvent::AssistantChanged { assistant_id } => query!(
                "UPDATE projects SET assistant_id = $3, modified_at = $2 WHERE id = $1",
                id,
                at,
                assistant_id.as_deref()
            ),
            ProjectEvent::AssistantDefined(assistant) => return assistants::upsert(recorded, assistant, tx).await,
            // No view has these settings; routes read them from the project itself.
            ProjectEvent::RetrievalChanged(_) => return Ok(()),
            ProjectEvent::ProviderKeyChanged { is_set } => {
                query!("UPDATE projects SET key_set = $3, modified_at = $2 WHERE id = $1", id, at, is_set)
            }
            ProjectEvent::MadeDefault {} => {
                query!("UPDATE projects SET is_default = true, modified_at = $2 WHERE id = $1", id, at)
            }
            ProjectEvent::NoLongerDefault {} => {
                query!("UPDATE projects SET is_default = false, modified_at = $2 WHERE id = $1", id, at)
            }
            ProjectEvent::Archived {} => {
                query!("UPDATE projects SET is_archived = true, modified_at = $2 WHERE id = $1", id, at)
            }
            ProjectEvent::Unarchived {} => {
                query!("UPDATE projects SET is_archived = false, modified_at = $2 WHERE id = $1", id, at)
            }
            ProjectEvent::Deleted {} => {
                query!("UPDATE projects SET is_deleted = true, modified_at = $2 WHERE id = $1", id, at)
            }
        };
        statement.execute(&mut **tx).await?;
        Ok(())
    }
}

async fn insert(
    recorded: &RecordedEvent,
    settings: &Settings,
    tx: &mut PgTransaction<'_>,
) -> Result<(), ProjectionError> {
    query!(
        "INSERT INTO projects
             (id, position, title, description, prompt, model, stt_engine, tts_engine, preset_questions, assistant_id, created_at, modified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT (id) DO NOTHING",
        recorded.aggregate_id,
        recorded.position,
        settings.title.as_str(),
        settings.description.as_deref(),
        settings.prompt,
        settings.model.number(),
        settings.stt_engine.number(),
        settings.tts_engine.number(),
        settings.preset_questions.as_deref(),
        settings.assistant_id.as_deref(),
        recorded.metadata.recorded_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
