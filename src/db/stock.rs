//! Stock: what a step of a book changes in the ledger.

use std::collections::BTreeMap;

use super::orders::OrderLook;
use super::{SHEET, millis, whole};
use crate::catalog::{Pool, Sku};
use crate::clock::Time;
use crate::planted;
use crate::stock::{
    Book, Cause, Effect, Input, Intent, Meaning, OrdersSeen, Reading, Recent, Rule, Settled, Side, step,
};

/// Endpoints whose targets hang on a pool: they are hinted when it moves.
pub type Peers<'a> = &'a [String];

/// One input for one book.
#[derive(Debug, Clone)]
pub struct StockRequest {
    /// SKU.
    pub sku: Sku,
    /// Pool.
    pub pool: Pool,
    /// What happened, or is to happen.
    pub input: Input,
}

/// What one request led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChange {
    /// SKU.
    pub sku: Sku,
    /// Pool.
    pub pool: Pool,
    /// Effects, already written down.
    pub effects: Vec<Effect>,
}

/// Readings of one store pass, to be folded together with what its orders said.
#[derive(Debug, Clone)]
pub struct StockFold {
    /// Values read, by SKU; the slack of orders is added in the transaction.
    pub readings: Vec<(Sku, i64)>,
    /// When they were read.
    pub at: Time,
    /// The looks at the order list around them, for stores whose order list is the evidence.
    pub orders: Option<OrderLook>,
    /// See [`Input::Read`].
    pub stale_for: std::time::Duration,
    /// See [`Input::Read`].
    pub late_for: std::time::Duration,
}

/// Something about a SKU's stock that people should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockNote {
    /// Evidence could not decide a lost answer; the lower stock was assumed.
    Doubt,
    /// An overwritten sale was found and is being repaired.
    Overwritten(i64),
}

/// A recorded write that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// SKU.
    pub sku: Sku,
    /// Pool.
    pub pool: Pool,
    /// The write.
    pub intent: Intent,
    /// True when it may have been sent.
    pub unknown: bool,
}

impl OpenIntent {
    /// Would it have put this number into another row of its column?
    pub fn is_elsewhere_as(&self, sku: &Sku, pool: &Pool, value: i64) -> bool {
        self.sku != *sku && self.pool == *pool && self.intent.expected + self.intent.delta == value
    }
}

/// How one side of a book stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The value there that is folded.
    pub accounted: Option<i64>,
    /// A write is open there.
    pub open: bool,
    /// Units in the pool; `None` until it is founded.
    pub pool: Option<i64>,
}

impl Standing {
    /// Is there something to write: an open write, or a target that is not what is accounted?
    pub fn is_due(&self, rule: Rule) -> bool {
        let differs = |pool| self.open || self.accounted.is_some_and(|accounted| rule.target(pool) != accounted);
        self.pool.is_some_and(differs)
    }
}

impl StockFold {
    /// The steps to take, once the orders have been weighed: orders first, then values.
    pub(super) fn requests(self, pool: &Pool, mut seen: BTreeMap<Sku, OrdersSeen>) -> Vec<StockRequest> {
        let Self { readings, at, stale_for, late_for, .. } = self;
        let mut requests = Vec::with_capacity(seen.len() + readings.len());
        let request = |sku: Sku, input: Input| StockRequest { sku, pool: pool.clone(), input };
        for (sku, orders) in &seen {
            let OrdersSeen { took, gave, churn, .. } = *orders;
            if (took, gave, churn) != (0, 0, 0) {
                requests.push(request(sku.clone(), Input::Orders { took, gave, churn }));
            }
        }
        for (sku, value) in readings {
            let orders = seen.remove(&sku).unwrap_or_default();
            let OrdersSeen { slack_low, slack_high, around, .. } = orders;
            let reading = Reading { value, slack_low, slack_high, around, at };
            requests.push(request(sku, Input::Read { reading, meaning: Meaning::Shop, stale_for, late_for }));
        }
        requests
    }
}

/// A step of one endpoint's side, and what is to be stored of it.
pub(super) struct Stepped {
    /// The pool before it; 0 where it was not founded.
    before: i64,
    /// The fate of the write that was open, where the step was told it.
    settled: Option<Settled>,
    /// When that which it is told was read.
    read: Option<Time>,
    /// A column of the sheet was met anew: what stands there is accounted for, and the pool is still to be written.
    adopted: bool,
    /// The pool after it, where it changed.
    pub pool: Option<i64>,
    /// The side after it, times as they are kept.
    pub side: Side,
    /// What the step asked for.
    pub effects: Vec<Effect>,
}

