//! Calls that fail.

use super::*;
use crate::planted::{Bug, plant};

fn lost() -> SheetError {
    SheetError::AnswerLost("HTTP 503".to_owned())
}

#[tokio::test]
async fn an_answer_is_lost_after_the_write() {
    for size in SIZES {
        let book = book();
        book.fail(Op::Write, 1, true, lost());
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), status("B", "ok")]).await;
        assert_eq!(outcomes, ["written 2", "written 3"], "{size:?}");
        assert_eq!((report.calls, writes(&book)), (3, 1));
    }
}

#[tokio::test]
async fn a_write_is_lost() {
    for size in SIZES {
        let book = book();
        book.fail(Op::Write, 1, false, lost());
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), status("B", "ok")]).await;
        assert_eq!(outcomes, ["written 2", "written 3"], "{size:?}");
        assert_eq!(shown(&book)[..2], ["A 10 old", "B 2 ok"]);
        assert_eq!((report.calls, writes(&book)), (4, 2), "once more, without another check");
        assert_eq!(report.lost, BTreeSet::from([0, 1]), "although it is known what became of them");
    }
}

#[tokio::test]
async fn a_write_is_lost_twice() {
    let book = book();
    book.fail(Op::Write, 1, false, lost());
    book.fail(Op::Write, 2, false, lost());
    let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["unknown: Google's answer was lost: HTTP 503"]);
    assert_eq!((shown(&book)[0].as_str(), writes(&book)), ("A 1 old", 2));
}

#[tokio::test]
async fn an_answer_is_lost_and_a_person_types() {
    for applied in [false, true] {
        let book = book();
        book.fail(Op::Write, 1, applied, lost());
        book.hook(When::After(Op::Write, 1), |tabs| shop_tab(tabs).enter(1, STOCK, number(15.0)));
        let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
        assert_eq!(outcomes, ["unknown: Google's answer was lost: HTTP 503"], "{applied}: nobody can tell");
        assert_eq!(shown(&book)[0], "A 15 old");
    }
}

#[tokio::test]
async fn an_answer_is_lost_and_rows_move() {
    for size in SIZES {
        for applied in [false, true] {
            for when in [When::Before(Op::Write, 1), When::After(Op::Write, 1)] {
                let book = book();
                book.fail(Op::Write, 1, applied, lost());
                book.hook(when, reverse);
                let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), status("B", "ok")]).await;
                assert_eq!(outcomes, ["written 6", "written 5"], "{size:?} {applied} {when:?}");
                assert_eq!(shown(&book), ["E 5 old", "D 4 old", "C 3 old", "B 2 ok", "A 10 old"]);
                assert_eq!(report.put_back, if applied && when == When::Before(Op::Write, 1) { 2 } else { 0 });
            }
        }
    }
}

#[tokio::test]
async fn what_was_surely_not_written_says_so() {
    let cases = [
        (Op::Read, SheetError::Quota),
        (Op::Read, lost()),
        (Op::Write, SheetError::Quota),
        (Op::Write, SheetError::Connect("refused".to_owned())),
    ];
    for (op, error) in cases {
        let book = book();
        book.fail(op, 1, false, error.clone());
        let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0), stock("B", 2.0)]).await;
        let second = if op == Op::Read { format!("not sent: {error}") } else { "there 3".to_owned() };
        assert_eq!(outcomes, [format!("not sent: {error}"), second]);
        assert_eq!(shown(&book)[0], "A 1 old");
    }
}

#[tokio::test]
async fn a_lost_write_that_cannot_be_looked_at_is_unknown() {
    let book = book();
    book.fail(Op::Write, 1, true, lost());
    book.fail(Op::Read, 2, false, SheetError::Access("withdrawn".to_owned()));
    let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["unknown: Google's answer was lost: HTTP 503"]);
}

#[tokio::test]
async fn a_failing_look_after_a_lost_write_is_repeated() {
    let book = book();
    book.fail(Op::Write, 1, true, lost());
    book.fail(Op::Read, 2, false, lost());
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!((outcomes, report.calls), (vec!["written 2".to_owned()], 4));
}

#[tokio::test]
async fn a_refused_cell_does_not_hold_up_the_others() {
    let book = book();
    let refused = || SheetError::Refused("You are trying to edit a protected cell or object.".to_owned());
    // A, B, C, D; then A, B; then A alone. The rest passes.
    for nth in 1..=3 {
        book.fail(Op::Write, nth, false, refused());
    }
    let changes = [stock("A", 10.0), stock("B", 20.0), stock("C", 30.0), stock("D", 40.0)];
    let (outcomes, _) = flush(&book, Size::Small, &changes).await;
    assert_eq!(outcomes[0], format!("not sent: {}", refused()));
    assert_eq!(outcomes[1..], ["written 3", "written 4", "written 5"]);
    assert_eq!(shown(&book)[..4], ["A 1 old", "B 20 old", "C 30 old", "D 40 old"]);
}

