//! Groups the lines of a table without rules into rows: a cell that is too long for its column continues in the next
//! line.

use super::{
    blocks::Blocks,
    body::{Body, Filled, Group, Rows, TableLine, height, is_small},
    named,
};

/// The factor by which the distance of rows exceeds that of the lines within a cell, at least.
const DISTINCT: f32 = 1.18;

/// The rows of these lines. `widths` are the widths of the columns, `rules` the positions of horizontal lines, both in
/// points.
pub(super) fn rows(lines: &[TableLine], widths: &[f32], rules: &[f32], blocks: Option<Blocks>) -> Rows {
    let table = Table { body: Body::of(lines, widths), blocks };
    if let Some(rows) = table.by_rules(rules) {
        return rows;
    }
    let found = table
        .by_far_lines()
        .or_else(|| table.by_blocks())
        .or_else(|| table.by_distance())
        .or_else(|| table.by_centred_names())
        .unwrap_or_else(|| table.by_names());
    Rows { are_certain: found.are_certain && !table.has_cut_names(&found.groups), ..found }
}

/// A table whose rows are being determined.
struct Table<'a> {
    body: Body<'a>,
    /// Its cells, if the distances of its lines tell them.
    blocks: Option<Blocks>,
}

impl Table<'_> {
    /// One row between each two rules, unless two lines between them are complete rows.
    fn by_rules(&self, rules: &[f32]) -> Option<Rows> {
        let mut bands: Vec<Vec<usize>> = Vec::new();
        let mut last = None;
        for (at, line) in self.body.lines.iter().enumerate() {
            let band = rules.partition_point(|rule| *rule < line.middle);
            match bands.last_mut() {
                Some(lines) if last == Some(band) => lines.push(at),
                _ => bands.push(vec![at]),
            }
            last = Some(band);
        }
        let full = |lines: &Vec<usize>| {
            let most = self.body.widths.len().div_ceil(2).max(2);
            lines
                .iter()
                .filter(|at| self.body.lines[**at].cells.len() >= most && self.body.lines[**at].is_named())
                .count()
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
        // A name may stand beside several of the rows.
        let rows: Vec<Vec<usize>> =
            groups.iter().flat_map(|group| &group.rows).filter(|row| !row.is_empty()).cloned().collect();
        let of_bands = || groups.iter().map(|group| group.names.clone()).filter(|name| !name.is_empty()).collect();
        let names = self.blocks.as_ref().map_or_else(of_bands, |blocks| blocks.names.clone());
        named::rows(&self.body, &rows, &names).or(Some(Rows { groups, are_certain: false }))
    }

    /// Rows that are closer to each other than the lines of a cell, as some programs set them. Each row must have its
    /// name in its first line, and no continuation would have fitted into the line above.
    fn by_far_lines(&self) -> Option<Rows> {
        let (lines, height) = (self.body.lines, height(self.body.lines));
        let mut rows = vec![vec![0]];
        let (mut of_rows, mut of_lines) = (Vec::new(), Vec::new());
        for (at, pair) in (1..).zip(lines.windows(2)) {
            let distance = pair[1].middle - pair[0].middle;
            match rows.last_mut().filter(|_| !lines[at].is_named()) {
                Some(row) if self.body.goes_on(row, at) => {
                    row.push(at);
                    of_lines.push(distance);
                }
                Some(_) => return None,
                None => {
                    rows.push(vec![at]);
                    of_rows.push(distance);
                }
            }
        }
        let farthest = of_rows.into_iter().reduce(f32::max)?.max(height * 0.2);
        let are_far = of_lines.into_iter().reduce(f32::min)? > farthest * DISTINCT;
        let are_rows = lines.first()?.is_named() && rows.iter().all(|row| !self.body.is_name_only(row[0]));
        let groups = || rows.iter().map(|row| Group { names: vec![row[0]], rows: vec![row.clone()] }).collect();
        (are_far && are_rows).then(|| Rows { groups: groups(), are_certain: true })
    }

    /// The rows by their cells, whose lines are closer than those of two cells.
    fn by_blocks(&self) -> Option<Rows> {
        let blocks = self.blocks.as_ref()?;
        let mut are_told = true;
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for row in &blocks.rows {
            let lines: Vec<usize> = row.clone().filter(|at| !self.body.is_name_only(*at)).collect();
            if self.body.are_alike(&lines) {
                are_told = false;
                rows.extend(lines.into_iter().map(|at| vec![at]));
            } else {
                rows.push(lines);
            }
        }
        let found =
            named::rows(&self.body, &rows, &blocks.names).unwrap_or_else(|| named::beside(&rows, &blocks.names));
        Some(Rows { are_certain: found.are_certain && are_told, ..found })
    }

    /// Whether some rows begin in the middle of a name, and most do not.
    fn has_cut_names(&self, groups: &[Group]) -> bool {
        let names = groups.iter().filter_map(|group| self.body.lines[*group.names.first()?].in_column(0));
        let (small, others): (Vec<&Filled>, Vec<&Filled>) = names.partition(|name| is_small(name));
        !small.is_empty() && small.len() < others.len()
    }

    /// Whether the distances of the lines show that this one continues a cell of the line above.
    fn is_inside(&self, at: usize) -> bool {
        let rows = self.blocks.iter().flat_map(|blocks| &blocks.rows);
        rows.filter(|row| row.start < at && at < row.end)
            .any(|row| !self.body.are_alike(&row.clone().collect::<Vec<_>>()))
    }

    /// The rows by distance: lines of one row are closer than rows.
    fn by_distance(&self) -> Option<Rows> {
        let distances: Vec<f32> = self.body.lines.windows(2).map(|pair| pair[1].middle - pair[0].middle).collect();
        let mut sorted = distances.clone();
        sorted.sort_by(f32::total_cmp);
        let height = height(self.body.lines);
        let (ratio, limit) = sorted
            .windows(2)
            .filter(|pair| pair[1] > self.body.beside)
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
        let goes_on = together.iter().filter(|lines| lines.iter().any(|at| !self.body.lines[*at].is_named())).count();
        let is_row = |lines: &&Vec<usize>| {
            let named: Vec<usize> = lines.iter().copied().filter(|at| self.body.lines[*at].is_named()).collect();
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
            let (before, next) = (self.body.lines[pair[0]].in_column(0), self.body.lines[pair[1]].in_column(0));
            before.zip(next).is_some_and(|(before, next)| self.body.would_not_fit(before, next))
        })
    }

    /// The rows of names that are centred beside them, as on web pages where one cell spans several rows: each name is
    /// as far below its first row as it is above its last one. `None` if that does not fit all names, or if the names
    /// may as well be at the bottom of their rows.
    fn by_centred_names(&self) -> Option<Rows> {
        // A name that is at the top or bottom of its row never stands between two rows.
        let is_between = || (0..self.body.lines.len()).any(|at| self.body.is_name_only(at));
        if self.body.lines.first()?.is_named() || self.body.lines.last()?.is_named() && !is_between() {
            return None;
        }
        let rows: Vec<usize> = (0..self.body.lines.len()).filter(|at| !self.body.is_name_only(*at)).collect();
        if rows.windows(2).any(|pair| !self.body.begins_row(&pair[..1], pair[1])) {
            return None;
        }
        let rows: Vec<Vec<usize>> = rows.into_iter().map(|at| vec![at]).collect();
        let names: Vec<Vec<usize>> =
            (0..self.body.lines.len()).filter(|at| self.body.lines[*at].is_named()).map(|at| vec![at]).collect();
        named::rows(&self.body, &rows, &names)
    }

    /// The rows by their names: a line with a name begins a row; a line without one continues it, or is another row of
    /// that name. If the first row has no name, names are not at the top of their rows, so that a row without one has
    /// an unknown name.
    fn by_names(&self) -> Rows {
        let mut groups: Vec<Group> = Vec::new();
        let mut are_certain = true;
        let are_at_top = self.body.lines.first().is_some_and(TableLine::is_named);
        let mut at = 0;
        while at < self.body.lines.len() {
            let chain = self.chain(at);
            if chain > 1 {
                groups.push(self.group(&(at..at + chain).collect::<Vec<_>>()));
                at += chain;
                continue;
            }
            match groups.last_mut().filter(|_| !self.body.lines[at].is_named()) {
                None => {
                    are_certain &= self.body.lines[at].is_named();
                    groups.push(Group { names: vec![at], rows: vec![vec![at]] });
                }
                Some(group) => {
                    let row = group.rows.last().map_or(&[][..], Vec::as_slice);
                    if self.body.begins_row(row, at) {
                        if are_at_top {
                            group.rows.push(vec![at]);
                        } else {
                            groups.push(Group { names: vec![at], rows: vec![vec![at]] });
                        }
                    } else {
                        are_certain &= self.body.goes_on(row, at);
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

    /// The number of lines from here that stand partly beside each other: a cell over two rows is in the middle between
    /// them.
    fn chain(&self, first: usize) -> usize {
        let is_beside = |pair: &&[TableLine]| {
            let shares =
                pair[1].cells.iter().any(|cell| cell.columns.clone().any(|at| pair[0].in_column(at).is_some()));
            pair[1].middle - pair[0].middle < self.body.beside && !shares
        };
        1 + self.body.lines[first..].windows(2).take_while(is_beside).count()
    }

    /// The group of these lines: one row, or several with one name.
    fn group(&self, lines: &[usize]) -> Group {
        let names: Vec<usize> = lines.iter().copied().filter(|at| self.body.lines[*at].is_named()).collect();
        let others: Vec<usize> = lines.iter().copied().filter(|at| !self.body.is_name_only(*at)).collect();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for at in others {
            match rows.last_mut() {
                Some(row) if !self.body.begins_row(row, at) || self.is_inside(at) => row.push(at),
                _ => rows.push(vec![at]),
            }
        }
        if rows.is_empty() {
            rows.push(Vec::new());
        }
        Group { names, rows }
    }
}
