//! People at work in the sheet.

use super::*;
use crate::planted::{Bug, plant};

#[tokio::test]
async fn rows_moved_since_the_last_read() {
    for (size, calls) in [(Size::Small, 2), (Size::Large, 5)] {
        let book = book();
        book.with_tab("Shop", |tab| tab.rows[1..].reverse());
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), status("B", "ok"), stock("C", 30.0)]).await;
        assert_eq!(outcomes, ["written 6", "written 5", "written 4"], "{size:?}");
        assert_eq!(shown(&book), ["E 5 old", "D 4 old", "C 30 old", "B 2 ok", "A 10 old"]);
        assert_eq!((report.moved, report.put_back, report.calls), (2, 0, calls), "{size:?}");
    }
}

#[tokio::test]
async fn rows_move_between_check_and_write() {
    for size in SIZES {
        let book = book();
        book.hook(When::Before(Op::Write, 1), reverse);
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), status("B", "ok")]).await;
        assert_eq!(outcomes, ["written 6", "written 5"], "{size:?}");
        assert_eq!(shown(&book), ["E 5 old", "D 4 old", "C 3 old", "B 2 ok", "A 10 old"], "{size:?}");
        assert_eq!((report.put_back, report.stranded), (2, vec![]), "{size:?}");
    }
}

#[tokio::test]
async fn written_rows_change_places_between_check_and_write() {
    for size in SIZES {
        let book = book();
        book.hook(When::Before(Op::Write, 1), reverse);
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), stock("E", 50.0), status("D", "ok")]).await;
        assert_eq!(outcomes, ["written 6", "written 2", "written 3"], "{size:?}");
        assert_eq!(shown(&book), ["E 50 old", "D 4 ok", "C 3 old", "B 2 old", "A 10 old"], "{size:?}");
        assert_eq!((report.put_back, report.stranded), (1, vec![]), "only B's status was nobody's to write, {size:?}");
    }
}

#[tokio::test]
async fn rows_move_after_the_write() {
    for size in SIZES {
        let book = book();
        book.hook(When::After(Op::Write, 1), reverse);
        let (outcomes, report) = flush(&book, size, &[stock("A", 5.0), stock("B", 20.0)]).await;
        assert_eq!(outcomes, ["written 2", "written 3"], "{size:?}");
        assert_eq!(shown(&book), ["E 5 old", "D 4 old", "C 3 old", "B 20 old", "A 5 old"], "{size:?}");
        assert_eq!((report.put_back, writes(&book)), (0, 1), "E's own 5 is left alone, {size:?}");
    }
}

#[tokio::test]
async fn rows_move_before_the_write_and_again_after_it() {
    let book = book();
    book.hook(When::Before(Op::Write, 1), reverse);
    book.hook(When::After(Op::Write, 1), |tabs| shop_tab(tabs).rows[1..].rotate_left(2));
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["written 4"]);
    assert_eq!(shown(&book), ["C 3 old", "B 2 old", "A 10 old", "E 5 old", "D 4 old"]);
    assert_eq!((report.put_back, report.stranded), (1, vec![]));
}

#[tokio::test]
async fn rows_move_during_the_correction_too() {
    for size in SIZES {
        let book = book();
        for nth in 1..=2 {
            book.hook(When::Before(Op::Write, nth), reverse);
        }
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!((outcomes, report.stranded), (vec!["written 2".to_owned()], vec![]), "{size:?}");
        assert_eq!(shown(&book), ["A 10 old", "B 2 old", "C 3 old", "D 4 old", "E 5 old"], "{size:?}");
    }
}

