//! The bodies of requests about test suites, their questions and runs.

use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema)]
pub struct NewSuite {
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    pub temperature: f64,
    pub topk: i32,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct SuiteChange {
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    pub name: Option<String>,
    #[schema(nullable = false)]
    pub temperature: Option<f64>,
    #[schema(nullable = false)]
    pub topk: Option<i32>,
}

#[derive(ToSchema)]
pub struct NewTestQuestion {
    #[schema(min_length = 1)]
    pub question: String,
    #[schema(min_length = 1, max_length = 10, default = "en", nullable = false)]
    pub language: Option<String>,
    /// What the answers are compared with.
    #[schema(min_length = 1)]
    pub human_answer: String,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct TestQuestionChange {
    #[schema(min_length = 1, nullable = false)]
    pub question: Option<String>,
    #[schema(min_length = 1, max_length = 10, nullable = false)]
    pub language: Option<String>,
    #[schema(min_length = 1, nullable = false)]
    pub human_answer: Option<String>,
}

#[derive(ToSchema)]
pub struct NewRun {
    /// Whose documents and prompt the answers are made from.
    pub project: Uuid,
    /// 1: running, 2: completed, 3: cancelled, 4: failed.
    #[schema(minimum = 1, maximum = 4, default = 1, nullable = false)]
    pub status: Option<i16>,
    #[schema(default = true, nullable = false)]
    pub references: Option<bool>,
    /// Each is asked every question.
    #[schema(min_items = 1, minimum = 1, maximum = 8, nullable = false)]
    pub models: Option<Vec<i16>>,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct RunChange {
    /// 3 cancels the run.
    #[schema(minimum = 1, maximum = 4, nullable = false)]
    pub status: Option<i16>,
    #[schema(nullable = false)]
    pub references: Option<bool>,
    #[schema(min_items = 1, minimum = 1, maximum = 8, nullable = false)]
    pub models: Option<Vec<i16>>,
}

#[derive(ToSchema)]
pub struct NewRunFeedback {
    pub test_result_id: Uuid,
    #[schema(minimum = 1, maximum = 6)]
    pub rating: i16,
    #[schema(min_length = 1)]
    pub notes: String,
}

/// Only what is named is changed.
#[derive(ToSchema)]
pub struct RunFeedbackChange {
    #[schema(minimum = 1, maximum = 6, nullable = false)]
    pub rating: Option<i16>,
    #[schema(min_length = 1, nullable = false)]
    pub notes: Option<String>,
}
