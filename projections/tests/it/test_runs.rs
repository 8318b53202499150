//! Test suites, their runs and the feedback on results.

use domain::{
    document::{Source, StoredFile},
    feedback::FeedbackEvent,
    ids::{DocumentId, ResultId, RunFeedbackId, RunId, SuiteId, TestQuestionId},
    test_run::{RunPlan, RunResult, TestRunEvent},
    test_suite::{Attachment, Retrieval, SuiteSettings, TestQuestion, TestSuiteEvent},
    values::{DocumentType, Model, Rating, SuiteName},
};
use insta::assert_json_snapshot;
use projections::{Views, run_feedback, test_runs, test_suites};
use sqlx::PgPool;

use crate::history::{GUIDE, History, MEDIA, NURSE, WARD, added, created, everything, json, number, registered, title};

const SUITE: SuiteId = SuiteId::new(number(41));
const QUESTION: TestQuestionId = TestQuestionId::new(number(42));
const PICTURE: DocumentId = DocumentId::new(number(43));
const RUN: RunId = RunId::new(number(44));
const RESULT: ResultId = ResultId::new(number(45));
const FAILED: ResultId = ResultId::new(number(46));
const FEEDBACK: RunFeedbackId = RunFeedbackId::new(number(47));

fn question(text: &str) -> TestQuestion {
    TestQuestion { question: text.to_owned(), human_answer: "14 days".to_owned(), language: "en".to_owned() }
}

fn suite_created() -> TestSuiteEvent {
    let name = SuiteName::parse("Ward").expect("well-formed");
    let settings = SuiteSettings { name, retrieval: Retrieval { temperature: 1.0, top_k: -1 } };
    TestSuiteEvent::Created { creator: None, settings }
}

fn attached() -> TestSuiteEvent {
    let file = StoredFile { name: "chart.png".to_owned(), size: 7, sha256: String::new() };
    let source = Source { document_type: DocumentType::File, file: Some(file), text_content: None };
    let attachment = Attachment { title: title("Chart"), description: None, source };
    TestSuiteEvent::DocumentAttached { question_id: QUESTION, document_id: PICTURE, attachment }
}

fn started() -> TestRunEvent {
    TestRunEvent::Started {
        creator: None,
        plan: RunPlan {
            suite_id: SUITE,
            project_id: WARD,
            models: vec![Model::Gpt4, Model::Gpt35],
            references: true,
            questions: vec![QUESTION],
            retrieval: Retrieval { temperature: 1.0, top_k: -1 },
        },
    }
}

fn result(result_id: ResultId, model: Model) -> RunResult {
    RunResult {
        result_id,
        question_id: QUESTION,
        question: question("Zinc?"),
        model,
        answer: String::new(),
        references: vec![],
        cosine_sim: None,
        bleu_score: None,
        embedding_model: None,
        failure: None,
        generation: None,
    }
}

