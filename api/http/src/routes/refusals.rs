//! The conversion of refusals and failures of use cases into the contract's errors.

mod erasure;
mod questions;

use axum::http::StatusCode;
use commands::{
    accounts::{AccountError, ResetCodeError},
    documents::DocumentsError,
    evaluation::EvaluationError,
    event_log::{AppendError, StoreError, TokenError},
    execute::ExecuteError,
    projects::ProjectsError,
    services::ServicesError,
    uploads::UploadError,
};
use domain::{
    access::AccessError, document::DocumentError, feedback::FeedbackError, project::ProjectError,
    service::ServiceError, test_run::TestRunError, test_suite::TestSuiteError, user::UserError,
};
use ports::{CaptchaError, MediaError};
use projections::QueryError;

use crate::contract::problem::ApiError;

/// The seconds after which a client may retry when the database is unavailable (`Retry-After`).
const RETRY_AFTER: u64 = 5;

const STILL_OWNS: &str =
    "The user cannot be deleted: chats, projects or services belong to the account. It can be deactivated instead.";
const LAST_SUPERUSER: &str = "The last superuser can be neither deleted nor erased: make another one first.";
const SUBJECT_ERASED: &str = "The person whose text this is was erased. Nothing is stored of an erased person any more, and this was not, either.";
const OTHER_LOG: &str =
    "X-Consistency-Token is of another log: the database was restored or replaced since it was given.";
const LOST_FUTURE: &str =
    "X-Consistency-Token is ahead of the log: the database was restored to an earlier time since it was given.";
const WITHOUT_TOKEN: &str = "What was written then may be gone: send the request without the header, and read anew.";

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        let is_away = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => true,
            // Classes of SQLSTATE: connection failures (08), shutdown and start-up (57P), out of resources (53),
            // time-outs of locks (55P03) and statements (57014).
            sqlx::Error::Database(error) => error
                .code()
                .is_some_and(|code| ["08", "57P", "53", "55P03", "57014"].iter().any(|class| code.starts_with(class))),
            _ => false,
        };
        if is_away {
            tracing::warn!(%error, "the database is away");
            Self::unavailable(RETRY_AFTER)
        } else {
            Self::internal(error)
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Malformed => Self::parse("X-Consistency-Token is none that this server has given."),
            TokenError::OtherLog => {
                Self::detail(StatusCode::PRECONDITION_FAILED, format!("{OTHER_LOG} {WITHOUT_TOKEN}"))
            }
            TokenError::AheadOfLog => {
                Self::detail(StatusCode::PRECONDITION_FAILED, format!("{LOST_FUTURE} {WITHOUT_TOKEN}"))
            }
            TokenError::Unavailable(error) => error.into(),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        error.into_inner().into()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "the event log cannot be read");
                Self::unavailable(RETRY_AFTER)
            }
            error => Self::internal(error),
        }
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Unavailable(_) | AppendError::Closed | AppendError::VersionConflict => {
                tracing::warn!(%error, "a write was refused");
                Self::unavailable(RETRY_AFTER)
            }
            AppendError::KeyReused => {
                Self::detail(StatusCode::UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request.")
            }
            AppendError::NoSuchOwner => Self::inactive(),
            AppendError::StillOwns => Self::detail(StatusCode::CONFLICT, STILL_OWNS),
            AppendError::SubjectErased => Self::detail(StatusCode::CONFLICT, SUBJECT_ERASED),
            AppendError::LastSuperuser => Self::detail(StatusCode::CONFLICT, LAST_SUPERUSER),
            error @ (AppendError::Taken(_) | AppendError::Repeated { .. }) => Self::internal(error),
        }
    }
}

impl<E> From<ExecuteError<E>> for ApiError
where
    E: Into<ApiError>,
{
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Append(error) => error.into(),
        }
    }
}

/// Returns a 409 for a conflict that only a race with another request can cause.
fn conflict(error: &dyn std::error::Error) -> ApiError {
    ApiError::detail(StatusCode::CONFLICT, format!("The request cannot be fulfilled: {error}."))
}

const SUPERUSER_IS_STAFF: &str = "A superuser keeps the staff role: without it nobody could manage users any more.";

pub(super) const AUDITOR_IS_APART: &str =
    "An auditor looks at what others do, and is neither staff nor reviewer nor superuser.";

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound => Self::not_found(),
            UserError::AlreadyRegistered => conflict(&error),
            UserError::Inactive => Self::inactive(),
            UserError::Superuser => Self::permission_denied(),
            // The front end's form shows errors of `email`, but not of `is_staff`.
            UserError::SuperuserIsStaff => Self::fields(["is_staff", "email"].map(|field| (field, SUPERUSER_IS_STAFF))),
            UserError::AuditorIsApart => Self::fields(["is_staff", "email"].map(|field| (field, AUDITOR_IS_APART))),
        }
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        conflict(&error)
    }
}

