//! Which lines of a table without rules are one row: a cell that is too long for its column goes on in the next line.

use std::ops::Range;

use super::{
    blocks::{self, Blocks},
    lines::beside,
    named,
    words::Area,
};

/// How much larger the distance of rows is than that of the lines of a cell, at least.
const DISTINCT: f32 = 1.18;
/// What stands on one line, in one column or over several.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    pub(super) columns: Range<usize>,
    pub(super) area: Area,
    /// Of its type: what stands on one line differs a little.
    pub(super) middle: f32,
    pub(super) text: String,
    /// Of its first word.
    pub(super) first_word: f32,
}

/// A line of a table.
#[derive(Debug, Clone)]
pub(super) struct TableLine {
    pub(super) middle: f32,
    pub(super) height: f32,
    pub(super) cells: Vec<Filled>,
}

impl TableLine {
    pub(super) fn in_column(&self, column: usize) -> Option<&Filled> {
        self.cells.iter().find(|cell| cell.columns.contains(&column))
    }

    fn is_named(&self) -> bool {
        self.in_column(0).is_some()
    }
}

/// Rows that have their first cell in common; mostly it is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// The lines of the first cell.
    pub(super) names: Vec<usize>,
    /// The lines of each row.
    pub(super) rows: Vec<Vec<usize>>,
}

/// The rows, and whether they are certain.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) groups: Vec<Group>,
    pub(super) are_certain: bool,
}

/// The cells of these lines, if their distances tell. `widths` are those of the columns.
pub(super) fn blocks(lines: &[TableLine], widths: &[f32]) -> Option<Blocks> {
    blocks::blocks(&Body::of(lines, widths, None))
}

/// The rows of these lines. `widths` are those of the columns, `rules` the places of lines that are drawn across.
pub(super) fn rows(lines: &[TableLine], widths: &[f32], rules: &[f32], blocks: Option<Blocks>) -> Rows {
    let body = Body::of(lines, widths, blocks);
    if let Some(rows) = body.by_rules(rules) {
        return rows;
    }
    let found = body
        .by_blocks()
        .or_else(|| body.by_distance())
        .or_else(|| body.by_centred_names())
        .unwrap_or_else(|| body.by_names());
    Rows { are_certain: found.are_certain && !body.has_cut_names(&found.groups), ..found }
}

pub(super) struct Body<'a> {
    pub(super) lines: &'a [TableLine],
    pub(super) widths: &'a [f32],
    /// Lines whose middles are closer stand beside each other, not below.
    beside: f32,
    blocks: Option<Blocks>,
}

impl<'a> Body<'a> {
    fn of(lines: &'a [TableLine], widths: &'a [f32], blocks: Option<Blocks>) -> Self {
        let beside = beside(lines.windows(2).map(|pair| pair[1].middle - pair[0].middle), height(lines));
        Self { lines, widths, beside, blocks }
    }

    /// Each row between two rules, if no two full lines are.
    fn by_rules(&self, rules: &[f32]) -> Option<Rows> {
        let mut bands: Vec<Vec<usize>> = Vec::new();
        let mut last = None;
        for (at, line) in self.lines.iter().enumerate() {
            let band = rules.partition_point(|rule| *rule < line.middle);
            match bands.last_mut() {
                Some(lines) if last == Some(band) => lines.push(at),
                _ => bands.push(vec![at]),
            }
            last = Some(band);
        }
        let full = |lines: &Vec<usize>| {
            let most = self.widths.len().div_ceil(2).max(2);
            lines.iter().filter(|at| self.lines[**at].cells.len() >= most && self.lines[**at].is_named()).count()
        };
        let are_rows =
            bands.len() >= 3 && bands.iter().filter(|lines| full(lines) <= 1).count() * 10 >= bands.len() * 9;
        if !are_rows {
            return None;
        }
        let groups: Vec<Group> = bands.iter().map(|lines| self.group(lines)).collect();
        if groups.iter().all(|group| !group.names.is_empty()) {
            return Some(Rows { groups, are_certain: true });
        }
        // A name may stand beside several of them.
        let rows: Vec<Vec<usize>> =
            groups.iter().flat_map(|group| &group.rows).filter(|row| !row.is_empty()).cloned().collect();
        let of_bands = || groups.iter().map(|group| group.names.clone()).filter(|name| !name.is_empty()).collect();
        let names = self.blocks.as_ref().map_or_else(of_bands, |blocks| blocks.names.clone());
        named::rows(self, &rows, &names).or(Some(Rows { groups, are_certain: false }))
    }

