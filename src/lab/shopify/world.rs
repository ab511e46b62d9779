//! What the shop holds: products, stock, orders, subscriptions. No HTTP, no GraphQL.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use super::event::Event;
use super::idempotency::Attempts;
use super::user_error::UserError;
use crate::clock::Time;

/// The one currency of this shop.
pub const CURRENCY: &str = "USD";

/// States a quantity can be in, other than `on_hand`, which is the sum of those that lie in the building.
pub const STATES: [&str; 7] =
    ["available", "committed", "damaged", "incoming", "quality_control", "reserved", "safety_stock"];

/// The option of a product without options, and its only value.
pub const DEFAULT_OPTION: (&str, &str) = ("Title", "Default Title");

/// A place that holds stock.
#[derive(Debug, Clone)]
pub struct Location {
    /// Number.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Since when.
    pub created: Time,
}

/// Fields that are kept as they were given, by the input's name.
pub type Kept = BTreeMap<&'static str, Value>;

/// A field of the merchant's own.
#[derive(Debug, Clone)]
pub struct Metafield {
    /// Number.
    pub id: u64,
    /// Namespace.
    pub namespace: String,
    /// Key within it.
    pub key: String,
    /// Type (`single_line_text_field`).
    pub kind: String,
    /// Value as text.
    pub value: String,
    /// Type of its owner, as in the enum (`PRODUCT`).
    pub owner: &'static str,
    /// Since when.
    pub created: Time,
    /// Last change.
    pub updated: Time,
}

/// An option of a product.
#[derive(Debug, Clone)]
pub struct ProductOption {
    /// Number.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Value ids and names, in order.
    pub values: Vec<(u64, String)>,
}

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Number.
    pub id: u64,
    /// Title.
    pub title: String,
    /// Handle, unique in the shop.
    pub handle: String,
    /// `ACTIVE`, `ARCHIVED`, `DRAFT` or `UNLISTED`.
    pub status: String,
    /// Description.
    pub description_html: String,
    /// Vendor.
    pub vendor: String,
    /// Type.
    pub product_type: String,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// One to three.
    pub options: Vec<ProductOption>,
    /// At least one, in order of position.
    pub variants: Vec<u64>,
    /// Other fields.
    pub kept: Kept,
    /// Metafields.
    pub metafields: Vec<Metafield>,
    /// Since when.
    pub created: Time,
    /// Last change of anything but stock.
    pub updated: Time,
}

impl Product {
    /// True for a product without options of its own.
    pub fn is_simple(&self) -> bool {
        match self.options.as_slice() {
            [option] => {
                option.name == DEFAULT_OPTION.0
                    && option.values.iter().all(|(_, value)| value == DEFAULT_OPTION.1)
                    && self.variants.len() == 1
            }
            _ => false,
        }
    }
}

/// A variant.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Number.
    pub id: u64,
    /// Its product.
    pub product: u64,
    /// Its inventory item.
    pub item: u64,
    /// Barcode.
    pub barcode: Option<String>,
    /// Price.
    pub price: Decimal,
    /// Price before a discount.
    pub compare_at: Option<Decimal>,
    /// `DENY` or `CONTINUE`.
    pub policy: String,
    /// Taxable.
    pub taxable: bool,
    /// One value name per option of the product, in the options' order.
    pub values: Vec<String>,
    /// Other fields.
    pub kept: Kept,
    /// Metafields.
    pub metafields: Vec<Metafield>,
    /// Since when.
    pub created: Time,
    /// Last change of anything but stock.
    pub updated: Time,
}

impl Variant {
    /// Option values joined, as the admin shows them.
    pub fn title(&self) -> String {
        self.values.join(" / ")
    }
}

/// What is stocked of a variant.
#[derive(Debug, Clone)]
pub struct Item {
    /// Number.
    pub id: u64,
    /// Its variant.
    pub variant: u64,
    /// SKU.
    pub sku: Option<String>,
    /// Whether quantities are kept.
    pub tracked: bool,
    /// Whether it is shipped.
    pub requires_shipping: bool,
    /// Cost per unit.
    pub cost: Option<Decimal>,
    /// Customs data by field name (`countryCodeOfOrigin`, …).
    pub customs: BTreeMap<&'static str, String>,
    /// Unit and value.
    pub weight: (String, f64),
    /// Levels by location.
    pub levels: BTreeMap<u64, Level>,
    /// Since when.
    pub created: Time,
    /// Last change.
    pub updated: Time,
}

