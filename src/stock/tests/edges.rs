//! Bounds and rare ways: each test stands for a line that could be wrong by one, or the wrong way round.

use super::*;
use crate::planted::{Bug, plant};

fn orders(book: &mut Book, took: i64, gave: i64, churn: i64) -> Vec<Effect> {
    step(book, "a", Input::Orders { took, gave, churn })
}

fn absolute(book: &mut Book, from: Option<(i64, Window)>, now: Time) -> Option<Intent> {
    let rule = Rule::Sellable { buffer: 0 };
    let input = Input::Plan { rule, kind: WriteKind::Absolute, from, key: "k".into(), now };
    step(book, "a", input).into_iter().find_map(|effect| match effect {
        Effect::Send(intent) => Some(intent),
        _ => None,
    })
}

fn moved(units: i64, cause: Cause) -> Effect {
    Effect::Moved { units, cause }
}

#[test]
fn targets_keep_a_buffer_and_never_go_below_zero() {
    assert_eq!(Rule::Mirror.target(-3), -3);
    assert_eq!(Rule::Sellable { buffer: 2 }.target(5), 3);
    assert_eq!(Rule::Sellable { buffer: 2 }.target(1), 0);
}

#[test]
fn orders_before_first_contact_are_in_the_first_value() {
    let mut book = Book::default();
    assert_eq!(orders(&mut book, 3, 1, 0), vec![]);
    read(&mut book, "sheet", Reading::exact(10, at(0)));
    read(&mut book, "a", Reading::exact(7, at(0)));
    assert_eq!((book.pool, book.sides["a"].accounted), (Some(10), Some(7)));
}

#[test]
fn orders_move_pool_and_account_alike() {
    let mut book = agreed(10);
    assert_eq!(orders(&mut book, 4, 1, 0), vec![moved(-4, Cause::Orders), moved(1, Cause::Orders)]);
    assert_eq!((book.pool, book.sides["a"].accounted, book.sides["b"].accounted), (Some(7), Some(7), Some(10)));
}

#[test]
fn a_first_value_in_doubt_is_not_taken() {
    let mut book = Book::default();
    let doubtful = Reading { slack_low: 1, ..Reading::exact(5, at(0)) };
    assert_eq!(read(&mut book, "a", doubtful), vec![Effect::LookAgain]);
    assert_eq!(book.sides["a"].accounted, None);
}

#[test]
fn only_what_is_outside_the_doubt_moves() {
    for (value, low, high, expected) in [(8, 0, 1, -1), (9, 0, 1, 0), (12, 1, 0, 1), (11, 1, 0, 0), (13, 1, 1, 2)] {
        let mut book = agreed(10);
        read(&mut book, "a", Reading { slack_low: low, slack_high: high, ..Reading::exact(value, at(20)) });
        assert_eq!(book.pool, Some(10 + expected), "{value} -{low} +{high}");
    }
}

#[test]
fn what_a_write_overwrote_is_at_most_what_orders_did_meanwhile() {
    for (shown, overwritten, observed) in [(12, 2, 0), (13, 2, 1), (11, 1, 0), (9, 0, -1)] {
        let mut book = agreed(10);
        read(&mut book, "sheet", Reading::exact(12, at(1)));
        absolute(&mut book, None, at(2)).unwrap();
        settle(&mut book, "a", Settled::Done, at(2));
        orders(&mut book, 2, 0, 0);
        let effects = read(&mut book, "a", Reading::exact(shown, at(3)));
        assert_eq!(effects.contains(&Effect::Overwritten(overwritten)), overwritten != 0, "{shown}: {effects:?}");
        assert_eq!(book.pool, Some(10 + observed), "{shown}");
        assert_eq!(book.sides["a"].window, None, "an exact reading closes it");
    }
}

#[test]
fn what_orders_gave_back_can_be_overwritten_too() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(8, at(1)));
    absolute(&mut book, None, at(2)).unwrap();
    settle(&mut book, "a", Settled::Done, at(2));
    orders(&mut book, 0, 3, 0);
    let effects = read(&mut book, "a", Reading::exact(8, at(3)));
    assert_eq!(effects, vec![Effect::Overwritten(-3)]);
    assert_eq!((book.pool, book.sides["a"].accounted), (Some(11), Some(8)));
}

