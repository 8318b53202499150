//! Prose that is set in columns and is no table.

use super::{
    blocks,
    gutters::{Gutter, column},
    lines::{self, Row, Segment},
    words::{Area, Word},
};

/// The tolerance of the middles of cells in one row, in line heights.
const EVEN: f32 = 0.25;

/// The statistics of one column of a run.
#[derive(Default)]
struct Side {
    area: Option<Area>,
    lines: usize,
    full: usize,
    letters: usize,
    letters_of_full: usize,
    /// Lines that continue the sentence of a full line above.
    goes_on: usize,
    /// The last character of the line above if that was full.
    before: Option<char>,
    /// Lines without text in the neighbouring columns.
    alone: usize,
}

/// The columns of prose in a run.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The horizontal positions that separate the columns, in points.
    pub(super) cuts: Vec<f32>,
    /// Whether there is prose on both sides of each cut; a narrow column beside prose may be the names of its rows.
    pub(super) are_certain: bool,
}

/// Finds columns of prose beside each other or beside a table.
pub(super) fn columns_of_prose(run: &[Row<'_>], gutters: &[Gutter]) -> Columns {
    let cuts: Vec<f32> = gutters.iter().map(|gutter| gutter.cut()).collect();
    let mut sides: Vec<Side> = (0..=cuts.len()).map(|_| Side::default()).collect();
    let rows: Vec<Vec<(usize, Segment<'_>)>> = run.iter().map(|row| lines_of_columns(row, &cuts)).collect();
    for (at, segment) in rows.iter().flatten() {
        let side = &mut sides[*at];
        side.area = Some(side.area.map_or(segment.area, |area| area.with(&segment.area)));
    }
    for (row, lines) in run.iter().zip(&rows) {
        for (at, segment) in lines {
            let side = &mut sides[*at];
            let letters: usize = segment.words.iter().map(|word| word.text.chars().count()).sum();
            let width = side.area.map_or(0.0, |area| area.width());
            side.lines += 1;
            side.letters += letters;
            side.alone += usize::from(row.segments.len() == 1);
            let first = segment.words.first().and_then(|word| word.text.chars().next());
            let goes_on = side.before.zip(first).is_some_and(|(end, first)| {
                first.is_lowercase() || first.is_alphabetic() && !first.is_uppercase() && !".।:;?!".contains(end)
            });
            side.goes_on += usize::from(goes_on);
            side.before = None;
            if segment.area.width() > width * 0.7 && (segment.words.len() >= 4 && letters >= 16 || letters >= 28) {
                side.full += 1;
                side.letters_of_full += letters;
                side.before = segment.words.last().and_then(|word| word.text.chars().next_back());
            }
        }
    }
    let share = |side: &Side, of: usize| {
        side.full >= 2
            && side.goes_on >= 2
            && side.goes_on * 400 >= side.lines * of
            && side.letters_of_full * 100 >= side.letters * of
    };
    let are_prose: Vec<bool> = sides.iter().map(|side| share(side, 50)).collect();
    let mut has_some: Vec<bool> = sides.iter().map(|side| share(side, 25)).collect();
    // The last of several columns may be too short to tell.
    if let [.., before, last] = &sides[..]
        && sides.len() > 2
        && last.lines < before.lines
        && are_prose[..sides.len() - 1].iter().all(|it| *it)
    {
        has_some[sides.len() - 1] = true;
    }
    let are_alone: Vec<bool> = sides.iter().map(|side| side.alone * 4 > side.lines).collect();
    let are_all = has_some.iter().all(|it| *it) && !are_rows(run, sides.len());
    if are_centred(run, &cuts) {
        return Columns::default();
    }
    let is_between = |at: usize| {
        let one = are_prose[at] || are_prose[at + 1];
        one && (are_all || are_alone[at] && are_alone[at + 1])
    };
    let between: Vec<usize> = (0..cuts.len()).filter(|at| is_between(*at)).collect();
    Columns {
        are_certain: between.iter().all(|at| has_some[*at] && has_some[at + 1]),
        cuts: between.into_iter().map(|at| cuts[at]).collect(),
    }
}

/// The segments of a row, joined by column: the blanks of a justified line may be as wide as the gaps between columns.
fn lines_of_columns<'a>(row: &Row<'a>, cuts: &[f32]) -> Vec<(usize, Segment<'a>)> {
    let mut lines: Vec<(usize, Segment<'a>)> = Vec::new();
    for segment in &row.segments {
        let first = column(cuts, segment.area.left + 1.0);
        if first != column(cuts, segment.area.right - 1.0) {
            continue;
        }
        match lines.last_mut().filter(|(before, _)| *before == first) {
            Some((_, line)) => {
                line.area = line.area.with(&segment.area);
                line.words.extend(&segment.words);
            }
            None => lines.push((first, segment.clone())),
        }
    }
    lines
}

/// Whether the columns form rows: white space runs across all of them at the same heights, also below cells of
/// different lengths, and each column begins again below it.
fn are_rows(run: &[Row<'_>], columns: usize) -> bool {
    let mut distances: Vec<f32> = run.windows(2).map(|pair| pair[1].middle - pair[0].middle).collect();
    distances.sort_by(f32::total_cmp);
    let Some(usual) = distances.get(distances.len() / 2) else { return false };
    let mut bands: Vec<&[Row<'_>]> = Vec::new();
    let mut first = 0;
    for at in 1..=run.len() {
        if at == run.len() || run[at].middle - run[at - 1].middle > usual * 1.25 {
            bands.push(&run[first..at]);
            first = at;
        }
    }
    let full = bands.iter().filter(|band| band[0].segments.len() >= columns).count();
    let unequal = bands.iter().filter(|band| band[band.len() - 1].segments.len() < columns).count();
    bands.len() > 2 && full * 5 >= bands.len() * 4 && unequal * 3 >= bands.len() && run.len() <= bands.len() * 8
}

/// Whether the lines of each column are vertically centred beside those of the others, as in rows of a table.
fn are_centred(run: &[Row<'_>], cuts: &[f32]) -> bool {
    let mut columns: Vec<Vec<f32>> = vec![Vec::new(); cuts.len() + 1];
    for segment in run.iter().flat_map(|row| &row.segments) {
        let at = column(cuts, segment.area.left + 1.0);
        columns[at].push(lines::middle(segment));
    }
    let height = lines::height(run);
    let Some(limit) = blocks::limit(&columns, height) else { return false };
    let cells = columns.iter().flat_map(|column| column.chunk_by(|a, b| b - a < limit));
    let mut cells: Vec<(f32, f32)> = cells.filter_map(|cell| Some((*cell.first()?, *cell.last()?))).collect();
    cells.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rows: Vec<((f32, f32), Vec<f32>)> = Vec::new();
    for (top, bottom) in cells {
        let middle = f32::midpoint(top, bottom);
        match rows.last_mut() {
            Some(((_, end), middles)) if top < *end + height * EVEN => {
                *end = end.max(bottom);
                middles.push(middle);
            }
            _ => rows.push(((top, bottom), vec![middle])),
        }
    }
    let is_even = |((top, bottom), middles): &((f32, f32), Vec<f32>)| {
        let middle = f32::midpoint(*top, *bottom);
        middles.len() > 1 && middles.iter().all(|it| (it - middle).abs() < height * EVEN)
    };
    rows.len() > 3 && rows.iter().filter(|row| is_even(row)).count() * 5 >= rows.len() * 4
}

/// The words of each column, divided where a line runs across the columns.
pub(super) fn split<'a>(run: &[Row<'a>], cuts: &[f32]) -> Vec<Vec<&'a Word>> {
    let mut parts: Vec<Vec<&'a Word>> = Vec::new();
    let mut open: Vec<Vec<&'a Word>> = vec![Vec::new(); cuts.len() + 1];
    for row in run {
        let is_across =
            |segment: &Segment<'_>| column(cuts, segment.area.left + 1.0) != column(cuts, segment.area.right - 1.0);
        if row.segments.iter().any(is_across) {
            parts.extend(open.iter_mut().map(std::mem::take));
            continue;
        }
        for segment in &row.segments {
            open[column(cuts, segment.area.center())].extend(&segment.words);
        }
    }
    parts.extend(open);
    for words in &mut parts {
        words.sort_by_key(|word| word.order);
    }
    parts.retain(|words| !words.is_empty());
    parts
}
