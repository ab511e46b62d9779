//! Delivers webhooks as the platforms do, and misdelivers them on request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A webhook on its way. Built at delivery time, because WooCommerce builds its payload then.
pub struct Parcel {
    /// Where to.
    pub url: String,
    /// Headers, signature included.
    pub headers: Vec<(String, String)>,
    /// Raw body.
    pub body: Vec<u8>,
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
}

/// The courier of one shop. Cheap to clone; deliveries run as tasks of the current Tokio runtime.
#[derive(Clone, Default)]
pub struct Courier {
    how: Arc<Mutex<Misdelivery>>,
    http: Arc<std::sync::OnceLock<reqwest::Client>>,
}

impl Courier {
    fn how(&self) -> MutexGuard<'_, Misdelivery> {
        self.how.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change how deliveries go wrong.
    pub fn set(&self, how: Misdelivery) {
        *self.how() = how;
    }

    fn http(&self) -> reqwest::Client {
        let build = || reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap_or_default();
        self.http.get_or_init(build).clone()
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
        let http = self.http();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            for _ in 0..copies {
                let Some(parcel) = build() else { return };
                let mut request = http.post(&parcel.url).body(parcel.body);
                for (name, value) in parcel.headers {
                    request = request.header(name, value);
                }
                done(request.send().await.ok().map(|response| response.status().as_u16()));
            }
        });
    }
}
