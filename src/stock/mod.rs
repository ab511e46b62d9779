//! Pure stock arithmetic: pools, movements, targets, intents and how they are resolved (DESIGN section 3).
//!
//! [`step()`] is the whole of it: `(book, input) -> effects`. No clock, no randomness, no I/O; time comes in with the input.
//!
//! Words: a [`Book`] is everything known of one SKU in one pool. Each endpoint has a [`Side`] in it, whose `accounted` is
//! the value there that is already folded into the pool. `target − accounted` is what has to be written there.

mod evidence;
mod resolve;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::planted;
pub use evidence::{LineEvidence, OrdersSeen, Share, weigh};
pub use step::step;

/// Name of an endpoint: `sheet`, or a shop's name.
pub type EndpointId = String;

/// Everything known of one SKU's stock in one pool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Book {
    /// Units in the pool; `None` until the sheet has named a number.
    pub pool: Option<i64>,
    /// Each endpoint's side.
    pub sides: BTreeMap<EndpointId, Side>,
}

/// One endpoint's side of a book.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Side {
    /// The value there that is already folded into the pool; `None` before the first observation.
    pub accounted: Option<i64>,
    /// Our write that is recorded and not settled. While it is open, no value read there is folded.
    pub intent: Option<Intent>,
    /// What our last absolute write may have overwritten; open from its intent until an exact reading after it.
    pub window: Option<Window>,
    /// The open intent opened that window: should it surely not be made, nothing was overwritten.
    pub window_is_new: bool,
    /// Values that stood there until a moment ago, newest last. A read that still shows one may be older than what we know.
    pub recent: Vec<Recent>,
}

/// A write recorded before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The value that must be there.
    pub expected: i64,
    /// Units to add.
    pub delta: i64,
    /// Idempotency key.
    pub key: String,
    /// When it was recorded.
    pub recorded: Time,
}

/// Units that orders took or gave back while an absolute write was under way: at most so many can have been overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Window {
    /// Units taken.
    pub took: i64,
    /// Units given back.
    pub gave: i64,
}

/// A value that our write replaced, or that others left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// That value.
    pub value: i64,
    /// Until when a read may still be older than that.
    pub until: Time,
}

/// A value read at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The value.
    pub value: i64,
    /// By how much the value may exceed the truth that orders already tell (units about to be given back twice).
    pub slack_low: i64,
    /// By how much it may fall short of it (units that are being taken right now).
    pub slack_high: i64,
    /// What of these orders took and gave back around the reading: it may be older than that.
    pub around: Window,
    /// When the answer came in.
    pub at: Time,
}

impl Reading {
    /// A reading without doubt about orders.
    pub fn exact(value: i64, at: Time) -> Self {
        Self { value, slack_low: 0, slack_high: 0, around: Window::default(), at }
    }

    fn is_exact(&self) -> bool {
        self.slack_low == 0 && self.slack_high == 0
    }
}

/// How an endpoint takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// Refused by the endpoint itself unless the expected value is there.
    Checked,
    /// Adds to whatever is there.
    Additive,
    /// Overwrites whatever is there: opens a [`Window`].
    Absolute,
}

/// An endpoint's rule from pool to target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The pool as it is, below zero too: people must see that more was sold than there is.
    Mirror,
    /// What a shop may sell: the pool less a buffer, never below zero.
    Sellable {
        /// Units kept back.
        buffer: i64,
    },
}

/// What shelfd's own counter shows beside a column of everything that ever came in: units that left the pool in the shops, less
/// what came back there.
pub fn sold(received: i64, pool: i64) -> i64 {
    received - pool
}

impl Rule {
    /// The value that should stand at the endpoint.
    pub fn target(self, pool: i64) -> i64 {
        match self {
            Self::Mirror => pool,
            Self::Sellable { .. } if planted!(BufferIgnored) => pool.max(0),
            Self::Sellable { buffer } => pool.saturating_sub(buffer).max(0),
        }
    }
}

/// What happened to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Done.
    Done,
    /// Surely not done.
    NotDone,
}

