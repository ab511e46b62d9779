//! Where no platform tells a person's number from ours, what the ledger may be off by is noted, case by case
//! (`docs/guarantees.md`, limits).

use super::driver::{Driver, book, book_of};
use super::sheet;
use crate::catalog::Cell;
use crate::db::SHEET;
use crate::stock::Book;

/// The open write to the sheet: the number it replaces, and its own.
pub(super) fn open_write(book: &Book) -> Option<(i64, i64)> {
    let intent = book.sides.get(SHEET)?.intent.as_ref()?;
    Some((intent.expected, intent.expected + intent.delta))
}

impl Driver {
    pub(super) fn sheet_turn_ended(&mut self) {
        if self.shared.world().sheet_lost {
            self.shared.world().promote_leeway();
        }
        self.blur(false);
    }

    /// A write that was meant for another row hit one without a key, or with one that the program does not know yet. Once that
    /// is sorted or cut out, nobody can tell which row to put back.
    /// A counter that the program has not met yet says what was sold before: written over, it says something else.
    pub(super) fn strangers(&self) {
        let world = &mut *self.shared.world();
        for (item, by) in std::mem::take(&mut world.counter_hits) {
            if book(&self.ledger, &world.truth[item]).pool.is_none() {
                world.truth[item].leeway += by.abs();
                world.counts.leeways += 1;
            }
        }
        for (item, hit) in std::mem::take(&mut world.hits) {
            let truth = &world.truth[item];
            let is_there = world.sheet.row_of(truth.sku.as_str()).is_some();
            if is_there && book_of(&self.ledger, &truth.sku, truth).pool.is_some() {
                continue;
            }
            let writes = |other: &usize| {
                let other = &world.truth[*other];
                other.pool == truth.pool && open_write(&book(&self.ledger, other)) == Some(hit)
            };
            let meant: Vec<usize> = (0..world.truth.len()).filter(writes).collect();
            if meant == [item] {
                // Done or not: once it is seen again, its cell is all that tells.
                world.sheet_lost = true;
            } else {
                world.truth[item].leeway += (hit.1 - hit.0).abs();
                world.counts.leeways += 1;
            }
        }
    }

    /// Open writes to the sheet will be judged by what their cells show. A person who has typed there unseen, or does so
    /// until then, may be taken for the write: no platform tells them apart.
    pub(super) fn blur(&self, dead: bool) {
        let world = &mut *self.shared.world();
        for item in 0..world.truth.len() {
            let book = book(&self.ledger, &world.truth[item]);
            let own = open_write(&book);
            if let Some((from, to)) = world.hit[item].filter(|hit| dead && Some(*hit) != own) {
                world.astray[item] += (to - from).abs();
            }
            world.hide(item, false);
            let Some((from, to)) = own else {
                (world.pending[item], world.unsure[item]) = (0, false);
                continue;
            };
            let ours = if world.hit[item] == own { to } else { from };
            let row = world.sheet.row_of(world.truth[item].sku.as_str());
            let shown = row.map(|row| &world.sheet.rows[row][sheet::STOCK[world.truth[item].pool]]);
            if !world.unsure[item] && shown != Some(&Cell::Number(ours as f64)) {
                world.truth[item].leeway += (to - from).abs();
                world.counts.leeways += 1;
            }
            world.unsure[item] = true;
        }
    }
}
