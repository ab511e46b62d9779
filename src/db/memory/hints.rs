//! Hints: "look at this SKU at this endpoint".

use super::{State, up_to};
use crate::clock::Time;
use crate::db::hints::KeptHint;
use crate::db::{Hint, HintDone, Want};

impl State {
    /// Hint inside a transaction.
    pub(super) fn give(&mut self, endpoint: &str, sku: &str, want: Want, due: Time) {
        let hints = &mut self.endpoint(endpoint).hints;
        if let Some(kept) = hints.get_mut(sku) {
            *kept = kept.again(want, due);
        } else {
            hints.insert(sku.to_owned(), KeptHint::new(want, due));
        }
    }

    pub(super) fn hint(&mut self, endpoint: &str, hints: &[(String, Want, Time)]) {
        for (sku, want, due) in hints {
            self.give(endpoint, sku, *want, *due);
        }
    }

    pub(super) fn due_hints(&self, endpoint: &str, now: Time, limit: u32) -> Vec<Hint> {
        let Some(held) = self.endpoints.get(endpoint) else { return Vec::new() };
        let mut due: Vec<(&String, &KeptHint)> = held.hints.iter().filter(|(_, kept)| kept.due <= now).collect();
        // Stable: those that are alike stay in the order of their SKUs.
        due.sort_by_key(|(sku, kept)| (*sku != "*", !kept.want.stock && !kept.want.look, kept.due));
        let taken = due.into_iter().take(up_to(limit));
        let hint = |(sku, kept): (&String, &KeptHint)| Hint {
            sku: sku.clone(),
            want: kept.want,
            attempts: kept.attempts,
            seq: kept.seq,
        };
        taken.map(hint).collect()
    }

    pub(super) fn next_due(&self, endpoint: &str) -> Option<Time> {
        self.endpoints.get(endpoint)?.hints.values().map(|kept| kept.due).min()
    }

    pub(super) fn stock_is_due(&self, endpoint: &str, now: Time) -> bool {
        let is_due = |kept: &KeptHint| kept.want.stock && kept.due <= now;
        self.endpoints.get(endpoint).is_some_and(|held| held.hints.values().any(is_due))
    }

    pub(super) fn finish_hints(&mut self, endpoint: &str, done: &[(Hint, HintDone)], now: Time) {
        let Some(held) = self.endpoints.get_mut(endpoint) else { return };
        for (taken, done) in done {
            let Some(kept) = held.hints.get_mut(&taken.sku) else { continue };
            match kept.finished(taken, done, now) {
                Some(left) => *kept = left,
                None => {
                    held.hints.remove(&taken.sku);
                }
            }
        }
    }
}
