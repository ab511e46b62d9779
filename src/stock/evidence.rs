//! From two looks at the order list to what orders took, and how sure that is.

use std::time::Duration;

use super::Window;
use crate::clock::Time;
use crate::planted;

/// A share that stays in flight for longer was never taken: the product's stock is not managed there, or the request died.
const IN_FLIGHT_MAX: Duration = Duration::from_secs(180);

/// One order line as seen in one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineEvidence {
    /// Units that the line has taken and not given back.
    pub share: i64,
    /// Units being taken (positive) or given back (negative) without the line saying so yet.
    pub in_flight: i64,
    /// Units ordered.
    pub quantity: i64,
    /// When the order was last changed, by the store's clock.
    pub modified: Time,
    /// When it was created, by the store's clock.
    pub created: Time,
}

/// What the ledger remembers of a line: its share when last folded, and what was in flight then. `None`: never seen.
pub type Share = Option<(i64, i64)>;

/// What all looks together say of one SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrdersSeen {
    /// Units taken since last folded.
    pub took: i64,
    /// Units given back since last folded.
    pub gave: i64,
    /// Units that may have been taken and given back unseen: they moved nothing, but a write may have fallen in between.
    pub churn: i64,
    /// See [`super::Reading::slack_low`].
    pub slack_low: i64,
    /// See [`super::Reading::slack_high`].
    pub slack_high: i64,
    /// See [`super::Reading::around`].
    pub around: Window,
    /// True when some line is in flight: the order must be looked at again.
    pub in_flight: bool,
}

impl OrdersSeen {
    /// Add another line's evidence.
    pub fn add(&mut self, other: Self) {
        self.took += other.took;
        self.gave += other.gave;
        self.churn += other.churn;
        self.slack_low += other.slack_low;
        self.slack_high += other.slack_high;
        self.around.took += other.around.took;
        self.around.gave += other.around.gave;
        self.in_flight |= other.in_flight;
    }
}

/// Weigh one order line.
///
/// `before` is the line in the look before the stock was read (`None`: not in it, so as remembered), `after` the one in
/// the look after it. `baseline` is when shelfd first looked at the shop's orders: a line never seen, of an order created
/// before that, had taken its share before the stock was first read, so it moves nothing. `now` is the store's clock.
pub fn weigh(
    remembered: Share,
    before: Option<LineEvidence>,
    after: LineEvidence,
    baseline: Time,
    now: Time,
) -> OrdersSeen {
    let is_old = after.created < baseline;
    let remembered = remembered.filter(|_| !planted!(SharesForgotten));
    let known = remembered.map_or(if is_old { after.share } else { 0 }, |(share, _)| share);
    let earlier = if planted!(OneLookAtOrders) { after.share } else { before.map_or(known, |line| line.share) };
    let in_flight = if now - after.modified > chrono_duration(IN_FLIGHT_MAX) { 0 } else { after.in_flight };
    let in_flight = if planted!(InFlightIgnored) { 0 } else { in_flight };
    // What an order did before anybody looked, or since it was last seen under way.
    let unseen = remembered.map_or(!is_old, |(_, in_flight)| in_flight > 0);
    let rest = (after.quantity - known.max(after.share) - after.in_flight.max(0)).max(0);
    let churn = if unseen && !planted!(ChurnIgnored) { rest } else { 0 };
    // Between the looks the share moved: whether the stock in the middle has it in is not known.
    let around = Window { took: (after.share - earlier).max(0), gave: (earlier - after.share).max(0) + churn };
    OrdersSeen {
        took: (after.share - known).max(0),
        gave: (known - after.share).max(0),
        churn,
        slack_low: around.took + (-in_flight).max(0),
        slack_high: around.gave + in_flight.max(0),
        around,
        in_flight: in_flight != 0,
    }
}

fn chrono_duration(duration: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX)
}
