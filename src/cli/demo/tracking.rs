//! Pure: which movements a number already shows, what should stand where, and figures on waiting times.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use crate::catalog::Money;
use crate::lab::ShelfItem;
use crate::lab::world::SheetRow;
use crate::stock::Rule;

/// The shops sell what is in the pool, with nothing kept back.
pub const SHOP_RULE: Rule = Rule::Sellable { buffer: 0 };

/// How many of the pending movements, oldest first, are in the number shown. `truth` has all of them.
///
/// Where several counts explain the number, it is the fewest, unless the number is already what it should be.
pub fn arrived(rule: Rule, truth: i64, pending: &[i64], shown: i64) -> usize {
    if shown == rule.target(truth) {
        return pending.len();
    }
    let mut left: i64 = pending.iter().sum();
    for (count, units) in pending.iter().enumerate() {
        if shown == rule.target(truth - left) {
            return count;
        }
        left -= units;
    }
    0
}

/// A cell's whole number, if it is one.
pub fn units(cell: &Value) -> Option<i64> {
    let number = cell.as_f64()?;
    // Beyond 2^53 a cell is no longer exact, and no shelf holds as much.
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// A cell's price, if it is one.
pub fn price(cell: &Value) -> Option<Money> {
    match cell {
        Value::Number(number) => Decimal::try_from(number.as_f64()?).ok().and_then(Money::new),
        Value::String(text) => Money::from_store(text),
        _ => None,
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Which SKU.
    pub sku: String,
    /// Where: `sheet` or a shop.
    pub place: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// What was judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Rows that could be judged.
    pub judged: usize,
    /// Rows that cannot be: no key of their own, or a cell that is no number. Row number and what shelfd says of it.
    pub left_out: Vec<(u32, String)>,
    /// What is not as it should be.
    pub disagreements: Vec<Disagreement>,
}

/// Compare the sheet and the shops with each other, and the stock with what the movements say. `truth` is start + edits −
/// sales for each SKU; `shelves` are the shops by name.
pub fn judge(
    rows: &[SheetRow],
    truth: &BTreeMap<String, i64>,
    shelves: &[(&str, &BTreeMap<String, ShelfItem>)],
) -> Judgement {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for key in rows.iter().filter_map(|row| row.key.as_deref()) {
        *seen.entry(key).or_default() += 1;
    }
    let mut judgement = Judgement::default();
    for row in rows {
        let sku = row.key.as_deref().filter(|key| seen.get(key) == Some(&1));
        let cells = (units(&row.stock), price(&row.price));
        let (Some(sku), (Some(stock), Some(price))) = (sku, cells) else {
            judgement.left_out.push((row.row, row.status.as_str().unwrap_or_default().to_owned()));
            continue;
        };
        judgement.judged += 1;
        let mut complain = |place: &str, expected: String, found: String| {
            let (sku, place) = (sku.to_owned(), place.to_owned());
            judgement.disagreements.push(Disagreement { sku, place, expected, found });
        };
        let truth = truth.get(sku).copied();
        if truth != Some(stock) {
            complain("sheet", words(truth), format!("{stock} in stock"));
        }
        for (name, shelf) in shelves {
            let target = SHOP_RULE.target(truth.unwrap_or(stock));
            match shelf.get(sku) {
                None => complain(name, words(Some(target)), "nothing".to_owned()),
                Some(item) if item.stock != target => complain(name, words(Some(target)), words(Some(item.stock))),
                Some(item) if Money::from_store(&item.price) != Some(price) => {
                    complain(name, format!("price {price}"), format!("price {}", item.price));
                }
                Some(_) => {}
            }
        }
    }
    judgement
}

fn words(stock: Option<i64>) -> String {
    stock.map_or_else(|| "no number".to_owned(), |stock| format!("{stock} in stock"))
}

/// Waiting times, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Waits {
    /// How many were measured.
    pub count: usize,
    /// Half of them were no longer.
    pub p50: f64,
    /// 95 of 100 were no longer.
    pub p95: f64,
    /// The longest.
    pub max: f64,
}

impl Waits {
    /// Of samples in any order.
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_unstable_by(f64::total_cmp);
        // Nearest rank: the smallest sample that this share of all does not exceed.
        let rank = |share: f64| {
            let place = (samples.len() as f64 * share).ceil() as usize;
            samples.get(place.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { count: samples.len(), p50: rank(0.5), p95: rank(0.95), max: rank(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tells_which_movements_have_arrived() {
        let check = |truth: i64, pending: &[i64], shown: i64, expect: usize| {
            assert_eq!(arrived(SHOP_RULE, truth, pending, shown), expect, "{truth} {pending:?} {shown}");
        };
        check(7, &[-1, -2], 10, 0);
        check(7, &[-1, -2], 9, 1);
        check(7, &[-1, -2], 7, 2);
        // Nothing explains it: nothing is claimed.
        check(7, &[-1, -2], 5, 0);
        // Sold and given back: the number is right in either case.
        check(10, &[-1, 1], 10, 2);
        check(10, &[-1, 1], 9, 1);
        // +1 −1 +1 from 10: 11 is the right number, 10 could be none or two of them.
        check(11, &[1, -1, 1], 10, 0);
        // More was sold than there was: a shop shows nothing, the sheet shows the gap.
        check(-1, &[-2], 0, 1);
        assert_eq!(arrived(Rule::Mirror, -1, &[-2], 0), 0);
        assert_eq!(arrived(Rule::Mirror, -1, &[-2], -1), 1);
    }

    #[test]
    fn reads_cells() {
        let check = |cell: Value, expect_units: Option<i64>, expect_price: Option<&str>| {
            assert_eq!(units(&cell), expect_units, "{cell}");
            assert_eq!(price(&cell).map(Money::to_store).as_deref(), expect_price, "{cell}");
        };
        check(json!(12), Some(12), Some("12.00"));
        check(json!(12.5), None, Some("12.50"));
        check(json!(-1), Some(-1), None);
        check(json!(""), None, None);
        check(json!("abc"), None, None);
        check(Value::Null, None, None);
    }

    fn row(number: u32, key: &str, price: Value, stock: Value) -> SheetRow {
        let blank = || json!("");
        let key = (!key.is_empty()).then(|| key.to_owned());
        let (title, error, last_sync) = (json!("Mug"), blank(), blank());
        SheetRow { row: number, key, title, price, stock, status: json!("said"), error, last_sync }
    }

    fn shelf(items: &[(&str, &str, i64)]) -> BTreeMap<String, ShelfItem> {
        let item = |(sku, price, stock): &(&str, &str, i64)| {
            let item = ShelfItem {
                title: "Mug".to_owned(),
                variant: String::new(),
                price: (*price).to_owned(),
                stock: *stock,
            };
            ((*sku).to_owned(), item)
        };
        items.iter().map(item).collect()
    }

    #[test]
    fn judges_every_row() {
        let check = |truth: i64, stock: i64, in_shop: &[(&str, &str, i64)], expect: &[(&str, &str)]| {
            let truth = BTreeMap::from([("A".to_owned(), truth)]);
            let shelf = shelf(in_shop);
            let found = judge(&[row(2, "A", json!(9.5), json!(stock))], &truth, &[("shop", &shelf)]);
            let pairs: Vec<_> =
                found.disagreements.iter().map(|found| (found.place.as_str(), found.found.as_str())).collect();
            assert_eq!(pairs, expect, "{truth:?} {stock} {in_shop:?}");
            assert_eq!(found.judged, 1);
        };
        check(3, 3, &[("A", "9.50", 3)], &[]);
        check(-1, -1, &[("A", "9.50", 0)], &[]);
        check(3, 2, &[("A", "9.50", 3)], &[("sheet", "2 in stock")]);
        check(3, 3, &[("A", "9.50", 4)], &[("shop", "4 in stock")]);
        check(3, 3, &[("A", "9.00", 3)], &[("shop", "price 9.00")]);
        check(3, 3, &[], &[("shop", "nothing")]);
        // All agree with each other, but a sale was lost.
        check(2, 3, &[("A", "9.50", 3)], &[("sheet", "3 in stock"), ("shop", "3 in stock")]);
    }

    #[test]
    fn leaves_out_what_cannot_be_judged() {
        let rows = [
            row(2, "A", json!(1), json!(1)),
            row(3, "A", json!(1), json!(1)),
            row(4, "", json!(1), json!(1)),
            row(5, "B", json!("free"), json!(1)),
        ];
        let found = judge(&rows, &BTreeMap::new(), &[]);
        assert_eq!(found.judged, 0);
        assert_eq!(found.left_out, [2, 3, 4, 5].map(|row| (row, "said".to_owned())));
        assert_eq!(found.disagreements, []);
    }

    #[test]
    fn measures_waits() {
        assert_eq!(Waits::of(vec![]), Waits::default());
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(Waits::of(hundred), Waits { count: 100, p50: 50.0, p95: 95.0, max: 100.0 });
        assert_eq!(Waits::of(vec![0.4]), Waits { count: 1, p50: 0.4, p95: 0.4, max: 0.4 });
    }
}
