//! The parameters of what auditors ask for. Unlike in lists, a malformed, repeated or unknown one is refused: an auditor has to
//! know that it was applied.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use axum::{
    extract::Query,
    http::{StatusCode, Uri},
};
use chrono::{DateTime, Utc};
use commands::event_log::Moment;
use domain::envelope::Actor;

use crate::contract::problem::ApiError;

/// The form of times. In a query string, `+` means a blank.
const TIME: &str =
    "a time such as 2026-12-01T08:30:00Z or 2026-12-01T14:00:00%2B05:30, where %2B stands for the sign +.";

/// The parameters of a query: each is known, and there once at most, unless it may be repeated.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// # Errors
    /// A 400 if there is another parameter than these, one is repeated, or the query is no form.
    pub(super) fn once(uri: &Uri, known: &[&str]) -> Result<Self, ApiError> {
        Self::with_repeated(uri, known, "")
    }

    /// As [`Self::once`], but for one parameter that may be repeated.
    pub(super) fn with_repeated(uri: &Uri, known: &[&str], repeatable: &str) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| malformed("query string"))?.0;
        if pairs.iter().any(|(name, _)| name != repeatable && !known.contains(&name.as_str())) {
            return Err(refused("There is a parameter that is unknown here."));
        }
        let is_repeated = |at: usize, name: &String| pairs.iter().skip(at + 1).any(|(other, _)| other == name);
        if let Some((_, (name, _))) =
            pairs.iter().enumerate().find(|(at, (name, _))| name != repeatable && is_repeated(*at, name))
        {
            return Err(refused(format!("The parameter {name} is repeated.")));
        }
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// # Errors
    /// A 400 that names the parameter if it is malformed.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.get(name).map(|value| value.parse().map_err(|_| malformed(name))).transpose()
    }

    /// # Errors
    /// A 400 that names the parameter if it is no number of the range.
    pub(super) fn number(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let number = self.parsed(name)?;
        if number.is_some_and(|number| !range.contains(&number)) { Err(malformed(name)) } else { Ok(number) }
    }

    /// # Errors
    /// A 400 that says the form of actors.
    pub(super) fn actor(&self, name: &str) -> Result<Option<Actor>, ApiError> {
        let form = || {
            refused(format!(
                "The parameter {name} is malformed: it is user:ID or service:ID, with the id of the account."
            ))
        };
        self.get(name).map(|value| value.parse().map_err(|_| form())).transpose()
    }

    /// # Errors
    /// A 400 that says the form of times.
    pub(super) fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
        let form = || refused(format!("The parameter {name} is malformed: it is {TIME}"));
        self.get(name).map(|value| value.parse().map_err(|_| form())).transpose()
    }

    /// # Errors
    /// A 400 that says the forms of moments.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Moment>, ApiError> {
        let form = || {
            refused(format!("The parameter {name} is malformed: it is a position such as 1200, LOG_ID@1200, or {TIME}"))
        };
        self.get(name).map(|value| value.parse().map_err(|_| form())).transpose()
    }
}

pub(super) fn malformed(name: &str) -> ApiError {
    refused(format!("The parameter {name} is malformed or out of range."))
}

/// Returns the refusal of a parameter.
pub(super) fn refused(detail: impl Display) -> ApiError {
    ApiError::problem(StatusCode::BAD_REQUEST, detail.to_string())
}
