//! Sheet rows as accepted, listings as confirmed. What a sight and an agreement make of a listing.

use super::SHEET;
use super::stock::StockRequest;
use crate::catalog::{Money, Row, Sku};
use crate::clock::Time;
use crate::plan::{Change, Known};

/// A sheet row as last accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRecord {
    /// The row.
    pub row: Row,
    /// Its content hash.
    pub hash: String,
    /// Full reads in a row that did not hold it; `0`: it is there.
    pub missing: i64,
}

/// What one read of the sheet brings in, in one transaction.
#[derive(Debug, Clone, Default)]
pub struct AcceptedRows {
    /// Rows that are new or changed in content.
    pub changed: Vec<Row>,
    /// Rows that only moved.
    pub moved: Vec<(Sku, String, u32)>,
    /// Rows that a complete read did not hold.
    pub missing: Vec<Sku>,
    /// Readings of stock cells.
    pub stock: Vec<StockRequest>,
}

/// A listing in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRecord {
    /// SKU.
    pub sku: Sku,
    /// Product id.
    pub product: String,
    /// Variant id.
    pub variant: Option<String>,
    /// Inventory id.
    pub inventory: Option<String>,
    /// Handle.
    pub handle: Option<String>,
    /// Titles and prices, seen and agreed.
    pub known: Known,
    /// Hash of the row last agreed with.
    pub row_hash: Option<String>,
}

/// What a store showed of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// SKU.
    pub sku: Sku,
    /// Product id.
    pub product: String,
    /// Variant id.
    pub variant: Option<String>,
    /// Inventory id.
    pub inventory: Option<String>,
    /// Handle, where told.
    pub handle: Option<String>,
    /// Title, where told.
    pub title: Option<String>,
    /// Price, where told.
    pub price: Option<Money>,
    /// The SKU that it shows, where told; empty when it shows none.
    pub shown: Option<String>,
}

/// What the status columns of a row hang on, beside the row itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusFacts {
    /// Shops that the row is not confirmed at, or that have hints waiting for it.
    pub waiting: Vec<String>,
    /// Dead letters: endpoint and reason.
    pub refused: Vec<(String, String)>,
    /// Last time a shop confirmed something of it, or its stock moved.
    pub synced: Option<Time>,
}

impl ListingRecord {
    /// A listing at first sight.
    pub(super) fn new(seen: &Seen) -> Self {
        Self {
            sku: seen.sku.clone(),
            product: seen.product.clone(),
            variant: seen.variant.clone(),
            inventory: seen.inventory.clone(),
            handle: seen.handle.clone(),
            known: Known {
                seen_title: seen.title.clone(),
                seen_price: seen.price,
                seen_sku: seen.shown.clone(),
                ..Known::default()
            },
            row_hash: None,
        }
    }

    /// Seen again. Ids are as shown now; what was not told this time stays. The first title shown after one was written
    /// is how the store spells it.
    pub(super) fn see(&mut self, seen: &Seen) {
        self.product.clone_from(&seen.product);
        self.variant.clone_from(&seen.variant);
        self.inventory.clone_from(&seen.inventory);
        set(&mut self.handle, seen.handle.as_ref());
        set(&mut self.known.seen_title, seen.title.as_ref());
        set(&mut self.known.seen_price, seen.price.as_ref());
        set(&mut self.known.seen_sku, seen.shown.as_ref());
        if self.known.base_title.is_none() {
            self.known.echo_title = None;
        } else if self.known.echo_title.is_none() {
            self.known.echo_title.clone_from(&seen.title);
        }
    }

    /// The store agreed with a row: what the row says becomes the base. A title that was written has not been seen as
    /// the store spells it yet.
    pub(super) fn agree(&mut self, record: &RowRecord, changes: &[Change]) {
        let row = &record.row;
        if changes.iter().any(|change| change.field == "title" || change.field == "listing") {
            set(&mut self.known.seen_title, row.title.as_ref());
            self.known.echo_title = None;
        }
        set(&mut self.known.base_title, row.title.as_ref());
        set(&mut self.known.base_price, row.price.as_ref());
        set(&mut self.known.seen_price, row.price.as_ref());
        self.known.seen_sku = Some(row.sku.to_string());
        self.row_hash = Some(record.hash.clone());
    }
}

/// Overwrite where there is something to overwrite with.
fn set<T: Clone>(held: &mut Option<T>, new: Option<&T>) {
    if let Some(new) = new {
        *held = Some(new.clone());
    }
}

impl StatusFacts {
    /// Does a dead letter of this endpoint belong into the row? One of a shop that was taken out of the configuration
    /// would stand there for ever.
    pub(super) fn is_told(endpoint: &str, shops: &[String]) -> bool {
        endpoint == SHEET || shops.iter().any(|shop| shop == endpoint)
    }

    /// Which shops the row waits for: those that neither agree with it as it is nor have refused it.
    pub(super) fn wait_for(&mut self, shops: &[String], agrees: impl Fn(&str) -> bool) {
        let refused = |shop: &str| self.refused.iter().any(|(refusing, _)| refusing == shop);
        self.waiting = shops.iter().filter(|shop| !agrees(shop) && !refused(shop)).cloned().collect();
    }
}
