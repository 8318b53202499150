//! The refusals of an erasure, of the steps to it, and of deletions that a legal hold stops.

use axum::http::StatusCode;
use commands::{erasure::ErasureError, execute::ExecuteError, holds::Held};
use domain::erasure::CaseError;

use crate::contract::problem::ApiError;

const HELD: &str =
    "It cannot be deleted: a legal hold is on it. Nothing was changed; ask the administrators of this server.";

impl From<ErasureError> for ApiError {
    fn from(error: ErasureError) -> Self {
        match error {
            ErasureError::Person(ExecuteError::Refused(_)) | ErasureError::Chat(ExecuteError::Refused(_)) => {
                Self::no_such_object()
            }
            ErasureError::NoSuchSubject => Self::no_such_object(),
            ErasureError::Person(error) => error.into(),
            ErasureError::Chat(error) => error.into(),
            ErasureError::Case(error) => error.into(),
            ErasureError::Log(error) => error.into(),
            ErasureError::Database(error) => error.into(),
            error @ ErasureError::Kept(_) => Self::problem(StatusCode::CONFLICT, format!("It is not erased: {error}.")),
            error @ (ErasureError::Keys(_) | ErasureError::NotNoted(_) | ErasureError::Ledger(_)) => {
                Self::internal(error)
            }
        }
    }
}

impl From<CaseError> for ApiError {
    /// The reason is a code, and names nobody.
    fn from(error: CaseError) -> Self {
        Self::problem(StatusCode::CONFLICT, format!("It is not done: {error}."))
    }
}

impl From<Held> for ApiError {
    /// Why there is a hold is for those who may see it.
    fn from(_: Held) -> Self {
        Self::detail(StatusCode::CONFLICT, HELD)
    }
}
