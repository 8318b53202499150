//! Representatives of the events of test suites, their runs and the feedback on results.

use domain::{
    chat::{AnswerFailure, Generation},
    document::{Source, StoredFile},
    feedback::FeedbackEvent,
    ids::{DocumentId, ProjectId, ResultId, RunId, SuiteId, TestQuestionId, UserId},
    test_run::{ResultFailure, RunFailure, RunPlan, RunResult, TestRunEvent},
    test_suite::{Attachment, Retrieval, SuiteSettings, TestQuestion, TestSuiteEvent},
    values::{DocumentType, Model, Rating, SuiteName},
};

use crate::samples::{generation, id, title};

fn retrieval() -> Retrieval {
    Retrieval { temperature: 0.25, top_k: 10 }
}

fn test_question() -> TestQuestion {
    TestQuestion {
        question: "For how long is zinc given?".to_owned(),
        human_answer: "For 14 days.".to_owned(),
        language: "en".to_owned(),
    }
}

pub(crate) fn full_suites() -> Vec<TestSuiteEvent> {
    let name = SuiteName::parse("Diarrhoea").expect("well-formed");
    let (question_id, document_id) = (TestQuestionId::new(id(10)), DocumentId::new(id(11)));
    let file = StoredFile { name: "chart.png".to_owned(), size: 48_213, sha256: "5e".repeat(32) };
    let source = Source {
        document_type: DocumentType::File,
        file: Some(file),
        text_content: Some("Doses by weight".to_owned()),
    };
    let attachment = Attachment { title: title(), description: Some("A chart".to_owned()), source };
    vec![
        TestSuiteEvent::Created {
            creator: Some(UserId::new(id(1))),
            settings: SuiteSettings { name: name.clone(), retrieval: retrieval() },
        },
        TestSuiteEvent::Renamed { name },
        TestSuiteEvent::RetrievalChanged(Retrieval { temperature: 0.5, top_k: -1 }),
        TestSuiteEvent::QuestionAdded { question_id, question: test_question() },
        TestSuiteEvent::QuestionChanged {
            question_id,
            question: TestQuestion { language: "ml".to_owned(), ..test_question() },
        },
        TestSuiteEvent::DocumentAttached { question_id, document_id, attachment },
        TestSuiteEvent::DocumentRemoved { question_id, document_id },
        TestSuiteEvent::QuestionDeleted { question_id },
        TestSuiteEvent::Deleted {},
    ]
}

pub(crate) fn minimal_suites() -> Vec<TestSuiteEvent> {
    let settings = SuiteSettings { name: SuiteName::parse("Diarrhoea").expect("well-formed"), retrieval: retrieval() };
    let source = Source { document_type: DocumentType::Text, file: None, text_content: None };
    vec![
        TestSuiteEvent::Created { creator: None, settings },
        TestSuiteEvent::DocumentAttached {
            question_id: TestQuestionId::new(id(10)),
            document_id: DocumentId::new(id(11)),
            attachment: Attachment { title: title(), description: None, source },
        },
    ]
}

fn plan() -> RunPlan {
    RunPlan {
        suite_id: SuiteId::new(id(9)),
        project_id: ProjectId::new(id(3)),
        models: vec![Model::Gpt4Omni, Model::Gpt35],
        references: true,
        questions: vec![TestQuestionId::new(id(10))],
        retrieval: retrieval(),
    }
}

fn result() -> RunResult {
    RunResult {
        result_id: ResultId::new(id(12)),
        question_id: TestQuestionId::new(id(10)),
        question: test_question(),
        model: Model::Gpt4Omni,
        answer: "20 mg a day for 14 days.".to_owned(),
        references: vec![DocumentId::new(id(7))],
        cosine_sim: Some(0.875),
        bleu_score: Some(0.3125),
        embedding_model: Some("lexical-1".to_owned()),
        failure: None,
        generation: Some(generation()),
    }
}

pub(crate) fn full_runs() -> Vec<TestRunEvent> {
    vec![
        TestRunEvent::Started { creator: Some(UserId::new(id(1))), plan: plan() },
        TestRunEvent::ModelsChanged { models: vec![Model::Gpt35] },
        TestRunEvent::ReferencesChanged { references: false },
        TestRunEvent::ResultRecorded(Box::new(result())),
        TestRunEvent::Completed {},
        TestRunEvent::Canceled {},
        TestRunEvent::Failed { reason: RunFailure::NoKey },
        TestRunEvent::Resumed {},
        TestRunEvent::Deleted {},
    ]
}

pub(crate) fn minimal_runs() -> Vec<TestRunEvent> {
    let result = RunResult {
        answer: String::new(),
        references: vec![],
        cosine_sim: None,
        bleu_score: None,
        embedding_model: None,
        failure: Some(ResultFailure::Answer(AnswerFailure::ProviderUnavailable)),
        generation: None,
        ..result()
    };
    vec![
        TestRunEvent::Started {
            creator: None,
            plan: RunPlan { models: vec![], references: false, questions: vec![], ..plan() },
        },
        TestRunEvent::ResultRecorded(Box::new(result)),
    ]
}

/// With an answer of a provider that tells nothing about itself.
pub(crate) fn untold_runs() -> Vec<TestRunEvent> {
    let generation = Generation { model_returned: None, usage: None, finish_reason: None, ..generation() };
    vec![TestRunEvent::ResultRecorded(Box::new(RunResult { generation: Some(generation), ..result() }))]
}

pub(crate) fn full_feedback() -> Vec<FeedbackEvent> {
    vec![
        FeedbackEvent::Given {
            author: UserId::new(id(1)),
            run_id: RunId::new(id(13)),
            result_id: ResultId::new(id(12)),
            rating: Rating::Good,
            notes: "Clear and right".into(),
        },
        FeedbackEvent::RatingChanged { rating: Rating::Excellent },
        FeedbackEvent::NotesChanged { notes: "Right to the milligram".into() },
        FeedbackEvent::Deleted {},
    ]
}
