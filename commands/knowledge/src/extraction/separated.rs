//! Values separated by commas, semicolons, tabs or bars.
//!
//! No such file is invalid: rows may differ in length, quotes may be left open, and the separator is not declared.

use csv::{ReaderBuilder, StringRecord};

use super::{
    notes::{NoteKind, Notes},
    tables::{Cell, Grid, has_number},
    xlsx::{regions, sheet::Placed},
};

/// The separators that are tried; of those that fit equally well, the first is used. A comma is not the first because
/// it may be a decimal comma.
const SEPARATORS: [u8; 4] = [b'\t', b';', b',', b'|'];
/// Bytes and rows by which the separator is found.
const SAMPLE: usize = 65_536;
const SAMPLED_ROWS: usize = 200;
/// Lines with tabs, at least, that make a text a table.
const FEWEST_ROWS: usize = 3;

/// The tables of a file, each with the lines above it. Rows with more values than there are columns get a note: one of
/// their values may contain the separator.
pub(super) fn text(file: &str, separator: Option<u8>, notes: &mut Notes) -> String {
    let file = file.trim_start_matches('\u{feff}');
    let (said, file) = said_separator(file);
    let separator = said.or(separator).unwrap_or_else(|| most_consistent(file));
    let mut written = String::new();
    for table in tables(blocks(file, separator)) {
        if !written.is_empty() {
            written.push('\n');
        }
        write(&table, separator, &mut written, notes);
    }
    written
}

/// Whether a text is a table that a spreadsheet saved as text: all of its lines have the same number of tabs.
pub(super) fn is_parted_by_tabs(text: &str) -> bool {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    if lines().all(|line| line.starts_with('\t')) {
        return false;
    }
    let mut tabs = lines().map(|line| line.matches('\t').count());
    let first = tabs.next().unwrap_or_default();
    let mut rows = 1;
    first > 0 && tabs.inspect(|_| rows += 1).all(|count| count == first) && rows >= FEWEST_ROWS
}

/// Joins blocks of rows to tables: a block below a blank line is a table of its own if it has a header of its own.
fn tables(blocks: Vec<Vec<StringRecord>>) -> Vec<Vec<StringRecord>> {
    let mut tables: Vec<Vec<StringRecord>> = Vec::new();
    for block in blocks {
        match tables.last_mut() {
            Some(above) if !is_table_below(&block, above) => above.extend(block),
            _ => tables.push(block),
        }
    }
    tables
}

/// Whether a block begins with a header, perhaps below a title, and the table above it is complete.
fn is_table_below(block: &[StringRecord], above: &[StringRecord]) -> bool {
    let rows = |records: &[StringRecord]| records.iter().filter(|it| !is_filled_at_its_beginning_only(it)).count();
    let titles = block.iter().take_while(|record| is_filled_at_its_beginning_only(record)).count();
    let Some((header, values)) = block[titles..].split_first().filter(|_| titles < 2 && rows(above) > 1) else {
        return false;
    };
    let is_as_above = above.iter().any(|record| record == header);
    let has_numbers_below = |column: usize| values.iter().filter_map(|record| record.get(column)).any(has_number);
    // A word in a column of numbers is a name; where the table above has words, too, it may be a value.
    let words_above = |column: usize| {
        let cells = above.iter().filter_map(|record| record.get(column));
        cells.filter(|cell| !cell.trim().is_empty() && !has_number(cell)).count()
    };
    let names = |column: usize| has_numbers_below(column) && words_above(column) < 2;
    let names_columns = !header.iter().any(has_number) && (0..header.len()).any(names);
    !values.is_empty() && (is_as_above || names_columns)
}

fn write(records: &[StringRecord], separator: u8, written: &mut String, notes: &mut Notes) {
    let usual = usual_length(records.iter().take(SAMPLED_ROWS));
    let is_above = |(at, record): (usize, &StringRecord)| {
        usual.is_some_and(|usual| record.len() != usual) || is_sentence(record, records.get(at + 1))
    };
    let above = records.iter().enumerate().take_while(|it| is_above(*it)).count();
    // If no row has the usual length, the rows are a table all the same.
    let above = if above == records.len() { 0 } else { above };
    let is_too_long = |record: &&StringRecord| {
        usual.is_some_and(|usual| record.iter().skip(usual).any(|cell| !cell.trim().is_empty()))
    };
    for _ in records[above..].iter().filter(is_too_long) {
        notes.add(NoteKind::ColumnsUncertain, None, None);
    }
    let mut grid = Grid::default();
    for (at, record) in records.iter().enumerate() {
        let is_line = record.len() == 1 && grid.rows.is_empty();
        if at < above && is_filled_at_its_beginning_only(record) || is_line {
            written.extend(record.get(0).unwrap_or_default().split_whitespace().flat_map(|word| [word, " "]));
            written.push('\n');
        } else if at < above && (is_sentence(record, records.get(at + 1)) || is_comment(record)) {
            let between = char::from(separator).to_string();
            written.push_str(&record.iter().collect::<Vec<_>>().join(&between));
            written.push('\n');
        } else {
            grid.rows.push(record.iter().map(|cell| Cell::of(shown(cell))).collect());
        }
    }
    for (at, grid) in side_by_side(grid).iter().enumerate() {
        if at > 0 {
            written.push('\n');
        }
        grid.write(written);
    }
}