#[test]
fn a_write_that_was_surely_not_made_overwrote_nothing() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(8, at(1)));
    absolute(&mut book, None, at(2)).unwrap();
    orders(&mut book, 5, 0, 0);
    settle(&mut book, "a", Settled::NotDone, at(3));
    assert_eq!(book.sides["a"].window, None);
    let effects = read(&mut book, "a", Reading::exact(8, at(4)));
    assert_eq!(effects, [Effect::Moved { units: 3, cause: Cause::Observed }], "staff's, not a sale that we overwrote");
    assert_eq!(book.pool, Some(6));

    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(8, at(1)));
    absolute(&mut book, None, at(2)).unwrap();
    settle(&mut book, "a", Settled::Done, at(2));
    read(&mut book, "sheet", Reading::exact(7, at(3)));
    absolute(&mut book, None, at(3)).unwrap();
    orders(&mut book, 5, 0, 0);
    settle(&mut book, "a", Settled::NotDone, at(4));
    assert_eq!(book.sides["a"].window, Some(Window { took: 5, gave: 0 }), "the write before it may have");
}

#[test]
fn doubt_keeps_the_window_open_for_what_is_left() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(15, at(1)));
    absolute(&mut book, None, at(2)).unwrap();
    settle(&mut book, "a", Settled::Done, at(2));
    orders(&mut book, 3, 2, 0);
    assert_eq!(book.sides["a"].window, Some(Window { took: 3, gave: 2 }));
    let reading = Reading { slack_low: 1, ..Reading::exact(17, at(3)) };
    assert!(read(&mut book, "a", reading).contains(&Effect::Overwritten(2)));
    assert_eq!(book.sides["a"].window, Some(Window { took: 1, gave: 2 }));
    let reading = Reading { slack_high: 1, ..Reading::exact(14, at(3)) };
    assert!(read(&mut book, "a", reading).contains(&Effect::Overwritten(-1)));
    assert_eq!(book.sides["a"].window, Some(Window { took: 1, gave: 1 }));
}

#[test]
fn orders_that_came_and_went_widen_an_open_window_only() {
    let mut book = agreed(10);
    orders(&mut book, 0, 0, 2);
    assert_eq!(book.sides["a"].window, None);
    read(&mut book, "sheet", Reading::exact(12, at(1)));
    absolute(&mut book, None, at(2)).unwrap();
    orders(&mut book, 0, 0, 2);
    assert_eq!(book.sides["a"].window, Some(Window { took: 2, gave: 2 }));
    assert_eq!(book.pool, Some(12));
}

#[test]
fn a_write_over_doubt_starts_from_the_reading_and_answers_for_its_orders() {
    let mut book = agreed(10);
    orders(&mut book, 3, 0, 0);
    read(&mut book, "sheet", Reading::exact(12, at(1)));
    let around = Window { took: 3, gave: 1 };
    let intent = absolute(&mut book, Some((10, around)), at(2)).unwrap();
    assert_eq!((intent.expected, intent.delta), (10, 2));
    assert_eq!(book.sides["a"].window, Some(around));
    settle(&mut book, "a", Settled::Done, at(2));
    // The reading was older than the orders: what they took was overwritten.
    assert_eq!(read(&mut book, "a", Reading::exact(12, at(3))), vec![Effect::Overwritten(3)]);
}

