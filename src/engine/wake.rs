//! Wakes endpoint tasks. A wake-up is only a nudge: what is to be done stands in the ledger as hints.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// One bell per endpoint, and one for the inbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Wakes {
    bells: Arc<BTreeMap<String, Notify>>,
    inbox: Arc<Notify>,
}

impl Wakes {
    /// Bells for the named endpoints.
    pub fn new(endpoints: impl Iterator<Item = String>) -> Self {
        Self { bells: Arc::new(endpoints.map(|name| (name, Notify::new())).collect()), inbox: Arc::default() }
    }

    /// Wake one endpoint. A bell rung while its task is busy is heard when it listens next.
    pub fn wake(&self, endpoint: &str) {
        if let Some(bell) = self.bells.get(endpoint) {
            bell.notify_one();
        }
    }

    /// Wake all endpoints.
    pub fn wake_all(&self) {
        self.bells.values().for_each(Notify::notify_one);
    }

    /// Wait for an endpoint's bell.
    pub async fn wait(&self, endpoint: &str) {
        match self.bells.get(endpoint) {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    }

    /// A delivery was stored.
    pub fn wake_inbox(&self) {
        self.inbox.notify_one();
    }

    /// Wait for deliveries.
    pub async fn wait_inbox(&self) {
        self.inbox.notified().await;
    }
}
