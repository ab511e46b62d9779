use serde_json::{Value as Json, json};

use super::book::Book;
use super::requests::read_and_play as play;
use super::values::{self, ReadOptions, Render};

fn book() -> Book {
    let rows = vec![
        vec![json!("SKU"), json!("Stock"), json!("Twice")],
        vec![json!("a"), json!(10), json!("=B2*2")],
        vec![json!("b"), json!(5), json!("=B3*2")],
        vec![json!("c"), json!(10), json!("=B4*2")],
    ];
    Book::new("B", "en_US", &[("T".to_owned(), rows), ("U".to_owned(), vec![vec![json!("SKU")]])])
}

fn id_of_u() -> i64 {
    book().tabs[1].id
}

fn run(book: &mut Book, request: Json) -> Result<Json, String> {
    play(book, &[request]).map(|replies| replies[0].clone()).map_err(|error| error.message)
}

fn refused(request: Json, expect: &str) {
    assert_eq!(run(&mut book(), request).unwrap_err(), expect);
}

fn read(book: &Book, range: &str, render: Render) -> Json {
    let options = ReadOptions { render, ..ReadOptions::default() };
    values::get(book, range, &options).unwrap().get("values").cloned().unwrap_or(Json::Null)
}

#[test]
fn unknown_requests_are_refused_as_at_google() {
    let message = "Invalid JSON payload received. Unknown name \"conjure\" at 'requests[0]': Cannot find field.";
    refused(json!({ "conjure": {} }), message);
    refused(json!({}), "Invalid requests[0]: No request set.");
    let message =
        "Invalid JSON payload received. Unknown name \"colour\" at 'requests[0].delete_sheet': Cannot find field.";
    refused(json!({ "deleteSheet": { "sheetId": 0, "colour": 1 } }), message);
    assert_eq!(play(&mut book(), &[]).unwrap_err().message, "Must specify at least one request.");
}

#[test]
fn find_replace_compares_and_sets_one_cell() {
    let cell =
        json!({ "sheetId": 0, "startRowIndex": 1, "endRowIndex": 2, "startColumnIndex": 1, "endColumnIndex": 2 });
    let request = |find: &str| {
        let replace = json!({ "find": find, "replacement": "8", "matchEntireCell": true, "range": cell });
        json!({ "findReplace": replace })
    };
    let mut book = book();
    let before = book.changes;
    assert_eq!(run(&mut book, request("1")).unwrap(), json!({ "findReplace": {} }));
    assert_eq!(book.changes, before);
    let counts = json!({ "valuesChanged": 1, "rowsChanged": 1, "sheetsChanged": 1, "occurrencesChanged": 1 });
    assert_eq!(run(&mut book, request("10")).unwrap(), json!({ "findReplace": counts }));
    assert_eq!(read(&book, "T!B2:C4", Render::Unformatted), json!([[8, 16], [5, 10], [10, 20]]));
}

#[test]
fn find_replace_looks_at_what_is_shown() {
    let mut book = book();
    book.type_in(0, 1, 1, "$12.50", 2026);
    let request = |find: &str| json!({ "findReplace": { "find": find, "replacement": "$3", "allSheets": true } });
    assert_eq!(run(&mut book, request("12.5")).unwrap()["findReplace"]["occurrencesChanged"], json!(1));
    assert_eq!(book.shown(0, 1, 1), "$$30");
    let request = json!({ "findReplace": { "find": "sku", "replacement": "Key", "sheetId": id_of_u() } });
    assert_eq!(run(&mut book, request).unwrap()["findReplace"]["valuesChanged"], json!(1));
    assert_eq!((book.shown(0, 0, 0), book.shown(1, 0, 0)), ("SKU".to_owned(), "Key".to_owned()));
}

