//! One cell on its way into the sheet.

use super::view::Key;
use super::{CellOutcome, Expect};
use crate::catalog::{Cell, Sku};
use crate::planted;
use crate::sheet::SheetError;

/// Why a cell is written.
pub(super) enum Cause {
    /// The caller's change at this index.
    Change(usize),
    /// It was overwritten by a write that was meant for another row.
    PutBack,
}

/// One cell on its way.
pub(super) struct Job {
    pub(super) cause: Cause,
    /// Index of the layout.
    pub(super) tab: usize,
    /// Key of the row; `None` for a row without (put-backs only).
    pub(super) sku: Option<Sku>,
    /// The hinted row is meant, not whichever has the key.
    pub(super) by_place: bool,
    pub(super) header: String,
    /// Zero-based.
    pub(super) hint: u32,
    pub(super) expect: Expect,
    pub(super) value: Cell,
    /// The conditional write does not take here (a formatted number): check, write, look again instead.
    pub(super) plain: bool,
    pub(super) sent: Option<Sent>,
    pub(super) sends: u32,
    /// The answer to an earlier send was lost: what was seen since may be older than that write.
    pub(super) doubt: Option<SheetError>,
    /// The cell shows a value that we wrote there without meaning to, in this zero-based column.
    pub(super) foreign: Option<u32>,
    /// Only a look showed so, which may have been stale; no answer to a write.
    pub(super) by_look: bool,
    /// What that replaced, where it is known.
    pub(super) replaced: Option<Cell>,
    /// The cell took our number for a text: it was written, whatever comes of writing it anew.
    pub(super) left_text: bool,
}

/// How a job is being written, or was, when the answer is lost.
pub(super) struct Sent {
    pub(super) row: u32,
    pub(super) column: u32,
    pub(super) before: Cell,
    /// Why there is no answer.
    pub(super) lost: Option<SheetError>,
}

impl Job {
    /// Is this the row that is meant?
    pub(super) fn owns(&self, key: &Key) -> bool {
        if planted!(WrongRowIsRight) {
            return true;
        }
        match (key, &self.sku) {
            (Key::Sku(key), Some(sku)) => key == sku,
            (Key::Blank, None) => true,
            (Key::Unreadable, None) => self.by_place,
            (Key::Sku(_), None) | (Key::Blank | Key::Unreadable, Some(_)) => false,
        }
    }

    /// The row that was written shows no key, or one that nobody knows: it may be the one that was meant.
    pub(super) fn lost_its_key(&mut self) {
        if !planted!(KeylessIsAnothers) {
            let words = "a row's key was changed just as it was written";
            self.doubt.get_or_insert_with(|| SheetError::Unexpected(words.to_owned()));
        }
    }

    /// Somebody changed the cell. Where an answer was lost before, nobody knows whether that was after our write.
    pub(super) fn changed(&self, row: u32, found: Cell) -> CellOutcome {
        self.doubt.clone().map_or(CellOutcome::PersonChanged { row, found }, CellOutcome::Unknown)
    }

    /// Put back what a cell held that was hit by mistake, as long as it shows our value. `at` is row and column.
    pub(super) fn put_back(
        tab: usize,
        sku: Option<Sku>,
        header: String,
        at: (u32, u32),
        ours: Cell,
        value: Cell,
    ) -> Self {
        Self {
            cause: Cause::PutBack,
            tab,
            sku,
            by_place: false,
            header,
            hint: at.0,
            expect: Expect::Value(ours),
            value,
            plain: false,
            sent: None,
            sends: 0,
            doubt: None,
            foreign: Some(at.1),
            by_look: false,
            replaced: None,
            left_text: false,
        }
    }
}
