//! Looking at the rows that are about to be written, or were just written: header, keys and target cells together.

use std::collections::{BTreeMap, BTreeSet};

use super::TabLayout;
use super::view::{Key, Place, SeenRow, View, Views, is_formula, overlay};
use crate::catalog::{Cell, Columns, Sku, key_of, locate};
use crate::sheet::reader::{column_runs, header_texts, tab_missing};
use crate::sheet::{Applied, CellRange, CellWrite, Grid, Render, Seen, SeenGrid, Shape, SheetError, Workbook};

/// Tabs up to this size are always read whole (key and target columns only): some tens of kilobytes, for which a moved
/// row is found without another call, and what an overwritten cell held before is known.
pub(super) const WHOLE_ROWS_MAX: u32 = 1_000;
/// More rows, or runs of rows, than this are not asked for one by one: the call would grow too long.
pub(super) const RUNS_MAX: usize = 300;
/// Rows this near to each other share a range: a few cells more cost less than a range.
pub(super) const GAP_MAX: u32 = 8;
/// Rows per call when a large tab is searched: about half of the 2 MB that Google recommends per answer.
const BLOCK_ROWS: u32 = 10_000;
/// A look is repeated when columns or rows moved, or a tab was cut. Someone who keeps moving them is waited for.
const LOOKS_MAX: u32 = 8;
/// So many readings of formulas and values must agree in full before they are taken as they are.
const STRICT_LOOKS: u32 = 3;

/// What to look at in one tab.
pub(super) struct Wanted<'a> {
    pub layout: &'a TabLayout<'a>,
    /// Keys, and the zero-based rows where they were last. A row without key is only looked at.
    pub rows: BTreeSet<(u32, Option<Sku>)>,
    /// Headers of the target cells.
    pub headers: BTreeSet<String>,
    /// What was just written (see [`fingerprint`]): rows that show it are of interest, whosever they are.
    pub written: BTreeSet<String>,
}

/// How much of a tab has to be read.
#[derive(Clone, Copy, Default)]
struct Effort {
    /// The whole key and target columns, not only the hinted rows.
    whole: bool,
    /// Calculated values too: a key may be filled by a formula that stands elsewhere.
    values: bool,
}

/// A range of one tab, and which of its columns hold keys.
struct Part {
    tab: usize,
    range: CellRange,
    keys: Vec<u32>,
}

impl Part {
    fn is_header(&self) -> bool {
        self.range.rows.start == 0
    }
}

/// What one attempt gave of one tab.
#[derive(Default)]
struct Sight {
    header: Vec<Seen>,
    rows: BTreeMap<u32, SeenRow>,
}

impl Sight {
    fn header_texts(&self) -> Vec<String> {
        header_texts(vec![self.header.iter().map(|seen| seen.cell.clone()).collect()])
    }
}

/// Makes looks, writes, and counts calls.
pub(super) struct Looker<'a> {
    pub book: &'a dyn Workbook,
    pub calls: u32,
    /// Where the headers were found last, by tab.
    columns: BTreeMap<String, Columns>,
    shape: Option<Shape>,
}

impl<'a> Looker<'a> {
    pub fn new(book: &'a dyn Workbook) -> Self {
        Self { book, calls: 0, columns: BTreeMap::new(), shape: None }
    }

