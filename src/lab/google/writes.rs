//! Writing: `values.update`, `values.batchUpdate`, `values.append`, `values.clear`, `values.batchClear`.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::a1::{Span, column_letters};
use super::book::{Area, Book, Dimension};
use super::cell::Content;
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::Target;
use super::values::{self, BY_COLUMNS, ReadOptions};

/// Longest text of a cell: <https://support.google.com/drive/answer/37603>.
const CELL_CHARS_MAX: usize = 50_000;

/// The field names of a `ValueRange`.
pub(super) const VALUE_RANGE: &[&str] = &["range", "majorDimension", "values"];

/// `ValueInputOption`: true for `USER_ENTERED`.
pub(super) const TYPED: &[(&str, bool)] = &[("RAW", false), ("USER_ENTERED", true)];

/// How values are taken in, and how they are answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriteOptions {
    /// Parse texts as if a person typed them.
    pub typed: bool,
    /// The current year, for dates typed without one.
    pub year: i32,
    /// Answer with the values of the cells written, rendered so.
    pub answer: Option<ReadOptions>,
}

/// What one range's write did. Rows and columns count where at least one cell was written.
pub(super) struct Written {
    /// The block of the values.
    area: Area,
    /// The range that was asked for, whose values may be answered.
    asked: Area,
    cells: usize,
    rows: usize,
    columns: usize,
}

/// `values.update`.
pub(super) fn update(
    book: &mut Book,
    id: &str,
    range: &str,
    body: &Payload<'_>,
    options: &WriteOptions,
) -> Result<Json, ApiError> {
    let target = Target::of(book, range)?;
    let written = write(book, &target, range, body, options)?;
    Ok(answer(book, id, &written, options))
}

/// `values.batchUpdate`: all ranges or none, because the caller works on a copy.
pub(super) fn batch_update(
    book: &mut Book,
    id: &str,
    data: &[Payload<'_>],
    options: &WriteOptions,
) -> Result<Json, ApiError> {
    let mut total = Total::default();
    for (index, payload) in data.iter().enumerate() {
        let range = payload.text("range")?.unwrap_or_default();
        let target = Target::of(book, range).map_err(|error| error.within(&format!("Invalid data[{index}]")))?;
        let written = write(book, &target, range, payload, options)
            .map_err(|error| error.within(&format!("Invalid data[{index}]")))?;
        let response = answer(book, id, &written, options);
        total.add(&written, response);
    }
    Ok(total.answer(id))
}

/// What several writes did together.
#[derive(Default)]
pub(super) struct Total {
    rows: usize,
    columns: usize,
    cells: usize,
    tabs: BTreeSet<usize>,
    responses: Vec<Json>,
}

impl Total {
    pub(super) fn add(&mut self, written: &Written, response: Json) {
        self.rows += written.rows;
        self.columns += written.columns;
        self.cells += written.cells;
        if written.cells > 0 {
            self.tabs.insert(written.area.tab);
        }
        self.responses.push(response);
    }

    pub(super) fn answer(self, id: &str) -> Json {
        let mut all = json!({ "spreadsheetId": id });
        let counts = [
            ("totalUpdatedRows", self.rows),
            ("totalUpdatedColumns", self.columns),
            ("totalUpdatedCells", self.cells),
            ("totalUpdatedSheets", self.tabs.len()),
        ];
        set_counts(&mut all, &counts);
        if !self.responses.is_empty() {
            all["responses"] = Json::Array(self.responses);
        }
        all
    }
}

/// Google leaves out counts that are zero.
pub(super) fn set_counts(answer: &mut Json, counts: &[(&str, usize)]) {
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        answer[*name] = json!(count);
    }
}

pub(super) fn answer(book: &Book, id: &str, written: &Written, options: &WriteOptions) -> Json {
    let mut answer = json!({ "spreadsheetId": id, "updatedRange": book.answer(&written.area) });
    let counts = [("updatedRows", written.rows), ("updatedColumns", written.columns), ("updatedCells", written.cells)];
    set_counts(&mut answer, &counts);
    if let Some(read) = &options.answer {
        answer["updatedData"] = values::value_range(book, &written.asked, read);
    }
    answer
}

