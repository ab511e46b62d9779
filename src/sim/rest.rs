//! The end of a history: troubles are over, everything comes to rest, and what must be true is looked at.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;

use super::driver::{Driver, book};
use super::effects::Effects;
use super::sheet::{SKU, SOLD, STOCK};
use super::shop;
use super::world::{Layout, Shared, World};
use crate::catalog::Cell;
use crate::clock;
use crate::db::MemoryLedger;
use crate::db::{Ledger, SHEET};
use crate::rng::Rng;

/// Rounds until rest: more means that something goes on for ever.
const ROUNDS_MAX: u32 = 120;
/// Sweeps until rest, and sweeps after it that must not write anything.
const SWEEPS: (u32, u32) = (2, 3);
/// Every so many-th history is told to an empty ledger at its end.
const TOLD_AGAIN: u64 = 8;

/// Bring everything to rest and say what is wrong then.
pub(super) fn come_to_rest(driver: &mut Driver, seed: u64) -> Vec<String> {
    calm(driver);
    if !settle_down(driver) {
        return vec![format!("no rest after {ROUNDS_MAX} rounds")];
    }
    let left = left_alone(driver);
    if !left.is_empty() {
        return left;
    }
    for _ in 0..SWEEPS.0 {
        sweep(driver);
        if !settle_down(driver) {
            return vec![format!("no rest after a sweep and {ROUNDS_MAX} rounds")];
        }
    }
    let mut wrong = disagreements(driver);
    let before = writes(&driver.shared.world());
    for _ in 0..SWEEPS.1 {
        sweep(driver);
        settle_down(driver);
    }
    let after = writes(&driver.shared.world());
    if before != after {
        wrong.push(format!("sweeps at rest wrote: {before:?} became {after:?} (stock writes, sheet version)"));
    }
    if wrong.is_empty() && seed.is_multiple_of(TOLD_AGAIN) {
        wrong = told_again(driver);
    }
    wrong
}

fn writes(world: &World) -> (u64, i64) {
    (world.counts.stock_writes, world.sheet.version)
}

/// Nothing fails any more, nothing is on its way.
fn calm(driver: &mut Driver) {
    {
        let world = &mut *driver.shared.world();
        world.troubles = [0.0; 4];
        world.tell(|| "from here on nothing fails".to_owned());
        world.sheet.touch();
        while world.sheet.paste(0) {}
        let World { sheet, truth, .. } = world;
        sheet.key_again(truth);
        for at in 0..world.shops.len() {
            while let Some(order) = world.shops[at].orders.iter().position(|order| order.phase != shop::Phase::Settled)
            {
                shop::advance(world, at, order);
            }
        }
    }
    driver.clock.advance(Duration::from_secs(31));
    shop::arrivals(&mut driver.shared.world(), true);
}

/// Everything is to be looked at, as the schedule does.
fn sweep(driver: &Driver) {
    driver.clock.advance(Duration::from_secs(60));
    driver.shared.world().tell(|| "sweep".to_owned());
    let engine = driver.engine();
    let _ = drive(engine.sweep());
}

fn drive<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    (0..1_000).find_map(|_| future.as_mut().now_or_never())
}

/// Let all tasks have turns until nothing is due. False when that does not come.
pub(super) fn settle_down(driver: &mut Driver) -> bool {
    for _ in 0..ROUNDS_MAX {
        let before = writes(&driver.shared.world());
        for task in 0..driver.tasks() {
            if !driver.run(task) {
                return false;
            }
        }
        let due = next_due(driver);
        let moved = before != writes(&driver.shared.world());
        match due {
            None if !moved => return true,
            None => driver.clock.advance(Duration::from_millis(10)),
            Some(pause) => driver.clock.advance(pause.max(Duration::from_millis(1))),
        }
    }
    false
}

/// Time until anything is due; `None` when nothing is.
fn next_due(driver: &Driver) -> Option<Duration> {
    let names: Vec<String> = driver.shared.world().shops.iter().map(|shop| shop.name.clone()).collect();
    let due = |name: &str| driver.ledger.next_due(name).now_or_never().and_then(Result::ok).flatten();
    let hints = names.iter().map(String::as_str).chain([SHEET]).filter_map(due);
    let settles = driver.engine().next_settle();
    let now = clock::now();
    hints.chain(settles).min().map(|due| (due - now).to_std().unwrap_or_default())
}

/// Stock that the ledger knows to be due at a shop, with nothing to make anybody write it before the next sweep.
fn left_alone(driver: &Driver) -> Vec<String> {
    let world = &*driver.shared.world();
    let mut wrong = Vec::new();
    for truth in &world.truth {
        let book = book(&driver.ledger, truth);
        for shop in world.shops.iter().filter(|shop| shop.pool == truth.pool) {
            let accounted = book.sides.get(&shop.name).and_then(|side| side.accounted);
            let target = book.pool.map(|pool| (pool - shop.buffer).max(0));
            if accounted.is_some() && target.is_some() && accounted != target {
                let (sku, name) = (&truth.sku, &shop.name);
                wrong.push(format!("{sku}: shop {name} is known to have {accounted:?}, its target is {target:?}"));
            }
        }
    }
    wrong
}

