//! `updateCells`, `repeatCell` and `appendCells`, and what they change in a cell.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::book::{Book, Dimension};
use super::cell::{Content, Format, FormatKind};
use super::error::ApiError;
use super::mask::Mask;
use super::payload::Payload;
use super::ranges::{GRID_RANGE, Target, grid};
use super::requests;
use super::schema::SHEETS;
use super::sheet_requests::within_cell_limit;

const CELL_DATA: &[&str] = &[
    "userEnteredValue",
    "userEnteredFormat",
    "effectiveValue",
    "effectiveFormat",
    "formattedValue",
    "hyperlink",
    "note",
    "textFormatRuns",
    "dataValidation",
    "pivotTable",
    "dataSourceTable",
    "dataSourceFormula",
    "chipRuns",
];

/// The fields of `CellData` that only describe a cell. The others are its value, or are worked out.
const DESCRIPTIVE: &[&str] =
    &["userEnteredFormat", "note", "textFormatRuns", "dataValidation", "pivotTable", "chipRuns"];

const CELL_FORMAT: &[&str] = &[
    "numberFormat",
    "backgroundColor",
    "backgroundColorStyle",
    "borders",
    "padding",
    "horizontalAlignment",
    "verticalAlignment",
    "wrapStrategy",
    "textDirection",
    "textFormat",
    "hyperlinkDisplayType",
    "textRotation",
];

/// What a request sets in a cell: `None` leaves it.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    content: Option<Content>,
    format: Option<Format>,
    /// What of the rest is meant, and what is given for it.
    dress: Option<Arc<(Mask, Map<String, Json>)>>,
}

impl Change {
    /// A field of the mask that is missing from the data is cleared.
    pub(super) fn of(cell: Option<&Payload<'_>>, mask: &Mask) -> Result<Self, ApiError> {
        let mut change = Self::default();
        if mask.covers(&["userEnteredValue"]) {
            let value = cell.map(|cell| cell.object("userEnteredValue", EXTENDED_VALUE)).transpose()?.flatten();
            change.content = Some(value.map_or(Ok(Content::Empty), |value| content(&value))?);
        }
        if mask.covers(&["userEnteredFormat", "numberFormat"]) {
            let format = cell.map(|cell| cell.object("userEnteredFormat", CELL_FORMAT)).transpose()?.flatten();
            let number =
                format.map(|format| format.object("numberFormat", &["type", "pattern"])).transpose()?.flatten();
            change.format = Some(number.map_or(Ok(Format::default()), |number| number_format(&number))?);
        }
        change.dress = dress(cell, mask).map(Arc::new);
        Ok(change)
    }

    pub(super) fn make(&self, book: &mut Book, tab: usize, row: usize, column: usize) {
        if let Some(content) = &self.content {
            book.put(tab, row, column, content.clone());
        }
        if let Some(format) = &self.format {
            book.set_format(tab, row, column, format.clone());
        }
        if let Some(dress) = &self.dress {
            let (mask, given) = &**dress;
            book.dress(tab, row, column, |dress| mask.assign(dress, Some(given)));
        }
    }
}

/// The descriptive part of a cell's data, if the mask means any of it.
fn dress(cell: Option<&Payload<'_>>, mask: &Mask) -> Option<(Mask, Map<String, Json>)> {
    let meant = DESCRIPTIVE.iter().filter_map(|name| Some(((*name).to_owned(), mask.below(name)?.clone())));
    let meant: std::collections::BTreeMap<String, Mask> = meant.collect();
    let number_only = Mask::parse("numberFormat");
    if meant.iter().all(|(name, below)| name == "userEnteredFormat" && Some(below) == number_only.as_ref()) {
        return None;
    }
    let given = |name: &&str| Some(((**name).to_owned(), cell?.any(name)?.clone()));
    let mut given = Json::Object(DESCRIPTIVE.iter().filter_map(given).collect());
    if let Some(format) = given.get_mut("userEnteredFormat").and_then(Json::as_object_mut) {
        format.remove("numberFormat");
    }
    SHEETS.pair_colors("CellData", &mut given);
    let Json::Object(mut given) = given else { return None };
    // An empty description is none.
    given.retain(|_, value| !matches!(value, Json::String(text) if text.is_empty()));
    given.retain(|_, value| !matches!(value, Json::Object(fields) if fields.is_empty()));
    Some((Mask::Fields(meant), given))
}

const EXTENDED_VALUE: &[&str] = &["numberValue", "stringValue", "boolValue", "formulaValue", "errorValue"];

fn content(value: &Payload<'_>) -> Result<Content, ApiError> {
    if let Some(text) = value.text("stringValue")? {
        return Ok(if text.is_empty() { Content::Empty } else { Content::Text(text.to_owned()) });
    }
    if let Some(flag) = value.flag("boolValue")? {
        return Ok(Content::Bool(flag));
    }
    if let Some(formula) = value.text("formulaValue")? {
        if !formula.starts_with('=') {
            return Err(ApiError::invalid(format!("formulaValue must start with '=': {formula}")));
        }
        return Ok(Content::Formula(formula.to_owned()));
    }
    Ok(value.number("numberValue")?.map_or(Content::Empty, Content::Number))
}

