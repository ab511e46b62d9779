//! The endpoint loop (observe, fold, plan, write, confirm): the only place where the pure core and the adapters meet.
//!
//! The sheet and every shop are endpoints. None knows another: each pass brings one of them and the ledger into
//! agreement, for the SKUs that hints name. Schedules, webhooks and people only leave hints.

mod counters;
#[cfg(feature = "daemon")]
mod daemon;
mod identity;
mod inbox;
mod listing;
mod lost;
mod preview;
mod renames;
#[cfg(feature = "daemon")]
mod schedule;
mod settle;
mod sheet_flush;
mod sheet_outcomes;
mod sheet_read;
mod shop_content;
mod shop_look;
mod shop_orders;
mod shop_pass;
mod shop_stock;
mod shown;
mod status_pace;
#[cfg(feature = "daemon")]
mod subscriptions;
mod sync;
#[cfg(test)]
mod tests;
mod wake;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;

use crate::catalog::{Pool, Row, Sku, TabMapping};
use crate::db::{DbError, Ledger, SHEET, Want};
use crate::plan::Stop;
use crate::planted;
use crate::retry::Policy;
use crate::sheet::{SheetError, Workbook};
use crate::stock::{Meaning, Rule};
use crate::stores::{Store, StoreError};
#[cfg(feature = "daemon")]
pub use daemon::Daemon;
pub use identity::Identities;
use lost::LostLately;
pub use preview::{Preview, PreviewProblem};
#[cfg(feature = "daemon")]
pub use schedule::{CronPlan, due_between};
use settle::Settler;
pub use sheet_read::ReadManner;
use status_pace::StatusPace;
#[cfg(feature = "daemon")]
pub use subscriptions::Upkeep;
pub use sync::SyncReport;
pub use wake::Wakes;

/// What stopped a pass. The endpoint rests and tries again; nothing is lost, because hints stay until a pass has finished.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// The ledger failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The shop failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Google failed.
    #[error("sheet: {0}")]
    Sheet(#[from] SheetError),
    /// A guard stopped it.
    #[error("stopped: {0}")]
    Stop(#[from] Stop),
}

/// One shop as an endpoint.
#[derive(Clone)]
pub struct Shop {
    /// The store's outward side.
    pub store: Arc<dyn Store>,
    /// Units kept back from sale.
    pub buffer: i64,
}

impl Shop {
    /// Its endpoint name.
    pub fn name(&self) -> &str {
        self.store.shop()
    }

    fn rule(&self) -> Rule {
        Rule::Sellable { buffer: self.buffer }
    }
}

/// Waiting times.
#[derive(Debug, Clone)]
pub struct Timing {
    /// A sheet row must have looked the same for so long before it counts.
    pub settle: Duration,
    /// How often the change probe asks Drive.
    pub poll: Duration,
    /// A read of the sheet may be older than our own write by so much (answers 40 s old have been seen).
    pub sheet_stale_for: Duration,
    /// The same for shops.
    pub shop_stale_for: Duration,
    /// A shop write whose answer was lost may still be applied for so long (PHP hosts end a request after 30 s).
    pub late_for: Duration,
    /// After an absolute write the order list is looked at again so much later.
    pub verify_after: Duration,
    /// How often a shop is asked whether it still delivers its webhooks.
    pub subscriptions: Duration,
    /// Backoff.
    pub retry: Policy,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(2),
            poll: Duration::from_secs(5),
            sheet_stale_for: Duration::from_secs(45),
            shop_stale_for: Duration::from_secs(10),
            late_for: Duration::from_secs(35),
            verify_after: Duration::from_millis(1500),
            subscriptions: Duration::from_secs(600),
            retry: Policy::default(),
        }
    }
}

/// What the engine needs to know of the sheet.
#[derive(Debug, Clone)]
pub struct SheetPlan {
    /// Tabs.
    pub tabs: Vec<TabMapping>,
    /// Rows per block when reading.
    pub block_rows: u32,
    /// Decimals of a price.
    pub decimals: u32,
    /// Time zone of the last-sync column.
    pub zone: Tz,
}

impl SheetPlan {
    /// All pools that a tab maps.
    pub fn pools(&self) -> Vec<Pool> {
        let mut pools: Vec<Pool> =
            self.tabs.iter().flat_map(|tab| tab.stock.iter().map(|(pool, _)| pool.clone())).collect();
        pools.sort();
        pools.dedup();
        pools
    }

    /// What a number means that people type into the stock column of a pool.
    fn meaning(&self, row: &Row, pool: &Pool) -> Meaning {
        let mapping = self.tab(&row.tab);
        if let Some(sold) = row.sold.get(pool) {
            Meaning::Received { sold: *sold }
        } else if mapping.is_some_and(|mapping| mapping.counted.contains(pool)) {
            Meaning::Count
        } else {
            Meaning::Edit
        }
    }

    /// The mapping of a tab.
    pub fn tab(&self, name: &str) -> Option<&TabMapping> {
        self.tabs.iter().find(|tab| tab.tab == name)
    }
}

