//! A workbook in memory for tests, with people in it: hooks run between and during calls, calls fail on request.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Applied, CellRange, CellWrite, Grid, Receipt, Render, Seen, Shape, SheetError, TabShape, Workbook};
use crate::catalog::{Cell, TabMapping};

/// What was entered in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Entered {
    /// A constant.
    Plain(Cell),
    /// A formula and what it shows.
    Formula(&'static str, Cell),
    /// A date: its serial number and what it shows.
    Date(f64, &'static str),
    /// Filled by a formula that stands elsewhere: shows a value, holds nothing.
    Spilled(Cell),
}

/// One tab: rows of what was entered.
#[derive(Debug, Clone)]
pub struct FakeTab {
    pub title: String,
    pub rows: Vec<Vec<Entered>>,
    /// Size of the grid: rows and columns.
    pub grid: (u32, u32),
}

/// The kinds of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Version,
    Shape,
    Read,
    Write,
}

/// The n-th call of a kind, counted from 1: just before it does its work, or just after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Before(Op, usize),
    After(Op, usize),
}

type Hook = Box<dyn FnOnce(&mut [FakeTab]) + Send>;

#[derive(Default)]
struct State {
    tabs: Vec<FakeTab>,
    version: i64,
    calls: Vec<Op>,
    ranges: Vec<CellRange>,
    hooks: Vec<(When, Hook)>,
    faults: Vec<(Op, usize, bool, SheetError)>,
    /// Keep the conditions of writes.
    conditional: bool,
    /// This answer to a question for the version is a while on its way.
    slow: usize,
    /// Leave a number written on condition as a text.
    texts: bool,
}

impl State {
    fn count(&self, op: Op) -> usize {
        self.calls.iter().filter(|call| **call == op).count()
    }
}

/// The workbook.
#[derive(Default)]
pub struct FakeBook(Mutex<State>);

pub fn text(text: &str) -> Entered {
    Entered::Plain(Cell::from_text(text))
}

pub fn number(number: f64) -> Entered {
    Entered::Plain(Cell::Number(number))
}

impl Entered {
    fn render(&self, render: Render) -> Cell {
        match (self, render) {
            (Self::Plain(cell), _) => cell.clone(),
            (Self::Date(_, shown), Render::Dates) => Cell::from_text(shown),
            (Self::Date(serial, _), _) => Cell::Number(*serial),
            (Self::Formula(_, shown) | Self::Spilled(shown), Render::Values | Render::Dates) => shown.clone(),
            (Self::Formula(formula, _), Render::Formulas) => Cell::Text((*formula).to_owned()),
            (Self::Spilled(_), Render::Formulas) => Cell::Blank,
        }
    }
}

impl FakeTab {
    /// Put something in a cell; row and column count from zero.
    pub fn enter(&mut self, row: usize, column: usize, what: Entered) {
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        let cells = &mut self.rows[row];
        if cells.len() <= column {
            cells.resize(column + 1, Entered::Plain(Cell::Blank));
        }
        cells[column] = what;
    }

    /// What a person sees in a cell.
    pub fn shown(&self, row: usize, column: usize) -> Cell {
        self.rows
            .get(row)
            .and_then(|cells| cells.get(column))
            .map_or(Cell::Blank, |entered| entered.render(Render::Values))
    }

    /// A column is inserted; what was there moves right.
    pub fn insert_column(&mut self, column: usize) {
        for row in &mut self.rows {
            if row.len() >= column {
                row.insert(column, Entered::Plain(Cell::Blank));
            }
        }
        self.grid.1 += 1;
    }

