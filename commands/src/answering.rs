//! From a question to its answer: transcribe and translate, retrieve, prompt, stream, record.
//!
//! The work on an answer belongs to the server, not to the connection: it continues when the client is gone. A job
//! represents it while it runs; if its process dies, another worker records the failure.

mod answer_settings;
mod compose;
mod forms;
mod interpreting;
mod interrupted;
mod keys;
mod languages;
mod recording;
mod repeated;
mod reranking;
mod speaking;
mod turn;

use std::{sync::Arc, time::Duration};

use domain::{
    chat::{AnswerFailure, Chat, ChatError, Question, Stage},
    ids::{ChatId, MessageId, ProjectId},
    personal::Personal,
    project::Project,
    values::{Model, SttEngine},
};
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    clock::SharedClock,
    counters::Bound,
    event_log::{Committed, KeyRing, StoreError},
    execute::{Commands, Context, ExecuteError},
    passage_store::PassageStore,
    projects::{Projects, ProjectsError},
    uploads::Uploads,
};
pub(crate) use answer_settings::AnswerSettings;
pub use compose::RetrievalFailed;
pub(crate) use compose::{Conversation, Draft, Failure, Written};
pub use forms::FormError;
pub use interrupted::InterruptedAnswers;
pub use keys::{KeyChoice, NoKey};
pub use languages::{Asked, Languages, TimedText};
pub(crate) use languages::{English, TranslationFailed};
use ports::{SharedLanguageModel, TranscriptionError};
use sqlx::PgPool;
pub(crate) use turn::earlier_turns;

const UNTRANSLATED: &str = "[Translation] Failed to translate the text";
/// The answer in a chat of a deleted project, which no model gives: nothing is left that an answer could be made from.
const PROJECT_DELETED: &str = "The project of this chat was deleted, with its documents, so that there is nothing to \
answer from. Please ask in a chat of another project.";
/// The text that the conversation shows when a streamed answer has failed.
const STREAM_NOTICE: &str = "[Streaming] Something went wrong in getting response, stream stopped";

/// The provider's names of the contract's model numbers.
pub type ModelNames = Arc<dyn Fn(Model) -> String + Send + Sync>;

/// A question to be answered.
pub struct Ask {
    /// The chat's project, if it belongs to one.
    pub project: Option<ProjectId>,
    pub chat: ChatId,
    pub question: Asked,
    /// The time of transcription, if the client requested that before.
    pub transcription: Option<Stage>,
    pub language: String,
    pub temperature: f64,
    pub top_k: u32,
    /// A number chosen by the client; a question with a number that was used before is refused.
    pub nonce: Option<String>,
    /// The provider's key that the client sent.
    pub provider_key: Option<SecretString>,
    /// Whether the user may use the server's own key.
    pub allow_key: bool,
    /// Whether a failure is shown in the conversation.
    pub shows_failure: bool,
    /// Whether the answer is to be spoken.
    pub speaks: bool,
}

