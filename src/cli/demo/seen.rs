//! Everything as last seen in the lab, and what follows from the difference: movements, and when they arrived.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

use super::movement::{Arrival, Movement, What};
use super::tracking::{self, Judgement, SHOP_RULE, Waits, arrived, units};
use crate::catalog::Money;
use crate::clock;
use crate::lab::ShelfItem;
use crate::lab::world::{SHOPIFY, SheetRow, WOOCOMMERCE};
use crate::stock::Rule;

/// Places, in the order in which they are kept here.
pub const PLACES: [&str; 3] = [SHEET, SHOPIFY, WOOCOMMERCE];
/// The sheet's place; the same word as in the ledger.
const SHEET: &str = crate::db::SHEET;
/// So many movements are kept for the page.
const MOVEMENTS_KEPT: usize = 200;
/// So many measured times are kept: half a day of gentle shoppers.
const SAMPLES_KEPT: usize = 20_000;

/// A column that people edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Title.
    Title,
    /// Price.
    Price,
    /// Stock.
    Stock,
}

impl Column {
    /// Its header in the lab's sheet.
    pub fn header(self) -> &'static str {
        match self {
            Self::Title => "Title",
            Self::Price => "Price",
            Self::Stock => "Stock",
        }
    }
}

/// One shop as last seen.
#[derive(Default)]
pub struct Shelf {
    /// What is on it.
    pub items: BTreeMap<String, ShelfItem>,
    /// Revision of each item's last change.
    pub changed: BTreeMap<String, u64>,
    sold: BTreeMap<String, i64>,
}

/// Totals since the start.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct Totals {
    /// Sales seen; two of one SKU within a tick are seen as one.
    pub sales: u64,
    /// Units sold.
    pub units: i64,
    /// Units given back.
    pub given_back: i64,
    /// Things typed into the sheet.
    pub edits: u64,
}

/// A stock movement that some place does not show yet.
struct Pending {
    id: u64,
    units: i64,
    since: Instant,
}

/// A price or title that some shop does not show yet.
struct Awaited {
    id: u64,
    sku: String,
    since: Instant,
    column: Column,
    text: String,
}

/// Everything as last seen.
#[derive(Default)]
pub struct Seen {
    /// Grows with every change.
    pub revision: u64,
    /// Rows with the revision of their last change.
    pub rows: Vec<(u64, SheetRow)>,
    /// The shops, in the order of [`PLACES`].
    pub shelves: [Shelf; 2],
    /// Newest last.
    pub movements: VecDeque<Movement>,
    /// Totals.
    pub totals: Totals,
    /// Start + edits − sales, by SKU.
    pub truth: BTreeMap<String, i64>,
    /// How everything stands.
    pub judgement: Judgement,
    version: Option<i64>,
    /// The last number that each SKU's stock cell held: an edit counts from there.
    basis: BTreeMap<String, i64>,
    pending: BTreeMap<String, [VecDeque<Pending>; 3]>,
    awaited: [Vec<Awaited>; 2],
    next_id: u64,
    /// By place.
    stock_waits: [VecDeque<f64>; 3],
    content_waits: VecDeque<f64>,
}

impl Seen {
    /// Nothing yet but the numbers that stock starts from.
    pub fn starting_from(rows: Vec<SheetRow>) -> Self {
        let start = |row: SheetRow| Some((row.key?, units(&row.stock).filter(|stock| *stock >= 0)?));
        Self { truth: rows.into_iter().filter_map(start).collect(), ..Self::default() }
    }

    /// Whether the rows are of this version of the sheet.
    pub fn is_current(&self, version: i64) -> bool {
        self.version == Some(version)
    }

    /// Take in what the lab shows at `now`: the shops' shelves, units sold, and the sheet's rows with their version where
    /// they are new. True when anything changed.
    pub fn look(
        &mut self,
        shelves: [BTreeMap<String, ShelfItem>; 2],
        sold: [BTreeMap<String, i64>; 2],
        rows: Option<(i64, Vec<SheetRow>)>,
        now: Instant,
    ) -> bool {
        let before = self.revision;
        self.revision += 1;
        let mut changed = self.note_shelves(shelves);
        if let Some((version, rows)) = rows {
            self.version = Some(version);
            changed |= self.note_rows(rows);
        }
        changed |= self.note_sales(sold, now);
        changed |= self.settle(now);
        if changed {
            self.judgement = self.judge();
        } else {
            self.revision = before;
        }
        changed
    }

    /// Measured times of stock movements, over all places.
    pub fn stock_waits(&self) -> Waits {
        Waits::of(self.stock_waits.iter().flatten().copied().collect())
    }

