//! Watches the lab from the inside: who bought or typed what, and when every other place shows it.
//!
//! The lab's state is looked at every [`TICK`]; nothing here asks shelfd, so what is measured is what a person would see.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::movement::{Arrival, Movement, What};
use super::tracking::{self, Judgement, SHOP_RULE, Waits, arrived, units};
use crate::catalog::Money;
use crate::clock;
use crate::lab::world::{SHOPIFY, SheetRow, TAB, WOOCOMMERCE, World};
use crate::lab::{Sale, ShelfItem};
use crate::stock::Rule;

/// How often the lab is looked at; the error of every measured time.
pub const TICK: Duration = Duration::from_millis(25);
/// Places, in the order in which they are kept here.
pub const PLACES: [&str; 3] = [SHEET, SHOPIFY, WOOCOMMERCE];
const SHEET: &str = "sheet";
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
    fn header(self) -> &'static str {
        match self {
            Self::Title => "Title",
            Self::Price => "Price",
            Self::Stock => "Stock",
        }
    }
}

/// Watches one world.
pub struct Watch {
    /// The world.
    pub world: Arc<World>,
    seen: Mutex<Seen>,
    revision: watch::Sender<u64>,
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
    stock_waits: VecDeque<f64>,
    content_waits: VecDeque<f64>,
}

impl Watch {
    /// Start with the sheet as it is; its numbers are what the stock starts from.
    pub fn new(world: Arc<World>) -> Self {
        let mut seen = Seen::default();
        for row in world.sheet_rows() {
            if let (Some(sku), Some(stock)) = (row.key, units(&row.stock).filter(|stock| *stock >= 0)) {
                seen.truth.insert(sku, stock);
            }
        }
        let watch = Self { world, seen: Mutex::new(seen), revision: watch::Sender::new(0) };
        watch.look();
        watch
    }

    /// Everything as last seen.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        // A panic while looking leaves something that the next look puts right.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of every new revision.
    pub fn on_change(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Look for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let started = Instant::now();
            self.look();
            // A large world takes longer to look at; the lab itself must have most of the time.
            tokio::time::sleep(TICK.max(started.elapsed() * 4)).await;
        }
    }

    /// Look once.
    pub fn look(&self) {
        let mut seen = self.seen();
        let now = Instant::now();
        let shops = self.world.shops();
        let sold = shops.each_ref().map(|(_, shop)| shop.sold());
        let shelves = shops.each_ref().map(|(_, shop)| shop.shelf());
        let version = self.world.google().version();
        let rows = (seen.version != Some(version)).then(|| self.world.sheet_rows());
        seen.version = Some(version);
        let before = seen.revision;
        seen.revision += 1;
        let mut changed = seen.note_shelves(shelves);
        changed |= rows.is_some_and(|rows| seen.note_rows(rows));
        changed |= seen.note_sales(sold, now);
        changed |= seen.settle(now);
        if changed {
            seen.judgement = seen.judge();
            self.revision.send_replace(seen.revision);
        } else {
            seen.revision = before;
        }
    }

    /// A shopper buys.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn buy(&self, shop: &str, sku: &str, quantity: i64) -> Result<Sale, String> {
        let shops = self.world.shops();
        let (_, shop) = shops.iter().find(|(name, _)| *name == shop).ok_or("no such shop")?;
        let sale = shop.sell(sku, quantity).map_err(|refusal| refusal.to_string())?;
        self.look();
        Ok(sale)
    }

    /// A person types into the sheet. The row is found by its key; `row` says which where several have it.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn edit(&self, row: u32, key: Option<&str>, column: Column, typed: &str) -> Result<(), String> {
        self.look();
        // Held, so that nothing typed is looked at before it is noted.
        let mut seen = self.seen();
        let rows = self.world.sheet_rows();
        let same: Vec<&SheetRow> = rows.iter().filter(|row| row.key.as_deref() == key).collect();
        let found = match same.as_slice() {
            [only] => only,
            several => several.iter().find(|same| same.row == row).ok_or("the row has moved")?,
        };
        let edited = self.world.google().edit(TAB, found.row, column.header(), typed);
        let (before, after) = edited.map_err(|refusal| refusal.to_string())?;
        seen.totals.edits += 1;
        seen.revision += 1;
        let Some(sku) = key.filter(|_| same.len() == 1) else { return Ok(()) };
        match column {
            Column::Stock => seen.note_typed_stock(sku, units(&before), units(&after).filter(|stock| *stock >= 0)),
            Column::Price | Column::Title if before == after => {}
            Column::Price | Column::Title => seen.note_typed_text(sku, column, typed.trim()),
        }
        Ok(())
    }

    /// A person sorts the sheet.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn sort(&self, header: &str, ascending: bool) -> Result<(), String> {
        self.world.google().sort(TAB, header, ascending).map_err(|refusal| refusal.to_string())?;
        {
            let mut seen = self.seen();
            seen.revision += 1;
            seen.add(What::Sorted, 0, "", 0, header.to_owned());
        }
        self.look();
        Ok(())
    }
}

impl Seen {
    /// Measured times of stock, and of prices and titles.
    pub fn waits(&self) -> (Waits, Waits) {
        let of = |samples: &VecDeque<f64>| Waits::of(samples.iter().copied().collect());
        (of(&self.stock_waits), of(&self.content_waits))
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

    fn note_typed_stock(&mut self, sku: &str, before: Option<i64>, after: Option<i64>) {
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

    fn note_typed_text(&mut self, sku: &str, column: Column, typed: &str) {
        let what = if column == Column::Price { What::Price } else { What::Title };
        let id = self.add(what, 0, sku, 0, typed.to_owned());
        for awaited in &mut self.awaited {
            // An earlier text will never be seen.
            awaited.retain(|awaited| awaited.sku != sku || awaited.column != column);
            let (sku, text) = (sku.to_owned(), typed.to_owned());
            awaited.push(Awaited { id, sku, since: Instant::now(), column, text });
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

    fn add(&mut self, what: What, place: usize, sku: &str, units: i64, text: String) -> u64 {
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
        let samples = if is_stock { &mut self.stock_waits } else { &mut self.content_waits };
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
