//! Answers whose process died: the conversation is told, nothing hangs.

use async_trait::async_trait;
use domain::{
    chat::{AnswerFailure, Chat, ChatCommand},
    ids::MessageId,
};
use serde::Deserialize;
use uuid::Uuid;

use super::ANSWER;
use crate::{
    event_log::Row,
    execute::{Commands, Context, ExecuteError},
    jobs::{Job, JobError, JobHandler},
};

/// Records the failure of answers whose lease has ended.
pub struct InterruptedAnswers {
    pub commands: Commands,
}

#[derive(Deserialize)]
struct Arguments {
    chat_id: Uuid,
    notice: Option<String>,
    correlation_id: Uuid,
}

#[async_trait]
impl JobHandler for InterruptedAnswers {
    fn kinds(&self) -> &'static [&'static str] {
        &[ANSWER]
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let arguments: Arguments = serde_json::from_value(job.arguments.clone()).map_err(JobError::from_source)?;
        let command = ChatCommand::FailAnswer {
            answer_id: MessageId::new(job.subject_id),
            reason: AnswerFailure::Interrupted,
            partial_text: String::new(),
            notice: arguments.notice,
        };
        let context = Context::system("answering", arguments.correlation_id);
        let rows = vec![Row::FinishJob(job.id)];
        match self.commands.execute_with::<Chat>(arguments.chat_id, command, rows, &context).await {
            // The answer has an outcome already, or the chat is gone.
            Ok(_) | Err(ExecuteError::Refused(_)) => Ok(()),
            Err(error) => Err(JobError::from_source(error)),
        }
    }

    async fn give_up(&self, job: &Job) -> Result<(), JobError> {
        self.run(job).await
    }
}
