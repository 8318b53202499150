//! Test suites, their runs, and what reviewers say of the answers.

use domain::{
    feedback::{Feedback, FeedbackCommand, Opinion},
    ids::{ResultId, RunId, SuiteId, TestQuestionId, UserId},
    test_run::{RunPlan, RunResult, TestRun, TestRunCommand},
    test_suite::{Retrieval, SuiteSettings, TestQuestion, TestSuite, TestSuiteCommand},
    values::{Model, Rating, SuiteName},
};
use rand::RngExt as _;

use super::{
    conversation::generation,
    house::House,
    teller::{Living, Teller},
    texts,
};

const QUESTIONS: usize = 20;
const RETRIEVAL: Retrieval = Retrieval { temperature: 0.1, top_k: 100 };

/// A suite with one run after the other.
pub(crate) struct Evaluation {
    suite: Living<TestSuite>,
    questions: Vec<(TestQuestionId, TestQuestion)>,
    run: Option<Living<TestRun>>,
}

impl Evaluation {
    pub(crate) async fn begin(teller: &mut Teller, house: &House) -> anyhow::Result<Self> {
        let staff = house.one_of_the_staff(teller);
        let request = teller.by_person(staff);
        let mut suite = Living::absent(teller.new_id());
        let settings = SuiteSettings { name: SuiteName::parse("Doses for children")?, retrieval: RETRIEVAL };
        let create = TestSuiteCommand::Create { creator: Some(UserId::new(staff)), settings };
        teller.execute(&mut suite, &request, [create]).await?;
        let mut questions = Vec::new();
        for _ in 0..QUESTIONS {
            let (question, human_answer) = (texts::question(&mut teller.chance), texts::text(&mut teller.chance, 1..5));
            let asked = (
                TestQuestionId::new(teller.new_id()),
                TestQuestion { question, human_answer, language: "en".to_owned() },
            );
            let add = TestSuiteCommand::AddQuestion(asked.0, asked.1.clone());
            teller.execute(&mut suite, &request, [add]).await?;
            questions.push(asked);
        }
        Ok(Self { suite, questions, run: None })
    }

    /// Puts the next question to the next model, starts the next run, or ends the one that has all answers.
    pub(crate) async fn go_on(&mut self, teller: &mut Teller, house: &House) -> anyhow::Result<()> {
        let Some(run) = &mut self.run else {
            self.run = Some(self.start(teller, house).await?);
            return Ok(());
        };
        let Some((model, question_id)) = run.aggregate.remaining().next() else {
            let request = teller.by_system("test-runs");
            teller.execute(run, &request, [TestRunCommand::Complete]).await?;
            self.run = None;
            return Ok(());
        };
        let (_, question) =
            self.questions.iter().find(|(id, _)| *id == question_id).expect("runs ask what the suite has");
        let retrieval = teller.stage(5..80);
        let result_id = ResultId::new(teller.new_id());
        let result = RunResult {
            result_id,
            question_id,
            question: question.clone(),
            model,
            answer: texts::text(&mut teller.chance, 3..12),
            references: vec![],
            cosine_sim: Some(teller.chance.random_range(0.5..1.0)),
            bleu_score: Some(teller.chance.random_range(0.0..0.6)),
            embedding_model: Some("text-embedding-3-small".to_owned()),
            failure: None,
            generation: Some(generation(teller, retrieval, &[])),
        };
        let run_id = RunId::new(run.id);
        let request = teller.by_system("test-runs");
        teller.execute(run, &request, [TestRunCommand::RecordResult(Box::new(result))]).await?;
        if teller.is_likely(0.5) { rate(teller, house, run_id, result_id).await } else { Ok(()) }
    }

    async fn start(&self, teller: &mut Teller, house: &House) -> anyhow::Result<Living<TestRun>> {
        let staff = house.one_of_the_staff(teller);
        let mut run = Living::absent(teller.new_id());
        let plan = RunPlan {
            suite_id: SuiteId::new(self.suite.id),
            project_id: house.ward(house.a_ward(teller)).project(),
            models: vec![Model::Gpt4Omni, Model::Gpt4OmniMini],
            references: false,
            questions: self.questions.iter().map(|(id, _)| *id).collect(),
            retrieval: RETRIEVAL,
        };
        let request = teller.by_person(staff);
        let start = TestRunCommand::Start { creator: Some(UserId::new(staff)), plan };
        teller.execute(&mut run, &request, [start]).await?;
        Ok(run)
    }
}

async fn rate(teller: &mut Teller, house: &House, run_id: RunId, result_id: ResultId) -> anyhow::Result<()> {
    let reviewer = house.a_reviewer(teller);
    let rating = Rating::ALL[teller.place(Rating::ALL.len())];
    let opinion = Opinion { rating, notes: texts::remark(&mut teller.chance) };
    let mut feedback = Living::<Feedback>::absent(teller.new_id());
    let request = teller.by_person(reviewer);
    let give = FeedbackCommand::Give { author: UserId::new(reviewer), run_id, result_id, opinion };
    teller.execute(&mut feedback, &request, [give]).await
}
