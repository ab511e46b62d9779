//! The engine between a ledger and a sheet, with people in it. Each promise is seen to be broken by the bug that its test is for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::sheet_outcomes::Stuck;
use super::{Engine, Identities, ReadManner, SheetPlan, Timing};
use crate::catalog::{Cell, Sku, TabMapping};
use crate::clock;
use crate::db::{HintDone, Ledger, MemoryLedger, SHEET, StockRequest, Want};
use crate::planted::{Bug, plant};
use crate::sheet::SheetError;
use crate::sheet::testing::{Entered, FakeBook, Op, When, mapping, number, text};
use crate::stock::{Input, Meaning, Reading};
use crate::telemetry::Meters;

const SHOP: &str = "shop";

fn row(sku: &str, stock: Entered) -> Vec<Entered> {
    vec![text(sku), stock, text(""), number(0.0)]
}

/// These rows below a header.
fn book(rows: Vec<Vec<Entered>>) -> Arc<FakeBook> {
    let header = ["SKU", "Stock", "Status", "Elsewhere"].map(text).to_vec();
    Arc::new(FakeBook::new(vec![("Shop", std::iter::once(header).chain(rows).collect())]).conditional())
}

/// An engine without shops, whose stock stands in this column.
fn engine_on(ledger: &Arc<MemoryLedger>, book: &Arc<FakeBook>, column: &str) -> Engine {
    let mut tab = mapping("Shop", &["SKU"]);
    tab.stock = vec![("main".to_owned(), column.to_owned())];
    let sheet = SheetPlan { tabs: vec![tab], block_rows: 5_000, decimals: 2, zone: chrono_tz::Tz::UTC };
    let timing = Timing { settle: Duration::ZERO, sheet_stale_for: Duration::ZERO, ..Timing::default() };
    let identities = Identities { spreadsheet: "id".to_owned(), ..Identities::default() };
    Engine::new(ledger.clone(), book.clone(), sheet, Vec::new(), timing, Meters::default()).speaking_of(identities)
}

/// The same, started; and a shop that shows five of A, as the sheet does.
async fn engine(book: &Arc<FakeBook>) -> Engine {
    let engine = engine_on(&Arc::new(MemoryLedger::new()), book, "Stock");
    engine.recognise().await.unwrap();
    turn(&engine).await;
    shop_shows(&engine, 5).await;
    engine
}

async fn turn(engine: &Engine) {
    engine.read_sheet(ReadManner::Full).await.unwrap();
    engine.flush_sheet("test").await.unwrap();
}

async fn shop_shows(engine: &Engine, units: i64) {
    let (stale_for, late_for) = (Duration::ZERO, Duration::ZERO);
    let reading = Reading::exact(units, clock::now());
    let input = Input::Read { reading, meaning: Meaning::Shop, stale_for, late_for };
    let request = StockRequest { sku: Sku::new("A").unwrap(), pool: "main".to_owned(), input };
    engine.ledger.stock(SHOP, vec![request], &[], clock::now()).await.unwrap();
    engine.ledger.hint(SHEET, &[("A".to_owned(), Want::STOCK, clock::now())]).await.unwrap();
}

async fn pool(ledger: &dyn Ledger, sku: &str) -> Option<i64> {
    ledger.book(&Sku::new(sku).unwrap(), &"main".to_owned()).await.unwrap().pool
}

async fn letters(engine: &Engine) -> Vec<(String, String)> {
    let letters = engine.ledger.dead_letters().await.unwrap();
    letters.into_iter().map(|letter| (letter.sku, letter.code)).collect()
}

/// Key and stock of a row, counted from 1 below the header.
fn shown(book: &FakeBook, row: usize) -> (Cell, Cell) {
    book.with_tab("Shop", |tab| (tab.shown(row, 0), tab.shown(row, 1)))
}

/// Rows are sorted under the next write, for A, so that it hits B, which showed the same number. Returns which write it will be,
/// and which read comes after it.
fn hit_another_row(book: &FakeBook) -> (usize, usize) {
    let next = |op: Op| book.count(op) + 1;
    let (write, look) = (next(Op::Write), next(Op::Read) + 1);
    book.hook(When::Before(Op::Write, write), |tabs| tabs[0].rows[1..].reverse());
    (write, look)
}

