//! Retry policy, pure: what an adapter's error means, and when to try again.

use std::time::Duration;

/// What an error means for the next try. Every adapter error maps to exactly one, without a wildcard arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Passing trouble (time-out, 5xx, cut connection): try again with backoff.
    Retry,
    /// The other side said when to come back (429 with `Retry-After`, a drained cost bucket). Not counted as an attempt.
    Wait(Duration),
    /// This item will never be taken as it is: a dead letter, the rest goes on.
    Refused,
    /// Credentials are wrong or missing rights: the endpoint pauses and says so.
    Credentials,
    /// The thing written to is no longer there: look again before writing.
    Gone,
}

/// Code of a dead letter that passing trouble made: it is no answer of the other side, and the next sweep tries again.
pub const GAVE_UP: &str = "gave_up";

/// Limits of the backoff.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// First delay.
    pub base: Duration,
    /// No delay is longer.
    pub cap: Duration,
    /// After so many attempts an item is given up on.
    pub attempts_max: u32,
}

impl Default for Policy {
    fn default() -> Self {
        // 12 attempts under these bounds span 17 minutes at most, half of it on average: longer than the usual platform
        // hiccup, short enough that a merchant sees a dead letter soon. The next sweep tries again.
        Self { base: Duration::from_millis(500), cap: Duration::from_secs(600), attempts_max: 12 }
    }
}

/// What to do next with an item that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again after this delay; counts as an attempt.
    RetryIn(Duration),
    /// Try again after this delay; does not count.
    SnoozeFor(Duration),
    /// Give up: write a dead letter.
    Dead,
}

/// Decide what follows a failure. `attempt` counts from 1; `jitter` is a draw from `0.0..1.0` (full jitter).
pub fn next(policy: &Policy, attempt: u32, verdict: Verdict, jitter: f64) -> Next {
    match verdict {
        Verdict::Refused => Next::Dead,
        Verdict::Wait(delay) => Next::SnoozeFor(delay.min(policy.cap)),
        Verdict::Credentials => Next::SnoozeFor(policy.cap),
        Verdict::Retry | Verdict::Gone if attempt >= policy.attempts_max => Next::Dead,
        Verdict::Retry | Verdict::Gone => {
            let exponent = attempt.saturating_sub(1).min(20);
            let ceiling = policy.base.saturating_mul(1 << exponent).min(policy.cap);
            Next::RetryIn(ceiling.mul_f64(jitter.clamp(0.0, 1.0)).max(Duration::from_millis(50)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attempt: u32, verdict: Verdict, jitter: f64, expect: Next) {
        assert_eq!(next(&Policy::default(), attempt, verdict, jitter), expect);
    }

    #[test]
    fn retries_grow_and_end() {
        check(1, Verdict::Retry, 1.0, Next::RetryIn(Duration::from_millis(500)));
        check(3, Verdict::Retry, 0.5, Next::RetryIn(Duration::from_secs(1)));
        check(11, Verdict::Retry, 1.0, Next::RetryIn(Duration::from_secs(512)));
        check(12, Verdict::Retry, 1.0, Next::Dead);
        check(1, Verdict::Retry, 0.0, Next::RetryIn(Duration::from_millis(50)));
    }

    #[test]
    fn waiting_is_not_an_attempt() {
        check(12, Verdict::Wait(Duration::from_secs(3)), 1.0, Next::SnoozeFor(Duration::from_secs(3)));
        check(1, Verdict::Refused, 1.0, Next::Dead);
    }
}