#[tokio::test]
async fn rows_that_never_rest_are_given_up_on_and_reported() {
    for size in SIZES {
        let book = book();
        for nth in 1..=ROUNDS_MAX as usize {
            book.hook(When::Before(Op::Write, nth), |tabs| shop_tab(tabs).rows[1..].rotate_left(1));
        }
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!(outcomes, ["not sent: the sheet kept changing while it was read"], "{size:?}");
        let first = ["A 1 old", "B 2 old", "C 3 old", "D 4 old", "E 5 old"];
        let rows = shown(&book);
        let wrong = (2..).zip(&rows).filter(|(_, row)| !first.contains(&row.as_str())).map(|(at, _)| at);
        let mut stranded: Vec<u32> = report.stranded.iter().map(|stranded| stranded.row).collect();
        stranded.sort_unstable();
        assert_eq!(wrong.collect::<Vec<u32>>(), stranded, "{size:?} {rows:?}");
        assert!(!stranded.is_empty());
    }
}

#[tokio::test]
async fn what_looks_like_ours_and_is_not_is_left_alone() {
    for size in SIZES {
        let book = book();
        book.hook(When::Before(Op::Write, 1), reverse);
        let (outcomes, report) = flush(&book, size, &[stock("A", 3.0)]).await;
        assert_eq!(outcomes, ["written 6"], "{size:?}");
        assert_eq!(shown(&book), ["E 5 old", "D 4 old", "C 3 old", "B 2 old", "A 3 old"], "{size:?}");
        assert_eq!(report.put_back, 1, "E's cell; C had its 3 before, {size:?}");
    }
}

#[tokio::test]
async fn an_overwritten_formula_is_reported() {
    let book = book();
    book.with_tab("Shop", |tab| tab.enter(5, STOCK, Entered::Formula("=2+3", Cell::Number(5.0))));
    book.hook(When::Before(Op::Write, 1), reverse);
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["written 6"]);
    let stranded: Vec<_> = report.stranded.iter().map(|stranded| (stranded.row, stranded.sku.clone())).collect();
    assert_eq!((stranded, report.put_back), (vec![(2, Sku::new("E"))], 0));
}

#[tokio::test]
async fn an_unknown_victim_is_reported() {
    let book = book();
    book.hook(When::Before(Op::Write, 1), reverse);
    let (mapping, nobody) = (mapping("Shop", &["SKU"]), |_: &str, _: &Sku, _: &str| None);
    let columns = columns(&mapping);
    let layouts = [TabLayout { mapping: &mapping, columns: &columns, rows: 50_000 }];
    let (outcomes, report) =
        write_checked(&book, Locale::Point, &layouts, &nobody, Time::MAX_UTC, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes.iter().map(words).collect::<Vec<_>>(), ["written 6"]);
    let stranded = Stranded {
        tab: "Shop".to_owned(),
        row: 2,
        column: 2,
        sku: Sku::new("E"),
        wrote: Cell::Number(10.0),
        had: None,
        doubtful: false,
    };
    assert_eq!(report.stranded, [stranded]);
}

#[tokio::test]
async fn a_person_types_before_the_check() {
    for size in SIZES {
        let book = book();
        book.with_tab("Shop", |tab| {
            tab.enter(1, STOCK, number(15.0));
            tab.enter(2, STOCK, text(""));
            tab.enter(3, STOCK, text("3"));
            tab.enter(4, STATUS, text("mine!"));
        });
        let changes = [stock("A", 10.0), stock("B", 20.0), stock("C", 30.0), status("D", "ok")];
        let (outcomes, _) = flush(&book, size, &changes).await;
        assert_eq!(outcomes, ["person 2 15", "person 3 ", "written 4", "written 5"], "{size:?}");
        assert_eq!(shown(&book), ["A 15 old", "B  old", "C 30 old", "D 4 ok", "E 5 old"]);
    }
}

#[tokio::test]
async fn a_person_types_after_the_write() {
    for size in SIZES {
        let book = book();
        book.hook(When::After(Op::Write, 1), |tabs| shop_tab(tabs).enter(1, STOCK, number(15.0)));
        let (outcomes, _) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!((outcomes, writes(&book)), (vec!["written 2".to_owned()], 1), "{size:?}");
        assert_eq!(shown(&book)[0], "A 15 old", "and is not overwritten");
    }
}