#[test]
fn an_absolute_write_does_not_go_below_zero() {
    let mut book = agreed(2);
    orders(&mut book, 5, 0, 0);
    assert_eq!(absolute(&mut book, None, at(1)).map(|intent| intent.delta), Some(3), "from -3 to 0");
    let mut book = agreed(5);
    read(&mut book, "b", Reading::exact(0, at(1)));
    let from = Some((3, Window::default()));
    assert_eq!(absolute(&mut book, from, at(1)).map(|intent| intent.delta), Some(-3));
    let mut book = agreed(5);
    read(&mut book, "b", Reading::exact(0, at(1)));
    assert_eq!(absolute(&mut book, Some((0, Window::default())), at(1)), None, "nothing to take away");
    let rule = Rule::Sellable { buffer: 0 };
    let input = Input::Plan { rule, kind: WriteKind::Additive, from: None, key: "k".into(), now: at(1) };
    let effects = step(&mut book, "a", input);
    assert!(matches!(&effects[..], [Effect::Send(intent)] if intent.delta == -5), "{effects:?}");
    assert_eq!(book.sides["a"].window, None, "what adds overwrites nothing");
}

#[test]
fn nothing_is_planned_over_an_open_write() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(12, at(1)));
    assert!(plan(&mut book, "a", WriteKind::Checked, at(1)).is_some());
    assert_eq!(plan(&mut book, "a", WriteKind::Checked, at(1)), None);
}

#[test]
fn a_value_left_a_moment_ago_waits_and_counts_after_that() {
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(8, at(100)));
    assert_eq!(read(&mut book, "a", Reading::exact(10, at(109))), vec![Effect::LookAgain]);
    assert_eq!(book.pool, Some(8));
    read(&mut book, "a", Reading::exact(10, at(110)));
    assert_eq!(book.pool, Some(10));
    // A reading made before what is known is not folded at all.
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(8, at(100)));
    assert_eq!(read(&mut book, "a", Reading::exact(3, at(99))), vec![Effect::LookAgain]);
    read(&mut book, "a", Reading::exact(3, at(100)));
    assert_eq!(book.pool, Some(3));
}

#[test]
fn a_clock_that_is_put_back_holds_nothing_up() {
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(8, at(10_000)));
    assert_eq!(
        read(&mut book, "a", Reading::exact(7, at(9_400))),
        vec![Effect::LookAgain],
        "ten minutes may be a late fold"
    );
    read(&mut book, "a", Reading::exact(7, at(9_399)));
    assert_eq!(book.pool, Some(7));
}

#[test]
fn a_store_that_is_never_stale_remembers_nothing() {
    let mut book = agreed(10);
    let meaning = Meaning::Shop;
    let read = |book: &mut Book, value| {
        let reading = Reading::exact(value, at(1));
        step(book, "a", Input::Read { reading, meaning, stale_for: Duration::ZERO, late_for: LATE })
    };
    read(&mut book, 8);
    assert_eq!(book.sides["a"].recent, vec![]);
    read(&mut book, 10);
    assert_eq!(book.pool, Some(10));
}

#[test]
fn so_many_values_are_remembered_the_newest_ones() {
    let mut book = agreed(100);
    for sold in 1..=20 {
        read(&mut book, "a", Reading::exact(100 - sold, at(1)));
    }
    let values: Vec<i64> = book.sides["a"].recent.iter().map(|recent| recent.value).collect();
    assert_eq!(values, (81..=92).rev().collect::<Vec<_>>());
    read(&mut book, "a", Reading::exact(79, at(50)));
    assert_eq!(book.sides["a"].recent.len(), 1, "old ones are forgotten");
}

#[test]
fn a_late_write_is_waited_for_to_its_last_moment() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(12, at(0)));
    plan(&mut book, "a", WriteKind::Checked, at(0)).unwrap();
    assert_eq!(read(&mut book, "a", Reading::exact(10, at(29))), vec![Effect::LookAgain]);
    assert!(read(&mut book, "a", Reading::exact(10, at(30))).contains(&Effect::Resolved {
        intent: Intent { expected: 10, delta: 2, key: "k".into(), recorded: at(0) },
        settled: Settled::NotDone,
    }));
}

