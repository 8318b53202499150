//! Groups lines of a page that may belong to one table.

use super::{
    blocks,
    lines::{self, Row, Segment},
    words::{Area, Word},
};

/// The distance, in line heights, beyond which lines do not belong together.
const FARTHEST: f32 = 4.0;

/// The distance, in line heights, up to which lines may belong to one cell.
const CLOSE: f32 = 1.6;
/// Lines of a name above the line that has its values, at most.
const MOST_OF_NAME: usize = 5;
/// Preceding lines that are examined.
const MOST_BEFORE: usize = 60;
/// Points by which the left edges of cells of one column differ, at most.
const SAME: f32 = 2.0;

/// Lines that may belong to one table.
#[derive(Default)]
struct Run<'a> {
    rows: Vec<Row<'a>>,
    /// The indices of the lines with gaps.
    anchors: Vec<usize>,
}

/// The groups of lines that may belong to one table: those with gaps, and the lines between them.
pub(super) fn runs<'a>(rows: Vec<Row<'a>>, tables: &[Area]) -> Vec<Vec<Row<'a>>> {
    let mut runs: Vec<Vec<Row<'a>>> = Vec::new();
    let mut run = Run::default();
    // The number of directly preceding lines that ran across columns, and of those that stood below the first column
    // only.
    let (mut crossing, mut beginning) = (0, 0);
    let mut rest = rows.into_iter();
    while let Some(row) = rest.next() {
        let crosses = run.is_crossed_by(&row);
        crossing = if crosses { crossing + 1 } else { 0 };
        let begins = run.begins_below(run.rows.len(), &row) && !run.leads_to_row(&row, rest.as_slice());
        beginning = if begins { beginning + 1 } else { 0 };
        if run.is_far(&row, tables) || crossing > 1 || beginning > 1 {
            runs.extend(std::mem::take(&mut run).finished());
            (crossing, beginning) = (usize::from(crosses), 0);
        }
        run.push(row);
    }
    runs.extend(run.finished());
    runs
}

impl<'a> Run<'a> {
    fn push(&mut self, row: Row<'a>) {
        if row.segments.len() > 1 {
            self.anchors.push(self.rows.len());
        } else if self.anchors.is_empty() {
            // Only the last line above the first line with gaps may belong to the table.
            self.rows.clear();
        }
        self.rows.push(row);
    }

    fn is_far(&self, row: &Row<'_>, tables: &[Area]) -> bool {
        let Some(before) = self.rows.last() else { return false };
        let is_between = |table: &Area| {
            before.middle < table.top
                && table.bottom < row.middle
                && table.left < row.area.right
                && row.area.left < table.right
        };
        row.middle - before.middle > before.height.max(row.height) * FARTHEST || tables.iter().any(is_between)
    }

    fn is_crossed_by(&self, row: &Row<'_>) -> bool {
        let [only] = &row.segments[..] else { return false };
        let last = &self.anchors[self.anchors.len().saturating_sub(2)..];
        !last.is_empty() && last.iter().all(|at| crosses(only, &self.rows[*at]))
    }

