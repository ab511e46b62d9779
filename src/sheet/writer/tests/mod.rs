//! Scenarios of the checked write: people sort, type, rename and delete between its calls; answers get lost.

mod conditions;
mod faults;
mod people;
mod shuffles;

use super::*;
use crate::catalog::{Columns, TabMapping, locate};
use crate::sheet::testing::{Entered, FakeBook, FakeTab, Op, When, mapping, number, text};

const HEADERS: [&str; 4] = ["SKU", "Notes", "Stock", "Status"];
const STOCK: usize = 2;
const STATUS: usize = 3;

/// So long that nothing is sent any more.
const HELD_UP: Duration = Duration::from_secs(7_200);

/// How the writer reads a tab depends on its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// Whole.
    Small,
    /// Only the hinted rows, at first.
    Large,
}

const SIZES: [Size; 2] = [Size::Small, Size::Large];

/// Rows A to E with stock 1 to 5.
fn shop() -> Vec<Vec<Entered>> {
    let body = ["A", "B", "C", "D", "E"]
        .iter()
        .zip(1..)
        .map(|(sku, stock)| vec![text(sku), text(&format!("note {sku}")), number(f64::from(stock)), text("old")]);
    std::iter::once(HEADERS.iter().map(|header| text(header)).collect()).chain(body).collect()
}

fn book() -> FakeBook {
    FakeBook::new(vec![("Shop", shop())])
}

fn columns(mapping: &TabMapping) -> Columns {
    locate(mapping, &HEADERS.map(str::to_owned)).unwrap()
}

/// `A` at row 2, and so on.
fn hint(sku: &str) -> u32 {
    sku.bytes().next().map_or(0, |letter| u32::from(letter - b'A')) + 2
}

/// Set a stock cell that was last seen with the shop's first stock.
fn stock(sku: &str, value: f64) -> CellChange {
    let was = f64::from(hint(sku) - 1);
    change(sku, "Stock", Expect::Value(Cell::Number(was)), Cell::Number(value))
}

fn status(sku: &str, words: &str) -> CellChange {
    change(sku, "Status", Expect::Own, Cell::from_text(words))
}

fn change(sku: &str, header: &str, expect: Expect, value: Cell) -> CellChange {
    CellChange {
        tab: "Shop".to_owned(),
        row_hint: hint(sku),
        target: Target::Key(Sku::new(sku).unwrap()),
        header: header.to_owned(),
        expect,
        value,
    }
}

/// What the ledger knows: the shop's first stock.
fn known(_: &str, sku: &Sku, header: &str) -> Option<Cell> {
    match header {
        "Stock" => Some(Cell::Number(f64::from(hint(sku.as_str()) - 1))),
        _ => Some(Cell::from_text("old")),
    }
}

/// Flush to the tab `Shop`, as last read before anybody did anything.
async fn flush(book: &FakeBook, size: Size, changes: &[CellChange]) -> (Vec<String>, WriteReport) {
    flush_tabs(book, size, &[mapping("Shop", &["SKU"])], changes).await
}

async fn flush_tabs(
    book: &FakeBook,
    size: Size,
    mappings: &[TabMapping],
    changes: &[CellChange],
) -> (Vec<String>, WriteReport) {
    let columns: Vec<Columns> = mappings.iter().map(columns).collect();
    let rows = if size == Size::Small { 6 } else { 50_000 };
    let layouts: Vec<TabLayout<'_>> =
        mappings.iter().zip(&columns).map(|(mapping, columns)| TabLayout { mapping, columns, rows }).collect();
    let until = clock::now() + HELD_UP / 2;
    let (outcomes, report) = write_checked(book, Locale::Point, &layouts, &known, until, changes).await;
    (outcomes.iter().map(words).collect(), report)
}

