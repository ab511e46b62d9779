//! The Medusa endpoint: Admin API of Medusa 2, and a route of shelfd's own for stock.
//!
//! What shelfd calls stock is what can be sold: stocked less reserved at one location. An order reserves, a fulfilment
//! lowers both, a cancellation gives the reservation back, a return raises what is stocked. The Admin API can only set
//! what is stocked, so the merchant puts a route into the shop's project (`shelfd webhooks snippet medusa`) that adds and
//! subtracts under a key, while the available units are the expected ones: `StockKind::KeyedDelta`. Without it shelfd
//! reads, creates and prices, but writes no stock.

mod api;
mod check;
mod config;
mod content;
mod convert;
mod create;
mod parts;
mod place;
mod read;
mod stock;
mod subscriptions;
mod webhook;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;

use crate::catalog::{Pool, Sku};
use crate::clock::{self, Time};

use super::client::send_until;
use super::signature::sha256_hex;
use super::{
    CheckLine, ContentChange, Observed, OrderEvidencePage, OrderQuery, Outcome, Page, ProductDraft, Received, Rejected,
    RemoteId, StockKind, StockWrite, Store, StoreError, Subscription,
};
use api::Api;
use place::Place;

pub use config::Config;

/// A Medusa shop. Every sellable thing is a variant there, of a simple product too.
#[derive(Debug)]
pub struct Medusa {
    api: Api,
    pool: Pool,
    location: Option<String>,
    currency: Option<String>,
    webhook_secrets: Vec<SecretString>,
    place: OnceCell<Place>,
}

impl Medusa {
    /// The shop that a configuration describes. Sends nothing.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(config: Config) -> Result<Self, StoreError> {
        Ok(Self {
            api: Api::new(&config)?,
            pool: config.pool,
            location: config.location,
            currency: config.currency,
            webhook_secrets: config.webhook_secrets,
            place: OnceCell::new(),
        })
    }

    async fn place(&self) -> Result<&Place, StoreError> {
        let look_up = || place::look_up(&self.api, self.location.as_deref(), self.currency.as_deref());
        self.place.get_or_try_init(look_up).await
    }

    fn secret_hashes(&self) -> Vec<String> {
        self.webhook_secrets.iter().map(|secret| sha256_hex(secret.expose_secret().trim().as_bytes())).collect()
    }
}

#[async_trait]
impl Store for Medusa {
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
        check::check(self).await
    }

    async fn list(&self, after: Option<&str>) -> Result<Page, StoreError> {
        read::list(&self.api, self.place().await?, after).await
    }

    async fn observe(&self, which: &[(Sku, RemoteId)]) -> Result<Observed, StoreError> {
        Ok(read::observe(&self.api, self.place().await?, which).await?.into())
    }

    async fn orders(&self, _query: &OrderQuery) -> Result<OrderEvidencePage, StoreError> {
        Err(api::not_sendable(self.shop(), "a shop that takes keyed deltas needs no orders as evidence"))
    }

    async fn create(&self, drafts: &[ProductDraft]) -> Vec<(Sku, Outcome<RemoteId>)> {
        match self.place().await {
            Ok(place) => create::create(&self.api, place, drafts).await,
            // A wrong setting, or a read that failed: no item is at fault.
            Err(error) => drafts
                .iter()
                .flat_map(|draft| &draft.variants)
                .map(|variant| (variant.sku.clone(), Outcome::NotDone(error.clone())))
                .collect(),
        }
    }

    async fn write_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>> {
        match self.place().await {
            Ok(place) => content::write(&self.api, place, changes).await,
            Err(error) => changes.iter().map(|_| Outcome::NotDone(error.clone())).collect(),
        }
    }

    fn stock_batch_max(&self) -> usize {
        stock::BATCH_MAX
    }

    async fn write_stock(&self, writes: &[StockWrite], until: Time) -> Vec<Outcome<Option<i64>>> {
        match self.place().await {
            Ok(place) => send_until(until, stock::write(&self.api, place, writes)).await,
            Err(error) => writes.iter().map(|_| Outcome::NotDone(error.clone())).collect(),
        }
    }

    fn receive(&self, headers: &[(String, String)], body: &[u8]) -> Result<Received, Rejected> {
        webhook::receive(&self.webhook_secrets, headers, body, clock::now())
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        subscriptions::all(&self.api, &self.secret_hashes()).await
    }

    async fn subscribe(&self, url: &str) -> Result<Vec<Subscription>, StoreError> {
        subscriptions::subscribe(&self.api, &self.secret_hashes(), url).await
    }

    async fn unsubscribe(&self, _id: &str) -> Result<(), StoreError> {
        Err(subscriptions::unsubscribe(&self.api))
    }
}
