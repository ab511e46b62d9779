//! What the sheet showed when it was last read, and what was written since.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet_read::{Parsed, Unseen};
use super::{BySku, Engine, lock};
use crate::catalog::{Cell, Columns, Locale, Pool, Problem, RawRow, Sku, Tab, TabMapping, key_of};
use crate::planted;

/// shelfd's own cells of one row as they stand in the sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ShownStatus {
    pub status: String,
    pub error: String,
    pub last_sync: String,
    /// By header.
    pub counters: BTreeMap<String, Cell>,
}

/// What the last read of the sheet showed, beside what went into the ledger. A cache: lost at a restart, made anew by a read.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// File version of the last complete read.
    pub version: Option<i64>,
    /// File version at which cells were last compared with their targets.
    pub weighed: Option<i64>,
    /// Writes so far.
    pub writes: u64,
    /// The last such number of each SKU: a read that began before may show its cells as they were.
    pub touched: BySku<u64>,
    /// The same for writes that hit wrong rows, whosever.
    pub spoiled: u64,
    /// SKUs that stood in several rows: nobody can tell which one is meant, and none is written to.
    pub doubled: BTreeSet<Sku>,
    /// What is wrong in the sheet.
    pub problems: Vec<Problem>,
    /// Why tabs could not be read at all.
    pub tab_problems: Vec<String>,
    /// Known rows that it did not hold.
    pub unseen: Unseen,
    /// Status cells by SKU.
    pub status: BySku<ShownStatus>,
    /// Status cells by place, of rows that have no key of their own.
    pub status_by_place: BTreeMap<(String, u32), ShownStatus>,
    /// Cells that Google refused to write since: tab, row and header. They are protected, or their column is gone.
    pub refused: BTreeSet<(String, u32, String)>,
    /// Keys by place, of the same rows: a duplicate, or none that can be read.
    pub key_by_place: BTreeMap<(String, u32), Option<Sku>>,
    /// Where the headers stand and how many rows the grid has, by tab.
    pub layouts: BTreeMap<String, (Columns, u32)>,
    /// How typed numbers read.
    pub locale: Locale,
}

impl Engine {
    /// Leave out what was written since the read began: it may show those cells as they were before.
    pub(super) fn set_touched_aside(&self, parsed: &mut Parsed, began: u64) {
        let shown = &mut *lock(&self.shown);
        shown.touched.retain(|_, write| *write > began && !planted!(ReadBesideWrite));
        let spoiled = shown.spoiled > began;
        for row in parsed.rows.iter_mut().filter(|row| spoiled || shown.touched.contains_key(&row.sku)) {
            row.stock.clear();
        }
        for sku in shown.touched.keys() {
            if let Some(status) = shown.status.get(sku) {
                parsed.shown.status.insert(sku.clone(), status.clone());
            }
        }
        parsed.shown.writes = shown.writes;
        parsed.shown.spoiled = shown.spoiled;
        parsed.shown.touched = shown.touched.clone();
    }

    /// Cells of these SKUs were written just now.
    pub(super) fn touch(&self, skus: BTreeSet<Sku>) {
        let shown = &mut *lock(&self.shown);
        shown.writes += 1;
        let write = shown.writes;
        shown.touched.extend(skus.into_iter().map(|sku| (sku, write)));
    }

    /// A write hit rows that it was not meant for.
    pub(super) fn spoil(&self) {
        let shown = &mut *lock(&self.shown);
        shown.writes += 1;
        shown.spoiled = shown.writes;
    }

    /// Forget that the last read is current: the next one reads whatever the file version says.
    pub(super) fn distrust_sheet(&self) {
        lock(&self.shown).version = None;
    }
}

/// Remember what the status cells show now.
pub(super) fn note_shown(shown: &mut Shown, mapping: &TabMapping, typed: &Tab, raw: &[RawRow]) {
    let sku_at: BTreeMap<u32, &Sku> = typed.rows.iter().map(|row| (row.row, &row.sku)).collect();
    for row in raw {
        let text = |header: &Option<String>| {
            let cell = header.as_ref().and_then(|header| row.cells.get(header));
            cell.map(Cell::quote_whole).unwrap_or_default()
        };
        let counter =
            |(_, header): &(Pool, String)| (header.clone(), row.cells.get(header).cloned().unwrap_or_default());
        let status = ShownStatus {
            status: text(&mapping.status),
            error: text(&mapping.error),
            last_sync: text(&mapping.last_sync),
            counters: mapping.sold.iter().map(counter).collect(),
        };
        match sku_at.get(&row.row) {
            Some(sku) => {
                shown.status.insert((*sku).clone(), status);
            }
            None => {
                let place = (mapping.tab.clone(), row.row);
                let key = key_of(mapping, |header| row.cells.get(header).cloned().unwrap_or_default()).ok().flatten();
                shown.status_by_place.insert(place.clone(), status);
                shown.key_by_place.insert(place, key);
            }
        }
    }
}