    /// Measured times until each place showed stock, and until the shops showed prices and titles.
    pub fn waits(&self) -> Vec<(String, Waits)> {
        let of = |samples: &VecDeque<f64>| Waits::of(samples.iter().copied().collect());
        let stock = PLACES.iter().zip(&self.stock_waits).map(|(place, waits)| (format!("stock at {place}"), of(waits)));
        stock.chain([("price at the shops".to_owned(), of(&self.content_waits))]).collect()
    }

    fn judge(&self) -> Judgement {
        let rows: Vec<SheetRow> = self.rows.iter().map(|(_, row)| row.clone()).collect();
        let [shopify, woocommerce] = &self.shelves;
        tracking::judge(&rows, &self.truth, &[(SHOPIFY, &shopify.items), (WOOCOMMERCE, &woocommerce.items)])
    }

    fn note_rows(&mut self, rows: Vec<SheetRow>) -> bool {
        for row in &rows {
            if let (Some(sku), Some(stock)) = (&row.key, units(&row.stock)) {
                self.basis.insert(sku.clone(), stock);
            }
        }
        let old = std::mem::take(&mut self.rows);
        let mut changed = old.len() != rows.len();
        let mut old = old.into_iter();
        for row in rows {
            let revision = match old.next() {
                Some((revision, same)) if same == row => revision,
                _ => {
                    changed = true;
                    self.revision
                }
            };
            self.rows.push((revision, row));
        }
        changed
    }

    fn note_shelves(&mut self, shelves: [BTreeMap<String, ShelfItem>; 2]) -> bool {
        let mut changed = false;
        for (shelf, items) in self.shelves.iter_mut().zip(shelves) {
            for (sku, item) in &items {
                if shelf.items.get(sku) != Some(item) {
                    shelf.changed.insert(sku.clone(), self.revision);
                    changed = true;
                }
            }
            shelf.items = items;
        }
        changed
    }

    fn note_sales(&mut self, sold: [BTreeMap<String, i64>; 2], now: Instant) -> bool {
        let mut found = Vec::new();
        for (place, (shelf, sold)) in self.shelves.iter_mut().zip(sold).enumerate() {
            // What was given back whole is no longer listed.
            for sku in sold.keys().chain(shelf.sold.keys().filter(|sku| !sold.contains_key(*sku))) {
                let units = sold.get(sku).unwrap_or(&0) - shelf.sold.get(sku).unwrap_or(&0);
                if units != 0 {
                    found.push((place + 1, sku.clone(), -units));
                }
            }
            shelf.sold = sold;
        }
        for (place, sku, units) in &found {
            let what = if *units < 0 { What::Sold } else { What::GivenBack };
            if *units < 0 {
                self.totals.sales += 1;
                self.totals.units -= units;
            } else {
                self.totals.given_back += units;
            }
            self.move_stock(what, *place, sku, *units, String::new(), now);
        }
        !found.is_empty()
    }

    /// A person typed a stock number, or something else (`None`).
    pub fn note_typed_stock(&mut self, sku: &str, before: Option<i64>, after: Option<i64>) {
        let Some(after) = after else { return };
        let base = before.or_else(|| self.basis.get(sku).copied());
        match base {
            Some(base) if self.truth.contains_key(sku) => {
                if after != base {
                    self.move_stock(What::Stock, 0, sku, after - base, after.to_string(), Instant::now());
                }
            }
            _ => {
                self.truth.insert(sku.to_owned(), after);
            }
        }
        self.basis.insert(sku.to_owned(), after);
    }

    /// A person typed a price or title, which the shops are to show.
    pub fn note_typed_text(&mut self, sku: &str, column: Column, typed: &str) {
        self.supersede(sku, column);
        let what = if column == Column::Price { What::Price } else { What::Title };
        let id = self.add(what, 0, sku, 0, typed.to_owned());
        for awaited in &mut self.awaited {
            let (sku, text) = (sku.to_owned(), typed.to_owned());
            awaited.push(Awaited { id, sku, since: Instant::now(), column, text });
        }
    }

    /// What was typed there before will not be seen any more.
    pub fn supersede(&mut self, sku: &str, column: Column) {
        let mut ids = Vec::new();
        for awaited in &mut self.awaited {
            awaited.retain(|awaited| {
                let is_same = awaited.sku == sku && awaited.column == column;
                ids.extend(is_same.then_some(awaited.id));
                !is_same
            });
        }
        ids.into_iter().for_each(|id| self.expect_nowhere(id));
    }