/// The same; its answer is lost, and the look that follows is older than the write.
fn hide_a_hit(book: &FakeBook) {
    let (write, look) = hit_another_row(book);
    book.fail(Op::Write, write, true, SheetError::AnswerLost("HTTP 503".to_owned()));
    show_older(book, look, vec![row("B", number(5.0)), row("A", number(5.0))]);
}

#[tokio::test]
async fn a_number_that_a_lost_write_left_elsewhere_raises_nothing() {
    for (bug, of_b) in [(None, 5), (Some(Bug::LostAtOnce), 7)] {
        let book = book(vec![row("A", number(5.0)), row("B", number(5.0))]);
        let engine = engine(&book).await;
        plant(bug);
        hide_a_hit(&book);
        shop_shows(&engine, 7).await;
        engine.flush_sheet("test").await.unwrap();
        let seven = |sku: &str| (Cell::from_text(sku), Cell::Number(7.0));
        assert_eq!((shown(&book, 1), shown(&book, 2)), (seven("B"), seven("A")), "the hit was not seen");
        turn(&engine).await;
        plant(None);
        assert_eq!((pool(&*engine.ledger, "A").await, pool(&*engine.ledger, "B").await), (Some(7), Some(of_b)));
        if bug.is_none() {
            assert_eq!(letters(&engine).await, [("B".to_owned(), "doubt".to_owned())]);
            assert_eq!(shown(&book, 1), (Cell::from_text("B"), Cell::Number(5.0)));
        }
    }
}

#[tokio::test]
async fn what_a_write_left_elsewhere_before_it_was_sent_again_raises_nothing() {
    for (bug, of_b) in [(None, 5), (Some(Bug::FoundIsNowhereElse), 7)] {
        let book = book(vec![row("A", number(5.0)), row("B", number(5.0))]);
        let ledger = Arc::new(MemoryLedger::new());
        let killed = engine_on(&ledger, &book, "Stock");
        killed.recognise().await.unwrap();
        turn(&killed).await;
        shop_shows(&killed, 5).await;
        shop_shows(&killed, 7).await;
        let (write, look) = hit_another_row(&book);
        book.fail(Op::Write, write, true, SheetError::AnswerLost("HTTP 503".to_owned()));
        book.fail(Op::Read, look, false, SheetError::Access("withdrawn".to_owned()));
        killed.flush_sheet("test").await.unwrap_err();
        // Sent again, it came to where it belongs; then the program was killed.
        assert_eq!(shown(&book, 1), (Cell::from_text("B"), Cell::Number(7.0)));
        book.with_tab("Shop", |tab| tab.enter(2, 1, number(7.0)));
        let engine = engine_on(&ledger, &book, "Stock");
        engine.recognise().await.unwrap();
        plant(bug);
        turn(&engine).await;
        plant(None);
        assert_eq!((pool(&*ledger, "A").await, pool(&*ledger, "B").await), (Some(7), Some(of_b)));
        if bug.is_none() {
            assert_eq!(letters(&engine).await, [("B".to_owned(), "doubt".to_owned())]);
            assert_eq!(shown(&book, 1), (Cell::from_text("B"), Cell::Number(5.0)));
        }
    }
}

#[tokio::test]
async fn a_put_back_whose_answer_was_lost_moves_nothing() {
    for (bug, is_done, of_b) in [(None, false, 5), (None, true, 5), (Some(Bug::LostPutBackIsNotDone), true, 3)] {
        let clock = clock::Simulation::start(clock::Time::from_timestamp(1_800_000_000, 0).unwrap(), 0);
        let book = book(vec![row("A", number(5.0)), row("B", number(5.0))]);
        let engine = engine(&book).await;
        plant(bug);
        let (write, look) = hit_another_row(&book);
        book.fail(Op::Write, write + 1, is_done, SheetError::AnswerLost("HTTP 503".to_owned()));
        book.fail(Op::Read, look + 1, false, SheetError::Access("withdrawn".to_owned()));
        shop_shows(&engine, 7).await;
        engine.flush_sheet("test").await.unwrap_err();
        let left = if is_done { 5.0 } else { 7.0 };
        assert_eq!(shown(&book, 1), (Cell::from_text("B"), Cell::Number(left)), "the put-back was not lost");
        minutes(&clock, &engine).await;
        plant(None);
        assert_eq!((pool(&*engine.ledger, "A").await, pool(&*engine.ledger, "B").await), (Some(7), Some(of_b)));
        let shown = [shown(&book, 1), shown(&book, 2)].map(|(_, stock)| stock);
        assert_eq!(shown, [of_b, 7].map(|units| Cell::Number(units as f64)), "{bug:?} {is_done}");
    }
}

