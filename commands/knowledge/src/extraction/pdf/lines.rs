//! The lines of a page and the segments of text in them, before columns are known.

use super::{
    scripts, text,
    words::{Area, Word},
};

/// Columns beyond which a line is a drawing made of letters.
pub(super) const MOST_COLUMNS: usize = 40;
/// The gap, in line heights, from which words may belong to different columns where the widths of blanks vary.
const COLUMN_GAP: f32 = 0.55;
/// The factor by which a gap exceeds a blank, where all blanks are equally wide, to separate columns.
const WIDER_THAN_BLANK: f32 = 1.38;
const LEAST_COLUMN_GAP: f32 = 0.2;
/// The same minimum for Indic words, whose glyphs leave gaps beside their blanks.
const LEAST_INDIC_COLUMN_GAP: f32 = 0.45;
/// The difference of middles, in line heights, below which words are on one line.
const SAME_LINE: f32 = 0.4;

/// The gap that may separate columns within this line, in line heights: its blanks are all about equally wide, also
/// where the line is stretched.
fn column_gap_of(line: &[&Word], column_gap: f32) -> f32 {
    let gaps = line.windows(2).map(|pair| {
        (pair[1].area.left - pair[0].area.right) / pair[0].area.height().max(pair[1].area.height()).max(1.0)
    });
    let mut gaps: Vec<f32> = gaps.filter(|gap| *gap > 0.1).collect();
    gaps.sort_by(f32::total_cmp);
    let Some(usual) = gaps.get(gaps.len().saturating_sub(1) / 3).filter(|_| gaps.len() > 2) else { return column_gap };
    (usual * WIDER_THAN_BLANK).max(LEAST_COLUMN_GAP).max(usual + 0.08).min(column_gap)
}

/// Words that stand close together.
#[derive(Debug, Clone)]
pub(super) struct Segment<'a> {
    pub(super) area: Area,
    pub(super) words: Vec<&'a Word>,
    /// The height of the type of most of its words, in points.
    pub(super) height: f32,
}

impl Segment<'_> {
    pub(super) fn text(&self) -> String {
        text::of_line(&self.words)
    }
}

/// A line across the page, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    pub(super) area: Area,
    /// The middle of the type, in points, without raised and lowered text.
    pub(super) middle: f32,
    pub(super) height: f32,
    pub(super) segments: Vec<Segment<'a>>,
}

impl Row<'_> {
    pub(super) fn text(&self) -> String {
        self.segments.iter().map(Segment::text).collect::<Vec<_>>().join(" ")
    }
}

/// The lines of these words, from top to bottom; the words are given in reading order.
pub(super) fn rows<'a>(words: &[&'a Word]) -> Vec<Row<'a>> {
    let column_gap = column_gap(words);
    let mut segments = segments(words, column_gap);
    segments.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    let mut rows: Vec<Row<'a>> = Vec::new();
    for segment in segments {
        let (middle, height) = (middle(&segment), segment.height);
        match rows.last_mut() {
            Some(row) if (middle - row.middle).abs() < row.height.min(height) * SAME_LINE => {
                row.area = row.area.with(&line_area(&segment));
                // The largest segment determines the line, so that it does not depend on which small sign comes first.
                if height > row.height {
                    (row.middle, row.height) = (middle, height);
                }
                row.segments.push(segment);
            }
            _ => rows.push(Row { area: line_area(&segment), middle, height, segments: vec![segment] }),
        }
    }
    for row in &mut rows {
        row.segments.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
        let mut merged: Vec<Segment<'a>> = Vec::with_capacity(row.segments.len());
        for segment in std::mem::take(&mut row.segments) {
            match merged.last_mut() {
                Some(before) if is_close(before, &segment, column_gap) => {
                    before.area = before.area.with(&segment.area);
                    before.words.extend(segment.words);
                }
                _ => merged.push(segment),
            }
        }
        row.segments = merged;
    }
    rows
}

/// The gap from which words may belong to different columns, in line heights.
fn column_gap(words: &[&Word]) -> f32 {
    blank(words).map_or(COLUMN_GAP, |blank| (blank * WIDER_THAN_BLANK).clamp(LEAST_COLUMN_GAP, COLUMN_GAP))
}

/// The most frequent width of blanks, in line heights.
pub(super) fn blank(words: &[&Word]) -> Option<f32> {
    let pairs = words.windows(2).filter(|pair| pair[0].line == pair[1].line && !pair[0].is_turned);
    let gaps = pairs.map(|pair| (pair[1].area.left - pair[0].area.right) / pair[0].area.height().max(1.0));
    let mut gaps: Vec<f32> = gaps.filter(|gap| (0.05..COLUMN_GAP).contains(gap)).collect();
    gaps.sort_by(f32::total_cmp);
    // The most frequent width so far, with its count.
    let mut most = (0, COLUMN_GAP);
    let mut end = 0;
    for (at, gap) in gaps.iter().enumerate() {
        while end < gaps.len() && gaps[end] < gap * 1.08 {
            end += 1;
        }
        if end - at > most.0 {
            most = (end - at, gap * 1.04);
        }
    }
    (gaps.len() > 5 && most.0 * 5 >= gaps.len() * 2).then_some(most.1)
}