    /// Wait for a movement no longer where it has not arrived.
    pub fn expect_nowhere(&mut self, id: u64) {
        for movement in self.movements.iter_mut().filter(|movement| movement.id == id) {
            movement.arrivals.retain(|arrival| arrival.secs.is_some());
            movement.changed = self.revision;
        }
    }

    fn move_stock(&mut self, what: What, place: usize, sku: &str, units: i64, text: String, since: Instant) {
        let Some(truth) = self.truth.get_mut(sku) else { return };
        *truth += units;
        let id = self.add(what, place, sku, units, text);
        let pending = self.pending.entry(sku.to_owned()).or_default();
        for (_, queue) in pending.iter_mut().enumerate().filter(|(other, _)| *other != place) {
            queue.push_back(Pending { id, units, since });
        }
    }

    /// Note a movement; its id.
    pub fn add(&mut self, what: What, place: usize, sku: &str, units: i64, text: String) -> u64 {
        self.next_id += 1;
        let others = PLACES.iter().enumerate().filter(|(other, _)| *other != place);
        let arrivals = match what {
            What::Sorted => Vec::new(),
            _ => others.map(|(_, place)| Arrival { place, secs: None }).collect(),
        };
        self.movements.push_back(Movement {
            id: self.next_id,
            at: clock::now(),
            what,
            place: PLACES.get(place).copied().unwrap_or(SHEET),
            sku: sku.to_owned(),
            title: self.name(sku),
            units,
            text,
            arrivals,
            changed: self.revision,
        });
        if self.movements.len() > MOVEMENTS_KEPT {
            self.movements.pop_front();
        }
        self.next_id
    }

    fn name(&self, sku: &str) -> String {
        match self.shelves.iter().find_map(|shelf| shelf.items.get(sku)) {
            Some(item) if item.variant.is_empty() => item.title.clone(),
            Some(item) => format!("{}, {}", item.title, item.variant),
            None => sku.to_owned(),
        }
    }

    /// Find out which movements have arrived where.
    fn settle(&mut self, now: Instant) -> bool {
        let mut arrivals = Vec::new();
        let stock_of = |(_, row): &'_ (u64, SheetRow)| Some((row.key.clone()?, units(&row.stock)?));
        let sheet: BTreeMap<String, i64> = match self.pending.is_empty() {
            true => BTreeMap::new(),
            false => self.rows.iter().filter_map(stock_of).collect(),
        };
        for (sku, queues) in &mut self.pending {
            let truth = self.truth.get(sku).copied().unwrap_or_default();
            for (place, queue) in queues.iter_mut().enumerate() {
                let (rule, shown) = match place.checked_sub(1).and_then(|shop| self.shelves.get(shop)) {
                    Some(shelf) => (SHOP_RULE, shelf.items.get(sku).map(|item| item.stock)),
                    None => (Rule::Mirror, sheet.get(sku).copied()),
                };
                let Some(shown) = shown else { continue };
                let units: Vec<i64> = queue.iter().map(|pending| pending.units).collect();
                for pending in queue.drain(..arrived(rule, truth, &units, shown)) {
                    arrivals.push((pending.id, place, (now - pending.since).as_secs_f64(), true));
                }
            }
        }
        self.pending.retain(|_, queues| queues.iter().any(|queue| !queue.is_empty()));
        for (shop, (awaited, shelf)) in self.awaited.iter_mut().zip(&self.shelves).enumerate() {
            awaited.retain(|awaited| {
                let is_there = shelf.items.get(&awaited.sku).is_some_and(|item| match awaited.column {
                    Column::Title => item.title == awaited.text,
                    Column::Price | Column::Stock => Money::from_store(&item.price) == Money::from_store(&awaited.text),
                });
                if is_there {
                    arrivals.push((awaited.id, shop + 1, (now - awaited.since).as_secs_f64(), false));
                }
                !is_there
            });
        }
        for (id, place, secs, is_stock) in &arrivals {
            self.arrive(*id, *place, *secs, *is_stock);
        }
        !arrivals.is_empty()
    }

    fn arrive(&mut self, id: u64, place: usize, secs: f64, is_stock: bool) {
        let by_place = self.stock_waits.get_mut(place).filter(|_| is_stock);
        let samples = by_place.unwrap_or(&mut self.content_waits);
        samples.push_back(secs);
        if samples.len() > SAMPLES_KEPT {
            samples.pop_front();
        }
        let Some(movement) = self.movements.iter_mut().rev().find(|movement| movement.id == id) else { return };
        movement.changed = self.revision;
        let place = PLACES.get(place);
        for arrival in movement.arrivals.iter_mut().filter(|arrival| Some(&arrival.place) == place) {
            arrival.secs = Some(secs);
        }
    }
}
