//! `spreadsheets.get`: the spreadsheet as a resource.

use serde_json::{Map, Value as Json, json};

use super::attached::{BOOK_LISTS, SHEET_LISTS};
use super::book::{Area, Book, Dimension, Tab};
use super::cell_data::{cell_data, default_format};
use super::error::ApiError;
use super::mask::Mask;
use super::metadata;
use super::ranges::Target;
use super::sheet_requests::properties;

/// Pixels that a new row is high and a new column wide.
const ROW_PIXELS: i64 = 21;
const COLUMN_PIXELS: i64 = 100;

/// What of a spreadsheet is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The cells.
    pub data: bool,
    /// How cells look in the end.
    pub effective_format: bool,
    /// The sizes of rows and columns.
    pub lines: bool,
}

impl Wanted {
    /// By the mask below the `Spreadsheet`, or, without a mask, by the call's own flag for cells.
    pub(super) fn new(mask: Option<&Mask>, flag: bool) -> Self {
        let Some(mask) = mask else { return Self { data: flag, effective_format: flag, lines: flag } };
        let covers = |path: &[&str]| mask.covers(path);
        Self {
            data: covers(&["sheets", "data"]),
            effective_format: covers(&["sheets", "data", "rowData", "values", "effectiveFormat"]),
            lines: covers(&["sheets", "data", "rowMetadata"]) || covers(&["sheets", "data", "columnMetadata"]),
        }
    }
}

/// A `Spreadsheet`. With ranges only the tabs they lie on are answered.
pub(super) fn get(book: &Book, id: &str, ranges: &[&str], wanted: Wanted) -> Result<Json, ApiError> {
    let areas: Result<Vec<Area>, ApiError> = ranges.iter().map(|range| Target::of(book, range)?.area(book)).collect();
    let areas = areas?;
    Ok(resource(book, id, if ranges.is_empty() { None } else { Some(&areas) }, wanted))
}

/// The same for ranges that were found otherwise; `None` is everything.
pub(super) fn resource(book: &Book, id: &str, areas: Option<&[Area]>, wanted: Wanted) -> Json {
    let mut sheets = Vec::new();
    for (index, tab) in book.tabs.iter().enumerate() {
        let whole = Area { tab: index, rows: 0..tab.rows, columns: 0..tab.columns };
        let mine: Vec<&Area> = match areas {
            None => vec![&whole],
            Some(areas) => areas.iter().filter(|area| area.tab == index).collect(),
        };
        if !mine.is_empty() {
            sheets.push(sheet(book, index, tab, &mine, wanted));
        }
    }
    let mut answer = json!({
        "spreadsheetId": id,
        "properties": book_properties(book),
        "sheets": sheets,
        "spreadsheetUrl": format!("https://docs.google.com/spreadsheets/d/{id}/edit"),
    });
    for (name, _) in BOOK_LISTS {
        let here =
            book.attached.list(name).iter().filter(|item| *name != "developerMetadata" || metadata::is_book(item));
        let here: Vec<Json> = here.cloned().collect();
        if !here.is_empty() {
            answer[*name] = Json::Array(here);
        }
    }
    answer
}

fn sheet(book: &Book, index: usize, tab: &Tab, areas: &[&Area], wanted: Wanted) -> Json {
    let mut sheet = json!({ "properties": properties(index, tab) });
    if wanted.data {
        sheet["data"] = areas.iter().map(|area| grid_data(book, tab, area, wanted)).collect();
    }
    for (name, _) in SHEET_LISTS {
        match (*name, tab.attached.list(name)) {
            (_, []) => {}
            ("basicFilter", [filter, ..]) => sheet[*name] = filter.clone(),
            (_, items) => sheet[*name] = Json::Array(items.to_vec()),
        }
    }
    let metadata = metadata::of_sheet(book, tab.id);
    if !metadata.is_empty() {
        sheet["developerMetadata"] = Json::Array(metadata);
    }
    sheet
}

