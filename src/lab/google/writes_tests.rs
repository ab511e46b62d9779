use serde_json::{Value as Json, json};

use super::book::Book;
use super::payload::Payload;
use super::values::{self, ReadOptions, Render};
use super::writes::*;

const RAW: WriteOptions = WriteOptions { typed: false, year: 2026, answer: None };
const ENTERED: WriteOptions = WriteOptions { typed: true, year: 2026, answer: None };

fn book() -> Book {
    let rows = vec![vec![json!("SKU"), json!("Stock")], vec![json!("a"), json!(1)], vec![json!("b"), json!(2)]];
    Book::new("B", "en_US", &[("T".to_owned(), rows)])
}

fn unformatted(book: &Book, range: &str) -> Json {
    let options = ReadOptions { render: Render::Unformatted, ..ReadOptions::default() };
    values::get(book, range, &options).unwrap().get("values").cloned().unwrap_or(Json::Null)
}

fn update_with(book: &mut Book, range: &str, body: &Json, options: &WriteOptions) -> Result<Json, String> {
    let body = Payload::root(body, VALUE_RANGE).unwrap();
    update(book, "id", range, &body, options).map_err(|error| error.message)
}

#[test]
fn null_leaves_and_empty_clears() {
    let mut book = book();
    let body = json!({ "values": [[null, 5], ["", null, "=x"]] });
    let answer = update_with(&mut book, "T!A2:C3", &body, &RAW).unwrap();
    let expect = json!({
        "spreadsheetId": "id", "updatedRange": "T!A2:C3", "updatedRows": 2, "updatedColumns": 3, "updatedCells": 3,
    });
    assert_eq!(answer, expect);
    assert_eq!(unformatted(&book, "T!A2:C3"), json!([["a", 5], ["", 2, "=x"]]));
    let answer = update_with(&mut book, "T!A2", &json!({ "values": [[1, null, 3]] }), &RAW).unwrap();
    assert_eq!((&answer["updatedRange"], &answer["updatedColumns"]), (&json!("T!A2:C2"), &json!(2)));
}

#[test]
fn typed_or_raw_and_by_columns() {
    let mut book = book();
    let body = json!({ "majorDimension": "COLUMNS", "values": [["007", "1,5"], ["=B2+1", true]] });
    update_with(&mut book, "T!C2", &body, &ENTERED).unwrap();
    assert_eq!(unformatted(&book, "T!C2:D3"), json!([[7, 2], ["1,5", true]]));
    update_with(&mut book, "T!C2", &body, &RAW).unwrap();
    assert_eq!(unformatted(&book, "T!C2:D3"), json!([["007", "=B2+1"], ["1,5", true]]));
}

#[test]
fn writes_that_do_not_fit_are_refused() {
    let check = |range: &str, values: Json, expect: &str| {
        let error = update_with(&mut book(), range, &json!({ "values": values }), &RAW).unwrap_err();
        assert_eq!(error, expect);
    };
    let limits = "exceeds grid limits. Max rows: 1000, max columns: 26";
    check("T!A2:B2", json!([[1], [2]]), "Requested writing within range [T!A2:B2], but tried writing to row [3]");
    check("T!A2:B2", json!([[1, 2, 3]]), "Requested writing within range [T!A2:B2], but tried writing to column [C]");
    check("T!A1001", json!([[1]]), &format!("Range (T!A1001) {limits}"));
    check("T!Z1000", json!([[1, 2]]), &format!("Range (T!Z1000:AA1000) {limits}"));
    check("T!A1", json!([[{ "a": 1 }]]), "Invalid values[0][0]: struct_value {\"a\":1}");
    let long = "x".repeat(50_001);
    check("T!A1", json!([[long]]), "Your input contains more than the maximum of 50000 characters in a single cell.");
}

#[test]
fn batches_name_the_bad_range() {
    let body = json!({ "data": [{ "range": "T!A2", "values": [["x"]] }, { "range": "Nope!A1", "values": [["y"]] }] });
    let root = Payload::root(&body, &["data"]).unwrap();
    let data = root.objects("data", VALUE_RANGE).unwrap();
    let mut book = book();
    let error = batch_update(&mut book, "id", &data, &RAW).unwrap_err();
    assert_eq!(error.message, "Invalid data[1]: Unable to parse range: Nope!A1");
    let answer = batch_update(&mut book, "id", &data[..1], &RAW).unwrap();
    assert_eq!((&answer["totalUpdatedCells"], &answer["totalUpdatedSheets"]), (&json!(1), &json!(1)));
    assert_eq!(answer["responses"][0]["updatedRange"], json!("T!A2"));
}

#[test]
fn values_come_back_when_asked_for() {
    let options = WriteOptions { answer: Some(ReadOptions::default()), ..ENTERED };
    let answer = update_with(&mut book(), "T!A2:C9", &json!({ "values": [["$5"]] }), &options).unwrap();
    let values = json!([["$5.00", "1"], ["b", "2"]]);
    assert_eq!(answer["updatedData"], json!({ "range": "T!A2:C9", "majorDimension": "ROWS", "values": values }));
}

fn append_to(book: &mut Book, range: &str, values: Json, insert_rows: bool) -> Json {
    let body = json!({ "values": values });
    let body = Payload::root(&body, VALUE_RANGE).unwrap();
    append(book, "id", range, &body, insert_rows, &RAW).unwrap()
}

#[test]
fn append_finds_the_table() {
    let mut book = book();
    let answer = append_to(&mut book, "T", json!([["c", 3]]), false);
    assert_eq!(answer["tableRange"], json!("T!A1:B3"));
    assert_eq!(answer["updates"]["updatedRange"], json!("T!A4:B4"));
    // A table elsewhere is where the values go, even when its column is not the range's first.
    update_with(&mut book, "T!D8", &json!({ "values": [["note"]] }), &RAW).unwrap();
    let answer = append_to(&mut book, "T", json!([["d", 4]]), false);
    assert_eq!(answer["updates"]["updatedRange"], json!("T!D9:E9"));
    let answer = append_to(&mut book, "T!F20", json!([["x"]]), false);
    assert_eq!((answer.get("tableRange"), &answer["updates"]["updatedRange"]), (None, &json!("T!F20")));
}

#[test]
fn append_grows_the_grid() {
    let mut book = book();
    book.tabs[0].resize(3, 2);
    let answer = append_to(&mut book, "T!A1", json!([["c", 3, "more"], ["d"]]), false);
    assert_eq!(answer["updates"]["updatedRange"], json!("T!A4:C5"));
    assert_eq!((book.tabs[0].rows, book.tabs[0].columns), (5, 3));
    append_to(&mut book, "T!A1:B2", json!([["between"]]), true);
    assert_eq!(unformatted(&book, "T!A5:A6"), json!([["d"], ["between"]]));
}

#[test]
fn clearing_keeps_formats() {
    let mut book = book();
    book.type_in(0, 1, 1, "$5", 2026);
    assert_eq!(clear(&mut book, "T!B2:B").unwrap(), "T!B2:B1000");
    assert_eq!(unformatted(&book, "T"), json!([["SKU", "Stock"], ["a"], ["b"]]));
    book.type_in(0, 1, 1, "7", 2026);
    assert_eq!(book.shown(0, 1, 1), "$7.00");
    let error = batch_clear(&mut book, "id", &["T!A1", "T!A2000:B"]).unwrap_err();
    let expect = "Invalid range[1]: Range (T!A2000:B) exceeds grid limits. Max rows: 1000, max columns: 26";
    assert_eq!(error.message, expect);
}
