//! Trouble on the way: answers lost after the work, errors, slow calls, webhooks that go astray.

use std::collections::BTreeMap;
use std::time::Duration;

use shelfd::lab::courier::Misdelivery;
use shelfd::lab::gate::{Fault, FaultKind};
use shelfd::lab::world::World;
use shelfd::rng::Rng;

/// The lab's WooCommerce shop holds up its webhooks by so much to begin with.
const WOO_DELAY_MILLIS: u64 = 50;

/// Draws trouble and counts it.
pub struct Trouble {
    rng: Rng,
    /// How often each kind was switched on.
    pub counts: BTreeMap<&'static str, u64>,
    /// The WooCommerce shop says late what its orders took and gave back.
    pub says_late: bool,
}

impl Trouble {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed ^ 0x7472_6f75), counts: BTreeMap::new(), says_late: false }
    }

    /// A new life of the daemon: old trouble may end, new trouble may begin.
    pub fn turn(&mut self, world: &World) {
        if self.rng.chance(0.4) {
            self.clear(world);
        }
        if self.rng.chance(0.3) {
            self.fault(world);
        }
        if self.rng.chance(0.15) {
            self.misdeliver(world);
        }
        if self.rng.chance(0.1) {
            self.count("late order entries");
            self.says_late = true;
            world.woocommerce().set_order_gap(self.millis(50, 400));
        }
    }

    /// The end of all trouble.
    pub fn clear(&mut self, world: &World) {
        for gate in [world.google().gate(), world.shopify().gate(), world.woocommerce().gate()] {
            gate.clear_faults();
        }
        self.says_late = false;
        world.woocommerce().set_order_gap(Duration::ZERO);
        world.shopify().courier().set(Misdelivery::default());
        world.woocommerce().courier().set(Misdelivery { delay_millis: WOO_DELAY_MILLIS, ..Misdelivery::default() });
    }

    fn fault(&mut self, world: &World) {
        let gates = [world.google().gate(), world.shopify().gate(), world.woocommerce().gate()];
        let (name, fault) = match self.rng.below(9) {
            0..=1 => ("answer lost after the work", FaultKind::DropAfter),
            2 => ("cut before the work", FaultKind::DropBefore),
            3 => ("503 before the work", FaultKind::StatusBefore { status: 503, retry_after: None }),
            4 => ("429 with Retry-After", FaultKind::StatusBefore { status: 429, retry_after: Some(1) }),
            5 => ("503 after the work", FaultKind::StatusAfter { status: 503 }),
            6 => ("slow call", FaultKind::Delay { millis: self.rng.between(50, 400).unsigned_abs() }),
            7 => ("HTML instead of JSON", FaultKind::Html),
            _ => ("half an answer", FaultKind::Truncate),
        };
        self.count(name);
        let times = u32::try_from(self.rng.between(1, 2)).ok();
        let skip = u32::try_from(self.rng.between(0, 6)).unwrap_or_default();
        let gate = gates[self.rng.below(gates.len())];
        gate.add_fault(Fault { fault, call: String::new(), times, skip });
    }

    fn misdeliver(&mut self, world: &World) {
        self.count("webhooks lost, doubled and late");
        let how = Misdelivery { lost: 0.3, doubled: 0.3, late: 0.5, late_millis: 1_500, ..Misdelivery::default() };
        match self.rng.below(2) {
            0 => world.shopify().courier().set(how),
            _ => world.woocommerce().courier().set(Misdelivery { delay_millis: WOO_DELAY_MILLIS, ..how }),
        }
    }

    fn millis(&mut self, from: i64, to: i64) -> Duration {
        Duration::from_millis(self.rng.between(from, to).unsigned_abs())
    }

    fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }
}