#[test]
fn what_stood_there_a_moment_ago_does_not_say_that_a_write_was_done() {
    let mut book = agreed(8);
    // The cell goes from 8 to 10, and is to go back to 8.
    read(&mut book, "sheet", Reading::exact(10, at(100)));
    read(&mut book, "a", Reading::exact(6, at(101)));
    plan(&mut book, "sheet", WriteKind::Checked, at(101)).unwrap();
    // An answer from before it was 10, or one that shows the write?
    assert_eq!(read(&mut book, "sheet", Reading::exact(8, at(109))), vec![Effect::LookAgain]);
    assert!(book.sides["sheet"].intent.is_some());
    let effects = read(&mut book, "sheet", Reading::exact(8, at(110)));
    assert!(matches!(effects[..], [Effect::Resolved { settled: Settled::Done, .. }]), "{effects:?}");
    assert_eq!(book.pool, Some(8));
}

#[test]
fn doubt_about_a_lost_answer_leaves_the_lower_stock() {
    // A lowering that may have been done: had it not, somebody took three.
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(8, at(0)));
    plan(&mut book, "a", WriteKind::Checked, at(0)).unwrap();
    let effects = read(&mut book, "a", Reading::exact(7, at(40)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Doubt(_))), "{effects:?}");
    assert_eq!(book.pool, Some(5), "not done, and three are gone");
}

#[test]
fn a_lost_absolute_write_fits_with_what_it_overwrote() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(15, at(0)));
    absolute(&mut book, None, at(0)).unwrap();
    orders(&mut book, 2, 1, 0);
    // 14 is accounted for if it was done; 16 if all that was taken is overwritten, 13 if all that was given back is.
    for (value, settles) in [(16, true), (13, true), (17, false), (12, false), (9, false)] {
        let mut book = book.clone();
        read(&mut book, "a", Reading::exact(value, at(1)));
        assert_eq!(book.sides["a"].intent.is_none(), settles, "{value}");
    }
}

#[test]
fn both_stories_fit_only_until_nothing_can_arrive() {
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(11, at(0)));
    absolute(&mut book, None, at(0)).unwrap();
    orders(&mut book, 0, 1, 0);
    // Not done: 11. Done, and what was given back overwritten: 11 as well.
    assert_eq!(read(&mut book, "a", Reading::exact(11, at(5))), vec![Effect::LookAgain]);
    let vague = Reading { slack_high: 1, ..Reading::exact(11, at(40)) };
    assert_eq!(read(&mut book, "a", vague), vec![Effect::LookAgain]);
    // The pool is the same in both: nobody needs to count.
    let effects = read(&mut book, "a", Reading::exact(11, at(40)));
    assert!(matches!(effects[..], [Effect::Resolved { settled: Settled::NotDone, .. }]), "{effects:?}");
    assert_eq!((book.pool, book.sides["a"].accounted), (Some(12), Some(11)));
}

#[test]
fn a_lost_write_as_wide_as_the_sales_in_its_window_is_no_doubt() {
    // One was sold elsewhere, and one here while the write of it was under way: 9 is what either story leaves.
    let mut book = agreed(10);
    read(&mut book, "sheet", Reading::exact(9, at(0)));
    absolute(&mut book, None, at(0)).unwrap();
    orders(&mut book, 1, 0, 0);
    let effects = read(&mut book, "a", Reading::exact(9, at(40)));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Doubt(_))), "{effects:?}");
    assert_eq!(book.pool, Some(8));
    assert_eq!(absolute(&mut book, None, at(40)).map(|intent| intent.delta), Some(-1));
}

#[test]
fn a_count_sets_the_pool() {
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(8, at(1)));
    let reading = Reading::exact(15, at(2));
    let input = Input::Read { reading, meaning: Meaning::Count, stale_for: STALE, late_for: LATE };
    assert_eq!(step(&mut book, "sheet", input), vec![moved(7, Cause::Counted)]);
    assert_eq!((book.pool, book.sides["sheet"].accounted), (Some(15), Some(15)));
}