    /// Each row by its cells, whose lines are closer than those of two cells.
    fn by_blocks(&self) -> Option<Rows> {
        let blocks = self.blocks.as_ref()?;
        let mut are_told = true;
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for row in &blocks.rows {
            let lines: Vec<usize> = row.clone().filter(|at| !self.is_name_only(*at)).collect();
            if self.are_alike(&lines) {
                are_told = false;
                rows.extend(lines.into_iter().map(|at| vec![at]));
            } else {
                rows.push(lines);
            }
        }
        let found = named::rows(self, &rows, &blocks.names).unwrap_or_else(|| named::beside(&rows, &blocks.names));
        Some(Rows { are_certain: found.are_certain && are_told, ..found })
    }

    /// Whether some rows begin in the middle of a name, and most do not.
    fn has_cut_names(&self, groups: &[Group]) -> bool {
        let names = groups.iter().filter_map(|group| self.lines[*group.names.first()?].in_column(0));
        let (small, others): (Vec<&Filled>, Vec<&Filled>) = names.partition(|name| blocks::is_small(name));
        !small.is_empty() && small.len() < others.len()
    }

    /// Whether a line goes on with a cell of the line above, by their distance.
    fn is_inside(&self, at: usize) -> bool {
        let rows = self.blocks.iter().flat_map(|blocks| &blocks.rows);
        rows.filter(|row| row.start < at && at < row.end).any(|row| !self.are_alike(&row.clone().collect::<Vec<_>>()))
    }

    pub(super) fn is_name_only(&self, at: usize) -> bool {
        self.lines[at].cells.iter().all(|cell| cell.columns.contains(&0))
    }

    /// Lines of one row are closer than rows are.
    fn by_distance(&self) -> Option<Rows> {
        let distances: Vec<f32> = self.lines.windows(2).map(|pair| pair[1].middle - pair[0].middle).collect();
        let mut sorted = distances.clone();
        sorted.sort_by(f32::total_cmp);
        let height = height(self.lines);
        let (ratio, limit) = sorted
            .windows(2)
            .filter(|pair| pair[1] > self.beside)
            .map(|pair| (pair[1] / pair[0].max(height * 0.2), f32::midpoint(pair[0], pair[1])))
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        if ratio < DISTINCT {
            return None;
        }
        let mut together: Vec<Vec<usize>> = vec![vec![0]];
        for (at, distance) in distances.iter().enumerate() {
            match together.last_mut() {
                Some(lines) if *distance < limit => lines.push(at + 1),
                _ => together.push(vec![at + 1]),
            }
        }
        let goes_on = together.iter().filter(|lines| lines.iter().any(|at| !self.lines[*at].is_named())).count();
        let is_row = |lines: &&Vec<usize>| {
            let named: Vec<usize> = lines.iter().copied().filter(|at| self.lines[*at].is_named()).collect();
            let in_a_row = named.windows(2).all(|pair| pair[1] == pair[0] + 1);
            in_a_row && (named.len() == 1 || named.len() > 1 && self.name_goes_on(&named))
        };
        let rows = together.iter().filter(is_row).count();
        let is_plausible = goes_on > 0 && together.len() > 1 && rows == together.len();
        is_plausible
            .then(|| Rows { groups: together.iter().map(|lines| self.group(lines)).collect(), are_certain: true })
    }

    /// Whether a name is so long that it needs these lines.
    fn name_goes_on(&self, named: &[usize]) -> bool {
        named.windows(2).all(|pair| {
            let (before, next) = (self.lines[pair[0]].in_column(0), self.lines[pair[1]].in_column(0));
            before.zip(next).is_some_and(|(before, next)| self.would_not_fit(before, next))
        })
    }

    /// Names that stand in the middle beside their rows, as web pages have them where one cell goes down over several: from the
    /// first row on, each name is as far below its first row as it is above its last one. `None` if that does not come out even, or names
    /// may as well be at the bottom of their rows.
    fn by_centred_names(&self) -> Option<Rows> {
        // Between two rows no name stands that is at the top or bottom of its own.
        let is_between = || (0..self.lines.len()).any(|at| self.is_name_only(at));
        if self.lines.first()?.is_named() || self.lines.last()?.is_named() && !is_between() {
            return None;
        }
        let rows: Vec<usize> = (0..self.lines.len()).filter(|at| !self.is_name_only(*at)).collect();
        if rows.windows(2).any(|pair| !self.begins_row(&pair[..1], pair[1])) {
            return None;
        }
        let rows: Vec<Vec<usize>> = rows.into_iter().map(|at| vec![at]).collect();
        let names: Vec<Vec<usize>> =
            (0..self.lines.len()).filter(|at| self.lines[*at].is_named()).map(|at| vec![at]).collect();
        named::rows(self, &rows, &names)
    }

