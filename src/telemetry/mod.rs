//! What a process says of itself: its log, and every metric with its name.

#[cfg(feature = "daemon")]
mod start;

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::engine::Tally;
#[cfg(feature = "daemon")]
pub use start::{start_logging, start_tls};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    endpoint: String,
    outcome: String,
}

type ByEndpoint = Family<Endpoint, Counter>;
type ByOutcome = Family<Outcome, Counter>;

/// Counters for `/metrics`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Meters {
    registry: Arc<Registry>,
    passes: ByOutcome,
    written: ByEndpoint,
    refused: ByEndpoint,
    units_in: ByEndpoint,
    units_out: ByEndpoint,
    repaired: ByEndpoint,
    doubted: ByEndpoint,
    deliveries: ByOutcome,
}

impl Default for Meters {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("shelfd");
        let (passes, deliveries) = (ByOutcome::default(), ByOutcome::default());
        registry.register("passes", "Passes over an endpoint", passes.clone());
        registry.register("deliveries", "Webhooks by what became of them", deliveries.clone());
        let mut counter = |name: &str, help: &str| {
            let family = ByEndpoint::default();
            registry.register(name, help, family.clone());
            family
        };
        let written = counter("writes", "Items written and confirmed");
        let refused = counter("refusals", "Items that an endpoint would not take");
        let units_in = counter("units_in", "Units that moved into pools, by where it was seen");
        let units_out = counter("units_out", "Units that moved out of pools, by where it was seen");
        let repaired = counter("overwritten_sales", "Overwritten sales that evidence found, and that were repaired");
        let doubted = counter("doubts", "Lost answers that evidence could not decide; the lower stock was assumed");
        let registry = Arc::new(registry);
        Self { registry, passes, written, refused, units_in, units_out, repaired, doubted, deliveries }
    }
}

impl Meters {
    /// A pass ended.
    pub fn pass(&self, endpoint: &str, tally: Tally, ok: bool) {
        let outcome = if ok { "ok" } else { "failed" };
        self.passes.get_or_create(&Outcome { endpoint: endpoint.into(), outcome: outcome.into() }).inc();
        self.written.get_or_create(&Endpoint { endpoint: endpoint.into() }).inc_by(tally.written);
        self.refused.get_or_create(&Endpoint { endpoint: endpoint.into() }).inc_by(tally.refused);
    }

    /// Stock moved.
    pub fn moved(&self, endpoint: &str, units: i64) {
        let family = if units < 0 { &self.units_out } else { &self.units_in };
        family.get_or_create(&Endpoint { endpoint: endpoint.into() }).inc_by(units.unsigned_abs());
    }

    /// An overwritten sale was found.
    pub fn repaired(&self, endpoint: &str) {
        self.repaired.get_or_create(&Endpoint { endpoint: endpoint.into() }).inc();
    }

    /// A lost answer could not be decided.
    pub fn doubted(&self, endpoint: &str) {
        self.doubted.get_or_create(&Endpoint { endpoint: endpoint.into() }).inc();
    }

    /// A webhook came in: `stored`, `repeated`, `ping`, `rejected`.
    pub fn delivery(&self, shop: &str, outcome: &str) {
        self.deliveries.get_or_create(&Outcome { endpoint: shop.into(), outcome: outcome.into() }).inc();
    }

    /// All counters in Prometheus text form.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