fn is_close(before: &Segment<'_>, next: &Segment<'_>, column_gap: f32) -> bool {
    let is_turned = |segment: &Segment<'_>| segment.words.iter().any(|word| word.is_turned);
    let is_line = |(a, b): (&&Word, &&Word)| a.line == b.line;
    let is_divided = before.words.last().zip(next.words.first()).is_some_and(is_line);
    next.area.left - before.area.right < before.height.max(next.height) * column_gap
        && !is_divided
        && !is_turned(before)
        && !is_turned(next)
}

/// The area of a segment as part of a line; for rotated text, its end.
fn line_area(segment: &Segment<'_>) -> Area {
    let turned = segment.words.iter().any(|word| word.is_turned);
    if turned { Area { top: segment.area.bottom - segment.height, ..segment.area } } else { segment.area }
}

/// The middle of the type, without raised and lowered text.
pub(super) fn middle(segment: &Segment<'_>) -> f32 {
    let turned = segment.words.iter().any(|word| word.is_turned);
    if turned {
        return segment.area.bottom - segment.height / 2.0;
    }
    let sized = segment.words.iter().filter(|word| word.area.height() > segment.height * 0.95);
    let (sum, count) = sized.fold((0.0, 0.0_f32), |(sum, count), word| (sum + word.area.middle(), count + 1.0));
    if count > 0.0 { sum / count } else { segment.area.middle() }
}

fn segments<'a>(words: &[&'a Word], column_gap: f32) -> Vec<Segment<'a>> {
    let mut segments: Vec<Segment<'a>> = Vec::new();
    let mut of_line = (usize::MAX, column_gap);
    for (at, word) in words.iter().enumerate() {
        if of_line.0 != word.line {
            let end = at + words[at..].iter().take_while(|it| it.line == word.line).count();
            of_line = (word.line, column_gap_of(&words[at..end], column_gap));
        }
        let column_gap = of_line.1;
        let height = if word.is_turned { word.area.width() } else { word.area.height() };
        let open = segments.last_mut().filter(|segment| {
            segment.words.last().is_some_and(|before| {
                let gap = word.area.left - before.area.right;
                let size = segment.height.max(height);
                let is_indic =
                    before.text.ends_with(scripts::leaves_gaps) && word.text.starts_with(scripts::leaves_gaps);
                let column_gap = if is_indic { column_gap.max(LEAST_INDIC_COLUMN_GAP) } else { column_gap };
                before.line == word.line
                    && !before.is_turned
                    && !word.is_turned
                    && gap < size * column_gap
                    && word.area.right > before.area.left
            })
        });
        match open {
            Some(segment) => {
                segment.area = segment.area.with(&word.area);
                segment.height = segment.height.max(height);
                segment.words.push(word);
            }
            None => segments.push(Segment { area: word.area, words: vec![word], height }),
        }
    }
    segments
}

/// The distance of middles, in points, below which lines stand beside each other and not below: a cell over two rows is
/// in the middle between them.
pub(super) fn beside(distances: impl Iterator<Item = f32>, height: f32) -> f32 {
    let mut distances: Vec<f32> = distances.collect();
    distances.sort_by(f32::total_cmp);
    let usual = distances.get(distances.len() * 3 / 4).copied().unwrap_or(0.0);
    (height * 0.7).max((usual * 0.6).min(height * 1.5))
}

/// The median height of these lines in points; 10 if there are none.
pub(super) fn height(run: &[Row<'_>]) -> f32 {
    let mut heights: Vec<f32> = run.iter().map(|row| row.height).collect();
    heights.sort_by(f32::total_cmp);
    heights.get(heights.len() / 2).copied().unwrap_or(10.0)
}

/// Merges lines that stand partly beside each other: a cell over two rows is in the middle between them.
pub(super) fn beside_each_other<'a>(run: &[Row<'a>]) -> Vec<Row<'a>> {
    let mut merged: Vec<Row<'a>> = Vec::with_capacity(run.len());
    let beside = beside(run.windows(2).map(|pair| pair[1].middle - pair[0].middle), height(run));
    for row in run {
        let shares = |before: &Row<'_>| {
            let overlaps = |a: &Segment<'_>, b: &Segment<'_>| a.area.left < b.area.right && b.area.left < a.area.right;
            row.segments.iter().any(|a| before.segments.iter().any(|b| overlaps(a, b)))
        };
        match merged.last_mut() {
            Some(before)
                if row.segments.len() < MOST_COLUMNS && row.middle - before.middle < beside && !shares(before) =>
            {
                before.segments.extend(row.segments.iter().cloned());
                before.segments.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
                before.middle = row.middle;
            }
            _ => merged.push(row.clone()),
        }
    }
    merged
}
