//! Reading and writing through Google's crates against the lab's Sheets and Drive.

use std::num::NonZeroU32;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Cell, Columns, Locale, Sku};
use crate::clock::Time;
use crate::lab::gate::{Fault, FaultKind, Kind};
use crate::lab::google::{GoogleFace, GoogleOptions};
use crate::sheet::reader::{SheetRead, read_tabs};
use crate::sheet::testing::mapping;
use crate::sheet::writer::{CellChange, CellOutcome, Expect, TabLayout, Target, WriteReport, write_checked};

fn shop() -> Vec<Vec<Value>> {
    vec![
        vec![json!("SKU"), json!("Notes"), json!("Stock"), json!("Status")],
        vec![json!("00123"), json!("zeros"), json!(5), json!("")],
        vec![json!("B"), json!("decimals"), json!(2.5)],
        vec![],
        vec![json!("C"), json!("formula"), json!("=1+2")],
        vec![json!("D"), json!("text"), json!("n/a")],
    ]
}

async fn lab() -> (GoogleFace, GoogleWorkbook) {
    let face = GoogleFace::new(GoogleOptions {
        spreadsheet_id: "lab-book".to_owned(),
        title: "Catalog".to_owned(),
        locale: "en_US".to_owned(),
        tabs: vec![("Joe's Shop".to_owned(), shop())],
        reads_per_minute: None,
        writes_per_minute: None,
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = face.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let key_json = SecretString::from(face.service_account_json(&format!("{url}/token")).to_string());
    let settings = GoogleSettings {
        spreadsheet_id: "lab-book".to_owned(),
        account: Account::ServiceAccount { key_json },
        sheets_url: Some(url.parse().unwrap()),
        drive_url: Some(format!("{url}/drive/v3").parse().unwrap()),
    };
    let book = GoogleWorkbook::new(settings).await.unwrap();
    (face, book.with_calls_per_minute(NonZeroU32::new(6_000).unwrap()))
}

async fn read(book: &GoogleWorkbook) -> SheetRead {
    read_tabs(book, &[mapping("Joe's Shop", &["SKU"])], 1_000, 1, None).await.unwrap()
}

/// Stock and status by SKU, as read.
async fn cells(book: &GoogleWorkbook) -> Vec<(String, Cell, Cell)> {
    let mut read = read(book).await;
    let (_, rows) = read.tabs.remove(0).content.unwrap();
    let cell = |row: &crate::catalog::RawRow, header: &str| row.cells.get(header).cloned().unwrap_or_default();
    rows.iter().map(|row| (cell(row, "SKU").quote(), cell(row, "Stock"), cell(row, "Status"))).collect()
}

fn change(sku: &str, row_hint: u32, header: &str, expect: Expect, value: Cell) -> CellChange {
    let (tab, header) = ("Joe's Shop".to_owned(), header.to_owned());
    CellChange { tab, row_hint, target: Target::Key(Sku::new(sku).unwrap()), header, expect, value }
}

async fn write(book: &GoogleWorkbook, changes: &[CellChange]) -> (Vec<CellOutcome>, WriteReport) {
    let (mapping, columns) = (mapping("Joe's Shop", &["SKU"]), Columns::default());
    let layouts = [TabLayout { mapping: &mapping, columns: &columns, rows: 1_000 }];
    write_checked(book, Locale::Point, &layouts, &|_, _, _| None, Time::MAX_UTC, changes).await
}

fn fault(face: &GoogleFace, fault: FaultKind, call: &str) {
    face.gate().add_fault(Fault { fault, call: call.to_owned(), times: Some(1), skip: 0 });
}

#[tokio::test]
async fn reads_a_tab() {
    let (face, book) = lab().await;
    let read = read(&book).await;
    assert!(read.complete && read.version > 0);
    assert_eq!(read.locale, Locale::Point);
    let text = |text: &str| Cell::from_text(text);
    let expect = [("00123", Cell::Number(5.0)), ("B", Cell::Number(2.5)), ("C", Cell::Number(3.0)), ("D", text("n/a"))];
    assert_eq!(cells(&book).await, expect.map(|(sku, stock)| (sku.to_owned(), stock, Cell::Blank)));
    assert_eq!(face.gate().total(Kind::Write), 0);
    let missing = CellRange { tab: "Nowhere".to_owned(), rows: 0..1, columns: 0..1 };
    let error = book.read(&[missing], Render::Values).await.unwrap_err();
    assert!(matches!(&error, SheetError::Refused(why) if why.contains("Nowhere")), "{error}");
}

#[tokio::test]
async fn writes_checked() {
    let (face, book) = lab().await;
    let before = book.version().await.unwrap();
    let changes = [
        change("00123", 2, "Stock", Expect::Value(Cell::Number(5.0)), Cell::Number(4.0)),
        change("00123", 2, "Status", Expect::Own, Cell::from_text("Synced")),
        change("B", 5, "Stock", Expect::Value(Cell::Number(2.5)), Cell::Number(2.0)),
        change("C", 5, "Stock", Expect::Value(Cell::Number(3.0)), Cell::Number(9.0)),
        change("D", 6, "Stock", Expect::Value(Cell::Number(1.0)), Cell::Number(9.0)),
        change("E", 7, "Stock", Expect::Own, Cell::Number(9.0)),
    ];
    let (outcomes, report) = write(&book, &changes).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                CellOutcome::Written { row: 2 },
                CellOutcome::Written { row: 2 },
                CellOutcome::Written { row: 3 },
                CellOutcome::Formula { row: 5 },
                CellOutcome::PersonChanged { row: 6, .. },
                CellOutcome::RowGone,
            ]
        ),
        "{outcomes:?}"
    );
    assert_eq!((report.moved, face.gate().total(Kind::Write)), (1, 1));
    let cells = cells(&book).await;
    assert_eq!(cells[0], ("00123".to_owned(), Cell::Number(4.0), Cell::from_text("Synced")));
    assert_eq!((&cells[1].1, &cells[2].1), (&Cell::Number(2.0), &Cell::Number(3.0)));
    assert!(book.version().await.unwrap() > before);
}

