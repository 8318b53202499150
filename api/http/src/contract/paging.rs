//! Queries of lists: pages, search words, order and filters. Nothing in a query string is ever an error.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Query},
    http::{Uri, request::Parts},
};
use projections::listing::{self, Ordering, Window};

const DEFAULT_LIMIT: i64 = 10;
const MAX_LIMIT: i64 = 30;
/// Rows of a list that the front end shows as one page, without a way to ask for the next one.
const SINGLE_PAGE: i64 = 100;

/// The parameters of a query string; unknown ones are simply not asked for, of repeated ones the last counts.
#[derive(Debug, Clone, Default)]
pub struct ListQuery(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri))
    }
}

impl ListQuery {
    pub fn of(uri: &Uri) -> Self {
        Query::try_from_uri(uri).map_or_else(|_| Self::default(), |Query(pairs)| Self(pairs))
    }

    /// The value of a parameter; `None` if it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(key, _)| key == name);
        value.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A number from 1 on; anything else is not asked for.
    pub fn positive(&self, name: &str) -> Option<u32> {
        let number = self.get(name).and_then(whole_number).filter(|number| *number > 0)?;
        Some(number.min(i64::from(i32::MAX)).try_into().unwrap_or(u32::MAX))
    }

    fn paging(&self, default: i64, max: i64) -> Paging {
        let number = |name| self.get(name).and_then(whole_number).filter(|number| *number >= 0);
        let limit = number("limit").filter(|limit| *limit > 0);
        Paging { limit: limit.unwrap_or(default).min(max), offset: number("offset").unwrap_or(0) }
    }

    /// The words of the search box; all of them must match.
    pub fn search_words(&self) -> Vec<String> {
        listing::search_words(self.get("search").unwrap_or_default())
    }

    /// Which part of a list is wanted, in which order. `column` knows the names that may order it.
    pub fn window(&self, column: fn(&str) -> Option<&'static str>) -> Window {
        self.window_of(self.paging(DEFAULT_LIMIT, MAX_LIMIT), column)
    }

    /// [`Self::window`] for the lists of which the front end only ever asks the first page, without a limit: 100 rows
    /// unless fewer are asked for, so that a document or a suite beyond the tenth can be seen.
    pub fn single_page(&self, column: fn(&str) -> Option<&'static str>) -> Window {
        self.window_of(self.paging(SINGLE_PAGE, SINGLE_PAGE), column)
    }

    fn window_of(&self, Paging { limit, offset }: Paging, column: fn(&str) -> Option<&'static str>) -> Window {
        Window { ordering: Ordering::parse(self.get("ordering").unwrap_or_default(), column), limit, offset }
    }

    /// `true`, `1`, `false` or `0`; anything else is no filter.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// Digits with an optional sign; too many of them are as good as the largest number.
fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

/// The part of a list that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Paging {
    limit: i64,
    offset: i64,
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
