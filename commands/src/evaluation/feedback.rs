//! Feedback of reviewers on results.

use domain::{
    feedback::{Feedback, FeedbackCommand, Opinion},
    ids::{ResultId, RunFeedbackId, RunId, UserId},
    test_run::TestRun,
    values::Rating,
};

use super::{Evaluation, EvaluationError};
use crate::{event_log::Committed, execute::Context, holds::delete_own_unless_held};

impl Evaluation {
    /// Records feedback on a result.
    ///
    /// # Errors
    /// - [`EvaluationError::ResultNotFound`]: the run has no such result.
    /// - [`EvaluationError::Feedback`]: the event log failed.
    pub async fn give_feedback(
        &self,
        id: RunFeedbackId,
        author: UserId,
        (run_id, result_id): (RunId, ResultId),
        opinion: Opinion,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        let run = self.commands.log().load::<TestRun>(run_id.value()).await?.aggregate;
        if !matches!(run, TestRun::Started { results, .. } if results.contains(&result_id)) {
            return Err(EvaluationError::ResultNotFound);
        }
        let command = FeedbackCommand::Give { author, run_id, result_id, opinion };
        Ok(self.commands.execute::<Feedback>(id.value(), command, context).await?)
    }

    /// Changes rating and notes.
    ///
    /// # Errors
    /// [`EvaluationError::Feedback`] if the aggregate refuses the change or the event log failed.
    pub async fn change_feedback(
        &self,
        id: RunFeedbackId,
        rating: Option<Rating>,
        notes: Option<String>,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        let command = FeedbackCommand::Change { rating, notes };
        Ok(self.commands.execute::<Feedback>(id.value(), command, context).await?)
    }

    /// Deletes feedback.
    ///
    /// # Errors
    /// [`EvaluationError::Feedback`] if it does not exist or the event log failed; [`EvaluationError::Held`] if a legal
    /// hold is on its author.
    pub async fn delete_feedback(&self, id: RunFeedbackId, context: &Context) -> Result<Committed, EvaluationError> {
        let deletion = (id.value(), FeedbackCommand::Delete);
        Ok(delete_own_unless_held::<Feedback, EvaluationError>(&self.commands, deletion, context).await?)
    }
}
