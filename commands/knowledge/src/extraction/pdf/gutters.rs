//! Vertical white space between columns (gutters).

use super::{
    lines::{MOST_COLUMNS, Row, Segment, beside_each_other, height},
    words::{Area, Word},
};

/// The least width of a gutter, in line heights.
const LEAST_GUTTER: f32 = 0.25;

/// Points by which the left edges of cells of one column differ, at most.
const SAME: f32 = 1.0;
/// The least width of a blank, in line heights.
const BLANK: f32 = 0.2;
/// The factor by which a gap that may separate two cells exceeds the blanks of its line.
const WIDER: f32 = 1.15;

/// A vertical white space, by its left and right edge in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gutter {
    pub(super) left: f32,
    pub(super) right: f32,
}

impl Gutter {
    pub(super) fn cut(self) -> f32 {
        f32::midpoint(self.left, self.right)
    }
}

/// The white spaces that most lines leave free.
pub(super) fn gutters(run: &[Row<'_>]) -> Vec<Gutter> {
    let merged = beside_each_other(run);
    let lines: Vec<&Row<'_>> = merged.iter().filter(|row| row.segments.len() > 1).collect();
    let height = height(run);
    // Sweep events: at each position, the changes of the numbers of lines that have a gap there and of those that have
    // text there.
    let mut changes: Vec<(f32, i32, i32)> = Vec::new();
    for line in &lines {
        for segment in &line.segments {
            changes.extend([(segment.area.left, 0, 1), (segment.area.right, 0, -1)]);
        }
        for pair in line.segments.windows(2) {
            changes.extend([(pair[0].area.right, 1, 0), (pair[1].area.left, -1, 0)]);
        }
    }
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut white, mut black) = (0, 0);
    let mut gutters: Vec<Gutter> = Vec::new();
    // The part of the current gutter that the fewest lines cover, and the whole of it, for a single line may cover
    // nearly all.
    let mut open: Option<(i32, Gutter)> = None;
    let mut whole: Option<Gutter> = None;
    let least = height * LEAST_GUTTER;
    let wider = |(_, best): (i32, Gutter), whole: Option<Gutter>| {
        whole.filter(|_| best.right - best.left < least).unwrap_or(best)
    };
    for pair in changes.windows(2) {
        white += pair[0].1;
        black += pair[0].2;
        let part = Gutter { left: pair[0].0, right: pair[1].0 };
        if part.right <= part.left {
            continue;
        }
        if white >= 2 && black * 3 <= white {
            whole = Some(Gutter { right: part.right, ..whole.unwrap_or(part) });
            open = match open {
                Some((least, best))
                    if black > least
                        || black == least
                            && part.left > best.right + 0.01
                            && part.right - part.left <= best.right - best.left =>
                {
                    Some((least, best))
                }
                Some((least, best)) if black == least && part.left <= best.right + 0.01 => {
                    Some((least, Gutter { right: part.right, ..best }))
                }
                _ => Some((black, part)),
            };
        } else {
            gutters.extend(open.take().map(|open| wider(open, whole.take())));
        }
    }
    gutters.extend(open.map(|open| wider(open, whole)));
    gutters.truncate(MOST_COLUMNS);
    let gutters = around_rare_columns(gutters, &lines);
    let wide = gutters.into_iter().filter(|gutter| gutter.right - gutter.left >= least);
    beside_lines_alone(wide.take(MOST_COLUMNS).collect(), run, least)
}

