//! The work on a run: one job for each question, so that a long run delays no other job and continues where it stood
//! after a crash.

use async_trait::async_trait;
use domain::{
    ids::{ResultId, TestQuestionId},
    metrics::{cosine_similarity, sentence_bleu},
    test_run::{ResultFailure, RunFailure, RunPlan, RunResult, TestRun, TestRunCommand},
    test_suite::{TestQuestion, TestSuite},
    values::Model,
};
use secrecy::SecretString;

use super::{NextQuestion, runs::next_question};
use crate::{
    answering::{Answering, AskError, Draft, English, Failure, Written},
    event_log::{JobPayload, Row},
    execute::{Context, ExecuteError},
    jobs::{Job, JobError, JobHandler},
};
use knowledge::markdown::{unescaped, written};
use ports::{ProviderError, TextKind};

/// Asks a model the next question of a run, records the result and enqueues the job for the rest.
pub struct RunQuestions {
    pub answering: Answering,
}

impl RunQuestions {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[NextQuestion::KIND];
}

#[async_trait]
impl JobHandler for RunQuestions {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let log = self.answering.commands.log();
        let run = log.load::<TestRun>(job.subject_id).await.map_err(JobError::from_source)?.aggregate;
        // A change that resumes the run enqueues another job.
        let TestRun::Started { plan, .. } = &run else { return Ok(()) };
        let suite = log.load::<TestSuite>(plan.suite_id.value()).await.map_err(JobError::from_source)?.aggregate;
        if !matches!(suite, TestSuite::Existing { .. }) {
            return self.end(job, TestRunCommand::Fail(RunFailure::SuiteGone)).await;
        }
        let next = run.remaining().find_map(|(model, id)| Some((model, suite.question(id)?)));
        let Some((model, question)) = next else { return self.end(job, TestRunCommand::Complete).await };
        let project = self.answering.projects.load(plan.project_id).await.map_err(JobError::from_source)?;
        let key = match self.answering.choose_key(Some((plan.project_id, &project)), None, true).await {
            Ok(key) => key.into_key(),
            Err(AskError::NoKey(_)) => return self.end(job, TestRunCommand::Fail(RunFailure::NoKey)).await,
            Err(error) => return Err(JobError::from_source(error)),
        };
        let result = self.ask(plan, model, (question.id, &question.content), key).await?;
        self.record(job, TestRunCommand::RecordResult(Box::new(result)), true).await
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        self.end(job, TestRunCommand::Fail(RunFailure::Unworkable)).await
    }
}

impl RunQuestions {
    async fn end(&self, job: &Job, command: TestRunCommand) -> Result<(), JobError> {
        self.record(job, command, false).await
    }

    /// Ends this job with its outcome, and with the next job if there is one, in one transaction.
    async fn record(&self, job: &Job, command: TestRunCommand, goes_on: bool) -> Result<(), JobError> {
        let NextQuestion { correlation_id } = job.payload()?;
        let commands = &self.answering.commands;
        let next = goes_on.then(|| next_question(job.subject_id, self.answering.clock.new_id(), correlation_id));
        let rows = std::iter::once(Row::FinishJob(job.id)).chain(next).collect();
        let context = Context::system("evaluation", correlation_id);
        match commands.execute_with::<TestRun>(job.subject_id, command, rows, &context).await {
            // Canceled, deleted, or recorded by another worker in the meantime.
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }

    async fn ask(
        &self,
        plan: &RunPlan,
        model: Model,
        (question_id, question): (TestQuestionId, &TestQuestion),
        key: Option<SecretString>,
    ) -> Result<RunResult, JobError> {
        let without_answer = RunResult {
            result_id: ResultId::new(self.answering.clock.new_id()),
            question_id,
            question: question.clone(),
            model,
            answer: String::new(),
            references: vec![],
            cosine_sim: None,
            bleu_score: None,
            embedding_model: None,
            failure: None,
            generation: None,
        };
        let Written { text: answer, citations, generation } = match self.answer(plan, model, question, key).await? {
            Ok(written) => written,
            Err(failure) => return Ok(RunResult { failure: Some(failure), ..without_answer }),
        };
        // Quotes are compared by their visible text, answers of models by their Markdown.
        let is_quoted = self.answering.model.is_built_in();
        let compared = if is_quoted { unescaped(&answer) } else { written(&answer) };
        Ok(RunResult {
            references: if plan.references { citations } else { vec![] },
            cosine_sim: self.cosine(&compared, &question.human_answer).await?,
            bleu_score: Some(sentence_bleu(&compared, &question.human_answer)),
            embedding_model: Some(self.answering.passage_store.chosen().model().to_owned()),
            generation: Some(generation),
            answer,
            ..without_answer
        })
    }

    /// Makes the answer as for a chat, without a conversation.
    async fn answer(
        &self,
        plan: &RunPlan,
        model: Model,
        question: &TestQuestion,
        key: Option<SecretString>,
    ) -> Result<Result<Written, ResultFailure>, JobError> {
        let english = self.answering.in_english(&question.question, &question.language, key.as_ref()).await;
        let Ok(english) = english else { return Ok(Err(ResultFailure::NoTranslation)) };
        let (text, is_in_english) = match &english {
            English::Original => (&question.question, true),
            English::Translated(english) => (&english.text, true),
            English::Unknown => (&question.question, false),
        };
        let settings = self.answering.settings_of(plan.project_id).await.map_err(JobError::from_source)?;
        let top_k = u32::try_from(plan.retrieval.top_k).unwrap_or_default();
        let written = async {
            let retrieved = self.answering.retrieve(plan.project_id, text, top_k, model, key.clone()).await?;
            let draft = Draft {
                template: settings.as_ref().map_or("", |settings| settings.prompt.as_str()),
                model,
                retrieved,
                history: vec![],
                question: text,
                temperature: plan.retrieval.temperature,
                key,
            };
            let (written, translated) =
                self.answering.write_for(&question.language, is_in_english, draft, |_| {}).await?;
            let text = translated.map_or(written.text, |translated| translated.text);
            Ok(Written { text, ..written })
        };
        Ok(written.await.map_err(|failure: Failure| ResultFailure::Answer(failure.reason)))
    }

    async fn cosine(&self, answer: &str, human_answer: &str) -> Result<Option<f64>, JobError> {
        if answer.trim().is_empty() {
            return Ok(None);
        }
        let texts = [answer.to_owned(), human_answer.to_owned()];
        match self.answering.passage_store.chosen().embed(&texts, TextKind::Passage).await {
            Ok(vectors) => Ok(match vectors.as_slice() {
                [answer, human_answer] => cosine_similarity(answer, human_answer),
                _ => None,
            }),
            Err(error @ (ProviderError::RateLimited | ProviderError::Unavailable(_))) => {
                Err(JobError::from_source(error))
            }
            Err(error) => {
                tracing::warn!(error = %crate::error_chain(&error), "an answer cannot be compared");
                Ok(None)
            }
        }
    }
}
