//! What can happen to a project. A provider's key is never in an event, only that there is one.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    ids::UserId,
    values::{Model, SttEngine, Title, TtsEngine},
};

/// What a project is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The title.
    pub title: Title,
    /// What the project is for.
    pub description: Option<String>,
    /// The template of the system message; empty means the built-in one.
    pub prompt: String,
    /// Which model answers.
    pub model: Model,
    /// Who turns speech into text.
    pub stt_engine: SttEngine,
    /// Who turns text into speech.
    pub tts_engine: TtsEngine,
    /// Questions that are offered to start with.
    pub preset_questions: Option<Vec<String>>,
    /// The assistant that answers in place of the ordinary path.
    pub assistant_id: Option<String>,
}

impl Settings {
    /// What a project is set to before anybody changes it.
    pub const fn new(title: Title, prompt: String) -> Self {
        Self {
            title,
            description: None,
            prompt,
            model: Model::Gpt35,
            stt_engine: SttEngine::Whisper,
            tts_engine: TtsEngine::Google,
            preset_questions: None,
            assistant_id: None,
        }
    }
}

/// Who answers in place of the project's prompt and model: what a language model is told, and which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assistant {
    /// By which projects name it, such as `asst_…`.
    #[serde(rename = "assistant_id")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the model is told.
    pub instructions: String,
    /// The model, by its name or by the contract's number.
    pub model: String,
}

/// How the passages behind an answer are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetrievalSettings {
    /// What a word of a title or heading counts, in per cent of a word of the text.
    pub title_percent: u16,
    /// What the order by words counts, in per cent.
    pub words_percent: u16,
    /// What the order by vectors counts, in per cent.
    pub vectors_percent: u16,
    /// How many passages each order has.
    pub depth: u16,
    /// The relevance below which nothing is retrieved, in per cent. What is a good one depends on the model of the vectors.
    pub threshold_percent: u16,
    /// No more passages of one document are taken while others have any.
    pub per_document: u16,
    /// How many passages before and behind a hit are joined to it.
    pub neighbours: u16,
    /// How many of the best passages the language model puts into its own order; none if 0.
    #[serde(default)]
    pub rerank: u16,
}

impl Default for RetrievalSettings {
    /// The built-in vectors know no more than the words and cost a little where questions name their subject; a real model's find
    /// what no word does.
    fn default() -> Self {
        Self {
            title_percent: 300,
            words_percent: 100,
            vectors_percent: 30,
            depth: 200,
            threshold_percent: 0,
            per_document: 4,
            neighbours: 0,
            rerank: 0,
        }
    }
}

/// An event of a project's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type")]
pub enum ProjectEvent {
    /// The project was made.
    Created {
        /// Who made it; `None` if the system did.
        creator: Option<UserId>,
        /// What it was set to.
        #[serde(flatten)]
        settings: Settings,
    },
    /// The title was changed.
    TitleChanged {
        /// The new one.
        title: Title,
    },
    /// The description was changed or removed.
    DescriptionChanged {
        /// The new one.
        description: Option<String>,
    },
    /// The prompt was changed.
    PromptChanged {
        /// The new one.
        prompt: String,
    },
    /// Another model answers from now on.
    ModelChanged {
        /// The new one.
        model: Model,
    },
    /// Other speech engines are used from now on.
    SpeechEnginesChanged {
        /// Who turns speech into text.
        stt_engine: SttEngine,
        /// Who turns text into speech.
        tts_engine: TtsEngine,
    },
    /// The preset questions were changed or removed.
    PresetQuestionsChanged {
        /// The new ones.
        preset_questions: Option<Vec<String>>,
    },
    /// The assistant was changed or removed.
    AssistantChanged {
        /// The new one.
        assistant_id: Option<String>,
    },
    /// An assistant answers from now on: a new one, another one, or the same with other instructions or another model.
    AssistantDefined(Assistant),
    /// The provider's key was set or removed.
    ProviderKeyChanged {
        /// Whether there is one now.
        is_set: bool,
    },
    /// Passages are chosen in another way from now on.
    RetrievalChanged(RetrievalSettings),
    /// It became the default project.
    MadeDefault {},
    /// It is not the default project any more.
    NoLongerDefault {},
    /// It was archived: nothing new is added to it.
    Archived {},
    /// It was taken back from the archive.
    Unarchived {},
    /// It was deleted.
    Deleted {},
}

impl ProjectEvent {
    pub(crate) const fn version(&self) -> &'static str {
        match self {
            Self::Created { .. }
            | Self::TitleChanged { .. }
            | Self::DescriptionChanged { .. }
            | Self::PromptChanged { .. }
            | Self::ModelChanged { .. }
            | Self::SpeechEnginesChanged { .. }
            | Self::PresetQuestionsChanged { .. }
            | Self::AssistantChanged { .. }
            | Self::AssistantDefined(_)
            | Self::ProviderKeyChanged { .. }
            | Self::RetrievalChanged(_)
            | Self::MadeDefault {}
            | Self::NoLongerDefault {}
            | Self::Archived {}
            | Self::Unarchived {}
            | Self::Deleted {} => "1",
        }
    }
}
