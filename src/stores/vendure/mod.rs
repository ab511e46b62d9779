//! The Vendure endpoint: Admin GraphQL API of Vendure 3, with the plugin that `shelfd webhooks snippet vendure` prints.

mod answer;
mod api;
mod batch;
mod check;
mod config;
mod content;
mod convert;
mod create;
mod listing;
mod options;
mod place;
mod queries;
mod stock;
mod subscriptions;
mod webhook;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::catalog::{Pool, Sku};
use crate::clock::{self, Time};

use super::client::send_until;
use super::{
    CheckLine, ContentChange, Observed, OrderEvidencePage, OrderQuery, Outcome, Page, ProductDraft, Received, Rejected,
    RemoteId, StockKind, StockWrite, Store, StoreError, Subscription,
};
use api::Api;
use place::Place;

pub use config::Config;

/// A Vendure shop. Every sellable thing is a variant there; what shelfd calls stock is what is on hand at one location
/// and not allocated to an order.
#[derive(Debug)]
pub struct Vendure {
    api: Api,
    pool: Pool,
    webhook_secrets: Vec<SecretString>,
    configured_location: Option<String>,
    /// Held while it is asked for, so that it is asked for once.
    place: Mutex<Option<Arc<Place>>>,
}

impl Vendure {
    /// The shop that a configuration describes. Sends nothing.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(config: Config) -> Result<Self, StoreError> {
        Ok(Self {
            api: Api::new(&config)?,
            pool: config.pool,
            webhook_secrets: config.webhook_secrets,
            configured_location: config.location,
            place: Mutex::new(None),
        })
    }
}

#[async_trait]
impl Store for Vendure {
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
        Err(answer::refused(self.shop(), "NOT_NEEDED", "a shop that takes keyed deltas needs no orders as evidence"))
    }

    async fn create(&self, drafts: &[ProductDraft]) -> Vec<(Sku, Outcome<RemoteId>)> {
        self.create_all(drafts).await
    }

    async fn write_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>> {
        self.write_all_content(changes).await
    }

    fn stock_batch_max(&self) -> usize {
        stock::STOCK_MAX
    }

    async fn write_stock(&self, writes: &[StockWrite], until: Time) -> Vec<Outcome<Option<i64>>> {
        send_until(until, self.adjust(writes)).await
    }

    fn receive(&self, headers: &[(String, String)], body: &[u8]) -> Result<Received, Rejected> {
        webhook::receive(&self.webhook_secrets, headers, body, clock::now())
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        self.list_subscriptions().await
    }

    async fn subscribe(&self, url: &str) -> Result<Vec<Subscription>, StoreError> {
        self.subscribe_all(url).await
    }

    async fn unsubscribe(&self, _id: &str) -> Result<(), StoreError> {
        Err(self.unsubscribe_one())
    }
}
