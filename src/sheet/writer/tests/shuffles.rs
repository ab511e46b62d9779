//! Every order of rows, at every moment of a flush: what is not ours stays, and what is said is true.

use super::*;

/// All orders of five rows.
fn orders() -> Vec<Vec<usize>> {
    fn extend(order: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if order.len() == 5 {
            all.push(order.clone());
        }
        for next in 0..5 {
            if !order.contains(&next) {
                order.push(next);
                extend(order, all);
                order.pop();
            }
        }
    }
    let mut all = Vec::new();
    extend(&mut Vec::new(), &mut all);
    all
}

fn shuffle(tabs: &mut [FakeTab], order: &[usize]) {
    let tab = shop_tab(tabs);
    let rows = tab.rows.split_off(1);
    tab.rows.extend(order.iter().map(|at| rows[*at].clone()));
}

fn moments() -> Vec<When> {
    let calls = [(Op::Read, 1), (Op::Read, 2), (Op::Read, 3), (Op::Write, 1), (Op::Write, 2)];
    calls.iter().flat_map(|(op, nth)| [When::Before(*op, *nth), When::After(*op, *nth)]).collect()
}

/// Nothing that was not to be written has changed; what is said to be written is; what is not said to be is not.
fn check(book: &FakeBook, changes: &[CellChange], outcomes: &[String], report: &WriteReport, what: &str) {
    assert_eq!(report.stranded, [], "{what}");
    for row in shown(book) {
        let [sku, stock, status] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let was = (hint(sku) - 1).to_string();
        for (header, now, was) in [("Stock", stock, was.as_str()), ("Status", status, "old")] {
            let at = changes.iter().position(|change| {
                matches!(&change.target, Target::Key(key) if key.as_str() == sku) && change.header == header
            });
            let is_written = at.is_some_and(|at| outcomes[at].starts_with("written"));
            let expect = at.filter(|_| is_written).map_or(was.to_owned(), |at| changes[at].value.quote());
            assert_eq!(now, expect, "{what}: {sku} {header} {outcomes:?}");
        }
    }
}

#[tokio::test]
async fn one_shuffle_at_any_moment_is_healed() {
    // A gets what C has, so that a wrong cell can look right.
    let changes = [stock("A", 3.0), stock("B", 20.0), status("B", "ok"), status("C", "ok"), stock("E", 1.0)];
    for size in SIZES {
        for moment in moments() {
            for (order, conditional) in orders().into_iter().flat_map(|order| [(order.clone(), false), (order, true)]) {
                let book = if conditional { book().conditional() } else { book() };
                let by = order.clone();
                book.hook(moment, move |tabs| shuffle(tabs, &by));
                let (outcomes, report) = flush(&book, size, &changes).await;
                let what = format!("{size:?} {moment:?} {order:?} {conditional}");
                assert!(outcomes.iter().all(|outcome| outcome.starts_with("written")), "{what}: {outcomes:?}");
                check(&book, &changes, &outcomes, &report, &what);
            }
        }
    }
}

#[tokio::test]
async fn a_shuffle_with_a_lost_answer_is_healed() {
    let changes = [stock("A", 10.0), status("B", "ok"), stock("E", 50.0)];
    for size in SIZES {
        for moment in moments() {
            for (order, applied) in orders().into_iter().flat_map(|order| [(order.clone(), false), (order, true)]) {
                let book = book();
                let by = order.clone();
                book.fail(Op::Write, 1, applied, SheetError::AnswerLost("503".to_owned()));
                book.hook(moment, move |tabs| shuffle(tabs, &by));
                let (outcomes, report) = flush(&book, size, &changes).await;
                let what = format!("{size:?} {moment:?} {order:?} {applied}");
                check(&book, &changes, &outcomes, &report, &what);
            }
        }
    }
}

#[tokio::test]
async fn two_shuffles_are_healed() {
    let changes = [stock("A", 3.0), stock("B", 20.0), status("B", "ok"), stock("E", 1.0)];
    let orders = orders();
    let pairs = || moments().into_iter().flat_map(|first| moments().into_iter().map(move |second| (first, second)));
    for size in SIZES {
        for (first, second) in pairs().filter(|(first, second)| first != second) {
            for (at, order) in orders.iter().enumerate().step_by(7) {
                let (one, other) = (order.clone(), orders[(at * 31 + 17) % orders.len()].clone());
                let what = format!("{size:?} {first:?} {one:?} {second:?} {other:?}");
                let book = if at % 2 == 0 { book() } else { book().conditional() };
                book.hook(first, move |tabs| shuffle(tabs, &one));
                book.hook(second, move |tabs| shuffle(tabs, &other));
                let (outcomes, report) = flush(&book, size, &changes).await;
                check(&book, &changes, &outcomes, &report, &what);
            }
        }
    }
}
