//! Specification of the test suite's rules, as given / when / then.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::{
    Attachment, QuestionChanges, Retrieval, SuiteChanges, SuiteSettings, TestQuestion, TestSuite, TestSuiteCommand,
    TestSuiteError, TestSuiteEvent,
};
use crate::{
    document::Source,
    ids::{DocumentId, TestQuestionId},
    values::{DocumentType, SuiteName, Title},
};

type SuiteSpec = TestFramework<TestSuite>;

const QUESTION: TestQuestionId = TestQuestionId::new(Uuid::from_u128(1));
const PICTURE: DocumentId = DocumentId::new(Uuid::from_u128(2));

fn name(text: &str) -> SuiteName {
    SuiteName::parse(text).expect("well-formed")
}

fn settings() -> SuiteSettings {
    SuiteSettings { name: name("Ward"), retrieval: Retrieval { temperature: 0.1, top_k: 10 } }
}

fn created() -> TestSuiteEvent {
    TestSuiteEvent::Created { creator: None, settings: settings() }
}

fn question() -> TestQuestion {
    TestQuestion { question: "Zinc?".to_owned(), human_answer: "14 days".to_owned(), language: "en".to_owned() }
}

fn added() -> TestSuiteEvent {
    TestSuiteEvent::QuestionAdded { question_id: QUESTION, question: question() }
}

fn attachment() -> Attachment {
    Attachment {
        title: Title::parse("Chart").expect("well-formed"),
        description: None,
        source: Source { document_type: DocumentType::Text, file: None, text_content: Some("Weights".to_owned()) },
    }
}

fn attached() -> TestSuiteEvent {
    TestSuiteEvent::DocumentAttached { question_id: QUESTION, document_id: PICTURE, attachment: attachment() }
}

fn attach() -> TestSuiteCommand {
    TestSuiteCommand::Attach { question_id: QUESTION, document_id: PICTURE, attachment: attachment() }
}

#[test]
fn a_suite_is_created_once() {
    let create = TestSuiteCommand::Create { creator: None, settings: settings() };
    SuiteSpec::with(()).given_no_previous_events().when(create.clone()).then_expect_events(vec![created()]);
    SuiteSpec::with(()).given(vec![created()]).when(create).then_expect_error(TestSuiteError::AlreadyCreated);
}

#[test]
fn a_temperature_that_json_cannot_hold_is_refused() {
    let retrieval = Retrieval { temperature: f64::INFINITY, top_k: 1 };
    SuiteSpec::with(())
        .given_no_previous_events()
        .when(TestSuiteCommand::Create { creator: None, settings: SuiteSettings { retrieval, ..settings() } })
        .then_expect_error(TestSuiteError::NotFinite);
    let changes = SuiteChanges { temperature: Some(f64::NAN), ..SuiteChanges::default() };
    SuiteSpec::with(())
        .given(vec![created()])
        .when(TestSuiteCommand::Change(changes))
        .then_expect_error(TestSuiteError::NotFinite);
}

#[test]
fn only_what_differs_becomes_an_event() {
    let changes = SuiteChanges { name: Some(name("Ward")), temperature: Some(0.1), top_k: Some(-1) };
    SuiteSpec::with(())
        .given(vec![created()])
        .when(TestSuiteCommand::Change(changes))
        .then_expect_events(vec![TestSuiteEvent::RetrievalChanged(Retrieval { temperature: 0.1, top_k: -1 })]);
    let changes = QuestionChanges { question: Some("Zinc?".to_owned()), ..QuestionChanges::default() };
    SuiteSpec::with(())
        .given(vec![created(), added()])
        .when(TestSuiteCommand::ChangeQuestion(QUESTION, changes))
        .then_expect_events(vec![]);
}

#[test]
fn a_change_of_a_question_keeps_the_rest_of_it() {
    let changes = QuestionChanges { human_answer: Some("Two weeks".to_owned()), ..QuestionChanges::default() };
    let rewritten = TestQuestion { human_answer: "Two weeks".to_owned(), ..question() };
    SuiteSpec::with(())
        .given(vec![created(), added()])
        .when(TestSuiteCommand::ChangeQuestion(QUESTION, changes))
        .then_expect_events(vec![TestSuiteEvent::QuestionChanged { question_id: QUESTION, question: rewritten }]);
}

#[test]
fn a_deleted_question_is_gone_with_its_attachments() {
    let deleted = TestSuiteEvent::QuestionDeleted { question_id: QUESTION };
    for command in [
        TestSuiteCommand::DeleteQuestion(QUESTION),
        TestSuiteCommand::ChangeQuestion(QUESTION, QuestionChanges::default()),
        TestSuiteCommand::RemoveDocument(QUESTION, PICTURE),
        attach(),
    ] {
        SuiteSpec::with(())
            .given(vec![created(), added(), attached(), deleted.clone()])
            .when(command)
            .then_expect_error(TestSuiteError::QuestionNotFound);
    }
}

#[test]
fn a_document_is_attached_and_removed_once() {
    SuiteSpec::with(()).given(vec![created(), added()]).when(attach()).then_expect_events(vec![attached()]);
    SuiteSpec::with(())
        .given(vec![created(), added(), attached()])
        .when(attach())
        .then_expect_error(TestSuiteError::AlreadyAdded);
    let removed = TestSuiteEvent::DocumentRemoved { question_id: QUESTION, document_id: PICTURE };
    let remove = TestSuiteCommand::RemoveDocument(QUESTION, PICTURE);
    SuiteSpec::with(())
        .given(vec![created(), added(), attached()])
        .when(remove.clone())
        .then_expect_events(vec![removed.clone()]);
    SuiteSpec::with(())
        .given(vec![created(), added(), attached(), removed])
        .when(remove)
        .then_expect_error(TestSuiteError::DocumentNotFound);
}

#[test]
fn a_deleted_suite_takes_no_questions() {
    SuiteSpec::with(())
        .given(vec![created(), TestSuiteEvent::Deleted {}])
        .when(TestSuiteCommand::AddQuestion(QUESTION, question()))
        .then_expect_error(TestSuiteError::NotFound);
}
