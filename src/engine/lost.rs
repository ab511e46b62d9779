//! Writes to the sheet whose answer was lost, for a while after their own fate is known: rows may have been sorted under them,
//! and where looks are stale the number that one left in another row shows only later.

use std::time::Duration;

use crate::clock::Time;
use crate::db::OpenIntent;

/// Remembered in memory only: a program that is killed meanwhile knows no more than the ledger does.
#[derive(Debug, Default)]
pub(super) struct LostLately(Vec<(OpenIntent, Time)>);

impl LostLately {
    /// Remember a write that was lost before `now`.
    pub fn add(&mut self, lost: OpenIntent, now: Time) {
        self.0.retain(|(other, _)| (&other.sku, &other.pool, &other.intent) != (&lost.sku, &lost.pool, &lost.intent));
        self.0.push((lost, now));
    }

    /// All that are remembered.
    pub fn all(&self) -> Vec<OpenIntent> {
        self.0.iter().map(|(lost, _)| lost.clone()).collect()
    }

    /// The whole sheet was read at this time, and what it showed has been taken in; rows that show a number which still
    /// `waits` have not.
    pub fn forget(&mut self, read: Time, stale_for: Duration, waits: impl Fn(&OpenIntent) -> bool) {
        self.0.retain(|(lost, since)| read < *since + stale_for || waits(lost));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Sku;
    use crate::stock::Intent;

    #[test]
    fn a_lost_write_is_forgotten_once_a_later_read_was_taken_in() {
        let at = |secs: i64| Time::from_timestamp(1_800_000_000 + secs, 0).unwrap();
        let intent = Intent { expected: 8, delta: 1, key: "k".to_owned(), recorded: at(0) };
        let lost = OpenIntent { sku: Sku::new("A").unwrap(), pool: "main".to_owned(), intent, unknown: true };
        let mut lately = LostLately::default();
        lately.add(lost.clone(), at(0));
        lately.add(lost, at(5));
        let forget = |lately: &mut LostLately, read, waits: bool| {
            lately.forget(at(read), Duration::from_secs(45), |_| waits);
            lately.all().len()
        };
        assert_eq!(forget(&mut lately, 49, false), 1, "counted from the last time that it was in doubt");
        assert_eq!(forget(&mut lately, 50, true), 1);
        assert_eq!(forget(&mut lately, 50, false), 0);
    }
}
