//! Hints: "look at this SKU at this endpoint". How they merge, and how a pass leaves them.

use std::time::Duration;

use super::whole;
use crate::clock::Time;
use crate::planted;

/// What a hint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Want {
    /// The value there may have changed: read it.
    pub look: bool,
    /// Its target may have changed: plan stock.
    pub stock: bool,
    /// Its sheet row may have changed: plan content.
    pub content: bool,
}

impl Want {
    /// Read the value there.
    pub const LOOK: Self = Self { look: true, stock: false, content: false };
    /// Plan stock.
    pub const STOCK: Self = Self { look: false, stock: true, content: false };
    /// Plan content.
    pub const CONTENT: Self = Self { look: false, stock: false, content: true };

    fn and(self, other: Self) -> Self {
        Self { look: self.look || other.look, stock: self.stock || other.stock, content: self.content || other.content }
    }
}

/// One hint taken for a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// SKU as text; `*` for everything.
    pub sku: String,
    /// What it asks for.
    pub want: Want,
    /// Failed tries so far.
    pub attempts: u32,
    /// Must be unchanged when the hint is finished.
    pub seq: i64,
}

/// How a pass left a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintDone {
    /// Done with.
    Cleared,
    /// Again later; `failed` counts an attempt.
    Again {
        /// In how long.
        after: Duration,
        /// Whether a try failed.
        failed: bool,
        /// What is still wanted.
        want: Want,
    },
}

/// A hint as it is kept for one SKU of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeptHint {
    pub want: Want,
    pub due: Time,
    pub attempts: u32,
    pub seq: i64,
}

impl KeptHint {
    /// Given for the first time.
    pub fn new(want: Want, due: Time) -> Self {
        Self { want, due: whole(due), attempts: 0, seq: 1 }
    }

    /// Given again: due at the earlier of both times, and its attempts start anew.
    pub fn again(self, want: Want, due: Time) -> Self {
        Self { want: self.want.and(want), due: self.due.min(whole(due)), attempts: 0, seq: self.seq + 1 }
    }

    /// What a pass leaves of it; `None` when it is done with. One that was given again meanwhile stays, with what the pass still
    /// wants besides.
    pub fn finished(self, taken: &Hint, done: &HintDone, now: Time) -> Option<Self> {
        if self.seq != taken.seq && !planted!(HintsFinishedBlindly) {
            return Some(match *done {
                HintDone::Again { want, .. } if !planted!(WishForgotten) => Self { want: self.want.and(want), ..self },
                HintDone::Again { .. } | HintDone::Cleared => self,
            });
        }
        match *done {
            HintDone::Cleared => None,
            HintDone::Again { after, failed, want } => {
                let attempts = self.attempts + u32::from(failed);
                Some(Self { want, due: whole(now + after), attempts, seq: self.seq })
            }
        }
    }
}
