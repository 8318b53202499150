//! Projects: making and changing them, with the one rule that spans them: at most one is the default.

use async_trait::async_trait;
use domain::{
    ids::ProjectId,
    project::{Assistant, Project, ProjectChanges, ProjectCommand, ProjectError, RetrievalSettings, Settings},
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    Resources,
    event_log::KeyRing,
    event_log::{AppendError, Committed, KeyError, Reservation, Row, StoreError, TransactionalWrite},
    execute::{Commands, Context, ExecuteError, UnitOfWork},
};

/// How often a change is decided anew because another one was faster. Of several that race to be the default one wins
/// each round, so this is how many may race.
const ATTEMPTS: u32 = 50;
/// The one value of the set of default projects.
const THE_DEFAULT: &[u8] = b"default";

#[derive(Debug, thiserror::Error)]
pub enum ProjectsError {
    #[error(transparent)]
    Execute(#[from] ExecuteError<ProjectError>),
    #[error("the projects cannot be read")]
    Database(#[from] sqlx::Error),
    #[error("the provider key cannot be read")]
    Key(#[from] KeyError),
}

impl From<AppendError> for ProjectsError {
    fn from(error: AppendError) -> Self {
        Self::Execute(error.into())
    }
}

impl From<StoreError> for ProjectsError {
    fn from(error: StoreError) -> Self {
        Self::Execute(error.into())
    }
}

/// A change of a project. `None` leaves a thing as it is.
#[derive(Clone, Default)]
pub struct ProjectUpdate {
    pub changes: ProjectChanges,
    pub is_default: Option<bool>,
    pub is_archived: Option<bool>,
    /// A provider's key of its own, or its removal.
    pub provider_key: Option<Option<SecretString>>,
}

/// The key of a project's model provider, sealed; `None` removes it.
struct ProviderKeyRow {
    project: ProjectId,
    sealed_key: Option<Vec<u8>>,
}

#[async_trait]
impl TransactionalWrite for ProviderKeyRow {
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        match &self.sealed_key {
            Some(sealed_key) => sqlx::query!(
                "INSERT INTO provider_keys (project_id, sealed_key) VALUES ($1, $2)
                 ON CONFLICT (project_id) DO UPDATE SET sealed_key = excluded.sealed_key",
                self.project.value(),
                sealed_key,
            ),
            None => sqlx::query!("DELETE FROM provider_keys WHERE project_id = $1", self.project.value()),
        }
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// The use cases of projects.
#[derive(Clone)]
pub struct Projects {
    commands: Commands,
    pool: PgPool,
    keys: KeyRing,
}

impl Projects {
    pub fn new(resources: &Resources) -> Self {
        let Resources { commands, pool, keys, .. } = resources.clone();
        Self { commands, pool, keys }
    }

    /// Makes a project, with what it is made with in the same transaction.
    ///
    /// # Errors
    /// The log's.
    pub async fn create(
        &self,
        id: ProjectId,
        settings: Settings,
        update: ProjectUpdate,
        context: &Context,
    ) -> Result<Committed, ProjectsError> {
        let creator = context.actor_user();
        let create = Some(ProjectCommand::Create { creator, settings });
        // In a box: whoever awaits this would hold all of it.
        Box::pin(self.change(id, create, update, context)).await
    }

    /// Changes a project.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`], or the log's.
    pub async fn update(
        &self,
        id: ProjectId,
        update: ProjectUpdate,
        context: &Context,
    ) -> Result<Committed, ProjectsError> {
        self.change(id, None, update, context).await
    }

    /// Deletes a project. Its chats stay.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`], or the log's.
    pub async fn delete(&self, id: ProjectId, context: &Context) -> Result<Committed, ProjectsError> {
        let rows = vec![
            Row::Release { set: Reservation::DefaultProject, owner: id.value() },
            ProviderKeyRow { project: id, sealed_key: None }.into(),
        ];
        Ok(self.commands.execute_with::<Project>(id.value(), ProjectCommand::Delete, rows, context).await?)
    }

    /// Gives a project a new assistant.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`] or [`ProjectError::HasAssistant`], or the log's.
    pub async fn create_assistant(
        &self,
        id: ProjectId,
        assistant: Assistant,
        context: &Context,
    ) -> Result<Committed, ProjectsError> {
        Ok(self.commands.execute::<Project>(id.value(), ProjectCommand::CreateAssistant(assistant), context).await?)
    }

    /// The project as it is now.
    ///
    /// # Errors
    /// The log's.
    pub async fn load(&self, id: ProjectId) -> Result<Project, StoreError> {
        Ok(self.commands.log().load::<Project>(id.value()).await?.aggregate)
    }

    /// Has passages chosen in another way from now on.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`], or the log's.
    pub async fn change_retrieval(
        &self,
        id: ProjectId,
        settings: RetrievalSettings,
        context: &Context,
    ) -> Result<Committed, ExecuteError<ProjectError>> {
        self.commands.execute::<Project>(id.value(), ProjectCommand::ChangeRetrieval(settings), context).await
    }

    /// The project's own provider key, if it has one.
    ///
    /// # Errors
    /// The database's, or [`KeyError`].
    pub async fn provider_key(&self, id: ProjectId) -> Result<Option<SecretString>, ProjectsError> {
        let sealed = sqlx::query_scalar!("SELECT sealed_key FROM provider_keys WHERE project_id = $1", id.value())
            .fetch_optional(&self.pool)
            .await?;
        let key = sealed.map(|sealed| self.keys.open_secret(&sealed, id.value())).transpose()?;
        Ok(key.map(SecretString::from))
    }

    async fn change(
        &self,
        id: ProjectId,
        create: Option<ProjectCommand>,
        update: ProjectUpdate,
        context: &Context,
    ) -> Result<Committed, ProjectsError> {
        let mut attempt = 1;
        loop {
            let mut unit = self.commands.unit(context);
            self.stage(&mut unit, id, create.clone(), update.clone()).await?;
            match unit.commit(id.value()).await {
                // Somebody else made another project the default, or changed this one.
                Err(AppendError::VersionConflict | AppendError::Taken(_)) if attempt < ATTEMPTS => attempt += 1,
                result => return Ok(result?),
            }
        }
    }

    async fn stage(
        &self,
        unit: &mut UnitOfWork<'_>,
        id: ProjectId,
        create: Option<ProjectCommand>,
        update: ProjectUpdate,
    ) -> Result<(), ProjectsError> {
        let mut steps: Vec<ProjectCommand> = create.into_iter().collect();
        if let Some(ProjectCommand::Create { creator: Some(user), .. }) = steps.first() {
            unit.rows.push(Row::Own { user: *user, thing: id.value() });
        }
        steps.push(ProjectCommand::Change(Box::new(update.changes)));
        steps.extend(update.is_archived.map(ProjectCommand::SetArchived));
        steps.extend(update.is_default.map(ProjectCommand::SetDefault));
        if let Some(key) = update.provider_key {
            steps.push(ProjectCommand::RecordProviderKey { is_set: key.is_some() });
            let sealed_key = key.map(|key| self.keys.seal_secret(key.expose_secret(), id.value()));
            unit.rows.push(ProviderKeyRow { project: id, sealed_key }.into());
        }
        unit.stage_all::<Project>(id.value(), steps).await?;
        match update.is_default {
            None => {}
            Some(false) => unit.rows.push(Row::Release { set: Reservation::DefaultProject, owner: id.value() }),
            Some(true) => {
                if let Some(other) = self.default_project().await?.filter(|other| *other != id.value()) {
                    unit.stage::<Project>(other, ProjectCommand::SetDefault(false)).await?;
                    unit.rows.push(Row::Release { set: Reservation::DefaultProject, owner: other });
                }
                unit.rows.push(Row::Claim {
                    set: Reservation::DefaultProject,
                    value: THE_DEFAULT.to_vec(),
                    owner: id.value(),
                });
            }
        }
        Ok(())
    }

    async fn default_project(&self) -> Result<Option<Uuid>, sqlx::Error> {
        sqlx::query_scalar!(
            "SELECT owner FROM reservations WHERE kind = $1 AND value = $2",
            <&str>::from(Reservation::DefaultProject),
            THE_DEFAULT,
        )
        .fetch_optional(&self.pool)
        .await
    }
}
