//! What each order line has taken, and the two looks at the order list around a reading.

use std::collections::BTreeMap;

use crate::catalog::Sku;
use crate::clock::Time;
use crate::stock::{LineEvidence, OrdersSeen, Share, weigh};

/// An order line as seen, with the SKU that the ledger lists for what was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLine {
    /// Order id.
    pub order: String,
    /// Line id.
    pub line: String,
    /// SKU.
    pub sku: Sku,
    /// What it says.
    pub evidence: LineEvidence,
}

/// The looks before and after the stock was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLook {
    /// Lines in the look before.
    pub before: Vec<SeenLine>,
    /// Lines in the look after.
    pub after: Vec<SeenLine>,
    /// Orders that were asked for by id and came in neither look: deleted, or in the trash. One that is taken out of it
    /// again has changed.
    pub gone: Vec<String>,
    /// When shelfd first looked at this shop's orders, by the shop's clock.
    pub baseline: Time,
    /// The shop's clock now.
    pub now: Time,
    /// Newest change that the second look has read: the next look starts there.
    pub cursor: Time,
}

/// Where a store's order evidence stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCursor {
    /// See [`OrderLook::baseline`].
    pub baseline: Time,
    /// Where the next look starts.
    pub since: Time,
    /// Orders in flight when last read.
    pub in_flight: Vec<String>,
}

/// What is remembered of an order line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeptShare {
    /// Its share when last folded.
    pub share: i64,
    /// Units that were in flight then.
    pub in_flight: i64,
}

impl OrderLook {
    /// Each line as last seen, with what the look before said of it, by order and line. An order that is gone by the
    /// second look stands as the first one saw it.
    pub(super) fn lines(&self) -> Vec<(&SeenLine, Option<LineEvidence>)> {
        let mut lines: BTreeMap<(&str, &str), (&SeenLine, Option<LineEvidence>)> = BTreeMap::new();
        for line in &self.before {
            lines.insert((&line.order, &line.line), (line, Some(line.evidence)));
        }
        for line in &self.after {
            let earlier = lines.get(&(line.order.as_str(), line.line.as_str())).and_then(|(_, earlier)| *earlier);
            lines.insert((&line.order, &line.line), (line, earlier));
        }
        lines.into_values().collect()
    }

    /// What one of [`lines`](Self::lines) says against what is remembered of it, and what to remember from now on.
    pub(super) fn weigh(
        &self,
        remembered: Share,
        line: &SeenLine,
        earlier: Option<LineEvidence>,
    ) -> (OrdersSeen, KeptShare) {
        let orders = weigh(remembered, earlier, line.evidence, self.baseline, self.now);
        let in_flight = if orders.in_flight { line.evidence.in_flight } else { 0 };
        (orders, KeptShare { share: line.evidence.share, in_flight })
    }
}

/// The fact that holds where the next look at a store's orders starts.
pub(super) fn cursor_name(endpoint: &str) -> String {
    format!("orders.cursor.{endpoint}")
}

/// The fact that holds when shelfd first looked at a store's orders.
pub(super) fn baseline_name(endpoint: &str) -> String {
    format!("orders.baseline.{endpoint}")
}

/// A time as a fact holds it.
pub(super) fn time_to_fact(time: Time) -> String {
    super::millis(time).to_string()
}

/// A time read back from a fact.
pub(super) fn time_of_fact(text: Option<&str>) -> Option<Time> {
    text.and_then(|text| text.parse().ok()).map(super::time)
}
