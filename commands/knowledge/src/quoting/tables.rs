//! Table rows, `| cell | cell |`, with bars in cells escaped as `\|`.

use super::{
    blocks::is_caution,
    scoring::{Question, Words},
};
use crate::{
    retrieval::is_row,
    sentences::{has_ended, is_rule_of_table},
};

/// Rows up to which a table is shown whole.
const MOST_ROWS: usize = 6;

/// A table as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// The names of the columns; blank if there are none.
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// The number of rows that are left out.
    pub(super) left_out: usize,
}

impl Table {
    /// The table with all rows, or only those of a long one that match the question, if it distinguishes them. `above`
    /// is the text above the table: headings and title.
    pub(super) fn of(lines: &[&str], question: &Question, above: &str) -> Self {
        let (head, lines) = match lines {
            [head, rule, lines @ ..] if is_rule_of_table(rule) => (cells(head), lines),
            _ => (Vec::new(), lines),
        };
        let rows: Vec<Vec<String>> =
            lines.iter().filter(|line| !is_rule_of_table(line)).map(|line| cells(line)).collect();
        let keeps = if rows.len() > MOST_ROWS {
            kept(&rows, question, &Words::of(&format!("{above}\n{}", head.join(" "))))
        } else {
            vec![true; rows.len()]
        };
        let left_out = keeps.iter().filter(|is_kept| !**is_kept).count();
        let rows: Vec<Vec<String>> =
            rows.into_iter().zip(keeps).filter_map(|(row, is_kept)| is_kept.then_some(row)).collect();
        Self { head, rows, left_out }
    }

    /// The columns of the widest row: cells beyond the head would not be shown.
    pub(super) fn columns(&self) -> usize {
        self.rows.iter().chain([&self.head]).map(Vec::len).max().unwrap_or(0)
    }
}

/// Marks the rows that are shown.
fn kept(rows: &[Vec<String>], question: &Question, above: &Words) -> Vec<bool> {
    // A row with a blank first cell continues the one above.
    let mut groups: Vec<usize> = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let goes_on = row.first().is_none_or(String::is_empty) && at > 0;
        groups.push(groups.last().map_or(0, |last| last + usize::from(!goes_on)));
    }
    let mut texts: Vec<String> = vec![String::new(); groups.last().map_or(0, |last| last + 1)];
    for (row, group) in rows.iter().zip(&groups) {
        texts[*group].extend([&row.join(" "), "\n"]);
    }
    let distinguished = question.distinguished(&texts.iter().map(|text| Words::of(text)).collect::<Vec<_>>(), above);
    if !distinguished.contains(&true) {
        return vec![true; rows.len()];
    }
    let mut keeps: Vec<bool> = groups.iter().map(|group| distinguished[*group]).collect();
    // A cell that covers the whole width names the rows below it, up to the next such cell.
    let mut name = None;
    let mut at = 0;
    while at < rows.len() {
        if is_name(&rows[at]) {
            let says = &rows[at][0];
            // "Not in pregnancy." is about the row above it.
            keeps[at] |= at > 0 && keeps[at - 1] && (has_ended(says) || is_caution(says));
            if has_ended(says) {
                at += 1;
                continue;
            }
            let is_whole = distinguished[groups[at]];
            name = Some(at);
            // If the question matches the name of a section, all of its rows are shown.
            let end = (at + 1..rows.len()).find(|next| is_name(&rows[*next])).unwrap_or(rows.len());
            if is_whole {
                keeps[at..end].fill(true);
            }
        } else if let Some(name) = name.filter(|_| keeps[at]) {
            keeps[name] = true;
        }
        at += 1;
    }
    keeps
}

/// Whether all cells of the row have the same text, or only the first one has any.
fn is_name(row: &[String]) -> bool {
    let [first, rest @ ..] = row else { return false };
    !first.is_empty() && (rest.iter().all(String::is_empty) || rest.iter().all(|cell| cell == first))
}

/// The cells of a row, with bars unescaped.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut cells = vec![String::new()];
    let mut before = ' ';
    for sign in row.chars() {
        match (sign, cells.last_mut()) {
            ('|', Some(cell)) if before == '\\' => {
                cell.pop();
                cell.push('|');
            }
            ('|', _) => cells.push(String::new()),
            (_, Some(cell)) => cell.push(sign),
            (_, None) => {}
        }
        before = sign;
    }
    // The text behind the last bar.
    if cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    for cell in &mut cells {
        *cell = cell.trim().to_owned();
    }
    cells
}

/// The text without its first two lines if they repeat the head of the table at the end of `before`.
pub(super) fn without_repeated_head<'a>(before: &str, text: &'a str) -> &'a str {
    let rows = before.lines().rev().take_while(|line| is_row(line)).count();
    let mut table = before.lines().skip(before.lines().count() - rows);
    let (Some(head), Some(rule)) = (table.next(), table.next()) else { return text };
    let rest = || text.strip_prefix(head)?.strip_prefix('\n')?.strip_prefix(rule)?.strip_prefix('\n');
    Some(rule).filter(|rule| is_rule_of_table(rule)).and_then(|_| rest()).unwrap_or(text)
}
