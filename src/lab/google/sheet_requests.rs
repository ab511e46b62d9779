//! Requests of `spreadsheets.batchUpdate` about tabs and the spreadsheet itself, and how their properties are answered.

use serde_json::{Value as Json, json};

use super::book::{Book, Dimension, Tab};
use super::error::ApiError;
use super::mask::Mask;
use super::payload::Payload;
use super::requests;

/// Most cells of a spreadsheet: <https://support.google.com/drive/answer/37603>.
const CELLS_MAX: usize = 10_000_000;

const SHEET_PROPERTIES: &[&str] = &[
    "sheetId",
    "title",
    "index",
    "sheetType",
    "gridProperties",
    "hidden",
    "tabColor",
    "tabColorStyle",
    "rightToLeft",
    "dataSourceSheetProperties",
];

const GRID_PROPERTIES: &[&str] = &[
    "rowCount",
    "columnCount",
    "frozenRowCount",
    "frozenColumnCount",
    "hideGridlines",
    "rowGroupControlAfter",
    "columnGroupControlAfter",
];

const BOOK_PROPERTIES: &[&str] = &[
    "title",
    "locale",
    "autoRecalc",
    "timeZone",
    "defaultFormat",
    "iterativeCalculationSettings",
    "spreadsheetTheme",
    "importFunctionsExternalUrlAccessAllowed",
];

/// `SheetProperties` of a tab.
pub(super) fn properties(index: usize, tab: &Tab) -> Json {
    let mut grid = json!({ "rowCount": tab.rows, "columnCount": tab.columns });
    let frozen = [("frozenRowCount", tab.frozen_rows), ("frozenColumnCount", tab.frozen_columns)];
    for (name, count) in frozen.into_iter().filter(|(_, count)| *count > 0) {
        grid[name] = json!(count);
    }
    let mut properties = json!({
        "sheetId": tab.id, "title": tab.title, "index": index, "sheetType": "GRID", "gridProperties": grid,
    });
    if tab.hidden {
        properties["hidden"] = json!(true);
    }
    properties
}

/// Refuse what would make the spreadsheet larger than Google allows.
pub(super) fn within_cell_limit(book: &Book, tab: usize, dimension: Dimension, count: usize) -> Result<(), ApiError> {
    let more = book.tabs.get(tab).map_or(0, |tab| match dimension {
        Dimension::Rows => tab.columns.saturating_mul(count),
        Dimension::Columns => tab.rows.saturating_mul(count),
    });
    limit(book, more)
}

