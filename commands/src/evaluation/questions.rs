//! Questions of suites, and their attachments.

use domain::{
    document::Source,
    ids::{DocumentId, SuiteId, TestQuestionId},
    test_suite::{Attachment, QuestionChanges, TestQuestion, TestSuiteCommand},
};

use super::{Evaluation, EvaluationError};
use crate::{
    documents::{NewContent, NewDocument},
    event_log::Committed,
    execute::Context,
    uploads::KeepUpload,
};

impl Evaluation {
    /// Adds a question at the end of a suite.
    ///
    /// # Errors
    /// [`EvaluationError::Suite`] if the suite does not exist or the event log failed.
    pub async fn add_question(
        &self,
        suite: SuiteId,
        id: TestQuestionId,
        question: TestQuestion,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        let command = TestSuiteCommand::AddQuestion(id, question);
        Ok(self.make_in_suite(suite, id.value(), command, vec![], context).await?)
    }

    /// Changes a question. Existing results keep its earlier text.
    ///
    /// # Errors
    /// [`EvaluationError::Suite`] if the question does not exist or the event log failed.
    pub async fn change_question(
        &self,
        suite: SuiteId,
        id: TestQuestionId,
        changes: QuestionChanges,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        Ok(self.on_suite(suite, TestSuiteCommand::ChangeQuestion(id, changes), context).await?)
    }

    /// Deletes a question. Runs that have not reached it skip it.
    ///
    /// # Errors
    /// [`EvaluationError::Suite`] if the question does not exist or the event log failed.
    pub async fn delete_question(
        &self,
        suite: SuiteId,
        id: TestQuestionId,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        Ok(self.on_suite(suite, TestSuiteCommand::DeleteQuestion(id), context).await?)
    }

    /// Attaches a file or text to a question. The file is stored first; it is removed again if it cannot be attached.
    ///
    /// # Errors
    /// [`EvaluationError::Upload`] if the file cannot be stored, [`EvaluationError::Suite`] if the question does not
    /// exist or the event log failed; nothing was attached then.
    pub async fn attach(
        &self,
        suite: SuiteId,
        question_id: TestQuestionId,
        document_id: DocumentId,
        attachment: NewDocument,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        let NewDocument { title, description, content } = attachment;
        let NewContent { document_type, text_content, file } = content;
        let file = match file {
            Some(file) => Some(self.uploads.keep(file).await?),
            None => None,
        };
        let source = Source { document_type, file: file.clone(), text_content };
        let attachment = Attachment { title, description, source };
        let command = TestSuiteCommand::Attach { question_id, document_id, attachment };
        let rows = file.iter().map(|file| KeepUpload(file.name.clone()).into()).collect();
        let result = self.make_in_suite(suite, document_id.value(), command, rows, context).await;
        self.uploads.discard_unless_recorded(file.as_ref(), &result).await;
        Ok(result?)
    }

    /// Removes an attachment from a question.
    ///
    /// # Errors
    /// [`EvaluationError::Suite`] if the attachment does not exist or the event log failed.
    pub async fn remove_attachment(
        &self,
        suite: SuiteId,
        question: TestQuestionId,
        id: DocumentId,
        context: &Context,
    ) -> Result<Committed, EvaluationError> {
        Ok(self.on_suite(suite, TestSuiteCommand::RemoveDocument(question, id), context).await?)
    }
}