fn number_format(given: &Payload<'_>) -> Result<Format, ApiError> {
    let kind = given.choice("type", "NumberFormat.NumberFormatType", FormatKind::NAMES)?;
    let kind = kind.ok_or_else(|| ApiError::invalid("Number format type must be specified."))?;
    Ok(Format::new(kind, given.text("pattern")?.unwrap_or_default()))
}

/// The changes of a list of `RowData`.
pub(super) fn changes(body: &Payload<'_>, mask: &Mask) -> Result<Vec<Vec<Change>>, ApiError> {
    let row = |row: &Payload<'_>| {
        let cells = row.objects("values", CELL_DATA)?;
        cells.iter().map(|cell| Change::of(Some(cell), mask)).collect()
    };
    body.objects("rows", &["values"])?.iter().map(row).collect()
}

/// `updateCells`: at `start` as far as the data goes, or all over `range`, where missing data clears.
pub(super) fn update(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "CellData")?;
    let rows = changes(body, &mask)?;
    let range = body.object("range", GRID_RANGE)?;
    let start = body.object("start", &["sheetId", "rowIndex", "columnIndex"])?;
    match (range, start) {
        (Some(range), None) => {
            let area = Target::of_grid_range(book, &range)?.area(book)?;
            fits(&rows, (area.rows.start, area.columns.start), (area.rows.end, area.columns.end))?;
            let nothing = Change::of(None, &mask)?;
            for (offset, row) in area.rows.clone().enumerate() {
                for (across, column) in area.columns.clone().enumerate() {
                    let change = rows.get(offset).and_then(|cells| cells.get(across)).unwrap_or(&nothing);
                    change.make(book, area.tab, row, column);
                }
            }
        }
        (None, Some(start)) => {
            let tab = grid(book, start.int("sheetId")?.unwrap_or(0))?;
            let corner = (start.index("rowIndex")?.unwrap_or(0), start.index("columnIndex")?.unwrap_or(0));
            fits(&rows, corner, book.tabs.get(tab).map_or((0, 0), |tab| (tab.rows, tab.columns)))?;
            place(book, tab, corner, &rows);
        }
        _ => return Err(ApiError::invalid("Exactly one of start or range must be specified.")),
    }
    Ok(json!({}))
}

/// Refuse data that reaches over the end of what it may be written to.
fn fits(rows: &[Vec<Change>], corner: (usize, usize), end: (usize, usize)) -> Result<(), ApiError> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    for (what, last, end) in [("row", corner.0 + rows.len(), end.0), ("column", corner.1 + width, end.1)] {
        if last > end {
            let (at, limit) = (last - 1, end as i64 - 1);
            let text = format!("Attempting to write {what}: {at}, beyond the last requested {what} of: {limit}");
            return Err(ApiError::invalid(text));
        }
    }
    Ok(())
}

pub(super) fn place(book: &mut Book, tab: usize, corner: (usize, usize), rows: &[Vec<Change>]) {
    for (offset, cells) in rows.iter().enumerate() {
        for (across, change) in cells.iter().enumerate() {
            change.make(book, tab, corner.0 + offset, corner.1 + across);
        }
    }
}

/// `repeatCell`: the same cell all over a range. A range that ends outside of the grid is cut.
pub(super) fn repeat(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "CellData")?;
    let range = body.object("range", GRID_RANGE)?.ok_or_else(|| ApiError::invalid("No range specified."))?;
    let area = Target::of_grid_range(book, &range)?.area(book)?;
    let change = Change::of(body.object("cell", CELL_DATA)?.as_ref(), &mask)?;
    for row in area.rows {
        for column in area.columns.clone() {
            change.make(book, area.tab, row, column);
        }
    }
    Ok(json!({}))
}

/// `appendCells`: after the last row of the tab that holds anything; rows are added as needed, columns are not.
pub(super) fn append(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    if let Some(table) = body.text("tableId")? {
        return Err(ApiError::invalid(format!("No table with id: {table}")));
    }
    let mask = requests::fields(body, "CellData")?;
    let tab = grid(book, body.int("sheetId")?.unwrap_or(0))?;
    let rows = changes(body, &mask)?;
    let (used, held, columns) = book.tabs.get(tab).map_or((0, 0, 0), |tab| (tab.used_rows(), tab.rows, tab.columns));
    let end = used + rows.len();
    fits(&rows, (used, 0), (end, columns))?;
    if end > held {
        within_cell_limit(book, tab, Dimension::Rows, end - held)?;
        book.insert(tab, Dimension::Rows, held, end - held, None);
    }
    place(book, tab, (used, 0), &rows);
    Ok(json!({}))
}
