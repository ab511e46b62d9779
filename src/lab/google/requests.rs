//! `spreadsheets.batchUpdate`: its requests, in order. The caller works on a copy, so that all of them count or none.

use serde_json::{Value as Json, json};

use super::book::{Book, Dimension};
use super::error::ApiError;
use super::mask::Mask;
use super::payload::Payload;
use super::ranges::grid;
use super::{cell_requests, find_replace, sheet_requests, sorting};

type Play = fn(&mut Book, &Payload<'_>) -> Result<Json, ApiError>;

/// The kinds of request the lab plays, with the fields each may have. Any other is refused as Google refuses a kind it
/// does not know.
const KINDS: &[(&str, &[&str], Play)] = &[
    ("updateCells", &["rows", "fields", "start", "range"], cell_requests::update),
    ("repeatCell", &["range", "cell", "fields"], cell_requests::repeat),
    ("appendCells", &["sheetId", "rows", "fields", "tableId"], cell_requests::append),
    ("addSheet", &["properties"], sheet_requests::add),
    ("deleteSheet", &["sheetId"], sheet_requests::delete),
    ("updateSheetProperties", &["properties", "fields"], sheet_requests::update),
    ("updateSpreadsheetProperties", &["properties", "fields"], sheet_requests::update_book),
    ("insertDimension", &["range", "inheritFromBefore"], insert_dimension),
    ("deleteDimension", &["range"], delete_dimension),
    ("appendDimension", &["sheetId", "dimension", "length"], append_dimension),
    ("sortRange", &["range", "sortSpecs"], sorting::sort_range),
    ("findReplace", find_replace::FIELDS, find_replace::find_replace),
];

/// Play all requests. Answers one reply per request.
pub(super) fn play(book: &mut Book, requests: &[Json]) -> Result<Vec<Json>, ApiError> {
    if requests.is_empty() {
        return Err(ApiError::invalid("Must specify at least one request."));
    }
    requests.iter().enumerate().map(|(index, request)| one(book, index, request)).collect()
}

fn one(book: &mut Book, index: usize, request: &Json) -> Result<Json, ApiError> {
    let at = format!("requests[{index}]");
    let names: Vec<&str> = KINDS.iter().map(|(name, _, _)| *name).collect();
    let request = Payload::new(request, at, &names)?;
    let mut kinds = KINDS.iter().filter(|(name, _, _)| request.any(name).is_some());
    let Some((name, fields, play)) = kinds.next() else {
        return Err(ApiError::invalid(format!("Invalid requests[{index}]: No request set.")));
    };
    if kinds.next().is_some() {
        let text = format!("Invalid value at 'requests[{index}]' (oneof), oneof field 'kind' is already set.");
        return Err(ApiError::bad_payload(&format!("requests[{index}]"), text));
    }
    let Some(body) = request.object(name, fields)? else { return Ok(json!({})) };
    play(book, &body).map_err(|error| {
        if error.is_schema() { error } else { error.within(&format!("Invalid requests[{index}].{name}")) }
    })
}

/// The `fields` of an update, which must not be empty.
pub(super) fn fields(body: &Payload<'_>) -> Result<Mask, ApiError> {
    let missing = "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)";
    let text = body.text("fields")?.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::invalid(missing))?;
    Mask::parse(text).ok_or_else(|| ApiError::bad_mask(text))
}

const DIMENSIONS: &[(&str, Dimension)] = &[("ROWS", Dimension::Rows), ("COLUMNS", Dimension::Columns)];

fn dimension(body: &Payload<'_>) -> Result<Dimension, ApiError> {
    let given = body.choice("dimension", "Dimension", DIMENSIONS)?;
    given.ok_or_else(|| ApiError::invalid("No dimension specified."))
}

/// A `DimensionRange`, both ends bounded where `bounded`.
struct Stretch {
    tab: usize,
    dimension: Dimension,
    start: usize,
    end: usize,
    length: usize,
}

fn stretch(book: &Book, body: &Payload<'_>, bounded: bool) -> Result<Stretch, ApiError> {
    let known = ["sheetId", "dimension", "startIndex", "endIndex"];
    let range = body.object("range", &known)?.ok_or_else(|| ApiError::invalid("No range specified."))?;
    let tab = grid(book, range.int("sheetId")?.unwrap_or(0))?;
    let dimension = dimension(&range)?;
    let length = length(book, tab, dimension);
    // An index of zero is the default value, which clients may leave out.
    let start = range.index("startIndex")?.unwrap_or(0);
    let end = match range.index("endIndex")? {
        Some(end) => end,
        None if bounded => return Err(ApiError::invalid("range.endIndex must be specified.")),
        None => length,
    };
    if end <= start {
        return Err(ApiError::invalid(format!("range.endIndex[{end}] must be greater than range.startIndex[{start}]")));
    }
    Ok(Stretch { tab, dimension, start, end, length })
}

fn length(book: &Book, tab: usize, dimension: Dimension) -> usize {
    book.tabs.get(tab).map_or(0, |tab| match dimension {
        Dimension::Rows => tab.rows,
        Dimension::Columns => tab.columns,
    })
}

fn insert_dimension(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, true)?;
    if start > length {
        let text = format!("range.startIndex[{start}] is beyond the end of the grid, which is {length} long.");
        return Err(ApiError::invalid(text));
    }
    let before = body.flag("inheritFromBefore")?.unwrap_or_default();
    if start == 0 && before {
        return Err(ApiError::invalid("inheritFromBefore cannot be set to true when inserting at index 0."));
    }
    sheet_requests::within_cell_limit(book, tab, dimension, end - start)?;
    book.insert(tab, dimension, start, end - start, Some(if before { start - 1 } else { start }));
    Ok(json!({}))
}

fn delete_dimension(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, false)?;
    let (one, many) = match dimension {
        Dimension::Rows => ("row", "rows"),
        Dimension::Columns => ("column", "columns"),
    };
    if start >= length {
        return Err(ApiError::invalid(format!(
            "Cannot delete a {one} that doesn't exist. Tried to delete {one} index {start} but there are only \
             {length} {many}."
        )));
    }
    let end = end.min(length);
    if end - start == length {
        return Err(ApiError::invalid(format!("You can't delete all the {many} on the sheet.")));
    }
    book.delete(tab, dimension, start..end);
    Ok(json!({}))
}

fn append_dimension(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let tab = grid(book, body.int("sheetId")?.unwrap_or(0))?;
    let dimension = dimension(body)?;
    let count = body.index("length")?.filter(|count| *count > 0);
    let count = count.ok_or_else(|| ApiError::invalid("length must be greater than 0."))?;
    sheet_requests::within_cell_limit(book, tab, dimension, count)?;
    book.insert(tab, dimension, length(book, tab, dimension), count, None);
    Ok(json!({}))
}
