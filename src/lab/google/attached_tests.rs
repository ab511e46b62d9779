//! What hangs on a spreadsheet: it follows rows, it refuses writers, it is answered as it was given.

use serde_json::{Value as Json, json};

use super::book::Book;
use super::payload::Payload;
use super::requests::read_and_play as play;
use super::{by_filter, metadata};

fn book() -> Book {
    let row = |number: i64| vec![json!(format!("A-{number}")), json!(number)];
    let rows = std::iter::once(vec![json!("SKU"), json!("Stock")]).chain((1..6).map(row)).collect();
    Book::new("B", "en_US", &[("T".to_owned(), rows), ("U".to_owned(), vec![])])
}

fn run(book: &mut Book, requests: Json) -> Result<Vec<Json>, String> {
    play(book, requests.as_array().unwrap()).map_err(|error| error.message)
}

fn rows(from: usize, to: usize) -> Json {
    json!({ "startRowIndex": from, "endRowIndex": to, "startColumnIndex": 0, "endColumnIndex": 2 })
}

fn dimension(from: usize, to: usize) -> Json {
    json!({ "dimension": "ROWS", "startIndex": from, "endIndex": to })
}

/// The rows of the named range after some requests; `None`: it is gone.
fn named_rows(requests: Json) -> Option<(Json, Json)> {
    let mut book = book();
    run(&mut book, json!([{ "addNamedRange": { "namedRange": { "name": "goods", "range": rows(2, 5) } } }])).unwrap();
    run(&mut book, requests).unwrap();
    let range = &book.attached.list("namedRanges").first()?["range"];
    Some((range["startRowIndex"].clone(), range["endRowIndex"].clone()))
}

#[test]
fn ranges_follow_rows() {
    let check = |request: Json, expect: Option<(i64, i64)>| {
        let shown = request.to_string();
        assert_eq!(named_rows(json!([request])), expect.map(|(from, to)| (json!(from), json!(to))), "{shown}");
    };
    let insert = |from: usize, to: usize| json!({ "insertDimension": { "range": dimension(from, to) } });
    let delete = |from: usize, to: usize| json!({ "deleteDimension": { "range": dimension(from, to) } });
    check(insert(1, 3), Some((4, 7)));
    check(insert(2, 3), Some((3, 6)));
    check(insert(3, 4), Some((2, 6)));
    check(insert(5, 6), Some((2, 5)));
    check(delete(0, 1), Some((1, 4)));
    check(delete(1, 3), Some((1, 3)));
    check(delete(4, 9), Some((2, 4)));
    check(delete(2, 5), None);
    let moved = json!({ "moveDimension": { "source": dimension(2, 5), "destinationIndex": 0 } });
    check(moved, Some((0, 3)));
    let other_tab = json!({ "insertDimension": { "range": {
        "sheetId": 104_729, "dimension": "ROWS", "startIndex": 0, "endIndex": 2,
    } } });
    check(other_tab, Some((2, 5)));
}

#[test]
fn metadata_moves_with_its_row_and_goes_with_it() {
    let mut book = book();
    let made = json!([{ "createDeveloperMetadata": { "developerMetadata": {
        "metadataKey": "sku", "metadataValue": "A-3", "visibility": "DOCUMENT",
        "location": { "dimensionRange": dimension(3, 4) },
    } } }]);
    run(&mut book, made).unwrap();
    run(&mut book, json!([{ "insertDimension": { "range": dimension(1, 3) } }])).unwrap();
    let filters = json!({ "dataFilters": [{ "developerMetadataLookup": { "metadataKey": "sku" } }] });
    let filters = Payload::checked(&filters, "").unwrap();
    let found = by_filter::batch_get(&book, "id", &filters).unwrap();
    let found = &found["valueRanges"][0]["valueRange"];
    assert_eq!((&found["range"], &found["values"]), (&json!("T!A6:Z6"), &json!([["A-3", "3"]])));
    run(&mut book, json!([{ "deleteDimension": { "range": dimension(5, 6) } }])).unwrap();
    assert_eq!(metadata::search(&book, &filters).unwrap(), json!({}));
}

#[test]
fn protection_refuses_others_and_lets_the_owner_write() {
    let mut book = book();
    let protect = json!({ "range": rows(0, 1), "editors": { "users": [] } });
    let reply = run(&mut book, json!([{ "addProtectedRange": { "protectedRange": protect } }])).unwrap();
    let item = &reply[0]["addProtectedRange"]["protectedRange"];
    assert_eq!((&item["requestingUserCanEdit"], &item["editors"]), (&json!(true), &json!({})));
    let write = |row: usize| {
        json!([{ "updateCells": {
            "start": { "rowIndex": row, "columnIndex": 0 }, "fields": "userEnteredValue",
            "rows": [{ "values": [{ "userEnteredValue": { "stringValue": "x" } }] }],
        } }])
    };
    run(&mut book, write(0)).unwrap();
    book.writer = "somebody@example.com".to_owned();
    run(&mut book, write(1)).unwrap();
    let refused = run(&mut book, write(0)).unwrap_err();
    let expect = "Invalid requests[0].updateCells: You are trying to edit a protected cell or object.";
    assert!(refused.starts_with(expect), "{refused}");
    book.trespassed = false;
    let refused = run(&mut book, json!([{ "deleteDimension": { "range": dimension(0, 1) } }])).unwrap_err();
    assert!(refused.contains("protected cell or object"), "{refused}");
}

#[test]
fn a_cell_keeps_its_looks_where_they_are_not_meant() {
    let mut book = book();
    let format = |fields: &str, format: Json| {
        json!([{ "repeatCell": {
            "range": rows(1, 2), "cell": { "userEnteredFormat": format }, "fields": fields,
        } }])
    };
    let both = json!({ "textFormat": { "bold": true, "italic": true }, "backgroundColor": { "red": 1 } });
    run(&mut book, format("userEnteredFormat", both)).unwrap();
    run(&mut book, format("userEnteredFormat.textFormat.bold", json!({}))).unwrap();
    let data = super::cell_data::cell_data(&book, 0, 1, 0, true);
    let expect = json!({
        "textFormat": { "italic": true },
        "backgroundColor": { "red": 1 },
        "backgroundColorStyle": { "rgbColor": { "red": 1 } },
    });
    assert_eq!(data["userEnteredFormat"], expect);
    assert_eq!(data["effectiveFormat"]["textFormat"]["bold"], json!(false));
    assert_eq!(data["effectiveFormat"]["backgroundColor"], json!({ "red": 1 }));
    let refused = run(&mut book, format("userEnteredFormat.shade", json!({}))).unwrap_err();
    assert_eq!(refused, "Invalid requests[0].repeatCell: Invalid field: userEnteredFormat.shade");
}

#[test]
fn groups_nest() {
    let mut book = book();
    let requests = json!([
        { "addDimensionGroup": { "range": dimension(1, 5) } },
        { "addDimensionGroup": { "range": dimension(2, 4) } },
        { "deleteDimensionGroup": { "range": dimension(1, 5) } },
    ]);
    let replies = run(&mut book, requests).unwrap();
    let depths = |reply: &Json| reply["dimensionGroups"].as_array().map_or(0, Vec::len);
    assert_eq!(depths(&replies[1]["addDimensionGroup"]), 2);
    let left = json!({ "dimensionGroups": [{ "range": dimension(2, 4), "depth": 1 }] });
    assert_eq!(replies[2]["deleteDimensionGroup"], left);
}
