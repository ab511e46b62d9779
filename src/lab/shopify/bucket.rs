//! The leaky bucket of points that calls are paid from.
//! <https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits>

use serde_json::{Value, json};

use crate::clock::Time;

/// Points that are there, and how they come back.
#[derive(Debug)]
pub struct Bucket {
    max: f64,
    rate: f64,
    available: f64,
    at: Time,
}

impl Bucket {
    /// A full bucket; `rate` in points per second.
    pub fn new(max: f64, rate: f64, now: Time) -> Self {
        Self { max, rate, available: max, at: now }
    }

    /// Take the points a call may cost; false when they are not there.
    pub fn take(&mut self, points: f64, now: Time) -> bool {
        self.refill(now);
        let enough = points <= self.available;
        if enough {
            self.available -= points;
        }
        enough
    }

    /// Give back what a call did not use.
    pub fn give_back(&mut self, points: f64) {
        self.available = (self.available + points).min(self.max);
    }

    /// Change what is there now, and how much comes back each second.
    pub fn set(&mut self, available: Option<f64>, rate: Option<f64>, now: Time) {
        self.refill(now);
        self.available = available.unwrap_or(self.available).min(self.max);
        self.rate = rate.unwrap_or(self.rate);
    }

    /// `throttleStatus`.
    pub fn status(&self) -> Value {
        json!({
            "maximumAvailable": self.max,
            "currentlyAvailable": self.available.floor() as i64,
            "restoreRate": self.rate,
        })
    }

    fn refill(&mut self, now: Time) {
        // A clock set back restores nothing.
        let elapsed = (now - self.at).num_microseconds().unwrap_or_default().max(0) as f64 / 1e6;
        self.available = (self.available + elapsed * self.rate).min(self.max);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn points_come_back_with_time() {
        let start = crate::clock::now();
        let mut bucket = Bucket::new(100.0, 50.0, start);
        assert!(bucket.take(80.0, start));
        assert!(!bucket.take(30.0, start));
        assert!(bucket.take(30.0, start + TimeDelta::milliseconds(300)));
        bucket.give_back(500.0);
        assert_eq!(bucket.status()["currentlyAvailable"], 100);
    }
}
