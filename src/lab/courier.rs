//! Delivers webhooks as the platforms do, and misdelivers them on request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::stores::signature::sign_base64_hmac_sha256;

/// A webhook on its way. Built at delivery time, because WooCommerce builds its payload then.
pub struct Parcel {
    /// Where to.
    pub url: String,
    /// Headers, signature included.
    pub headers: Vec<(String, String)>,
    /// Raw body.
    pub body: Vec<u8>,
}

impl Parcel {
    /// Replace the signature, if there is one. All platforms here sign with base64 of HMAC-SHA256 over the body.
    fn sign_anew(&mut self, secret: &str) {
        let signature = sign_base64_hmac_sha256(secret, &self.body);
        let is_signature = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.ends_with("-signature") || name.ends_with("-hmac-sha256")
        };
        for (_, value) in self.headers.iter_mut().filter(|(name, _)| is_signature(name)) {
            value.clone_from(&signature);
        }
    }
}

/// How deliveries go wrong. Shares are in `0.0..=1.0` of all deliveries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Misdelivery {
    /// Never sent.
    pub lost: f64,
    /// Sent twice.
    pub doubled: f64,
    /// Sent late by up to `late_millis`, and so out of order.
    pub late: f64,
    /// Longest delay of a late one.
    pub late_millis: u64,
    /// Every delivery takes at least so long (a shop's job queue).
    pub delay_millis: u64,
    /// Held back until the next one has gone out, for [`HELD_MAX`] at most.
    pub reordered: f64,
    /// Signed with a secret that is not in use any more.
    pub old_secret: f64,
}

/// A delivery that waits to be overtaken goes out after so long all the same.
pub const HELD_MAX: Duration = Duration::from_secs(5);

/// What deliveries of an old secret are signed with.
pub const OLD_SECRET: &str = "the-secret-before-this-one";

/// How a platform posts.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// It gives up on an answer after so long.
    pub timeout: Duration,
    /// It speaks HTTP/1.0.
    pub http_1_0: bool,
}

impl Default for Manner {
    /// HTTP/1.1, five seconds (Shopify's limit).
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), http_1_0: false }
    }
}

/// The courier of one shop. Cheap to clone; deliveries run as tasks of the current Tokio runtime.
#[derive(Clone, Default)]
pub struct Courier {
    how: Arc<Mutex<Misdelivery>>,
    http: Arc<std::sync::OnceLock<reqwest::Client>>,
    manner: Manner,
    /// Tells those held back that one has gone out.
    overtaken: Arc<Notify>,
}

impl Courier {
    /// One that posts in its platform's manner.
    pub fn with(manner: Manner) -> Self {
        Self { manner, ..Self::default() }
    }

    fn how(&self) -> MutexGuard<'_, Misdelivery> {
        self.how.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change how deliveries go wrong.
    pub fn set(&self, how: Misdelivery) {
        *self.how() = how;
    }

    fn http(&self) -> reqwest::Client {
        // Neither platform follows redirects with a webhook.
        let builder =
            || reqwest::Client::builder().timeout(self.manner.timeout).redirect(reqwest::redirect::Policy::none());
        self.http.get_or_init(|| builder().build().unwrap_or_default()).clone()
    }

    /// Deliver. `build` makes the parcel when it is really sent (`None`: nothing to send any more); `done` hears the
    /// status of each try (`None`: no answer).
    pub fn send<B, D>(&self, build: B, done: D)
    where
        B: Fn() -> Option<Parcel> + Send + Sync + 'static,
        D: Fn(Option<u16>) + Send + Sync + 'static,
    {
        let how = self.how().clone();
        if crate::clock::jitter() < how.lost {
            return;
        }
        let mut delay = how.delay_millis;
        if crate::clock::jitter() < how.late {
            delay += (crate::clock::jitter() * how.late_millis as f64) as u64;
        }
        let copies = if crate::clock::jitter() < how.doubled { 2 } else { 1 };
        let held = crate::clock::jitter() < how.reordered;
        let old_secret = crate::clock::jitter() < how.old_secret;
        let (http, manner, overtaken) = (self.http(), self.manner, Arc::clone(&self.overtaken));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            if held {
                // Being overtaken or not, it goes out.
                let _ = tokio::time::timeout(HELD_MAX, overtaken.notified()).await;
            }
            for _ in 0..copies {
                let Some(mut parcel) = build() else { return };
                if old_secret {
                    parcel.sign_anew(OLD_SECRET);
                }
                let mut request = http.post(&parcel.url).body(parcel.body);
                if manner.http_1_0 {
                    request = request.version(reqwest::Version::HTTP_10);
                }
                for (name, value) in parcel.headers {
                    request = request.header(name, value);
                }
                done(request.send().await.ok().map(|response| response.status().as_u16()));
            }
            if !held {
                overtaken.notify_waiters();
            }
        });
    }
}
