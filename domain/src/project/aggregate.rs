//! absent -> active <-> archived -> deleted. That only one project is the default is a rule of the set, kept by the write side.

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
    /// There is no such project.
    #[default]
    Absent,
    /// There is.
    Existing {
        /// What it is set to.
        settings: Settings,
        /// Whether it is the default project.
        is_default: bool,
        /// Whether it is archived.
        is_archived: bool,
        /// Whether it has a provider's key of its own.
        has_key: bool,
        /// The assistant that answers, if it is known what it is told.
        assistant: Option<Assistant>,
        /// How passages are chosen.
        retrieval: RetrievalSettings,
    },
    /// There was. What belonged to it stays: chats can still be read and continued.
    Deleted {
        /// What it was set to.
        settings: Settings,
        /// The assistant that answers.
        assistant: Option<Assistant>,
    },
}

/// What can be asked of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectCommand {
    /// Make it.
    Create {
        /// Who makes it.
        creator: Option<UserId>,
        /// What it shall be set to.
        settings: Settings,
    },
    /// Change what is given.
    Change(Box<ProjectChanges>),
    /// Make it the default, or let it no longer be the default.
    SetDefault(bool),
    /// Archive it or take it back.
    SetArchived(bool),
    /// Give it a new assistant.
    CreateAssistant(Assistant),
    /// A provider's key has been set, or removed.
    RecordProviderKey {
        /// Whether there is one now.
        is_set: bool,
    },
    /// Choose passages in this way.
    ChangeRetrieval(RetrievalSettings),
    /// Delete it.
    Delete,
}

/// Changes of settings: `None` leaves a setting as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectChanges {
    /// The title.
    pub title: Option<Title>,
    /// What the project is for.
    pub description: Option<Option<String>>,
    /// The template of the system message.
    pub prompt: Option<String>,
    /// Which model answers.
    pub model: Option<Model>,
    /// Who turns speech into text.
    pub stt_engine: Option<SttEngine>,
    /// Who turns text into speech.
    pub tts_engine: Option<TtsEngine>,
    /// Questions that are offered to start with.
    pub preset_questions: Option<Option<Vec<String>>>,
    /// The assistant that answers in place of the ordinary path.
    pub assistant_id: Option<Option<String>>,
    /// The assistant with this id, if it is one that is known.
    pub assistant: Option<Assistant>,
    /// Which model answers as the assistant.
    pub assistant_model: Option<String>,
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// The project exists.
    #[error("the project already exists")]
    AlreadyCreated,
    /// There is no such project.
    #[error("there is no such project")]
    NotFound,
    /// The project has an assistant, and one is all that it can have.
    #[error("the project has an assistant already")]
    HasAssistant,
}

impl Project {
    /// The events that the command leads to; none if it asks for what already is.
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
            // A key in place of another is a change, no key in place of none is not.
            (Self::Existing { has_key, .. }, ProjectCommand::RecordProviderKey { is_set }) => {
                Ok(if *has_key || is_set { vec![ProjectEvent::ProviderKeyChanged { is_set }] } else { vec![] })
            }
            (Self::Existing { retrieval, .. }, ProjectCommand::ChangeRetrieval(new)) => {
                Ok(if *retrieval == new { vec![] } else { vec![ProjectEvent::RetrievalChanged(new)] })
            }
            (Self::Existing { .. }, ProjectCommand::Delete) => Ok(vec![ProjectEvent::Deleted {}]),
        }
    }

    /// What it is set to; also after its deletion, because its chats go on.
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

    /// The assistant that answers, if one does and it is known what it is told.
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
    /// Prompt and model of a project with an assistant are the assistant's. A blank prompt leaves its instructions as they are:
    /// clients send all settings back when they change one.
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

    /// What becomes of the assistant. What it takes for itself is no change of the project's own settings.
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
    // 2: how passages are chosen.
    const AGGREGATE_TYPE: AggregateType = AggregateType::Project;
    const SNAPSHOT_VERSION: i32 = 2;

    fn subject(&self, _: Uuid) -> Option<SubjectId> {
        None
    }
}

bridge_to_cqrs_es!(Project, ProjectCommand, ProjectEvent, ProjectError);