#[test]
fn a_counter_beside_what_came_in_is_what_the_pool_lacks() {
    let mut book = Book::default();
    let receive = |book: &mut Book, value, sold, secs| {
        let meaning = Meaning::Received { sold };
        let input = Input::Read { reading: Reading::exact(value, at(secs)), meaning, stale_for: STALE, late_for: LATE };
        step(book, "sheet", input)
    };
    assert_eq!(receive(&mut book, 20, 8, 0), vec![moved(12, Cause::Founded)]);
    assert_eq!((book.pool, sold(20, 12)), (Some(12), 8), "it goes on where it stood");
    read(&mut book, "a", Reading::exact(12, at(1)));
    read(&mut book, "a", Reading::exact(9, at(2)));
    // From here on the pool alone says what was sold, whatever the counter shows.
    assert_eq!(receive(&mut book, 25, 99, 3), vec![moved(5, Cause::Observed)]);
    assert_eq!((book.pool, book.sides["sheet"].accounted), (Some(14), Some(25)));
    assert_eq!(sold(25, 14), 11);
}

#[test]
fn a_number_that_may_be_another_rows_write_counts_only_if_it_is_lower() {
    let see = |book: &mut Book, value, meaning, expected| {
        let of = Intent { expected, delta: value - expected, key: "lost".into(), recorded: at(0) };
        let reading = Reading::exact(value, at(1));
        let input = Input::Astray { reading, meaning, of: of.clone(), stale_for: STALE, late_for: LATE };
        (step(book, "sheet", input), Effect::Astray(of))
    };
    let mut book = agreed(10);
    let (effects, astray) = see(&mut book, 8, Meaning::Edit, 10);
    assert_eq!(effects, [moved(-2, Cause::Observed), astray]);
    assert_eq!((book.pool, book.sides["sheet"].accounted), (Some(8), Some(8)));
    // Once counted, the value that it replaced is not believed at once.
    assert_eq!(read(&mut book, "sheet", Reading::exact(10, at(2))), [Effect::LookAgain]);

    plant(Some(Bug::AstrayIsTyped));
    let (effects, _) = see(&mut agreed(10), 13, Meaning::Edit, 10);
    plant(None);
    assert_eq!(effects, [moved(3, Cause::Observed)], "the bug that this is for");
    let mut book = agreed(10);
    let (effects, astray) = see(&mut book, 13, Meaning::Edit, 10);
    assert_eq!((effects, book.pool, book.sides["sheet"].accounted), (vec![astray], Some(10), Some(13)));
    assert!(plan(&mut book, "sheet", WriteKind::Checked, at(1)).is_some(), "it is put back");

    // In a column for stock-takes the number itself would be the stock.
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(4, at(0)));
    let (effects, astray) = see(&mut book, 8, Meaning::Count, 10);
    assert_eq!((effects, book.pool), (vec![astray], Some(4)));

    // A person typed 13, or 11 that the write then hit: the lower of both.
    for (value, expected, pool) in [(13, 11, 11), (11, 13, 11), (9, 13, 9), (13, 9, 9)] {
        let mut book = agreed(10);
        let (effects, astray) = see(&mut book, value, Meaning::Edit, expected);
        assert_eq!((effects, book.pool), (vec![moved(pool - 10, Cause::Observed), astray], Some(pool)));
    }
    // It shows what it did before: nothing has happened to it.
    let mut book = agreed(10);
    let (effects, _) = see(&mut book, 10, Meaning::Edit, 13);
    assert_eq!((effects, book.pool), (vec![], Some(10)));
    // A write of its own is open here: that is weighed, as ever.
    let mut book = agreed(10);
    read(&mut book, "a", Reading::exact(9, at(0)));
    plan(&mut book, "sheet", WriteKind::Checked, at(0)).unwrap();
    let (effects, _) = see(&mut book, 9, Meaning::Edit, 10);
    assert!(matches!(effects[..], [Effect::Resolved { settled: Settled::Done, .. }]), "{effects:?}");
}

