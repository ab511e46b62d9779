//! The Shopify endpoint: GraphQL Admin API 2026-10.

mod answer;
mod api;
mod budget;
mod check;
mod config;
mod content;
mod convert;
mod create;
mod listing;
mod location;
mod queries;
mod stock;
mod subscriptions;
mod token;
mod webhook;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::catalog::{Pool, Sku};
use crate::clock::Time;

use super::client::send_until;
use super::{
    CheckLine, ContentChange, Observed, OrderEvidencePage, OrderQuery, Outcome, Page, ProductDraft, Received, Rejected,
    RemoteId, StockKind, StockWrite, Store, StoreError, Subscription,
};
use api::Api;

pub use config::{Access, Config};

/// A Shopify shop. Ids are global ids (`gid://shopify/ProductVariant/1`), so that webhooks' mentions match as text.
#[derive(Debug)]
pub struct Shopify {
    api: Api,
    pool: Pool,
    webhook_secrets: Vec<SecretString>,
    configured_location: Option<String>,
    only_location: OnceCell<String>,
    /// Variants per page; halved when the shop says that a page costs too much.
    page: AtomicU32,
    /// Inventory items that the last read saw counted but not kept at our location.
    unstocked: Mutex<HashSet<String>>,
}

impl Shopify {
    /// The shop that a configuration describes. Sends nothing.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(config: Config) -> Result<Self, StoreError> {
        Ok(Self {
            api: Api::new(&config)?,
            configured_location: location::configured(config.location.as_deref()),
            only_location: OnceCell::new(),
            pool: config.pool,
            webhook_secrets: config.webhook_secrets,
            page: AtomicU32::new(listing::PAGE_MAX),
            unstocked: Mutex::new(HashSet::new()),
        })
    }

    fn unstocked(&self) -> MutexGuard<'_, HashSet<String>> {
        // A panic in between leaves a set that the next read puts right.
        self.unstocked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Shopify {
    fn shop(&self) -> &str {
        self.api.shop()
    }

    fn pool(&self) -> &Pool {
        &self.pool
    }

    fn stock_kind(&self) -> StockKind {
        StockKind::KeyedDelta
    }

    async fn check(&self) -> Vec<CheckLine> {
        self.check_all().await
    }

    async fn list(&self, after: Option<&str>) -> Result<Page, StoreError> {
        self.list_page(after).await
    }

    async fn observe(&self, which: &[(Sku, RemoteId)]) -> Result<Observed, StoreError> {
        Ok(self.observe_all(which).await?.into())
    }

    async fn orders(&self, _query: &OrderQuery) -> Result<OrderEvidencePage, StoreError> {
        Err(StoreError::Refused {
            shop: self.shop().to_owned(),
            code: "NOT_NEEDED".to_owned(),
            message: "a shop that takes keyed deltas needs no orders as evidence".to_owned(),
            resource: None,
        })
    }

    async fn create(&self, drafts: &[ProductDraft]) -> Vec<(Sku, Outcome<RemoteId>)> {
        self.create_all(drafts).await
    }

    async fn write_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>> {
        self.write_all_content(changes).await
    }

    fn stock_batch_max(&self) -> usize {
        stock::BATCH_MAX
    }

    async fn write_stock(&self, writes: &[StockWrite], until: Time) -> Vec<Outcome<Option<i64>>> {
        send_until(until, self.adjust(writes)).await
    }

    fn receive(&self, headers: &[(String, String)], body: &[u8]) -> Result<Received, Rejected> {
        webhook::receive(&self.webhook_secrets, headers, body)
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        self.list_subscriptions().await
    }

    async fn subscribe(&self, url: &str) -> Result<Vec<Subscription>, StoreError> {
        self.subscribe_all(url).await
    }

    async fn unsubscribe(&self, id: &str) -> Result<(), StoreError> {
        self.unsubscribe_one(id).await
    }
}
