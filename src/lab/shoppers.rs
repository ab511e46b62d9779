//! Shoppers who buy at random in both shops, and sometimes change their minds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use super::world::Lab;
use super::{Sale, ShopRefusal};
use crate::rng::Rng;

/// More would only measure the lab itself.
pub const PER_SECOND_MAX: f64 = 1_000.0;

/// New goods are noticed after so long; listing a large shop for each sale would slow it down.
const SHELF_AGE_MAX: Duration = Duration::from_secs(2);

/// How shoppers behave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShopperOptions {
    /// Visits a second, over both shops; 0 sends all shoppers home.
    pub per_second: f64,
    /// The same seed makes the same choices, as far as the shelves are the same.
    pub seed: u64,
    /// A visit buys 1 to so many units of one SKU.
    pub quantity_max: i64,
    /// Share of visits (`0.0..=1.0`) that cancel an earlier order instead of buying.
    pub cancel_share: f64,
    /// Only these SKUs; empty: all.
    pub skus: Vec<String>,
}

impl Default for ShopperOptions {
    fn default() -> Self {
        Self { per_second: 0.0, seed: 1, quantity_max: 3, cancel_share: 0.1, skus: Vec::new() }
    }
}

impl ShopperOptions {
    /// What is wrong with the options, in words.
    ///
    /// # Errors
    /// The first wrong one.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=PER_SECOND_MAX).contains(&self.per_second) {
            return Err(format!("per_second must be from 0 to {PER_SECOND_MAX}"));
        }
        if !(0.0..=1.0).contains(&self.cancel_share) {
            return Err("cancel_share must be from 0 to 1".to_owned());
        }
        if self.quantity_max < 1 {
            return Err("quantity_max must be 1 or more".to_owned());
        }
        Ok(())
    }
}

/// What shoppers did since they were started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopperCounts {
    /// Orders made.
    pub orders: u64,
    /// Units in them.
    pub units: i64,
    /// Orders cancelled.
    pub cancelled: u64,
    /// Visits that found too few units.
    pub sold_out: u64,
    /// Visits that found an empty shop.
    pub empty_shop: u64,
}

/// Shoppers on their way; dropping them sends them home.
pub struct Shoppers {
    options: ShopperOptions,
    counts: Arc<Mutex<ShopperCounts>>,
    task: JoinHandle<()>,
}

impl Shoppers {
    /// Start. `per_second` must be above zero, see [`ShopperOptions::check`].
    pub(super) fn start(lab: Arc<Lab>, options: ShopperOptions) -> Self {
        let counts = Arc::new(Mutex::new(ShopperCounts::default()));
        let crowd = Crowd::new(lab, options.clone(), Arc::clone(&counts));
        Self { options, counts, task: tokio::spawn(crowd.run()) }
    }

    /// How they were started.
    pub fn options(&self) -> &ShopperOptions {
        &self.options
    }

    /// What they did so far.
    pub fn counts(&self) -> ShopperCounts {
        lock(&self.counts).clone()
    }
}

impl Drop for Shoppers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(counts: &Mutex<ShopperCounts>) -> MutexGuard<'_, ShopperCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Crowd {
    lab: Arc<Lab>,
    options: ShopperOptions,
    counts: Arc<Mutex<ShopperCounts>>,
    rng: Rng,
    /// Open orders by shop.
    orders: BTreeMap<&'static str, Vec<Sale>>,
    /// SKUs by shop, and when they were looked at.
    shelves: BTreeMap<&'static str, (Instant, Vec<String>)>,
}

impl Crowd {
    fn new(lab: Arc<Lab>, options: ShopperOptions, counts: Arc<Mutex<ShopperCounts>>) -> Self {
        let rng = Rng::new(options.seed);
        Self { lab, options, counts, rng, orders: BTreeMap::new(), shelves: BTreeMap::new() }
    }

    async fn run(mut self) {
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / self.options.per_second));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // They hold the lab, so they must go when it closes.
        let closed = self.lab.stop.clone();
        while closed.run_until_cancelled(ticks.tick()).await.is_some() {
            self.visit();
        }
    }

    fn visit(&mut self) {
        let lab = Arc::clone(&self.lab);
        let Some((name, shop)) = self.rng.pick(&lab.shops()).copied() else { return };
        // Drawn in any case, so that the choices that follow do not depend on whether there is an order.
        let cancels = self.rng.chance(self.options.cancel_share);
        let orders = self.orders.entry(name).or_default();
        if cancels && !orders.is_empty() {
            let order = orders.swap_remove(self.rng.below(orders.len()));
            // Staff may have cancelled it already.
            if shop.cancel(&order.order).is_ok() {
                lock(&self.counts).cancelled += 1;
            }
            return;
        }
        let quantity = self.rng.between(1, self.options.quantity_max);
        let Some(sku) = self.pick_sku(name) else {
            lock(&self.counts).empty_shop += 1;
            return;
        };
        match shop.sell(&sku, quantity) {
            Ok(sale) => {
                let mut counts = lock(&self.counts);
                counts.orders += 1;
                counts.units += sale.quantity;
                self.orders.entry(name).or_default().push(sale);
            }
            Err(ShopRefusal::OutOfStock(_)) => lock(&self.counts).sold_out += 1,
            Err(ShopRefusal::UnknownSku | ShopRefusal::UnknownOrder | ShopRefusal::SkuTaken) => {
                lock(&self.counts).empty_shop += 1
            }
        }
    }

    fn pick_sku(&mut self, name: &'static str) -> Option<String> {
        let is_fresh = self.shelves.get(name).is_some_and(|(seen, _)| seen.elapsed() < SHELF_AGE_MAX);
        if !is_fresh {
            let (_, shop) = self.lab.shops().into_iter().find(|(shop, _)| *shop == name)?;
            let wanted = |sku: &String| self.options.skus.is_empty() || self.options.skus.contains(sku);
            let skus = shop.shelf().into_keys().filter(wanted).collect();
            self.shelves.insert(name, (Instant::now(), skus));
        }
        let (_, skus) = self.shelves.get(name)?;
        self.rng.pick(skus).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_options() {
        let check = |json: &str, expect: Option<&str>| {
            let options: ShopperOptions = serde_json::from_str(json).unwrap();
            assert_eq!(options.check().err().as_deref(), expect, "{json}");
        };
        check("{}", None);
        check(r#"{"per_second": 5.5, "seed": 3, "skus": ["A"]}"#, None);
        check(r#"{"per_second": -1}"#, Some("per_second must be from 0 to 1000"));
        check(r#"{"cancel_share": 2}"#, Some("cancel_share must be from 0 to 1"));
        check(r#"{"quantity_max": 0}"#, Some("quantity_max must be 1 or more"));
        assert!(serde_json::from_str::<ShopperOptions>(r#"{"per_secnod": 1}"#).is_err());
    }
}
