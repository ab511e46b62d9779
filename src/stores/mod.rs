//! The store endpoints' outward side: one trait, one folder per platform, one visible `match` in `platforms.rs`.
//!
//! A store knows its platform's dialect and nothing of the ledger. It never repeats a write on its own and never guesses:
//! it says for each item what surely happened, and the engine decides.

#[cfg(feature = "daemon")]
pub mod client;
mod error;
#[cfg(feature = "daemon")]
pub mod medusa;
mod patience;
#[cfg(feature = "daemon")]
mod platforms;
#[cfg(feature = "daemon")]
pub mod shopify;
pub mod signature;
#[cfg(feature = "daemon")]
pub mod vendure;
#[cfg(feature = "daemon")]
pub mod woocommerce;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::{Money, OptionValue, Pool, Sku};
use crate::clock::Time;
pub use error::StoreError;
pub use patience::patiently;
#[cfg(feature = "daemon")]
pub use platforms::{ShopFacts, StoreConfig, build};
pub use signature::{Received, Rejected, VerifiedDelivery};

/// How a store takes a stock write, which decides how a lost answer is resolved (DESIGN section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockKind {
    /// Delta with an idempotency key, refused when the store's value is not the expected one (Shopify, Vendure).
    KeyedDelta,
    /// Set, refused unless the stock is still at the revision that was read (Wix). A revision that has moved on does not
    /// say by whose hand, so a lost answer is resolved by the order list. The store remembers which revision it read.
    Revision,
    /// Delta without a key (BigCommerce): nothing is overwritten, but a repeat would count twice; the order list is the
    /// evidence.
    Delta,
    /// Absolute set only; the order list is the evidence (WooCommerce).
    OrderLog,
}

impl StockKind {
    /// A lost answer is resolved by sending the same key again.
    pub fn is_keyed(self) -> bool {
        self == Self::KeyedDelta
    }
}

/// Where a sellable thing lives in a store. Text as the platform gives it; stored in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RemoteId {
    /// Product id.
    pub product: String,
    /// Variant id; `None` for a platform's simple product without variants.
    pub variant: Option<String>,
    /// Id under which stock is kept, where it differs (Shopify's inventory item).
    pub inventory: Option<String>,
}

/// A variant or simple product as the store shows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteListing {
    /// Its SKU there; `None` when blank.
    pub sku: Option<Sku>,
    /// Where it lives.
    pub remote: RemoteId,
    /// The product's handle or slug, where the platform has one.
    pub handle: Option<String>,
    /// The product's title (for a variant: its parent's).
    pub title: Option<String>,
    /// Regular price.
    pub price: Option<Money>,
    /// Units in stock at the configured place; `None` when the store does not count it.
    pub stock: Option<i64>,
}

/// One page of [`Store::list`].
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Sellable things (variants and simple products, not their parents).
    pub listings: Vec<RemoteListing>,
    /// Where to go on; `None` on the last page.
    pub next: Option<String>,
    /// Products of this page whose variants could not be read, by id: nothing is known of what they hold.
    pub unreadable: Vec<(String, StoreError)>,
}

/// What [`Store::observe`] read.
#[derive(Debug, Default)]
pub struct Observed {
    /// What is there, as far as it could be read.
    pub listings: Vec<RemoteListing>,
    /// Products whose variants could not be read, by id: they may be there or gone.
    pub unreadable: Vec<(String, StoreError)>,
}

impl From<Vec<RemoteListing>> for Observed {
    fn from(listings: Vec<RemoteListing>) -> Self {
        Self { listings, unreadable: Vec::new() }
    }
}

/// One variant to create. Stock is created as zero: units arrive by the one way stock is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantDraft {
    /// Identity; becomes the store's SKU.
    pub sku: Sku,
    /// Options, in order; empty for a simple product.
    pub options: Vec<OptionValue>,
    /// Price.
    pub price: Money,
}

/// A product to create with all its variants, or variants to add to a product that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductDraft {
    /// The product's id when variants are added to it.
    pub product: Option<String>,
    /// Handle that groups variants; `None` for a simple product.
    pub handle: Option<String>,
    /// Title.
    pub title: String,
    /// At least one. A simple product has exactly one, without options.
    pub variants: Vec<VariantDraft>,
    /// Variants of the same product that are already there, for platforms that need the full set of option values.
    pub siblings: Vec<VariantDraft>,
}

/// New title, price or SKU of something that exists. `None` leaves the field alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentChange {
    /// Identity.
    pub sku: Sku,
    /// Where it lives.
    pub remote: RemoteId,
    /// New title of the product.
    pub title: Option<String>,
    /// New regular price.
    pub price: Option<Money>,
    /// The shop shows another SKU than `sku`, or none: write it.
    pub rename: bool,
}

/// One stock write, already recorded as an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockWrite {
    /// Identity.
    pub sku: Sku,
    /// Where it lives.
    pub remote: RemoteId,
    /// The value that must still be there: `KeyedDelta` and `Revision` stores are told to refuse otherwise. `Delta` stores
    /// do not look at it.
    pub expected: i64,
    /// Units to add (negative: to take away). `OrderLog` and `Revision` stores set `expected + delta`.
    pub delta: i64,
    /// Idempotency key, one per call: items of one batch share it, and a repeated batch must be identical.
    pub key: String,
}

