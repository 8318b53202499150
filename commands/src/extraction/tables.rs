//! Tables as lines of text: `| cell | cell |`, a line of dashes below the first row.

use csv::{ReaderBuilder, StringRecord};

/// A row; what is in a cell stays on one line.
pub(super) fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::from("|");
    for cell in cells {
        line.push(' ');
        let mut words = cell.split_whitespace();
        line.push_str(words.next().unwrap_or_default());
        for word in words {
            line.push(' ');
            line.push_str(word);
        }
        line.push_str(" |");
    }
    line
}

/// The line below the first row.
pub(super) fn rule(cells: usize) -> String {
    format!("|{}", " --- |".repeat(cells))
}

/// The table of values that are separated by this byte, or by what the first line looks like. Such files have no wrong form:
/// rows may differ in length, quotes may be left open.
pub(super) fn of_separated(text: &str, separator: Option<u8>) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let separator = separator.unwrap_or_else(|| guessed(text));
    let mut reader =
        ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut lines = Vec::new();
    // It was text before: there is no record that cannot be read.
    let records = reader.records().filter_map(Result::ok).filter(|record| record.iter().any(|cell| !cell.is_empty()));
    for record in records {
        lines.push(line(&record));
        if lines.len() == 1 && record.len() > 1 {
            lines.push(rule(record.len()));
        }
    }
    lines.join("\n")
}

/// A single column is a list of lines.
fn line(record: &StringRecord) -> String {
    match (record.len(), record.get(0)) {
        (1, Some(only)) => only.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => row(record),
    }
}

/// The separator that the first line has most of.
fn guessed(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    // Of equals, the last wins: a comma needs no majority.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}
