//! Test content is written for a machine and belongs to no person: nothing in a run's events is personal.

use super::event::{RunPlan, RunResult, TestRunEvent};
use crate::{
    personal::{PersonalField, PersonalFields},
    test_suite::{Retrieval, TestQuestion},
};

impl PersonalFields for TestRunEvent {
    fn personal_mut(&mut self) -> Vec<PersonalField<'_>> {
        match self {
            Self::ResultRecorded(result) => {
                let RunResult {
                    result_id: _,
                    question_id: _,
                    question: TestQuestion { question: _, human_answer: _, language: _ },
                    model: _,
                    answer: _,
                    references: _,
                    cosine_sim: _,
                    bleu_score: _,
                    embedding_model: _,
                    failure: _,
                    generation: _,
                } = &**result;
                vec![]
            }
            Self::Started {
                creator: _,
                plan:
                    RunPlan {
                        suite_id: _,
                        project_id: _,
                        models: _,
                        references: _,
                        questions: _,
                        retrieval: Retrieval { temperature: _, top_k: _ },
                    },
            }
            | Self::ModelsChanged { models: _ }
            | Self::ReferencesChanged { references: _ }
            | Self::Completed {}
            | Self::Canceled {}
            | Self::Failed { reason: _ }
            | Self::Resumed {}
            | Self::Deleted {} => vec![],
        }
    }
}
