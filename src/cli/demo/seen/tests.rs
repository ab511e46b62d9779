//! A made-up shop seen step by step.

use std::time::Duration;

use serde_json::json;

use super::*;

struct Story {
    seen: Seen,
    now: Instant,
    version: i64,
}

fn row(stock: i64) -> SheetRow {
    let (title, blank) = (json!("Mug"), json!(""));
    let (status, error, last_sync) = (blank.clone(), blank.clone(), blank);
    SheetRow { row: 2, key: Some("A".into()), title, price: json!(9.5), stock: json!(stock), status, error, last_sync }
}

impl Story {
    /// Ten everywhere.
    fn begin() -> Self {
        let mut story = Self { seen: Seen::starting_from(vec![row(10)]), now: Instant::now(), version: 0 };
        story.after(0, 10, [10, 10], "9.50", [0, 0]);
        story
    }

    /// So many milliseconds later: stock in the sheet and the shops, the shops' price, units sold.
    fn after(&mut self, millis: u64, sheet: i64, shops: [i64; 2], price: &str, sold: [i64; 2]) -> bool {
        self.now += Duration::from_millis(millis);
        self.version += 1;
        let shelf = |stock: i64| {
            let item = ShelfItem { title: "Mug".into(), variant: "Blue".into(), price: price.into(), stock };
            BTreeMap::from([("A".to_owned(), item)])
        };
        // A shop does not list what was sold and given back.
        let listed = |units: i64| (units != 0).then(|| ("A".to_owned(), units)).into_iter().collect();
        self.seen.look(shops.map(shelf), sold.map(listed), Some((self.version, vec![row(sheet)])), self.now)
    }

    /// What the last movement is, and in how many tenths of a second it arrived where.
    fn last(&self) -> (What, i64, Vec<(&'static str, Option<i64>)>) {
        let last = self.seen.movements.back().unwrap();
        let tenths = |arrival: &Arrival| (arrival.place, arrival.secs.map(|secs| (secs * 10.0).round() as i64));
        (last.what, last.units, last.arrivals.iter().map(tenths).collect())
    }

    fn agrees(&self) -> bool {
        self.seen.judgement.judged == 1 && self.seen.judgement.disagreements.is_empty()
    }
}

#[test]
fn follows_a_sale() {
    let mut story = Story::begin();
    assert!(story.agrees());
    assert!(story.after(100, 10, [8, 10], "9.50", [2, 0]));
    assert!(!story.agrees());
    assert_eq!(story.last(), (What::Sold, -2, vec![("sheet", None), (WOOCOMMERCE, None)]));
    assert_eq!(story.seen.movements.back().unwrap().title, "Mug, Blue");
    story.after(300, 10, [8, 8], "9.50", [2, 0]);
    story.after(200, 8, [8, 8], "9.50", [2, 0]);
    assert_eq!(story.last(), (What::Sold, -2, vec![("sheet", Some(5)), (WOOCOMMERCE, Some(3))]));
    assert!(story.agrees());
    // Looking again at the same changes nothing.
    let revision = story.seen.revision;
    assert!(!story.after(100, 8, [8, 8], "9.50", [2, 0]));
    assert_eq!(story.seen.revision, revision);
    assert_eq!(story.seen.stock_waits().count, 2);
    // Cancelled whole: the shop lists no sale any more.
    story.after(100, 8, [10, 8], "9.50", [0, 0]);
    assert_eq!(story.last(), (What::GivenBack, 2, vec![("sheet", None), (WOOCOMMERCE, None)]));
    assert_eq!((story.seen.totals.sales, story.seen.totals.units, story.seen.totals.given_back), (1, 2, 2));
}

#[test]
fn what_cancels_out_is_no_sample() {
    let mut story = Story::begin();
    story.after(100, 10, [9, 10], "9.50", [1, 0]);
    story.after(100, 10, [10, 10], "9.50", [0, 0]);
    assert_eq!(story.last(), (What::GivenBack, 1, vec![("sheet", Some(0)), (WOOCOMMERCE, Some(0))]));
    // The sale itself was waited for until then.
    let waits = story.seen.stock_waits();
    assert_eq!((waits.count, waits.max), (2, 0.1));
}

#[test]
fn a_lost_sale_is_seen() {
    let mut story = Story::begin();
    // The sheet's ten was written over the shop's nine.
    story.after(100, 10, [10, 10], "9.50", [1, 0]);
    let places: Vec<&str> = story.seen.judgement.disagreements.iter().map(|found| found.place.as_str()).collect();
    assert_eq!(places, PLACES);
}

#[test]
fn typed_stock_counts_from_what_stood_there() {
    let check = |before: Option<i64>, after: Option<i64>, truth: i64, movement: bool| {
        let mut story = Story::begin();
        // One was sold, and the sheet does not show it yet.
        story.after(100, 10, [9, 10], "9.50", [1, 0]);
        story.seen.note_typed_stock("A", before, after);
        assert_eq!(story.seen.truth.get("A"), Some(&truth), "{before:?} {after:?}");
        assert_eq!(story.last().0 == What::Stock, movement, "{before:?} {after:?}");
    };
    check(Some(10), Some(15), 14, true);
    check(Some(10), Some(10), 9, false);
    check(Some(10), None, 9, false);
    // Over a text: from the last number.
    check(None, Some(12), 11, true);
}

#[test]
fn typed_prices_arrive_or_are_replaced() {
    let mut story = Story::begin();
    story.seen.note_typed_text("A", Column::Price, "10");
    let first = story.seen.movements.back().unwrap().id;
    story.seen.note_typed_text("A", Column::Price, "11");
    let first = story.seen.movements.iter().find(|movement| movement.id == first).unwrap();
    assert_eq!(first.arrivals, [], "nobody waits for it any more");
    assert_eq!(story.last(), (What::Price, 0, vec![(SHOPIFY, None), (WOOCOMMERCE, None)]));
    story.now = Instant::now();
    story.after(0, 10, [10, 10], "11.00", [0, 0]);
    let (_, _, arrivals) = story.last();
    assert_eq!(arrivals, [(SHOPIFY, Some(0)), (WOOCOMMERCE, Some(0))]);
}
