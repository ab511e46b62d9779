//! Conditional writes: what a person typed in the last moment stays.

use super::*;

fn conditional() -> FakeBook {
    book().conditional()
}

#[tokio::test]
async fn a_person_types_between_check_and_write() {
    for size in SIZES {
        let book = conditional();
        book.hook(When::Before(Op::Write, 1), |tabs| shop_tab(tabs).enter(1, STOCK, number(7.0)));
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), stock("B", 20.0)]).await;
        assert_eq!(outcomes, ["person 2 7", "written 3"], "{size:?}");
        assert_eq!(shown(&book)[..2], ["A 7 old", "B 20 old"], "{size:?}");
        assert_eq!((report.formatted, report.put_back), (0, 0), "{size:?}");
    }
}

#[tokio::test]
async fn rows_move_between_check_and_write() {
    for size in SIZES {
        let book = conditional();
        book.hook(When::Before(Op::Write, 1), reverse);
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!(outcomes, ["written 6"], "{size:?}");
        assert_eq!(shown(&book), ["E 5 old", "D 4 old", "C 3 old", "B 2 old", "A 10 old"], "{size:?}");
        assert_eq!((report.put_back, report.stranded), (0, vec![]), "nothing was written wrongly, {size:?}");
    }
}

#[tokio::test]
async fn a_number_that_shows_otherwise_is_written_all_the_same() {
    let book = conditional();
    // Reads as 1, and shows as "1.0": the condition does not find it.
    book.with_tab("Shop", |tab| tab.enter(1, STOCK, text("1.0")));
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["written 2"]);
    assert_eq!(shown(&book)[0], "A 10 old");
    assert_eq!((report.formatted, writes(&book)), (1, 2));
}

#[tokio::test]
async fn a_number_that_became_a_text_is_made_a_number() {
    let book = book().leaving_texts();
    let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!((outcomes, writes(&book)), (vec!["written 2".to_owned()], 2));
    book.with_tab("Shop", |tab| assert!(matches!(&tab.rows[1][STOCK], Entered::Plain(Cell::Number(_)))));
}

#[tokio::test]
async fn what_is_typed_after_the_write_stays_also_when_rows_move() {
    // The old number again, or any other: our write is done, and the rest is the person's.
    for size in SIZES {
        for typed in [1.0, 6.0] {
            let book = conditional();
            book.hook(When::After(Op::Write, 1), move |tabs| {
                shop_tab(tabs).enter(1, STOCK, number(typed));
                reverse(tabs);
            });
            let (outcomes, _) = flush(&book, size, &[stock("A", 0.0)]).await;
            assert_eq!((outcomes, writes(&book)), (vec!["written 2".to_owned()], 1), "{size:?}");
            assert_eq!(shown(&book)[4], format!("A {typed} old"));
        }
    }
}

#[tokio::test]
async fn what_is_typed_into_a_moved_row_before_its_write_is_seen() {
    for size in SIZES {
        let book = conditional();
        // E shows the number that was expected of A, so that the write for A takes there.
        book.with_tab("Shop", |tab| tab.enter(5, STOCK, number(1.0)));
        book.hook(When::Before(Op::Write, 1), reverse);
        book.hook(When::After(Op::Write, 1), |tabs| shop_tab(tabs).enter(5, STOCK, number(9.0)));
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!(outcomes, ["person 6 9"], "{size:?}");
        assert_eq!(shown(&book), ["E 1 old", "D 4 old", "C 3 old", "B 2 old", "A 9 old"], "{size:?}");
        assert_eq!((report.put_back, report.stranded), (1, vec![]), "{size:?}");
    }
}

#[tokio::test]
async fn a_hit_cell_that_somebody_typed_into_stays() {
    for size in SIZES {
        let book = conditional();
        book.with_tab("Shop", |tab| tab.enter(5, STOCK, number(1.0)));
        book.hook(When::Before(Op::Write, 1), reverse);
        book.hook(When::After(Op::Write, 1), |tabs| shop_tab(tabs).enter(1, STOCK, number(9.0)));
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!(outcomes, ["written 6"], "{size:?}");
        assert_eq!(shown(&book), ["E 9 old", "D 4 old", "C 3 old", "B 2 old", "A 10 old"], "{size:?}");
        assert_eq!((report.put_back, report.stranded), (0, vec![]), "{size:?}");
    }
}

#[tokio::test]
async fn a_hit_cell_that_a_person_had_changed_keeps_their_number() {
    for size in SIZES {
        let book = conditional();
        // Between look and write somebody types into E what A shows, and sorts: A's write takes there, and E has its own.
        book.hook(When::Before(Op::Write, 1), |tabs| {
            shop_tab(tabs).enter(5, STOCK, number(1.0));
            reverse(tabs);
        });
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), stock("E", 50.0)]).await;
        assert_eq!(outcomes, ["written 6", "person 2 1"], "{size:?}");
        assert_eq!(shown(&book), ["E 1 old", "D 4 old", "C 3 old", "B 2 old", "A 10 old"], "{size:?}");
        assert_eq!((report.put_back, report.stranded), (1, vec![]), "{size:?}");
    }
}
