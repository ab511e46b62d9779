//! Webhooks on their way, observed on WooCommerce 10.0.2.
//!
//! The payload is built at delivery. While a delivery for a webhook and resource waits, another is not queued. There is
//! no retry; the seventh failure in a row disables the webhook, and what is queued is sent all the same.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;

use super::Shop;
use super::hooks::signing_secret;
use super::php;
use super::world::{WOOCOMMERCE_VERSION, WORDPRESS_VERSION};
use crate::lab::courier::Parcel;
use crate::stores::signature::{sha256_hex, sign_base64_hmac_sha256};

/// Failures in a row that a webhook survives; one more disables it.
const SURVIVED_FAILURES: u32 = 5 + 1;

/// Longest that the creation of a webhook waits for its ping; the real site waits five seconds.
const PING_WAIT: Duration = Duration::from_secs(5);

/// A place in the queue. Given up when the delivery starts, or when the courier loses it.
struct Place {
    shop: Weak<Shop>,
    key: (u64, u64),
    ticket: u64,
}

impl Place {
    fn give_up(&self) {
        let Some(shop) = self.shop.upgrade() else { return };
        let mut world = shop.world();
        if world.pending.get(&self.key) == Some(&self.ticket) {
            world.pending.remove(&self.key);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.give_up();
    }
}

fn user_agent() -> (String, String) {
    let value = format!("WooCommerce/{WOOCOMMERCE_VERSION} Hookshot (WordPress/{WORDPRESS_VERSION})");
    ("User-Agent".to_owned(), value)
}

impl Shop {
    /// Queue a delivery, unless one for the same webhook and resource waits already.
    pub(super) fn queue(self: &Arc<Self>, hook: u64, resource: u64) {
        let key = (hook, resource);
        let ticket = {
            let mut world = self.world();
            if world.pending.contains_key(&key) {
                return;
            }
            let ticket = world.fresh_id();
            world.pending.insert(key, ticket);
            ticket
        };
        let place = Place { shop: Arc::downgrade(self), key, ticket };
        let (shop, teller) = (Arc::clone(self), Arc::clone(self));
        let build = move || {
            place.give_up();
            shop.parcel(hook, resource)
        };
        self.courier.send(build, move |status| teller.delivered(hook, status));
    }

    fn parcel(&self, hook: u64, resource: u64) -> Option<Parcel> {
        let world = self.world();
        let hook = world.hooks.get(&hook)?;
        let body = php::json(&world.payload(&hook.topic, resource));
        let signature = sign_base64_hmac_sha256(&signing_secret(hook), body.as_bytes());
        let (kind, event) = hook.topic.split_once('.').unwrap_or_default();
        // Of webhook and second, so not unique.
        let delivery = sha256_hex(format!("{}{}", hook.id, world.now().timestamp()).as_bytes());
        let own = [
            ("Content-Type", "application/json".to_owned()),
            ("X-WC-Webhook-Source", format!("{}/", world.site)),
            ("X-WC-Webhook-Topic", hook.topic.clone()),
            ("X-WC-Webhook-Resource", kind.to_owned()),
            ("X-WC-Webhook-Event", event.to_owned()),
            ("X-WC-Webhook-Signature", signature),
            ("X-WC-Webhook-ID", hook.id.to_string()),
            ("X-WC-Webhook-Delivery-ID", delivery.chars().take(32).collect()),
        ];
        let headers = std::iter::once(user_agent()).chain(own.map(|(name, value)| (name.to_owned(), value)));
        Some(Parcel { url: hook.url.clone(), headers: headers.collect(), body: body.into_bytes() })
    }

    fn delivered(self: &Arc<Self>, hook: u64, status: Option<u16>) {
        let ping_again = {
            let mut world = self.world();
            let Some(hook) = world.hooks.get_mut(&hook) else { return };
            if status.is_some_and(|status| (200..=302).contains(&status)) {
                hook.failures = 0;
            } else if hook.failures >= SURVIVED_FAILURES {
                hook.status = "disabled".to_owned();
            } else {
                hook.failures += 1;
            }
            // Counting saves the webhook, and each save repeats an unanswered ping.
            hook.unpinged && hook.status == "active"
        };
        if ping_again {
            self.send_ping(hook, |_| {});
        }
    }

    fn send_ping(self: &Arc<Self>, id: u64, done: impl Fn(Option<u16>) + Send + Sync + 'static) {
        let (shop, teller) = (Arc::clone(self), Arc::clone(self));
        let build = move || {
            let url = shop.world().hooks.get(&id)?.url.clone();
            let form = "application/x-www-form-urlencoded".to_owned();
            let headers = vec![user_agent(), ("Content-Type".to_owned(), form)];
            Some(Parcel { url, headers, body: format!("webhook_id={id}").into_bytes() })
        };
        self.courier.send(build, move |status| {
            if status == Some(200)
                && let Some(hook) = teller.world().hooks.get_mut(&id)
            {
                hook.unpinged = false;
            }
            done(status);
        });
    }

    /// Ping the webhooks that an answer shows and that are due for it, and wait as the real site does.
    pub(super) async fn ping_shown(self: &Arc<Self>, shown: &Value) {
        let due: Vec<u64> = {
            let world = self.world();
            let due = |id: &u64| world.hooks.get(id).is_some_and(|hook| hook.unpinged && hook.status == "active");
            shown_ids(shown).into_iter().filter(due).collect()
        };
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        for id in due {
            let tell = tell.clone();
            self.send_ping(id, move |status| {
                // Nobody listens any more after the time limit.
                let _ = tell.send(status);
            });
        }
        drop(tell);
        let all = async { while told.recv().await.is_some() {} };
        // A ping that is not answered in time changes nothing: 201 all the same.
        let _ = tokio::time::timeout(PING_WAIT, all).await;
    }
}

/// Ids of a single answer, or of what a batch created or updated.
fn shown_ids(shown: &Value) -> Vec<u64> {
    let id = |item: &Value| item.get("id").and_then(Value::as_u64);
    let lists = ["create", "update"].into_iter().filter_map(|key| shown.get(key)?.as_array());
    id(shown).into_iter().chain(lists.flatten().filter_map(id)).collect()
}
