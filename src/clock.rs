//! The only place that reads the time or draws a random number.

use chrono::{DateTime, Utc};

/// A point in time, UTC. Times become UTC here, at the edge, and stay so.
pub type Time = DateTime<Utc>;

/// The current time.
#[expect(clippy::disallowed_methods, reason = "this is the clock's one home")]
pub fn now() -> Time {
    Utc::now()
}

/// A fresh idempotency key (UUID v4).
#[expect(clippy::disallowed_methods, reason = "this is randomness' one home")]
pub fn fresh_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A number in `0.0..1.0`, for backoff jitter.
#[expect(clippy::disallowed_methods, reason = "this is randomness' one home")]
pub fn jitter() -> f64 {
    rand::random::<f64>()
}
