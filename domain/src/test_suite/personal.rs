//! Test content is written for a machine and belongs to no person: nothing in a suite's events is personal.

use super::event::{Attachment, Retrieval, SuiteSettings, TestQuestion, TestSuiteEvent};
use crate::{
    document::Source,
    personal::{PersonalField, PersonalFields},
};

impl PersonalFields for TestSuiteEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::Created {
                creator: _,
                settings: SuiteSettings { name: _, retrieval: Retrieval { temperature: _, top_k: _ } },
            }
            | Self::Renamed { name: _ }
            | Self::RetrievalChanged(Retrieval { temperature: _, top_k: _ })
            | Self::QuestionAdded {
                question_id: _,
                question: TestQuestion { question: _, human_answer: _, language: _ },
            }
            | Self::QuestionChanged {
                question_id: _,
                question: TestQuestion { question: _, human_answer: _, language: _ },
            }
            | Self::QuestionDeleted { question_id: _ }
            | Self::DocumentAttached {
                question_id: _,
                document_id: _,
                attachment:
                    Attachment { title: _, description: _, source: Source { document_type: _, file: _, text_content: _ } },
            }
            | Self::DocumentRemoved { question_id: _, document_id: _ }
            | Self::Deleted {} => vec![],
        }
    }
}