#[tokio::test]
async fn a_person_types_into_a_row_that_moved_under_the_write() {
    for size in SIZES {
        let book = book();
        book.hook(When::Before(Op::Write, 1), reverse);
        book.hook(When::After(Op::Write, 1), |tabs| shop_tab(tabs).enter(5, STOCK, number(99.0)));
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!(outcomes, ["person 6 99"], "{size:?}");
        assert_eq!(shown(&book), ["E 5 old", "D 4 old", "C 3 old", "B 2 old", "A 99 old"], "{size:?}");
        assert_eq!(report.put_back, 1);
    }
}

#[tokio::test]
async fn formulas_stay() {
    for size in SIZES {
        let book = book();
        book.with_tab("Shop", |tab| {
            tab.enter(1, STOCK, Entered::Formula("=SUM(B2)", Cell::Number(1.0)));
            tab.enter(2, STATUS, Entered::Formula("=IF(1,\"old\")", Cell::from_text("old")));
        });
        let before = book.with_tab("Shop", |tab| tab.rows.clone());
        let (outcomes, _) = flush(&book, size, &[stock("A", 10.0), status("B", "ok")]).await;
        assert_eq!(outcomes, ["formula 2", "formula 3"], "{size:?}");
        assert_eq!(book.with_tab("Shop", |tab| tab.rows.clone()), before);
    }
}

#[tokio::test]
async fn keys_and_headers_may_be_formulas() {
    for size in SIZES {
        for filled in [false, true] {
            let book = book();
            book.with_tab("Shop", |tab| {
                for row in 0..tab.rows.len() {
                    let shown = tab.shown(row, 0);
                    // One formula in the first row fills the column, or each row has its own.
                    let elsewhere = filled && row > 0;
                    tab.enter(row, 0, if elsewhere { Entered::Spilled(shown) } else { Entered::Formula("=B1", shown) });
                }
            });
            let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), status("B", "ok")]).await;
            assert_eq!(outcomes, ["written 2", "written 3"], "{size:?} {filled}");
            assert_eq!(shown(&book)[..2], ["A 10 old", "B 2 ok"]);
            assert_eq!(report.calls, 3, "formulas, values, and the write");
        }
    }
}

#[tokio::test]
async fn a_column_filled_from_below_its_header_is_read_as_values() {
    let book = book();
    book.with_tab("Shop", |tab| {
        for row in 1..tab.rows.len() {
            let shown = tab.shown(row, 0);
            tab.enter(row, 0, Entered::Spilled(shown));
        }
    });
    let (outcomes, _) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["written 2"]);
}

#[tokio::test]
async fn rows_move_between_formulas_and_values() {
    let book = book();
    book.with_tab("Shop", |tab| {
        for row in 1..tab.rows.len() {
            let shown = tab.shown(row, 0);
            tab.enter(row, 0, Entered::Formula("=B1", shown));
        }
    });
    book.hook(When::After(Op::Read, 1), reverse);
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 10.0)]).await;
    assert_eq!(outcomes, ["written 6"]);
    assert_eq!((reads(&book), report.put_back), (4, 0), "looked again before writing");
}

#[tokio::test]
async fn a_key_that_stands_twice_is_left_alone() {
    for size in SIZES {
        let book = book();
        book.with_tab("Shop", |tab| {
            tab.rows[1..].reverse();
            tab.enter(1, 0, text(" A "));
        });
        let (outcomes, _) = flush(&book, size, &[stock("A", 10.0), stock("B", 20.0)]).await;
        assert_eq!(outcomes, ["ambiguous", "written 5"], "{size:?}");
        assert_eq!(shown(&book), ["A 5 old", "D 4 old", "C 3 old", "B 20 old", "A 1 old"]);
    }
}