/// What surely happened to one written item.
#[derive(Debug)]
pub enum Outcome<T> {
    /// Done, and the store said so.
    Done(T),
    /// Refused because an expected value was no longer there, this item's or another's of the same call. Surely not done,
    /// by no try under the same key: observe again.
    Stale,
    /// Refused for good as it is; nothing changed. The error's words go to the merchant.
    Refused(StoreError),
    /// Surely not done (never sent, throttled, not authorised): safe to try again.
    NotDone(StoreError),
    /// May or may not have been done (answer lost, 5xx): must be resolved before the SKU is observed.
    Unknown(StoreError),
}

/// How much one order line took from stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Line id, unique within its order.
    pub line: String,
    /// What was sold: product id, and variation id where there is one.
    pub product: String,
    /// Variation id.
    pub variant: Option<String>,
    /// Units that this line has taken from stock and not given back (WooCommerce `_reduced_stock`).
    pub share: i64,
    /// Units that this line may be taking (or giving back) right now, without its record saying so yet.
    pub in_flight: i64,
    /// Units ordered: at most so many can have been taken and given back before anybody looked.
    pub quantity: i64,
}

/// One order as evidence. No names, no addresses: nothing of the buyer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEvidence {
    /// Order id.
    pub order: String,
    /// When it was created, by the store's clock.
    pub created: Time,
    /// When it was last changed, by the store's clock (whole seconds on WooCommerce).
    pub modified: Time,
    /// Lines of things that are counted in stock.
    pub lines: Vec<OrderLine>,
}

/// Which orders to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderQuery {
    /// All orders that may still take stock: pending, on hold, processing, failed. Read once, at first contact.
    Open,
    /// Orders changed at or after this moment of the store's clock, and these orders by id whatever their age.
    Changed {
        /// Lower bound, inclusive.
        since: Time,
        /// Orders that were in flight when last read.
        also: Vec<String>,
    },
}

/// Answer to an [`OrderQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEvidencePage {
    /// Orders, oldest change first.
    pub orders: Vec<OrderEvidence>,
    /// The store's own clock when it answered (HTTP `Date`), where it said so.
    pub store_time: Option<Time>,
}

/// What a verified delivery mentions; looked up in the ledger to become hints.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mention {
    /// A SKU as the store spells it.
    Sku(String),
    /// A product id (all its variants).
    Product(String),
    /// A variant or variation id.
    Variant(String),
    /// An inventory item id.
    Inventory(String),
    /// Something that cannot be narrowed down: look at everything.
    Everything,
}

/// One webhook subscription as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// The store's id of it.
    pub id: String,
    /// Topic, as the platform spells it.
    pub topic: String,
    /// Where it delivers.
    pub url: String,
    /// False when the platform has disabled it.
    pub active: bool,
}

impl Subscription {
    /// True when it delivers there. WordPress may add or drop a slash at the end.
    pub fn delivers_to(&self, url: &str) -> bool {
        self.url.trim_end_matches('/') == url.trim_end_matches('/')
    }
}

/// What [`Store::check`] found, for `shelfd check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// What was looked at.
    pub what: String,
    /// True when it is as it should be.
    pub ok: bool,
    /// The finding, with a hint when it is not.
    pub words: String,
}

/// A store endpoint's outward side.
#[async_trait]
pub trait Store: Send + Sync {
    /// The shop's name in the configuration.
    fn shop(&self) -> &str;

    /// The pool it sells from.
    fn pool(&self) -> &Pool;

    /// How it takes stock writes.
    fn stock_kind(&self) -> StockKind;

    /// Look whether the address, the credentials, the rights and the stock place are right. Writes nothing.
    async fn check(&self) -> Vec<CheckLine>;

    /// List everything sellable, page by page. `after` is the last page's `next`.
    async fn list(&self, after: Option<&str>) -> Result<Page, StoreError>;

    /// Read the given listings, many per call. What is gone in the store is left out of the answer.
    async fn observe(&self, which: &[(Sku, RemoteId)]) -> Result<Observed, StoreError>;

    /// Read orders as evidence. Not called for [`StockKind::KeyedDelta`].
    async fn orders(&self, query: &OrderQuery) -> Result<OrderEvidencePage, StoreError>;

    /// Create products or add variants; one outcome per variant, in the order of `drafts` and their `variants`.
    async fn create(&self, drafts: &[ProductDraft]) -> Vec<(Sku, Outcome<RemoteId>)>;

    /// Change titles, prices and SKUs; one outcome per change, in order.
    async fn write_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>>;

    /// How many stock writes may share one idempotency key, that is, one call.
    fn stock_batch_max(&self) -> usize;

    /// Write stock; one outcome per write, in order. `Done` carries the value afterwards where the store tells it.
    /// All writes given share one key and go in one call where [`StockKind::KeyedDelta`]. No call goes out after `until`,
    /// however long it had to queue: its writes are [`Outcome::NotDone`].
    async fn write_stock(&self, writes: &[StockWrite], until: Time) -> Vec<Outcome<Option<i64>>>;

    /// Verify the raw bytes of a webhook in constant time and take from it what it mentions. Header names are lower case.
    fn receive(&self, headers: &[(String, String)], body: &[u8]) -> Result<Received, Rejected>;

    /// Subscriptions there are, ours and others'.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError>;

    /// Make sure that every topic shelfd needs delivers to `url`: creates what is missing, re-activates what is
    /// disabled. Returns what is there afterwards.
    async fn subscribe(&self, url: &str) -> Result<Vec<Subscription>, StoreError>;

    /// Remove one subscription.
    async fn unsubscribe(&self, id: &str) -> Result<(), StoreError>;
}