/// The value of a cell: `="0007"` is how a program keeps a spreadsheet from converting a text.
fn shown(cell: &str) -> String {
    let text = cell.trim().strip_prefix("=\"").and_then(|text| text.strip_suffix('"'));
    text.map_or_else(|| cell.to_owned(), |text| text.replace("\"\"", "\""))
}

/// Whether a row is a comment such as `# exported on …`; a `#` alone names a column of numbers.
fn is_comment(record: &StringRecord) -> bool {
    record.get(0).is_some_and(|cell| cell.starts_with('#') && cell.trim().len() > 1)
}

/// Splits tables that stand beside each other with an empty column between them, as in a workbook.
fn side_by_side(grid: Grid) -> Vec<Grid> {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut is_filled = vec![false; grid.rows.iter().map(Vec::len).max().unwrap_or_default()];
    for row in &grid.rows {
        for (is_filled, cell) in is_filled.iter_mut().zip(row) {
            *is_filled |= !cell.text.trim().is_empty();
        }
    }
    if is_filled.iter().all(|is_filled| *is_filled) {
        return vec![grid];
    }
    let cells = grid.rows.iter().enumerate().flat_map(|(row, cells)| {
        let filled = cells.iter().enumerate().filter(|(_, cell)| !cell.text.trim().is_empty());
        filled.map(move |(column, cell)| Placed {
            row: place(row),
            column: place(column),
            down: 1,
            across: 1,
            text: cell.text.clone(),
            is_bold: false,
            is_value: false,
            left_out: None,
        })
    });
    let tables = regions::side_by_side(cells.collect(), &[]);
    if tables.len() < 2 {
        return vec![grid];
    }
    let part = |table: &Vec<Placed>| {
        let (first, end) = regions::columns(table);
        let range = |row: &Vec<Cell>| {
            let row = row.iter().zip(0..).filter(|(_, at)| (first..end).contains(at)).map(|(cell, _)| cell.clone());
            row.collect::<Vec<_>>()
        };
        let rows = grid.rows.iter().map(range).filter(|row| row.iter().any(|cell| !cell.text.trim().is_empty()));
        Grid { rows: rows.collect(), header_rows: None }
    };
    tables.iter().map(part).collect()
}

/// The rows that are not empty, in blocks between blank lines. The text was decoded before, so that every record can be
/// read.
fn blocks(file: &str, separator: u8) -> Vec<Vec<StringRecord>> {
    let mut reader =
        ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(file.as_bytes());
    let mut blocks: Vec<Vec<StringRecord>> = Vec::new();
    let mut is_after_blank = true;
    let mut start = 0;
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).is_ok_and(|is_there| is_there) {
        let end = usize::try_from(reader.position().byte()).unwrap_or(file.len());
        is_after_blank |= begins_blank(file, start, end);
        start = end;
        if is_blank(&record) {
            is_after_blank = true;
            continue;
        }
        match blocks.last_mut().filter(|_| !is_after_blank) {
            Some(block) => block.push(record.clone()),
            None => blocks.push(vec![record.clone()]),
        }
        is_after_blank = false;
    }
    blocks
}

/// Whether there is a blank line before the record in this range of bytes.
fn begins_blank(file: &str, start: usize, end: usize) -> bool {
    let read = file.get(start..end).unwrap_or_default();
    // The line break before it may be half read.
    let is_half = file.get(..start).is_some_and(|before| before.ends_with('\r'));
    let read = if is_half { read.strip_prefix('\n').unwrap_or(read) } else { read };
    start > 0 && read.starts_with(['\r', '\n'])
}

fn is_blank(record: &StringRecord) -> bool {
    record.iter().all(|cell| cell.trim().is_empty())
}