#[tokio::test]
async fn a_row_is_deleted_before_the_check() {
    for size in SIZES {
        let book = book();
        book.with_tab("Shop", |tab| {
            tab.rows.remove(1);
            tab.grid.0 -= 1;
        });
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), stock("E", 50.0)]).await;
        assert_eq!(outcomes, ["gone", "written 5"], "{size:?}");
        assert_eq!(shown(&book), ["B 2 old", "C 3 old", "D 4 old", "E 50 old"]);
        assert_eq!(report.moved, 1);
    }
}

#[tokio::test]
async fn a_row_is_deleted_between_check_and_write() {
    for size in SIZES {
        let book = book();
        book.hook(When::Before(Op::Write, 1), |tabs| drop(shop_tab(tabs).rows.remove(1)));
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), stock("E", 50.0)]).await;
        assert_eq!(outcomes, ["gone", "written 5"], "{size:?}");
        assert_eq!(shown(&book), ["B 2 old", "C 3 old", "D 4 old", "E 50 old", "  "], "{size:?}");
        assert_eq!((report.put_back, report.stranded), (2, vec![]), "B's cell and the empty row, {size:?}");
    }
}

#[tokio::test]
async fn a_column_is_inserted_before_the_check() {
    for size in SIZES {
        let book = book();
        book.with_tab("Shop", |tab| tab.insert_column(1));
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0), status("B", "ok")]).await;
        assert_eq!(outcomes, ["written 2", "written 3"], "{size:?}");
        book.with_tab("Shop", |tab| {
            assert_eq!((tab.shown(1, 3), tab.shown(2, 4)), (Cell::Number(10.0), Cell::from_text("ok")));
            assert_eq!((tab.shown(1, 2), tab.shown(2, 3)), (Cell::from_text("note A"), Cell::Number(2.0)));
        });
        assert_eq!(report.calls, 3, "one look more");
    }
}

#[tokio::test]
async fn a_column_is_inserted_between_check_and_write() {
    for size in SIZES {
        let book = book();
        book.hook(When::Before(Op::Write, 1), |tabs| shop_tab(tabs).insert_column(1));
        let (outcomes, report) = flush(&book, size, &[stock("A", 10.0)]).await;
        assert_eq!(outcomes, ["written 2"], "{size:?}");
        assert_eq!(book.with_tab("Shop", |tab| tab.shown(1, 3)), Cell::Number(10.0));
        let stranded = Stranded {
            tab: "Shop".to_owned(),
            row: 2,
            column: 2,
            sku: Sku::new("A"),
            wrote: Cell::Number(10.0),
            had: None,
            doubtful: false,
        };
        assert_eq!(report.stranded, [stranded], "what the note was is not known");
    }
}

/// Two columns change places, all that is in them.
fn swap_columns(tab: &mut FakeTab, one: usize, other: usize) {
    tab.rows.iter_mut().for_each(|cells| cells.swap(one, other));
}