/// A completed run of one question by two models, one of which failed, and a nurse's opinion.
fn history() -> History {
    let answered = RunResult {
        answer: "For 14 days".to_owned(),
        references: vec![GUIDE],
        cosine_sim: Some(0.75),
        bleu_score: Some(1.0),
        ..result(RESULT, Model::Gpt4)
    };
    let mut history = History::default();
    history
        .user(NURSE, registered("asha"))
        .project(WARD, created("Ward"))
        .document(GUIDE, added(WARD, "Guide", None))
        .suite(SUITE, suite_created())
        .suite(SUITE, TestSuiteEvent::QuestionAdded { question_id: QUESTION, question: question("Zinc?") })
        .suite(SUITE, attached())
        .run(RUN, started())
        .run(RUN, TestRunEvent::ResultRecorded(Box::new(answered)))
        .run(RUN, TestRunEvent::ResultRecorded(Box::new(result(FAILED, Model::Gpt35))))
        .run(RUN, TestRunEvent::Completed {})
        .run_feedback(
            FEEDBACK,
            FeedbackEvent::Given {
                author: NURSE,
                run_id: RUN,
                result_id: RESULT,
                rating: Rating::Good,
                notes: "Clear".into(),
            },
        );
    history
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_suite_and_its_questions_are_shown_as_the_contract_says(pool: PgPool) {
    let views = Views::beside(&pool);
    let (suite, questions) = history()
        .shows(&pool, async || {
            let suite = test_suites::find(&views, SUITE).await.expect("read");
            (suite, test_suites::questions(&views, SUITE, &everything(), MEDIA).await.expect("read"))
        })
        .await;
    assert_json_snapshot!(suite);
    assert_json_snapshot!(questions.results);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_is_shown_with_everything_that_belongs_to_it(pool: PgPool) {
    let views = Views::beside(&pool);
    let (run, page) = history()
        .shows(&pool, async || {
            let run = test_runs::find(&views, SUITE, RUN, MEDIA).await.expect("read").expect("there");
            let page = test_runs::page(&views, SUITE, &everything()).await.expect("read");
            let runs = test_runs::of_ids(&views, &page.results, MEDIA).await.expect("read");
            (run, page.with_rows(runs))
        })
        .await;
    assert_eq!(page.results, std::slice::from_ref(&run));
    assert_eq!((run.status, run.models.as_slice(), run.references), (2, &[3, 1][..], true));
    assert_eq!(run.project_object.as_ref().map(|project| project.title.as_str()), Some("Ward"));
    let [answered, failed] = run.test_results.as_slice() else { panic!("{:?}", run.test_results) };
    // The positions of the events that made them.
    assert_eq!((answered.id, failed.id, answered.test_run, failed.test_run), (8, 9, 7, 7));
    assert_eq!(answered.references[0].title, "Guide");
    assert_eq!((answered.cosine_sim, answered.bleu_score), (0.75, 1.0));
    assert_eq!((failed.cosine_sim, failed.bleu_score, failed.answer.as_str()), (0.0, 0.0, ""));
    let documents = answered.test_question.as_ref().map(|question| question.documents.len());
    assert_eq!(documents, Some(1));
    let [feedback] = answered.feedback.as_slice() else { panic!("{:?}", answered.feedback) };
    assert_eq!((feedback.rating, feedback.notes.as_str()), (5, "Clear"));
    assert_eq!(feedback.user_object.username, "asha");
    assert_eq!(failed.feedback, []);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_result_goes_on_showing_a_question_that_was_deleted(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    history
        .suite(SUITE, TestSuiteEvent::QuestionDeleted { question_id: QUESTION })
        .suite(SUITE, TestSuiteEvent::Deleted {});
    let (suite, questions, run) = history
        .shows(&pool, async || {
            let suite = test_suites::find(&views, SUITE).await.expect("read");
            let questions = test_suites::questions(&views, SUITE, &everything(), MEDIA).await.expect("read");
            (suite, questions, test_runs::find(&views, SUITE, RUN, MEDIA).await.expect("read").expect("there"))
        })
        .await;
    assert_eq!((suite, questions.count), (None, 0));
    let shown = run.test_results[0].test_question.as_ref().map(|question| question.question.as_str());
    assert_eq!(shown, Some("Zinc?"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn feedback_is_found_by_its_number_until_it_is_deleted(pool: PgPool) {
    let views = Views::beside(&pool);
    let mut history = history();
    let find = async || run_feedback::id_of(&views, 11).await.expect("read");
    assert_eq!(history.shows(&pool, find).await, Some(FEEDBACK));
    history.run_feedback(FEEDBACK, FeedbackEvent::Deleted {});
    assert_eq!(history.shows(&pool, find).await, None);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn people_who_are_not_staff_see_the_same_shape_without_the_prompt(pool: PgPool) {
    let views = Views::beside(&pool);
    let run = history()
        .shows(&pool, async || test_runs::find(&views, SUITE, RUN, MEDIA).await.expect("read").expect("there"))
        .await;
    let (staff, others) = (json(&run), json(&run.without_staff_fields()));
    assert_eq!(staff.replace("You are Ayushma. {reference}", ""), others);
}
