//! The common parts of lists: search, ordering, and a page in the contract's envelope.
//!
//! No text of a client becomes SQL: words are bound, and columns come from each view's own list of names.

use serde::Serialize;
use sqlx::{FromRow, Postgres, QueryBuilder, Row, postgres::PgRow};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{QueryError, Views};

/// The words of a search that are used, and the characters of each.
const MAX_SEARCH_WORDS: usize = 20;
const MAX_WORD_CHARS: usize = 200;

/// The order of a list: columns, each with whether it descends. Ties are in creation order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ordering(Vec<(&'static str, bool)>);

impl Ordering {
    /// Parses an ordering such as `-is_default,created_at`. `column` maps the names in the view's output to columns;
    /// unknown names are dropped.
    pub fn parse(text: &str, column: fn(&str) -> Option<&'static str>) -> Self {
        let terms = text.split(',').map(str::trim).filter_map(|term| {
            let name = term.strip_prefix('-');
            Some((column(name.unwrap_or(term))?, name.is_some()))
        });
        let mut known: Vec<(&'static str, bool)> = Vec::new();
        for (column, descends) in terms {
            // A repeated column has no effect.
            if known.iter().all(|(other, _)| *other != column) {
                known.push((column, descends));
            }
        }
        Self(known)
    }
}

/// The requested part of a list, and its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// The ordering; without a term, the view's default order.
    pub ordering: Ordering,
    pub limit: i64,
    pub offset: i64,
}

/// A part of a list in the contract's envelope.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Page<T> {
    /// The number of rows of the whole list.
    #[schema(minimum = 0)]
    pub count: i64,
    pub has_previous: bool,
    pub has_next: bool,
    pub results: Vec<T>,
    #[schema(minimum = 0)]
    pub offset: i64,
}

impl<T> Page<T> {
    fn of(results: Vec<T>, count: i64, window: &Window) -> Self {
        let Window { limit, offset, .. } = *window;
        Self { count, has_previous: offset > 0, has_next: offset.saturating_add(limit) < count, results, offset }
    }

    /// The same page with each row converted.
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Page<U> {
        let Self { count, has_previous, has_next, results, offset } = self;
        Page { count, has_previous, has_next, results: results.into_iter().map(to).collect(), offset }
    }
}