/// This look shows these rows, though others are there.
fn show_older(book: &FakeBook, look: usize, rows: Vec<Vec<Entered>>) {
    let now = Arc::new(Mutex::new(Vec::new()));
    let kept = now.clone();
    book.hook(When::Before(Op::Read, look), move |tabs| {
        let older = std::iter::once(tabs[0].rows[0].clone()).chain(rows).collect();
        *kept.lock().unwrap() = std::mem::replace(&mut tabs[0].rows, older);
    });
    book.hook(When::After(Op::Read, look), move |tabs| tabs[0].rows = std::mem::take(&mut now.lock().unwrap()));
}

/// What the sheet shows is taken in again and again, for long enough that no look is stale and no write under way.
async fn minutes(clock: &clock::Simulation, engine: &Engine) {
    for _ in 0..3 {
        clock.advance(Duration::from_secs(60));
        turn(engine).await;
    }
}

#[tokio::test]
async fn a_look_is_no_proof_that_a_cell_was_hit() {
    for (bug, of_b) in [(None, 5), (Some(Bug::LookIsProof), 7)] {
        let clock = clock::Simulation::start(clock::Time::from_timestamp(1_800_000_000, 0).unwrap(), 0);
        let book = book(vec![row("A", number(5.0)), row("B", number(5.0))]);
        let engine = engine(&book).await;
        plant(bug);
        let (write, look) = (book.count(Op::Write) + 1, book.count(Op::Read) + 2);
        book.fail(Op::Write, write, false, SheetError::AnswerLost("HTTP 503".to_owned()));
        // B showed 3 once, and another order of rows: as if A's write had hit it.
        show_older(&book, look, vec![row("B", number(3.0)), row("A", number(5.0))]);
        book.fail(Op::Write, write + 1, false, SheetError::Access("withdrawn".to_owned()));
        shop_shows(&engine, 3).await;
        engine.flush_sheet("test").await.unwrap_err();
        minutes(&clock, &engine).await;
        plant(None);
        assert_eq!((pool(&*engine.ledger, "A").await, pool(&*engine.ledger, "B").await), (Some(3), Some(of_b)));
        assert_eq!(shown(&book, 1), (Cell::from_text("A"), Cell::Number(3.0)));
        assert_eq!(shown(&book, 2), (Cell::from_text("B"), Cell::Number(of_b as f64)));
    }
}

#[tokio::test]
async fn where_nobody_can_tell_what_a_lost_write_hit_the_lower_stock_stays() {
    for (bug, of_b) in [(None, 3), (Some(Bug::OlderLookIsRight), 5)] {
        let book = book(vec![row("A", number(5.0)), row("B", number(3.0))]);
        let engine = engine(&book).await;
        plant(bug);
        book.with_tab("Shop", |tab| tab.enter(2, 1, number(5.0)));
        let (write, _) = hit_another_row(&book);
        book.fail(Op::Write, write, true, SheetError::AnswerLost("HTTP 503".to_owned()));
        shop_shows(&engine, 3).await;
        engine.flush_sheet("test").await.unwrap();
        turn(&engine).await;
        plant(None);
        assert_eq!(pool(&*engine.ledger, "B").await, Some(of_b));
        assert_eq!(shown(&book, 1), (Cell::from_text("B"), Cell::Number(of_b as f64)));
        assert_eq!(letters(&engine).await.contains(&("B".to_owned(), "doubt".to_owned())), bug.is_none());
    }
}

