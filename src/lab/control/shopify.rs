//! What only the Shopify shop can suffer from.

use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Deserializer};

use super::{Input, Shared, done};

/// What is left out stays as it is.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Trouble {
    expire_tokens: bool,
    revoked: Option<bool>,
    remove_subscriptions: bool,
    scopes: Option<Vec<String>>,
    points: Option<f64>,
    points_per_second: Option<f64>,
    retry_unit_millis: Option<u64>,
    /// Null puts the client secret back.
    #[serde(deserialize_with = "given")]
    webhook_secret: Option<Option<String>>,
}

/// Tells null from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(super) async fn trouble(State(lab): Shared, Input(trouble): Input<Trouble>) -> impl IntoResponse {
    let shop = &lab.shopify;
    if trouble.expire_tokens {
        shop.expire_tokens();
    }
    if let Some(revoked) = trouble.revoked {
        shop.set_revoked(revoked);
    }
    if trouble.remove_subscriptions {
        shop.remove_subscriptions();
    }
    if let Some(scopes) = &trouble.scopes {
        shop.set_scopes(scopes);
    }
    shop.set_points(trouble.points, trouble.points_per_second);
    if let Some(millis) = trouble.retry_unit_millis {
        shop.set_retry_unit(Duration::from_millis(millis));
    }
    if let Some(secret) = trouble.webhook_secret {
        shop.sign_with(secret);
    }
    done()
}