/// The values of a payload as rows.
fn rows_of(payload: &Payload<'_>) -> Result<Vec<Vec<Json>>, ApiError> {
    let lines: Result<Vec<Vec<Json>>, ApiError> = payload
        .items("values")?
        .iter()
        .map(|line| {
            let broken = || ApiError::bad_payload("values", format!("Invalid value at 'values' (type_list), {line}"));
            line.as_array().cloned().ok_or_else(broken)
        })
        .collect();
    let lines = lines?;
    if !payload.choice("majorDimension", "Dimension", BY_COLUMNS)?.unwrap_or_default() {
        return Ok(lines);
    }
    let height = lines.iter().map(Vec::len).max().unwrap_or(0);
    let row = |row: usize| lines.iter().map(|line| line.get(row).cloned().unwrap_or(Json::Null)).collect();
    Ok((0..height).map(row).collect())
}

/// Write one range's values.
pub(super) fn write(
    book: &mut Book,
    target: &Target,
    asked: &str,
    payload: &Payload<'_>,
    options: &WriteOptions,
) -> Result<Written, ApiError> {
    let rows = rows_of(payload)?;
    let whole = target.area(book)?;
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let (end_row, end_column) = (whole.rows.start + rows.len(), whole.columns.start + width);
    if !target.span.is_cell() {
        let within = format!("Requested writing within range [{asked}], but tried writing to");
        if target.span.end_row.is_some_and(|end| end_row > end) {
            return Err(ApiError::invalid(format!("{within} row [{end_row}]")));
        }
        if target.span.end_column.is_some_and(|end| end_column > end) {
            return Err(ApiError::invalid(format!("{within} column [{}]", column_letters(end_column - 1))));
        }
    }
    let written = place(book, target.tab, (whole.rows.start, whole.columns.start), &rows, options)?;
    Ok(if target.span.is_cell() { written } else { Written { asked: whole, ..written } })
}

/// Put rows of JSON at a corner.
fn place(
    book: &mut Book,
    tab: usize,
    corner: (usize, usize),
    rows: &[Vec<Json>],
    options: &WriteOptions,
) -> Result<Written, ApiError> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let area = Area { tab, rows: corner.0..corner.0 + rows.len(), columns: corner.1..corner.1 + width };
    let outside = book.tabs.get(tab).is_none_or(|tab| area.rows.end > tab.rows || area.columns.end > tab.columns);
    if outside {
        let span = Span {
            start_row: Some(area.rows.start),
            end_row: Some(area.rows.end),
            start_column: Some(area.columns.start),
            end_column: Some(area.columns.end),
        };
        return Err(Target { tab, span }.beyond(book));
    }
    let (mut cells, mut written_rows, mut written_columns) = (0, 0, BTreeSet::new());
    for (row, values) in rows.iter().enumerate() {
        let before = cells;
        for (column, value) in values.iter().enumerate().filter(|(_, value)| !value.is_null()) {
            let at = (corner.0 + row, corner.1 + column);
            let content = Content::raw(value).ok_or_else(|| not_a_value(row, column, value))?;
            match content {
                Content::Text(text) if text.chars().count() > CELL_CHARS_MAX => {
                    let limit = "Your input contains more than the maximum of 50000 characters in a single cell.";
                    return Err(ApiError::invalid(limit));
                }
                Content::Text(text) if options.typed => book.type_in(tab, at.0, at.1, &text, options.year),
                content => book.put(tab, at.0, at.1, content),
            }
            cells += 1;
            written_columns.insert(column);
        }
        written_rows += usize::from(cells > before);
    }
    Ok(Written { asked: area.clone(), area, cells, rows: written_rows, columns: written_columns.len() })
}

fn not_a_value(row: usize, column: usize, value: &Json) -> ApiError {
    let kind = if value.is_array() { "list_value" } else { "struct_value" };
    ApiError::invalid(format!("Invalid values[{row}][{column}]: {kind} {value}"))
}