/// A recorded write is sent at once. Who was held up for longer (a machine that slept) may find that it was judged undone.
pub(crate) const SEND_WITHIN: Duration = Duration::from_secs(10);

/// Everything the passes share.
pub struct Engine {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The spreadsheet.
    pub book: Arc<dyn Workbook>,
    /// What is where in it.
    pub sheet: SheetPlan,
    /// The shops.
    pub shops: Vec<Shop>,
    /// Waiting times.
    pub timing: Timing,
    /// Wakes endpoint tasks.
    pub wakes: Wakes,
    /// Figures for `/metrics`.
    pub meters: crate::telemetry::Meters,
    identities: Identities,
    shown: Mutex<shown::Shown>,
    settler: Mutex<Settler>,
    lost_lately: Mutex<LostLately>,
    halt: Mutex<Option<String>>,
    status_pace: Mutex<StatusPace>,
    /// Held by passes over shops; a SKU gets another name only while nobody holds it.
    passes: tokio::sync::RwLock<()>,
    /// By shop: what its last full look found out about SKUs of the sheet without a listing.
    looked: Mutex<BTreeMap<String, shop_look::Looked>>,
    /// By shop and SKU: looks in a row that left doubt.
    in_doubt: Mutex<BTreeMap<(String, Sku), shop_look::DoubtfulLooks>>,
}

impl Engine {
    /// Put an engine together.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        book: Arc<dyn Workbook>,
        sheet: SheetPlan,
        shops: Vec<Shop>,
        timing: Timing,
        meters: crate::telemetry::Meters,
    ) -> Self {
        let names = shops.iter().map(|shop| shop.name().to_owned()).chain([SHEET.to_owned()]);
        let wakes = Wakes::new(names);
        let settler = Mutex::new(Settler::new(timing.settle));
        let (shown, halt, status_pace) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (passes, looked, identities) = Default::default();
        Self {
            ledger,
            book,
            sheet,
            shops,
            timing,
            wakes,
            meters,
            identities,
            shown,
            settler,
            lost_lately: Mutex::default(),
            halt,
            status_pace,
            passes,
            looked,
            in_doubt: Mutex::default(),
        }
    }

    /// Why everything is stopped, if it is.
    pub fn halted(&self) -> Option<String> {
        lock(&self.halt).clone()
    }

    /// Everything is to be looked at: shops in full, the sheet whatever its version says, and what should stand in it.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn sweep(&self) -> Result<(), PassError> {
        self.distrust_sheet();
        let now = crate::clock::now();
        for shop in &self.shops {
            self.ledger.hint_everything(shop.name(), now).await?;
        }
        for pool in self.sheet.pools() {
            let due = self.ledger.stock_due(SHEET, &pool, Rule::Mirror).await?;
            let hints: Vec<_> = due.iter().map(|sku| (sku.to_string(), Want::STOCK, now)).collect();
            self.ledger.hint(SHEET, &hints).await?;
        }
        self.wakes.wake_all();
        Ok(())
    }

    /// When the next row that a person typed in counts as settled.
    pub fn next_settle(&self) -> Option<crate::clock::Time> {
        lock(&self.settler).next_due()
    }

    fn shop_names(&self) -> Vec<String> {
        self.shops.iter().map(|shop| shop.name().to_owned()).collect()
    }

    /// Endpoints that hang on a pool: the sheet and every shop that sells from it.
    fn peers(&self, pool: &Pool) -> Vec<String> {
        let shops = self.shops.iter().filter(|shop| shop.store.pool() == pool).map(|shop| shop.name().to_owned());
        if planted!(NobodyHinted) {
            return Vec::new();
        }
        shops.chain([SHEET.to_owned()]).collect()
    }

    /// Wake the endpoints that changes concern.
    fn wake_for(&self, changes: &[crate::db::StockChange]) {
        use crate::stock::Effect;
        let pools: std::collections::BTreeSet<&Pool> = changes
            .iter()
            .filter(|change| change.effects.iter().any(|effect| matches!(effect, Effect::Moved { .. })))
            .map(|change| &change.pool)
            .collect();
        for peer in pools.into_iter().flat_map(|pool| self.peers(pool)) {
            self.wakes.wake(&peer);
        }
    }
}

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// SKUs looked at.
    pub looked_at: u64,
    /// Movements found.
    pub moved: u64,
    /// Items written.
    pub written: u64,
    /// Items refused.
    pub refused: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.looked_at += other.looked_at;
        self.moved += other.moved;
        self.written += other.written;
        self.refused += other.refused;
    }

    fn is_idle(self) -> bool {
        self == Self::default()
    }
}

fn movements(changes: &[crate::db::StockChange]) -> u64 {
    use crate::stock::Effect;
    let moved = |effect: &&Effect| matches!(effect, Effect::Moved { .. });
    changes.iter().map(|change| change.effects.iter().filter(moved).count() as u64).sum()
}

/// A poisoned lock means a panic elsewhere; the data under these locks is a cache and stays usable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type BySku<T> = BTreeMap<crate::catalog::Sku, T>;