#[test]
fn find_replace_in_formulas_and_in_parts() {
    let mut book = book();
    let request = json!({
        "findReplace": { "find": "*2", "replacement": "*3", "includeFormulas": true, "allSheets": true },
    });
    let counts = json!({ "formulasChanged": 3, "rowsChanged": 3, "sheetsChanged": 1, "occurrencesChanged": 3 });
    assert_eq!(run(&mut book, request).unwrap(), json!({ "findReplace": counts }));
    assert_eq!(read(&book, "T!C2", Render::Formula), json!([["=B2*3"]]));
    let message = "Invalid requests[0].findReplace: Exactly one of range, sheetId or allSheets must be specified.";
    refused(json!({ "findReplace": { "find": "a", "replacement": "b" } }), message);
}

#[test]
fn cells_are_updated_by_mask() {
    let mut book = book();
    let money = json!({ "numberFormat": { "type": "CURRENCY", "pattern": "\"$\"0.00" } });
    let cells = json!([{ "userEnteredValue": { "numberValue": 7 }, "userEnteredFormat": money }, {}]);
    let request = |fields: &str| {
        let start = json!({ "sheetId": 0, "rowIndex": 1, "columnIndex": 1 });
        json!({ "updateCells": { "rows": [{ "values": cells }], "fields": fields, "start": start } })
    };
    run(&mut book, request("userEnteredFormat.numberFormat,note")).unwrap();
    assert_eq!(read(&book, "T!B2:C2", Render::Formatted), json!([["$10.00", "20"]]));
    run(&mut book, request("userEnteredValue")).unwrap();
    assert_eq!(read(&book, "T!B2:C2", Render::Formatted), json!([["$7.00"]]));
    let message = "Invalid requests[0].updateCells: At least one field must be listed in 'fields'. \
                   (Use '*' to indicate all fields.)";
    refused(request(""), message);
}

#[test]
fn a_range_is_cleared_where_data_is_missing() {
    let mut book = book();
    let range = json!({ "sheetId": 0, "startRowIndex": 1, "startColumnIndex": 1, "endColumnIndex": 3 });
    let row = json!({ "values": [{ "userEnteredValue": { "stringValue": "x" } }] });
    let request = json!({ "updateCells": { "rows": [row], "fields": "*", "range": range } });
    run(&mut book, request).unwrap();
    assert_eq!(read(&book, "T", Render::Formula), json!([["SKU", "Stock", "Twice"], ["a", "x"], ["b"], ["c"]]));
}

#[test]
fn repeat_and_append() {
    let mut book = book();
    let plain = json!({ "userEnteredFormat": { "numberFormat": { "type": "TEXT" } } });
    let repeat = |range: Json| json!({ "repeatCell": { "range": range, "cell": plain, "fields": "userEnteredFormat(numberFormat)" } });
    run(&mut book, repeat(json!({ "sheetId": 0, "startColumnIndex": 0, "endColumnIndex": 1 }))).unwrap();
    book.type_in(0, 4, 0, "00123", 2026);
    assert_eq!(read(&book, "T!A5", Render::Unformatted), json!([["00123"]]));
    let between = json!({ "sheetId": 0, "dimension": "ROWS", "startIndex": 4, "endIndex": 5 });
    run(&mut book, json!({ "insertDimension": { "range": between, "inheritFromBefore": true } })).unwrap();
    book.type_in(0, 4, 0, "1E5", 2026);
    assert_eq!(read(&book, "T!A5:A6", Render::Unformatted), json!([["1E5"], ["00123"]]));
    run(&mut book, json!({ "deleteDimension": { "range": between } })).unwrap();
    let range = json!({ "sheetId": 0, "startRowIndex": 1000, "startColumnIndex": 0, "endColumnIndex": 2 });
    let limits = "exceeds grid limits. Max rows: 1000, max columns: 26";
    refused(repeat(range), &format!("Invalid requests[0].repeatCell: Range (T!A1001:B) {limits}"));

    book.tabs[0].resize(5, 3);
    let append = |values: Json| json!({ "appendCells": { "sheetId": 0, "rows": [{ "values": values }], "fields": "userEnteredValue" } });
    run(&mut book, append(json!([{ "userEnteredValue": { "boolValue": true } }]))).unwrap();
    assert_eq!((read(&book, "T!A6", Render::Unformatted), book.tabs[0].rows), (json!([[true]]), 6));
    let message =
        "Invalid requests[0].appendCells: Attempting to write column: 3, beyond the last requested column of: 2";
    assert_eq!(run(&mut book, append(json!([{}, {}, {}, {}]))).unwrap_err(), message);
}

