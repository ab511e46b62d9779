//! Faults that come by themselves, by a seed: the same seed makes the same faults at the same times.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::gate::{Fault, FaultKind};
use super::world::Lab;
use crate::rng::Rng;

/// More would be nothing but faults.
const PER_MINUTE_MAX: f64 = 6_000.0;
/// A fault meets so many calls at most.
const TIMES_MAX: i64 = 3;
/// Longest of the waits that faults are made of.
const WAIT_MILLIS_MAX: i64 = 1_500;

/// A face of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Face {
    /// Sheets, Drive and tokens.
    #[serde(rename = "google", alias = "sheet")]
    Google,
    /// The Shopify shop.
    #[serde(rename = "shopify-lab", alias = "shopify")]
    Shopify,
    /// The WooCommerce shop.
    #[serde(rename = "woo-lab", alias = "woocommerce", alias = "woo")]
    WooCommerce,
}

impl Face {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Google, Self::Shopify, Self::WooCommerce];
}

/// Which kind of fault, its numbers left to chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 429, half of them with `Retry-After`.
    Throttled,
    /// 500, 502 or 503 before the work.
    StatusBefore,
    /// The same after it.
    StatusAfter,
    /// The connection is cut before the work.
    DropBefore,
    /// And after it.
    DropAfter,
    /// The work waits.
    Delay,
    /// The answer waits.
    DelayAfter,
    /// The answer comes in drops.
    Trickle,
    /// A page in place of JSON.
    Html,
    /// Half of the answer.
    Truncate,
    /// A proxy takes `Authorization` off.
    StripAuthorization,
    /// The token has run out.
    Expired,
}

impl Kind {
    /// Those that pass by themselves. The others, refused credentials, rightly make a caller pause for minutes.
    pub const PASSING: [Self; 10] = [
        Self::Throttled,
        Self::StatusBefore,
        Self::StatusAfter,
        Self::DropBefore,
        Self::DropAfter,
        Self::Delay,
        Self::DelayAfter,
        Self::Trickle,
        Self::Html,
        Self::Truncate,
    ];

    fn draw(self, rng: &mut Rng) -> FaultKind {
        let mut status = || rng.pick(&[500, 502, 503]).copied().unwrap_or(500);
        match self {
            Self::Throttled => FaultKind::StatusBefore { status: 429, retry_after: rng.chance(0.5).then_some(1) },
            Self::StatusBefore => FaultKind::StatusBefore { status: status(), retry_after: None },
            Self::StatusAfter => FaultKind::StatusAfter { status: status() },
            Self::DropBefore => FaultKind::DropBefore,
            Self::DropAfter => FaultKind::DropAfter,
            Self::Delay => FaultKind::Delay { millis: wait(rng) },
            Self::DelayAfter => FaultKind::DelayAfter { millis: wait(rng) },
            Self::Trickle => FaultKind::Trickle { millis: wait(rng) },
            Self::Html => FaultKind::Html,
            Self::Truncate => FaultKind::Truncate,
            Self::StripAuthorization => FaultKind::StripAuthorization,
            Self::Expired => FaultKind::Expired,
        }
    }
}

fn wait(rng: &mut Rng) -> u64 {
    rng.between(100, WAIT_MILLIS_MAX).unsigned_abs()
}

/// What is to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forecast {
    /// The same seed makes the same faults.
    pub seed: u64,
    /// Faults a minute over all faces, on average; 0: none.
    pub per_minute: f64,
    /// Kinds to choose from; empty: all that pass by themselves.
    pub kinds: Vec<Kind>,
    /// Faces to choose from; empty: all.
    pub faces: Vec<Face>,
}

impl Default for Forecast {
    fn default() -> Self {
        Self { seed: 1, per_minute: 0.0, kinds: Vec::new(), faces: Vec::new() }
    }
}

