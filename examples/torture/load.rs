//! Shoppers, staff and people at the sheet; and the record of what they did.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use shelfd::clock::{self, Time};
use shelfd::lab::world::{TAB, World};
use shelfd::lab::{LabItem, Sale};
use shelfd::rng::Rng;

use crate::ledger::SheetWrite;

/// Something happens this often, on average.
const EVERY: (i64, i64) = (10, 110);
/// So many open orders are remembered; older ones stay as they are.
const ORDERS_MAX: usize = 400;

/// What is done with a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Only the WooCommerce shop's staff change its stock, by hand. That platform has no conditional write: a hand that
    /// comes between shelfd's read and its write is overwritten there, whoever writes. So nobody else touches these.
    Quiet,
    /// Sold all the time.
    Hot,
    /// Nearly sold out.
    Scarce,
    /// Everything else.
    Plain,
}

/// The role of a row by its place.
pub fn role(place: usize) -> Role {
    match place {
        0..6 => Role::Quiet,
        6..16 => Role::Hot,
        16..28 => Role::Scarce,
        _ => Role::Plain,
    }
}

/// What happened, in all.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Orders.
    pub sales: u64,
    /// Units in them.
    pub units: i64,
    /// Visits that found too few units.
    pub sold_out: u64,
    /// Orders cancelled.
    pub cancelled: u64,
    /// Refunds.
    pub refunds: u64,
    /// Units that came back by either.
    pub units_returned: i64,
    /// Stock cells typed into.
    pub stock_edits: u64,
    /// Price cells typed into.
    pub price_edits: u64,
    /// Sorts of the sheet.
    pub sorts: u64,
    /// Stock changed by a shop's staff.
    pub staff_edits: u64,
}

struct Event {
    at: Time,
    sku: String,
    words: String,
}

/// The load, and what it did.
pub struct Load {
    rng: Rng,
    next: Instant,
    skus: Vec<String>,
    orders: [Vec<Sale>; 2],
    start: BTreeMap<String, i64>,
    /// Units that people and staff added by hand, less what was accepted as explained.
    by_hand: BTreeMap<String, i64>,
    events: Vec<Event>,
    /// Numbers typed over numbers.
    typed: Vec<(Time, String, i64, i64)>,
    /// While WooCommerce says late what orders gave back, nobody refunds with restock there: its orders do not tell that a
    /// restock is under way, and an absolute write in between counts it twice (ARCHITECTURE.md, limits).
    pub says_late: bool,
    /// Figures.
    pub counts: Counts,
}

