//! One tab: its grid of cells, the sizes of its rows and columns, and what hangs on it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::attached::Attached;
use super::cell::Slot;

/// The grid that a new tab has at Google.
pub(super) const DEFAULT_ROWS: usize = 1000;
pub(super) const DEFAULT_COLUMNS: usize = 26;

/// Rows or columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Rows,
    Columns,
}

impl Dimension {
    /// As the API writes it.
    pub(super) fn api_name(self) -> &'static str {
        match self {
            Self::Rows => "ROWS",
            Self::Columns => "COLUMNS",
        }
    }

    /// The fields of a `GridRange` along it.
    pub(super) fn bounds(self) -> (&'static str, &'static str) {
        match self {
            Self::Rows => ("startRowIndex", "endRowIndex"),
            Self::Columns => ("startColumnIndex", "endColumnIndex"),
        }
    }
}

/// One tab.
#[derive(Debug, Clone)]
pub(super) struct Tab {
    pub id: i64,
    pub title: String,
    pub rows: usize,
    pub columns: usize,
    pub frozen_rows: i64,
    pub frozen_columns: i64,
    pub hidden: bool,
    /// `SheetProperties` that only show, as the API has them (`tabColor`, `rightToLeft`).
    pub look: Map<String, Json>,
    /// `GridProperties` that only show (`hideGridlines`).
    pub grid_look: Map<String, Json>,
    /// Merges, filters, rules, protections and the like.
    pub attached: Attached,
    pub row_lines: Lines,
    pub column_lines: Lines,
    /// Rows that were ever written; shared between copies of the book until one of them writes.
    pub(super) grid: Vec<Arc<Vec<Slot>>>,
}

impl Tab {
    /// An empty tab of the default size.
    pub(super) fn new(id: i64, title: &str) -> Self {
        Self {
            id,
            title: title.to_owned(),
            rows: DEFAULT_ROWS,
            columns: DEFAULT_COLUMNS,
            frozen_rows: 0,
            frozen_columns: 0,
            hidden: false,
            look: Map::new(),
            grid_look: Map::new(),
            attached: Attached::default(),
            row_lines: Lines::default(),
            column_lines: Lines::default(),
            grid: Vec::new(),
        }
    }

    pub(super) fn slot(&self, row: usize, column: usize) -> &Slot {
        self.grid.get(row).and_then(|slots| slots.get(column)).unwrap_or(Slot::EMPTY)
    }

    /// The row after the last one that holds anything.
    pub(super) fn used_rows(&self) -> usize {
        let filled = |slots: &Arc<Vec<Slot>>| slots.iter().any(|slot| !slot.content.is_empty());
        self.grid.iter().rposition(filled).map_or(0, |row| row + 1)
    }

    /// The column after the last one that holds anything or looks like anything in a row.
    pub(super) fn dressed_columns(&self, row: usize) -> usize {
        let used = self.grid.get(row).and_then(|slots| slots.iter().rposition(|slot| slot != Slot::EMPTY));
        used.map_or(0, |column| column + 1)
    }

    /// The row after the last one with a cell that holds anything or looks like anything.
    pub(super) fn dressed_rows(&self) -> usize {
        let dressed = |slots: &Arc<Vec<Slot>>| slots.iter().any(|slot| slot != Slot::EMPTY);
        self.grid.iter().rposition(dressed).map_or(0, |row| row + 1)
    }

    pub(super) fn slot_mut(&mut self, row: usize, column: usize) -> Option<&mut Slot> {
        if self.grid.len() <= row {
            self.grid.resize_with(row + 1, Arc::default);
        }
        let slots = Arc::make_mut(self.grid.get_mut(row)?);
        if slots.len() <= column {
            slots.resize_with(column + 1, Slot::default);
        }
        slots.get_mut(column)
    }

    /// Cut what lies outside the grid.
    pub(super) fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
        self.grid.truncate(rows);
        for slots in self.grid.iter_mut().filter(|slots| slots.len() > columns) {
            Arc::make_mut(slots).truncate(columns);
        }
        self.row_lines.0.retain(|row, _| *row < rows);
        self.column_lines.0.retain(|column, _| *column < columns);
    }

    /// How many rows or columns there are.
    pub(super) fn length(&self, dimension: Dimension) -> usize {
        match dimension {
            Dimension::Rows => self.rows,
            Dimension::Columns => self.columns,
        }
    }

    pub(super) fn lines(&self, dimension: Dimension) -> &Lines {
        match dimension {
            Dimension::Rows => &self.row_lines,
            Dimension::Columns => &self.column_lines,
        }
    }

    pub(super) fn lines_mut(&mut self, dimension: Dimension) -> &mut Lines {
        match dimension {
            Dimension::Rows => &mut self.row_lines,
            Dimension::Columns => &mut self.column_lines,
        }
    }
}

/// `DimensionProperties` of the rows or columns that differ from a new one.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(pub BTreeMap<usize, Map<String, Json>>);

impl Lines {
    pub(super) fn insert(&mut self, at: usize, count: usize) {
        let moved = self.0.split_off(&at);
        self.0.extend(moved.into_iter().map(|(index, line)| (index + count, line)));
    }

    pub(super) fn delete(&mut self, span: &Range<usize>) {
        let mut moved = self.0.split_off(&span.start);
        let after = moved.split_off(&span.end);
        self.0.extend(after.into_iter().map(|(index, line)| (index - span.len(), line)));
    }
}