/// The reason for which a question was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("there is no such chat")]
    ChatNotFound,
    #[error("the nonce was used before")]
    NonceUsed,
    #[error(transparent)]
    NoKey(#[from] NoKey),
    #[error("[Speech to Text] Failed to transcribe speech with {} engine: {source}", engine.name())]
    Transcription { engine: SttEngine, source: TranscriptionError },
    #[error("the spoken question has more than {max} characters")]
    TranscriptTooLong { transcript: String, max: usize },
    /// The translator failed; the cause is in the log. The question and the failure of its answer are recorded.
    #[error("{UNTRANSLATED}")]
    Translation,
    #[error(transparent)]
    Execute(#[from] ExecuteError<ChatError>),
    #[error(transparent)]
    Projects(#[from] ProjectsError),
}

impl From<StoreError> for AskError {
    fn from(error: StoreError) -> Self {
        Self::Execute(error.into())
    }
}

/// An event of the work on an answer.
#[derive(Debug)]
pub enum TurnEvent {
    /// More of the answer's text.
    Delta(String),
    /// The answer is complete and recorded; `audio` is the name of its speech in the media store.
    Completed { text: String, audio: Option<String>, committed: Committed },
    /// There is no answer; `message` may be shown to the client.
    Failed { message: String, committed: Option<Committed> },
}

/// An accepted question.
pub struct Turn {
    pub answer_id: MessageId,
    /// The question, as typed or as transcribed.
    pub question: String,
    /// Whether the project's assistant answers: in plain text, never by stream.
    pub by_assistant: bool,
    pub committed: Committed,
    /// Ends after [`TurnEvent::Completed`] or [`TurnEvent::Failed`]. `None` if the request repeats an earlier one.
    pub events: Option<mpsc::UnboundedReceiver<TurnEvent>>,
}

/// The use case of answering.
#[derive(Clone)]
pub struct Answering {
    pub commands: Commands,
    pub pool: PgPool,
    pub keys: KeyRing,
    pub clock: SharedClock,
    pub projects: Projects,
    pub model: SharedLanguageModel,
    pub passage_store: PassageStore,
    pub uploads: Uploads,
    pub languages: Languages,
    pub names: ModelNames,
    /// The provider's name of the model that fills in forms.
    pub form_model: String,
    /// The server's own provider key.
    pub server_key: Option<SecretString>,
    /// The answers that this process is making; shutdown waits for them.
    pub tracker: TaskTracker,
    /// Cancelled when the process ends and waits no longer: incomplete answers then fail, each with its partial text.
    pub interruption: CancellationToken,
    /// The id of this process as the holder of leases.
    pub process: Uuid,
    pub lengths: Lengths,
    /// How long the client waits for its last frame while the log cannot be written.
    pub save_patience: Duration,
}

/// Limits of texts, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// The length beyond which a spoken question is refused.
    pub question_chars: usize,
    /// The length at which an answer is cut off, with a notice.
    pub answer_chars: usize,
}

impl Answering {
    /// Chooses the key for an answer in this project, or without one.
    ///
    /// # Errors
    /// - [`AskError::NoKey`]: a key is needed and there is none.
    /// - [`AskError::Projects`]: the project's key cannot be read.
    pub async fn choose_key(
        &self,
        project: Option<(ProjectId, &Project)>,
        sent: Option<SecretString>,
        allow_key: bool,
    ) -> Result<KeyChoice, AskError> {
        if self.model.is_built_in() {
            return Ok(KeyChoice::NotNeeded);
        }
        let own = match project {
            Some((id, project)) if project.has_key() => self.projects.provider_key(id).await?,
            Some(_) | None => None,
        };
        Ok(KeyChoice::choose(sent, own, self.server_key.clone().filter(|_| allow_key))?)
    }

    /// The provider key for services other than answers in this project. For an assistant the server's key may be used,
    /// whether or not the user may use it.
    ///
    /// # Errors
    /// - [`AskError::NoKey`]: a key is needed and there is none.
    /// - [`AskError::Projects`]: the project's key cannot be read.
    pub async fn provider_key(
        &self,
        project: &Project,
        id: ProjectId,
        sent: Option<SecretString>,
        allow_key: bool,
    ) -> Result<Option<SecretString>, AskError> {
        self.key_for(&AnswerSettings::of(project), Some((id, project)), sent, allow_key).await
    }

    async fn key_for(
        &self,
        respondent: &AnswerSettings,
        project: Option<(ProjectId, &Project)>,
        sent: Option<SecretString>,
        allow_key: bool,
    ) -> Result<Option<SecretString>, AskError> {
        match self.choose_key(project, sent, allow_key || respondent.is_assistant).await {
            Ok(choice) => Ok(choice.into_key()),
            Err(AskError::NoKey(_)) if respondent.is_assistant => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Accepts a question and starts the work on its answer.
    ///
    /// # Errors
    /// [`AskError`], with the reason; the question was not recorded then, except for [`AskError::Translation`].
    pub async fn ask(&self, ask: Ask, context: &Context) -> Result<Turn, AskError> {
        // The settings of the project, or of the chat itself if it has none.
        let (respondent, key) = match ask.project {
            Some(id) => {
                let project = self.projects.load(id).await?;
                let respondent = AnswerSettings::of(&project);
                let key = self.key_for(&respondent, Some((id, &project)), ask.provider_key, ask.allow_key).await?;
                (respondent, key)
            }
            None => {
                let chat = self.commands.log().load::<Chat>(ask.chat.value()).await?.aggregate;
                let respondent = AnswerSettings::of_chat(&chat);
                let key = self.key_for(&respondent, None, ask.provider_key, ask.allow_key).await?;
                (respondent, key)
            }
        };
        let (text, transcription) = match ask.question {
            Asked::Text(text) => (text, ask.transcription),
            Asked::Speech(recording) => {
                let engine = respondent.stt_engine;
                let TimedText { text, stage } = self.transcribe(engine, recording, &ask.language, key.clone()).await?;
                if text.chars().nth(self.lengths.question_chars).is_some() {
                    Bound::LongText.met();
                    return Err(AskError::TranscriptTooLong { transcript: text, max: self.lengths.question_chars });
                }
                (text, Some(stage))
            }
        };
        let english = self.in_english(&text, &ask.language, key.as_ref()).await;
        let is_untranslated = english.is_err();
        let (english_text, translation) = match english {
            Ok(English::Translated(TimedText { text, stage })) => (Some(text), Some(stage)),
            // Without a translator the question is asked as it is.
            Ok(English::Original | English::Unknown) | Err(TranslationFailed) => (None, None),
        };
        let clock = &self.clock;
        let question = Question {
            message_id: MessageId::new(clock.new_id()),
            answer_id: MessageId::new(clock.new_id()),
            text: text.into(),
            english_text: english_text.map(Personal::from),
            translation,
            transcription,
            language: ask.language,
            temperature: ask.temperature,
            top_k: ask.top_k,
        };
        let answer_id = question.answer_id;
        let by_assistant = respondent.is_assistant;
        let notice = (ask.shows_failure && !by_assistant).then(|| STREAM_NOTICE.to_owned());
        let nonce = ask.nonce.filter(|_| !by_assistant);
        let committed = self.record_question(ask.chat, &question, nonce, notice.as_deref(), context).await?;
        if let Some(first) = committed.repeats {
            let answer_id = MessageId::new(first);
            return Ok(Turn { answer_id, question: question.text.into_inner(), by_assistant, committed, events: None });
        }
        let asked = question.text.as_str().to_owned();
        let (report, mut events) = mpsc::unbounded_channel();
        let work = turn::Work {
            answering: self.clone(),
            chat: ask.chat,
            project_id: ask.project,
            respondent,
            question,
            is_untranslated,
            key,
            notice,
            speaks: ask.speaks && !by_assistant,
            context: Context { idempotency: None, ..context.clone() },
            report,
            shown: Mutex::default(),
        };
        drop(self.tracker.spawn(work.run()));
        if is_untranslated {
            // A message to the client before anything is streamed can be read in the chat, too, unless the log cannot be
            // written for long.
            drop(events.recv().await);
            return Err(AskError::Translation);
        }
        Ok(Turn { answer_id, question: asked, by_assistant, committed, events: Some(events) })
    }

    /// Whether a project's assistant answers: in plain text, never by stream.
    ///
    /// # Errors
    /// [`StoreError`] if the event log cannot be read.
    pub async fn is_by_assistant(&self, project: ProjectId) -> Result<bool, StoreError> {
        Ok(AnswerSettings::of(&self.projects.load(project).await?).is_assistant)
    }

    /// The settings of a project, also of a deleted one.
    pub(crate) async fn settings_of(
        &self,
        project: ProjectId,
    ) -> Result<Option<domain::project::Settings>, StoreError> {
        Ok(self.projects.load(project).await?.settings().cloned())
    }
}

/// The client's message for a failure; the provider's own text goes to the log only.
pub const fn message_of(failure: AnswerFailure) -> &'static str {
    match failure {
        AnswerFailure::Unauthorized => "The language model refused the key.",
        AnswerFailure::RateLimited => "The language model is busy. Please try again in a moment.",
        AnswerFailure::Refused => "The language model refused the request.",
        AnswerFailure::ProviderUnavailable => "The language model cannot be reached at the moment.",
        AnswerFailure::RetrievalFailed => "The reference documents cannot be searched at the moment.",
        AnswerFailure::BadPrompt => "The project's prompt is not usable.",
        AnswerFailure::TranslationFailed => UNTRANSLATED,
        AnswerFailure::Interrupted => "The answer was interrupted.",
        AnswerFailure::BrokenOff => "The language model's answer broke off. Please try again.",
        AnswerFailure::Empty => "The language model gave no answer.",
        AnswerFailure::Withheld => "The language model's content filter held the answer back.",
    }
}