/// What does not agree with the truth.
fn disagreements(driver: &Driver) -> Vec<String> {
    let world = &mut *driver.shared.world();
    let mut wrong = Vec::new();
    let letters = driver.ledger.dead_letters().now_or_never().and_then(Result::ok).unwrap_or_default();
    let doubted: BTreeSet<String> =
        letters.iter().filter(|letter| letter.code == "doubt").map(|letter| letter.sku.clone()).collect();
    world.counts.doubts += doubted.len() as u64;
    for (item, truth) in world.truth.iter().enumerate() {
        let sku = &truth.sku;
        let Some(pool) = book(&driver.ledger, truth).pool else {
            wrong.push(format!("{sku}: the ledger has no pool"));
            continue;
        };
        let off = pool - truth.units;
        let in_doubt = doubted.contains(sku.as_str());
        if off.abs() > truth.leeway && !(in_doubt && off < 0) {
            wrong.push(format!("{sku}: the pool is {pool}, the truth {} (leeway {})", truth.units, truth.leeway));
        }
        let row = world.sheet.row_of(sku.as_str()).map(|row| &world.sheet.rows[row]);
        let shown = |columns: [usize; 2]| row.map(|row| row[columns[truth.pool]].clone());
        let available = match (world.layouts[truth.pool], shown(STOCK), shown(SOLD)) {
            (Layout::Counters, Some(Cell::Number(received)), Some(Cell::Number(sold))) => Some(received - sold),
            (Layout::Counters, Some(Cell::Number(received)), Some(Cell::Blank)) => Some(received),
            (Layout::Edited | Layout::Counted, Some(Cell::Number(units)), _) => Some(units),
            _ => None,
        };
        if available != Some(pool as f64) {
            wrong.push(format!("{sku}: the sheet shows {available:?} ({row:?}), the pool is {pool}"));
        }
        for shop in world.shops.iter().filter(|shop| shop.pool == truth.pool) {
            // Said once more in its own words: the rule itself may be what is wrong.
            let target = (pool - shop.buffer).max(0);
            let listing = shop.listings.get(&item);
            if listing.is_some_and(|listing| listing.sku.as_ref() != Some(sku)) {
                wrong.push(format!("{sku}: shop {} calls it {:?}", shop.name, listing.map(|listing| &listing.sku)));
            }
            if listing.map(|listing| listing.stock) != Some(target) {
                let there = listing.map(|listing| listing.stock);
                wrong.push(format!("{sku}: shop {} has {there:?}, its target is {target}", shop.name));
            }
            let price =
                world.sheet.row_of(sku.as_str()).and_then(|row| match world.sheet.rows[row][super::sheet::PRICE] {
                    Cell::Number(price) => Some(rust_decimal::Decimal::from((price * 100.0).round() as i64)),
                    _ => None,
                });
            let there = listing.map(|listing| listing.price.amount() * rust_decimal::Decimal::ONE_HUNDRED);
            if there != price {
                wrong.push(format!("{sku}: shop {} has price {there:?}, the sheet {price:?}", shop.name));
            }
        }
    }
    let rows = world.sheet.rows.iter().filter(|row| row[SKU] == Cell::Blank);
    if rows.into_iter().any(|row| STOCK.iter().any(|column| row[*column] != Cell::Blank)) {
        wrong.push("a stock number stands in a row without key".to_owned());
    }
    wrong
}

/// An empty ledger that meets the world as it stands comes to the same pools, and writes no stock.
fn told_again(driver: &Driver) -> Vec<String> {
    let world = driver.shared.world().clone();
    let before = world.counts.stock_writes;
    let truth = world.truth.clone();
    let shared = Arc::new(Shared::new(world, Effects::new(&[])));
    let clock = driver.clock.same();
    shared.world().tell(|| "the ledger is emptied".to_owned());
    let mut again = Driver::with(Arc::clone(&shared), MemoryLedger::new(), clock, Rng::new(0));
    if !settle_down(&mut again) {
        return vec!["an empty ledger finds no rest".to_owned()];
    }
    let mut wrong = Vec::new();
    for truth in truth {
        let pool = |ledger: &MemoryLedger| book(ledger, &truth).pool;
        if pool(&again.ledger) != pool(&driver.ledger) {
            wrong.push(format!("{}: an empty ledger comes to {:?}", truth.sku, pool(&again.ledger)));
        }
    }
    let after = shared.world().counts.stock_writes;
    if after != before {
        wrong.push(format!("an empty ledger wrote stock {} times", after - before));
    }
    if !wrong.is_empty() {
        driver.shared.world().story = shared.world().story.clone();
    }
    wrong
}
