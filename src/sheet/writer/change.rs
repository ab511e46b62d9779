//! What is to be written, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Cell, Columns, HeaderProblem, Sku, TabMapping};
use crate::sheet::SheetError;

/// What the last read knew of a tab.
#[derive(Debug, Clone, Copy)]
pub struct TabLayout<'a> {
    /// Its mapping.
    pub mapping: &'a TabMapping,
    /// Where the headers stood; empty when not known (costs one call more).
    pub columns: &'a Columns,
    /// Rows of its grid.
    pub rows: u32,
}

/// What must be there for a cell to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// For cells that people write too: only if this is still there. Numbers are compared as numbers.
    Value(Cell),
    /// For shelfd's own cells: whatever is there.
    Own,
}

/// Which row a cell is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one row with this key, wherever it has moved to.
    Key(Sku),
    /// The hinted row itself, as long as it still has this key (which others have too), or still no readable one. For the
    /// words that tell why such a row cannot be synced.
    Place(Option<Sku>),
}

/// One cell to change. At most one change per cell in one flush.
#[derive(Debug, Clone)]
pub struct CellChange {
    /// Tab title.
    pub tab: String,
    /// Row where the key was last seen, counted from 1.
    pub row_hint: u32,
    /// Which row.
    pub target: Target,
    /// Header of the column.
    pub header: String,
    /// What must be there.
    pub expect: Expect,
    /// New value.
    pub value: Cell,
}

/// What became of a change. Rows count from 1.
#[derive(Debug, Clone)]
pub enum CellOutcome {
    /// Written, and seen there.
    Written {
        /// Where.
        row: u32,
    },
    /// The answer was lost, and a look showed the new value. The look may be older than the write: where the value had stood
    /// there a moment before, it says nothing.
    Found {
        /// Where.
        row: u32,
    },
    /// It was there already; nothing was sent.
    AlreadyThere {
        /// Where.
        row: u32,
    },
    /// Somebody else changed the cell; nothing was sent.
    PersonChanged {
        /// Where.
        row: u32,
        /// What is there now.
        found: Cell,
    },
    /// A formula stands there; nothing was sent.
    Formula {
        /// Where.
        row: u32,
    },
    /// No row has this key any more.
    RowGone,
    /// Several rows have this key now; nothing was sent.
    Ambiguous,
    /// The tab or one of its headers is not there; nothing was sent.
    HeaderGone(HeaderProblem),
    /// Surely not written.
    NotSent(SheetError),
    /// May or may not have been written: look before writing again.
    Unknown(SheetError),
}

impl CellOutcome {
    /// Row where the key was found, counted from 1.
    pub(super) fn row(&self) -> Option<u32> {
        match self {
            Self::Written { row }
            | Self::Found { row }
            | Self::AlreadyThere { row }
            | Self::PersonChanged { row, .. }
            | Self::Formula { row } => Some(*row),
            Self::RowGone | Self::Ambiguous | Self::HeaderGone(_) | Self::NotSent(_) | Self::Unknown(_) => None,
        }
    }
}

/// A cell that shelfd overwrote without meaning to and could not put back. Somebody has to look.
#[derive(Debug, Clone, PartialEq)]
pub struct Stranded {
    /// Tab title.
    pub tab: String,
    /// Row, counted from 1, when last seen.
    pub row: u32,
    /// Zero-based column that was written.
    pub column: u32,
    /// Key of that row, where it has one.
    pub sku: Option<Sku>,
    /// What was written there.
    pub wrote: Cell,
    /// What it held before, where that is known: a person may have typed it unseen.
    pub had: Option<Cell>,
    /// That may be there all the same: it was put back and the answer was lost, or a stale look was all that showed it gone.
    pub doubtful: bool,
}

/// What a flush took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WriteReport {
    /// API calls.
    pub calls: u32,
    /// Changes whose row was not where it was last seen.
    pub moved: u32,
    /// Cells that were written on a wrong row, for however short.
    pub hit: u32,
    /// Those of them that were put back.
    pub put_back: u32,
    /// Cells that the conditional write did not take (formatted numbers), written by check, write and look.
    pub formatted: u32,
    /// Cells that could not be put back.
    pub stranded: Vec<Stranded>,
    /// Rows in which nobody can tell whether a person's number was overwritten: that number and the one written.
    pub doubted: BTreeMap<Sku, (i64, i64)>,
    /// Changes, by index, of which an answer was lost, whatever became of them: looks may be older than what they did.
    pub lost: BTreeSet<usize>,
    /// The same of cells that were put back: such a write may have hit another row in its turn.
    pub lost_put_backs: Vec<PutBack>,
    /// Cells that do not show any more what was written there without meaning to; a stale look may go on showing it.
    pub restored: Vec<PutBack>,
}

/// A cell that was hit by mistake, and what was done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct PutBack {
    /// Tab title.
    pub tab: String,
    /// Key of its row.
    pub sku: Sku,
    /// Its column.
    pub header: String,
    /// What it showed by mistake.
    pub ours: Cell,
    /// What was written over that.
    pub value: Cell,
}

/// What a cell of a key's row held when it was last known, for putting back: tab, key, header.
pub type Known<'a> = &'a (dyn Fn(&str, &Sku, &str) -> Option<Cell> + Send + Sync);
