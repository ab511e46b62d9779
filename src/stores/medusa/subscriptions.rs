//! The one subscription there is: shelfd's subscriber in the shop's own project, which is set up there.

use crate::stores::{StoreError, Subscription};

use super::api::Api;
use super::stock;

/// Name and topic of it.
const NAME: &str = "shelfd";

pub(super) async fn all(api: &Api, secret_hashes: &[String]) -> Result<Vec<Subscription>, StoreError> {
    let status = stock::status(api).await?;
    let active = status.webhook_secret_sha256.as_ref().is_some_and(|hash| secret_hashes.contains(hash));
    let subscription = |url| Subscription { id: NAME.to_owned(), topic: "changed".to_owned(), url, active };
    Ok(status.webhook_url.map(subscription).into_iter().collect())
}

/// Nothing can be created from outside: says what to set, unless it is set already.
pub(super) async fn subscribe(api: &Api, secret_hashes: &[String], url: &str) -> Result<Vec<Subscription>, StoreError> {
    let there = all(api, secret_hashes).await?;
    if there.iter().any(|subscription| subscription.url == url && subscription.active) {
        return Ok(there);
    }
    Err(by_hand(
        api.shop(),
        &format!(
            "set SHELFD_WEBHOOK_URL={url} and SHELFD_WEBHOOK_SECRET in the shop's environment, and restart the shop"
        ),
    ))
}

pub(super) fn unsubscribe(api: &Api) -> StoreError {
    by_hand(api.shop(), "remove SHELFD_WEBHOOK_URL from the shop's environment, and restart the shop")
}

fn by_hand(shop: &str, what: &str) -> StoreError {
    let message = format!("webhooks are set up in the shop itself\n  hint: {what}");
    StoreError::Refused { shop: shop.to_owned(), code: "set_in_shop".to_owned(), message, resource: None }
}