impl Load {
    /// Nothing has happened yet.
    pub fn new(items: &[LabItem], seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            next: Instant::now(),
            skus: items.iter().map(|item| item.sku.clone()).collect(),
            orders: [Vec::new(), Vec::new()],
            start: items.iter().map(|item| (item.sku.clone(), item.stock)).collect(),
            by_hand: BTreeMap::new(),
            events: Vec::new(),
            typed: Vec::new(),
            says_late: false,
            counts: Counts::default(),
        }
    }

    /// Units that there truly are, by SKU: start + by hand − sold and not returned.
    pub fn truth(&self, world: &World) -> BTreeMap<String, i64> {
        let sold = world.shops().map(|(_, shop)| shop.sold());
        let of = |map: &BTreeMap<String, i64>, sku: &String| map.get(sku).copied().unwrap_or(0);
        let units = |(sku, start): (&String, &i64)| {
            let gone: i64 = sold.iter().map(|sold| of(sold, sku)).sum();
            (sku.clone(), start + of(&self.by_hand, sku) - gone)
        };
        self.start.iter().map(units).collect()
    }

    /// Take a difference that was explained as it is, as a person does who has counted.
    pub fn accept(&mut self, sku: &str, units: i64) {
        self.note(sku, format!("judged: {units:+} accepted"));
        self.hand(sku, units);
    }

    /// Write down what happened.
    pub fn note(&mut self, sku: &str, words: String) {
        self.events.push(Event { at: clock::now(), sku: sku.to_owned(), words });
    }

    /// What happened to a SKU since a moment, beside what happened to all: lines that sort by time.
    pub fn story(&self, sku: &str, since: Time) -> Vec<String> {
        let concerns = |event: &&Event| event.at >= since && (event.sku.is_empty() || event.sku == sku);
        let line = |event: &Event| format!("{} world: {}", time(event.at), event.words);
        self.events.iter().filter(concerns).map(line).collect()
    }

    /// Units typed by people who put the very number that one of these writes was about over what it was to replace (in one
    /// step or more), before its fate was known: nothing in the sheet tells them from the write.
    pub fn typed_as(&self, sku: &str, writes: &[SheetWrite]) -> i64 {
        let is = |write: &SheetWrite| {
            let open = write.known..=write.settled;
            let mut shown = write.expected;
            for (at, of, before, after) in &self.typed {
                if of == sku && *before == shown && open.contains(&at.timestamp_millis()) {
                    shown = *after;
                }
            }
            (shown == write.wrote).then_some(write.wrote - write.expected)
        };
        writes.iter().filter_map(is).sum()
    }

    fn hand(&mut self, sku: &str, units: i64) {
        *self.by_hand.entry(sku.to_owned()).or_default() += units;
    }

    /// Do what is due now.
    pub fn play(&mut self, world: &World) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + Duration::from_millis(self.rng.between(EVERY.0, EVERY.1).unsigned_abs());
        match self.rng.below(100) {
            0..=59 => self.sell(world),
            60..=68 => self.cancel(world),
            69..=75 => self.refund(world),
            76..=87 => self.type_stock(world),
            88..=91 => self.type_price(world),
            92..=93 => self.sort(world),
            94..=96 => self.staff_in_shopify(world),
            _ => self.staff_in_woocommerce(world),
        }
    }

    /// Half of all that is sold is hot.
    fn pick(&mut self) -> String {
        let roles: &[Role] = match self.rng.below(10) {
            0..=3 => &[Role::Hot],
            4 => &[Role::Scarce],
            _ => &[Role::Plain, Role::Scarce, Role::Hot],
        };
        self.pick_of(roles)
    }

    fn pick_of(&mut self, roles: &[Role]) -> String {
        let fits = |(place, sku): (usize, &String)| roles.contains(&role(place)).then(|| sku.clone());
        let skus: Vec<String> = self.skus.iter().enumerate().filter_map(fits).collect();
        self.rng.pick(&skus).cloned().unwrap_or_default()
    }

    fn sell(&mut self, world: &World) {
        let at = self.rng.below(2);
        let (name, shop) = world.shops()[at];
        let (sku, quantity) = (self.pick(), self.rng.between(1, 3));
        let Ok(sale) = shop.sell(&sku, quantity) else {
            self.counts.sold_out += 1;
            return;
        };
        self.counts.sales += 1;
        self.counts.units += quantity;
        self.note(&sku, format!("{name} sold {quantity}, order {}", sale.order));
        self.orders[at].push(sale);
        if self.orders[at].len() > ORDERS_MAX {
            self.orders[at].remove(0);
        }
    }

    fn cancel(&mut self, world: &World) {
        let at = self.rng.below(2);
        if self.orders[at].is_empty() {
            return;
        }
        let place = self.rng.below(self.orders[at].len());
        let order = self.orders[at].swap_remove(place);
        let (name, shop) = world.shops()[at];
        if let Ok(back) = shop.cancel(&order.order) {
            self.counts.cancelled += 1;
            self.counts.units_returned += back.quantity;
            self.note(&order.sku, format!("{name} cancelled order {}: {} back", order.order, back.quantity));
        }
    }

    fn refund(&mut self, world: &World) {
        let (at, restock) = (self.rng.below(2), self.rng.chance(0.7));
        let restock = restock && !(at == 1 && self.says_late);
        let Some(order) = self.rng.pick(&self.orders[at]).cloned() else { return };
        let (name, shop) = world.shops()[at];
        if shop.refund(&order.order, 1, restock).is_ok() {
            self.counts.refunds += 1;
            self.counts.units_returned += i64::from(restock);
            self.note(&order.sku, format!("{name} refunded 1 of order {}, restock {restock}", order.order));
        }
    }

    /// A person adds units to what the cell shows at that moment, or takes some away.
    fn type_stock(&mut self, world: &World) {
        let sku = self.pick_of(&[Role::Plain, Role::Hot, Role::Scarce]);
        let units = if self.rng.chance(0.75) { self.rng.between(1, 12) } else { self.rng.between(-3, -1) };
        let Some(row) = row_of(world, &sku) else { return };
        let mut added = 0;
        let mut words = String::new();
        let mut typed_over = None;
        let typed = |shown: &str| match shown.parse::<i64>() {
            Ok(shown) => {
                // Nobody counts less than nothing.
                let after = (shown + units).max(0);
                added = after - shown;
                typed_over = Some((shown, after));
                words = format!("a person typed {after} over {shown} in row {row}");
                after.to_string()
            }
            Err(_) => shown.to_owned(),
        };
        if world.google().edit_shown(TAB, row, "Stock", typed).is_ok() && added != 0 {
            self.counts.stock_edits += 1;
            self.hand(&sku, added);
            let over = typed_over.map(|(before, after)| (clock::now(), sku.clone(), before, after));
            self.typed.extend(over);
            self.note(&sku, words);
        }
    }

    fn type_price(&mut self, world: &World) {
        let sku = self.pick_of(&[Role::Plain, Role::Hot, Role::Scarce, Role::Quiet]);
        let price = format!("{}.{:02}", self.rng.between(3, 90), self.rng.between(0, 99));
        let Some(row) = row_of(world, &sku) else { return };
        if world.google().edit(TAB, row, "Price", &price).is_ok() {
            self.counts.price_edits += 1;
            self.note(&sku, format!("a person typed the price {price}"));
        }
    }

    fn sort(&mut self, world: &World) {
        let column = ["Title", "Price", "Stock", "Handle", "SKU"][self.rng.below(5)];
        let ascending = self.rng.chance(0.5);
        if world.google().sort(TAB, column, ascending).is_ok() {
            self.counts.sorts += 1;
            self.note("", format!("a person sorted by {column}, ascending {ascending}"));
        }
    }

    fn staff_in_shopify(&mut self, world: &World) {
        let sku = self.pick_of(&[Role::Plain, Role::Scarce]);
        self.staff(world, 0, &sku);
    }

    fn staff_in_woocommerce(&mut self, world: &World) {
        let sku = self.pick_of(&[Role::Quiet]);
        self.staff(world, 1, &sku);
    }

    fn staff(&mut self, world: &World, at: usize, sku: &str) {
        let units = self.rng.between(-2, 4);
        let (name, shop) = world.shops()[at];
        let Some(stock) = shop.shelf().get(sku).map(|item| item.stock) else { return };
        let after = (stock + units).max(0);
        if after != stock && shop.set_stock(sku, after).is_ok() {
            self.counts.staff_edits += 1;
            self.hand(sku, after - stock);
            self.note(sku, format!("{name}'s staff set {after} over {stock}"));
        }
    }
}

/// Where a SKU's row is now.
fn row_of(world: &World, sku: &str) -> Option<u32> {
    world.sheet_rows().iter().find(|row| row.key.as_deref() == Some(sku)).map(|row| row.row)
}

/// Times as the daemon's log writes them.
pub fn time(at: Time) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
