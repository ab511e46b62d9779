//! Where histories start: worlds at rest, made once per thread and copied.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{TimeDelta, TimeZone as _};

use super::driver::Driver;
use super::effects::Effects;
use super::rest;
use super::sheet::{self, Sheet};
use super::shop::{Listing, Order, Shop};
use super::world::{Counts, Layout, Oddities, Shared, Truth, World};
use crate::catalog::{Cell, Money, Sku};
use crate::clock::{Simulation, Time};
use crate::db::MemoryLedger;
use crate::rng::Rng;
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
const WORLDS: u64 = 48;
/// Orders from before the program came are numbered from here.
const OLD_ORDERS: u64 = 1_000_000;
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
        return new(number, false);
    }
    if let Some(start) = STARTS.with_borrow(|starts| starts.get(&number).cloned()) {
        return start;
    }
    crate::planted::plant(None);
    let start = at_rest(new(number, true));
    STARTS.with_borrow_mut(|starts| starts.insert(number, start.clone()));
    start
}

/// The same start, made by the program as it is now.
pub(super) fn afresh(seed: u64) -> Start {
    at_rest(new((seed / 4) % WORLDS, true))
}

fn new(number: u64, furnished: bool) -> Start {
    let mut rng = Rng::new(number);
    let now = chrono::Utc.with_ymd_and_hms(2026, 3, 28, 12, 0, 0).single().unwrap_or_default();
    let skus = 1 + number as usize % 3;
    let layouts: &[Layout] = match (number / 8) % 6 {
        2 => &[Layout::Edited, Layout::Edited],
        3 => &[Layout::Counted],
        4 => &[Layout::Counters],
        5 => &[Layout::Edited, Layout::Counters],
        _ => &[Layout::Edited],
    };
    let truth: Vec<Truth> = (0..skus)
        .filter_map(|item| Sku::new(&format!("S{item}")))
        .flat_map(|sku| (0..layouts.len()).map(move |pool| (sku.clone(), pool)))
        .map(|(sku, pool)| {
            // Where all have the same number, a write that hits a wrong row is not kept off it by its condition.
            let units = if number % 4 == 2 { 7 } else { rng.between(0, 15) };
            Truth { sku, former: Vec::new(), pool, units, leeway: 0 }
        })
        .collect();
    let sheet = Sheet::new(truth.chunks(layouts.len()).map(|pools| row(pools, layouts, &mut rng)).collect());
    let kinds = kinds(number);
    let names = ["one", "two", "three"];
    let mut shop = |(at, (name, kind)): (usize, (&&str, &StockKind))| {
        Shop::new(name, *kind, [0, 0, 1, 2][rng.below(4)], at % layouts.len())
    };
    let mut shops: Vec<Shop> = names.iter().zip(kinds).enumerate().map(&mut shop).collect();
    if furnished && number % 3 == 1 {
        shops.iter_mut().for_each(|shop| furnish(shop, &truth, now, &mut rng));
    }
    let (pending, hit, own_hit) = (vec![0; truth.len()], vec![None; truth.len()], vec![false; truth.len()]);
    let counts_typed = truth.iter().map(|truth| vec![truth.units]).collect();
    let moved = vec![vec![vec![0]; truth.len()]; kinds.len() + 1];
    let world = World {
        rng,
        troubles: [0.0; 4],
        odd: Oddities::default(),
        layouts: layouts.to_vec(),
        founded: truth.iter().map(|truth| truth.units).collect(),
        truth,
        sheet,
        shops,
        mail: Vec::new(),
        counts: Counts::default(),
        wrong: Vec::new(),
        story: None,
        serial: 0,
        astray: pending.clone(),
        pending,
        unsure: vec![None; hit.len()],
        typed: vec![None; hit.len()],
        typed_at: vec![Vec::new(); hit.len()],
        last_write: vec![None; hit.len()],
        hit,
        own_hit,
        moved,
        counts_typed,
        hits: Vec::new(),
        counter_hits: Vec::new(),
        held: Vec::new(),
        sheet_lost: false,
        lost_now: false,
    };
    Start { world, ledger: MemoryLedger::new(), now }
}

/// The shops of a world, by how their stock is written.
fn kinds(number: u64) -> &'static [StockKind] {
    use StockKind::{Delta, KeyedDelta, OrderLog, Revision};
    match number % 8 {
        0 => &[KeyedDelta, OrderLog],
        1 => &[OrderLog],
        2 => &[OrderLog, OrderLog],
        3 => &[KeyedDelta, KeyedDelta, OrderLog],
        4 => &[Revision, OrderLog],
        5 => &[Delta, KeyedDelta],
        6 => &[Revision],
        _ => &[Delta],
    }
}

/// A row as people have it before the program comes; where it is laid out in counters, something may have been sold already.
fn row(pools: &[Truth], layouts: &[Layout], rng: &mut Rng) -> sheet::Row {
    let mut row = sheet::Row::default();
    for truth in pools {
        row[sheet::SKU] = Cell::from_text(truth.sku.as_str());
        row[sheet::TITLE] = Cell::from_text(&truth.title());
        row[sheet::PRICE] = Cell::Number(9.5);
        let is_counter = layouts[truth.pool] == Layout::Counters;
        let sold = if is_counter { rng.between(0, 3) * 7 } else { 0 };
        row[sheet::STOCK[truth.pool]] = Cell::Number((truth.units + sold) as f64);
        if sold > 0 {
            row[sheet::SOLD[truth.pool]] = Cell::Number(sold as f64);
        }
    }
    row
}

/// A shop that sold before the program came: it lists everything already, and has old orders. What moves there before the
/// program's first look is nobody's business, so histories begin after it.
fn furnish(shop: &mut Shop, truth: &[Truth], now: Time, rng: &mut Rng) {
    let Some(price) = Money::from_store("9.50") else { return };
    for (item, truth) in truth.iter().enumerate().filter(|(_, truth)| truth.pool == shop.pool) {
        let mut listing = Listing::new(truth.sku.clone(), truth.title(), price);
        listing.stock = (truth.units - shop.buffer).max(0);
        shop.listings.insert(item, listing);
        let at = now - TimeDelta::days(if item == 0 { rng.between(1, 40) } else { rng.between(50, 400) });
        shop.orders.push(Order::taken(OLD_ORDERS + item as u64, item, rng.between(1, 4), at));
    }
}

/// The same after the program has run for a while.
fn at_rest(start: Start) -> Start {
    let clock = Simulation::start(start.now, 0);
    let shared = Arc::new(Shared::new(start.world, Effects::new(&[])));
    let mut driver = Driver::with(shared, start.ledger, clock, Rng::new(0));
    rest::settle_down(&mut driver);
    let mut world = driver.shared.world().clone();
    world.counts = Counts::default();
    Start { world, ledger: driver.ledger.fork(), now: crate::clock::now() }
}
