//! The lab: a world to try things in. A Sheets and Drive API and stores that speak their real dialects over HTTP, hold
//! state, send signed webhooks, keep rate limits, and misbehave on request. Serves the demo, the tests and the benchmarks.

pub mod catalog;
pub mod config_file;
mod control;
pub mod courier;
pub mod gate;
pub mod google;
mod proxy;
pub mod shopify;
pub mod shoppers;
pub mod weather;
pub mod woocommerce;
pub mod world;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One sellable thing to start a lab with, already cleaned: what the sheet row says, and what a shop could hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabItem {
    /// SKU as in the catalog; may be blank.
    pub sku: String,
    /// Product handle.
    pub handle: String,
    /// Product title.
    pub title: String,
    /// Option names and values; empty for a simple product.
    pub options: Vec<(String, String)>,
    /// Price as text (`12.50`).
    pub price: String,
    /// Units.
    pub stock: i64,
}

/// A sale, as the control API and the shoppers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The shop's order id.
    pub order: String,
    /// What was sold.
    pub sku: String,
    /// How many.
    pub quantity: i64,
}

/// Why a lab shop did not do what a shopper or its staff asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopRefusal {
    /// No such SKU.
    #[error("no such SKU in this shop")]
    UnknownSku,
    /// Fewer units than asked for.
    #[error("only {0} left")]
    OutOfStock(i64),
    /// No such order, or it is cancelled already.
    #[error("no such open order")]
    UnknownOrder,
    /// Another product has that SKU, and the platform takes each only once.
    #[error("another product has this SKU")]
    SkuTaken,
}

/// What is on a lab shop's shelf for one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfItem {
    /// Title of the product.
    pub title: String,
    /// Option values joined with ` / `; empty for a simple product.
    pub variant: String,
    /// Regular price as text (`12.50`).
    pub price: String,
    /// Units.
    pub stock: i64,
}

/// What shoppers and staff can do in a lab shop, whatever its dialect. Every change sends the platform's webhooks.
pub trait LabShop: Send + Sync {
    /// Everything sellable, by SKU.
    fn shelf(&self) -> BTreeMap<String, ShelfItem>;
    /// A shopper buys: stock goes down, an order appears, webhooks follow. Never below zero.
    fn sell(&self, sku: &str, quantity: i64) -> Result<Sale, ShopRefusal>;
    /// Staff cancel an order with restock.
    fn cancel(&self, order: &str) -> Result<Sale, ShopRefusal>;
    /// Staff refund part of an order, with or without putting the units back.
    fn refund(&self, order: &str, quantity: i64, restock: bool) -> Result<Sale, ShopRefusal>;
    /// Staff set the stock by hand (absolute).
    fn set_stock(&self, sku: &str, stock: i64) -> Result<(), ShopRefusal>;
    /// Staff change a price by hand.
    fn set_price(&self, sku: &str, price: &str) -> Result<(), ShopRefusal>;
    /// Staff change a SKU by hand; a blank one takes it away, and the thing is no longer on the shelf.
    fn set_sku(&self, sku: &str, to: &str) -> Result<(), ShopRefusal>;
    /// The platform gives up on all webhooks, as it does after failures: WooCommerce disables them, Shopify removes them.
    fn give_up_webhooks(&self);
    /// Orders whose stock has been taken, and units sold and not given back per SKU.
    fn sold(&self) -> BTreeMap<String, i64>;
}