#[test]
fn dimensions_and_sorting() {
    let mut book = book();
    let range =
        |start: usize, end: usize| json!({ "sheetId": 0, "dimension": "ROWS", "startIndex": start, "endIndex": end });
    run(&mut book, json!({ "insertDimension": { "range": range(1, 2) } })).unwrap();
    assert_eq!(read(&book, "T!A1:C3", Render::Formula), json!([["SKU", "Stock", "Twice"], [], ["a", 10, "=B3*2"]]));
    run(&mut book, json!({ "deleteDimension": { "range": range(1, 2) } })).unwrap();
    let specs = json!([{ "dimensionIndex": 1 }, { "dimensionIndex": 0, "sortOrder": "DESCENDING" }]);
    let sort = json!({ "sortRange": { "range": { "sheetId": 0, "startRowIndex": 1 }, "sortSpecs": specs } });
    run(&mut book, sort).unwrap();
    let sorted = json!([["b", 5, "=B2*2"], ["c", 10, "=B3*2"], ["a", 10, "=B4*2"]]);
    assert_eq!(read(&book, "T!A2:C", Render::Formula), sorted);
    run(&mut book, json!({ "appendDimension": { "sheetId": 0, "dimension": "COLUMNS", "length": 4 } })).unwrap();
    assert_eq!((book.tabs[0].rows, book.tabs[0].columns), (1000, 30));
    let message = "Invalid requests[0].deleteDimension: You can't delete all the rows on the sheet.";
    refused(json!({ "deleteDimension": { "range": range(0, 5000) } }), message);
}

#[test]
fn tabs_come_and_go() {
    let mut book = book();
    let reply = run(&mut book, json!({ "addSheet": { "properties": { "title": "_audit", "index": 0 } } })).unwrap();
    let properties = reply["addSheet"]["properties"].clone();
    assert_eq!((&properties["title"], &properties["index"]), (&json!("_audit"), &json!(0)));
    let id = properties["sheetId"].clone();
    let update = json!({ "sheetId": id, "title": "log", "index": 3, "gridProperties": { "frozenRowCount": 1 } });
    let fields = "title,index,gridProperties.frozenRowCount";
    run(&mut book, json!({ "updateSheetProperties": { "properties": update, "fields": fields } })).unwrap();
    let titles: Vec<&str> = book.tabs.iter().map(|tab| tab.title.as_str()).collect();
    assert_eq!((titles, book.tabs[2].frozen_rows, book.tabs[2].rows), (vec!["T", "U", "log"], 1, 1000));
    run(&mut book, json!({ "deleteSheet": { "sheetId": id } })).unwrap();
    assert_eq!(book.tabs.len(), 2);
    let message =
        "Invalid requests[0].addSheet: A sheet with the name \"t\" already exists. Please enter another name.";
    refused(json!({ "addSheet": { "properties": { "title": "t" } } }), message);
    refused(json!({ "deleteSheet": { "sheetId": 77 } }), "Invalid requests[0].deleteSheet: No sheet with id: 77");
    refused(
        json!({ "updateCells": { "fields": "*", "start": { "sheetId": 77 } } }),
        "Invalid requests[0].updateCells: No grid with id: 77",
    );
}

#[test]
fn the_locale_can_be_changed() {
    let mut book = book();
    book.type_in(0, 1, 1, "1234.5", 2026);
    let change = json!({ "properties": { "locale": "de_DE", "title": "ignored" }, "fields": "locale" });
    run(&mut book, json!({ "updateSpreadsheetProperties": change })).unwrap();
    assert_eq!((book.shown(0, 1, 1), book.title.as_str()), ("1234,5".to_owned(), "B"));
}
