//! Webhook subscriptions. <https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks>

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stores::{StoreError, Subscription};

use super::api::{Api, PER_PAGE, Query};
use super::convert;
use super::webhook::{TOPICS, signing_secret};

#[derive(Deserialize)]
struct Webhook {
    #[serde(deserialize_with = "convert::id")]
    id: u64,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    delivery_url: String,
    /// `active`, `paused` (by staff) or `disabled` (by WooCommerce, after more than five failures in a row).
    #[serde(default)]
    status: String,
}

impl Webhook {
    fn subscription(self) -> Subscription {
        Subscription {
            id: self.id.to_string(),
            active: self.status == "active",
            topic: self.topic,
            url: self.delivery_url,
        }
    }
}

/// All subscriptions of the shop.
pub(super) async fn all(api: &Api) -> Result<Vec<Subscription>, StoreError> {
    let mut subscriptions = Vec::new();
    for page in 1.. {
        let query: Query = vec![("per_page", PER_PAGE.to_string()), ("page", page.to_string())];
        let (webhooks, said) = api.get::<Vec<Webhook>>("/webhooks", query).await?;
        let held = webhooks.len();
        subscriptions.extend(webhooks.into_iter().map(Webhook::subscription));
        if !said.goes_on(page, held) {
            break;
        }
    }
    Ok(subscriptions)
}

/// Create what is missing for `url`, activate what is not active, leave everything else alone. The secret cannot be
/// read back: after a change of it, remove the subscriptions first (until then the old one still verifies).
pub(super) async fn subscribe(api: &Api, secrets: &[SecretString], url: &str) -> Result<Vec<Subscription>, StoreError> {
    let secret = signing_secret(api.shop(), secrets)?.expose_secret();
    let there = all(api).await?;
    for topic in TOPICS {
        let ours: Vec<&Subscription> = there.iter().filter(|one| one.topic == topic && one.delivers_to(url)).collect();
        if ours.iter().any(|one| one.active) {
            continue;
        }
        let (method, path, body) = match ours.first() {
            Some(one) => (Method::PUT, format!("/webhooks/{}", one.id), json!({"status": "active", "secret": secret})),
            None => {
                let name = format!("shelfd {topic}");
                let body =
                    json!({"name": name, "topic": topic, "delivery_url": url, "secret": secret, "status": "active"});
                (Method::POST, "/webhooks".to_owned(), body)
            }
        };
        let _: Value = api.send(method, &path, &body).await?;
    }
    all(api).await
}

/// Remove one subscription; one that is not there any more counts as removed.
pub(super) async fn unsubscribe(api: &Api, id: &str) -> Result<(), StoreError> {
    let Ok(id) = id.parse::<u64>() else { return Ok(()) };
    match api.delete(&format!("/webhooks/{id}")).await {
        Err(StoreError::Gone { .. }) => Ok(()),
        done => done,
    }
}
