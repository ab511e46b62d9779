//! Where no platform tells a person's number from ours, what the ledger may be off by is noted, case by case
//! (`docs/guarantees.md`, limits).

use std::time::Duration;

use super::driver::{Driver, book, book_of};
use super::sheet;
use super::world::{Truth, World};
use crate::catalog::Cell;
use crate::clock;
use crate::db::SHEET;
use crate::stock::{Book, Intent};

/// No look at the sheet is older than this.
const STALE_FOR: Duration = Duration::from_secs(45);

/// The open write to the sheet: the number it replaces, and its own.
pub(super) fn open_write(book: &Book) -> Option<(i64, i64)> {
    open_intent(book).map(|intent| (intent.expected, intent.expected + intent.delta))
}

fn open_intent(book: &Book) -> Option<&Intent> {
    book.sides.get(SHEET)?.intent.as_ref()
}

impl Driver {
    pub(super) fn sheet_turn_ended(&mut self) {
        if self.shared.world().sheet_lost {
            self.shared.world().promote_leeway();
            self.strays();
        }
        self.blur();
    }

    /// The program was cut short: what it had recorded for shops without keys counts as a lost answer, sent or not. And a
    /// person's number that a write for another row has just replaced is not put back; where that left what the ledger knows to
    /// stand there, nobody will ever see it.
    pub(super) fn cut_short(&self) {
        let world = &mut *self.shared.world();
        for item in 0..world.truth.len() {
            let accounted = book(&self.ledger, &world.truth[item]).sides.get(SHEET).and_then(|side| side.accounted);
            if let Some((had, left)) = world.hit[item].filter(|(_, left)| accounted == Some(*left))
                && world.typed[item] == Some(had)
            {
                world.allow(item, (had - left).abs());
            }
        }
        for shop in (0..world.shops.len()).filter(|shop| !world.shops[*shop].kind.is_keyed()).collect::<Vec<_>>() {
            for item in 0..world.truth.len() {
                let book = book(&self.ledger, &world.truth[item]);
                if book.sides.get(&world.shops[shop].name).is_some_and(|side| side.intent.is_some()) {
                    world.allow_hidden(shop, item);
                }
            }
        }
    }

    /// A write that was meant for another row hit one without a key, or with one that the program does not know yet. Once that
    /// is sorted or cut out, nobody can tell which row to put back.
    /// A counter that the program has not met yet says what was sold before: written over, it says something else.
    pub(super) fn strangers(&self) {
        let world = &mut *self.shared.world();
        self.forget_own(world);
        for (item, by) in std::mem::take(&mut world.counter_hits) {
            if book(&self.ledger, &world.truth[item]).pool.is_none() {
                world.allow(item, by.abs());
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
                world.allow(item, (hit.1 - hit.0).abs());
                // It may have been the row that was meant, under another SKU or none, as far as the program sees: then too the
                // cell of that one is all that tells.
                (world.sheet_lost, world.lost_now) = (true, true);
            }
        }
    }

    /// A row's own write that the ledger has settled is no stranger in its cell.
    fn forget_own(&self, world: &mut World) {
        for item in 0..world.truth.len() {
            let Some(hit) = world.hit[item] else { continue };
            let book = book(&self.ledger, &world.truth[item]);
            let own = open_write(&book);
            let accounted = book.sides.get(SHEET).and_then(|side| side.accounted);
            if own == Some(hit) {
                world.own_hit[item] = true;
            } else if own.is_none() && accounted == Some(hit.1) && std::mem::take(&mut world.own_hit[item]) {
                world.hit[item] = None;
            }
        }
    }

