//! Records answers whose process died, so that the conversation shows it and no client waits.

use async_trait::async_trait;
use domain::{
    chat::{AnswerFailure, Chat, ChatCommand},
    ids::MessageId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    event_log::{JobPayload, Row},
    execute::{Commands, Context, ExecuteError},
    jobs::{Job, JobError, JobHandler},
};

/// Records the failure of answers whose lease has expired.
pub struct InterruptedAnswers {
    pub commands: Commands,
}

/// The job of an answer that is being made; it is done when the answer is recorded.
#[derive(Serialize, Deserialize)]
pub(super) struct AwaitedAnswer {
    pub chat_id: Uuid,
    pub notice: Option<String>,
    pub correlation_id: Uuid,
}

impl JobPayload for AwaitedAnswer {
    const KIND: &'static str = "answer";
}

impl InterruptedAnswers {
    /// The kinds of its jobs.
    pub const KINDS: &'static [&'static str] = &[AwaitedAnswer::KIND];
}

#[async_trait]
impl JobHandler for InterruptedAnswers {
    fn kinds(&self) -> &'static [&'static str] {
        Self::KINDS
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let awaited: AwaitedAnswer = job.payload()?;
        let command = ChatCommand::FailAnswer {
            answer_id: MessageId::new(job.subject_id),
            reason: AnswerFailure::Interrupted,
            partial_text: String::new(),
            notice: awaited.notice,
        };
        let context = Context::system("answering", awaited.correlation_id);
        let rows = vec![Row::FinishJob(job.id)];
        match self.commands.execute_with::<Chat>(awaited.chat_id, command, rows, &context).await {
            // The answer already has an outcome, or the chat is deleted.
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        self.run(job).await
    }
}
