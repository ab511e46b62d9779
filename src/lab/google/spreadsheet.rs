//! `spreadsheets.get`: the spreadsheet as a resource.

use serde_json::{Value as Json, json};

use super::book::{Area, Book, Tab};
use super::cell_requests::cell_data;
use super::error::ApiError;
use super::ranges::Target;
use super::sheet_requests::properties;

/// The fields of a `Spreadsheet`.
pub(super) const FIELDS: &[&str] = &[
    "spreadsheetId",
    "properties",
    "sheets",
    "spreadsheetUrl",
    "namedRanges",
    "developerMetadata",
    "dataSources",
    "dataSourceSchedules",
    "comments",
    "commentsViewMode",
];

/// A `Spreadsheet`. With ranges only the tabs they lie on are answered; `with_data` adds the cells.
pub(super) fn get(book: &Book, id: &str, ranges: &[&str], with_data: bool) -> Result<Json, ApiError> {
    let areas: Result<Vec<Area>, ApiError> = ranges.iter().map(|range| Target::of(book, range)?.area(book)).collect();
    let areas = areas?;
    let mut sheets = Vec::new();
    for (index, tab) in book.tabs.iter().enumerate() {
        let whole = Area { tab: index, rows: 0..tab.rows, columns: 0..tab.columns };
        let mine: Vec<&Area> = match areas.as_slice() {
            [] => vec![&whole],
            areas => areas.iter().filter(|area| area.tab == index).collect(),
        };
        if mine.is_empty() {
            continue;
        }
        let mut sheet = json!({ "properties": properties(index, tab) });
        if with_data {
            sheet["data"] = mine.into_iter().map(|area| grid_data(book, tab, area)).collect();
        }
        sheets.push(sheet);
    }
    Ok(json!({
        "spreadsheetId": id,
        "properties": {
            "title": book.title, "locale": book.locale_code, "autoRecalc": "ON_CHANGE", "timeZone": book.time_zone,
        },
        "sheets": sheets,
        "spreadsheetUrl": format!("https://docs.google.com/spreadsheets/d/{id}/edit"),
    }))
}

/// The `GridData` of an area, without the sizes of rows and columns.
fn grid_data(book: &Book, tab: &Tab, area: &Area) -> Json {
    let row_data = |row: usize| {
        let end = tab.used_columns(row).min(area.columns.end);
        let cells: Vec<Json> = (area.columns.start..end).map(|column| cell_data(book, area.tab, row, column)).collect();
        if cells.is_empty() { json!({}) } else { json!({ "values": cells }) }
    };
    let rows: Vec<Json> = (area.rows.start..area.rows.end.min(tab.used_rows())).map(row_data).collect();
    let mut data = json!({});
    for (name, start) in [("startRow", area.rows.start), ("startColumn", area.columns.start)] {
        if start > 0 {
            data[name] = json!(start);
        }
    }
    if !rows.is_empty() {
        data["rowData"] = Json::Array(rows);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_cells_and_ranges() {
        let rows = vec![vec![json!("SKU"), json!("Stock")], vec![json!("a"), json!("=1/0")]];
        let mut book = Book::new("Shop", "de_DE", &[("T".to_owned(), rows), ("U".to_owned(), vec![])]);
        book.type_in(0, 1, 2, "12,50 €", 2026);
        let all = get(&book, "id", &[], false).unwrap();
        assert_eq!(all["properties"]["locale"], json!("de_DE"));
        assert_eq!(all["sheets"][1]["properties"]["gridProperties"], json!({ "rowCount": 1000, "columnCount": 26 }));
        assert_eq!(all["sheets"][0].get("data"), None);

        let part = get(&book, "id", &["T!B2:C"], true).unwrap();
        assert_eq!(part["sheets"].as_array().map(Vec::len), Some(1));
        let formula = json!({
            "userEnteredValue": { "formulaValue": "=1/0" },
            "effectiveValue": { "errorValue": { "type": "DIVIDE_BY_ZERO" } },
            "formattedValue": "#DIV/0!",
        });
        let money = json!({
            "userEnteredValue": { "numberValue": 12.5 },
            "effectiveValue": { "numberValue": 12.5 },
            "formattedValue": "12,50 €",
            "userEnteredFormat": { "numberFormat": { "type": "CURRENCY", "pattern": "#,##0.00\\ [$€]" } },
        });
        let data = json!([{ "startRow": 1, "startColumn": 1, "rowData": [{ "values": [formula, money] }] }]);
        assert_eq!(part["sheets"][0]["data"], data);
    }
}
