//! The plugin, which takes the place of subscriptions: Vendure itself sends no webhooks.

use serde::Deserialize;
use serde_json::json;

use crate::stores::{StoreError, Subscription};

use super::Vendure;
use super::answer::{UNKNOWN_FIELD, refused};
use super::queries::PLUGIN;
use super::stock::NO_PLUGIN;

/// Where its address is set, for those who want to change it.
const WHERE: &str = "it is set in vendure-config.ts: ShelfdPlugin.init({ url })";
/// The only topic there is.
const TOPIC: &str = "shelfd.changed";

/// What the plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plugin {
    /// Grows when shelfd would notice a difference.
    pub(super) version: u32,
    /// False when its table is not there.
    pub(super) ready: bool,
    /// Where it delivers.
    pub(super) delivers_to: Option<String>,
}

#[derive(Deserialize)]
struct PluginData {
    shelfd: Plugin,
}

impl Vendure {
    /// The plugin.
    ///
    /// # Errors
    /// [`StoreError::Access`] when it is not installed; errors of the call.
    pub(super) async fn plugin(&self) -> Result<Plugin, StoreError> {
        match self.api.call::<PluginData>(&PLUGIN, &json!({})).await {
            Ok(data) => Ok(data.shelfd),
            Err(failed) => Err(match failed.error {
                StoreError::Refused { code, .. } if code == UNKNOWN_FIELD => {
                    StoreError::Access { shop: self.api.shop().to_owned(), status: 400, message: NO_PLUGIN.to_owned() }
                }
                error => error,
            }),
        }
    }

    pub(super) async fn list_subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let subscription = |url| Subscription { id: "plugin".to_owned(), topic: TOPIC.to_owned(), url, active: true };
        Ok(self.plugin().await?.delivers_to.map(subscription).into_iter().collect())
    }

    /// The address stands in the shop's own code, so all that can be done is to look whether it is the right one.
    pub(super) async fn subscribe_all(&self, url: &str) -> Result<Vec<Subscription>, StoreError> {
        let there = self.list_subscriptions().await?;
        if there.iter().any(|one| one.delivers_to(url)) {
            return Ok(there);
        }
        let now = there.first().map_or("nowhere", |one| one.url.as_str());
        Err(refused(self.api.shop(), "SET_THERE", format!("the plugin delivers to {now}, not to {url}; {WHERE}")))
    }

    pub(super) fn unsubscribe_one(&self) -> StoreError {
        refused(self.api.shop(), "SET_THERE", format!("the plugin's address cannot be removed from here; {WHERE}"))
    }
}