/// `values.append`: after the last table in the range, growing the grid as needed.
pub(super) fn append(
    book: &mut Book,
    id: &str,
    range: &str,
    body: &Payload<'_>,
    insert_rows: bool,
    options: &WriteOptions,
) -> Result<Json, ApiError> {
    let target = Target::of(book, range)?;
    let rows = rows_of(body)?;
    let area = target.area(book)?;
    let table = last_table(book, &area);
    let corner = match &table {
        Some(table) => (table.rows.end, table.columns.start),
        None => (area.rows.start, area.columns.start),
    };
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    if let Some(tab) = book.tabs.get(target.tab) {
        let (held, wide) = (tab.rows, tab.columns);
        if insert_rows && corner.0 < held {
            book.insert(target.tab, Dimension::Rows, corner.0, rows.len(), corner.0.checked_sub(1));
        } else if corner.0 + rows.len() > held {
            book.insert(target.tab, Dimension::Rows, held, corner.0 + rows.len() - held, None);
        }
        if corner.1 + width > wide {
            book.insert(target.tab, Dimension::Columns, wide, corner.1 + width - wide, None);
        }
    }
    let written = place(book, target.tab, corner, &rows, options)?;
    let mut all = json!({ "spreadsheetId": id, "updates": answer(book, id, &written, options) });
    if let Some(table) = table {
        all["tableRange"] = json!(book.answer(&table));
    }
    Ok(all)
}

/// The block of cells around the last filled row of an area, as far as filled cells touch.
fn last_table(book: &Book, area: &Area) -> Option<Area> {
    let filled = |row: usize, column: usize| !book.slot(area.tab, row, column).content.is_empty();
    let used = book.tabs.get(area.tab)?.used_rows();
    let (row, column) = (area.rows.start..area.rows.end.min(used))
        .rev()
        .find_map(|row| area.columns.clone().find(|column| filled(row, *column)).map(|column| (row, column)))?;
    let mut table = Area { tab: area.tab, rows: row..row + 1, columns: column..column + 1 };
    loop {
        let (rows, columns) = (table.rows.clone(), table.columns.clone());
        // Corners touch too.
        let around = columns.start.saturating_sub(1)..columns.end + 1;
        if rows.start > 0 && around.clone().any(|column| filled(rows.start - 1, column)) {
            table.rows.start -= 1;
        } else if around.clone().any(|column| filled(rows.end, column)) {
            table.rows.end += 1;
        } else if columns.start > 0 && rows.clone().any(|row| filled(row, columns.start - 1)) {
            table.columns.start -= 1;
        } else if rows.clone().any(|row| filled(row, columns.end)) {
            table.columns.end += 1;
        } else {
            return Some(table);
        }
    }
}

/// `values.clear`: contents only, formats stay. Answers the range that was cleared.
pub(super) fn clear(book: &mut Book, range: &str) -> Result<String, ApiError> {
    let area = Target::of(book, range)?.area(book)?;
    clear_area(book, &area);
    Ok(book.answer(&area))
}

/// Empty the cells of an area.
pub(super) fn clear_area(book: &mut Book, area: &Area) {
    let used = book.tabs.get(area.tab).map_or(0, super::book::Tab::used_rows);
    for row in area.rows.start..area.rows.end.min(used) {
        for column in area.columns.clone() {
            if !book.slot(area.tab, row, column).content.is_empty() {
                book.put(area.tab, row, column, Content::Empty);
            }
        }
    }
}

/// `values.batchClear`.
pub(super) fn batch_clear(book: &mut Book, id: &str, ranges: &[&str]) -> Result<Json, ApiError> {
    let mut cleared = Vec::new();
    for (index, range) in ranges.iter().enumerate() {
        cleared.push(clear(book, range).map_err(|error| error.within(&format!("Invalid range[{index}]")))?);
    }
    Ok(json!({ "spreadsheetId": id, "clearedRanges": cleared }))
}
