//! The spreadsheet as a [`Workbook`]: answers late, stale, not at all; people sort it between any two calls.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;

use super::effects::breathe;
use super::people;
use super::world::{Layout, POOLS, Shared, Trouble, Truth, World};
use crate::catalog::{Cell, TabMapping};
use crate::clock::{self, Time};
use crate::sheet::{Applied, CellRange, CellWrite, Grid, Receipt, Render, Seen, Shape, SheetError, TabShape, Workbook};

/// Title of the one tab.
pub const TAB: &str = "Products";
/// The header row.
pub const HEADERS: [&str; COLUMNS] = [
    "SKU",
    "Title",
    "Price",
    "Stock",
    "Note",
    "Sync status",
    "Sync error",
    "Last sync",
    "Stock west",
    "Sold",
    "Sold west",
];
const COLUMNS: usize = 11;
/// Column of the key.
pub const SKU: usize = 0;
/// Column of the title.
pub const TITLE: usize = 1;
/// Column of the price.
pub const PRICE: usize = 2;
/// Columns of the stock, by pool.
pub const STOCK: [usize; 2] = [3, 8];
/// Columns of what was sold, by pool: shelfd's where it is laid out in counters.
pub const SOLD: [usize; 2] = [9, 10];
/// A column that is none of shelfd's business.
pub const NOTE: usize = 4;
/// Google has answered with values so old.
const STALE_MAX: Duration = Duration::from_secs(40);

/// One row of cells.
pub type Row = [Cell; COLUMNS];

/// The spreadsheet.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Rows below the header.
    pub rows: Vec<Row>,
    /// Drive's file version.
    pub version: i64,
    /// How it was, for stale answers.
    past: VecDeque<(Time, Vec<Row>)>,
    /// Rows that were cut out and not pasted yet.
    clipboard: Vec<Row>,
}

impl Sheet {
    /// With these rows.
    pub fn new(rows: Vec<Row>) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Somebody is about to change it.
    pub fn touch(&mut self) {
        self.version += 1;
        self.past.push_back((clock::now(), self.rows.clone()));
        let oldest = clock::now() - STALE_MAX;
        while self.past.len() > 6 || self.past.front().is_some_and(|(at, _)| *at < oldest) {
            self.past.pop_front();
        }
    }

    /// Cut a row out, with all that is in it.
    pub fn cut(&mut self, row: usize) {
        let row = self.rows.remove(row);
        self.clipboard.push(row);
    }

    /// Paste what was cut out last.
    pub fn paste(&mut self, row: usize) -> bool {
        let Some(cut) = self.clipboard.pop() else { return false };
        self.rows.insert(row.min(self.rows.len()), cut);
        true
    }

    /// Type the keys again of rows that have lost theirs.
    pub fn key_again(&mut self, truth: &[super::world::Truth]) {
        for row in self.rows.iter_mut().filter(|row| row[SKU] == Cell::Blank) {
            let own = truth.iter().find(|truth| row[TITLE] == Cell::from_text(&truth.title()));
            row[SKU] = own.map_or(Cell::Blank, |truth| Cell::from_text(truth.sku.as_str()));
        }
    }

    /// Row of a key.
    pub fn row_of(&self, sku: &str) -> Option<usize> {
        self.rows.iter().position(|row| row[SKU] == Cell::Text(sku.to_owned()))
    }
}

/// How the tab is laid out.
pub fn mapping(layouts: &[Layout]) -> TabMapping {
    let header = |column: usize| HEADERS[column].to_owned();
    let pools = POOLS.iter().map(|pool| (*pool).to_owned()).zip(layouts.iter().copied());
    let with = |wanted: Layout| pools.clone().enumerate().filter(move |(_, (_, layout))| *layout == wanted);
    TabMapping {
        tab: TAB.to_owned(),
        key: vec![header(SKU)],
        handle: None,
        options: Vec::new(),
        title: Some(header(1)),
        price: Some(header(PRICE)),
        stock: pools.clone().enumerate().map(|(at, (pool, _))| (pool, header(STOCK[at]))).collect(),
        counted: with(Layout::Counted).map(|(_, (pool, _))| pool).collect(),
        sold: with(Layout::Counters).map(|(at, (pool, _))| (pool, header(SOLD[at]))).collect(),
        status: Some(header(5)),
        error: Some(header(6)),
        last_sync: Some(header(7)),
    }
}

/// The program's way to the spreadsheet.
pub struct SheetFace {
    shared: Arc<Shared>,
    /// Takeovers when the program that uses it was started: a later one means that it lost its lease.
    takeovers: u64,
}

impl SheetFace {
    /// The program's face of the sheet.
    pub fn new(shared: &Arc<Shared>) -> Self {
        let takeovers = shared.world().counts.takeovers;
        Self { shared: Arc::clone(shared), takeovers }
    }