/// The separator that Excel's `sep=;` on the first line declares, and the text without that line.
fn said_separator(file: &str) -> (Option<u8>, &str) {
    let (first, rest) = file.split_once('\n').unwrap_or((file, ""));
    let said = first.trim_end().trim_matches('"');
    let named = said.get(..4).filter(|name| name.eq_ignore_ascii_case("sep=")).map(|_| &said.as_bytes()[4..]);
    match named {
        Some([separator]) => (Some(*separator), rest),
        // The tab itself was parsed as white space.
        Some([]) if first.contains('\t') => (Some(b'\t'), rest),
        _ => (None, file),
    }
}

/// The separator by which most rows have the same number of cells, more than one.
fn most_consistent(file: &str) -> u8 {
    let end = super::floor(file, SAMPLE);
    // The last line of a sample may be incomplete.
    let sample =
        if end < file.len() { file[..end].rsplit_once('\n').map_or(&file[..end], |(lines, _)| lines) } else { file };
    let share = |separator: u8| {
        let records = blocks(sample, separator).concat();
        let sampled = &records[..records.len().min(SAMPLED_ROWS)];
        let alike =
            usual_length(sampled.iter()).map_or(0, |usual| sampled.iter().filter(|it| it.len() == usual).count());
        alike * SAMPLED_ROWS / sampled.len().max(1)
    };
    let shares = SEPARATORS.map(|separator| (separator, share(separator)));
    let best = shares.iter().map(|(_, share)| *share).max().unwrap_or_default();
    shares.iter().find(|(_, share)| *share == best && best > 0).map_or(b',', |(separator, _)| *separator)
}

/// The most frequent number of cells among rows of more than one cell; of equals, the larger.
fn usual_length<'a>(records: impl Iterator<Item = &'a StringRecord>) -> Option<usize> {
    let mut lengths: Vec<usize> = records.map(StringRecord::len).filter(|length| *length > 1).collect();
    lengths.sort_unstable();
    lengths.chunk_by(|one, other| one == other).max_by_key(|chunk| chunk.len()).map(|chunk| chunk[0])
}

fn is_filled_at_its_beginning_only(record: &StringRecord) -> bool {
    record.iter().skip(1).all(|cell| cell.trim().is_empty())
}

/// Whether a row is a sentence: "Doses, ward 3, 2026" above `Drug,Dose,Route`. A comma of a sentence is followed by a
/// blank.
fn is_sentence(record: &StringRecord, below: Option<&StringRecord>) -> bool {
    let has_blanks =
        |record: &StringRecord| record.len() > 1 && record.iter().skip(1).all(|cell| cell.starts_with(' '));
    has_blanks(record)
        && below.is_some_and(|below| below.len() > 1 && !below.iter().skip(1).any(|cell| cell.starts_with(' ')))
}

#[cfg(test)]
mod tests {
    use super::{NoteKind, Notes};

    fn text(file: &str, separator: Option<u8>) -> String {
        super::text(file, separator, &mut Notes::default())
    }

    #[test]
    fn a_dose_with_a_comma_that_nobody_quoted_is_told() {
        let of = |file: &str| {
            let mut notes = Notes::default();
            super::text(file, None, &mut notes);
            notes.finished().iter().map(|note| (note.kind, note.count)).collect::<Vec<_>>()
        };
        let rows = "Drug,Dose,Route\nZinc,20 mg,oral\nIron,60 mg,oral\n";
        assert_eq!(of(&format!("{rows}Morphine,2,5 mg,oral\n")), [(NoteKind::ColumnsUncertain, 1)]);
        assert_eq!(of(&format!("{rows}Codeine,30 mg\nCodeine,\"2,5 mg\",oral,\n")), []);
    }

    const TABLE: &str =
        "| Drug | Dose | Route |\n| --- | --- | --- |\n| Zinc | 2,5 mg | oral |\n| Iron | 60 mg | oral |\n";

    #[test]
    fn tables_beside_each_other_are_two() {
        let file = "Drug,Dose,,Drug,Dose\nZinc,20 mg,,Gentamicin,7.5 mg\nIron,60 mg,,,\n";
        let expected = "| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg |\n| Iron | 60 mg |\n\n\
            | Drug | Dose |\n| --- | --- |\n| Gentamicin | 7.5 mg |\n";
        assert_eq!(text(file, None), expected);
        let one = "Drug,,Dose\nZinc,,20 mg\nIron,,60 mg\n";
        assert!(text(one, None).contains("| Zinc |  | 20 mg |"), "a drug stays with its dose");
    }

