//! Columns whose gaps are about as narrow as a blank, as in a plain HTML table: other rows, with shorter cells, show
//! where the columns begin.

use super::{
    lines::{self, Row, Segment},
    runs::without_stretches,
    scripts,
    words::{Area, Word},
};

/// Lines above and below that are examined.
const MOST_NEAR: usize = 12;
/// The distance, in line heights, beyond which lines do not belong together.
const FARTHEST: f32 = 3.0;
/// Lines with clear white space that show a column, at least.
const SHOWN: usize = 2;
/// Points by which cells at the same position differ, at most.
const SAME: f32 = 0.2;
/// The factor by which a gap exceeds a blank, at least.
const WIDER: f32 = 1.12;
/// The width, in line heights, below which a gap separates nothing.
const LEAST: f32 = 0.1;
/// The width of the gap between columns, in line heights.
const GUTTER: f32 = 0.3;
/// Points by which letters may reach into a gap.
const SLACK: f32 = 0.1;

/// The lines, with their segments split at the columns.
pub(super) fn rows<'a>(words: &[&'a Word]) -> Vec<Row<'a>> {
    let rows: Vec<Row<'a>> = lines::rows(words).into_iter().map(without_stretches).collect();
    let blank = lines::blank(words);
    let cuts: Vec<Vec<Vec<usize>>> = (0..rows.len()).map(|at| cuts(&rows, at, blank)).collect();
    let divided = rows.into_iter().zip(cuts).map(|(row, cuts)| divided(row, &cuts));
    divided.collect()
}

/// For each segment of a line, the indices of the words before which it is split. `blank` is the usual blank in line
/// heights.
fn cuts(rows: &[Row<'_>], at: usize, blank: Option<f32>) -> Vec<Vec<usize>> {
    let row = &rows[at];
    let gaps = row.segments.iter().flat_map(|it| it.words.windows(2)).map(|it| it[1].area.left - it[0].area.right);
    let mut gaps: Vec<f32> = gaps.map(|gap| gap / row.height.max(1.0)).collect();
    gaps.sort_by(f32::total_cmp);
    // Type of another size has other blanks.
    let own = gaps.get(gaps.len().saturating_sub(1) / 3).filter(|_| gaps.len() > 2).copied();
    let blank = blank.map(|blank| own.map_or(blank, |own| blank.max(own)));
    let of_segment = |segment: &Segment<'_>| {
        let is_cut = |next: &usize| {
            let pair = [segment.words[next - 1], segment.words[*next]];
            is_between_columns(rows, at, pair, blank)
        };
        (1..segment.words.len()).filter(is_cut).collect()
    };
    let cuts: Vec<Vec<usize>> = row.segments.iter().map(of_segment).collect();
    // A caption runs across the columns: one of its words may begin at a column, but not one at each column.
    let near = [at.checked_sub(1).and_then(|at| rows.get(at)), rows.get(at + 1)];
    let columns = near.iter().flatten().map(|row| row.segments.len()).max().unwrap_or_default();
    let is_across = row.segments.len() == 1 && cuts.iter().map(Vec::len).sum::<usize>() + 1 < columns;
    if is_across { vec![Vec::new(); row.segments.len()] } else { cuts }
}

fn is_between_columns(rows: &[Row<'_>], at: usize, [before, next]: [&Word; 2], blank: Option<f32>) -> bool {
    let gap = Area { left: before.area.right, right: next.area.left, ..before.area };
    let height = before.area.height().max(next.area.height());
    if before.is_turned || next.is_turned || gap.width() < height * LEAST {
        return false;
    }
    let wide = blank.map_or(f32::MAX, |blank| height * blank * WIDER);
    let mut evidence = Evidence::default();
    evidence.look(rows[at + 1..].iter().take(MOST_NEAR), &rows[at], &gap, wide);
    evidence.look(rows[..at].iter().rev().take(MOST_NEAR), &rows[at], &gap, wide);
    // Glyphs of Indic words leave gaps beside their blanks, and some blanks are wider behind a sentence.
    let is_indic = [before, next].iter().any(|word| word.text.contains(scripts::leaves_gaps));
    let is_end = before.text.ends_with(['.', ':', ';', '?', '!', ',', '।']);
    let is_wider = !is_indic && !is_end && gap.width() > wide;
    evidence.begin_here >= SHOWN && evidence.clear > 0 || is_wider && evidence.clear >= SHOWN
}

/// The evidence of nearby lines for a column at a gap.
#[derive(Debug, Default)]
struct Evidence {
    /// Lines with clear white space that includes the gap.
    clear: usize,
    /// Lines whose next cell begins at the same position, behind a gap wider than a blank.
    begin_here: usize,
}

impl Evidence {
    fn look<'a: 'b, 'b>(&mut self, near: impl Iterator<Item = &'b Row<'a>>, row: &Row<'_>, gap: &Area, wide: f32) {
        let mut last = row.middle;
        // The part of the gap that all lines so far leave free.
        let mut free = *gap;
        for near in near {
            let is_far = (near.middle - last).abs() > near.height * FARTHEST;
            if is_far || !leaves_free(near, &mut free) {
                return;
            }
            last = near.middle;
            let words = || near.segments.iter().flat_map(|segment| &segment.words).map(|word| &word.area);
            let left = words().map(|word| word.right).filter(|right| *right < free.left + SLACK).reduce(f32::max);
            let right = words().map(|word| word.left).filter(|left| *left > free.right - SLACK).reduce(f32::min);
            let Some((left, right)) = left.zip(right) else { continue };
            let is_clear = !near.segments.iter().any(|it| it.area.left < left && it.area.right > right);
            if is_clear && !keeps_columns(row, near) {
                return;
            }
            self.clear += usize::from(is_clear);
            let is_here = (right - gap.right).abs() < SAME && (is_clear || right - left > wide);
            self.begin_here += usize::from(is_here);
        }
    }
}

/// Whether a line leaves all gaps of another free; a caption, which runs across, does not.
fn keeps_columns(row: &Row<'_>, other: &Row<'_>) -> bool {
    other.segments.windows(2).all(|pair| {
        let mut free = Area { left: pair[0].area.right, right: pair[1].area.left, ..pair[0].area };
        leaves_free(row, &mut free)
    })
}

/// Whether a line leaves enough of a gap free; `free` is reduced to that part.
fn leaves_free(row: &Row<'_>, free: &mut Area) -> bool {
    let least = row.height * LEAST;
    for word in row.segments.iter().flat_map(|segment| &segment.words) {
        if word.area.right <= free.left || free.right <= word.area.left {
            continue;
        }
        if word.area.right + least < free.right {
            free.left = word.area.right;
        } else if free.left + least < word.area.left {
            free.right = word.area.left;
        } else {
            return false;
        }
    }
    true
}

fn divided<'a>(mut row: Row<'a>, cuts: &[Vec<usize>]) -> Row<'a> {
    if cuts.iter().all(Vec::is_empty) {
        return row;
    }
    let segments = std::mem::take(&mut row.segments);
    for (segment, cuts) in segments.into_iter().zip(cuts) {
        let ends = cuts.iter().copied().chain([segment.words.len()]);
        let mut from = 0;
        for end in ends {
            let words = segment.words[from..end].to_vec();
            let mut area = Area::around(words.iter().map(|word| &word.area));
            if let Some(next) = segment.words.get(end) {
                // The column to the right is assumed to have its usual gap; otherwise it would not be found.
                area.right = area.right.min(next.area.left - segment.height * GUTTER).max(area.left);
            }
            row.segments.push(Segment { area, words, height: segment.height });
            from = end;
        }
    }
    row
}