#[tokio::test]
async fn a_write_survives_what_google_does() {
    let faults = [
        FaultKind::StatusAfter { status: 503 },
        FaultKind::StatusBefore { status: 503, retry_after: None },
        FaultKind::DropAfter,
        FaultKind::DropBefore,
        FaultKind::Truncate,
        FaultKind::Html,
    ];
    for kind in faults {
        let (face, book) = lab().await;
        fault(&face, kind.clone(), "batchUpdate");
        let change = change("00123", 2, "Stock", Expect::Value(Cell::Number(5.0)), Cell::Number(4.0));
        let (outcomes, _) = write(&book, &[change]).await;
        assert!(
            matches!(outcomes[0], CellOutcome::Written { row: 2 } | CellOutcome::Found { row: 2 }),
            "{kind:?} {outcomes:?}"
        );
        assert_eq!(cells(&book).await[0].1, Cell::Number(4.0), "{kind:?}");
    }
}

#[tokio::test]
async fn quota_and_access_are_told_apart() {
    let (face, book) = lab().await;
    for (status, call) in [(429, "batchUpdate"), (403, "batchUpdate")] {
        fault(&face, FaultKind::StatusBefore { status, retry_after: None }, call);
        let change = change("00123", 2, "Stock", Expect::Own, Cell::Number(4.0));
        let (outcomes, _) = write(&book, &[change]).await;
        match status {
            429 => assert!(matches!(outcomes[0], CellOutcome::NotSent(SheetError::Quota)), "{outcomes:?}"),
            _ => assert!(
                matches!(&outcomes[0], CellOutcome::NotSent(SheetError::Access(why)) if why.contains(book.account()))
            ),
        }
    }
    fault(&face, FaultKind::StatusBefore { status: 401, retry_after: None }, "files.get");
    assert!(matches!(book.version().await, Err(SheetError::Access(_))));
    assert!(book.version().await.is_ok(), "with a new token");
}