/// Splits the text of a search box at blanks and commas. Only a limited number of words is used, because each costs a
/// search.
pub fn search_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',' || c == '\0').filter(|word| !word.is_empty()) {
        if words.len() == MAX_SEARCH_WORDS {
            break;
        }
        let word: String = word.chars().take(MAX_WORD_CHARS).collect();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Appends conditions that a column contains each of the words, in any spelling (see [`domain::words::letters`]). Each
/// word has a condition of its own, because an index serves `ILIKE` and regular expressions, but not `ILIKE ALL`.
pub(crate) fn push_search(found: &mut QueryBuilder<'_, Postgres>, column: &'static str, words: &[String]) {
    for word in words {
        found.push(" AND ").push(column);
        match domain::words::pattern(word) {
            Some(pattern) => found.push(" ~* ").push_bind(pattern),
            None => found.push(" ILIKE ").push_bind(containing(word)),
        };
    }
}

/// A pattern that matches texts with the literal word.
fn containing(word: &str) -> String {
    let literal: String = word
        .chars()
        .filter(|c| *c != '\0')
        .flat_map(|c| matches!(c, '\\' | '%' | '_').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("%{literal}%")
}

/// The beginning of a list's query. It is used twice in one statement, so that count and page agree, and inlined both
/// times, so that counting needs no joined table and paging can follow an index.
pub(crate) const FOUND: &str = "WITH found AS NOT MATERIALIZED (";

/// Fetches the rows of a window as a page, with one query.
///
/// `found` pushes `SELECT .. FROM .. WHERE ..` over rows with a `position` and with `columns`, which are the fields of
/// `R` in its order: `R` reads them by index, behind the total count.
pub(crate) async fn page_of_rows<R>(
    db: &Views,
    columns: &'static str,
    found: impl Fn(&mut QueryBuilder<'static, Postgres>),
    default_order: &'static str,
    window: &Window,
) -> Result<Page<R>, QueryError>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let fetch = async |limit: i64, offset: i64| {
        let mut query = QueryBuilder::new(FOUND);
        found(&mut query);
        query.push(") SELECT (SELECT count(*) FROM found), ").push(columns).push(" FROM found ORDER BY ");
        push_window(&mut query, default_order, &window.ordering, limit, offset);
        query.build().fetch_all(db).await
    };
    let rows = fetch(window.limit, window.offset).await?;
    let first = match rows.first() {
        // Beyond the end there is no row that has the total count.
        None if window.offset > 0 => fetch(1, 0).await?.pop(),
        _ => None,
    };
    let count = first.as_ref().or(rows.first()).map_or(Ok(0), |row| row.try_get(0))?;
    let rows = rows.iter().map(R::from_row).collect::<Result<Vec<R>, _>>()?;
    Ok(Page::of(rows, count, window))
}

/// Fetches the ids of a window's rows as a page.
///
/// `found` begins with [`FOUND`] and `SELECT .. FROM .. WHERE ..` over rows with `id` and `position`.
pub(crate) async fn page_of_ids(
    db: &Views,
    found: QueryBuilder<'_, Postgres>,
    default_order: &'static str,
    window: &Window,
) -> Result<Page<Uuid>, QueryError> {
    let mut query = found;
    query.push(") SELECT (SELECT count(*) FROM found), ARRAY(SELECT id FROM found ORDER BY ");
    push_window(&mut query, default_order, &window.ordering, window.limit, window.offset);
    query.push(")");
    let row = query.build().fetch_one(db).await?;
    Ok(Page::of(row.try_get(1)?, row.try_get(0)?, window))
}

fn push_window(
    query: &mut QueryBuilder<'_, Postgres>,
    default_order: &'static str,
    ordering: &Ordering,
    limit: i64,
    offset: i64,
) {
    if ordering.0.is_empty() {
        query.push(default_order);
    } else {
        for (column, descends) in &ordering.0 {
            query.push(column).push(if *descends { " DESC, " } else { ", " });
        }
        query.push("position");
    }
    query.push(" LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
}

impl Page<Uuid> {
    /// The same page with these rows in place of their ids.
    pub fn with_rows<T>(self, rows: Vec<T>) -> Page<T> {
        let Self { count, has_previous, has_next, offset, .. } = self;
        Page { count, has_previous, has_next, results: rows, offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Option<&'static str> {
        match name {
            "title" => Some("title"),
            "archived" => Some("is_archived"),
            _ => None,
        }
    }

    #[test]
    fn an_ordering_keeps_known_columns_in_the_order_given_and_drops_others() {
        assert_eq!(
            Ordering::parse("-archived, title,nonsense,--title,title; drop", column),
            Ordering(vec![("is_archived", true), ("title", false)])
        );
    }

    #[test]
    fn a_search_is_split_at_blanks_and_commas() {
        assert_eq!(search_words(" zinc,  dose,\tchild "), ["zinc", "dose", "child"]);
    }

    #[test]
    fn an_endless_search_or_ordering_costs_no_more_than_a_long_one() {
        let numbers: Vec<String> = (0..30_000).map(|number| number.to_string()).collect();
        assert_eq!(search_words(&numbers.join(" ")).len(), MAX_SEARCH_WORDS);
        assert_eq!(search_words(&"zinc ".repeat(30_000)), ["zinc"]);
        assert_eq!(search_words(&"z".repeat(30_000))[0].len(), MAX_WORD_CHARS);
        let ordering = Ordering::parse(&"title,-title,archived,".repeat(10_000), column);
        assert_eq!(ordering, Ordering(vec![("title", false), ("is_archived", false)]));
    }

    #[test]
    fn wildcards_in_a_search_are_taken_literally() {
        assert_eq!(containing("50%_\\"), "%50\\%\\_\\\\%");
    }
}