/// One thing that a step writes beside pool and side. They come in the order they must be written in.
pub(super) enum Write<'a> {
    /// A movement; the endpoints that hang on the pool are hinted at.
    Movement { units: i64, cause: &'static str, pool_after: i64 },
    /// A write that is about to be sent.
    Intent(&'a Intent),
    /// The open write is settled.
    Close(Settled),
    /// A stock write was done: letters that say it was refused are void.
    Taken,
    /// The endpoint's own stock is to be planned again.
    Replan,
    /// A line of the audit, on stock.
    Audit(String),
    /// A letter of doubt: stands in the row's status until somebody has counted.
    Doubt(&'static str),
    /// A stock-take was read at this time: letters that asked for it are void.
    Counted(Time),
}

/// Step one endpoint's side of a book.
pub(super) fn step_side(endpoint: &str, units: Option<i64>, side: Side, input: Input) -> Stepped {
    let settled = match &input {
        Input::Settle { settled, .. } if side.intent.is_some() => Some(*settled),
        _ => None,
    };
    let read = match &input {
        Input::Read { reading, .. } | Input::Astray { reading, .. } => Some(reading.at),
        _ => None,
    };
    let is_new = endpoint == SHEET && units.is_some() && side.accounted.is_none();
    let mut book = Book { pool: units, sides: [(endpoint.to_owned(), side)].into() };
    let effects = step(&mut book, endpoint, input);
    let mut side = book.sides.remove(endpoint).unwrap_or_default();
    if let Some(intent) = &mut side.intent {
        intent.recorded = whole(intent.recorded);
    }
    side.recent.iter_mut().for_each(|recent| recent.until = whole(recent.until));
    let pool = book.pool.filter(|_| book.pool != units);
    let adopted = is_new && side.accounted.is_some();
    Stepped { before: units.unwrap_or(0), settled, read, adopted, pool, side, effects }
}

impl Stepped {
    /// What is to be written beside pool and side.
    pub fn writes(&self) -> Vec<Write<'_>> {
        let closed = |settled: Settled| {
            let taken = (settled == Settled::Done).then_some(Write::Taken);
            [Write::Close(settled)].into_iter().chain(taken)
        };
        let mut writes: Vec<Write<'_>> = self.settled.into_iter().flat_map(closed).collect();
        let mut pool_after = self.before;
        for effect in &self.effects {
            match effect {
                Effect::Moved { units, cause } => {
                    pool_after += units;
                    let cause = match cause {
                        Cause::Founded => "founded",
                        Cause::Orders => "orders",
                        Cause::Counted => "counted",
                        Cause::Observed => "observed",
                    };
                    if cause == "counted" {
                        writes.push(Write::Audit(format!("counted: {pool_after} ({units:+})")));
                    }
                    writes.push(Write::Movement { units: *units, cause, pool_after });
                    writes.extend(self.read.filter(|_| cause == "counted").map(Write::Counted));
                }
                Effect::Send(_) if planted!(NoIntent) => {}
                Effect::Send(intent) => writes.push(Write::Intent(intent)),
                Effect::Resolved { settled, .. } => writes.extend(closed(*settled).chain([Write::Replan])),
                Effect::Overwritten(units) => {
                    let words = format!("{units} sold while shelfd set the stock here; taken away again");
                    writes.extend([Write::Replan, Write::Audit(words)]);
                }
                Effect::Doubt(intent) => {
                    let Intent { expected, delta, .. } = intent;
                    writes.push(Write::Audit(format!(
                        "a write's answer was lost ({expected} {delta:+}) and what is there now decides nothing: the \
                         lower stock was assumed"
                    )));
                    writes.push(Write::Doubt(
                        "a write's answer was lost and nothing tells whether it was done; the lower stock was assumed: \
                         please count",
                    ));
                }
                Effect::Astray(Intent { expected, delta, .. }) => {
                    writes.extend([
                        Write::Replan,
                        Write::Audit(format!(
                            "the number is the one that a write for another row was to put over the same one ({expected} \
                             {delta:+}) when it was cut short: the lower stock was assumed"
                        )),
                        Write::Doubt(
                            "a write for another row was cut short, and nothing tells whether it or a person put this number \
                             here; the lower stock was assumed: please count",
                        ),
                    ]);
                }
                Effect::LookAgain | Effect::Doubtful(..) => {}
            }
        }
        if self.adopted {
            writes.push(Write::Replan);
        }
        writes
    }
}

/// How a settled write is kept.
pub(super) fn settled_name(settled: Settled) -> &'static str {
    match settled {
        Settled::Done => "done",
        Settled::NotDone => "not_done",
    }
}

/// Recent values as the ledger on disk keeps them: `[[value, until], …]`.
pub(super) fn recent_to_text(recent: &[Recent]) -> String {
    let pairs: Vec<(i64, i64)> = recent.iter().map(|recent| (recent.value, millis(recent.until))).collect();
    serde_json::to_string(&pairs).unwrap_or_else(|_| "[]".to_owned())
}
