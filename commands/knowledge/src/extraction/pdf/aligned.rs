//! Tables without drawn lines: cells that are aligned in columns with white space between them.

use super::{
    drawn::Line,
    gutters::{self, Gutter},
    lines::{Row, Segment, height},
    prose::{Columns, columns_of_prose, split},
    runs::runs,
    tight,
    words::{Area, Word},
};

/// Levels of columns within columns.
const DEEPEST: usize = 4;
/// The factor by which the white space between two tables exceeds the usual distance of lines, at least.
const WIDER: f32 = 1.4;
/// Points below which a drawn line does not separate rows of a table.
const SHORTEST: f32 = 40.0;
/// Lines of a caption between two tables.
const MOST_CAPTION: usize = 3;
/// Lines above such a white space that are compared.
const MOST_ABOVE: usize = 60;

/// Lines whose text is aligned in columns.
#[derive(Debug)]
pub(super) struct Aligned<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// The horizontal positions that separate the columns, in points.
    pub(super) cuts: Vec<f32>,
}

/// Finds tables among the words, and tells whether all of them are certainly tables rather than prose in columns.
pub(super) fn find<'a>(words: &[&'a Word], tables: &[Area], across: &[Line]) -> (Vec<Aligned<'a>>, bool) {
    let (mut found, mut are_certain) = (Vec::new(), true);
    // The words of columns that are still to be examined, with the depth of their nesting.
    let mut waiting = vec![(words.to_vec(), 0)];
    while let Some((words, depth)) = waiting.pop() {
        for run in runs(tight::rows(&words), tables) {
            let parts = if are_columns_of_page(&run) { vec![run] } else { separate(run) };
            for run in parts {
                let gutters = gutters::gutters(&run);
                let prose = columns_of_prose(&run, &gutters);
                if prose.cuts.is_empty() {
                    found.extend(one_or_two(run, gutters, across));
                } else if depth < DEEPEST {
                    are_certain &= prose.are_certain;
                    waiting.extend(split(&run, &prose.cuts).into_iter().map(|words| (words, depth + 1)));
                }
            }
        }
    }
    (found, are_certain)
}