/// Quantities of one item at one location.
#[derive(Debug, Clone)]
pub struct Level {
    /// False until it is activated there.
    pub active: bool,
    /// By state.
    pub quantities: BTreeMap<&'static str, i64>,
    /// Since when.
    pub created: Time,
    /// Last change.
    pub updated: Time,
}

impl Level {
    /// A level with nothing in it.
    pub fn empty(active: bool, now: Time) -> Self {
        Self { active, quantities: STATES.map(|state| (state, 0)).into(), created: now, updated: now }
    }

    /// The quantity of that name; `None` when there is no such name.
    pub fn quantity(&self, name: &str) -> Option<i64> {
        if name == "on_hand" {
            return Some(self.quantities.iter().filter(|(state, _)| in_building(state)).map(|(_, count)| count).sum());
        }
        self.quantities.get(name).copied()
    }
}

/// True for states that are part of `on_hand`.
pub fn in_building(state: &str) -> bool {
    state != "incoming"
}

/// A line of an order.
#[derive(Debug, Clone)]
pub struct Line {
    /// Number.
    pub id: u64,
    /// What was sold.
    pub variant: u64,
    /// Its product.
    pub product: u64,
    /// Its inventory item.
    pub item: u64,
    /// Where it was taken from.
    pub location: u64,
    /// SKU as it was then.
    pub sku: String,
    /// Title as it was then.
    pub title: String,
    /// Option values as they were then; empty for a simple product.
    pub variant_title: String,
    /// Price as it was then.
    pub price: Decimal,
    /// Units ordered.
    pub quantity: i64,
    /// Units not refunded.
    pub current: i64,
    /// Units taken from stock and not given back.
    pub taken: i64,
}

/// A refund of one line.
#[derive(Debug, Clone)]
pub struct Refund {
    /// Number.
    pub id: u64,
    /// Units.
    pub quantity: i64,
    /// Whether they went back to stock.
    pub restocked: bool,
    /// When.
    pub created: Time,
}

/// An order of one line.
#[derive(Debug, Clone)]
pub struct Order {
    /// Number in ids.
    pub id: u64,
    /// Number that people see, from 1001.
    pub number: u64,
    /// Its line.
    pub line: Line,
    /// Refunds.
    pub refunds: Vec<Refund>,
    /// The buyer's address for letters.
    pub email: String,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// A note.
    pub note: Option<String>,
    /// When.
    pub created: Time,
    /// Last change.
    pub updated: Time,
    /// When it was cancelled.
    pub cancelled: Option<Time>,
}

/// A webhook subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Number.
    pub id: u64,
    /// Topic as in the enum (`ORDERS_CREATE`).
    pub topic: String,
    /// Address.
    pub uri: String,
    /// Format as given; payloads are JSON all the same.
    pub format: String,
    /// Filter as given.
    pub filter: Option<String>,
    /// Fields to send; empty: all.
    pub include_fields: Vec<String>,
    /// Metafield namespaces as given.
    pub metafield_namespaces: Vec<String>,
    /// Name.
    pub name: Option<String>,
    /// Failed tries since the last good one.
    pub failures: u32,
    /// Since when.
    pub created: Time,
    /// Last change.
    pub updated: Time,
}

/// Everything in the shop.
#[derive(Default)]
pub struct World {
    /// `my-shop.myshopify.com`.
    pub domain: String,
    /// The app's client id.
    pub client_id: String,
    /// What the app may do.
    pub scopes: BTreeSet<String>,
    /// Locations, in order of id.
    pub locations: Vec<Location>,
    /// Products by handle.
    pub handles: BTreeMap<String, u64>,
    /// Products.
    pub products: BTreeMap<u64, Product>,
    /// Variants.
    pub variants: BTreeMap<u64, Variant>,
    /// Inventory items.
    pub items: BTreeMap<u64, Item>,
    /// Orders.
    pub orders: BTreeMap<u64, Order>,
    /// Subscriptions.
    pub subscriptions: BTreeMap<u64, Subscription>,
    /// Asynchronous `productSet` operations: the product each one made, if any, and its user errors.
    pub operations: BTreeMap<u64, (Option<u64>, Vec<UserError>)>,
    /// Idempotency keys.
    pub attempts: Attempts,
    /// What happened since they were last taken.
    pub events: Vec<Event>,
    ids: BTreeMap<&'static str, u64>,
}