    /// Whether a line stands below the first column only, and is no continuation of the name: its first word would have
    /// fitted above. `count` is the number of lines above it.
    fn begins_below(&self, count: usize, row: &Row<'_>) -> bool {
        let Some(anchor) = self.anchors.last().map(|at| &self.rows[*at]) else { return false };
        let ([only], [name, value, ..]) = (&row.segments[..], &anchor.segments[..]) else { return false };
        let before = count.checked_sub(1).map_or(row.middle, |at| self.rows[at].middle);
        let first_word = only.words.first().map_or(0.0, |word| word.area.width());
        let would_fit = |above: &Segment<'_>, right: f32| {
            above.area.width() + first_word + row.height * 0.3 < right - above.area.left
        };
        if only.area.left < name.area.left - row.height {
            // Beside a long name the values are centred, so that the name continues below them.
            let lines = self.rows[..count].iter().rev().take(MOST_OF_NAME);
            let above = lines.flat_map(|row| &row.segments).find(|it| (it.area.left - only.area.left).abs() < SAME);
            let goes_on = above.is_some_and(|above| !would_fit(above, name.area.left));
            return !goes_on || row.middle - before > row.height * CLOSE;
        }
        let is_below = only.area.right < value.area.left && only.area.left < name.area.right;
        // Where the distances tell cells from lines, the next line continues the cell unless it would have fitted above
        // with room to spare.
        let is_of_cell = || self.limit(anchor).is_some_and(|limit| row.middle - before < limit);
        let has_room = || would_fit(name, self.next_column(name.area.left).unwrap_or(value.area.left) - row.height);
        let fits = would_fit(name, value.area.left) && (has_room() || !is_of_cell());
        is_below && (fits || row.middle - before > row.height * 1.8)
    }

    /// The left edge of the column to the right of the one that begins here.
    fn next_column(&self, left: f32) -> Option<f32> {
        let rows = &self.rows[self.rows.len().saturating_sub(MOST_BEFORE)..];
        let begins = |row: &Row<'_>| {
            let at = row.segments.iter().position(|it| (it.area.left - left).abs() < SAME)?;
            row.segments.get(at + 1).map(|next| next.area.left)
        };
        rows.iter().filter_map(begins).reduce(f32::min)
    }

    /// The distance above which two lines of a column are two cells; `None` if the lines before do not tell.
    fn limit(&self, anchor: &Row<'_>) -> Option<f32> {
        let rows = &self.rows[self.rows.len().saturating_sub(MOST_BEFORE)..];
        let of = |left: f32| {
            let segments = rows.iter().flat_map(|row| &row.segments);
            segments.filter(|it| (it.area.left - left).abs() < SAME).map(lines::middle).collect()
        };
        blocks::limit(&anchor.segments.iter().map(|it| of(it.area.left)).collect::<Vec<_>>(), anchor.height)
    }

    /// Whether this line and those below it lead, at the distance of lines within a cell, to a line with the columns of
    /// the last line with gaps: a long name is centred or at the bottom of its row.
    fn leads_to_row(&self, row: &Row<'_>, below: &[Row<'_>]) -> bool {
        let Some(anchor) = self.anchors.last().map(|at| &self.rows[*at]) else { return false };
        let lines = below.iter().take(MOST_OF_NAME);
        let mut before = row;
        for line in lines {
            if line.middle - before.middle > line.height * CLOSE {
                return false;
            }
            if line.segments.len() > 1 {
                let is_kept = |segment: &&Segment<'_>| {
                    anchor.segments[1..].iter().any(|it| (it.area.left - segment.area.left).abs() < SAME)
                };
                return line.segments.iter().filter(is_kept).count() + 1 >= anchor.segments.len();
            }
            before = line;
        }
        false
    }

    /// The lines up to the last one with gaps, and those behind it that stay within one of its columns.
    fn finished(mut self) -> Option<Vec<Row<'a>>> {
        let anchor = *self.anchors.last().filter(|_| self.anchors.len() > 1)?;
        while let [.., before, last] = &self.rows[anchor..] {
            let is_close = last.middle - before.middle < last.height * CLOSE;
            let crosses = last.segments.iter().any(|segment| crosses(segment, &self.rows[anchor]));
            if is_close && !crosses && !self.begins_below(self.rows.len() - 1, last) {
                break;
            }
            self.rows.pop();
        }
        Some(self.rows)
    }
}

/// Whether a text covers a gap of a line.
fn crosses(segment: &Segment<'_>, row: &Row<'_>) -> bool {
    row.segments.windows(2).any(|pair| {
        segment.area.left < pair[0].area.right - 1.0 && segment.area.right > pair[1].area.left + 1.0
            || segment.area.left < pair[0].area.left && segment.area.right > pair[1].area.left
    })
}

/// The row as a single segment if it is justified text: its blanks are all about equally wide, and wider behind a
/// sentence, and do not separate columns.
pub(super) fn without_stretches(mut row: Row<'_>) -> Row<'_> {
    let words: Vec<&Word> = row.segments.iter().flat_map(|segment| segment.words.iter().copied()).collect();
    let gap = |pair: &[&Word]| pair[1].area.left - pair[0].area.right;
    let mut gaps: Vec<f32> = words.windows(2).map(gap).collect();
    gaps.sort_by(f32::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
    let is_blank = |pair: &[&Word]| {
        let ends = pair[0].text.ends_with(['.', ':', ';', '?', '!', ',']);
        gap(pair) < row.height && gap(pair) < usual * if ends { 2.1 } else { 1.35 }
    };
    let is_stretched = row.segments.len() > 1 && words.len() > 4 && words.windows(2).all(is_blank);
    if is_stretched {
        let area = Area::around(row.segments.iter().map(|segment| &segment.area));
        row.segments = vec![Segment { area, words, height: row.height }];
    }
    row
}