    #[test]
    fn the_separator_is_the_one_that_fits_all_rows() {
        for file in [
            "Drug;Dose;Route\nZinc;2,5 mg;oral\nIron;60 mg;oral",
            "Drug\tDose\tRoute\nZinc\t2,5 mg\toral\nIron\t60 mg\toral",
            "Drug,Dose,Route\nZinc,\"2,5 mg\",oral\nIron,60 mg,oral\n",
            "Drug|Dose|Route\r\nZinc|2,5 mg|oral\r\nIron|60 mg|oral\r\n",
            "sep=;\nDrug;Dose;Route\nZinc;2,5 mg;oral\nIron;60 mg;oral",
            "\u{feff}\"sep=,\"\r\nDrug,Dose,Route\r\nZinc,\"2,5 mg\",oral\r\nIron,60 mg,oral",
        ] {
            assert_eq!(text(file, None), TABLE, "{file}");
        }
        assert!(text("2,5;3,5;4,5\n1,5;2,5;3,5", None).contains("| 2,5 | 3,5 | 4,5 |"));
        assert_eq!(text("Drug,Ratio\nZinc,1 | 2", None), "| Drug | Ratio |\n| --- | --- |\n| Zinc | 1 \\| 2 |\n");
    }

    #[test]
    fn lines_above_the_header_are_text() {
        for file in [
            "Doses, ward 3, 2026\nDrug;Dose;Route\nZinc;2,5 mg;oral\nIron;60 mg;oral",
            "Doses, ward 3, 2026\nDrug,Dose,Route\nZinc,\"2,5 mg\",oral\nIron,60 mg,oral",
            "\"Doses, ward 3, 2026\",,\n,,\nDrug,Dose,Route\nZinc,\"2,5 mg\",oral\nIron,60 mg,oral",
        ] {
            let text = text(file, None);
            let (title, table) = text.split_once('\n').expect("there are lines");
            assert_eq!((title.trim(), table), ("Doses, ward 3, 2026", TABLE), "{file}");
        }
    }

    #[test]
    fn a_second_table_has_its_own_header_and_title() {
        let expected = "Adults \n| Drug | Dose (mg) |\n| --- | --- |\n| Zinc | 20 |\n| Iron | 60 |\n\n\
            Children \n| Drug | Volume (ml) |\n| --- | --- |\n| Zinc | 5 |\n| Iron | 10 |\n";
        for (end, blank) in [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r"), ("\n", ",\n"), ("\n", " \n")] {
            let (one, other) = ("Adults|Drug,Dose (mg)|Zinc,20|Iron,60|", "Children|Drug,Volume (ml)|Zinc,5|Iron,10|");
            let file = [one, blank, other].concat().replace('|', end);
            assert_eq!(text(&file, None), expected, "{file:?}");
        }
    }

    #[test]
    fn a_blank_line_does_not_part_a_row_from_its_header() {
        for file in [
            "Drug,Dose\nZinc,20 mg\n\nIron,60 mg\nSalt,5 g\n",
            "Drug,Dose\n\nZinc,20 mg\n\nIron,60 mg\n\nSalt,5 g\n",
            "Drug,Dose\nZinc,20 mg\nIron,60 mg\n\nSalt,5 g\n",
            "Drug,Dose\n\nZinc,20 mg\nIron,60 mg\nSalt,5 g\n",
        ] {
            let expected = "| Drug | Dose |\n| --- | --- |\n| Zinc | 20 mg |\n| Iron | 60 mg |\n| Salt | 5 g |\n";
            assert_eq!(text(file, None), expected, "{file}");
        }
    }

    #[test]
    fn a_row_of_words_below_a_blank_line_is_no_header_where_others_have_words() {
        let file = "Drug,Dose\nZinc,see chart\nIron,60 mg\n\nSalt,as needed\nCopper,2 mg\n";
        assert!(text(file, None).ends_with("| Iron | 60 mg |\n| Salt | as needed |\n| Copper | 2 mg |\n"));
    }

    #[test]
    fn a_comment_with_a_comma_is_no_header() {
        let file = "# exported 2026-01-05, ward 3\n# in mg\nDrug,Child,Adult\nZinc,10,=\"20\"\n";
        let expected = "# exported 2026-01-05, ward 3\n# in mg \n| Drug | Child | Adult |\n| --- | --- | --- |\n| Zinc | 10 | 20 |\n";
        assert_eq!(text(file, None), expected);
    }

    #[test]
    fn a_list_of_lines_is_no_table() {
        assert_eq!(text("Wash hands\nWear gloves\n", None), "Wash hands \nWear gloves \n");
    }
}