#[tokio::test]
async fn what_is_written_during_a_read_is_nobodys_movement() {
    for (bug, left) in [(None, 7), (Some(Bug::ReadBesideWrite), 5)] {
        let book = book(vec![row("A", number(5.0))]);
        let engine = engine(&book).await;
        plant(bug);
        shop_shows(&engine, 7).await;
        // Somebody types elsewhere, so that there is something to read.
        book.with_tab("Shop", |tab| tab.enter(1, 3, number(1.0)));
        // One question before the read, one after it.
        book.slow_version(book.count(Op::Version) + 2);
        engine.read_sheet(ReadManner::Probe).await.unwrap();
        plant(None);
        assert_eq!(shown(&book, 1), (Cell::from_text("A"), Cell::Number(7.0)), "it was written beside the read");
        assert_eq!(pool(&*engine.ledger, "A").await, Some(left), "{bug:?}");
    }
}

#[tokio::test]
async fn no_sale_is_lost_under_a_row_that_stands_twice() {
    for (bug, left) in [(None, 3), (Some(Bug::DoubledIsWritten), 5)] {
        // So many that only the rows concerned are looked at before a write.
        let others = (0..1_100).map(|n| row(&format!("F{n}"), number(1.0)));
        let book = book(std::iter::once(row("A", number(5.0))).chain(others).collect());
        let clock = clock::Simulation::start(clock::Time::from_timestamp(1_800_000_000, 0).unwrap(), 0);
        let engine = engine(&book).await;
        plant(bug);
        // Words for both rows go with a stock write that comes soon after, and make it look at both.
        clock.advance(Duration::from_secs(10));
        let copy_and_delete = |act: fn(&mut Vec<Vec<Entered>>)| book.with_tab("Shop", |tab| act(&mut tab.rows));
        book.with_tab("Shop", |tab| tab.grid.0 += 1);
        copy_and_delete(|rows| rows.push(rows[1].clone()));
        turn(&engine).await;
        shop_shows(&engine, 3).await;
        engine.flush_sheet("test").await.unwrap();
        copy_and_delete(|rows| drop(rows.remove(1)));
        turn(&engine).await;
        engine.flush_sheet("test").await.unwrap();
        plant(None);
        assert_eq!(pool(&*engine.ledger, "A").await, Some(left), "{bug:?}");
        assert_eq!(shown(&book, 1_101), (Cell::from_text("A"), Cell::Number(left as f64)));
    }
}

#[tokio::test]
async fn a_formula_stays_and_its_row_says_so() {
    for bug in [None, Some(Bug::FormulaUnsaid)] {
        let book = book(vec![row("A", Entered::Formula("=2+3", Cell::Number(5.0)))]);
        let engine = engine(&book).await;
        plant(bug);
        shop_shows(&engine, 3).await;
        engine.flush_sheet("test").await.unwrap();
        plant(None);
        let is_formula = |tab: &mut crate::sheet::testing::FakeTab| matches!(tab.rows[1][1], Entered::Formula(..));
        assert!(book.with_tab("Shop", is_formula));
        let said = letters(&engine).await == [("A".to_owned(), "formula".to_owned())];
        assert_eq!(said, bug.is_none());
    }
}

#[tokio::test]
async fn another_column_moves_nothing() {
    for (bug, left) in [(None, 5), (Some(Bug::IdentityIgnored), 0)] {
        let book = book(vec![row("A", number(5.0))]);
        let ledger = Arc::new(MemoryLedger::new());
        let before = engine_on(&ledger, &book, "Stock");
        before.recognise().await.unwrap();
        turn(&before).await;
        plant(bug);
        let after = engine_on(&ledger, &book, "Elsewhere");
        after.recognise().await.unwrap();
        turn(&after).await;
        after.sweep().await.unwrap();
        turn(&after).await;
        plant(None);
        assert_eq!(pool(&*ledger, "A").await, Some(left), "{bug:?}");
        assert_eq!(book.with_tab("Shop", |tab| tab.shown(1, 3)), Cell::Number(left as f64), "{bug:?}");
    }
}