    /// A call that was under way when another program took over: that one has judged it already. What only undoes this program's
    /// last write may have been recorded long ago.
    fn too_late(&self, world: &mut World, cell: &CellWrite, asked: Time) {
        let (row, pool) = ((cell.row as usize).wrapping_sub(1), stock_column(cell.column as usize));
        let (Some(pool), Some(from), Cell::Number(to)) = (pool, cell.only_if, &cell.value) else { return };
        let Some(title) = world.sheet.rows.get(row).map(|row| row[TITLE].clone()) else { return };
        let is_it = |truth: &Truth| truth.pool == pool && title == Cell::from_text(&truth.title());
        let (Some(item), to) = (world.truth.iter().position(is_it), *to as i64) else { return };
        let before = world.last_write[item].replace(((from, to), self.takeovers));
        if self.takeovers != world.counts.takeovers {
            world.allow(item, (to - from).abs());
            if before != Some(((to, from), self.takeovers)) {
                world.expect_in_time(0, item, (from, to - from), asked);
            }
        }
    }

    fn trouble(&self, world: &mut World) -> Result<(), SheetError> {
        if !world.mishap(Trouble::Fail, 0.02) {
            return Ok(());
        }
        world.counts.calls_failed += 1;
        Err(match world.rng.below(3) {
            0 => SheetError::Quota,
            1 => SheetError::Connect("simulated".to_owned()),
            _ => SheetError::AnswerLost("simulated".to_owned()),
        })
    }
}

fn take(rows: &[Row], range: &CellRange) -> Grid {
    static HEADER: LazyLock<Row> = LazyLock::new(|| HEADERS.map(Cell::from_text));
    let header: &Row = &HEADER;
    let columns = range.columns.start as usize..(range.columns.end as usize).min(COLUMNS);
    let end = (range.rows.end as usize).min(rows.len() + 1);
    let row = |at: usize| {
        let row = if at == 0 { header } else { &rows[at - 1] };
        let mut cells = row[columns.clone()].to_vec();
        cells.truncate(cells.iter().rposition(|cell| *cell != Cell::Blank).map_or(0, |last| last + 1));
        cells
    };
    let mut grid: Grid = (range.rows.start as usize..end).map(row).collect();
    grid.truncate(grid.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1));
    grid
}

/// The pool whose stock stands in this column.
fn stock_column(column: usize) -> Option<usize> {
    STOCK.iter().position(|of| *of == column)
}

/// Is this column the program's to write?
fn is_ours(world: &World, column: usize) -> bool {
    let laid_out = |columns: [usize; 2], counters: bool| {
        let pool = columns.iter().position(|of| *of == column);
        pool.and_then(|pool| world.layouts.get(pool)).is_some_and(|layout| (*layout == Layout::Counters) == counters)
    };
    (5..8).contains(&column) || laid_out(STOCK, false) || laid_out(SOLD, true)
}

/// Write one cell. Only shelfd's own columns may be written, and nothing over what a person wrote.
fn enter(world: &mut World, cell: &CellWrite) -> Applied {
    let (row, column) = (cell.row as usize, cell.column as usize);
    if !is_ours(world, column) || row == 0 || cell.tab != TAB {
        world.wrong.push(format!("a write to row {}, column {column}, which is not shelfd's", row + 1));
    }
    let Some(line) = world.sheet.rows.get_mut(row.wrapping_sub(1)) else {
        world.wrong.push(format!("a write to row {}, which is not there", row + 1));
        return Applied::Not;
    };
    let before = std::mem::take(&mut line[column]);
    let applied = match cell.only_if {
        None => Applied::Plainly,
        Some(number) if before == Cell::Number(number as f64) => Applied::Matched,
        Some(_) => Applied::Not,
    };
    line[column] = if applied == Applied::Not { before.clone() } else { cell.value.clone() };
    let owner = line[SKU].clone();
    let Some(pool) = stock_column(column) else {
        let number = |cell: &Cell| if let Cell::Number(number) = cell { *number } else { 0.0 };
        let (before, now) = (number(&before), number(&cell.value));
        if let (Some(pool), true) = (SOLD.iter().position(|of| *of == column), applied != Applied::Not) {
            let is_it = |truth: &Truth| truth.pool == pool && line[TITLE] == Cell::from_text(&truth.title());
            let item = world.truth.iter().position(is_it);
            world.counter_hits.extend(item.map(|item| (item, (now - before) as i64)));
        }
        return applied;
    };
    if let (Applied::Matched, Cell::Text(sku), Some(from), Cell::Number(to)) =
        (applied, owner, cell.only_if, &cell.value)
        && let Some(item) = world.item(&sku, pool)
    {
        let to = *to as i64;
        let is_put_back = world.hit[item] == Some((to, from));
        world.hit[item] = (!is_put_back).then_some((from, to));
    }
    let line = &world.sheet.rows[row - 1];
    if let (Applied::Matched, Some(from), Cell::Number(to)) = (applied, cell.only_if, &cell.value)
        && let Some(item) =
            world.truth.iter().position(|truth| truth.pool == pool && line[TITLE] == Cell::from_text(&truth.title()))
    {
        world.hits.push((item, (from, *to as i64)));
    }
    if applied == Applied::Plainly {
        world.wrong.push(format!("the stock in row {} was written whatever it showed", row + 1));
    }
    applied
}