#[tokio::test]
async fn what_is_held_up_is_not_sent_any_more() {
    for bug in [None, Some(Bug::SentWhenever)] {
        for (op, nth) in [(Op::Read, 1), (Op::Write, 2)] {
            let clock = clock::Simulation::start(Time::UNIX_EPOCH, 0);
            let held_up = clock.same();
            let book = book();
            // Two calls, for the first half and the second.
            book.fail(Op::Write, 1, false, SheetError::Refused("too much".to_owned()));
            book.hook(When::After(op, nth), move |_| held_up.advance(HELD_UP));
            plant(bug);
            let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0), stock("B", 20.0)]).await;
            plant(None);
            let held_up = format!("not sent: {}", SheetError::HeldUp);
            let expected = match (bug, op) {
                (Some(_), _) => ["written 2", "written 3"],
                (None, Op::Read) => [&*held_up, &*held_up],
                (None, _) => ["written 2", &*held_up],
            };
            assert_eq!(outcomes, expected, "{bug:?} {op:?}");
        }
    }
}

#[tokio::test]
async fn what_was_to_be_written_over_a_mistake_is_put_back_when_it_is_held_up() {
    let clock = clock::Simulation::start(Time::UNIX_EPOCH, 0);
    let held_up = clock.same();
    let book = book();
    book.fail(Op::Write, 1, false, SheetError::Refused("too much".to_owned()));
    // The write for A hits B, whose own one waits in the other half.
    book.hook(When::Before(Op::Write, 2), |tabs| shop_tab(tabs).rows.swap(1, 2));
    book.hook(When::After(Op::Write, 2), move |_| held_up.advance(HELD_UP));
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0), stock("B", 20.0)]).await;
    let held_up = format!("not sent: {}", SheetError::HeldUp);
    assert_eq!(outcomes, [&*held_up, &*held_up]);
    assert_eq!((report.put_back, report.stranded), (1, vec![]));
    assert_eq!(shown(&book)[..2], ["B 2 old", "A 1 old"]);
}

#[tokio::test]
async fn words_are_sent_however_late() {
    let clock = clock::Simulation::start(Time::UNIX_EPOCH, 0);
    let (book, held_up) = (book(), clock.same());
    book.hook(When::After(Op::Read, 1), move |_| held_up.advance(HELD_UP));
    let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0), status("A", "ok")]).await;
    assert_eq!(outcomes, [format!("not sent: {}", SheetError::HeldUp), "written 2".to_owned()]);
}

#[tokio::test]
async fn what_is_held_up_is_still_put_back() {
    let clock = clock::Simulation::start(Time::UNIX_EPOCH, 0);
    let held_up = clock.same();
    let book = book();
    book.hook(When::Before(Op::Write, 1), reverse);
    book.hook(When::After(Op::Write, 1), move |_| held_up.advance(HELD_UP));
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!((outcomes, report.put_back), (vec![format!("not sent: {}", SheetError::HeldUp)], 1));
    assert_eq!((shown(&book)[0].as_str(), shown(&book)[4].as_str()), ("E 5 old", "A 1 old"));
}

#[tokio::test]
async fn a_put_back_that_is_refused_is_reported() {
    let book = book();
    book.hook(When::Before(Op::Write, 1), reverse);
    for nth in 2..=4 {
        book.fail(Op::Write, nth, false, SheetError::Refused("protected".to_owned()));
    }
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["not sent: Google refused the request: protected"]);
    assert_eq!(report.stranded.iter().map(|stranded| stranded.row).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_put_back_whose_answer_was_lost_is_reported_as_open() {
    for applied in [false, true] {
        let book = book();
        book.hook(When::Before(Op::Write, 1), reverse);
        book.fail(Op::Write, 2, applied, lost());
        book.fail(Op::Read, 3, false, SheetError::Access("withdrawn".to_owned()));
        let (_, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
        let [stranded] = &report.stranded[..] else { panic!("{:?}", report.stranded) };
        assert_eq!((stranded.row, &stranded.wrote, &stranded.had), (2, &Cell::Number(10.0), &Some(Cell::Number(5.0))));
        assert!(stranded.doubtful, "it may have been done");
        assert_eq!(shown(&book)[0], if applied { "E 5 old" } else { "E 10 old" });
    }
}

#[tokio::test]
async fn a_look_is_no_proof_that_a_cell_was_put_back() {
    for bug in [None, Some(Bug::LookIsProof)] {
        let book = book();
        book.hook(When::Before(Op::Write, 1), reverse);
        book.fail(Op::Write, 2, false, lost());
        // Older than the hit.
        book.hook(When::Before(Op::Read, 3), |tabs| tabs[0].enter(1, STOCK, number(5.0)));
        book.hook(When::After(Op::Read, 3), |tabs| tabs[0].enter(1, STOCK, number(10.0)));
        plant(bug);
        let (_, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
        plant(None);
        assert_eq!(shown(&book)[0], "E 10 old");
        let open: Vec<_> = report.stranded.iter().map(|cell| (cell.row, cell.had.clone(), cell.doubtful)).collect();
        let expected = if bug.is_none() { vec![(2, Some(Cell::Number(5.0)), true)] } else { vec![] };
        assert_eq!(open, expected);
        let lost: Vec<_> = report.lost_put_backs.iter().map(|cell| (&cell.ours, &cell.value)).collect();
        assert_eq!(lost, [(&Cell::Number(10.0), &Cell::Number(5.0))]);
    }
}

#[tokio::test]
async fn what_was_written_a_moment_ago_is_not_put_back_to_the_look_before() {
    for bug in [None, Some(Bug::OlderLookIsRight)] {
        let book = book().conditional();
        book.with_tab("Shop", |tab| tab.enter(2, STOCK, number(1.0)));
        // One call for A, which is answered, and one for B, which is not.
        book.fail(Op::Write, 1, false, SheetError::Refused("too much".to_owned()));
        book.hook(When::Before(Op::Write, 3), reverse);
        book.fail(Op::Write, 3, true, lost());
        plant(bug);
        let of_b = change("B", "Stock", Expect::Value(Cell::Number(1.0)), Cell::Number(9.0));
        let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 9.0), of_b]).await;
        plant(None);
        assert_eq!(
            (outcomes, report.put_back),
            (vec!["written 2".to_owned(), "written 5".to_owned()], u32::from(bug.is_some()))
        );
        let of_a = if bug.is_some() { 1 } else { 9 };
        assert_eq!(shown(&book)[3..], ["B 9 old".to_owned(), format!("A {of_a} old")]);
    }
}