#[test]
fn a_number_that_is_neither_of_its_own_write_may_be_anothers() {
    // Its own write from 10 is open; another row's from 10 may have hit it first. The number is neither of the two that its own
    // write leaves.
    for (bug, own, value, pool) in [
        (None, 9, 11, 9),
        (Some(Bug::AstrayIsTyped), 9, 11, 10),
        (None, 11, 12, 11),
        (Some(Bug::AstrayIsTyped), 11, 12, 12),
    ] {
        let mut book = agreed(10);
        read(&mut book, "a", Reading::exact(own, at(0)));
        let intent = plan(&mut book, "sheet", WriteKind::Checked, at(0)).unwrap();
        let of = Intent { expected: 10, delta: value - 10, key: "lost".into(), recorded: at(0) };
        let reading = Reading::exact(value, at(100));
        let input = Input::Astray { reading, meaning: Meaning::Edit, of: of.clone(), stale_for: STALE, late_for: LATE };
        plant(bug);
        let effects = step(&mut book, "sheet", input);
        plant(None);
        assert!(effects.contains(&Effect::Doubt(intent)), "{effects:?}");
        assert_eq!(effects.contains(&Effect::Astray(of)), bug.is_none());
        assert_eq!((book.pool, book.sides["sheet"].accounted), (Some(pool), Some(value)), "{bug:?} {own}");
    }
}

#[test]
fn what_was_put_back_may_still_be_seen() {
    for (bug, pool) in [(None, 10), (Some(Bug::RestoredIsNew), 4)] {
        let mut book = agreed(10);
        plant(bug);
        step(&mut book, "sheet", Input::Restored { value: 4, now: at(1), stale_for: STALE });
        plant(None);
        let input = |secs| Input::Read {
            reading: Reading::exact(4, at(secs)),
            meaning: Meaning::Count,
            stale_for: STALE,
            late_for: LATE,
        };
        step(&mut book, "sheet", input(2));
        assert_eq!(book.pool, Some(pool), "{bug:?}");
        step(&mut book, "sheet", input(100));
        assert_eq!(book.pool, Some(4), "a person has typed it since");
    }
}

#[test]
fn what_was_hit_by_mistake_may_have_been_another_mistake() {
    for (bug, pool) in [(None, 10), (Some(Bug::AstrayIsTyped), 13)] {
        let mut book = agreed(10);
        let of = Intent { expected: 10, delta: 3, key: "lost".into(), recorded: at(0) };
        let had = Some(Had { value: 13, meaning: Meaning::Edit, astray: Some(of.clone()) });
        plant(bug);
        let effects =
            step(&mut book, "sheet", Input::Overwrote { value: 4, had, put_back: None, now: at(1), stale_for: STALE });
        plant(None);
        assert_eq!((book.pool, book.sides["sheet"].accounted), (Some(pool), Some(4)));
        assert_eq!(effects.contains(&Effect::Astray(of)), bug.is_none());
    }
}

#[test]
fn a_cell_hit_by_mistake_counts_what_was_typed_before() {
    let mut book = agreed(10);
    let hit = |book: &mut Book, had: Option<(i64, Meaning)>| {
        let had = had.map(|(value, meaning)| Had { value, meaning, astray: None });
        step(book, "sheet", Input::Overwrote { value: 4, had, put_back: None, now: at(1), stale_for: STALE })
    };
    assert_eq!(hit(&mut book, Some((13, Meaning::Edit))), vec![moved(3, Cause::Observed)]);
    assert_eq!((book.pool, book.sides["sheet"].accounted), (Some(13), Some(4)));
    let left: Vec<i64> = book.sides["sheet"].recent.iter().map(|recent| recent.value).collect();
    assert_eq!(left, [10, 13], "what a stale answer may still show");
    let mut book = agreed(10);
    assert_eq!(hit(&mut book, Some((10, Meaning::Edit))), vec![]);
    read(&mut book, "a", Reading::exact(8, at(1)));
    assert_eq!(hit(&mut book, Some((20, Meaning::Count))), vec![moved(12, Cause::Counted)]);
    plan(&mut book, "sheet", WriteKind::Checked, at(1)).unwrap();
    let before = book.clone();
    assert_eq!(hit(&mut book, None), vec![], "a write of its own is open there");
    assert_eq!(book, before);
}

