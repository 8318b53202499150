//! Arbitrary commands for test suites, their runs and the feedback on results.

use domain::{
    chat::AnswerFailure,
    feedback::{FeedbackCommand, Opinion},
    ids::{DocumentId, ProjectId, ResultId, RunId, SuiteId, TestQuestionId, UserId},
    test_run::{ResultFailure, RunChanges, RunFailure, RunPlan, RunResult, TestRunCommand},
    test_suite::{Attachment, QuestionChanges, Retrieval, SuiteChanges, SuiteSettings, TestQuestion, TestSuiteCommand},
    values::{Model, Rating, RunStatus, SuiteName},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use strum::VariantArray;

use crate::arbitrary::{generation, id, number, source, text, title};

fn name() -> impl Strategy<Value = SuiteName> {
    select(&["Ward", "Clinic"][..]).prop_filter_map("no name", |text| SuiteName::parse(text).ok())
}

fn retrieval() -> impl Strategy<Value = Retrieval> {
    (number(), -2_i32..30).prop_map(|(temperature, top_k)| Retrieval { temperature, top_k })
}

fn question() -> impl Strategy<Value = TestQuestion> {
    (text(), text(), text()).prop_map(|(question, human_answer, language)| TestQuestion {
        question,
        human_answer,
        language,
    })
}

pub(crate) fn suite_command() -> impl Strategy<Value = TestSuiteCommand> {
    let question_id = || id(TestQuestionId::new);
    let document_id = || id(DocumentId::new);
    let attachment = (title(), option::of(text()), source()).prop_map(|(title, description, source)| Attachment {
        title,
        description,
        source,
    });
    prop_oneof![
        4 => (option::of(id(UserId::new)), name(), retrieval()).prop_map(|(creator, name, retrieval)| {
            TestSuiteCommand::Create { creator, settings: SuiteSettings { name, retrieval } }
        }),
        2 => (option::of(name()), option::of(number()), option::of(-2_i32..30)).prop_map(
            |(name, temperature, top_k)| TestSuiteCommand::Change(SuiteChanges { name, temperature, top_k }),
        ),
        4 => (question_id(), question()).prop_map(|(id, question)| TestSuiteCommand::AddQuestion(id, question)),
        2 => (question_id(), option::of(text()), option::of(text()), option::of(text())).prop_map(
            |(id, question, human_answer, language)| {
                TestSuiteCommand::ChangeQuestion(id, QuestionChanges { question, human_answer, language })
            },
        ),
        1 => question_id().prop_map(TestSuiteCommand::DeleteQuestion),
        2 => (question_id(), document_id(), attachment).prop_map(|(question_id, document_id, attachment)| {
            TestSuiteCommand::Attach { question_id, document_id, attachment }
        }),
        1 => (question_id(), document_id())
            .prop_map(|(question, document)| TestSuiteCommand::RemoveDocument(question, document)),
        1 => Just(TestSuiteCommand::Delete),
    ]
}

fn failure() -> impl Strategy<Value = ResultFailure> {
    prop_oneof![Just(ResultFailure::NoTranslation), select(AnswerFailure::VARIANTS).prop_map(ResultFailure::Answer),]
}

fn result() -> impl Strategy<Value = RunResult> {
    let ids = (id(ResultId::new), id(TestQuestionId::new), select(Model::ALL));
    let outcome = (text(), vec(id(DocumentId::new), 0..3), option::of(number()), option::of(number()));
    (ids, question(), outcome, option::of(text()), option::of(failure()), option::of(generation())).prop_map(
        |((result_id, question_id, model), question, outcome, embedding_model, failure, generation)| {
            let (answer, references, cosine_sim, bleu_score) = outcome;
            RunResult {
                result_id,
                question_id,
                question,
                model,
                answer,
                references,
                cosine_sim,
                bleu_score,
                embedding_model,
                failure,
                generation,
            }
        },
    )
}

fn models() -> impl Strategy<Value = Vec<Model>> {
    vec(select(Model::ALL), 0..3)
}

pub(crate) fn run_command() -> impl Strategy<Value = TestRunCommand> {
    let plan = (id(SuiteId::new), id(ProjectId::new), models(), any::<bool>(), vec(id(TestQuestionId::new), 0..3));
    let plan = (plan, retrieval()).prop_map(|((suite_id, project_id, models, references, questions), retrieval)| {
        RunPlan { suite_id, project_id, models, references, questions, retrieval }
    });
    prop_oneof![
        4 => (option::of(id(UserId::new)), plan).prop_map(|(creator, plan)| TestRunCommand::Start { creator, plan }),
        3 => (option::of(models()), option::of(any::<bool>()), option::of(select(RunStatus::ALL))).prop_map(
            |(models, references, status)| TestRunCommand::Change(RunChanges { models, references, status }),
        ),
        6 => result().prop_map(|result| TestRunCommand::RecordResult(Box::new(result))),
        1 => Just(TestRunCommand::Complete),
        1 => select(RunFailure::VARIANTS).prop_map(TestRunCommand::Fail),
        1 => Just(TestRunCommand::Delete),
    ]
}

pub(crate) fn feedback_command() -> impl Strategy<Value = FeedbackCommand> {
    let opinion = (select(Rating::ALL), text()).prop_map(|(rating, notes)| Opinion { rating, notes });
    prop_oneof![
        4 => (id(UserId::new), id(RunId::new), id(ResultId::new), opinion).prop_map(
            |(author, run_id, result_id, opinion)| FeedbackCommand::Give { author, run_id, result_id, opinion },
        ),
        4 => (option::of(select(Rating::ALL)), option::of(text()))
            .prop_map(|(rating, notes)| FeedbackCommand::Change { rating, notes }),
        1 => Just(FeedbackCommand::Delete),
    ]
}
