//! Sending GraphQL: the token, the cost bucket, and one renewed try after a 401.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

use crate::clock;
use crate::stores::StoreError;
use crate::stores::client::{Answer, Client};

use super::answer;
use super::budget::{Budget, Cost};
use super::config::Config;
use super::queries::Operation;
use super::token::TokenSource;

/// The version every document here is written for. An expired one is silently replaced by the oldest that still lives.
const API_VERSION: &str = "2026-10";
/// Calls under way at once. The bucket is the limit; four hide the latency of one.
const CALLS_MAX: usize = 4;
/// Who waits for points looks again so often: an answer may show that there are more than was thought.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// One shop's GraphQL Admin API.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    url: Url,
    tokens: TokenSource,
    budget: Mutex<Budget>,
    calls: Semaphore,
    version_told: AtomicBool,
}

/// Points taken for a call under way. Settled when dropped, because a call can also end by being cancelled.
struct Taken<'a> {
    api: &'a Api,
    operation: &'a Operation,
    points: f64,
    cost: Option<Cost>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.api.budget().settle(self.operation, self.points, self.cost.as_ref(), clock::now());
    }
}

#[derive(Serialize)]
struct Request<'a, V> {
    query: &'a str,
    variables: &'a V,
}

impl Api {
    pub(super) fn new(config: &Config) -> Result<Self, StoreError> {
        let mut url = config.url.clone();
        url.set_path(&format!("/admin/api/{API_VERSION}/graphql.json"));
        Ok(Self {
            client: Client::new(&config.shop)?,
            url,
            tokens: TokenSource::new(config.access.clone(), &config.url),
            budget: Mutex::new(Budget::new(clock::now())),
            calls: Semaphore::new(CALLS_MAX),
            version_told: AtomicBool::new(false),
        })
    }

    pub(super) fn shop(&self) -> &str {
        self.client.shop()
    }

    /// Send one document and read its `data`. Waits until the bucket can pay for it.
    ///
    /// # Errors
    /// Any [`StoreError`]; user errors are part of the data and the caller's to read.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        variables: &(impl Serialize + Sync),
    ) -> Result<T, StoreError> {
        // Never closed, so the permit is always given.
        let _permit = self.calls.acquire().await;
        let mut taken = self.take(operation).await;
        let answer = self.send(operation, variables).await?;
        let (read, cost) = answer::read(self.shop(), answer.status, &answer.body);
        taken.cost = cost;
        read
    }

    async fn take<'a>(&'a self, operation: &'a Operation) -> Taken<'a> {
        loop {
            let wait: Duration = match self.budget().take(operation, clock::now()) {
                Ok(points) => return Taken { api: self, operation, points, cost: None },
                Err(wait) => wait,
            };
            tracing::debug!(store.id = %self.shop(), operation = operation.name, ?wait, "waiting for the cost bucket");
            tokio::time::sleep(wait.min(LOOK_AGAIN)).await;
        }
    }

    async fn send(&self, operation: &Operation, variables: &(impl Serialize + Sync)) -> Result<Answer, StoreError> {
        let token = self.tokens.token(&self.client, None).await?;
        let answer = self.post(operation, variables, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED || !self.tokens.renewable() {
            return Ok(answer);
        }
        // A 401 did nothing, so the same request can go out again.
        let token = self.tokens.token(&self.client, Some(&token)).await?;
        self.post(operation, variables, &token).await
    }

    async fn post(
        &self,
        operation: &Operation,
        variables: &(impl Serialize + Sync),
        token: &SecretString,
    ) -> Result<Answer, StoreError> {
        let request = self
            .client
            .http()
            .post(self.url.clone())
            .header("X-Shopify-Access-Token", token.expose_secret())
            .json(&Request { query: operation.document, variables });
        let answer = self.client.send(request).await?;
        self.look_at_version(&answer);
        Ok(answer)
    }

    fn look_at_version(&self, answer: &Answer) {
        let version = answer.headers.get("x-shopify-api-version").and_then(|version| version.to_str().ok());
        if let Some(version) = version.filter(|version| *version != API_VERSION)
            && !self.version_told.swap(true, Ordering::Relaxed)
        {
            let wanted = API_VERSION;
            tracing::warn!(store.id = %self.shop(), version, wanted, "the shop answers with another API version");
        }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        // A panic while counting leaves the counts usable.
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
