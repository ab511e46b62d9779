//! Webhooks on their way: signed, retried with the same body, and given up on.
//! <https://shopify.dev/docs/apps/build/webhooks/delivery-structure>

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::SecondsFormat;

use super::event::Event;
use super::{API_VERSION, ShopifyFace, payload};
use crate::clock::{self, Time};
use crate::lab::courier::Parcel;
use crate::stores::signature::sign_base64_hmac_sha256;

/// Waits between the eight tries, in units of the lab's setting (a second): doubling, four hours in all.
/// <https://shopify.dev/changelog/updates-to-webhook-retry-mechanism>
pub(super) const RETRY_WAITS: [u32; 7] = [113, 227, 454, 907, 1814, 3628, 7257];
/// Failed tries without a good one between them, after which a message that is given up on takes its subscription along.
const FAILURES_MAX: u32 = 8;

/// One event on its way to one subscription. The address is the one at the time of the event.
struct Message {
    event: Event,
    subscription: u64,
    uri: String,
    webhook_id: String,
    event_id: String,
    triggered: Time,
    body: OnceLock<Option<Vec<u8>>>,
}

impl ShopifyFace {
    /// Send events to those who subscribed to them.
    pub(super) fn publish(&self, events: &[Event]) {
        let triggered = clock::now();
        for event in events {
            let event_id = clock::fresh_key();
            let subscribers: Vec<(u64, String)> = self
                .world()
                .subscriptions
                .values()
                .filter(|subscription| subscription.topic == event.topic && subscription.uri.starts_with("http"))
                .map(|subscription| (subscription.id, subscription.uri.clone()))
                .collect();
            for (subscription, uri) in subscribers {
                let message = Message {
                    event: *event,
                    subscription,
                    uri,
                    webhook_id: clock::fresh_key(),
                    event_id: event_id.clone(),
                    triggered,
                    body: OnceLock::new(),
                };
                self.try_message(Arc::new(message), 0);
            }
        }
    }

    fn try_message(&self, message: Arc<Message>, failed: usize) {
        // A doubled delivery is one try.
        let settled = AtomicBool::new(false);
        let (face, sent) = (self.clone(), message.clone());
        let build = move || face.parcel(&sent);
        let face = self.clone();
        let done = move |status: Option<u16>| {
            if !settled.swap(true, Ordering::Relaxed) {
                let good = status.is_some_and(|status| (200..300).contains(&status));
                face.settle(&message, failed, good);
            }
        };
        self.courier().send(build, done);
    }

    fn parcel(&self, message: &Message) -> Option<Parcel> {
        let world = self.world();
        let subscription = world.subscriptions.get(&message.subscription)?;
        let build = || {
            let mut body = payload::body(&world, &message.event)?;
            if let (false, Some(fields)) = (subscription.include_fields.is_empty(), body.as_object_mut()) {
                fields.retain(|name, _| subscription.include_fields.contains(name));
            }
            Some(body.to_string().into_bytes())
        };
        let body = message.body.get_or_init(build).clone()?;
        let topic = match message.event.topic.rsplit_once('_') {
            Some((resource, action)) => format!("{}/{}", resource.to_lowercase(), action.to_lowercase()),
            None => message.event.topic.to_lowercase(),
        };
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", "Shopify-Captain-Hook".to_owned()),
            ("X-Shopify-Topic", topic),
            ("X-Shopify-Hmac-Sha256", sign_base64_hmac_sha256(&self.signing_secret(), &body)),
            ("X-Shopify-Shop-Domain", self.options().domain.clone()),
            ("X-Shopify-Webhook-Id", message.webhook_id.clone()),
            ("X-Shopify-Event-Id", message.event_id.clone()),
            ("X-Shopify-Triggered-At", message.triggered.to_rfc3339_opts(SecondsFormat::Nanos, true)),
            ("X-Shopify-API-Version", API_VERSION.to_owned()),
        ];
        let named = subscription.name.clone().map(|name| ("X-Shopify-Name", name));
        let headers = headers.into_iter().chain(named).map(|(name, value)| (name.to_owned(), value)).collect();
        Some(Parcel { url: message.uri.clone(), headers, body })
    }

    fn settle(&self, message: &Arc<Message>, failed: usize, good: bool) {
        let mut world = self.world();
        let Some(subscription) = world.subscriptions.get_mut(&message.subscription) else { return };
        if good {
            subscription.failures = 0;
            return;
        }
        subscription.failures = subscription.failures.saturating_add(1);
        match RETRY_WAITS.get(failed) {
            Some(wait) => {
                let wait = self.retry_unit() * *wait;
                let (face, message) = (self.clone(), message.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    face.try_message(message, failed + 1);
                });
            }
            None if subscription.failures >= FAILURES_MAX => {
                world.subscriptions.remove(&message.subscription);
            }
            None => {}
        }
    }
}
