//! The ledger: rows, listings, pools, movements, intents, inbox, hints, dead letters, runs, audit.
//!
//! Methods of [`Ledger`] are whole transactions; none is open while a call to the outside is in flight. Two ledgers
//! keep this contract (`contract/` holds them to it): [`SqliteLedger`] on disk, [`MemoryLedger`] for simulations. What
//! both must decide alike (how hints merge, what a step writes) stands in this folder, pure; they only load and store.

mod content;
#[cfg(test)]
mod contract;
mod hints;
mod identity;
mod inbox;
mod letters;
mod memory;
mod orders;
mod report;
#[cfg(feature = "daemon")]
mod sqlite;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::TimeZone as _;

use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::plan::Change;
use crate::stock::{Book, Rule};
pub use content::{AcceptedRows, ListingRecord, RowRecord, Seen, StatusFacts};
pub use hints::{Hint, HintDone, Want};
pub use identity::{PoolColumns, Recognised, identity_of_columns, identity_of_shop, unchanged_tabs};
pub use inbox::Delivery;
pub use letters::DeadLetter;
pub use memory::{Gate, MemoryLedger, Pass};
pub use orders::{OrderCursor, OrderLook, SeenLine};
pub use report::{AuditLine, EndpointStatus, MovementLine, RunRecord};
#[cfg(feature = "daemon")]
pub use sqlite::SqliteLedger;
pub use stock::{OpenIntent, Peers, Standing, StockChange, StockFold, StockNote, StockRequest};

/// The sheet's endpoint name. Shops have their own names; this one is reserved.
pub const SHEET: &str = "sheet";