    /// Look at everything wanted. Afterwards every key is at one row, at several, or surely gone.
    pub async fn look(&mut self, wanted: &[Wanted<'_>]) -> Result<Views, SheetError> {
        self.shape = None;
        let mut efforts: Vec<Effort> = wanted
            .iter()
            .map(|tab| Effort { whole: tab.layout.rows <= WHOLE_ROWS_MAX || tab.rows.len() > RUNS_MAX, values: false })
            .collect();
        for attempt in 0..LOOKS_MAX {
            let is_large = |(tab, effort): (&Wanted, &Effort)| effort.whole && tab.layout.rows > WHOLE_ROWS_MAX;
            if self.shape.is_none() && wanted.iter().zip(&efforts).any(is_large) {
                self.learn_shape().await?;
            }
            let sights = match self.sight(wanted, &efforts, attempt < STRICT_LOOKS).await {
                Ok(Some(sights)) => sights,
                Ok(None) => continue,
                // A tab is gone, or ends above a hinted row: the shape says which.
                Err(SheetError::Refused(_)) if self.shape.is_none() => {
                    self.learn_shape().await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(views) = self.judge(wanted, &mut efforts, sights) {
                return Ok(views);
            }
        }
        Err(SheetError::Unsettled)
    }

    /// Write, and see in the very same moment whose rows were written. A view is `None` where key columns had moved: then
    /// nobody can tell.
    pub async fn write(
        &mut self,
        cells: &[CellWrite],
        wanted: &[Wanted<'_>],
    ) -> Result<(Vec<Applied>, BTreeMap<String, Option<View>>), SheetError> {
        let efforts = vec![Effort::default(); wanted.len()];
        let parts: Vec<Part> = self.plan(wanted, &efforts).into_iter().flatten().collect();
        let ranges: Vec<CellRange> = parts.iter().map(|part| part.range.clone()).collect();
        self.calls += 1;
        let receipt = self.book.write(cells, &ranges).await?;
        let mut sights: Vec<Sight> = wanted.iter().map(|_| Sight::default()).collect();
        self.absorb(wanted, &efforts, &parts, receipt.left, &mut sights);
        let view = |(tab, sight): (&Wanted<'_>, Sight)| {
            let mapping = tab.layout.mapping;
            let columns = locate(mapping, &sight.header_texts()).ok();
            let keys_stay = |columns: &Columns| {
                mapping.key.iter().all(|header| columns.get(header) == self.columns(tab).get(header))
            };
            let view = columns.filter(keys_stay).map(|columns| View::new(columns, sight.rows));
            (mapping.tab.clone(), view)
        };
        Ok((receipt.applied, wanted.iter().zip(sights).map(view).collect()))
    }

    async fn learn_shape(&mut self) -> Result<(), SheetError> {
        self.calls += 1;
        self.shape = Some(self.book.shape().await?);
        Ok(())
    }

    fn columns<'c>(&'c self, tab: &'c Wanted<'_>) -> &'c Columns {
        self.columns.get(&tab.layout.mapping.tab).unwrap_or(tab.layout.columns)
    }

    /// Views, when the attempt was good enough; else what to do more of next time.
    fn judge(&mut self, wanted: &[Wanted<'_>], efforts: &mut [Effort], sights: Vec<Sight>) -> Option<Views> {
        let mut views = Views::new();
        let mut again = false;
        for ((tab, effort), sight) in wanted.iter().zip(efforts).zip(sights) {
            let title = tab.layout.mapping.tab.clone();
            if let Some(shape) = self.shape.as_ref().filter(|shape| shape.tabs.iter().all(|tab| tab.title != title)) {
                let problem = tab_missing(&title, shape);
                views.insert(title, Err(problem));
                continue;
            }
            let columns = match locate(tab.layout.mapping, &sight.header_texts()) {
                Ok(columns) => columns,
                Err(problems) => {
                    views.extend(problems.into_iter().next().map(|problem| (title, Err(problem))));
                    continue;
                }
            };
            if columns != *self.columns(tab) {
                self.columns.insert(title, columns);
                again = true;
                continue;
            }
            let view = View::new(columns, sight.rows);
            let is_missing = |(hint, sku): &(u32, Option<Sku>)| {
                sku.as_ref().is_some_and(|sku| match effort.whole {
                    true => view.place(Some(sku), *hint) == Place::Gone,
                    false => view.key(*hint) != Key::Sku(sku.clone()),
                })
            };
            if tab.rows.iter().any(is_missing) && !(effort.whole && effort.values) {
                *effort =
                    if effort.whole { Effort { values: true, ..*effort } } else { Effort { whole: true, ..*effort } };
                again = true;
            }
            views.insert(title, Ok(view));
        }
        (!again).then_some(views)
    }

    /// One attempt. `None` when formulas and values, read one after the other, do not belong together.
    async fn sight(
        &mut self,
        wanted: &[Wanted<'_>],
        efforts: &[Effort],
        strict: bool,
    ) -> Result<Option<Vec<Sight>>, SheetError> {
        let mut sights: Vec<Sight> = wanted.iter().map(|_| Sight::default()).collect();
        for call in self.plan(wanted, efforts) {
            let values = call.iter().any(|part| efforts.get(part.tab).is_some_and(|effort| effort.values));
            let Some(grids) = self.read(&call, values, strict).await? else { return Ok(None) };
            self.absorb(wanted, efforts, &call, grids, &mut sights);
        }
        Ok(Some(sights))
    }

    /// Put the grids of one call where they belong.
    fn absorb(
        &self,
        wanted: &[Wanted<'_>],
        efforts: &[Effort],
        parts: &[Part],
        grids: Vec<SeenGrid>,
        sights: &mut [Sight],
    ) {
        let mut bodies: BTreeMap<usize, BTreeMap<u32, BTreeMap<u32, Seen>>> = BTreeMap::new();
        for (part, grid) in parts.iter().zip(grids) {
            if part.is_header() {
                sights[part.tab].header = grid.into_iter().next().unwrap_or_default();
                continue;
            }
            for (row, cells) in (part.range.rows.start..).zip(grid) {
                let cells = (part.range.columns.start..).zip(cells);
                bodies.entry(part.tab).or_default().entry(row).or_default().extend(cells);
            }
        }
        for (index, body) in bodies {
            let (Some(tab), Some(sight), Some(effort)) = (wanted.get(index), sights.get_mut(index), efforts.get(index))
            else {
                continue;
            };
            let columns = self.columns(tab);
            let rows = body.into_iter().map(|(row, cells)| (row, seen_row(tab, columns, cells)));
            // Of a large tab only what was asked for is kept.
            let interest = (effort.whole && tab.layout.rows > WHOLE_ROWS_MAX).then(|| Interest::new(tab));
            sight
                .rows
                .extend(rows.filter(|(row, seen)| interest.as_ref().is_none_or(|interest| interest.has(*row, seen))));
        }
    }

    /// The ranges to read, by call. All columns of a row are in the same call.
    fn plan(&self, wanted: &[Wanted<'_>], efforts: &[Effort]) -> Vec<Vec<Part>> {
        let mut first: Vec<Part> = Vec::new();
        let mut blocks: Vec<Vec<Part>> = Vec::new();
        for (index, (tab, effort)) in wanted.iter().zip(efforts).enumerate() {
            let mapping = tab.layout.mapping;
            let grid = match &self.shape {
                None => (CellRange::OPEN, CellRange::OPEN),
                Some(shape) => match shape.tabs.iter().find(|shape| shape.title == mapping.tab) {
                    Some(shape) => (shape.rows, shape.columns),
                    None => continue,
                },
            };
            let columns = self.columns(tab);
            let keys: Vec<u32> = mapping.key.iter().filter_map(|header| columns.get(header)).collect();
            let targets = tab.headers.iter().filter_map(|header| columns.get(header));
            let runs = column_runs(keys.iter().copied().chain(targets).filter(|column| *column < grid.1));
            let part = |rows: std::ops::Range<u32>, columns: std::ops::Range<u32>| Part {
                tab: index,
                range: CellRange { tab: mapping.tab.clone(), rows, columns },
                keys: keys.clone(),
            };
            first.push(part(0..1, 0..grid.1));
            if effort.whole && tab.layout.rows > WHOLE_ROWS_MAX {
                for start in (1..grid.0).step_by(BLOCK_ROWS as usize) {
                    let rows = start..grid.0.min(start + BLOCK_ROWS);
                    blocks.push(runs.iter().map(|run| part(rows.clone(), run.clone())).collect());
                }
            } else if effort.whole {
                let rows = (grid.0 > 1).then_some(1..grid.0);
                first.extend(rows.iter().flat_map(|rows| runs.iter().map(|run| part(rows.clone(), run.clone()))));
            } else {
                for rows in row_runs(tab.rows.iter().map(|(row, _)| *row).filter(|row| *row > 0 && *row < grid.0)) {
                    first.extend(runs.iter().map(|run| part(rows.clone(), run.clone())));
                }
            }
        }
        std::iter::once(first).chain(blocks).filter(|call| !call.is_empty()).collect()
    }

    /// Read formulas, and values too where a header or key is one (or `values` says so): a key is what it shows.
    /// `None` when the two readings must agree and do not.
    async fn read(&mut self, parts: &[Part], values: bool, strict: bool) -> Result<Option<Vec<SeenGrid>>, SheetError> {
        let ranges: Vec<CellRange> = parts.iter().map(|part| part.range.clone()).collect();
        self.calls += 1;
        let formulas = self.book.read(&ranges, Render::Formulas).await?;
        let has_formula_key = |(part, grid): (&Part, &Grid)| {
            let counts = |column: u32| part.is_header() || part.keys.contains(&column);
            let in_row = |row: &Vec<Cell>| {
                (part.range.columns.start..).zip(row).any(|(column, cell)| counts(column) && is_formula(cell))
            };
            grid.iter().any(in_row)
        };
        if !values && !parts.iter().zip(&formulas).any(has_formula_key) {
            let seen = |cell: Cell| Seen { formula: is_formula(&cell), cell };
            let seen_grid = |grid: Grid| grid.into_iter().map(|row| row.into_iter().map(seen).collect()).collect();
            return Ok(Some(formulas.into_iter().map(seen_grid).collect()));
        }
        self.calls += 1;
        let values = self.book.read(&ranges, Render::Values).await?;
        let pairs = parts.iter().zip(formulas.iter().zip(&values));
        Ok(pairs.map(|(part, (formulas, values))| overlay(formulas, values, strict && !part.is_header())).collect())
    }
}

fn seen_row(tab: &Wanted<'_>, columns: &Columns, cells: BTreeMap<u32, Seen>) -> SeenRow {
    let cell = |header: &str| {
        columns.get(header).and_then(|column| cells.get(&column)).map(|seen| seen.cell.clone()).unwrap_or_default()
    };
    let key = match key_of(tab.layout.mapping, cell) {
        Ok(Some(sku)) => Key::Sku(sku),
        Ok(None) => Key::Blank,
        Err(_) => Key::Unreadable,
    };
    SeenRow { key, cells }
}

/// What two equal cells have in common; floats cannot be sorted.
pub(super) fn fingerprint(cell: &Cell) -> String {
    format!("{cell:?}")
}

/// Which rows of a large tab are kept.
struct Interest<'a> {
    rows: BTreeSet<u32>,
    skus: BTreeSet<&'a Sku>,
    written: &'a BTreeSet<String>,
}

impl<'a> Interest<'a> {
    fn new(tab: &'a Wanted<'_>) -> Self {
        let rows = tab.rows.iter().map(|(row, _)| *row).collect();
        let skus = tab.rows.iter().filter_map(|(_, sku)| sku.as_ref()).collect();
        Self { rows, skus, written: &tab.written }
    }

    fn has(&self, row: u32, seen: &SeenRow) -> bool {
        let shows = || seen.cells.values().any(|seen| self.written.contains(&fingerprint(&seen.cell)));
        self.rows.contains(&row)
            || matches!(&seen.key, Key::Sku(sku) if self.skus.contains(sku))
            || (!self.written.is_empty() && shows())
    }
}

/// Rows as half-open runs, near ones joined.
fn row_runs(rows: impl IntoIterator<Item = u32>) -> Vec<std::ops::Range<u32>> {
    let mut runs: Vec<std::ops::Range<u32>> = Vec::new();
    for row in rows.into_iter().collect::<BTreeSet<u32>>() {
        match runs.last_mut() {
            Some(run) if row <= run.end + GAP_MAX => run.end = row + 1,
            _ => runs.push(row..row + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_rows_share_a_range() {
        assert_eq!(row_runs([5, 1, 2, 40, 14]), [1..15, 40..41]);
        assert_eq!(row_runs([]), []);
    }
}
