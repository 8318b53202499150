//! Queries of lists: pages, search words, order and filters. Nothing in a query string is ever an error.

use std::{convert::Infallible, fmt::Write};

use axum::{
    extract::{FromRequestParts, Query},
    http::{Uri, request::Parts},
};
use serde::Serialize;

const DEFAULT_LIMIT: i64 = 10;
const MAX_LIMIT: i64 = 30;

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
        value
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub fn paging(&self) -> Paging {
        let number = |name| {
            self.get(name)
                .and_then(whole_number)
                .filter(|number| *number >= 0)
        };
        let limit = number("limit").filter(|limit| *limit > 0);
        Paging {
            limit: limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
            offset: number("offset").unwrap_or(0),
        }
    }

    /// One pattern for `ILIKE` per search word; all of them must match.
    pub fn search_patterns(&self) -> Vec<String> {
        self.get("search")
            .unwrap_or_default()
            .replace('\0', "")
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|word| !word.is_empty())
            .map(like_pattern)
            .collect()
    }

    /// `true`, `1`, `false` or `0`; anything else is no filter.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// What follows `ORDER BY`. `columns` pairs a name on the wire with an SQL expression: only those ever get into
    /// the statement. Without a known name it is `default`.
    pub fn order_by(&self, columns: &[(&str, &'static str)], default: &'static str) -> String {
        let mut sql = String::new();
        for term in self.get("ordering").unwrap_or_default().split(',') {
            let term = term.trim();
            let (name, direction) = match term.strip_prefix('-') {
                Some(name) => (name, "DESC"),
                None => (term, "ASC"),
            };
            if let Some((_, expression)) = columns.iter().find(|(known, _)| *known == name) {
                let comma = if sql.is_empty() { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(sql, "{comma}{expression} {direction}");
            }
        }
        if sql.is_empty() {
            default.to_owned()
        } else {
            sql
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
    Some(text.parse().unwrap_or(if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    }))
}

/// A pattern that finds the word anywhere, with LIKE's own signs taken literally.
fn like_pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    pub limit: i64,
    pub offset: i64,
}

/// A part of a list, as the contract wraps it.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    count: i64,
    has_previous: bool,
    has_next: bool,
    results: Vec<T>,
    offset: i64,
}

impl<T> Page<T> {
    /// `count` is that of the whole list.
    pub fn new(results: Vec<T>, count: i64, paging: Paging) -> Self {
        Self {
            count,
            has_previous: paging.offset > 0,
            has_next: paging.offset.saturating_add(paging.limit) < count,
            results,
            offset: paging.offset,
        }
    }
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
