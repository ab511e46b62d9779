//! Watches the lab from the inside: who bought or typed what, and when every other place shows it.
//!
//! The lab's state is looked at every [`TICK`]; nothing here asks shelfd, so what is measured is what a person would see.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::movement::What;
use super::seen::{Column, Seen};
use super::tracking::{self, units};
use crate::lab::Sale;
use crate::lab::world::{SheetRow, TAB, World};

/// How often the lab is looked at; the error of every measured time.
pub const TICK: Duration = Duration::from_millis(25);
/// Watches one world.
pub struct Watch {
    /// The world.
    pub world: Arc<World>,
    seen: Mutex<Seen>,
    revision: watch::Sender<u64>,
}

impl Watch {
    /// Start with the sheet as it is; its numbers are what the stock starts from.
    pub fn new(world: Arc<World>) -> Self {
        let seen = Seen::starting_from(world.sheet_rows());
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
        let rows = (!seen.is_current(version)).then(|| self.world.sheet_rows());
        if seen.look(shelves, sold, rows.map(|rows| (version, rows)), now) {
            self.revision.send_replace(seen.revision);
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
            // What is no price is never shown anywhere else: the row's status says so.
            Column::Price if tracking::price(&after).is_none() => {
                seen.supersede(sku, column);
                let id = seen.add(What::Price, 0, sku, 0, typed.to_owned());
                seen.expect_nowhere(id);
            }
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