/// First id and distance of the ids of a kind. Orders, lines, refunds and inventory items lie above 2^53 and are odd, as
/// some of Shopify's do: a client that reads them as floating point numbers reads the wrong ones.
fn id_range(kind: &str) -> (u64, u64) {
    match kind {
        "Product" => (10_178_000_038_961, 32_768),
        "ProductVariant" => (51_101_855_646_002, 32_768),
        "InventoryItem" => (53_204_673_823_026_001, 32_770),
        "Location" => (106_318_430_514, 32_768),
        "Order" => (820_982_911_946_154_507, 2),
        "LineItem" => (866_550_311_766_439_019, 2),
        "Refund" => (890_088_186_047_892_319, 2),
        "WebhookSubscription" => (1_927_972_356_402, 32_768),
        _ => (12_780_746_408_242, 32_768),
    }
}

impl World {
    /// An empty shop.
    pub fn new(domain: &str, client_id: &str) -> Self {
        Self { domain: domain.to_owned(), client_id: client_id.to_owned(), ..Self::default() }
    }

    /// A fresh id of a kind.
    pub fn next_id(&mut self, kind: &'static str) -> u64 {
        let (first, distance) = id_range(kind);
        let next = self.ids.entry(kind).or_insert(first);
        let id = *next;
        *next += distance;
        id
    }

    /// The variant's product, item and itself.
    pub fn variant(&self, id: u64) -> Option<(&Variant, &Product, &Item)> {
        let variant = self.variants.get(&id)?;
        Some((variant, self.products.get(&variant.product)?, self.items.get(&variant.item)?))
    }

    /// The first variant with exactly this SKU.
    pub fn by_sku(&self, sku: &str) -> Option<(&Variant, &Product, &Item)> {
        let item = self.items.values().find(|item| item.sku.as_deref() == Some(sku))?;
        self.variant(item.variant)
    }

    /// Units that can be sold, over all locations.
    pub fn available(&self, item: &Item) -> i64 {
        item.levels.values().filter(|level| level.active).filter_map(|level| level.quantity("available")).sum()
    }

    /// Units of a product that can be sold. What is not tracked does not count.
    pub fn total_inventory(&self, product: &Product) -> i64 {
        let items = product.variants.iter().filter_map(|id| self.variant(*id)).map(|(_, _, item)| item);
        items.filter(|item| item.tracked).map(|item| self.available(item)).sum()
    }

    /// Add to a state of a level, making the level (inactive) where there is none. Says so to those who listen.
    pub fn move_stock(&mut self, item: u64, location: u64, state: &'static str, delta: i64, now: Time) {
        if let Some(held) = self.items.get_mut(&item) {
            let level = held.levels.entry(location).or_insert_with(|| Level::empty(false, now));
            *level.quantities.entry(state).or_default() += delta;
            level.updated = now;
            self.tell(Event::level(item, location));
        }
    }

    /// A product changed in something else than stock.
    pub fn touch(&mut self, product: u64, now: Time) {
        if let Some(product) = self.products.get_mut(&product) {
            product.updated = now;
        }
        self.tell(Event::product("PRODUCTS_UPDATE", product));
    }

    /// Remember an event, once.
    pub fn tell(&mut self, event: Event) {
        if !self.events.contains(&event) {
            self.events.push(event);
        }
    }

    /// Remove a variant and its inventory item.
    pub fn drop_variant(&mut self, id: u64) {
        if let Some(variant) = self.variants.remove(&id) {
            self.items.remove(&variant.item);
            if let Some(product) = self.products.get_mut(&variant.product) {
                product.variants.retain(|other| *other != id);
            }
        }
    }
}
