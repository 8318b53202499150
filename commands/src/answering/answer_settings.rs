//! The settings that an answer is made with: those of a project, of its assistant, or of a chat without a project.

use domain::{
    chat::{Chat, Home, OpenChat},
    project::{Assistant, Project},
    values::{Model, SttEngine, TtsEngine},
};

use knowledge::prompt;

/// The prompt and the model of an answer, and the engines for speech.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerSettings {
    /// The template of the system message; blank for the built-in one.
    pub template: String,
    pub model: Model,
    pub stt_engine: SttEngine,
    pub tts_engine: TtsEngine,
    /// Whether an assistant answers: with the server's own provider key, in plain text.
    pub is_assistant: bool,
}

impl AnswerSettings {
    /// The settings of a project, also of a deleted one, whose answers can still be looked into.
    pub(crate) fn of(project: &Project) -> Self {
        let settings = project.settings();
        let assistant = project.assistant();
        let own_template = || settings.map(|settings| settings.prompt.clone()).unwrap_or_default();
        let own_model = settings.map_or(Model::Gpt35, |settings| settings.model);
        Self {
            template: assistant.map_or_else(own_template, template_of),
            model: assistant.and_then(|assistant| Model::from_name(&assistant.model)).unwrap_or(own_model),
            stt_engine: settings.map_or(SttEngine::Whisper, |settings| settings.stt_engine),
            tts_engine: settings.map_or(TtsEngine::Google, |settings| settings.tts_engine),
            is_assistant: settings.is_some_and(|settings| settings.assistant_id.is_some()),
        }
    }

    /// The settings of a chat without a project.
    pub(crate) fn of_chat(chat: &Chat) -> Self {
        let (template, model) = match chat {
            Chat::Open(OpenChat { home: Home::None { prompt, model }, .. }) => (prompt.clone(), *model),
            Chat::Open(_) | Chat::Absent | Chat::Deleted { .. } | Chat::Erased => (None, None),
        };
        Self {
            template: template.unwrap_or_default(),
            model: model.unwrap_or(Model::Gpt35),
            stt_engine: SttEngine::Whisper,
            tts_engine: TtsEngine::Google,
            is_assistant: false,
        }
    }
}

fn template_of(assistant: &Assistant) -> String {
    prompt::template_of_instructions(&assistant.instructions)
}
