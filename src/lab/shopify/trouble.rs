//! What goes wrong between a shop and its app: tokens that expire, an app that is removed, scopes that were never granted,
//! points that are gone, webhooks signed with another secret.

use std::time::Duration;

use super::ShopifyFace;
use crate::clock;

/// What is wrong now.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The app is no longer installed: no token is good and none is given.
    pub revoked: bool,
    /// Webhooks are signed with this in place of the client secret.
    pub signing_secret: Option<String>,
    /// In place of the options' unit.
    pub retry_unit: Option<Duration>,
}

impl ShopifyFace {
    /// Let all tokens of the client-credentials grant expire now.
    pub fn expire_tokens(&self) {
        self.tokens().clear();
    }

    /// Take the app out of the shop, or put it back. Its tokens and subscriptions go with it.
    pub fn set_revoked(&self, revoked: bool) {
        self.trouble().revoked = revoked;
        if revoked {
            self.expire_tokens();
            self.remove_subscriptions();
        }
    }

    /// Delete all webhook subscriptions, as the platform does with those that keep failing.
    pub fn remove_subscriptions(&self) {
        self.world().subscriptions.clear();
    }

    /// Sign webhooks with another secret, as in the hour after it was changed; `None`: with the client secret.
    pub fn sign_with(&self, secret: Option<String>) {
        self.trouble().signing_secret = secret;
    }

    /// What the waits between tries of a webhook are counted in.
    pub fn set_retry_unit(&self, unit: Duration) {
        self.trouble().retry_unit = Some(unit);
    }

    /// What the app may do from now on.
    pub fn set_scopes(&self, scopes: &[String]) {
        self.world().scopes = scopes.iter().cloned().collect();
    }

    /// Points that are in the bucket now, and how many come back each second.
    pub fn set_points(&self, available: Option<f64>, per_second: Option<f64>) {
        self.bucket().set(available, per_second, clock::now());
    }

    pub(super) fn signing_secret(&self) -> String {
        self.trouble().signing_secret.clone().unwrap_or_else(|| self.options().client_secret.clone())
    }

    pub(super) fn retry_unit(&self) -> Duration {
        self.trouble().retry_unit.unwrap_or(self.options().retry_unit)
    }
}
