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
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::catalog::{Cell, Sku};
    use crate::clock;
    use crate::db::{MemoryLedger, SHEET, StockRequest, Want};
    use crate::engine::{Engine, ReadManner, SheetPlan, Timing};
    use crate::sheet::SheetError;
    use crate::sheet::testing::{Entered, FakeBook, Op, When, mapping, number, text};
    use crate::stock::{Input, Intent, Meaning, Reading};
    use crate::telemetry::Meters;

    const SOLD_AT: &str = "shop";

    fn sku(sku: &str) -> Sku {
        Sku::new(sku).unwrap()
    }

    /// A and B with a stock of 5 each.
    fn rows() -> Vec<Vec<Entered>> {
        let row = |sku: &str| vec![text(sku), number(5.0), text("")];
        vec![["SKU", "Stock", "Status"].map(text).to_vec(), row("A"), row("B")]
    }

    /// An engine whose ledger knows these rows and a shop's stock of A.
    async fn engine(book: &Arc<FakeBook>) -> Engine {
        let sheet = SheetPlan {
            tabs: vec![mapping("Shop", &["SKU"])],
            block_rows: 1_000,
            decimals: 2,
            zone: chrono_tz::Tz::UTC,
        };
        let timing = Timing { settle: Duration::ZERO, ..Timing::default() };
        let ledger = Arc::new(MemoryLedger::new());
        let engine = Engine::new(ledger, book.clone(), sheet, Vec::new(), timing, Meters::default());
        engine.read_sheet(ReadManner::Full).await.unwrap();
        engine.flush_sheet("test").await.unwrap();
        shop_shows(&engine, 5).await;
        engine
    }

    async fn shop_shows(engine: &Engine, units: i64) {
        let (stale_for, late_for) = (Duration::ZERO, Duration::ZERO);
        let reading = Reading::exact(units, clock::now());
        let input = Input::Read { reading, meaning: Meaning::Shop, stale_for, late_for };
        let request = StockRequest { sku: sku("A"), pool: "main".to_owned(), input };
        engine.ledger.stock(SOLD_AT, vec![request], &[], clock::now()).await.unwrap();
        engine.ledger.hint(SHEET, &[("A".to_owned(), Want::STOCK, clock::now())]).await.unwrap();
    }

    /// Rows are sorted under the write for A, so that it hits B, which showed the same number; its answer is lost; and the look
    /// that follows is older than the write.
    fn hide_a_hit(book: &FakeBook) {
        let next = |op: Op| book.calls().iter().filter(|call| **call == op).count() + 1;
        let (write, look) = (next(Op::Write), next(Op::Read) + 1);
        book.hook(When::Before(Op::Write, write), |tabs| tabs[0].rows[1..].reverse());
        book.fail(Op::Write, write, true, SheetError::AnswerLost("HTTP 503".to_owned()));
        let now = Arc::new(Mutex::new(Vec::new()));
        let kept = now.clone();
        book.hook(When::Before(Op::Read, look), move |tabs| {
            let mut older = rows();
            older[1..].reverse();
            *kept.lock().unwrap() = std::mem::replace(&mut tabs[0].rows, older);
        });
        book.hook(When::After(Op::Read, look), move |tabs| tabs[0].rows = std::mem::take(&mut now.lock().unwrap()));
    }

    #[tokio::test]
    async fn a_number_that_a_lost_write_left_elsewhere_raises_nothing() {
        let book = Arc::new(FakeBook::new(vec![("Shop", rows())]).conditional());
        let engine = engine(&book).await;
        hide_a_hit(&book);
        shop_shows(&engine, 7).await;
        engine.flush_sheet("test").await.unwrap();
        let shown = |row: usize| book.with_tab("Shop", |tab| (tab.shown(row, 0), tab.shown(row, 1)));
        let seven = |sku: &str| (Cell::from_text(sku), Cell::Number(7.0));
        assert_eq!((shown(1), shown(2)), (seven("B"), seven("A")), "the hit was not seen, and A has its own");

        engine.read_sheet(ReadManner::Full).await.unwrap();
        let pool = async |of: &str| engine.ledger.book(&sku(of), &"main".to_owned()).await.unwrap().pool;
        assert_eq!((pool("A").await, pool("B").await), (Some(7), Some(5)));
        let letters = engine.ledger.dead_letters().await.unwrap();
        let said: Vec<_> = letters.iter().map(|letter| (letter.sku.as_str(), letter.code.as_str())).collect();
        assert_eq!(said, [("B", "doubt")]);
        engine.flush_sheet("test").await.unwrap();
        assert_eq!(shown(1), (Cell::from_text("B"), Cell::Number(5.0)));
    }

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
