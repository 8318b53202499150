//! Test runs, job by job, with the built-in model, embedder and index.

use std::sync::Arc;

use adapters::extractive::ExtractiveAnswerer;
use chrono::TimeDelta;
use commands::{
    Resources,
    answering::Answering,
    clock::Clock as _,
    evaluation::{Evaluation, NewRun, RunQuestions},
    event_log::{EventLog, MasterKey, Progress},
    jobs::Worker,
    projects::{ProjectUpdate, Projects},
    scheduler::Expiry as _,
};
use domain::{
    chat::AnswerFailure,
    ids::{ProjectId, RunId, SuiteId, TestQuestionId},
    project::{ProjectChanges, Settings},
    test_run::{ResultFailure, RunChanges, RunFailure, TestRun, TestRunEvent},
    test_suite::{Retrieval, SuiteSettings, TestQuestion},
    values::{Model, RunStatus, SttEngine, SuiteName, TtsEngine},
};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{
    answering::answering_by,
    support::{MASTER_KEY, ManualClock, new_id, number, system, title},
};

struct Bench {
    pool: PgPool,
    clock: Arc<ManualClock>,
    log: EventLog,
    evaluation: Evaluation,
    answering: Answering,
    project: ProjectId,
    suite: SuiteId,
    _folder: TempDir,
    _tasks: JoinSet<()>,
}

impl Bench {
    /// A project without documents, and a suite with two questions.
    async fn new(pool: PgPool) -> Self {
        let clock = Arc::new(ManualClock::default());
        let master = MasterKey::from_hex(MASTER_KEY).expect("the key is well-formed");
        let (log, work) = EventLog::open(pool.clone(), master, clock.clone()).await.expect("the log can be opened");
        let mut tasks = JoinSet::new();
        tasks.spawn(work);
        let resources = Resources::new(log.clone(), pool.clone(), clock.clone());
        let projects = Projects::new(&resources);
        let folder = TempDir::new().expect("temporary folders can be made");
        let answering = answering_by(Arc::new(ExtractiveAnswerer), &pool, &log, folder.path());
        let evaluation = Evaluation::new(&resources, answering.uploads.clone());
        let (project, suite) = (ProjectId::new(new_id()), SuiteId::new(new_id()));
        let update = ProjectUpdate {
            changes: ProjectChanges::default(),
            is_default: None,
            is_archived: None,
            provider_key: None,
        };
        projects.create(project, settings(), update, &system()).await.expect("a project can be made");
        let suite_settings = SuiteSettings {
            name: SuiteName::parse("Ward").expect("well-formed"),
            retrieval: Retrieval { temperature: 0.1, top_k: 10 },
        };
        evaluation.create_suite(suite, suite_settings, &system()).await.expect("a suite can be made");
        let bench = Self { pool, clock, log, evaluation, answering, project, suite, _folder: folder, _tasks: tasks };
        bench.add_question("Zinc?").await;
        bench.add_question("ORS?").await;
        bench
    }

    async fn add_question(&self, text: &str) -> TestQuestionId {
        let id = TestQuestionId::new(new_id());
        let question =
            TestQuestion { question: text.to_owned(), human_answer: "Yes".to_owned(), language: "en".to_owned() };
        self.evaluation.add_question(self.suite, id, question, &system()).await.expect("a question can be added");
        id
    }

    async fn start(&self) -> RunId {
        let id = RunId::new(new_id());
        let run = NewRun {
            suite: self.suite,
            project: self.project,
            models: vec![Model::Gpt4],
            references: true,
            status: RunStatus::Running,
        };
        self.evaluation.start_run(id, run, &system()).await.expect("a run can be started");
        id
    }

    fn worker(&self) -> Worker {
        let handler = Arc::new(RunQuestions { answering: self.answering.clone() });
        Worker::new(self.pool.clone(), new_id(), vec![handler], Progress::default())
    }

    async fn events(&self, run: RunId) -> Vec<TestRunEvent> {
        self.log.events_of::<TestRun>(run.value()).await.expect("the run can be read")
    }

    async fn outcome(&self, run: RunId) -> Option<TestRunEvent> {
        self.events(run).await.pop()
    }
}

