//! Records questions, and the outcomes of their answers, however long the log cannot be written.

use std::{pin::pin, time::Duration};

use domain::{
    chat::{Chat, ChatCommand, ChatError, ChatEvent, Question},
    ids::{ChatId, MessageId},
};
use tokio::time::{sleep, timeout};

use super::{Answering, AskError, TurnEvent, interrupted::AwaitedAnswer, turn::Work};
use crate::{
    event_log::{AppendError, Committed, NewJob, Reservation, Row, StoreError},
    execute::{Context, ExecuteError},
};

/// The pause before a complete answer is recorded again while the log cannot be written.
const PAUSE: Duration = Duration::from_secs(1);
/// The last word to a client whose answer could not be recorded in this time.
const UNSAVED: &str = "The answer could not be saved so far. Please look into this chat again later.";
/// Outcomes of a chat that are searched for one of unknown outcome, the latest first.
const MAX_OUTCOMES: i64 = 100;

type Recorded = Result<Committed, ExecuteError<ChatError>>;

impl Answering {
    /// Records a question, with the job that stands for its answer.
    pub(super) async fn record_question(
        &self,
        chat: ChatId,
        question: &Question,
        nonce: Option<String>,
        notice: Option<&str>,
        context: &Context,
    ) -> Result<Committed, AskError> {
        let answer = question.answer_id.value();
        let mut rows: Vec<Row> = Vec::new();
        if let Some(nonce) = nonce {
            let value = self.keys.keyed_hash("nonce", &nonce);
            rows.push(Row::Claim { set: Reservation::Nonce, value, owner: answer });
        }
        let awaited = AwaitedAnswer {
            chat_id: chat.value(),
            notice: notice.map(str::to_owned),
            correlation_id: context.correlation_id,
        };
        rows.push(Row::Job(NewJob { leased_by: Some(self.process), ..NewJob::new(answer, answer, &awaited) }));
        let mut attempt = 1;
        loop {
            let mut unit = self.commands.unit(context);
            unit.stage::<Chat>(chat.value(), ChatCommand::Ask(question.clone())).await.map_err(
                |error| match error {
                    ExecuteError::Refused(ChatError::NotFound) => AskError::ChatNotFound,
                    other => other.into(),
                },
            )?;
            unit.rows.extend(rows.iter().cloned());
            match unit.commit(answer).await {
                Err(AppendError::VersionConflict) if attempt < 10 => attempt += 1,
                Err(AppendError::Taken(_)) => return Err(AskError::NonceUsed),
                Err(error) => return Err(AskError::Execute(error.into())),
                Ok(committed) => return Ok(committed),
            }
        }
    }
}

impl Work {
    /// Records an outcome as [`record`](Self::record) does. If that takes long, the client is told, and its request
    /// ends; the outcome is recorded all the same as soon as the log can be written.
    pub(super) async fn record_in_time(&self, outcome: Vec<ChatCommand>) -> Recorded {
        let mut recording = pin!(self.record(outcome));
        if let Ok(recorded) = timeout(self.answering.save_patience, &mut recording).await {
            return recorded;
        }
        self.report(TurnEvent::Failed { message: UNSAVED.to_owned(), committed: None });
        recording.await
    }

    /// Records an outcome with the commands that led to it, and ends the job of the work, all in one append. Waits
    /// while the log is unavailable: if that takes too long, another worker takes over the job, and this outcome is
    /// refused.
    async fn record(&self, outcome: Vec<ChatCommand>) -> Recorded {
        let rows = vec![Row::FinishJob(self.question.answer_id.value())];
        let commands = &self.answering.commands;
        // Whether an attempt may have taken effect although it has failed: then the next one is refused.
        let mut is_in_doubt = false;
        loop {
            let mut recorded =
                commands.execute_all::<Chat>(self.chat.value(), outcome.clone(), rows.clone(), &self.context).await;
            if is_in_doubt && matches!(recorded, Err(ExecuteError::Refused(ChatError::NoOpenTurn))) {
                recorded = self.recorded_before(&outcome, recorded).await;
            }
            match recorded {
                Err(
                    error @ (ExecuteError::Append(AppendError::Unavailable(_))
                    | ExecuteError::Store(StoreError::Unavailable(_))),
                ) => {
                    is_in_doubt = true;
                    tracing::warn!(error = %crate::error_chain(&error), chat = %self.chat, "an answer waits to be recorded");
                    // When the process ends, its job is released, and another worker records the failure.
                    if self.answering.interruption.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                        return Err(error);
                    }
                }
                recorded => return recorded,
            }
        }
    }

    /// Returns the success of an earlier attempt whose outcome was unknown, or the refusal if the log has another
    /// outcome, such as that of a worker who took this process for dead.
    async fn recorded_before(&self, outcome: &[ChatCommand], refused: Recorded) -> Recorded {
        let commands = &self.answering.commands;
        let types = ["AnswerCompleted", "AnswerFailed"];
        let events = commands.log().latest_events_of::<Chat>(self.chat.value(), &types, MAX_OUTCOMES).await?;
        if events.iter().any(|event| outcome.iter().any(|command| is_outcome(event, command))) {
            return Ok(commands.committed_before::<Chat>(self.chat.value()).await?);
        }
        refused
    }
}

/// Returns whether the event is what the command has led to.
fn is_outcome(event: &ChatEvent, command: &ChatCommand) -> bool {
    let failed =
        |answer: &MessageId| matches!(command, ChatCommand::FailAnswer { answer_id, .. } if answer_id == answer);
    match event {
        ChatEvent::AnswerCompleted(answer) => {
            matches!(command, ChatCommand::CompleteAnswer(completion) if completion.answer_id == answer.answer_id)
        }
        ChatEvent::AnswerFailed { answer_id, .. } => failed(answer_id),
        _ => false,
    }
}
