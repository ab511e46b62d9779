//! Scenarios of the stock arithmetic. Each plays a small store beside the book, so that "right" means "as the store counts".

mod edges;

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::Time;

const STALE: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_secs(30);

fn at(secs: i64) -> Time {
    Time::from_timestamp(1_800_000_000 + secs, 0).unwrap()
}

fn read(book: &mut Book, endpoint: &str, reading: Reading) -> Vec<Effect> {
    let meaning = if endpoint == "sheet" { Meaning::Edit } else { Meaning::Shop };
    step(book, endpoint, Input::Read { reading, meaning, stale_for: STALE, late_for: LATE })
}

fn plan(book: &mut Book, endpoint: &str, kind: WriteKind, now: Time) -> Option<Intent> {
    let rule = if endpoint == "sheet" { Rule::Mirror } else { Rule::Sellable { buffer: 0 } };
    let effects = step(book, endpoint, Input::Plan { rule, kind, from: None, key: "k".into(), now });
    effects.into_iter().find_map(|effect| match effect {
        Effect::Send(intent) => Some(intent),
        _ => None,
    })
}

fn settle(book: &mut Book, endpoint: &str, settled: Settled, now: Time) {
    step(book, endpoint, Input::Settle { settled, now, stale_for: STALE });
}

/// A book that agrees: sheet, `a` and `b` all at `units`.
fn agreed(units: i64) -> Book {
    let mut book = Book::default();
    for endpoint in ["sheet", "a", "b"] {
        read(&mut book, endpoint, Reading::exact(units, at(0)));
    }
    book
}

#[test]
fn the_sheet_founds_the_pool_and_stores_follow() {
    let mut book = Book::default();
    read(&mut book, "a", Reading::exact(3, at(0)));
    assert_eq!(plan(&mut book, "a", WriteKind::Checked, at(0)), None, "no pool, no target");
    read(&mut book, "sheet", Reading::exact(10, at(0)));
    let intent = plan(&mut book, "a", WriteKind::Checked, at(1)).unwrap();
    assert_eq!((intent.expected, intent.delta), (3, 7));
    settle(&mut book, "a", Settled::Done, at(2));
    assert_eq!(plan(&mut book, "a", WriteKind::Checked, at(3)), None);
}

#[test]
fn a_sale_and_an_edit_add_up() {
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(8, at(1)));
    read(&mut book, "sheet", Reading::exact(15, at(2)));
    assert_eq!(book.pool, Some(13), "15 entered, 2 sold meanwhile");
    assert_eq!(plan(&mut book, "sheet", WriteKind::Checked, at(3)).map(|i| i.delta), Some(-2));
    assert_eq!(plan(&mut book, "a", WriteKind::Checked, at(3)).map(|i| i.delta), Some(5));
    assert_eq!(plan(&mut book, "b", WriteKind::Checked, at(3)).map(|i| i.delta), Some(3));
}

#[test]
fn an_echo_moves_nothing() {
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(9, at(1)));
    plan(&mut book, "b", WriteKind::Checked, at(1)).unwrap();
    settle(&mut book, "b", Settled::Done, at(2));
    let before = book.clone();
    assert_eq!(read(&mut book, "b", Reading::exact(9, at(3))), vec![]);
    assert_eq!(read(&mut book, "a", Reading::exact(9, at(3))), vec![]);
    assert_eq!(book, before);
}

#[test]
fn a_stale_read_of_what_we_replaced_is_not_a_movement() {
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(9, at(1)));
    plan(&mut book, "sheet", WriteKind::Checked, at(1)).unwrap();
    settle(&mut book, "sheet", Settled::Done, at(2));
    assert_eq!(read(&mut book, "sheet", Reading::exact(10, at(5))), vec![Effect::LookAgain]);
    assert_eq!(book.pool, Some(9));
    read(&mut book, "sheet", Reading::exact(10, at(13)));
    assert_eq!(book.pool, Some(10), "said again later, it is a person's");
}

#[test]
fn a_lost_answer_is_not_a_sale() {
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(8, at(1)));
    plan(&mut book, "b", WriteKind::Checked, at(1)).unwrap();
    // Done, but the answer was lost: the value 8 must not be folded as a sale of two.
    read(&mut book, "b", Reading::exact(8, at(2)));
    assert_eq!((book.pool, book.sides["b"].intent.clone()), (Some(8), None));
    // Not done: once nothing can arrive any more, it is planned again.
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(8, at(1)));
    plan(&mut book, "b", WriteKind::Checked, at(1)).unwrap();
    assert_eq!(read(&mut book, "b", Reading::exact(10, at(2))), vec![Effect::LookAgain]);
    read(&mut book, "b", Reading::exact(10, at(40)));
    assert_eq!(plan(&mut book, "b", WriteKind::Checked, at(40)).map(|i| i.delta), Some(-2));
    assert_eq!(book.pool, Some(8));
}

#[test]
fn without_evidence_the_lower_stock_is_assumed() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(15, at(1)));
    plan(&mut book, "a", WriteKind::Checked, at(1)).unwrap();
    let effects = read(&mut book, "a", Reading::exact(12, at(40)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Doubt(_))));
    assert_eq!(book.pool, Some(12), "15 arrived and 3 were sold, rather than 2 came back");
}

