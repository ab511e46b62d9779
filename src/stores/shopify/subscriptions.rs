//! Webhook subscriptions.

use serde::Deserialize;
use serde_json::json;

use crate::stores::{StoreError, Subscription};

use super::Shopify;
use super::answer::{UserError, unexpected};
use super::convert::NodesPage;
use super::queries::{SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE};

/// The topics shelfd needs, and why no others:
/// - `INVENTORY_LEVELS_UPDATE` hints at every change of stock, whoever made it. It alone would do, but it may lag.
/// - `ORDERS_CREATE`, `ORDERS_CANCELLED`, `REFUNDS_CREATE` hint at the three ways in which orders move stock, and name
///   variants. `ORDERS_UPDATED` would repeat them for every change of an address; stock moved by `ORDERS_EDITED` shows
///   up as an inventory level, and its payload names no variant.
/// - `PRODUCTS_UPDATE` hints at titles, prices and SKUs changed by staff. A sale does not fire it.
const TOPICS: [&str; 5] =
    ["ORDERS_CREATE", "ORDERS_CANCELLED", "REFUNDS_CREATE", "INVENTORY_LEVELS_UPDATE", "PRODUCTS_UPDATE"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListData {
    webhook_subscriptions: NodesPage<SubscriptionNode>,
}

#[derive(Deserialize)]
struct SubscriptionNode {
    id: String,
    topic: String,
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateData {
    webhook_subscription_create: Option<Created>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    webhook_subscription: Option<SubscriptionNode>,
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeleteData {
    webhook_subscription_delete: Option<Deleted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    deleted_webhook_subscription_id: Option<String>,
    user_errors: Vec<UserError>,
}

impl From<SubscriptionNode> for Subscription {
    fn from(SubscriptionNode { id, topic, uri }: SubscriptionNode) -> Self {
        // Shopify deletes a subscription that keeps failing; there is no disabled state.
        Self { id, topic, url: uri, active: true }
    }
}

impl Shopify {
    /// This app's subscriptions, as far as they were made by the API.
    pub(super) async fn list_subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let data: ListData = self.api.call(&SUBSCRIPTIONS, &json!({ "after": after })).await?;
            let NodesPage { nodes, page_info } = data.webhook_subscriptions;
            all.extend(nodes.into_iter().map(Subscription::from));
            after = page_info.next();
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    pub(super) async fn subscribe_all(&self, url: &str) -> Result<Vec<Subscription>, StoreError> {
        let mut there = self.list_subscriptions().await?;
        for topic in TOPICS {
            if !there.iter().any(|subscription| subscription.topic == topic && subscription.url == url) {
                there.push(self.subscribe_one(topic, url).await?);
            }
        }
        Ok(there)
    }

    async fn subscribe_one(&self, topic: &str, url: &str) -> Result<Subscription, StoreError> {
        let variables = json!({ "topic": topic, "webhookSubscription": { "uri": url, "format": "JSON" } });
        let data: CreateData = self.api.call(&SUBSCRIBE, &variables).await?;
        let shop = self.api.shop();
        let created = data
            .webhook_subscription_create
            .ok_or_else(|| unexpected(shop, "no payload of webhookSubscriptionCreate"))?;
        match (created.webhook_subscription, created.user_errors.first()) {
            (Some(node), None) => Ok(node.into()),
            (_, Some(error)) => Err(error.refusal(shop)),
            (None, None) => Err(unexpected(shop, "webhookSubscriptionCreate gave neither a subscription nor an error")),
        }
    }

    pub(super) async fn unsubscribe_one(&self, id: &str) -> Result<(), StoreError> {
        let data: DeleteData = self.api.call(&UNSUBSCRIBE, &json!({ "id": id })).await?;
        let shop = self.api.shop();
        let deleted = data
            .webhook_subscription_delete
            .ok_or_else(|| unexpected(shop, "no payload of webhookSubscriptionDelete"))?;
        match (deleted.deleted_webhook_subscription_id, deleted.user_errors.first()) {
            (Some(_), None) => Ok(()),
            (_, Some(error)) => Err(error.refusal(shop)),
            (None, None) => Err(unexpected(shop, "webhookSubscriptionDelete gave neither an id nor an error")),
        }
    }
}
