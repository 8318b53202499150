//! Chats: beginning, changing, rating and deleting them. Questions are asked by [`answering`](crate::answering).

use domain::{
    chat::{Chat, ChatCommand, ChatError},
    ids::{ApiKeyId, ChatId, FeedbackId, MessageId, ProjectId, ServiceId, UserId},
    project::Project,
    values::{Model, Title},
};
use secrecy::SecretString;

use crate::{
    Resources,
    answering::{Answering, AskError},
    clock::SharedClock,
    event_log::{Committed, Row, StoreError},
    execute::{Commands, Context, ExecuteError},
    holds::{Held, delete_own_unless_held},
};

/// What a chat is called whose first recording could not be transcribed.
const FAILED_TITLE: &str = "Transcription Error";

/// A chat that a person begins in a project.
pub struct NewChat {
    pub project: ProjectId,
    pub owner: UserId,
    pub title: Title,
    /// The provider's key that the client sent.
    pub provider_key: Option<SecretString>,
    /// Whether the owner may use the server's own key.
    pub allow_key: bool,
}

/// A chat that an API key begins.
pub struct NewKeyChat {
    pub service: ServiceId,
    pub key: ApiKeyId,
    pub title: Title,
    pub prompt: Option<String>,
    pub model: Option<Model>,
}

/// What is changed of a chat of an API key. `None` leaves a thing as it is.
pub struct KeyChatChanges {
    pub title: Option<Title>,
    pub prompt: Option<Option<String>>,
    pub model: Option<Option<Model>>,
}

/// A message as somebody finds it.
pub struct Rating {
    pub message: MessageId,
    pub liked: bool,
    pub note: Option<String>,
}

/// A chat that was begun; of a request that repeats an earlier one, that one's.
pub struct Started {
    pub id: ChatId,
    pub committed: Committed,
}