/// What a step is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Orders at an endpoint took and gave back units since they were last folded.
    Orders {
        /// Units taken, zero or more.
        took: i64,
        /// Units given back, zero or more.
        gave: i64,
        /// Units that may have been taken and given back in between, zero or more.
        churn: i64,
    },
    /// A value was read there.
    Read {
        /// The reading.
        reading: Reading,
        /// What a number means that others put there.
        meaning: Meaning,
        /// How long after our own write a read may still be older than it.
        stale_for: std::time::Duration,
        /// How long a write whose answer was lost may still arrive.
        late_for: std::time::Duration,
    },
    /// A value was read there that another SKU's write of the same column, whose fate is open, would have put there, had rows
    /// been sorted under it. Where what was accounted for is what that write expected, it may be ours.
    Astray {
        /// The reading.
        reading: Reading,
        /// What a number means that others put there.
        meaning: Meaning,
        /// That write.
        of: Intent,
        /// See [`Input::Read`].
        stale_for: std::time::Duration,
        /// See [`Input::Read`].
        late_for: std::time::Duration,
    },
    /// Plan a write there, if one is due.
    Plan {
        /// From pool to target.
        rule: Rule,
        /// How writes are taken.
        kind: WriteKind,
        /// The reading that an absolute write starts from, where it left doubt: its value, and what orders did around it.
        /// Else `accounted`.
        from: Option<(i64, Window)>,
        /// Idempotency key to use.
        key: String,
        /// Now.
        now: Time,
    },
    /// We ourselves overwrote the value there without meaning to (rows were sorted under a write), and it still stands.
    Overwrote {
        /// What stands there now.
        value: i64,
        /// What stood there before, where that is known: what others had typed by then counts.
        had: Option<Had>,
        /// The key of a write that put that back and whose answer was lost, or that may never have been needed: it is open from
        /// now on.
        put_back: Option<String>,
        /// Now.
        now: Time,
        /// See [`Input::Read`]: for so long a reading may show what stood there before.
        stale_for: std::time::Duration,
    },
    /// What we had written there without meaning to is gone again.
    Restored {
        /// What stood there until now.
        value: i64,
        /// Now.
        now: Time,
        /// See [`Input::Read`]: for so long a reading may still show it.
        stale_for: std::time::Duration,
    },
    /// The open intent's fate is known.
    Settle {
        /// Its fate.
        settled: Settled,
        /// Now.
        now: Time,
        /// How long a read may still be older than the write.
        stale_for: std::time::Duration,
    },
}

/// What stood in a cell of the sheet when shelfd overwrote it without meaning to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Had {
    /// The number.
    pub value: i64,
    /// What a number means that others put there.
    pub meaning: Meaning,
    /// Another SKU's write, lately lost, that may have put it there.
    pub astray: Option<Intent>,
}

/// What a number means that others put somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// In a shop: its difference to what is accounted for moves the pool.
    Shop,
    /// In the sheet: the same, and the first one founds the pool.
    Edit,
    /// In a column of the sheet for stock-takes: the pool is set to it. What was sold until then is in it.
    Count,
    /// In a counter column of the sheet: all that ever came in. As an edit; but the pool is founded less what the counter
    /// beside it already shows as sold.
    Received {
        /// That counter.
        sold: i64,
    },
}

/// Where a movement came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The sheet's first number.
    Founded,
    /// Orders said so.
    Orders,
    /// People counted: the pool was set.
    Counted,
    /// The value there changed, and nobody but other people can have done it.
    Observed,
}

/// What a step asks for, beside the changed book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write down a movement (the pool has already moved).
    Moved {
        /// Units, positive or negative.
        units: i64,
        /// Why.
        cause: Cause,
    },
    /// An intent was recorded: send it.
    Send(Intent),
    /// The open intent was settled by a reading.
    Resolved {
        /// The intent.
        intent: Intent,
        /// Its fate.
        settled: Settled,
    },
    /// An overwritten sale (positive: units to take away again) was found by evidence and is being repaired.
    Overwritten(i64),
    /// Evidence cannot decide an intent's fate: the lower stock was assumed. Mark the row and alert.
    Doubt(Intent),
    /// The value may be another SKU's write that went astray, or somebody's: the lower stock was assumed. Mark the row and alert.
    Astray(Intent),
    /// Nothing can be said yet: read again later.
    LookAgain,
    /// The reading leaves doubt: its value, and what orders did around it.
    Doubtful(i64, Window),
}