/// Whether the page is set in columns of prose, which hardly any line crosses.
fn are_columns_of_page(run: &[Row<'_>]) -> bool {
    let Columns { cuts, .. } = columns_of_prose(run, &gutters::gutters(run));
    !cuts.is_empty() && run.iter().filter(|row| crosses(row, &cuts)).nth(1).is_none()
}

fn crosses(row: &Row<'_>, cuts: &[f32]) -> bool {
    let is_across = |segment: &Segment<'_>, cut: f32| segment.area.left + 1.0 < cut && cut < segment.area.right - 1.0;
    row.segments.iter().any(|segment| cuts.iter().any(|cut| is_across(segment, *cut)))
}

/// Splits off a table that has other columns below a wider white space, or a header of its own.
fn separate(mut run: Vec<Row<'_>>) -> Vec<Vec<Row<'_>>> {
    let distances: Vec<f32> = run.windows(2).map(|pair| pair[1].middle - pair[0].middle).collect();
    let mut sorted = distances.clone();
    sorted.sort_by(f32::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let wide: Vec<usize> = (1..run.len()).filter(|at| distances[at - 1] > usual * WIDER).collect();
    let mut parts = Vec::new();
    let mut first = 0;
    for (at, place) in wide.iter().enumerate() {
        let end = wide.get(at + 1).copied().unwrap_or(first + run.len());
        let place = place - first;
        let start = place.saturating_sub(MOST_ABOVE);
        let (above, below) = (&run[start..place], &run[place..end - first]);
        let together = gutters::gutters(&run[start..end - first]);
        let begins_anew = with_values(above) > 1 && begins_with_header(below);
        if begins_anew || !keeps_columns(above, &together) || !keeps_columns(below, &together) {
            let below = run.split_off(place);
            parts.push(std::mem::replace(&mut run, below));
            first += place;
        }
    }
    parts.push(run);
    parts
}

/// Whether the rows begin with a header, perhaps below a caption: a row of words only above rows with numbers.
fn begins_with_header(rows: &[Row<'_>]) -> bool {
    let caption = rows.iter().take(MOST_CAPTION).take_while(|row| row.segments.len() == 1).count();
    let Some((head, body)) = rows[caption..].split_first() else { return false };
    let most = body.iter().map(|row| row.segments.len()).max().unwrap_or_default();
    let are_values = with_values(body) > 1 && with_values(body) * 4 >= body.len() * 3;
    head.segments.len() > 1 && head.segments.len() >= most && !has_digit(&head.segments) && are_values
}

/// The number of rows with a number behind the first cell.
fn with_values(rows: &[Row<'_>]) -> usize {
    rows.iter().filter(|row| row.segments.get(1..).is_some_and(has_digit)).count()
}

fn has_digit(segments: &[Segment<'_>]) -> bool {
    segments.iter().flat_map(|it| &it.words).any(|word| word.text.contains(char::is_numeric))
}

/// Whether these columns separate the rows where the rows' own columns do, and cross no more of them.
fn keeps_columns(rows: &[Row<'_>], columns: &[Gutter]) -> bool {
    let own = gutters::gutters(rows);
    let crossing = |columns: &[Gutter]| {
        let cuts: Vec<f32> = columns.iter().map(|it| it.cut()).collect();
        rows.iter().filter(|row| row.segments.len() > 1 && crosses(row, &cuts)).count()
    };
    let is_kept = |own: &Gutter| columns.iter().any(|it| own.left < it.cut() && it.cut() < own.right);
    own.is_empty() || own.iter().all(is_kept) && crossing(columns) <= crossing(&own)
}

/// The tables of a run: one, or two beside each other.
fn one_or_two<'a>(run: Vec<Row<'a>>, gutters: Vec<Gutter>, across: &[Line]) -> Vec<Aligned<'a>> {
    if let Some(cut) = between_two_tables(&run, &gutters).or_else(|| beside_ruled_rows(&run, &gutters, across)) {
        let parts = split(&run, &[cut]);
        return parts
            .into_iter()
            .flat_map(|words| runs(tight::rows(&words), &[]))
            .filter_map(|run| {
                let gutters = gutters_without_marks(&run, gutters::gutters(&run));
                table(run, &gutters)
            })
            .collect();
    }
    let gutters = gutters_without_marks(&run, gutters);
    table(run, &gutters).into_iter().collect()
}

fn table<'a>(run: Vec<Row<'a>>, gutters: &[Gutter]) -> Option<Aligned<'a>> {
    let cuts: Vec<f32> = gutters.iter().map(|gutter| gutter.cut()).collect();
    (!cuts.is_empty()).then_some(Aligned { rows: run, cuts })
}

/// The position that separates a table with drawn lines between its rows from its neighbour: the lines end there.
fn beside_ruled_rows(run: &[Row<'_>], gutters: &[Gutter], across: &[Line]) -> Option<f32> {
    let area = Area::around(run.iter().map(|row| &row.area));
    let is_inside = |line: &&Line| {
        area.top < line.at && line.at < area.bottom && line.from < area.right && line.to > area.left + SHORTEST
    };
    let lines: Vec<&Line> = across.iter().filter(is_inside).filter(|line| line.to - line.from > SHORTEST).collect();
    let longest = lines.iter().max_by(|a, b| (a.to - a.from).total_cmp(&(b.to - b.from)))?;
    let (from, to) = (longest.from, longest.to);
    let is_alike = |line: &&&Line| (line.from - from).abs() < 3.0 && (line.to - to).abs() < 3.0;
    let are_within = lines.iter().all(|line| line.from > from - 3.0 && line.to < to + 3.0);
    let has_columns = gutters.iter().any(|it| from < it.left && it.right < to);
    let after = || gutters.iter().find(|it| it.right > to);
    let before = || gutters.iter().rev().find(|it| it.left < from);
    let cut = after().or_else(before).map(|it| it.cut())?;
    (are_within && lines.iter().filter(is_alike).count() > 2 && has_columns).then_some(cut)
}

/// The position that separates two tables: a white space that is much wider than those between their columns.
fn between_two_tables(run: &[Row<'_>], gutters: &[Gutter]) -> Option<f32> {
    let width = |gutter: &Gutter| gutter.right - gutter.left;
    let inner = gutters.get(1..gutters.len().checked_sub(1)?)?;
    let widest = inner.iter().max_by(|a, b| width(a).total_cmp(&width(b)))?;
    let others = gutters.iter().filter(|it| (it.left - widest.left).abs() > 0.01).map(width).fold(0.0, f32::max);
    let cut = widest.cut();
    let header = run.iter().find(|row| row.segments.len() > 1)?;
    let side = |is_right: bool| {
        let segments = header.segments.iter().filter(move |it| (it.area.center() > cut) == is_right);
        segments.map(Segment::text).collect::<Vec<_>>()
    };
    let (left, right) = (side(false), side(true));
    let repeats = left.len() > 1 && left == right;
    (repeats || width(widest) > others * 2.5 && width(widest) > height(run) * 2.5).then_some(cut)
}

/// The gutters without the one behind the markers of a list: markers are no column.
fn gutters_without_marks(run: &[Row<'_>], mut gutters: Vec<Gutter>) -> Vec<Gutter> {
    let Some(first) = gutters.first() else { return gutters };
    let cut = first.cut();
    let left: Vec<String> =
        run.iter().flat_map(|row| &row.segments).filter(|it| it.area.right < cut + 1.0).map(Segment::text).collect();
    if gutters.len() < 2 && left.iter().all(|text| is_mark(text)) {
        gutters.remove(0);
    }
    gutters
}

/// Whether a text is the marker of a list item: `•`, `1.`, `(a)`, `iv)`.
fn is_mark(text: &str) -> bool {
    let text = text.trim();
    let inner = text.trim_matches(['(', ')', '.', ':', '[', ']']);
    let is_short = inner.chars().count() <= 4;
    let is_number =
        inner.chars().all(|c| c.is_ascii_digit() || c == '.') && (inner.len() < text.len() || inner.contains('.'));
    let is_letter = inner.chars().count() == 1 && inner.len() < text.len();
    let is_roman = inner.chars().all(|c| "ivxIVX".contains(c)) && inner.len() < text.len();
    is_short && (is_number || is_letter || is_roman || !text.chars().any(char::is_alphanumeric))
}
