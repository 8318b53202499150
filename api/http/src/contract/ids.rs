//! Ids in paths. The error for a malformed id depends on its position in the path.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, RawPathParams, rejection::RawPathParamsRejection},
    http::request::Parts,
};
use uuid::Uuid;

use super::problem::ApiError;

/// Parses a UUID: 32 hexadecimal digits in upper or lower case, with dashes anywhere or nowhere.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32 { Uuid::try_parse(&digits).ok() } else { None }
}

/// Parses the id of a parent object.
///
/// # Errors
/// A 400 that quotes the text if it is not a UUID.
pub fn parent_id(text: &str) -> Result<Uuid, ApiError> {
    parse_uuid(text).ok_or_else(|| ApiError::parent_not_uuid(text))
}

/// Extracts all variable segments of the path, in order: `PathIds<(Parent<ProjectId>, Own<DocumentId>)>` holds a
/// `(ProjectId, DocumentId)`.
///
/// It rejects with the error of the first malformed segment. A handler that counts requests against a rate limit takes
/// a `Result<PathIds<_>, ApiError>` and unwraps it after counting, so that requests with malformed ids count, too.
pub struct PathIds<S: Segments>(pub S::Ids);

impl<S: Segments, T: Send + Sync> FromRequestParts<T> for PathIds<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &T) -> Result<Self, ApiError> {
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(|rejection| match rejection {
            RawPathParamsRejection::InvalidUtf8InPathParam(_) => ApiError::not_found(),
            other => ApiError::internal(other),
        })?;
        let mut path = path.iter().map(|(_, segment)| segment);
        let ids = S::take(&mut path)?;
        if path.next().is_some() {
            return Err(ApiError::internal("the path has more segments than its handler takes"));
        }
        Ok(Self(ids))
    }
}

/// A type that is read from one or more segments of a path.
pub trait Segments {
    /// The type of the parsed ids.
    type Ids;

    /// Takes segments from the front of a path; they are percent-decoded already.
    ///
    /// # Errors
    /// The error for the first malformed segment; a 500 if the path has too few segments.
    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<Self::Ids, ApiError>;
}

/// The id of the object that the path addresses: a malformed id is a 404.
pub struct Own<I>(PhantomData<I>);

impl<I: From<Uuid>> Segments for Own<I> {
    type Ids = I;

    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<I, ApiError> {
        parse_uuid(next(path)?).map(I::from).ok_or_else(ApiError::not_found)
    }
}

/// The id of the object's parent: a malformed id is a 400 that quotes it.
pub struct Parent<I>(PhantomData<I>);

impl<I: From<Uuid>> Segments for Parent<I> {
    type Ids = I;

    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<I, ApiError> {
        parent_id(next(path)?).map(I::from)
    }
}

/// Any id in a path that is not part of the contract: a malformed id is a 404 as problem details.
pub struct Problem<I>(PhantomData<I>);

impl<I: From<Uuid>> Segments for Problem<I> {
    type Ids = I;

    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<I, ApiError> {
        parse_uuid(next(path)?).map(I::from).ok_or_else(ApiError::no_such_object)
    }
}

/// The number of the object that the path addresses: anything but a number is a 404.
impl Segments for i64 {
    type Ids = Self;

    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<Self, ApiError> {
        next(path)?.parse().map_err(|_| ApiError::not_found())
    }
}

/// A name, or an id that the handler ignores: every text is accepted.
impl Segments for String {
    type Ids = Self;

    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<Self, ApiError> {
        next(path).map(str::to_owned)
    }
}

impl<A: Segments, B: Segments> Segments for (A, B) {
    type Ids = (A::Ids, B::Ids);

    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<Self::Ids, ApiError> {
        Ok((A::take(path)?, B::take(path)?))
    }
}

impl<A: Segments, B: Segments, C: Segments> Segments for (A, B, C) {
    type Ids = (A::Ids, B::Ids, C::Ids);

    fn take<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<Self::Ids, ApiError> {
        Ok((A::take(path)?, B::take(path)?, C::take(path)?))
    }
}

fn next<'p>(path: &mut impl Iterator<Item = &'p str>) -> Result<&'p str, ApiError> {
    path.next().ok_or_else(|| ApiError::internal("the path has fewer segments than its handler takes"))
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
