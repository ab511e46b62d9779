//! The WooCommerce endpoint: REST v3.
//!
//! WooCommerce can neither add to a stock nor compare before it sets: stock is written as an absolute number and kept
//! right by what the orders say (`StockKind::OrderLog`).

mod api;
mod batch;
mod check;
mod config;
mod convert;
mod create;
mod drafts;
mod errors;
mod oauth;
mod orders;
mod read;
mod subscriptions;
mod sweep;
mod webhook;
mod write;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use crate::catalog::{Pool, Sku};
use crate::clock::Time;

use super::client::send_until;
use super::{
    CheckLine, ContentChange, Observed, OrderEvidencePage, OrderQuery, Outcome, Page, ProductDraft, Received, Rejected,
    RemoteId, StockKind, StockWrite, Store, StoreError, Subscription,
};
use api::Api;

pub use config::{Auth, Config};

/// A WooCommerce shop. A simple product is known by its product id; a variation by its own id and its parent's.
pub struct WooCommerce {
    api: Api,
    pool: Pool,
    url: Url,
    webhook_secrets: Vec<SecretString>,
}

impl WooCommerce {
    /// The shop that a configuration describes. Sends nothing; warns in the log about plain http.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(config: Config) -> Result<Self, StoreError> {
        let api = Api::new(&config)?;
        Ok(Self { api, pool: config.pool, url: config.url, webhook_secrets: config.webhook_secrets })
    }
}

#[async_trait]
impl Store for WooCommerce {
    fn shop(&self) -> &str {
        self.api.shop()
    }

    fn pool(&self) -> &Pool {
        &self.pool
    }

    fn stock_kind(&self) -> StockKind {
        StockKind::OrderLog
    }

    async fn check(&self) -> Vec<CheckLine> {
        check::check(&self.api, &self.url, &self.webhook_secrets).await
    }

    async fn list(&self, after: Option<&str>) -> Result<Page, StoreError> {
        read::list(&self.api, after).await
    }

    async fn observe(&self, which: &[(Sku, RemoteId)]) -> Result<Observed, StoreError> {
        read::observe(&self.api, which).await
    }

    async fn orders(&self, query: &OrderQuery) -> Result<OrderEvidencePage, StoreError> {
        sweep::read(&self.api, query).await
    }

    async fn create(&self, drafts: &[ProductDraft]) -> Vec<(Sku, Outcome<RemoteId>)> {
        create::create(&self.api, drafts).await
    }

    async fn write_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>> {
        write::content(&self.api, changes).await
    }

    fn stock_batch_max(&self) -> usize {
        batch::UPDATES_MAX
    }

    async fn write_stock(&self, writes: &[StockWrite], until: Time) -> Vec<Outcome<Option<i64>>> {
        send_until(until, write::stock(&self.api, writes)).await
    }

    fn receive(&self, headers: &[(String, String)], body: &[u8]) -> Result<Received, Rejected> {
        webhook::receive(&self.webhook_secrets, headers, body)
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        subscriptions::all(&self.api).await
    }

    async fn subscribe(&self, url: &str) -> Result<Vec<Subscription>, StoreError> {
        subscriptions::subscribe(&self.api, &self.webhook_secrets, url).await
    }

    async fn unsubscribe(&self, id: &str) -> Result<(), StoreError> {
        subscriptions::unsubscribe(&self.api, id).await
    }
}