    /// Writes for other rows stand in these, and nothing was put back: the program is dead, or an answer was lost and older looks
    /// hid it. Until it has read them it knows, by the number, what may be there.
    pub(super) fn strays(&self) {
        let world = &mut *self.shared.world();
        self.forget_own(world);
        for item in 0..world.truth.len() {
            let own = open_write(&book(&self.ledger, &world.truth[item]));
            let Some(hit) = world.hit[item].filter(|hit| Some(*hit) != own) else { continue };
            let by = (hit.1 - hit.0).abs();
            let pool = world.truth[item].pool;
            let is_it = |other: &&Truth| other.pool == pool && open_write(&book(&self.ledger, other)) == Some(hit);
            if world.truth.iter().any(|other| is_it(&other)) {
                world.astray[item] += by;
            } else {
                // That write is settled: only a program that is dead knew that looks were stale since.
                world.allow(item, by);
            }
        }
    }

    /// What a person typed unseen, before a write for another row was lost, is just what that one would have put there: it will be
    /// put back.
    pub(super) fn alike(&self) {
        let world = &mut *self.shared.world();
        for item in 0..world.truth.len() {
            let book_of_item = book(&self.ledger, &world.truth[item]);
            // A stale look may show a number that a person has typed over again, and it is the very one that was to be written.
            let lately = clock::now() - STALE_FOR;
            let may_show = |to: i64| world.typed_at[item].iter().any(|(at, typed)| *at > lately && *typed == to);
            if let Some((from, to)) = open_write(&book_of_item).filter(|(_, to)| may_show(*to)) {
                world.allow(item, (to - from).abs());
            }
            let truth = &world.truth[item];
            let accounted = book_of_item.sides.get(SHEET).and_then(|side| side.accounted);
            let row = world.sheet.row_of(truth.sku.as_str());
            let shown = row.map(|row| &world.sheet.rows[row][sheet::STOCK[truth.pool]]);
            let (Some(from), Some(Cell::Number(to))) = (accounted, shown) else { continue };
            let change = (from, *to as i64);
            // Another row's write that stands here is no person's number, and no excuse.
            let is_typed = world.typed[item] == Some(change.1) && change.0 != change.1;
            let is_like_it = |other: &Truth| {
                other.pool == truth.pool
                    && other.sku != truth.sku
                    && open_write(&book(&self.ledger, other)) == Some(change)
            };
            // Or that one hit it, and left what the program knew to stand there: with older looks after it, nothing tells.
            let is_gone = |(had, left): &(i64, i64)| world.typed[item] == Some(*had) && from == *left;
            let by = match world.hit[item].filter(is_gone) {
                Some((had, left)) => had - left,
                None if is_typed && world.truth.iter().any(is_like_it) => change.1 - change.0,
                None => continue,
            };
            world.allow(item, by.abs());
        }
    }

    /// Open writes to the sheet will be judged by what their cells show. A person who has typed there unseen, or does so
    /// until then, may be taken for the write: no platform tells them apart.
    pub(super) fn blur(&self) {
        let world = &mut *self.shared.world();
        for item in 0..world.truth.len() {
            let book = book(&self.ledger, &world.truth[item]);
            let own = open_write(&book);
            let row = world.sheet.row_of(world.truth[item].sku.as_str());
            let shown = row.map(|row| world.sheet.rows[row][sheet::STOCK[world.truth[item].pool]].clone());
            let accounted = book.sides.get(SHEET).and_then(|side| side.accounted);
            if own.is_none() && accounted.is_some_and(|units| shown == Some(Cell::Number(units as f64))) {
                world.astray[item] = 0;
                world.typed[item] = None;
            }
            world.hide(item, false);
            let Some((from, to)) = own else {
                (world.pending[item], world.unsure[item]) = (0, None);
                continue;
            };
            let ours = if world.hit[item] == own { to } else { from };
            let before = std::mem::replace(&mut world.unsure[item], open_intent(&book).cloned());
            let is_blurred = match before {
                None => shown != Some(Cell::Number(ours as f64)),
                // One follows the other within a turn: a person's very number, typed before it was recorded, is taken for it.
                before => before.as_ref() != open_intent(&book) && ours == from && world.typed[item] == Some(to),
            };
            if is_blurred {
                world.allow(item, (to - from).abs());
            }
        }
    }
}
