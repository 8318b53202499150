//! absent -> active <-> archived -> deleted. The rule that only one project is the default concerns all projects, and
//! is enforced by the write side.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{Assistant, ProjectEvent, RetrievalSettings, Settings};
use crate::{
    AggregateType,
    aggregate::{StoredAggregate, bridge_to_cqrs_es},
    ids::{SubjectId, UserId},
    values::{Model, SttEngine, Title, TtsEngine},
};

/// A project, as far as decisions and answers need it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Project {
    /// The project was never created.
    #[default]
    Absent,
    /// The project exists.
    Existing {
        /// The settings.
        settings: Settings,
        /// Whether it is the default project.
        is_default: bool,
        /// Whether it is archived.
        is_archived: bool,
        /// Whether it has a provider's key of its own.
        has_key: bool,
        /// The assistant that answers, if its instructions are known.
        assistant: Option<Assistant>,
        /// The settings of retrieval.
        retrieval: RetrievalSettings,
    },
    /// The project was deleted. Its chats stay and can be read, but nothing more is asked in them.
    Deleted {
        /// The last settings.
        settings: Settings,
        /// The assistant that answers.
        assistant: Option<Assistant>,
    },
}

/// A command to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectCommand {
    /// Creates the project.
    Create {
        /// The user who creates it; `None` for the system.
        creator: Option<UserId>,
        /// The initial settings.
        settings: Settings,
    },
    /// Changes settings.
    Change(Box<ProjectChanges>),
    /// Makes it the default project, or ends that.
    SetDefault(bool),
    /// Archives it, or takes it out of the archive.
    SetArchived(bool),
    /// Gives it a new assistant.
    CreateAssistant(Assistant),
    /// Records that a provider's key was set or removed.
    RecordProviderKey {
        /// Whether there is a key now.
        is_set: bool,
    },
    /// Changes the settings of retrieval.
    ChangeRetrieval(RetrievalSettings),
    /// Deletes the project.
    Delete,
}

/// Changes of settings: `None` leaves a setting as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectChanges {
    /// The title.
    pub title: Option<Title>,
    /// The description; the inner `None` removes it.
    pub description: Option<Option<String>>,
    /// The template of the system message.
    pub prompt: Option<String>,
    /// The model that answers.
    pub model: Option<Model>,
    /// The engine for speech to text.
    pub stt_engine: Option<SttEngine>,
    /// The engine for text to speech.
    pub tts_engine: Option<TtsEngine>,
    /// Questions that are offered at the beginning; the inner `None` removes them.
    pub preset_questions: Option<Option<Vec<String>>>,
    /// The id of the assistant that answers instead of the project's prompt and model; the inner `None` removes it.
    pub assistant_id: Option<Option<String>>,
    /// The assistant with this id, if it is known.
    pub assistant: Option<Assistant>,
    /// The model that answers as the assistant.
    pub assistant_model: Option<String>,
}

/// The reason for which a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// The project exists.
    #[error("the project already exists")]
    AlreadyCreated,
    /// There is no such project.
    #[error("there is no such project")]
    NotFound,
    /// The project already has an assistant, and can have only one.
    #[error("the project has an assistant already")]
    HasAssistant,
}

impl Project {
    /// The events that the command leads to; none if it changes nothing.
    ///
    /// # Errors
    /// [`ProjectError`] if the command is illegal in this state.
    pub fn decide(&self, command: ProjectCommand) -> Result<Vec<ProjectEvent>, ProjectError> {
        match (self, command) {
            (Self::Absent, ProjectCommand::Create { creator, settings }) => {
                Ok(vec![ProjectEvent::Created { creator, settings }])
            }
            (Self::Existing { .. } | Self::Deleted { .. }, ProjectCommand::Create { .. }) => {
                Err(ProjectError::AlreadyCreated)
            }
            (Self::Absent | Self::Deleted { .. }, _) => Err(ProjectError::NotFound),
            (Self::Existing { settings, .. }, ProjectCommand::Change(changes)) => {
                Ok(changes.events_against(settings, self.assistant()))
            }
            (Self::Existing { settings, .. }, ProjectCommand::CreateAssistant(assistant)) => {
                if settings.assistant_id.is_some() {
                    return Err(ProjectError::HasAssistant);
                }
                Ok(vec![ProjectEvent::AssistantDefined(assistant)])
            }
            (Self::Existing { is_default, .. }, ProjectCommand::SetDefault(wanted)) => Ok(match (is_default, wanted) {
                (false, true) => vec![ProjectEvent::MadeDefault {}],
                (true, false) => vec![ProjectEvent::NoLongerDefault {}],
                (true, true) | (false, false) => vec![],
            }),
            (Self::Existing { is_archived, .. }, ProjectCommand::SetArchived(wanted)) => {
                Ok(match (is_archived, wanted) {
                    (false, true) => vec![ProjectEvent::Archived {}],
                    (true, false) => vec![ProjectEvent::Unarchived {}],
                    (true, true) | (false, false) => vec![],
                })
            }
            // Replacing a key by another is a change; removing a missing key is not.
            (Self::Existing { has_key, .. }, ProjectCommand::RecordProviderKey { is_set }) => {
                Ok(if *has_key || is_set { vec![ProjectEvent::ProviderKeyChanged { is_set }] } else { vec![] })
            }
            (Self::Existing { retrieval, .. }, ProjectCommand::ChangeRetrieval(new)) => {
                Ok(if *retrieval == new { vec![] } else { vec![ProjectEvent::RetrievalChanged(new)] })
            }
            (Self::Existing { .. }, ProjectCommand::Delete) => Ok(vec![ProjectEvent::Deleted {}]),
        }
    }