#[tokio::test]
async fn what_a_write_hit_in_another_mapped_column_is_put_back() {
    const PRICE: usize = 1;
    for (bug, price, stock_of_b) in
        [(None, number(1.0), number(2.0)), (Some(Bug::ColumnsStay), number(10.0), text("ok"))]
    {
        for size in SIZES {
            let book = book().conditional();
            book.with_tab("Shop", |tab| {
                tab.enter(0, PRICE, text("Price"));
                tab.enter(1, PRICE, number(1.0));
            });
            book.hook(When::Before(Op::Write, 1), |tabs| {
                swap_columns(shop_tab(tabs), PRICE, STOCK);
                swap_columns(shop_tab(tabs), PRICE, STATUS);
            });
            let mapping = TabMapping { price: Some("Price".to_owned()), ..mapping("Shop", &["SKU"]) };
            let headers = ["SKU", "Price", "Stock", "Status"].map(str::to_owned);
            let columns = locate(&mapping, &headers).unwrap();
            let layouts = [TabLayout {
                mapping: &mapping,
                columns: &columns,
                rows: if size == Size::Small { 6 } else { 50_000 },
            }];
            plant(bug);
            // A's stock goes over its price, B's status over its stock.
            let changes = [stock("A", 10.0), status("B", "ok")];
            let (outcomes, report) =
                write_checked(&book, Locale::Point, &layouts, &known, Time::MAX_UTC, &changes).await;
            plant(None);
            assert_eq!(outcomes.iter().map(words).collect::<Vec<_>>(), ["written 2", "written 3"], "{bug:?} {size:?}");
            let is = |row: usize, header: &str| {
                book.with_tab("Shop", |tab| {
                    let at = tab.rows[0].iter().position(|cell| *cell == text(header)).unwrap();
                    tab.rows[row][at].clone()
                })
            };
            assert_eq!((is(1, "Stock"), is(2, "Status")), (number(10.0), text("ok")), "{bug:?} {size:?}");
            assert_eq!((is(1, "Price"), is(2, "Stock")), (price.clone(), stock_of_b.clone()), "{bug:?} {size:?}");
            assert_eq!(report.put_back, if bug.is_none() { 2 } else { 0 });
        }
    }
}

#[tokio::test]
async fn a_broken_tab_stops_only_itself() {
    let broken = |tab: &mut FakeTab| tab.enter(0, STOCK, text("Bestand"));
    let gone = |tab: &mut FakeTab| tab.title = "Renamed".to_owned();
    let cut = |tab: &mut FakeTab| {
        tab.rows.truncate(1);
        tab.grid.0 = 1;
    };
    type Act = fn(&mut FakeTab);
    let cases: [(Act, &str); 3] = [
        (
            broken,
            "header: tab \"Other\": no column is called \"Stock\"; the first row has: SKU, Notes, Bestand, Status",
        ),
        (gone, "header: no tab is called \"Other\"; the spreadsheet has: Renamed, Shop"),
        (cut, "gone"),
    ];
    for size in SIZES {
        for (act, expect) in cases {
            let book = FakeBook::new(vec![("Other", shop()), ("Shop", shop())]);
            book.with_tab("Other", act);
            let other = CellChange { tab: "Other".to_owned(), ..stock("B", 20.0) };
            let mappings = [mapping("Other", &["SKU"]), mapping("Shop", &["SKU"])];
            let (outcomes, _) = flush_tabs(&book, size, &mappings, &[other, stock("A", 10.0)]).await;
            assert_eq!(outcomes, [expect, "written 2"], "{size:?}");
        }
    }
}

#[tokio::test]
async fn unmapped_places_are_refused() {
    let book = book();
    let changes =
        [CellChange { tab: "Else".to_owned(), ..stock("A", 1.0) }, change("A", "Notes", Expect::Own, Cell::Blank)];
    let (outcomes, _) = flush(&book, Size::Small, &changes).await;
    assert_eq!(outcomes[0], "header: no tab is called \"Else\"; the spreadsheet has: Shop");
    assert_eq!(
        outcomes[1], "header: tab \"Shop\": no column is called \"Notes\"; the first row has: SKU, Stock, Status",
        "a column that is not mapped is not written"
    );
    assert_eq!(writes(&book), 0);
}

#[tokio::test]
async fn keys_of_several_columns() {
    let book = book();
    book.with_tab("Shop", |tab| tab.enter(2, 0, text("A")));
    let mapping = mapping("Shop", &["SKU", "Notes"]);
    let change = CellChange {
        target: Target::Key(Sku::join(&["A".to_owned(), "note B".to_owned()]).unwrap()),
        ..stock("B", 20.0)
    };
    let (outcomes, _) = flush_tabs(&book, Size::Large, &[mapping], &[change]).await;
    assert_eq!((outcomes, shown(&book)[1].as_str()), (vec!["written 3".to_owned()], "A 20 old"));
}