fn limit(book: &Book, more: usize) -> Result<(), ApiError> {
    let held: usize = book.tabs.iter().map(|tab| tab.rows.saturating_mul(tab.columns)).sum();
    if held.saturating_add(more) > CELLS_MAX {
        let text = format!(
            "This action would increase the number of cells in the workbook above the limit of {CELLS_MAX} cells."
        );
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

fn free_title(book: &Book, title: &str, but: Option<usize>) -> Result<(), ApiError> {
    if title.is_empty() {
        return Err(ApiError::invalid("Sheet title cannot be empty."));
    }
    match book.tab_index(title).filter(|index| Some(*index) != but) {
        Some(_) => Err(ApiError::invalid(format!(
            "A sheet with the name \"{title}\" already exists. Please enter another name."
        ))),
        None => Ok(()),
    }
}

/// `addSheet`.
pub(super) fn add(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let properties_given = body.object("properties", SHEET_PROPERTIES)?;
    let mut tab = Tab::new(book.free_id(), "");
    let mut index = book.tabs.len();
    if let Some(given) = &properties_given {
        if let Some(id) = given.index("sheetId")? {
            tab.id = id as i64;
        }
        index = given.index("index")?.unwrap_or(index).min(index);
        tab.title = given.text("title")?.unwrap_or_default().to_owned();
    }
    if tab.title.is_empty() {
        let free = |number: &usize| book.tab_index(&format!("Sheet{number}")).is_none();
        tab.title = format!("Sheet{}", (book.tabs.len() + 1..).find(free).unwrap_or_default());
    }
    free_title(book, &tab.title, None)?;
    if book.tab_by_id(tab.id).is_some() {
        return Err(ApiError::invalid(format!("Sheet with id {} already exists.", tab.id)));
    }
    if let Some(given) = &properties_given {
        set_properties(&mut tab, given, &Mask::Everything)?;
    }
    limit(book, tab.rows.saturating_mul(tab.columns))?;
    let reply = json!({ "addSheet": { "properties": properties(index, &tab) } });
    book.tabs.insert(index, tab);
    book.changes += 1;
    Ok(reply)
}

/// `deleteSheet`.
pub(super) fn delete(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let tab = sheet(book, body.int("sheetId")?.unwrap_or(0))?;
    if book.tabs.iter().enumerate().all(|(index, other)| index == tab || other.hidden) {
        return Err(ApiError::invalid("You can't remove all the visible sheets in a document."));
    }
    book.tabs.remove(tab);
    book.changes += 1;
    Ok(json!({}))
}

fn sheet(book: &Book, id: i64) -> Result<usize, ApiError> {
    book.tab_by_id(id).ok_or_else(|| ApiError::invalid(format!("No sheet with id: {id}")))
}

/// `updateSheetProperties`.
pub(super) fn update(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body)?;
    let given = body.object("properties", SHEET_PROPERTIES)?;
    let given = given.ok_or_else(|| ApiError::invalid("No properties specified."))?;
    let at = sheet(book, given.int("sheetId")?.unwrap_or(0))?;
    if mask.covers(&["title"]) {
        free_title(book, given.text("title")?.unwrap_or_default(), Some(at))?;
    }
    let mut tab = book.tabs.remove(at);
    let set = set_properties(&mut tab, &given, &mask);
    let index = if mask.covers(&["index"]) { given.index("index")?.unwrap_or(at) } else { at };
    // An index counts places before the move, so a tab that moves back passes its own place.
    let index = if index > at { index - 1 } else { index };
    book.tabs.insert(index.min(book.tabs.len()), tab);
    book.changes += 1;
    set.and_then(|()| limit(book, 0)).map(|()| json!({}))
}

fn set_properties(tab: &mut Tab, given: &Payload<'_>, mask: &Mask) -> Result<(), ApiError> {
    if mask.covers(&["title"])
        && let Some(title) = given.text("title")?
    {
        tab.title = title.to_owned();
    }
    if mask.covers(&["hidden"]) {
        tab.hidden = given.flag("hidden")?.unwrap_or_default();
    }
    let Some(grid) = given.object("gridProperties", GRID_PROPERTIES)? else { return Ok(()) };
    let asked = |name: &str| mask.covers(&["gridProperties", name]);
    let size = |name: &str, now: usize| -> Result<usize, ApiError> {
        match grid.index(name)?.filter(|_| asked(name)) {
            Some(0) => Err(ApiError::invalid(format!("{name} must be at least 1."))),
            given => Ok(given.unwrap_or(now)),
        }
    };
    let (rows, columns) = (size("rowCount", tab.rows)?, size("columnCount", tab.columns)?);
    tab.resize(rows, columns);
    if asked("frozenRowCount") {
        tab.frozen_rows = grid.int("frozenRowCount")?.unwrap_or(0);
    }
    if asked("frozenColumnCount") {
        tab.frozen_columns = grid.int("frozenColumnCount")?.unwrap_or(0);
    }
    Ok(())
}

/// `updateSpreadsheetProperties`: title, locale and time zone; what else a spreadsheet has changes nothing here.
pub(super) fn update_book(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body)?;
    let given = body.object("properties", BOOK_PROPERTIES)?;
    let given = given.ok_or_else(|| ApiError::invalid("No properties specified."))?;
    for (name, place) in
        [("title", &mut book.title), ("locale", &mut book.locale_code), ("timeZone", &mut book.time_zone)]
    {
        if let Some(text) = given.text(name)?.filter(|text| !text.is_empty() && mask.covers(&[name])) {
            *place = text.to_owned();
        }
    }
    book.changes += 1;
    Ok(json!({}))
}
