//! Specification of the test run's rules, as given / when / then.

use cqrs_es::{Aggregate, test::TestFramework};
use uuid::Uuid;

use super::{RunChanges, RunFailure, RunPlan, RunResult, TestRun, TestRunCommand, TestRunError, TestRunEvent};
use crate::{
    ids::{ProjectId, ResultId, SuiteId, TestQuestionId},
    test_suite::{Retrieval, TestQuestion},
    values::{Model, RunStatus},
};

type RunSpec = TestFramework<TestRun>;

const fn question(number: u128) -> TestQuestionId {
    TestQuestionId::new(Uuid::from_u128(number))
}

fn plan() -> RunPlan {
    RunPlan {
        suite_id: SuiteId::new(Uuid::from_u128(1)),
        project_id: ProjectId::new(Uuid::from_u128(2)),
        models: vec![Model::Gpt35, Model::Gpt4],
        references: true,
        questions: vec![question(1), question(2)],
        retrieval: Retrieval { temperature: 0.1, top_k: 10 },
    }
}

fn started() -> TestRunEvent {
    TestRunEvent::Started { creator: None, plan: plan() }
}

fn result(model: Model, number: u128) -> RunResult {
    RunResult {
        result_id: ResultId::new(Uuid::from_u128(number + 100 * u128::from(model.number().unsigned_abs()))),
        question_id: question(number),
        question: TestQuestion {
            question: "Zinc?".to_owned(),
            human_answer: "14 days".to_owned(),
            language: "en".to_owned(),
        },
        model,
        answer: "For 14 days".to_owned(),
        references: vec![],
        cosine_sim: Some(0.9),
        bleu_score: Some(0.5),
        embedding_model: Some("lexical-1".to_owned()),
        failure: None,
        generation: None,
    }
}

fn recorded(model: Model, number: u128) -> TestRunEvent {
    TestRunEvent::ResultRecorded(Box::new(result(model, number)))
}

fn record(model: Model, number: u128) -> TestRunCommand {
    TestRunCommand::RecordResult(Box::new(result(model, number)))
}

fn set(status: RunStatus) -> TestRunCommand {
    TestRunCommand::Change(RunChanges { status: Some(status), ..RunChanges::default() })
}

fn remaining(events: Vec<TestRunEvent>) -> Vec<(Model, TestQuestionId)> {
    let mut run = TestRun::default();
    for event in events {
        run.apply(event);
    }
    run.remaining().collect()
}

#[test]
fn every_model_is_asked_every_question_in_order() {
    let all = [
        (Model::Gpt35, question(1)),
        (Model::Gpt35, question(2)),
        (Model::Gpt4, question(1)),
        (Model::Gpt4, question(2)),
    ];
    assert_eq!(remaining(vec![started()]), all);
    assert_eq!(remaining(vec![started(), recorded(Model::Gpt35, 1), recorded(Model::Gpt35, 2)]), all[2..]);
}

#[test]
fn a_run_that_has_ended_has_nothing_left_to_ask_until_it_goes_on() {
    assert_eq!(remaining(vec![started(), TestRunEvent::Canceled {}]), []);
    assert_eq!(remaining(vec![started(), TestRunEvent::Canceled {}, TestRunEvent::Resumed {}]).len(), 4);
    assert_eq!(remaining(vec![started(), TestRunEvent::Deleted {}]), []);
}

#[test]
fn a_question_has_one_result_of_a_model() {
    RunSpec::with(())
        .given(vec![started()])
        .when(record(Model::Gpt35, 1))
        .then_expect_events(vec![recorded(Model::Gpt35, 1)]);
    RunSpec::with(())
        .given(vec![started(), recorded(Model::Gpt35, 1)])
        .when(record(Model::Gpt35, 1))
        .then_expect_error(TestRunError::AlreadyAsked);
}

#[test]
fn a_canceled_run_takes_no_results() {
    RunSpec::with(())
        .given(vec![started(), TestRunEvent::Canceled {}])
        .when(record(Model::Gpt35, 1))
        .then_expect_error(TestRunError::NotRunning);
    RunSpec::with(())
        .given(vec![started(), TestRunEvent::Canceled {}])
        .when(TestRunCommand::Complete)
        .then_expect_error(TestRunError::NotRunning);
}

#[test]
fn people_may_set_any_status_and_the_same_one_changes_nothing() {
    for (status, event) in [
        (RunStatus::Completed, TestRunEvent::Completed {}),
        (RunStatus::Canceled, TestRunEvent::Canceled {}),
        (RunStatus::Failed, TestRunEvent::Failed { reason: RunFailure::Declared }),
    ] {
        RunSpec::with(()).given(vec![started()]).when(set(status)).then_expect_events(vec![event.clone()]);
        RunSpec::with(()).given(vec![started(), event.clone()]).when(set(status)).then_expect_events(vec![]);
        RunSpec::with(())
            .given(vec![started(), event])
            .when(set(RunStatus::Running))
            .then_expect_events(vec![TestRunEvent::Resumed {}]);
    }
}

#[test]
fn only_what_differs_becomes_an_event() {
    let changes = RunChanges { models: Some(vec![Model::Gpt4]), references: Some(true), status: None };
    RunSpec::with(())
        .given(vec![started()])
        .when(TestRunCommand::Change(changes))
        .then_expect_events(vec![TestRunEvent::ModelsChanged { models: vec![Model::Gpt4] }]);
}

#[test]
fn a_score_that_json_cannot_hold_is_refused() {
    let result = RunResult { cosine_sim: Some(f64::NAN), ..result(Model::Gpt35, 1) };
    RunSpec::with(())
        .given(vec![started()])
        .when(TestRunCommand::RecordResult(Box::new(result)))
        .then_expect_error(TestRunError::NotFinite);
}

#[test]
fn a_deleted_run_is_not_found() {
    RunSpec::with(())
        .given(vec![started(), TestRunEvent::Deleted {}])
        .when(set(RunStatus::Canceled))
        .then_expect_error(TestRunError::NotFound);
}
