//! A project is written for everybody who asks in it: nothing in its events is personal.

use super::event::{Assistant, ProjectEvent, RetrievalSettings, Settings};
use crate::personal::{PersonalField, PersonalFields};

impl PersonalFields for ProjectEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::Created {
                creator: _,
                settings:
                    Settings {
                        title: _,
                        description: _,
                        prompt: _,
                        model: _,
                        stt_engine: _,
                        tts_engine: _,
                        preset_questions: _,
                        assistant_id: _,
                    },
            }
            | Self::TitleChanged { title: _ }
            | Self::DescriptionChanged { description: _ }
            | Self::PromptChanged { prompt: _ }
            | Self::ModelChanged { model: _ }
            | Self::SpeechEnginesChanged { stt_engine: _, tts_engine: _ }
            | Self::PresetQuestionsChanged { preset_questions: _ }
            | Self::AssistantChanged { assistant_id: _ }
            | Self::AssistantDefined(Assistant { id: _, name: _, instructions: _, model: _ })
            | Self::ProviderKeyChanged { is_set: _ }
            | Self::RetrievalChanged(RetrievalSettings {
                title_percent: _,
                words_percent: _,
                vectors_percent: _,
                depth: _,
                threshold_percent: _,
                per_document: _,
                neighbours: _,
                rerank: _,
            })
            | Self::MadeDefault {}
            | Self::NoLongerDefault {}
            | Self::Archived {}
            | Self::Unarchived {}
            | Self::Deleted {} => vec![],
        }
    }
}
