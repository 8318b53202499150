//! The refusals of an erasure, and of the steps to it.

use axum::http::StatusCode;
use commands::{erasure::ErasureError, execute::ExecuteError};
use domain::erasure::CaseError;

use crate::contract::problem::ApiError;

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
            error @ (ErasureError::Keys(_) | ErasureError::NotNoted(_) | ErasureError::Ledger(_)) => {
                Self::internal(error)
            }
        }
    }
}

impl From<CaseError> for ApiError {
    /// The reason is a code, and names nobody.
    fn from(error: CaseError) -> Self {
        Self::detail(StatusCode::CONFLICT, format!("It is not erased: {error}."))
    }
}
