//! Where histories start: worlds at rest, made once per thread and copied.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeZone as _;

use super::driver::Driver;
use super::effects::Effects;
use super::rest;
use super::sheet::{self, Sheet};
use super::shop::Shop;
use super::world::{Counts, Shared, Truth, World};
use crate::catalog::{Cell, Sku};
use crate::clock::{Simulation, Time};
use crate::db::MemoryLedger;
use crate::lab::catalog::rng::Rng;
use crate::stores::StockKind;
use crate::telemetry::Meters;

/// A world and what the program knows of it.
#[derive(Clone)]
pub(super) struct Start {
    pub world: World,
    pub ledger: MemoryLedger,
    pub now: Time,
}

/// So many different worlds.
const WORLDS: u64 = 24;
/// Every so many-th history starts with an empty ledger and empty shops.
const FROM_NOTHING: u64 = 10;

thread_local! {
    static STARTS: RefCell<BTreeMap<u64, Start>> = const { RefCell::new(BTreeMap::new()) };
    static METERS: Meters = Meters::default();
}

/// One set of meters per thread: making them costs more than a history.
pub(super) fn meters() -> Meters {
    METERS.with(Clone::clone)
}

/// The start of a history.
pub(super) fn of(seed: u64) -> Start {
    let number = (seed / 4) % WORLDS;
    if seed % FROM_NOTHING == FROM_NOTHING - 1 {
        return new(number);
    }
    if let Some(start) = STARTS.with_borrow(|starts| starts.get(&number).cloned()) {
        return start;
    }
    let start = at_rest(new(number));
    STARTS.with_borrow_mut(|starts| starts.insert(number, start.clone()));
    start
}

fn new(number: u64) -> Start {
    let mut rng = Rng::new(number);
    let now = chrono::Utc.with_ymd_and_hms(2026, 3, 28, 12, 0, 0).single().unwrap_or_default();
    let skus = 1 + number as usize % 3;
    let truth: Vec<Truth> = (0..skus)
        .filter_map(|item| Sku::new(&format!("S{item}")))
        .map(|sku| Truth { sku, units: rng.between(0, 15), leeway: 0 })
        .collect();
    let row = |truth: &Truth| {
        let mut row = sheet::Row::default();
        row[sheet::SKU] = Cell::from_text(truth.sku.as_str());
        row[1] = Cell::from_text(&format!("Thing {}", truth.sku));
        row[sheet::PRICE] = Cell::Number(9.5);
        row[sheet::STOCK] = Cell::Number(truth.units as f64);
        row
    };
    let sheet = Sheet::new(truth.iter().map(row).collect());
    let (keyed, log) = (StockKind::KeyedDelta, StockKind::OrderLog);
    let (revision, delta) = (StockKind::Revision, StockKind::Delta);
    let kinds: &[StockKind] = match number % 8 {
        0 => &[keyed, log],
        1 => &[log],
        2 => &[log, log],
        3 => &[keyed, keyed, log],
        4 => &[revision, log],
        5 => &[delta, keyed],
        6 => &[revision],
        _ => &[delta],
    };
    let names = ["one", "two", "three"];
    let mut shop = |(name, kind): (&&str, &StockKind)| Shop::new(name, *kind, [0, 0, 1, 2][rng.below(4)]);
    let shops = names.iter().zip(kinds).map(&mut shop).collect();
    let (pending, hit, unsure) = (vec![0; truth.len()], vec![0; truth.len()], vec![false; truth.len()]);
    let founded = truth.iter().map(|truth| truth.units).collect();
    let moved = vec![vec![vec![0]; truth.len()]; kinds.len() + 1];
    let world = World {
        rng,
        trouble: 0.0,
        truth,
        sheet,
        shops,
        mail: Vec::new(),
        counts: Counts::default(),
        wrong: Vec::new(),
        story: None,
        serial: 0,
        pending,
        hit,
        unsure,
        moved,
        founded,
        sheet_lost: false,
        lost_now: false,
    };
    Start { world, ledger: MemoryLedger::new(), now }
}

/// The same after the program has run for a while.
fn at_rest(start: Start) -> Start {
    let clock = Simulation::start(start.now, 0);
    let shared = Arc::new(Shared::new(start.world, Effects::new(&[])));
    let mut driver = Driver::with(shared, start.ledger, clock, Rng::new(0), BTreeSet::new());
    rest::settle_down(&mut driver);
    let mut world = driver.shared.world().clone();
    world.counts = Counts::default();
    Start { world, ledger: driver.ledger.fork(), now: crate::clock::now() }
}
