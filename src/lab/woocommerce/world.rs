//! What the shop's database holds, and what every change to it does besides: ids, dates, indexes, events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _};
use serde_json::Value;

use super::attributes::SharedAttribute;
use super::auth::{Keys, Nonces};
use super::hooks::Hook;
use super::order::Order;
use super::product::{Kind, Product};
use super::terms::{Taxonomy, Term, UNCATEGORIZED};
use crate::clock::Time;
use crate::lab::gate::Gate;

/// The shop lies two hours east of Greenwich, so that whoever mixes local and GMT dates notices.
pub(super) const SITE_OFFSET_SECONDS: i32 = 2 * 3600;

/// Version as the real site reports it; observed on WooCommerce 10.0.2.
pub(super) const WOOCOMMERCE_VERSION: &str = "10.0.2";
/// The WordPress below it.
pub(super) const WORDPRESS_VERSION: &str = "6.8.12";

/// Something that webhooks may be about: topic and resource id.
pub(super) type Event = (&'static str, u64);

/// The whole shop.
pub(super) struct World {
    /// `http://127.0.0.1:1234`, without a slash at the end; empty until known.
    pub(super) site: String,
    pub(super) keys: Keys,
    pub(super) nonces: Nonces,
    /// From an order's status being saved until its stock and shares are.
    pub(super) gap: Duration,
    pub(super) products: BTreeMap<u64, Product>,
    pub(super) orders: BTreeMap<u64, Order>,
    pub(super) hooks: BTreeMap<u64, Hook>,
    pub(super) media: BTreeMap<u64, Value>,
    pub(super) terms: BTreeMap<u64, Term>,
    pub(super) attributes: BTreeMap<u64, SharedAttribute>,
    /// Settings that were changed.
    pub(super) settings: BTreeMap<&'static str, String>,
    /// Units sold and not given back, with the SKU they were last sold under, by product.
    pub(super) sold: BTreeMap<u64, (String, i64)>,
    /// Events since the last look.
    pub(super) events: Vec<Event>,
    /// Orders whose stock work has begun since the last look, when it takes time.
    pub(super) started: Vec<u64>,
    /// Deliveries under way by webhook and resource, each with its own number.
    pub(super) pending: BTreeMap<(u64, u64), u64>,
    skus: BTreeMap<String, BTreeSet<u64>>,
    slugs: BTreeSet<String>,
    last_id: u64,
    /// Tells how wrong the shop's clock is.
    gate: Gate,
}

impl World {
    pub(super) fn new(site: String, keys: Keys, gate: Gate) -> Self {
        let uncategorized = Term::new(UNCATEGORIZED, Taxonomy::Category, "Uncategorized", "uncategorized".to_owned());
        Self {
            gate,
            terms: BTreeMap::from([(UNCATEGORIZED, uncategorized)]),
            attributes: BTreeMap::new(),
            settings: BTreeMap::new(),
            site,
            keys,
            nonces: Nonces::new(),
            gap: Duration::ZERO,
            products: BTreeMap::new(),
            orders: BTreeMap::new(),
            hooks: BTreeMap::new(),
            media: BTreeMap::new(),
            sold: BTreeMap::new(),
            events: Vec::new(),
            started: Vec::new(),
            pending: BTreeMap::new(),
            skus: BTreeMap::new(),
            slugs: BTreeSet::new(),
            last_id: UNCATEGORIZED,
        }
    }

    /// The time by the shop's clock, in whole seconds, as MySQL keeps it.
    pub(super) fn now(&self) -> Time {
        let now = self.gate.now();
        DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
    }

    /// A fresh id. Posts, order lines and meta share one counter, which keeps all of them unique.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Deliveries that the events since the last look call for: webhook and resource.
    pub(super) fn take_deliveries(&mut self) -> Vec<(u64, u64)> {
        let events = std::mem::take(&mut self.events);
        let each = events.iter().flat_map(|(topic, id)| self.listeners(topic).into_iter().map(|hook| (hook, *id)));
        each.collect()
    }

    /// Address below `/wp-json/wc/v3`.
    pub(super) fn api(&self, path: &str) -> String {
        format!("{}/wp-json/wc/v3{path}", self.site)
    }

    /// Products that have this SKU, trashed ones included. As in MySQL's default collation, case does not matter.
    pub(super) fn with_sku(&self, sku: &str) -> impl Iterator<Item = &Product> {
        let ids = self.skus.get(&sku.to_lowercase());
        ids.into_iter().flatten().filter_map(|id| self.products.get(id))
    }

    /// The product that keeps another from having this SKU.
    pub(super) fn sku_holder(&self, sku: &str, besides: u64) -> Option<u64> {
        self.with_sku(sku).find(|product| product.id != besides && product.status != "trash").map(|product| product.id)
    }

    /// A slug that no other product has.
    pub(super) fn unique_slug(&self, wanted: &str) -> String {
        let mut slug = wanted.to_owned();
        let mut number = 2;
        while self.slugs.contains(&slug) {
            slug = format!("{wanted}-{number}");
            number += 1;
        }
        slug
    }

    /// Save a product: dates, stock status, indexes, events, and the parent's own save that follows a variation's.
    pub(super) fn save_product(&mut self, mut product: Product, event: &'static str) {
        product.align_stock();
        product.modified = self.now();
        let (id, parent) = (product.id, product.parent);
        self.unindex(id);
        if !product.sku.is_empty() {
            self.skus.entry(product.sku.to_lowercase()).or_default().insert(id);
        }
        if product.kind != Kind::Variation {
            self.slugs.insert(product.slug.clone());
        }
        self.products.insert(id, product);
        self.events.push((event, id));
        let now = self.now();
        if let Some(parent) = self.products.get_mut(&parent) {
            parent.modified = now;
            self.events.push(("product.updated", parent.id));
        }
    }

    /// Forget a product for good. Sends nothing (observed on WooCommerce 10.0.2).
    pub(super) fn remove_product(&mut self, id: u64) {
        self.unindex(id);
        let Some(product) = self.products.remove(&id) else { return };
        if let Some(parent) = self.products.get_mut(&product.parent) {
            parent.children.retain(|child| *child != id);
        }
        for child in product.children {
            self.remove_product(child);
        }
    }

    fn unindex(&mut self, id: u64) {
        let Some(old) = self.products.get(&id) else { return };
        self.slugs.remove(&old.slug);
        if let Some(ids) = self.skus.get_mut(&old.sku.to_lowercase()) {
            ids.remove(&id);
        }
    }

    /// The product whose stock is counted for this one: itself, its parent, or none when stock is not managed.
    pub(super) fn stock_holder(&self, id: u64) -> Option<&Product> {
        let product = self.products.get(&id)?;
        if product.managed {
            return Some(product);
        }
        self.products.get(&product.parent).filter(|parent| product.kind == Kind::Variation && parent.managed)
    }

    /// Change counted stock relatively, in one step, as an order does. Counts the sale under `id`'s own SKU.
    pub(super) fn move_stock(&mut self, id: u64, delta: i64) {
        let Some(holder) = self.stock_holder(id).map(|holder| holder.id) else { return };
        let sku = self.products.get(&id).map(|product| product.sku.clone()).unwrap_or_default();
        let sold = self.sold.entry(id).or_default();
        *sold = (sku, sold.1 - delta);
        if let Some(mut product) = self.products.get(&holder).cloned() {
            product.stock = Some(product.stock.unwrap_or_default() + delta);
            self.save_product(product, "product.updated");
        }
    }
}

/// A date as the API writes it, without a zone: in the site's time, and in GMT.
pub(super) fn dates(time: Time) -> (String, String) {
    let text = |time: NaiveDateTime| time.format("%Y-%m-%dT%H:%M:%S").to_string();
    (text(local(time)), text(time.naive_utc()))
}

/// In the site's time.
pub(super) fn local(time: Time) -> NaiveDateTime {
    match FixedOffset::east_opt(SITE_OFFSET_SECONDS) {
        Some(offset) => time.with_timezone(&offset).naive_local(),
        None => time.naive_utc(),
    }
}

/// A date as a request gives it: in the site's time, or in GMT; with a zone of its own, that counts.
pub(super) fn read_date(text: &str, is_gmt: bool) -> Option<Time> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc());
    }
    let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"];
    let plain = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let plain = plain.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    let offset = if is_gmt { 0 } else { SITE_OFFSET_SECONDS };
    FixedOffset::east_opt(offset)?.from_local_datetime(&plain).single().map(|instant| instant.to_utc())
}