#[tokio::test]
async fn a_number_that_became_a_text_was_written_whatever_comes_after() {
    let book = book().leaving_texts();
    book.fail(Op::Read, 2, false, SheetError::Access("withdrawn".to_owned()));
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["unknown: unexpected answer from Google: a cell took a number for a text"]);
    assert!(report.lost.is_empty(), "its answer was not lost");
}

#[tokio::test]
async fn what_the_ledger_knows_is_not_raised_to_an_older_look() {
    let (edited, counted) = (false, true);
    let cases = [
        (None, edited, 3.0, 2),
        (None, edited, 1.0, 1),
        (None, counted, 1.0, 2),
        (Some(Bug::OlderLookIsRight), edited, 3.0, 3),
    ];
    for (bug, counted, older, left) in cases {
        let mut mapping = mapping("Shop", &["SKU"]);
        mapping.counted.extend(counted.then(|| "main".to_owned()));
        let book = book().conditional();
        // B was written from its older number to 2 a moment ago; the look before the write for A does not show it yet. Or a
        // person typed the older number, and the write for A hit it.
        book.with_tab("Shop", |tab| tab.enter(1, STOCK, number(older)));
        book.hook(When::Before(Op::Read, 1), move |tabs| shop_tab(tabs).enter(2, STOCK, number(older)));
        book.hook(When::After(Op::Read, 1), |tabs| shop_tab(tabs).enter(2, STOCK, number(2.0)));
        book.hook(When::Before(Op::Write, 1), reverse);
        book.fail(Op::Write, 1, true, lost());
        plant(bug);
        let change = change("A", "Stock", Expect::Value(Cell::Number(older)), Cell::Number(2.0));
        let (outcomes, report) = flush_tabs(&book, Size::Small, &[mapping], &[change]).await;
        plant(None);
        assert_eq!((outcomes, report.put_back), (vec!["written 6".to_owned()], u32::from(left != 2)));
        assert_eq!(shown(&book)[3..], [format!("B {left} old"), "A 2 old".to_owned()]);
        assert_eq!(report.doubted.keys().any(|sku| sku.as_str() == "B"), bug.is_none(), "its row says so");
    }
}

#[tokio::test]
async fn a_persons_number_is_not_anothers_write_that_cannot_have_hit_it() {
    for bug in [None, Some(Bug::AnyWriteHits)] {
        let book = book().conditional();
        book.fail(Op::Write, 1, true, lost());
        book.hook(When::After(Op::Write, 1), |tabs| {
            // Over the 20 that was just written: what was written for A, where it showed 1.
            shop_tab(tabs).enter(2, STOCK, number(10.0));
            reverse(tabs);
        });
        plant(bug);
        let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0), stock("B", 20.0)]).await;
        plant(None);
        let of_b = if bug.is_some() { "written 5".to_owned() } else { format!("unknown: {}", lost()) };
        assert_eq!((outcomes, report.put_back), (vec!["written 6".to_owned(), of_b], 0), "{bug:?}");
        assert_eq!(
            shown(&book)[3..],
            [format!("B {} old", if bug.is_some() { 20 } else { 10 }), "A 10 old".to_owned()]
        );
    }
}
