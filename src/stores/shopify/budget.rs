//! Pure: the cost bucket. A leaky bucket of points per app and shop, refilled continuously
//! (<https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits>).

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

use crate::clock::Time;

use super::queries::Operation;

/// Points per second of the smallest plan, assumed until the shop says what it has.
const RESTORE_ASSUMED: f64 = 100.0;
/// Ten times the restore rate: the smallest bucket seen.
const MAXIMUM_ASSUMED: f64 = 1000.0;
/// Shopify refuses any single document above this.
const SINGLE_MAX: f64 = 1000.0;
/// No wait is longer: a full bucket takes 20 s to refill, so more is a mistake in somebody's numbers.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// A throttled call that is told to wait for nothing would spin.
const WAIT_MIN: Duration = Duration::from_millis(100);

/// `extensions.cost.throttleStatus`, in points and points per second.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThrottleStatus {
    pub(super) maximum_available: f64,
    pub(super) currently_available: f64,
    pub(super) restore_rate: f64,
}

/// `extensions.cost` of an answer, in points.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    pub(super) requested_query_cost: Option<f64>,
    pub(super) throttle_status: Option<ThrottleStatus>,
}

impl Cost {
    /// How long a throttled call has to wait until it can be afforded. `None` when the answer does not say enough.
    pub(super) fn wait(&self) -> Option<Duration> {
        let status = self.throttle_status?;
        let missing = self.requested_query_cost? - status.currently_available;
        Some(refill_time(missing, status.restore_rate).max(WAIT_MIN))
    }
}

/// What is known of the bucket, and what calls under way have taken from it.
#[derive(Debug)]
pub(super) struct Budget {
    available: f64,
    maximum: f64,
    restore_rate: f64,
    at: Time,
    under_way: f64,
    seen_costs: HashMap<(&'static str, usize), f64>,
}

impl Budget {
    /// A full bucket of the smallest plan.
    pub(super) fn new(now: Time) -> Self {
        Self {
            available: MAXIMUM_ASSUMED,
            maximum: MAXIMUM_ASSUMED,
            restore_rate: RESTORE_ASSUMED,
            at: now,
            under_way: 0.0,
            seen_costs: HashMap::new(),
        }
    }

    /// Take the points of one call. `Ok` is what was taken, to be given to [`Budget::settle`]; `Err` is how long to
    /// wait before asking again, and nothing was taken.
    pub(super) fn take(&mut self, operation: &Operation, now: Time) -> Result<f64, Duration> {
        self.refill(now);
        let seen = self.seen_costs.get(&(operation.name, operation.size)).copied();
        // A document never costs more than the bucket holds, or it could wait for ever.
        let cost = seen.unwrap_or_else(|| f64::from(operation.guess)).min(SINGLE_MAX).min(self.maximum);
        let missing = cost + self.under_way - self.available;
        if missing > 0.0 {
            return Err(refill_time(missing, self.restore_rate).max(WAIT_MIN));
        }
        self.under_way += cost;
        Ok(cost)
    }

    /// A call ended. `cost` is what its answer said, if there was one.
    pub(super) fn settle(&mut self, operation: &Operation, taken: f64, cost: Option<&Cost>, now: Time) {
        self.refill(now);
        self.under_way = (self.under_way - taken).max(0.0);
        if let Some(requested) = cost.and_then(|cost| cost.requested_query_cost) {
            self.seen_costs.insert((operation.name, operation.size), requested);
        }
        match cost.and_then(|cost| cost.throttle_status) {
            Some(status) => {
                self.maximum = status.maximum_available.max(1.0);
                self.restore_rate = status.restore_rate;
                self.available = status.currently_available.min(self.maximum);
            }
            // No word from the shop: it has probably charged the call.
            None => self.available = (self.available - taken).max(0.0),
        }
    }