/// Narrows the gutters where a line without a neighbour in its row reaches into them.
fn beside_lines_alone(mut gutters: Vec<Gutter>, run: &[Row<'_>], least: f32) -> Vec<Gutter> {
    for row in run {
        let [only] = &row.segments[..] else { continue };
        let (left, right) = (only.area.left, only.area.right);
        for at in 0..gutters.len() {
            let Gutter { left: from, right: to } = gutters[at];
            let begins = at.checked_sub(1).is_none_or(|before| left > gutters[before].cut());
            let ends = gutters.get(at + 1).is_none_or(|after| right < after.cut());
            if begins && left < from && from < right && right + least <= to {
                gutters[at].left = right;
            } else if ends && to < right && left < to && from + least <= left {
                gutters[at].right = left;
            }
        }
    }
    gutters
}

/// Splits the gutters around columns that so few lines fill that they look like white space.
fn around_rare_columns(gutters: Vec<Gutter>, lines: &[&Row<'_>]) -> Vec<Gutter> {
    let mut all = Vec::new();
    for gutter in gutters {
        // The text within the gutter, from left to right.
        let is_inside =
            |segment: &&Segment<'_>| segment.area.left > gutter.left + 1.0 && segment.area.right < gutter.right - 1.0;
        let mut inside: Vec<Area> =
            lines.iter().flat_map(|line| line.segments.iter().filter(is_inside).map(|segment| segment.area)).collect();
        inside.sort_by(|a, b| a.left.total_cmp(&b.left));
        let mut left = gutter.left;
        for area in inside {
            if area.left > left {
                all.push(Gutter { left, right: area.left });
            }
            left = left.max(area.right);
        }
        all.push(Gutter { left, right: gutter.right });
    }
    all
}

/// The index of the column that contains a position.
pub(super) fn column(cuts: &[f32], x: f32) -> usize {
    cuts.partition_point(|cut| *cut < x)
}

/// The left edges of the columns behind the first, each after its cut, if most of the cells begin there.
pub(super) fn lefts(rows: &[Row<'_>], cuts: &[f32]) -> Vec<(f32, f32)> {
    let of = |(at, cut): (usize, &f32)| {
        let is_inside =
            |segment: &&Segment<'_>| column(cuts, segment.area.left + 1.0) == at + 1 && *cut < segment.area.left;
        let segments = rows.iter().flat_map(|row| &row.segments).filter(is_inside);
        let mut lefts: Vec<f32> = segments.map(|segment| segment.area.left).collect();
        lefts.sort_by(f32::total_cmp);
        let left = *lefts.get(lefts.len() / 2)?;
        let there = lefts.iter().filter(|it| (*it - left).abs() < SAME).count();
        (there > 1 && there * 3 >= lefts.len() * 2).then_some((*cut, left))
    };
    cuts.iter().enumerate().filter_map(of).collect()
}

/// The cuts, moved right next to the left edges of their columns if no cell begins in between: a word that is as wide
/// as its column reaches that far.
pub(super) fn beside_lefts(rows: &[Row<'_>], cuts: &[f32], lefts: &[(f32, f32)]) -> Vec<f32> {
    let begins_between = |cut: f32, left: f32| {
        let mut segments = rows.iter().flat_map(|row| &row.segments);
        segments.any(|segment| (cut..left - SAME).contains(&segment.area.left))
    };
    let moved = |cut: &f32| {
        let left = lefts.iter().find(|(of, _)| of.total_cmp(cut).is_eq()).map(|(_, left)| *left);
        left.filter(|left| !begins_between(*cut, *left)).map_or(*cut, |left| cut.max(left - SAME))
    };
    cuts.iter().map(moved).collect()
}

/// Splits a segment whose words of two columns stand as close as words of one: the later word begins at a column's left
/// edge, and either the blank before it is wider than the others, or the line has a number and a word at the left edge
/// of every column.
pub(super) fn divided<'a>(segment: &Segment<'a>, lefts: &[(f32, f32)]) -> Vec<Segment<'a>> {
    let gap = |pair: &[&Word]| pair[1].area.left - pair[0].area.right;
    let mut gaps: Vec<f32> = segment.words.windows(2).map(gap).collect();
    gaps.sort_by(f32::total_cmp);
    let usual = gaps.get(gaps.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    let begins = |word: &Word, (cut, column): &(f32, f32)| {
        let left = word.area.left;
        *cut <= left && (left - column).abs() < SAME
    };
    // A single word may begin there by chance.
    let fills_columns = lefts.len() > 1
        && lefts.iter().all(|column| segment.words.iter().skip(1).any(|word| begins(word, column)))
        && segment.words.iter().any(|word| word.text.contains(char::is_numeric));
    let is_end = |pair: &[&Word]| {
        let is_wide = gap(pair) > usual.max(segment.height * BLANK) * WIDER;
        (is_wide || fills_columns) && lefts.iter().any(|column| begins(pair[1], column))
    };
    let mut parts: Vec<Segment<'a>> = Vec::new();
    for (at, word) in segment.words.iter().enumerate() {
        match parts.last_mut() {
            Some(part) if !is_end(&segment.words[at - 1..=at]) => {
                part.area = part.area.with(&word.area);
                part.words.push(word);
            }
            _ => parts.push(Segment { area: word.area, words: vec![*word], height: segment.height }),
        }
    }
    if parts.len() > 1 { parts } else { vec![segment.clone()] }
}