#[async_trait]
impl Workbook for SheetFace {
    async fn version(&self) -> Result<i64, SheetError> {
        breathe().await;
        let world = &mut *self.shared.world();
        self.trouble(world)?;
        Ok(world.sheet.version)
    }

    async fn shape(&self) -> Result<Shape, SheetError> {
        breathe().await;
        let world = &mut *self.shared.world();
        self.trouble(world)?;
        let rows = world.sheet.rows.len() as u32 + 1;
        let tab = TabShape { title: TAB.to_owned(), sheet_id: 0, rows, columns: COLUMNS as u32 };
        Ok(Shape { locale: "en_US".to_owned(), tabs: vec![tab] })
    }

    async fn read(&self, ranges: &[CellRange], _: Render) -> Result<Vec<Grid>, SheetError> {
        breathe().await;
        let world = &mut *self.shared.world();
        self.trouble(world)?;
        // What has just lost an answer is likelier to lag, too.
        let share = if world.sheet_lost { 0.1 } else { 0.02 };
        let stale = world.mishap(Trouble::Stale, share) && !world.sheet.past.is_empty();
        if stale {
            let at = world.rng.below(world.sheet.past.len());
            if world.sheet.past[at].0 + STALE_MAX > clock::now() {
                world.counts.stale_reads += 1;
                world.tell(|| "sheet: a stale answer".to_owned());
                let rows = &world.sheet.past[at].1;
                return ranges.iter().map(|range| within(rows, range)).collect();
            }
        }
        ranges.iter().map(|range| within(&world.sheet.rows, range)).collect()
    }

    async fn write(&self, cells: &[CellWrite], look: &[CellRange]) -> Result<Receipt, SheetError> {
        let asked = clock::now();
        self.shared.effects.begin("sheet write").await;
        let (receipt, lost) = {
            let world = &mut *self.shared.world();
            self.trouble(world).map_err(|error| match error {
                // Where the answer is lost here, nothing was done.
                SheetError::AnswerLost(_) => {
                    note_lost(world, cells, false);
                    error
                }
                error => error,
            })?;
            if world.odd.refusing && world.mishap(Trouble::Fail, 0.3) {
                world.counts.batches_refused += 1;
                world.tell(|| format!("sheet: {} cells are refused", cells.len()));
                return Err(SheetError::Refused("You are trying to edit a protected cell or object.".to_owned()));
            }
            if world.odd.hasty && world.mishap(Trouble::Lost, 0.05) {
                people::sort(world);
            }
            if cells.iter().any(|cell| cell.row as usize > world.sheet.rows.len()) {
                return Err(SheetError::Refused("Range exceeds grid limits".to_owned()));
            }
            world.sheet.touch();
            let mut applied = Vec::new();
            for cell in cells {
                let how = enter(world, cell);
                if how == Applied::Matched {
                    self.too_late(world, cell, asked);
                }
                if STOCK.contains(&(cell.column as usize)) || SOLD.contains(&(cell.column as usize)) {
                    world.counts.stock_writes += u64::from(how != Applied::Not);
                    world.tell(|| {
                        format!(
                            "sheet: row {} {} {:?} -> {:?}: {how:?}",
                            cell.row + 1,
                            HEADERS[cell.column as usize],
                            cell.only_if,
                            cell.value
                        )
                    });
                }
                applied.push(how);
            }
            let seen = |cell: Cell| Seen { cell, formula: false };
            let shown = |range: &CellRange| {
                let grid = within(&world.sheet.rows, range)?;
                Ok(grid.into_iter().map(|row| row.into_iter().map(seen).collect()).collect())
            };
            let left = look.iter().map(shown).collect::<Result<_, SheetError>>()?;
            let row = cells.first().map_or(0, |cell| cell.row as usize).saturating_sub(1);
            if world.odd.hasty && row < world.sheet.rows.len() && world.mishap(Trouble::Lost, 0.02) {
                people::cut(world, row);
            }
            (Receipt { applied, left }, world.mishap(Trouble::Lost, 0.03))
        };
        if !self.shared.effects.end().await || lost {
            let world = &mut *self.shared.world();
            note_lost(world, cells, true);
            return Err(SheetError::AnswerLost("simulated".to_owned()));
        }
        Ok(receipt)
    }
}

fn within(rows: &[Row], range: &CellRange) -> Result<Grid, SheetError> {
    if range.tab != TAB || range.rows.start as usize > rows.len() || range.columns.start as usize >= COLUMNS {
        return Err(SheetError::Refused("Range exceeds grid limits".to_owned()));
    }
    Ok(take(rows, range))
}

fn note_lost(world: &mut World, cells: &[CellWrite], applied: bool) {
    world.counts.answers_lost += 1;
    world.sheet_lost = true;
    world.lost_now = true;
    world.tell(|| format!("sheet: the answer to {} cells is lost; applied: {applied}", cells.len()));
}