    fn refill(&mut self, now: Time) {
        // A clock that was set back refills nothing.
        let elapsed = (now - self.at).to_std().unwrap_or_default();
        self.available = self.restore_rate.mul_add(elapsed.as_secs_f64(), self.available).min(self.maximum);
        self.at = now;
    }
}

fn refill_time(missing: f64, restore_rate: f64) -> Duration {
    if missing <= 0.0 {
        return Duration::ZERO;
    }
    let seconds = missing / restore_rate.max(1.0);
    Duration::try_from_secs_f64(seconds).map_or(WAIT_MAX, |wait| wait.min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::queries::{ADJUST_STOCK, VARIANTS_BY_ID, VARIANTS_PAGE};
    use super::*;

    fn at(millis: i64) -> Time {
        Time::UNIX_EPOCH + TimeDelta::milliseconds(millis)
    }

    fn cost(requested: f64, available: f64) -> Cost {
        let status = ThrottleStatus { maximum_available: 2000.0, currently_available: available, restore_rate: 100.0 };
        Cost { requested_query_cost: Some(requested), throttle_status: Some(status) }
    }

    #[test]
    fn waits_until_the_cost_is_affordable() {
        let mut budget = Budget::new(at(0));
        assert_eq!(budget.take(&VARIANTS_PAGE, at(0)), Ok(500.0));
        budget.settle(&VARIANTS_PAGE, 500.0, Some(&cost(600.0, 100.0)), at(1000));
        // 600 wanted, 100 there, 100 a second.
        assert_eq!(budget.take(&VARIANTS_PAGE, at(1000)), Err(Duration::from_secs(5)));
        assert_eq!(budget.take(&VARIANTS_PAGE, at(4000)), Err(Duration::from_secs(2)));
        assert_eq!(budget.take(&VARIANTS_PAGE, at(6000)), Ok(600.0));
    }

    #[test]
    fn calls_under_way_count() {
        let mut budget = Budget::new(at(0));
        assert_eq!(budget.take(&VARIANTS_PAGE, at(0)), Ok(500.0));
        assert_eq!(budget.take(&VARIANTS_PAGE, at(0)), Ok(500.0));
        assert_eq!(budget.take(&ADJUST_STOCK, at(0)), Err(Duration::from_millis(200)));
        budget.settle(&VARIANTS_PAGE, 500.0, Some(&cost(500.0, 1500.0)), at(0));
        assert_eq!(budget.take(&ADJUST_STOCK, at(0)), Ok(20.0));
    }

    #[test]
    fn a_call_without_an_answer_is_charged() {
        let mut budget = Budget::new(at(0));
        for _ in 0..2 {
            let taken = budget.take(&VARIANTS_PAGE, at(0)).unwrap();
            budget.settle(&VARIANTS_PAGE, taken, None, at(0));
        }
        assert_eq!(budget.take(&VARIANTS_PAGE, at(0)), Err(Duration::from_secs(5)));
        assert_eq!(budget.take(&VARIANTS_PAGE, at(5000)), Ok(500.0));
    }

    #[test]
    fn sizes_are_remembered_apart() {
        let mut budget = Budget::new(at(0));
        let (one, many) = (VARIANTS_BY_ID.sized(1), VARIANTS_BY_ID.sized(100));
        assert_eq!(budget.take(&one, at(0)), Ok(5.0));
        budget.settle(&one, 5.0, Some(&cost(6.0, 1000.0)), at(0));
        assert_eq!(budget.take(&many, at(0)), Ok(500.0));
        assert_eq!(budget.take(&one, at(0)), Ok(6.0));
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        let mut budget = Budget::new(at(0));
        let status = ThrottleStatus { maximum_available: 50.0, currently_available: 10.0, restore_rate: 0.0 };
        let odd = Cost { requested_query_cost: Some(9e9), throttle_status: Some(status) };
        let taken = budget.take(&ADJUST_STOCK, at(0)).unwrap();
        budget.settle(&ADJUST_STOCK, taken, Some(&odd), at(0));
        // More than the bucket holds is cut to the bucket; a rate of zero is read as one; a clock set back refills
        // nothing.
        assert_eq!(budget.take(&ADJUST_STOCK, at(-10_000)), Err(Duration::from_secs(40)));
        assert_eq!(odd.wait(), Some(WAIT_MAX));
    }

    #[test]
    fn throttled_answers_say_how_long() {
        assert_eq!(cost(600.0, 100.0).wait(), Some(Duration::from_secs(5)));
        assert_eq!(cost(10.0, 100.0).wait(), Some(WAIT_MIN));
        assert_eq!(Cost { requested_query_cost: None, throttle_status: None }.wait(), None);
    }
}
