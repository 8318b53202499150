//! Query parameters of lists: pages, search words, order and filters. Malformed values are ignored, never refused.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Query},
    http::{Uri, request::Parts},
};
use projections::listing::{self, Ordering, Window};

const DEFAULT_LIMIT: i64 = 10;
const MAX_LIMIT: i64 = 30;
/// The rows of a list that the front end shows as one page, without a way to request the next one.
const SINGLE_PAGE: i64 = 100;

/// The parameters of a query string. Unknown parameters are ignored; the last of repeated ones counts.
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

    /// Returns the value of a parameter; `None` if it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(key, _)| key == name);
        value.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns a parameter as a number, at most `i32::MAX`; `None` if it is not a number from 1 on.
    pub fn positive(&self, name: &str) -> Option<u32> {
        let number = self.get(name).and_then(whole_number).filter(|number| *number > 0)?;
        Some(number.min(i64::from(i32::MAX)).try_into().unwrap_or(u32::MAX))
    }

    fn paging(&self, default: i64, max: i64) -> Paging {
        let number = |name| self.get(name).and_then(whole_number).filter(|number| *number >= 0);
        let limit = number("limit").filter(|limit| *limit > 0);
        Paging { limit: limit.unwrap_or(default).min(max), offset: number("offset").unwrap_or(0) }
    }

    /// Returns the words of the parameter `search`, all of which must match.
    pub fn search_words(&self) -> Vec<String> {
        listing::search_words(self.get("search").unwrap_or_default())
    }

    /// Returns the requested part of a list and its order. `column` maps the names by which the list may be ordered to
    /// columns.
    pub fn window(&self, column: fn(&str) -> Option<&'static str>) -> Window {
        self.window_of(self.paging(DEFAULT_LIMIT, MAX_LIMIT), column)
    }

    /// Returns [`Self::window`] for the lists of which the front end only ever requests the first page, without a
    /// limit: 100 rows unless fewer are requested, so that a document or a suite beyond the tenth can be seen.
    pub fn single_page(&self, column: fn(&str) -> Option<&'static str>) -> Window {
        self.window_of(self.paging(SINGLE_PAGE, SINGLE_PAGE), column)
    }

    fn window_of(&self, Paging { limit, offset }: Paging, column: fn(&str) -> Option<&'static str>) -> Window {
        Window { ordering: Ordering::parse(self.get("ordering").unwrap_or_default(), column), limit, offset }
    }

    /// Returns a boolean parameter: `true`, `1`, `false` or `0`, in any case; `None` for anything else.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// Parses digits with an optional sign; a number that is too large becomes the largest one.
fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

/// The requested part of a list, in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Paging {
    limit: i64,
    offset: i64,
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