#[test]
fn negative_pools_show_in_the_sheet_and_never_in_a_shop() {
    let mut book = agreed(1);
    read(&mut book, "a", Reading::exact(0, at(1)));
    read(&mut book, "b", Reading::exact(0, at(1)));
    assert_eq!(book.pool, Some(-1));
    assert_eq!(plan(&mut book, "a", WriteKind::Checked, at(2)), None);
    assert_eq!(plan(&mut book, "sheet", WriteKind::Checked, at(2)).map(|i| i.delta), Some(-2));
}

#[test]
fn an_overwritten_sale_is_taken_away_again() {
    // Shop `a` at 10. We read 10; a shopper buys 2 (stock 8); our write of +5 sets 15.
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(15, at(1)));
    plan(&mut book, "a", WriteKind::Absolute, at(1)).unwrap();
    settle(&mut book, "a", Settled::Done, at(2));
    step(&mut book, "a", Input::Orders { took: 2, gave: 0, churn: 0 });
    let effects = read(&mut book, "a", Reading::exact(15, at(3)));
    assert!(effects.contains(&Effect::Overwritten(2)), "{effects:?}");
    assert_eq!(book.pool, Some(13));
    assert_eq!(plan(&mut book, "a", WriteKind::Absolute, at(4)).map(|i| (i.expected, i.delta)), Some((15, -2)));
}

#[test]
fn what_we_overwrote_ourselves_is_written_back_and_moves_nothing() {
    let mut book = agreed(16);
    assert_eq!(
        step(
            &mut book,
            "sheet",
            Input::Overwrote { value: 14, had: None, put_back: None, now: at(1), stale_for: STALE }
        ),
        vec![]
    );
    assert_eq!(read(&mut book, "sheet", Reading::exact(14, at(1))), vec![]);
    assert_eq!(book.pool, Some(16));
    assert_eq!(plan(&mut book, "sheet", WriteKind::Checked, at(2)).map(|i| (i.expected, i.delta)), Some((14, 2)));
}

#[test]
fn staff_setting_stock_is_a_movement_also_beside_sales() {
    let mut book = agreed(10);
    step(&mut book, "a", Input::Orders { took: 2, gave: 0, churn: 0 });
    let effects = read(&mut book, "a", Reading::exact(11, at(3)));
    assert_eq!(effects, vec![Effect::Moved { units: 3, cause: Cause::Observed }]);
    assert_eq!(book.pool, Some(11));
}

#[test]
fn doubt_about_orders_in_flight_moves_nothing() {
    let mut book = agreed(10);
    let in_flight = Reading { slack_high: 1, ..Reading::exact(9, at(1)) };
    let doubtful = vec![Effect::LookAgain, Effect::Doubtful(9, Window::default())];
    assert_eq!(read(&mut book, "a", in_flight), doubtful);
    assert_eq!(book.pool, Some(10));
    step(&mut book, "a", Input::Orders { took: 1, gave: 0, churn: 0 });
    assert_eq!(read(&mut book, "a", Reading::exact(9, at(2))), vec![]);
    assert_eq!(book.pool, Some(9));
}

#[test]
fn lines_are_weighed_between_two_looks() {
    let line = |share: i64, in_flight: i64| LineEvidence {
        share,
        in_flight,
        quantity: share.max(in_flight),
        modified: at(10),
        created: at(5),
    };
    let weigh = |remembered, before, after| super::weigh(remembered, before, after, at(0), at(11));
    let seen = |took, gave, slack_low, slack_high, in_flight| OrdersSeen {
        took,
        gave,
        churn: 0,
        slack_low,
        slack_high,
        around: Window { took: if in_flight { 0 } else { slack_low }, gave: if in_flight { 0 } else { slack_high } },
        in_flight,
    };
    assert_eq!(weigh(None, None, line(2, 0)), seen(2, 0, 2, 0, false), "new between the looks");
    assert_eq!(weigh(None, Some(line(2, 0)), line(2, 0)), seen(2, 0, 0, 0, false), "there before the stock was read");
    assert_eq!(
        weigh(Some((2, 0)), Some(line(2, 0)), line(0, 0)),
        seen(0, 2, 0, 2, false),
        "given back between the looks"
    );
    assert_eq!(weigh(None, None, line(0, 3)), seen(0, 0, 0, 3, true), "being taken");
    assert_eq!(weigh(Some((3, 0)), None, line(3, -3)), seen(0, 0, 3, 0, true), "being given back");
    let old = LineEvidence { created: at(-100), ..line(4, 0) };
    assert_eq!(weigh(None, None, old), seen(0, 0, 0, 0, false), "taken before shelfd looked first");
    let stuck = super::weigh(None, None, line(0, 3), at(0), at(1000));
    assert_eq!(stuck, seen(0, 0, 0, 0, false), "never taken");
}

proptest! {
    /// Sales commute, and repeating a reading changes nothing.
    #[test]
    fn movements_commute(sales in proptest::collection::vec((0..2usize, 1..4i64), 0..12)) {
        let mut book = agreed(100);
        let mut value = [100, 100];
        for (index, (shop, units)) in sales.iter().enumerate() {
            value[*shop] -= units;
            let reading = Reading::exact(value[*shop], at(index as i64));
            read(&mut book, ["a", "b"][*shop], reading);
            let before = book.clone();
            prop_assert_eq!(read(&mut book, ["a", "b"][*shop], reading), vec![]);
            prop_assert_eq!(&book, &before);
        }
        prop_assert_eq!(book.pool, Some(100 - sales.iter().map(|(_, units)| units).sum::<i64>()));
    }
}
