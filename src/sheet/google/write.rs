//! One `spreadsheets:batchUpdate`: cells to write, some of them only while they still show what is expected, and the ranges
//! to be shown as the write leaves them.
//!
//! Google has no conditional write, but a `findReplace` on one cell with `matchEntireCell` is applied atomically with the rest of
//! its batch and says how many cells it changed: a compare-and-set that can only fail harmlessly.
//! <https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/request#findreplacerequest>
//! `updatedSpreadsheet` is documented as "the spreadsheet after updates were applied".
//! <https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/batchUpdate>
//! Nobody has published proof of the atomicity of either on the live service.

use std::collections::BTreeMap;

use google_sheets4::FieldMask;
use google_sheets4::api::{
    BatchUpdateSpreadsheetRequest, BatchUpdateSpreadsheetResponse, CellData, ExtendedValue, FindReplaceRequest,
    GridCoordinate, GridData, GridRange, Request, RowData, UpdateCellsRequest,
};

use super::a1;
use crate::catalog::Cell;
use crate::sheet::{Applied, CellRange, CellWrite, Receipt, Seen, SeenGrid, SheetError};

/// What of the answer is needed: the rest would be formats.
pub const ANSWER_FIELDS: &str = "replies,updatedSpreadsheet.sheets(properties(title),\
                                 data(startRow,startColumn,rowData.values(userEnteredValue,effectiveValue)))";

/// The cells of one batch by request: runs of plain cells in one column, or one cell with a condition.
pub struct Batch<'a> {
    runs: Vec<Vec<(usize, &'a CellWrite)>>,
    look: &'a [CellRange],
}

impl<'a> Batch<'a> {
    /// Vertical neighbours without condition share a request: Google spends its time per request, not per cell.
    pub fn new(cells: &'a [CellWrite], look: &'a [CellRange]) -> Self {
        let mut sorted: Vec<(usize, &CellWrite)> = cells.iter().enumerate().collect();
        sorted.sort_by(|(_, a), (_, b)| (&a.tab, a.column, a.row).cmp(&(&b.tab, b.column, b.row)));
        let follows = |(_, a): &(usize, &CellWrite), (_, b): &(usize, &CellWrite)| {
            let plain = a.only_if.is_none() && b.only_if.is_none();
            plain && a.tab == b.tab && a.column == b.column && a.row + 1 == b.row
        };
        Self { runs: sorted.chunk_by(follows).map(<[_]>::to_vec).collect(), look }
    }

    /// The request; `ids` are the tabs' ids by title.
    ///
    /// # Errors
    /// [`SheetError::Refused`] for a tab without an id, a place beyond what the API can say, or a number that is none.
    pub fn request(&self, ids: &BTreeMap<String, i32>) -> Result<BatchUpdateSpreadsheetRequest, SheetError> {
        let requests = self.runs.iter().map(|run| one(run, ids)).collect::<Result<_, _>>()?;
        Ok(BatchUpdateSpreadsheetRequest {
            requests: Some(requests),
            include_spreadsheet_in_response: Some(true),
            response_include_grid_data: Some(true),
            response_ranges: Some(self.look.iter().map(a1::range).collect()),
        })
    }