fn settings() -> Settings {
    Settings {
        title: title("P"),
        description: None,
        prompt: String::new(),
        model: Model::Gpt35,
        stt_engine: SttEngine::Whisper,
        tts_engine: TtsEngine::Google,
        preset_questions: None,
        assistant_id: None,
    }
}

fn asked(events: &[TestRunEvent]) -> Vec<String> {
    let asked = events.iter().filter_map(|event| match event {
        TestRunEvent::ResultRecorded(result) => Some(result.question.question.clone()),
        _ => None,
    });
    asked.collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_is_one_job_a_question_and_one_to_complete_it(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start().await;
    assert_eq!(bench.worker().run_due().await.expect("jobs run"), 3);
    let events = bench.events(run).await;
    assert_eq!(asked(&events), ["Zinc?", "ORS?"]);
    assert_eq!(events.last(), Some(&TestRunEvent::Completed {}));
    assert_eq!(number(&bench.pool, "SELECT count(*) FROM jobs").await, 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_workers_record_no_question_twice(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let runs = [bench.start().await, bench.start().await];
    let (one, other) = (bench.worker(), bench.worker());
    let (one, other) = tokio::join!(one.run_due(), other.run_due());
    // What one left because the other was just about to write it.
    let rest = bench.worker().run_due().await;
    assert!(one.is_ok() && other.is_ok() && rest.is_ok());
    for run in runs {
        let events = bench.events(run).await;
        assert_eq!(asked(&events), ["Zinc?", "ORS?"]);
        assert_eq!(events.last(), Some(&TestRunEvent::Completed {}));
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn questions_that_were_deleted_since_the_start_are_passed_by_and_new_ones_are_not_asked(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let deleted = bench.add_question("Iron?").await;
    let run = bench.start().await;
    bench.evaluation.delete_question(bench.suite, deleted, &system()).await.expect("it is there");
    bench.add_question("Too late?").await;
    bench.worker().run_due().await.expect("jobs run");
    let events = bench.events(run).await;
    assert_eq!(asked(&events), ["Zinc?", "ORS?"]);
    assert_eq!(events.last(), Some(&TestRunEvent::Completed {}));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_of_a_deleted_suite_fails(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start().await;
    bench.evaluation.delete_suite(bench.suite, &system()).await.expect("it is there");
    bench.worker().run_due().await.expect("jobs run");
    assert_eq!(bench.outcome(run).await, Some(TestRunEvent::Failed { reason: RunFailure::SuiteGone }));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_run_is_answered_without_the_documents_of_its_deleted_project(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let run = bench.start().await;
    bench.answering.projects.delete(bench.project, &system()).await.expect("it is there");
    bench.worker().run_due().await.expect("jobs run");
    let events = bench.events(run).await;
    let failures = events.iter().filter_map(|event| match event {
        TestRunEvent::ResultRecorded(result) => Some(result.failure),
        _ => None,
    });
    let failed = Some(ResultFailure::Answer(AnswerFailure::RetrievalFailed));
    assert_eq!(failures.collect::<Vec<_>>(), [failed, failed]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_run_that_nobody_works_on_for_six_hours_fails(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (lost, waiting, canceled) = (bench.start().await, bench.start().await, bench.start().await);
    let changes = RunChanges { status: Some(RunStatus::Canceled), ..RunChanges::default() };
    bench.evaluation.change_run(canceled, changes, &system()).await.expect("it runs");
    sqlx::query("DELETE FROM jobs WHERE subject_id <> $1")
        .bind(waiting.value())
        .execute(&bench.pool)
        .await
        .expect("jobs can be lost");
    bench.clock.advance(TimeDelta::hours(5));
    assert_eq!(bench.evaluation.expire(bench.clock.now()).await.expect("the log can be read"), 0);
    bench.clock.advance(TimeDelta::hours(2));
    assert_eq!(bench.evaluation.expire(bench.clock.now()).await.expect("the log can be read"), 1);
    assert_eq!(bench.outcome(lost).await, Some(TestRunEvent::Failed { reason: RunFailure::Stale }));
    assert!(matches!(bench.outcome(waiting).await, Some(TestRunEvent::Started { .. })));
    assert_eq!(bench.outcome(canceled).await, Some(TestRunEvent::Canceled {}));
}