    fn take(&self, range: &CellRange, render: Render) -> Result<Grid, SheetError> {
        if range.rows.start >= self.grid.0 || range.columns.start >= self.grid.1 {
            return Err(SheetError::Refused(format!("Range ({}) exceeds grid limits", self.title)));
        }
        let mut grid: Grid = Vec::new();
        for row in range.rows.start..range.rows.end.min(self.grid.0) {
            let mut cells: Vec<Cell> = (range.columns.start..range.columns.end.min(self.grid.1))
                .map(|column| {
                    let entered = self.rows.get(row as usize).and_then(|cells| cells.get(column as usize));
                    entered.map_or(Cell::Blank, |entered| entered.render(render))
                })
                .collect();
            let used = cells.iter().rposition(|cell| *cell != Cell::Blank).map_or(0, |last| last + 1);
            cells.truncate(used);
            grid.push(cells);
        }
        let used = grid.iter().rposition(|cells| !cells.is_empty()).map_or(0, |last| last + 1);
        grid.truncate(used);
        Ok(grid)
    }
}

impl FakeBook {
    /// A workbook with these tabs. The grid is as large as the cells, and at least 1 × 1.
    pub fn new(tabs: Vec<(&str, Vec<Vec<Entered>>)>) -> Self {
        let tabs = tabs.into_iter().map(|(title, rows)| {
            let columns = rows.iter().map(Vec::len).max().unwrap_or_default().max(1);
            FakeTab { title: title.to_owned(), grid: (rows.len().max(1) as u32, columns as u32), rows }
        });
        Self(Mutex::new(State { tabs: tabs.collect(), ..State::default() }))
    }

    /// Keep the conditions of writes, as Google is believed to. Without this they are written whatever the cell shows:
    /// nobody has proved that Google keeps them, so the looks around a write must do without.
    pub fn conditional(self) -> Self {
        self.state().conditional = true;
        self
    }

    /// As [`Self::conditional`]; what is replaced becomes a text.
    pub fn leaving_texts(self) -> Self {
        self.state().texts = true;
        self.conditional()
    }

    /// Let others come in between the n-th question for the version and its answer.
    pub fn slow_version(&self, nth: usize) {
        self.state().slow = nth;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Let somebody do something at that moment.
    pub fn hook(&self, when: When, action: impl FnOnce(&mut [FakeTab]) + Send + 'static) {
        self.state().hooks.push((when, Box::new(action)));
    }

    /// Let the n-th call of a kind fail, after doing its work or without.
    pub fn fail(&self, op: Op, nth: usize, applied: bool, error: SheetError) {
        self.state().faults.push((op, nth, applied, error));
    }

    /// Look at a tab, or change it: a new version of the file, as far as anybody can see.
    pub fn with_tab<T>(&self, title: &str, look: impl FnOnce(&mut FakeTab) -> T) -> T {
        let state = &mut *self.state();
        state.version += 1;
        look(state.tabs.iter_mut().find(|tab| tab.title == title).unwrap())
    }

    /// Calls so far.
    pub fn calls(&self) -> Vec<Op> {
        self.state().calls.clone()
    }

    /// Calls of a kind so far.
    pub fn count(&self, op: Op) -> usize {
        self.state().count(op)
    }

    /// Ranges read so far.
    pub fn ranges(&self) -> Vec<CellRange> {
        self.state().ranges.clone()
    }

    fn run_hooks(state: &mut State, when: When) {
        let hooks = std::mem::take(&mut state.hooks);
        for (at, hook) in hooks {
            if at == when {
                hook(&mut state.tabs);
                state.version += 1;
            } else {
                state.hooks.push((at, hook));
            }
        }
    }

    fn pass<T>(&self, op: Op, work: impl FnOnce(&mut State) -> Result<T, SheetError>) -> Result<T, SheetError> {
        let state = &mut *self.state();
        state.calls.push(op);
        let nth = state.count(op);
        Self::run_hooks(state, When::Before(op, nth));
        let fault = state.faults.iter().find(|(of, at, ..)| (*of, *at) == (op, nth)).cloned();
        let answer = match fault {
            None => work(state),
            Some((_, _, applied, error)) => {
                if applied {
                    work(state)?;
                }
                Err(error)
            }
        };
        Self::run_hooks(state, When::After(op, nth));
        answer
    }
}

#[async_trait]
impl Workbook for FakeBook {
    fn keeps_conditions(&self) -> bool {
        self.state().conditional
    }

