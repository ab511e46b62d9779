//! One `spreadsheets:batchUpdate` for cells that may only be written while they still show what is expected.
//!
//! Google has no conditional write, but a `findReplace` on one cell with `matchEntireCell` is applied atomically with the rest of
//! its batch and says how many cells it changed: a compare-and-set that can only fail harmlessly.
//! <https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/request#findreplacerequest>
//! Nobody has published proof of its atomicity on the live service; the look after the write does not rely on it.

use std::collections::BTreeMap;

use google_sheets4::FieldMask;
use google_sheets4::api::{
    BatchUpdateSpreadsheetRequest, BatchUpdateSpreadsheetResponse, CellData, ExtendedValue, FindReplaceRequest,
    GridCoordinate, GridRange, Request, RowData, UpdateCellsRequest,
};

use crate::catalog::Cell;
use crate::sheet::{Applied, CellWrite, SheetError};

/// The request; `ids` are the tabs' ids by title.
///
/// # Errors
/// [`SheetError::Refused`] for a tab without an id, or a place beyond what the API can say.
pub fn request(cells: &[CellWrite], ids: &BTreeMap<String, i32>) -> Result<BatchUpdateSpreadsheetRequest, SheetError> {
    let requests = cells.iter().map(|cell| one(cell, ids)).collect::<Result<_, _>>()?;
    Ok(BatchUpdateSpreadsheetRequest { requests: Some(requests), ..Default::default() })
}

fn one(cell: &CellWrite, ids: &BTreeMap<String, i32>) -> Result<Request, SheetError> {
    let sheet_id = ids.get(&cell.tab).copied();
    let sheet_id = sheet_id.ok_or_else(|| SheetError::Refused(format!("there is no tab \"{}\"", cell.tab)))?;
    let index =
        |number: u32| i32::try_from(number).map_err(|_| SheetError::Refused(format!("{number} is beyond any sheet")));
    let (row, column) = (index(cell.row)?, index(cell.column)?);
    let Some(shown) = cell.only_if else {
        let start = GridCoordinate { sheet_id: Some(sheet_id), row_index: Some(row), column_index: Some(column) };
        let rows = vec![RowData { values: Some(vec![data(&cell.value)]) }];
        let fields = Some(FieldMask::new(&["userEnteredValue"]));
        let update = UpdateCellsRequest { fields, range: None, rows: Some(rows), start: Some(start) };
        return Ok(Request { update_cells: Some(update), ..Default::default() });
    };
    let range = GridRange {
        sheet_id: Some(sheet_id),
        start_row_index: Some(row),
        end_row_index: Some(row + 1),
        start_column_index: Some(column),
        end_column_index: Some(column + 1),
    };
    let find = FindReplaceRequest {
        find: Some(shown.to_string()),
        replacement: Some(cell.value.quote_whole()),
        match_entire_cell: Some(true),
        match_case: Some(true),
        range: Some(range),
        ..Default::default()
    };
    Ok(Request { find_replace: Some(find), ..Default::default() })
}

fn data(value: &Cell) -> CellData {
    let entered = match value {
        Cell::Blank => None,
        Cell::Text(text) | Cell::Error(text) => {
            Some(ExtendedValue { string_value: Some(text.clone()), ..Default::default() })
        }
        Cell::Bool(value) => Some(ExtendedValue { bool_value: Some(*value), ..Default::default() }),
        Cell::Number(number) => Some(ExtendedValue { number_value: Some(*number), ..Default::default() }),
    };
    CellData { user_entered_value: entered, ..Default::default() }
}

/// Which cells were written, in order. A `findReplace` that changed nothing leaves its counts out.
///
/// # Errors
/// [`SheetError::Unexpected`] when replies are missing.
pub fn applied(cells: &[CellWrite], answer: BatchUpdateSpreadsheetResponse) -> Result<Vec<Applied>, SheetError> {
    let replies = answer.replies.unwrap_or_default();
    if replies.len() != cells.len() {
        return Err(SheetError::Unexpected(format!("{} writes sent, {} answered", cells.len(), replies.len())));
    }
    let is_applied = |(cell, reply): (&CellWrite, google_sheets4::api::Response)| {
        let changed = reply.find_replace.and_then(|reply| reply.occurrences_changed).unwrap_or(0);
        match cell.only_if {
            None => Applied::Plainly,
            Some(_) if changed > 0 => Applied::Matched,
            Some(_) => Applied::Not,
        }
    };
    Ok(cells.iter().zip(replies).map(is_applied).collect())
}