impl From<ProjectError> for ApiError {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::NotFound => Self::not_found(),
            ProjectError::AlreadyCreated => conflict(&error),
            ProjectError::HasAssistant => Self::NonFieldText("Assistant already exists for this project".to_owned()),
        }
    }
}

impl From<DocumentError> for ApiError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NotFound => Self::not_found(),
            DocumentError::AlreadyAdded | DocumentError::NotWaiting | DocumentError::NotFailed => conflict(&error),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Taken { email, username } => taken(username, email),
            AccountError::WrongCredentials => Self::non_field("Unable to log in with provided credentials."),
            AccountError::Execute(error) => error.into(),
            AccountError::Database(error) => error.into(),
            AccountError::ResetCode(error) => error.into(),
            AccountError::Busy => Self::unavailable(1),
            AccountError::Held(error) => error.into(),
            error @ (AccountError::Hashing | AccountError::Key(_)) => Self::internal(error),
        }
    }
}

impl From<ResetCodeError> for ApiError {
    fn from(error: ResetCodeError) -> Self {
        match error {
            ResetCodeError::Wrong => {
                Self::field("token", "The OTP password entered is not valid. Please check and try again.")
            }
            ResetCodeError::Expired => Self::field("token", "The OTP password has expired. Please try again."),
        }
    }
}

impl From<CaptchaError> for ApiError {
    fn from(error: CaptchaError) -> Self {
        tracing::warn!(error = commands::error_chain(&error), "a captcha cannot be checked");
        Self::unavailable(RETRY_AFTER)
    }
}

pub(super) const USERNAME_TAKEN: &str = "A user with that username already exists.";
pub(super) const EMAIL_TAKEN: &str = "user with this email address already exists.";

fn taken(username: bool, email: bool) -> ApiError {
    let taken = [("username", username, USERNAME_TAKEN), ("email", email, EMAIL_TAKEN)];
    ApiError::fields(taken.into_iter().filter(|(_, is_taken, _)| *is_taken).map(|(field, _, message)| (field, message)))
}

impl From<ProjectsError> for ApiError {
    fn from(error: ProjectsError) -> Self {
        match error {
            ProjectsError::Execute(error) => error.into(),
            ProjectsError::Database(error) => error.into(),
            error @ ProjectsError::Key(_) => Self::internal(error),
        }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound | ServiceError::NoSuchKey => Self::no_such_object(),
            ServiceError::OwnerNotAllowed => Self::permission_denied(),
            ServiceError::AlreadyCreated => conflict(&error),
        }
    }
}

impl From<ServicesError> for ApiError {
    fn from(error: ServicesError) -> Self {
        match error {
            ServicesError::OwnerNotFound => Self::field("owner", "There is no such user."),
            ServicesError::Execute(error) => error.into(),
            ServicesError::Database(error) => error.into(),
        }
    }
}

impl From<MediaError> for ApiError {
    fn from(error: MediaError) -> Self {
        tracing::error!(error = %commands::error_chain(&error), "the media store is away");
        Self::unavailable(RETRY_AFTER)
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Media(error) => error.into(),
            UploadError::Database(error) => error.into(),
        }
    }
}

impl From<DocumentsError> for ApiError {
    fn from(error: DocumentsError) -> Self {
        match error {
            DocumentsError::ProjectNotFound => Self::not_found(),
            DocumentsError::ProjectArchived => Self::non_field("Project is archived. Cannot add documents."),
            DocumentsError::Execute(error) => error.into(),
            DocumentsError::Upload(error) => error.into(),
        }
    }
}

impl From<TestSuiteError> for ApiError {
    fn from(error: TestSuiteError) -> Self {
        match error {
            TestSuiteError::NotFound | TestSuiteError::QuestionNotFound | TestSuiteError::DocumentNotFound => {
                Self::not_found()
            }
            TestSuiteError::AlreadyCreated | TestSuiteError::AlreadyAdded | TestSuiteError::NotFinite => {
                conflict(&error)
            }
        }
    }
}

impl From<TestRunError> for ApiError {
    fn from(error: TestRunError) -> Self {
        match error {
            TestRunError::NotFound => Self::not_found(),
            TestRunError::AlreadyStarted
            | TestRunError::NotRunning
            | TestRunError::AlreadyAsked
            | TestRunError::NotFinite => conflict(&error),
        }
    }
}

impl From<FeedbackError> for ApiError {
    fn from(error: FeedbackError) -> Self {
        match error {
            FeedbackError::NotFound => Self::not_found(),
            FeedbackError::AlreadyGiven => conflict(&error),
        }
    }
}

impl From<EvaluationError> for ApiError {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::ProjectNotFound | EvaluationError::SuiteNotFound | EvaluationError::ResultNotFound => {
                Self::not_found()
            }
            EvaluationError::Suite(error) => error.into(),
            EvaluationError::Run(error) => error.into(),
            EvaluationError::Feedback(error) => error.into(),
            EvaluationError::Store(error) => error.into(),
            EvaluationError::Upload(error) => error.into(),
            EvaluationError::Database(error) => error.into(),
            EvaluationError::Held(error) => error.into(),
        }
    }
}
