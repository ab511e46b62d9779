//! Requests of `spreadsheets.batchUpdate` about the basic filter and merged cells.

use serde_json::{Value as Json, json};

use super::attached::{self, overlap};
use super::book::{Area, Book};
use super::cell::Content;
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::{Target, grid};

/// The tab of a request's `sheetId`.
fn sheet(book: &Book, body: &Payload<'_>) -> Result<usize, ApiError> {
    grid(book, body.int("sheetId")?.unwrap_or(0))
}

/// `setBasicFilter`. Its range is answered with all four bounds.
pub(super) fn set_basic_filter(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let given = body.needed("filter")?;
    let range = given.part("range")?.ok_or_else(|| ApiError::invalid("No range specified."))?;
    let area = Target::of_grid_range(book, &range)?.area(book)?;
    let mut filter = given.json();
    filter["range"] = grid_range(book, &area);
    attached::tidy("BasicFilter", &mut filter);
    if let Some(tab) = book.tabs.get_mut(area.tab) {
        *tab.attached.list_mut("basicFilter") = vec![filter];
    }
    book.changes += 1;
    Ok(json!({}))
}

/// `clearBasicFilter`.
pub(super) fn clear_basic_filter(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let tab = sheet(book, body)?;
    if let Some(tab) = book.tabs.get_mut(tab) {
        tab.attached.list_mut("basicFilter").clear();
    }
    book.changes += 1;
    Ok(json!({}))
}

/// A `GridRange` for an area.
pub(super) fn grid_range(book: &Book, area: &Area) -> Json {
    let mut range = json!({
        "sheetId": book.tabs.get(area.tab).map_or(0, |tab| tab.id),
        "startRowIndex": area.rows.start,
        "endRowIndex": area.rows.end,
        "startColumnIndex": area.columns.start,
        "endColumnIndex": area.columns.end,
    });
    attached::tidy("GridRange", &mut range);
    range
}

/// `mergeCells`: only the first cell of each merge keeps its value.
pub(super) fn merge(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = Target::of_grid_range(book, &body.needed("range")?)?.area(book)?;
    let (by_row, by_column) = match body.text("mergeType")? {
        Some("MERGE_ROWS") => (1, area.columns.len()),
        Some("MERGE_COLUMNS") => (area.rows.len(), 1),
        _ => (area.rows.len(), area.columns.len()),
    };
    for row in area.rows.clone().step_by(by_row.max(1)) {
        for column in area.columns.clone().step_by(by_column.max(1)) {
            let one = Area { tab: area.tab, rows: row..row + by_row, columns: column..column + by_column };
            merge_one(book, &one)?;
        }
    }
    Ok(json!({}))
}

fn merge_one(book: &mut Book, area: &Area) -> Result<(), ApiError> {
    let range = grid_range(book, area);
    if let Some(tab) = book.tabs.get_mut(area.tab) {
        let merges = tab.attached.list_mut("merges");
        let inside = |other: &Json| {
            let (rows, columns) = attached::extent(other);
            area.rows.start <= rows.start
                && rows.end <= area.rows.end
                && area.columns.start <= columns.start
                && columns.end <= area.columns.end
        };
        if merges.iter().any(|other| overlap(other, &range) && !inside(other)) {
            return Err(ApiError::invalid("You must select all cells in a merged range to merge or unmerge them."));
        }
        merges.retain(|other| !overlap(other, &range));
        merges.push(range);
    }
    book.changes += 1;
    for row in area.rows.clone() {
        for column in area.columns.clone() {
            let first = (row, column) == (area.rows.start, area.columns.start);
            if !first && !book.slot(area.tab, row, column).content.is_empty() {
                book.put(area.tab, row, column, Content::Empty);
            }
        }
    }
    Ok(())
}

/// `unmergeCells`: all merges that the range touches must lie inside of it.
pub(super) fn unmerge(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = Target::of_grid_range(book, &body.needed("range")?)?.area(book)?;
    let range = grid_range(book, &area);
    if let Some(tab) = book.tabs.get_mut(area.tab) {
        tab.attached.list_mut("merges").retain(|other| !overlap(other, &range));
    }
    book.changes += 1;
    Ok(json!({}))
}