    async fn version(&self) -> Result<i64, SheetError> {
        let answer = self.pass(Op::Version, |state| Ok(state.version));
        let slow = self.state().slow;
        if self.count(Op::Version) == slow {
            tokio::task::yield_now().await;
        }
        answer
    }

    async fn shape(&self) -> Result<Shape, SheetError> {
        self.pass(Op::Shape, |state| {
            let tabs = state.tabs.iter().zip(0..).map(|(tab, sheet_id)| TabShape {
                title: tab.title.clone(),
                sheet_id,
                rows: tab.grid.0,
                columns: tab.grid.1,
            });
            Ok(Shape { locale: "de_DE".to_owned(), tabs: tabs.collect() })
        })
    }

    async fn read(&self, ranges: &[CellRange], render: Render) -> Result<Vec<Grid>, SheetError> {
        self.pass(Op::Read, |state| {
            state.ranges.extend_from_slice(ranges);
            let find = |range: &CellRange| {
                let tab = state.tabs.iter().find(|tab| tab.title == range.tab);
                tab.ok_or_else(|| SheetError::Refused(format!("Unable to parse range: {}", range.tab)))?
                    .take(range, render)
            };
            ranges.iter().map(find).collect()
        })
    }

    async fn write(&self, cells: &[CellWrite], look: &[CellRange]) -> Result<Receipt, SheetError> {
        self.pass(Op::Write, |state| {
            state.version += 1;
            let (conditional, texts) = (state.conditional, state.texts);
            let mut applied = Vec::new();
            for cell in cells {
                let tab = state.tabs.iter_mut().find(|tab| tab.title == cell.tab).unwrap();
                let (row, column) = (cell.row as usize, cell.column as usize);
                let shown = tab.rows.get(row).and_then(|cells| cells.get(column));
                // Compares what is shown, as `findReplace` does: a formatted number is not found.
                let is_shown = |number: i64| match shown {
                    Some(Entered::Plain(Cell::Number(shown))) => shown.to_string() == number.to_string(),
                    Some(Entered::Plain(Cell::Text(shown))) => *shown == number.to_string(),
                    _ => false,
                };
                let how = match cell.only_if {
                    Some(number) if conditional && is_shown(number) => Applied::Matched,
                    Some(_) if conditional => Applied::Not,
                    Some(_) | None => Applied::Plainly,
                };
                applied.push(how);
                let value = Entered::Plain(cell.value.clone());
                match how {
                    Applied::Not => {}
                    Applied::Matched if texts => tab.enter(row, column, text(&cell.value.quote_whole())),
                    Applied::Matched | Applied::Plainly => tab.enter(row, column, value),
                }
            }
            let left = look.iter().map(|range| {
                let tab = state.tabs.iter().find(|tab| tab.title == range.tab);
                let tab = tab.ok_or_else(|| SheetError::Refused(format!("Unable to parse range: {}", range.tab)))?;
                let (shown, entered) = (tab.take(range, Render::Values)?, tab.take(range, Render::Formulas)?);
                let seen = |row: usize, column: usize, cell: &Cell| {
                    let same = entered.get(row).and_then(|row| row.get(column)) == Some(cell);
                    Seen { cell: cell.clone(), formula: !same }
                };
                let row = |(at, row): (usize, &Vec<Cell>)| {
                    row.iter().enumerate().map(|(column, cell)| seen(at, column, cell)).collect()
                };
                Ok(shown.iter().enumerate().map(row).collect())
            });
            let left = left.collect::<Result<_, SheetError>>()?;
            Ok(Receipt { applied, left })
        })
    }
}

/// A mapping with a key of these headers, one stock column `Stock` and a status column `Status`.
pub fn mapping(tab: &str, key: &[&str]) -> TabMapping {
    TabMapping {
        tab: tab.to_owned(),
        key: key.iter().map(ToString::to_string).collect(),
        handle: None,
        options: Vec::new(),
        title: None,
        price: None,
        stock: vec![("main".to_owned(), "Stock".to_owned())],
        counted: Vec::new(),
        sold: Vec::new(),
        status: Some("Status".to_owned()),
        error: None,
        last_sync: None,
    }
}