/// Why a chat was not begun or deleted.
#[derive(Debug, thiserror::Error)]
pub enum ChatsError {
    #[error("there is no such project")]
    ProjectNotFound,
    #[error("the project is archived")]
    ProjectArchived,
    #[error("an answer could not be paid for")]
    Key(#[from] AskError),
    #[error(transparent)]
    Held(#[from] Held),
    #[error(transparent)]
    Execute(#[from] ExecuteError<ChatError>),
}

impl From<StoreError> for ChatsError {
    fn from(error: StoreError) -> Self {
        Self::Execute(error.into())
    }
}

impl From<ChatError> for ChatsError {
    fn from(refusal: ChatError) -> Self {
        Self::Execute(ExecuteError::Refused(refusal))
    }
}

impl From<ExecuteError<Self>> for ChatsError {
    fn from(error: ExecuteError<Self>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal,
            ExecuteError::Store(error) => Self::Execute(error.into()),
            ExecuteError::Append(error) => Self::Execute(error.into()),
        }
    }
}

/// The use cases of chats.
#[derive(Clone)]
pub struct Chats {
    commands: Commands,
    clock: SharedClock,
    answering: Answering,
}

impl Chats {
    pub fn new(resources: &Resources, answering: Answering) -> Self {
        let Resources { commands, clock, .. } = resources.clone();
        Self { commands, clock, answering }
    }

    /// Begins a chat in a project, if its questions could be answered: by the project's assistant, the built-in answerer, or a
    /// provider for whom there is a key. The project is not archived at that moment.
    ///
    /// # Errors
    /// [`ChatsError`]; there is no chat then.
    pub async fn start(&self, new: NewChat, context: &Context) -> Result<Started, ChatsError> {
        let log = self.commands.log();
        let project = log.load::<Project>(new.project.value()).await?.aggregate;
        check(&project)?;
        // An assistant answers with the server's own means.
        if project.settings().is_some_and(|settings| settings.assistant_id.is_none()) {
            self.answering.choose_key(Some((new.project, &project)), new.provider_key, new.allow_key).await?;
        }
        let id = ChatId::new(self.clock.new_id());
        let start = ChatCommand::Start { project_id: new.project, owner: new.owner, title: new.title };
        let rows = vec![Row::Own { user: new.owner, thing: id.value() }];
        let relied_on = (new.project.value(), check);
        let committed =
            self.commands.execute_relying_on::<Chat, _, _>((id.value(), start), rows, relied_on, context).await?;
        Ok(Started::of(id, committed))
    }

    /// Begins a chat of an API key, in no project.
    ///
    /// # Errors
    /// The log's.
    pub async fn start_with_key(&self, new: NewKeyChat, context: &Context) -> Result<Started, ExecuteError<ChatError>> {
        let id = ChatId::new(self.clock.new_id());
        let NewKeyChat { service, key, title, prompt, model } = new;
        let start = ChatCommand::StartWithKey { service_id: service, key_id: key, title, prompt, model };
        let committed = self.commands.execute::<Chat>(id.value(), start, context).await?;
        Ok(Started::of(id, committed))
    }

    /// Gives a chat another title.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], or the log's.
    pub async fn retitle(
        &self,
        id: ChatId,
        title: Title,
        context: &Context,
    ) -> Result<Committed, ExecuteError<ChatError>> {
        self.commands.execute::<Chat>(id.value(), ChatCommand::Retitle(title), context).await
    }

    /// Changes a chat of an API key.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::BelongsToProject`], or the log's.
    pub async fn change(
        &self,
        id: ChatId,
        changes: KeyChatChanges,
        context: &Context,
    ) -> Result<Committed, ExecuteError<ChatError>> {
        let mut commands = Vec::new();
        commands.extend(changes.title.map(ChatCommand::Retitle));
        commands.extend(changes.prompt.map(ChatCommand::ChangePrompt));
        commands.extend(changes.model.map(ChatCommand::ChangeModel));
        self.commands.execute_all::<Chat>(id.value(), commands, vec![], context).await
    }

    /// Deletes a chat.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatsError::Held`] if a legal hold is on its owner, or the log's.
    pub async fn delete(&self, id: ChatId, context: &Context) -> Result<Committed, ChatsError> {
        let deletion = (id.value(), ChatCommand::Delete);
        Ok(delete_own_unless_held::<Chat, ChatsError>(&self.commands, deletion, context).await?)
    }

    /// Rates a message. A request that repeats an earlier one is told the chat.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::NoSuchMessage`], or the log's.
    pub async fn rate(
        &self,
        id: ChatId,
        rating: Rating,
        context: &Context,
    ) -> Result<(FeedbackId, Committed), ExecuteError<ChatError>> {
        let feedback_id = FeedbackId::new(self.clock.new_id());
        let Rating { message: message_id, liked, note: message } = rating;
        let command = ChatCommand::GiveFeedback { feedback_id, message_id, liked, message };
        Ok((feedback_id, self.commands.execute::<Chat>(id.value(), command, context).await?))
    }

    /// Shows in a chat that a recording for it could not be transcribed.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], or the log's.
    pub async fn record_transcription_failure(
        &self,
        id: ChatId,
        notice: String,
        context: &Context,
    ) -> Result<Committed, ExecuteError<ChatError>> {
        let message_id = MessageId::new(self.clock.new_id());
        let title = Title::parse(FAILED_TITLE).ok();
        let command = ChatCommand::RecordTranscriptionFailure { message_id, notice, title };
        self.commands.execute::<Chat>(id.value(), command, context).await
    }
}

impl Started {
    fn of(id: ChatId, committed: Committed) -> Self {
        Self { id: committed.repeats.map_or(id, ChatId::new), committed }
    }
}

/// Whether chats can be begun in the project.
fn check(project: &Project) -> Result<(), ChatsError> {
    match project {
        Project::Absent | Project::Deleted { .. } => Err(ChatsError::ProjectNotFound),
        Project::Existing { is_archived: true, .. } => Err(ChatsError::ProjectArchived),
        Project::Existing { .. } => Ok(()),
    }
}