/// One fault to come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Squall {
    /// From the start, in milliseconds.
    pub at_millis: u64,
    /// Where.
    pub face: Face,
    /// What.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Forecast {
    /// What is wrong with it, in words.
    ///
    /// # Errors
    /// A rate that is out of range.
    pub fn check(&self) -> Result<(), String> {
        match (0.0..=PER_MINUTE_MAX).contains(&self.per_minute) {
            true => Ok(()),
            false => Err(format!("per_minute must be from 0 to {PER_MINUTE_MAX}")),
        }
    }

    /// All that will come, in order; without end unless the rate is zero.
    pub fn squalls(&self) -> impl Iterator<Item = Squall> + Send + use<> {
        let mut rng = Rng::new(self.seed);
        let kinds = if self.kinds.is_empty() { Kind::PASSING.to_vec() } else { self.kinds.clone() };
        let faces = if self.faces.is_empty() { Face::ALL.to_vec() } else { self.faces.clone() };
        // Between two faults lies from none to twice the mean.
        let most = if self.per_minute > 0.0 { 2.0 * 60_000.0 / self.per_minute } else { 0.0 };
        let mut at_millis = 0;
        std::iter::from_fn(move || {
            if most == 0.0 {
                return None;
            }
            at_millis += rng.between(1, most as i64).unsigned_abs();
            let face = *rng.pick(&faces)?;
            let fault = rng.pick(&kinds)?.draw(&mut rng);
            let times = u32::try_from(rng.between(1, TIMES_MAX)).ok();
            Some(Squall { at_millis, face, fault: Fault { fault, call: String::new(), times, skip: 0 } })
        })
    }
}

/// A forecast that is coming true. Dropping it ends it; faults that have come stay until they are spent.
pub struct Weather {
    forecast: Forecast,
    come: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Weather {
    /// Let it come.
    pub(super) fn start(lab: Arc<Lab>, forecast: Forecast) -> Self {
        let come = Arc::new(AtomicUsize::new(0));
        let (squalls, counted, started) = (forecast.squalls(), Arc::clone(&come), Instant::now());
        let task = tokio::spawn(async move {
            for squall in squalls {
                tokio::time::sleep_until(started + Duration::from_millis(squall.at_millis)).await;
                lab.gate(squall.face).add_fault(squall.fault);
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { forecast, come, task }
    }

    /// What was asked for.
    pub fn forecast(&self) -> &Forecast {
        &self.forecast
    }

    /// Faults that have come so far.
    pub fn come(&self) -> usize {
        self.come.load(Ordering::Relaxed)
    }
}

impl Drop for Weather {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(seed: u64) -> Forecast {
        Forecast { seed, per_minute: 120.0, ..Forecast::default() }
    }

    #[test]
    fn a_seed_makes_the_same_faults_again() {
        let draw = |forecast: &Forecast| forecast.squalls().take(500).collect::<Vec<_>>();
        assert_eq!(draw(&forecast(7)), draw(&forecast(7)));
        assert_ne!(draw(&forecast(7)), draw(&forecast(8)));
        let squalls = draw(&forecast(7));
        for kind in Kind::PASSING {
            let mut rng = Rng::new(1);
            let like = std::mem::discriminant(&kind.draw(&mut rng));
            let count = squalls.iter().filter(|squall| std::mem::discriminant(&squall.fault.fault) == like).count();
            assert!(count > 20, "{kind:?} came {count} times of 500");
        }
        let minutes = squalls.last().map_or(0.0, |last| last.at_millis as f64 / 60_000.0);
        assert!((3.3..5.0).contains(&minutes), "500 faults at 120 a minute took {minutes} minutes");
    }

    #[test]
    fn it_keeps_to_what_it_may_choose_from() {
        let only = Forecast { kinds: vec![Kind::Html], faces: vec![Face::Shopify], ..forecast(1) };
        for squall in only.squalls().take(50) {
            assert_eq!((squall.face, squall.fault.fault), (Face::Shopify, FaultKind::Html));
        }
        assert_eq!(Forecast::default().squalls().count(), 0);
        assert!(Forecast { per_minute: -1.0, ..Forecast::default() }.check().is_err());
    }
}