#[test]
fn a_put_back_whose_answer_was_lost_is_a_write_like_any_other() {
    for (shown, settled) in [(13, Settled::Done), (4, Settled::NotDone)] {
        let mut book = agreed(10);
        let had = Some(Had { value: 13, meaning: Meaning::Edit, astray: None });
        let put_back = Some("k".to_owned());
        let effects =
            step(&mut book, "sheet", Input::Overwrote { value: 4, had, put_back, now: at(1), stale_for: STALE });
        let intent = Intent { expected: 4, delta: 9, key: "k".to_owned(), recorded: at(1) };
        assert_eq!(effects, [moved(3, Cause::Observed), Effect::Send(intent.clone())]);
        let effects = read(&mut book, "sheet", Reading::exact(shown, at(100)));
        assert_eq!(effects, [Effect::Resolved { intent, settled }]);
        assert_eq!((book.pool, book.sides["sheet"].accounted), (Some(13), Some(shown)), "nobody moved anything");
    }
}

#[test]
fn an_old_order_that_surfaces_moves_nothing_and_a_new_one_moves_all() {
    let line =
        |created: i64, share| LineEvidence { share, in_flight: 0, quantity: 5, modified: at(10), created: at(created) };
    let weigh = |remembered, after| super::super::weigh(remembered, None, after, at(0), at(11));
    assert_eq!(weigh(None, line(-1, 3)).took, 0, "of before the first look");
    assert_eq!(weigh(None, line(0, 3)).took, 3, "of the very moment of the first look");
    assert_eq!((weigh(Some((5, 0)), line(-1, 3)).took, weigh(Some((5, 0)), line(-1, 3)).gave), (0, 2));
}

#[test]
fn an_order_that_came_and_went_unseen_may_have_moved_all_of_itself() {
    let line =
        |share, in_flight, quantity| LineEvidence { share, in_flight, quantity, modified: at(10), created: at(5) };
    let weigh = |remembered, after| super::super::weigh(remembered, Some(after), after, at(0), at(11));
    let never_seen = weigh(None, line(0, 0, 4));
    assert_eq!((never_seen.churn, never_seen.slack_high, never_seen.around.gave), (4, 4, 4));
    assert_eq!(weigh(Some((0, 4)), line(0, 0, 4)).churn, 4, "seen under way, and nothing is left of it");
    assert_eq!(weigh(Some((0, 0)), line(0, 0, 4)).churn, 0, "seen before, at rest");
    assert_eq!(weigh(None, line(1, 0, 4)).churn, 3);
    assert_eq!(weigh(None, line(1, 2, 4)).churn, 1, "what is under way has not gone");
    assert_eq!(weigh(Some((3, 1)), line(1, 0, 4)).churn, 1);
}

#[test]
fn a_share_is_under_way_for_three_minutes() {
    let line = LineEvidence { share: 0, in_flight: 2, quantity: 2, modified: at(0), created: at(0) };
    let weigh = |now| super::super::weigh(None, None, line, at(0), at(now));
    assert!(weigh(180).in_flight);
    assert!(!weigh(181).in_flight);
    let back = LineEvidence { share: 2, in_flight: -2, ..line };
    let seen = super::super::weigh(Some((2, 0)), Some(back), back, at(0), at(1));
    assert_eq!((seen.slack_low, seen.slack_high, seen.in_flight), (2, 0, true));
}

#[test]
fn evidence_adds_up() {
    let one = OrdersSeen {
        took: 1,
        gave: 2,
        churn: 3,
        slack_low: 4,
        slack_high: 5,
        around: Window { took: 6, gave: 7 },
        in_flight: true,
    };
    let mut sum = OrdersSeen { took: 10, gave: 10, churn: 10, slack_low: 10, slack_high: 10, ..OrdersSeen::default() };
    sum.add(one);
    sum.add(OrdersSeen { around: Window { took: 1, gave: 1 }, ..OrdersSeen::default() });
    let all = OrdersSeen {
        took: 11,
        gave: 12,
        churn: 13,
        slack_low: 14,
        slack_high: 15,
        around: Window { took: 7, gave: 8 },
        in_flight: true,
    };
    assert_eq!(sum, all);
}