    /// A line with a name begins a row; one without goes on, or is another row of that name. Where the first row has no name, names
    /// are not at the top of their rows: then one without has none.
    fn by_names(&self) -> Rows {
        let mut groups: Vec<Group> = Vec::new();
        let mut are_certain = true;
        let are_at_top = self.lines.first().is_some_and(TableLine::is_named);
        let mut at = 0;
        while at < self.lines.len() {
            let chain = self.chain(at);
            if chain > 1 {
                groups.push(self.group(&(at..at + chain).collect::<Vec<_>>()));
                at += chain;
                continue;
            }
            match groups.last_mut().filter(|_| !self.lines[at].is_named()) {
                None => {
                    are_certain &= self.lines[at].is_named();
                    groups.push(Group { names: vec![at], rows: vec![vec![at]] });
                }
                Some(group) => {
                    let row = group.rows.last().map_or(&[][..], Vec::as_slice);
                    if self.begins_row(row, at) {
                        if are_at_top {
                            group.rows.push(vec![at]);
                        } else {
                            groups.push(Group { names: vec![at], rows: vec![vec![at]] });
                        }
                    } else {
                        are_certain &= self.goes_on(row, at);
                        group.names.push(at);
                        if let Some(row) = group.rows.last_mut() {
                            row.push(at);
                        }
                    }
                }
            }
            at += 1;
        }
        Rows { groups, are_certain }
    }

    /// How many lines from here stand partly beside each other: a cell over two rows is in the middle between them.
    fn chain(&self, first: usize) -> usize {
        let is_beside = |pair: &&[TableLine]| {
            let shares =
                pair[1].cells.iter().any(|cell| cell.columns.clone().any(|at| pair[0].in_column(at).is_some()));
            pair[1].middle - pair[0].middle < self.beside && !shares
        };
        1 + self.lines[first..].windows(2).take_while(is_beside).count()
    }

    /// Lines that belong together: one row, or several of one name.
    fn group(&self, lines: &[usize]) -> Group {
        let names: Vec<usize> = lines.iter().copied().filter(|at| self.lines[*at].is_named()).collect();
        let others: Vec<usize> = lines.iter().copied().filter(|at| !self.is_name_only(*at)).collect();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for at in others {
            match rows.last_mut() {
                Some(row) if !self.begins_row(row, at) || self.is_inside(at) => row.push(at),
                _ => rows.push(vec![at]),
            }
        }
        if rows.is_empty() {
            rows.push(Vec::new());
        }
        Group { names, rows }
    }

    /// Whether a line is a row of its own below these, and not their continuation: it has all cells but the name, and its
    /// values begin as theirs do.
    pub(super) fn begins_row(&self, row: &[usize], at: usize) -> bool {
        let Some(first) = row.first().map(|at| &self.lines[*at]) else { return true };
        let line = &self.lines[at];
        let in_both = |column: &usize| first.in_column(*column).is_some() && line.in_column(*column).is_some();
        let others = 1..self.widths.len();
        let has_all =
            others.clone().all(|column| first.in_column(column).is_none() || line.in_column(column).is_some());
        let begins_alike = others.clone().filter(in_both).any(|column| {
            let is_number = |line: &TableLine| {
                line.in_column(column)
                    .is_some_and(|cell| cell.text.starts_with(|c: char| c.is_numeric() || "<>≥≤".contains(c)))
            };
            is_number(first) && is_number(line)
        });
        has_all && begins_alike && (self.widths.len() > 2 || !self.goes_on(row, at))
    }

    /// Whether each cell of a line would not have fitted into the line above.
    fn goes_on(&self, row: &[usize], at: usize) -> bool {
        self.lines[at].cells.iter().all(|cell| {
            let above = row.iter().rev().find_map(|at| self.lines[*at].in_column(cell.columns.start));
            above.is_some_and(|above| self.would_not_fit(above, cell))
        })
    }

    pub(super) fn would_not_fit(&self, above: &Filled, next: &Filled) -> bool {
        let width: f32 = self.widths.get(above.columns.clone()).map_or(0.0, |widths| widths.iter().sum());
        above.area.width() + next.first_word + height(self.lines) * 0.3 > width
    }
}

pub(super) fn height(lines: &[TableLine]) -> f32 {
    let sum: f32 = lines.iter().map(|line| line.height).sum();
    #[expect(clippy::cast_precision_loss, reason = "a page has less than a million lines")]
    let count = lines.len().max(1) as f32;
    sum / count
}