    /// What the answer says. A `findReplace` that changed nothing leaves its counts out.
    ///
    /// # Errors
    /// [`SheetError::Unexpected`] when replies or ranges are missing: the write may have been applied.
    pub fn receipt(&self, answer: BatchUpdateSpreadsheetResponse) -> Result<Receipt, SheetError> {
        let replies = answer.replies.unwrap_or_default();
        if replies.len() != self.runs.len() {
            let words = format!("{} writes sent, {} answered", self.runs.len(), replies.len());
            return Err(SheetError::Unexpected(words));
        }
        let mut applied = vec![Applied::Plainly; self.runs.iter().map(Vec::len).sum()];
        for (run, reply) in self.runs.iter().zip(replies) {
            let changed = reply.find_replace.and_then(|reply| reply.occurrences_changed).unwrap_or(0);
            for (index, cell) in run {
                applied[*index] = match cell.only_if {
                    None => Applied::Plainly,
                    Some(_) if changed > 0 => Applied::Matched,
                    Some(_) => Applied::Not,
                };
            }
        }
        let book = answer.updated_spreadsheet.unwrap_or_default();
        let mut shown: BTreeMap<(String, i32, i32), GridData> = BTreeMap::new();
        for sheet in book.sheets.unwrap_or_default() {
            let title = sheet.properties.and_then(|properties| properties.title).unwrap_or_default();
            for data in sheet.data.unwrap_or_default() {
                // Absent means zero.
                let at = (data.start_row.unwrap_or_default(), data.start_column.unwrap_or_default());
                shown.insert((title.clone(), at.0, at.1), data);
            }
        }
        let take = |range: &CellRange| {
            let at = (range.tab.clone(), index(range.rows.start)?, index(range.columns.start)?);
            let data = shown.remove(&at);
            data.map(seen_grid).ok_or_else(|| SheetError::Unexpected(format!("{} is not shown", a1::range(range))))
        };
        Ok(Receipt { applied, left: self.look.iter().map(take).collect::<Result<_, _>>()? })
    }
}

fn index(number: u32) -> Result<i32, SheetError> {
    i32::try_from(number).map_err(|_| SheetError::Refused(format!("{number} is beyond any sheet")))
}

fn one(run: &[(usize, &CellWrite)], ids: &BTreeMap<String, i32>) -> Result<Request, SheetError> {
    let Some((_, first)) = run.first() else { return Ok(Request::default()) };
    let sheet_id = ids.get(&first.tab).copied();
    let sheet_id = sheet_id.ok_or_else(|| SheetError::Refused(format!("there is no tab \"{}\"", first.tab)))?;
    let (row, column) = (index(first.row)?, index(first.column)?);
    let Some(shown) = first.only_if else {
        let start = GridCoordinate { sheet_id: Some(sheet_id), row_index: Some(row), column_index: Some(column) };
        let row = |(_, cell): &(usize, &CellWrite)| Ok(RowData { values: Some(vec![data(&cell.value)?]) });
        let rows = run.iter().map(row).collect::<Result<_, SheetError>>()?;
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
        replacement: Some(first.value.quote_whole()),
        match_entire_cell: Some(true),
        match_case: Some(true),
        range: Some(range),
        ..Default::default()
    };
    Ok(Request { find_replace: Some(find), ..Default::default() })
}

fn data(value: &Cell) -> Result<CellData, SheetError> {
    let entered = match value {
        Cell::Blank => None,
        Cell::Text(text) | Cell::Error(text) => {
            Some(ExtendedValue { string_value: Some(text.clone()), ..Default::default() })
        }
        Cell::Bool(value) => Some(ExtendedValue { bool_value: Some(*value), ..Default::default() }),
        Cell::Number(number) if number.is_finite() => {
            Some(ExtendedValue { number_value: Some(*number), ..Default::default() })
        }
        Cell::Number(number) => return Err(SheetError::Refused(format!("{number} cannot be written to a cell"))),
    };
    Ok(CellData { user_entered_value: entered, ..Default::default() })
}

fn seen_grid(data: GridData) -> SeenGrid {
    let row = |row: RowData| row.values.unwrap_or_default().into_iter().map(seen).collect();
    data.row_data.unwrap_or_default().into_iter().map(row).collect()
}

fn seen(data: CellData) -> Seen {
    let shown = data.effective_value.map_or(Cell::Blank, to_cell);
    let formula = match data.user_entered_value {
        Some(entered) => entered.formula_value.is_some(),
        // Filled from elsewhere: shows something, holds nothing.
        None => shown != Cell::Blank,
    };
    Seen { cell: shown, formula }
}

fn to_cell(value: ExtendedValue) -> Cell {
    match value {
        ExtendedValue { number_value: Some(number), .. } => Cell::Number(number),
        ExtendedValue { bool_value: Some(value), .. } => Cell::Bool(value),
        ExtendedValue { string_value: Some(text), .. } => Cell::from_text(&text),
        ExtendedValue { error_value: Some(error), .. } => Cell::Error(error.type_.unwrap_or_default()),
        _ => Cell::Blank,
    }
}