/// `SpreadsheetProperties`. The theme is that of a new spreadsheet (recorded answers of the live API, 2023 and 2024).
pub(super) fn book_properties(book: &Book) -> Json {
    let color = |kind: &str, rgb: [f64; 3]| {
        let parts = ["red", "green", "blue"].into_iter().zip(rgb).filter(|(_, part)| *part > 0.0);
        let parts: Map<String, Json> =
            parts.map(|(name, part)| (name.to_owned(), super::cell::number_json(part))).collect();
        json!({ "colorType": kind, "color": { "rgbColor": parts } })
    };
    let mut properties = json!({
        "title": book.title,
        "locale": book.locale_code,
        "autoRecalc": "ON_CHANGE",
        "timeZone": book.time_zone,
        "defaultFormat": default_format(),
        "spreadsheetTheme": {
            "primaryFontFamily": "Arial",
            "themeColors": [
                color("TEXT", [0.0, 0.0, 0.0]),
                color("BACKGROUND", [1.0, 1.0, 1.0]),
                color("ACCENT1", [0.258_823_54, 0.521_568_66, 0.956_862_75]),
                color("ACCENT2", [0.917_647_06, 0.262_745_1, 0.207_843_14]),
                color("ACCENT3", [0.984_313_7, 0.737_254_9, 0.015_686_275]),
                color("ACCENT4", [0.203_921_57, 0.658_823_55, 0.325_490_2]),
                color("ACCENT5", [1.0, 0.427_450_98, 0.003_921_569]),
                color("ACCENT6", [0.274_509_82, 0.741_176_5, 0.776_470_6]),
                color("LINK", [0.066_666_67, 0.333_333_34, 0.8]),
            ],
        },
    });
    for (name, value) in &book.look {
        properties[name] = value.clone();
    }
    properties
}

/// The `GridData` of an area.
fn grid_data(book: &Book, tab: &Tab, area: &Area, wanted: Wanted) -> Json {
    let row_data = |row: usize| {
        let end = tab.dressed_columns(row).min(area.columns.end);
        let cell = |column: usize| cell_data(book, area.tab, row, column, wanted.effective_format);
        let cells: Vec<Json> = (area.columns.start..end).map(cell).collect();
        if cells.is_empty() { json!({}) } else { json!({ "values": cells }) }
    };
    let rows: Vec<Json> = (area.rows.start..area.rows.end.min(tab.dressed_rows())).map(row_data).collect();
    let mut data = json!({});
    for (name, start) in [("startRow", area.rows.start), ("startColumn", area.columns.start)] {
        if start > 0 {
            data[name] = json!(start);
        }
    }
    if !rows.is_empty() {
        data["rowData"] = Json::Array(rows);
    }
    if wanted.lines {
        let lines = |dimension: Dimension, range: &std::ops::Range<usize>| -> Json {
            range.clone().map(|index| line(book, tab, dimension, index)).collect()
        };
        data["rowMetadata"] = lines(Dimension::Rows, &area.rows);
        data["columnMetadata"] = lines(Dimension::Columns, &area.columns);
    }
    data
}

/// The `DimensionProperties` of a row or column.
fn line(book: &Book, tab: &Tab, dimension: Dimension, index: usize) -> Json {
    let pixels = match dimension {
        Dimension::Rows => ROW_PIXELS,
        Dimension::Columns => COLUMN_PIXELS,
    };
    let mut line = json!({ "pixelSize": pixels });
    for (name, value) in tab.lines(dimension).0.get(&index).into_iter().flatten() {
        line[name] = value.clone();
    }
    let metadata = metadata::of_line(book, tab.id, dimension, index);
    if !metadata.is_empty() {
        line["developerMetadata"] = Json::Array(metadata);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_cells_and_ranges() {
        let rows = vec![vec![json!("SKU"), json!("Stock")], vec![json!("a"), json!("=1/0")]];
        let mut book = Book::new("Shop", "de_DE", &[("T".to_owned(), rows), ("U".to_owned(), vec![])]);
        book.type_in(0, 1, 2, "12,50 €", 2026);
        let all = get(&book, "id", &[], Wanted::new(None, false)).unwrap();
        assert_eq!(all["properties"]["locale"], json!("de_DE"));
        assert_eq!(all["sheets"][1]["properties"]["gridProperties"], json!({ "rowCount": 1000, "columnCount": 26 }));
        assert_eq!(all["sheets"][0].get("data"), None);

        let wanted = Wanted { data: true, effective_format: false, lines: false };
        let part = get(&book, "id", &["T!B2:C"], wanted).unwrap();
        assert_eq!(part["sheets"].as_array().map(Vec::len), Some(1));
        let formula = json!({
            "userEnteredValue": { "formulaValue": "=1/0" },
            "effectiveValue": { "errorValue": {
                "type": "DIVIDE_BY_ZERO", "message": "Function DIVIDE parameter 2 cannot be zero.",
            } },
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
        let full = get(&book, "id", &["T!B2:C"], Wanted::new(None, true)).unwrap();
        let data = &full["sheets"][0]["data"][0];
        assert_eq!(data["columnMetadata"], json!([{ "pixelSize": 100 }, { "pixelSize": 100 }]));
        assert_eq!(data["rowData"][0]["values"][1]["effectiveFormat"]["horizontalAlignment"], json!("RIGHT"));
    }
}