#[tokio::test]
async fn status_texts_that_wait_go_with_the_next_stock() {
    let book = book(vec![row("A", number(5.0)), row("B", number(5.0))]);
    let engine = engine(&book).await;
    let synced = Cell::from_text("Synced");
    assert_eq!(book.with_tab("Shop", |tab| tab.shown(2, 2)), synced);
    book.with_tab("Shop", |tab| tab.enter(2, 2, text("Waiting")));
    engine.read_sheet(ReadManner::Full).await.unwrap();
    engine.ledger.hint(SHEET, &[("B".to_owned(), Want::CONTENT, clock::now())]).await.unwrap();
    // Too soon after the last write.
    engine.flush_sheet("test").await.unwrap();
    let writes = book.count(Op::Write);
    shop_shows(&engine, 7).await;
    engine.flush_sheet("test").await.unwrap();
    assert_eq!(shown(&book, 1), (Cell::from_text("A"), Cell::Number(7.0)));
    assert_eq!(book.with_tab("Shop", |tab| tab.shown(2, 2)), synced);
    assert_eq!(book.count(Op::Write), writes + 1);
}

#[tokio::test]
async fn a_rename_is_followed_though_it_settles_while_another_tab_cannot_be_read() {
    for (bug, doubled) in [(None, None), (Some(Bug::UnseenForgotten), Some(5))] {
        let header = || ["SKU", "Stock", "Status", "Name"].map(text).to_vec();
        let mug = |sku: &str| vec![text(sku), number(5.0), text(""), text("Mug")];
        let winter = vec![header(), vec![text("W"), number(1.0), text(""), text("Cap")]];
        let book = FakeBook::new(vec![("Shop", vec![header(), mug("X")]), ("Winter", winter)]).conditional();
        let book = Arc::new(book);
        let clock = clock::Simulation::start(clock::Time::from_timestamp(1_800_000_000, 0).unwrap(), 0);
        let tabs = ["Shop", "Winter"]
            .map(|tab| TabMapping { title: Some("Name".to_owned()), ..mapping(tab, &["SKU"]) })
            .to_vec();
        let sheet = SheetPlan { tabs, block_rows: 5_000, decimals: 2, zone: chrono_tz::Tz::UTC };
        let ledger = Arc::new(MemoryLedger::new());
        let engine = Engine::new(ledger.clone(), book.clone(), sheet, Vec::new(), Timing::default(), Meters::default());
        let settle = async || {
            engine.read_sheet(ReadManner::Full).await.unwrap();
            clock.advance(Duration::from_secs(5));
            engine.read_sheet(ReadManner::Probe).await.unwrap();
        };
        settle().await;
        let rename = |header: &'static str| {
            book.with_tab("Winter", |tab| tab.enter(0, 1, text(header)));
            book.with_tab("Shop", |tab| tab.enter(1, 0, text("Y")));
        };
        plant(bug);
        rename("Bestand");
        settle().await;
        assert_eq!((pool(&*ledger, "X").await, pool(&*ledger, "Y").await), (Some(5), doubled), "{bug:?}");
        plant(None);
        rename("Stock");
        settle().await;
        let followed = if bug.is_none() { (None, Some(5)) } else { (Some(5), Some(5)) };
        assert_eq!((pool(&*ledger, "X").await, pool(&*ledger, "Y").await), followed, "{bug:?}");
    }
}

#[tokio::test]
async fn two_stuck_cells_of_a_row_are_said_in_one_letter_and_once() {
    let engine = engine(&book(vec![row("A", number(5.0))])).await;
    engine.flush_sheet("test").await.unwrap();
    let sku = Sku::new("A").unwrap();
    let say = async || {
        let stuck = [("Stock", Stuck::Formula), ("Elsewhere", Stuck::Refused("protected".to_owned()))];
        let stuck = stuck.map(|(header, why)| (sku.clone(), header.to_owned(), why)).into();
        engine.bury_stuck(stuck).await.unwrap();
        let hints = engine.ledger.due_hints(SHEET, clock::now(), 9).await.unwrap();
        let hinted = hints.len();
        let done: Vec<_> = hints.into_iter().map(|hint| (hint, HintDone::Cleared)).collect();
        engine.ledger.finish_hints(SHEET, &done, clock::now()).await.unwrap();
        hinted
    };
    assert_eq!((say().await, say().await), (1, 0), "the second time it is said already");
    let [letter] = engine.ledger.dead_letters().await.unwrap().try_into().unwrap();
    assert!(letter.reason.contains("\"Stock\"") && letter.reason.contains("\"Elsewhere\""), "{}", letter.reason);
}
