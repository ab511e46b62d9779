//! Settle time: a row that a person is still typing in is not pushed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalog::{Pool, Row, Sku};
use crate::clock::Time;

/// The fate of a lost write is known after less than that.
const WAITS_MAX: Duration = Duration::from_secs(120);

/// Remembers rows that differ from the ledger and since when they have looked the way they do.
#[derive(Debug, Default)]
pub struct Settler {
    settle: Duration,
    /// Rows, since when they have looked so, and when they were last read.
    waiting: BTreeMap<Sku, (Row, Time, Time)>,
}

impl Settler {
    /// With a settle time.
    pub fn new(settle: Duration) -> Self {
        Self { settle, waiting: BTreeMap::new() }
    }

    /// Sort changed rows of a full read into settled ones and ones still to wait for. Rows that are not given any more
    /// (changed back) are forgotten.
    pub fn sort(&mut self, changed: Vec<Row>, now: Time) -> Vec<Row> {
        let before = std::mem::take(&mut self.waiting);
        let mut settled = Vec::new();
        for row in changed {
            let since = before.get(&row.sku).filter(|(seen, ..)| same(seen, &row)).map_or(now, |(_, since, _)| *since);
            if now >= since + self.settle {
                settled.push(row);
            } else {
                self.waiting.insert(row.sku.clone(), (row, since, now));
            }
        }
        settled
    }

    /// Rows that have settled by the mere passing of time (the file has not changed since they were read), and when they
    /// were read: what was written meanwhile is not in them.
    pub fn ripe(&mut self, now: Time) -> Vec<(Row, Time)> {
        let settle = self.settle;
        let ripe: Vec<Sku> = self
            .waiting
            .iter()
            .filter(|(_, (_, since, _))| now >= *since + settle)
            .map(|(sku, _)| sku.clone())
            .collect();
        ripe.iter().filter_map(|sku| self.waiting.remove(sku)).map(|(row, _, read)| (row, read)).collect()
    }

    /// Rows that have settled and cannot be taken yet wait once more.
    pub fn wait_longer(&mut self, rows: Vec<(Row, Time)>, now: Time) {
        self.waiting.extend(rows.into_iter().map(|(row, read)| (row.sku.clone(), (row, now, read))));
    }

    /// Does a row that waits show this number as its stock, other than these? Not one that waits for long, as a renamed one does
    /// while another tab cannot be read: nothing else is to wait for it.
    pub fn shows(&self, pool: &Pool, units: i64, now: Time, but: impl Fn(&Sku) -> bool) -> bool {
        let shows = |row: &Row, read: Time| now < read + WAITS_MAX && row.stock.get(pool) == Some(&units);
        self.waiting.iter().any(|(sku, (row, _, read))| shows(row, *read) && !but(sku))
    }

    /// When the next row settles.
    pub fn next_due(&self) -> Option<Time> {
        self.waiting.values().map(|(_, since, _)| *since + self.settle).min()
    }
}

/// Same content and stock; a row that merely moved is the same row.
fn same(a: &Row, b: &Row) -> bool {
    a.hash() == b.hash() && a.stock == b.stock
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Money;

    fn row(price: &str) -> Row {
        Row {
            tab: "Products".into(),
            row: 2,
            sku: Sku::new("A").unwrap(),
            handle: None,
            options: vec![],
            title: Some("Mug".into()),
            price: Money::from_store(price),
            stock: BTreeMap::new(),
            sold: BTreeMap::new(),
            problems: vec![],
        }
    }

    #[test]
    fn half_typed_rows_wait() {
        let at = |secs: i64| Time::from_timestamp(1_800_000_000 + secs, 0).unwrap();
        let mut settler = Settler::new(Duration::from_secs(2));
        assert!(settler.sort(vec![row("1")], at(0)).is_empty());
        assert!(settler.sort(vec![row("12")], at(2)).is_empty(), "it changed again");
        assert_eq!(settler.next_due(), Some(at(4)));
        assert!(settler.ripe(at(3)).is_empty());
        assert_eq!(settler.ripe(at(4)), vec![(row("12"), at(2))], "as it was when read");
        assert_eq!(settler.next_due(), None);
        settler.sort(vec![row("1")], at(5));
        assert!(settler.sort(vec![], at(6)).is_empty(), "changed back");
        assert_eq!(settler.next_due(), None);
    }
}