    /// The settings, also of a deleted project, because its chats continue.
    pub const fn settings(&self) -> Option<&Settings> {
        match self {
            Self::Absent => None,
            Self::Existing { settings, .. } | Self::Deleted { settings, .. } => Some(settings),
        }
    }

    /// Whether it has a provider's key of its own.
    pub const fn has_key(&self) -> bool {
        matches!(self, Self::Existing { has_key: true, .. })
    }

    /// The assistant that answers, if there is one and its instructions are known.
    pub fn assistant(&self) -> Option<&Assistant> {
        let (Self::Existing { settings, assistant, .. } | Self::Deleted { settings, assistant }) = self else {
            return None;
        };
        assistant.as_ref().filter(|assistant| settings.assistant_id.as_ref() == Some(&assistant.id))
    }

    fn fold(&mut self, event: ProjectEvent) {
        if let ProjectEvent::Created { settings, .. } = event {
            *self = Self::Existing {
                settings,
                is_default: false,
                is_archived: false,
                has_key: false,
                assistant: None,
                retrieval: RetrievalSettings::default(),
            };
            return;
        }
        let Self::Existing { settings, is_default, is_archived, has_key, assistant, retrieval } = self else {
            return;
        };
        match event {
            ProjectEvent::Created { .. } => {}
            ProjectEvent::TitleChanged { title } => settings.title = title,
            ProjectEvent::DescriptionChanged { description } => settings.description = description,
            ProjectEvent::PromptChanged { prompt } => settings.prompt = prompt,
            ProjectEvent::ModelChanged { model } => settings.model = model,
            ProjectEvent::SpeechEnginesChanged { stt_engine, tts_engine } => {
                settings.stt_engine = stt_engine;
                settings.tts_engine = tts_engine;
            }
            ProjectEvent::PresetQuestionsChanged { preset_questions } => settings.preset_questions = preset_questions,
            ProjectEvent::AssistantChanged { assistant_id } => {
                settings.assistant_id = assistant_id;
                *assistant = None;
            }
            ProjectEvent::AssistantDefined(new) => {
                settings.assistant_id = Some(new.id.clone());
                *assistant = Some(new);
            }
            ProjectEvent::ProviderKeyChanged { is_set } => *has_key = is_set,
            ProjectEvent::RetrievalChanged(new) => *retrieval = new,
            ProjectEvent::MadeDefault {} => *is_default = true,
            ProjectEvent::NoLongerDefault {} => *is_default = false,
            ProjectEvent::Archived {} => *is_archived = true,
            ProjectEvent::Unarchived {} => *is_archived = false,
            ProjectEvent::Deleted {} => {
                *self = Self::Deleted { settings: settings.clone(), assistant: assistant.take() };
            }
        }
    }
}

impl ProjectChanges {
    /// The prompt and model of a project with an assistant are the assistant's. A blank prompt leaves its instructions
    /// as they are, because clients send all settings back when they change one.
    fn events_against(mut self, now: &Settings, assistant: Option<&Assistant>) -> Vec<ProjectEvent> {
        let assistant = self.assistant_event(now, assistant);
        let mut events = Vec::new();
        if let Some(title) = self.title.filter(|new| *new != now.title) {
            events.push(ProjectEvent::TitleChanged { title });
        }
        if let Some(description) = self.description.filter(|new| *new != now.description) {
            events.push(ProjectEvent::DescriptionChanged { description });
        }
        if let Some(prompt) = self.prompt.filter(|new| *new != now.prompt) {
            events.push(ProjectEvent::PromptChanged { prompt });
        }
        if let Some(model) = self.model.filter(|new| *new != now.model) {
            events.push(ProjectEvent::ModelChanged { model });
        }
        let stt_engine = self.stt_engine.unwrap_or(now.stt_engine);
        let tts_engine = self.tts_engine.unwrap_or(now.tts_engine);
        if (stt_engine, tts_engine) != (now.stt_engine, now.tts_engine) {
            events.push(ProjectEvent::SpeechEnginesChanged { stt_engine, tts_engine });
        }
        if let Some(preset_questions) = self.preset_questions.filter(|new| *new != now.preset_questions) {
            events.push(ProjectEvent::PresetQuestionsChanged { preset_questions });
        }
        events.extend(assistant);
        events
    }

    /// The event that changes the assistant. Changes that the assistant takes are removed from those of the project's
    /// own settings.
    fn assistant_event(&mut self, now: &Settings, current: Option<&Assistant>) -> Option<ProjectEvent> {
        let wanted = self.assistant_id.take();
        let next = match &wanted {
            None => current.cloned(),
            Some(None) => None,
            Some(Some(id)) => {
                [current.cloned(), self.assistant.take()].into_iter().flatten().find(|assistant| assistant.id == *id)
            }
        };
        let Some(mut next) = next else {
            let assistant_id = wanted.filter(|wanted| *wanted != now.assistant_id)?;
            return Some(ProjectEvent::AssistantChanged { assistant_id });
        };
        if let Some(instructions) = self.prompt.take().filter(|prompt| !prompt.trim().is_empty()) {
            next.instructions = instructions;
        }
        self.model = None;
        if let Some(model) = self.assistant_model.take() {
            next.model = model;
        }
        (current != Some(&next)).then_some(ProjectEvent::AssistantDefined(next))
    }
}

impl StoredAggregate for Project {
    // 2: the settings of retrieval.
    const AGGREGATE_TYPE: AggregateType = AggregateType::Project;
    const SNAPSHOT_VERSION: i32 = 2;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(Project, ProjectCommand, ProjectEvent, ProjectError);