/// What can go wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite said no.
    #[cfg(feature = "daemon")]
    #[error("ledger: {0}")]
    Sql(#[from] sqlx::Error),
    #[cfg(feature = "daemon")]
    /// The schema could not be brought up to date.
    #[error("ledger: cannot bring the schema up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Too old a SQLite was linked.
    #[error("ledger: SQLite {found} is too old; 3.51.3 or newer is needed (its write-ahead log is safe from there on)")]
    Version {
        /// What was found.
        found: String,
    },
    /// A stored value does not read back.
    #[error("ledger: {what} does not read back: {why}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// A gate made a transaction or a reading fail (see [`Gate`]).
    #[error("ledger: unavailable: {0}")]
    Unavailable(&'static str),
    /// Another program took the lease of this ledger; nothing is written under the old term any more.
    #[error("ledger: another shelfd has taken it over (term {now}, ours is {ours}); this one must stop")]
    Fenced {
        /// The term of this handle.
        ours: i64,
        /// The term that holds.
        now: i64,
    },
}

/// Why an audit line says that a SKU has another name.
const RENAMED: &str = "renamed in the sheet";

/// The fact that holds the current term.
const TERM: &str = "lease.term";

/// The lease of a ledger as one handle holds it. A program that only looks, or people's commands, hold none.
///
/// # Errors
/// [`DbError::Fenced`] where a later term holds: every transaction asks before it changes anything.
fn hold_term(ours: Option<i64>, now: Option<&str>) -> Result<()> {
    let now = now.and_then(|now| now.parse().ok()).unwrap_or(0);
    match ours {
        Some(ours) if ours != now && !crate::planted!(NotFenced) => Err(DbError::Fenced { ours, now }),
        _ => Ok(()),
    }
}

/// The term after this one.
fn next_term(now: Option<&str>) -> i64 {
    now.and_then(|now| now.parse::<i64>().ok()).unwrap_or(0) + 1
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, DbError>;

/// The ledger. Every method is one whole transaction: all of it is durable when it returns, or none of it.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// A remembered fact by name.
    async fn fact(&self, name: &str) -> Result<Option<String>>;

    /// Remember a fact.
    async fn set_fact(&self, name: &str, value: &str) -> Result<()>;

    /// Say what a shop's numbers speak of. Where it is another thing than before, all that was known of the shop is
    /// forgotten but what it did to pools, its open writes are settled as not done, and it is to be looked at in full.
    async fn recognise_shop(&self, shop: &str, identity: &str, now: Time) -> Result<Recognised>;

    /// Say which columns of the sheet are a pool's. Where they are others than before, the numbers of all rows are forgotten
    /// but of those that are in a tab whose column is the same; the pool stays. Their next reading is adopted as it is, and
    /// the pool is written there.
    async fn recognise_columns(&self, pool: &Pool, columns: &PoolColumns, now: Time) -> Result<Recognised>;

    /// All rows, by SKU.
    async fn rows(&self) -> Result<BTreeMap<Sku, RowRecord>>;

    /// Some rows, by SKU.
    async fn rows_of(&self, skus: &[Sku]) -> Result<BTreeMap<Sku, RowRecord>>;

    /// Bring in what a read of the sheet found. Shops are hinted at changed rows; stock cells are folded.
    async fn accept_rows(
        &self,
        accepted: AcceptedRows,
        shops: &[String],
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>>;

    /// People gave a SKU another name in the sheet: everything known of it goes with it, open writes too, and shops are
    /// hinted. False, and nothing is done, where the old name is not known or the new one is.
    async fn rename(&self, from: &Sku, to: &Sku, shops: &[String], now: Time) -> Result<bool>;

    /// Former names, and what they are called now.
    async fn former_skus(&self) -> Result<BTreeMap<Sku, Sku>>;

    /// Listings of some SKUs at a store.
    async fn listings_of(&self, endpoint: &str, skus: &[Sku]) -> Result<BTreeMap<Sku, ListingRecord>>;

    /// All listings at a store.
    async fn listings(&self, endpoint: &str) -> Result<BTreeMap<Sku, ListingRecord>>;

    /// A store's listings of one product handle.
    async fn product_of_handle(&self, endpoint: &str, handle: &str) -> Result<Vec<ListingRecord>>;

    /// Remember what a store showed. Dead letters are void that say what is wrong with a listing which is there now.
    async fn see_listings(&self, endpoint: &str, seen: &[Seen], now: Time) -> Result<()>;

    /// Forget a listing that is gone in the store.
    async fn forget_listing(&self, endpoint: &str, sku: &Sku, now: Time) -> Result<()>;

    /// A store agreed with rows: what it confirmed becomes the base. The changes are written to the audit.
    async fn agree(&self, endpoint: &str, agreed: &[(&RowRecord, Vec<Change>)], now: Time) -> Result<()>;

    /// What the status columns of rows hang on: `shops` are those of the configuration.
    async fn status_facts(&self, skus: &[Sku], shops: &[String]) -> Result<BTreeMap<Sku, StatusFacts>>;

    /// Hint at SKUs of one endpoint (`*`: everything), all in one transaction.
    async fn hint(&self, endpoint: &str, hints: &[(String, Want, Time)]) -> Result<()>;

    /// Hint at everything an endpoint holds.
    async fn hint_everything(&self, endpoint: &str, due: Time) -> Result<()> {
        self.hint(endpoint, &[("*".to_owned(), Want::LOOK, due)]).await
    }

    /// Hints that are due, oldest first. They stay until finished.
    async fn due_hints(&self, endpoint: &str, now: Time, limit: u32) -> Result<Vec<Hint>>;

    /// When the next hint of an endpoint is due; `None` when there is none.
    async fn next_due(&self, endpoint: &str) -> Result<Option<Time>>;

    /// Is there stock of an endpoint to be planned?
    async fn stock_is_due(&self, endpoint: &str, now: Time) -> Result<bool>;

    /// Leave hints after a pass. One that was given again meanwhile stays.
    async fn finish_hints(&self, endpoint: &str, done: &[(Hint, HintDone)], now: Time) -> Result<()>;

    /// Store a verified webhook. False when it was there already.
    async fn accept_delivery(&self, shop: &str, topic: &str, dedupe: &str, mentions: &str, now: Time) -> Result<bool>;

    /// Deliveries that have not become hints yet, oldest first.
    async fn open_deliveries(&self, limit: u32) -> Result<Vec<Delivery>>;

    /// Turn one delivery into hints and mark it handled, in one transaction. `skus` may hold `*`.
    async fn handle_delivery(&self, delivery: &Delivery, skus: &[String], now: Time) -> Result<()>;

    /// Forget handled deliveries older than `before`. Platforms do not repeat a delivery after that.
    async fn prune_inbox(&self, before: Time) -> Result<u64>;

    /// SKUs of a product (all its variants).
    async fn skus_of_product(&self, endpoint: &str, id: &str) -> Result<Vec<String>>;

    /// SKUs of a variant.
    async fn skus_of_variant(&self, endpoint: &str, id: &str) -> Result<Vec<String>>;

    /// SKUs of an inventory item.
    async fn skus_of_inventory(&self, endpoint: &str, id: &str) -> Result<Vec<String>>;

    /// Give up on an item. A letter for the same item is replaced. (`id` of the argument is not used.)
    async fn bury(&self, letter: &DeadLetter) -> Result<()>;

    /// All dead letters, oldest first.
    async fn dead_letters(&self) -> Result<Vec<DeadLetter>>;

    /// One dead letter.
    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>>;

    /// Drop a dead letter, trying its item again when asked to; the sheet is hinted, because the row still shows its words.
    /// False when there is none of this id.
    async fn close_letter(&self, id: i64, replay: bool, now: Time) -> Result<bool>;

    /// Where a store's order evidence stands; `None` before its baseline was taken.
    async fn order_cursor(&self, endpoint: &str) -> Result<Option<OrderCursor>>;

    /// Take the baseline: shares of the orders that are open now move nothing, later changes of them do.
    async fn take_baseline(&self, endpoint: &str, open: &[SeenLine], baseline: Time) -> Result<()>;

    /// Step books of one endpoint, all in one transaction.
    async fn stock(
        &self,
        endpoint: &str,
        requests: Vec<StockRequest>,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>>;

    /// Fold what a store pass read: orders first, then values, in one transaction.
    async fn fold_store(
        &self,
        endpoint: &str,
        pool: &Pool,
        fold: StockFold,
        peers: Peers<'_>,
        now: Time,
    ) -> Result<Vec<StockChange>>;

    /// Writes that are recorded and not settled, batch by batch (items of one key together).
    async fn open_intents(&self, endpoint: &str) -> Result<Vec<OpenIntent>>;

    /// Note that open writes may or may not have been done; where the answer was lost just now, they may arrive for a while
    /// from `lost` on.
    async fn mark_unknown(&self, endpoint: &str, pool: &Pool, skus: &[Sku], lost: Option<Time>) -> Result<()>;

    /// SKUs whose target at an endpoint is not what is accounted there, or whose write is open.
    async fn stock_due(&self, endpoint: &str, pool: &Pool, rule: Rule) -> Result<BTreeSet<Sku>>;

    /// How an endpoint's sides stand, by SKU and pool.
    async fn standings(&self, endpoint: &str) -> Result<BTreeMap<(Sku, Pool), Standing>>;

    /// Units in a pool, and what is accounted at an endpoint.
    async fn book(&self, sku: &Sku, pool: &Pool) -> Result<Book>;

    /// Write down a run.
    async fn record_run(&self, run: &RunRecord) -> Result<()>;

    /// Forget runs older than `before`.
    async fn prune_runs(&self, before: Time) -> Result<u64>;

    /// Movements after an id, oldest first.
    async fn movements(&self, after: i64, limit: u32) -> Result<Vec<MovementLine>>;

    /// Audit lines of a SKU (or of all), newest first.
    async fn audit_lines(&self, sku: Option<&str>, limit: u32) -> Result<Vec<AuditLine>>;

    /// How an endpoint stands.
    async fn endpoint_status(&self, endpoint: &str) -> Result<EndpointStatus>;

    /// Put everything away; the ledger is not to be used afterwards.
    async fn close(&self);
}

fn millis(time: Time) -> i64 {
    time.timestamp_millis()
}

fn time(millis: i64) -> Time {
    chrono::Utc.timestamp_millis_opt(millis).single().unwrap_or(Time::UNIX_EPOCH)
}

/// A time as the ledger keeps it: whole milliseconds.
fn whole(at: Time) -> Time {
    time(millis(at))
}