fn words(outcome: &CellOutcome) -> String {
    match outcome {
        // No look of these tests is older than the write.
        CellOutcome::Written { row } | CellOutcome::Found { row } => format!("written {row}"),
        CellOutcome::AlreadyThere { row } => format!("there {row}"),
        CellOutcome::PersonChanged { row, found } => format!("person {row} {}", found.quote()),
        CellOutcome::Formula { row } => format!("formula {row}"),
        CellOutcome::RowGone => "gone".to_owned(),
        CellOutcome::Ambiguous => "ambiguous".to_owned(),
        CellOutcome::HeaderGone(problem) => format!("header: {problem}"),
        CellOutcome::NotSent(error) => format!("not sent: {error}"),
        CellOutcome::Unknown(error) => format!("unknown: {error}"),
    }
}

/// The tab as a person sees it: `A 1 old`, in sheet order.
fn shown(book: &FakeBook) -> Vec<String> {
    book.with_tab("Shop", |tab| {
        let quote = |row: usize, column: usize| tab.shown(row, column).quote();
        let line = |row| format!("{} {} {}", quote(row, 0), quote(row, STOCK), quote(row, STATUS));
        (1..tab.rows.len()).map(line).collect()
    })
}

fn reads(book: &FakeBook) -> usize {
    book.count(Op::Read)
}

fn writes(book: &FakeBook) -> usize {
    book.count(Op::Write)
}

fn shop_tab(tabs: &mut [FakeTab]) -> &mut FakeTab {
    tabs.iter_mut().find(|tab| tab.title == "Shop").unwrap()
}

/// Somebody sorts the rows below the header downwards.
fn reverse(tabs: &mut [FakeTab]) {
    shop_tab(tabs).rows[1..].reverse();
}

#[tokio::test]
async fn nobody_interferes() {
    for size in SIZES {
        let book = book();
        let changes = [stock("A", 10.0), status("A", "Synced"), stock("C", 30.0), stock("D", 4.0), status("E", "old")];
        let (outcomes, report) = flush(&book, size, &changes).await;
        assert_eq!(outcomes, ["written 2", "written 2", "written 4", "there 5", "there 6"], "{size:?}");
        assert_eq!(shown(&book), ["A 10 Synced", "B 2 old", "C 30 old", "D 4 old", "E 5 old"]);
        assert_eq!(book.calls(), [Op::Read, Op::Write], "{size:?}");
        assert_eq!(report, WriteReport { calls: 2, ..WriteReport::default() });
        let body: Vec<_> = book.ranges().into_iter().filter(|range| range.rows.start > 0).collect();
        assert!(body.iter().all(|range| !range.columns.contains(&1)), "foreign columns are not even read: {body:?}");
    }
}

#[tokio::test]
async fn nothing_to_write_writes_nothing() {
    let book = book();
    let (outcomes, report) = flush(&book, Size::Small, &[stock("A", 1.0), status("B", "old")]).await;
    assert_eq!((outcomes, report.calls), (vec!["there 2".to_owned(), "there 3".to_owned()], 1));
    let (outcomes, report) = flush(&book, Size::Small, &[]).await;
    assert_eq!((outcomes, report.calls), (vec![], 0));
}

#[tokio::test]
async fn many_rows_are_read_in_few_ranges() {
    let mut rows = shop();
    rows.extend((0..3_000).map(|n| vec![text(&format!("S{n}")), text(""), number(1.0), text("old")]));
    let book = FakeBook::new(vec![("Shop", rows)]);
    let changes: Vec<CellChange> = (0..1_000)
        .map(|n| CellChange {
            row_hint: 7 + 3 * n,
            target: Target::Key(Sku::new(&format!("S{}", 3 * n)).unwrap()),
            ..stock("A", 9.0)
        })
        .collect();
    let (outcomes, report) = flush(&book, Size::Large, &changes).await;
    assert!(outcomes.iter().all(|outcome| outcome.starts_with("written")), "{:?}", outcomes.first());
    assert_eq!(report.calls, 4, "shape, header, one block; write");
    assert!(book.ranges().len() <= 4, "{}", book.ranges().len());
}
