//! When status texts are written: with stock that is written anyway, or by themselves after a pause.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::catalog::Sku;
use crate::clock::Time;

/// Status texts alone are not worth a call each: they wait for company this long. Stock never waits.
pub(super) const STATUS_PACE: Duration = Duration::from_secs(3);

/// Whose texts wait, and since when nothing was written.
#[derive(Debug, Default)]
pub(super) struct StatusPace {
    written: Option<Time>,
    waiting: BTreeSet<Sku>,
}

impl StatusPace {
    /// Must texts alone wait, since something was written a moment ago? Then they go with the next stock.
    pub fn must_wait<'s>(&mut self, skus: impl IntoIterator<Item = &'s Sku>, now: Time) -> bool {
        let waits = self.written.is_some_and(|written| now < written + STATUS_PACE);
        if waits {
            self.waiting.extend(skus.into_iter().cloned());
        }
        waits
    }

    /// Stock is about to be written: whose texts go with it.
    pub fn board(&mut self) -> Vec<Sku> {
        std::mem::take(&mut self.waiting).into_iter().collect()
    }

    /// Something was written.
    pub fn note_written(&mut self, now: Time) {
        self.written = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_wait_but_not_for_ever() {
        let mut pace = StatusPace::default();
        let (sku, start) = (Sku::new("A").unwrap(), Time::UNIX_EPOCH);
        assert!(!pace.must_wait([&sku], start), "nothing was written yet");
        pace.note_written(start);
        let soon = start + STATUS_PACE / 2;
        assert!(pace.must_wait([&sku], soon));
        assert_eq!(pace.board(), std::slice::from_ref(&sku), "stock is written: the text goes with it");
        assert!(pace.board().is_empty(), "once");
        assert!(!pace.must_wait([&sku], start + STATUS_PACE));
    }
}
