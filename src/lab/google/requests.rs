//! `spreadsheets.batchUpdate`: its requests, in order. The caller works on a copy, so that all of them count or none.

use serde_json::{Value as Json, json};

use super::attached_requests::{BANDING, CHART, FILTER_VIEW, NAMED_RANGE, PROTECTED_RANGE, SLICER};
use super::book::Book;
use super::error::ApiError;
use super::mask::Mask;
use super::payload::Payload;
use super::schema::SHEETS;
use super::{
    area_requests, attached_requests, cell_requests, cleaning, copying, dimensions, find_replace, metadata,
    rule_requests, sheet_requests, sorting,
};

type Play = fn(&mut Book, &Payload<'_>) -> Result<Json, ApiError>;

/// The kinds of request the lab plays. Another kind that Google knows is answered 501.
const KINDS: &[(&str, Play)] = &[
    ("updateCells", cell_requests::update),
    ("repeatCell", cell_requests::repeat),
    ("appendCells", cell_requests::append),
    ("addSheet", sheet_requests::add),
    ("deleteSheet", sheet_requests::delete),
    ("duplicateSheet", sheet_requests::duplicate),
    ("updateSheetProperties", sheet_requests::update),
    ("updateSpreadsheetProperties", sheet_requests::update_book),
    ("insertDimension", dimensions::insert),
    ("deleteDimension", dimensions::delete),
    ("appendDimension", dimensions::append),
    ("moveDimension", dimensions::shift),
    ("updateDimensionProperties", dimensions::update),
    ("autoResizeDimensions", dimensions::auto_resize),
    ("addDimensionGroup", |book, body| dimensions::group(book, body, 1)),
    ("deleteDimensionGroup", |book, body| dimensions::group(book, body, -1)),
    ("updateDimensionGroup", dimensions::update_group),
    ("sortRange", sorting::sort_range),
    ("findReplace", find_replace::find_replace),
    ("insertRange", copying::insert),
    ("deleteRange", copying::delete),
    ("copyPaste", copying::copy),
    ("cutPaste", copying::cut),
    ("pasteData", copying::paste_text),
    ("autoFill", copying::auto_fill),
    ("trimWhitespace", cleaning::trim),
    ("deleteDuplicates", cleaning::duplicates),
    ("textToColumns", cleaning::to_columns),
    ("randomizeRange", cleaning::randomize),
    ("mergeCells", area_requests::merge),
    ("unmergeCells", area_requests::unmerge),
    ("updateBorders", rule_requests::update_borders),
    ("setDataValidation", rule_requests::set_validation),
    ("addConditionalFormatRule", rule_requests::add),
    ("updateConditionalFormatRule", rule_requests::update),
    ("deleteConditionalFormatRule", rule_requests::delete),
    ("setBasicFilter", area_requests::set_basic_filter),
    ("clearBasicFilter", area_requests::clear_basic_filter),
    ("addNamedRange", |book, body| attached_requests::add(book, body, &NAMED_RANGE)),
    ("updateNamedRange", |book, body| attached_requests::update(book, body, &NAMED_RANGE)),
    ("deleteNamedRange", |book, body| attached_requests::delete(book, body, &NAMED_RANGE)),
    ("addProtectedRange", |book, body| attached_requests::add(book, body, &PROTECTED_RANGE)),
    ("updateProtectedRange", |book, body| attached_requests::update(book, body, &PROTECTED_RANGE)),
    ("deleteProtectedRange", |book, body| attached_requests::delete(book, body, &PROTECTED_RANGE)),
    ("addFilterView", |book, body| attached_requests::add(book, body, &FILTER_VIEW)),
    ("updateFilterView", |book, body| attached_requests::update(book, body, &FILTER_VIEW)),
    ("deleteFilterView", |book, body| attached_requests::delete(book, body, &FILTER_VIEW)),
    ("duplicateFilterView", attached_requests::duplicate_filter_view),
    ("addBanding", |book, body| attached_requests::add(book, body, &BANDING)),
    ("updateBanding", |book, body| attached_requests::update(book, body, &BANDING)),
    ("deleteBanding", |book, body| attached_requests::delete(book, body, &BANDING)),
    ("addChart", |book, body| attached_requests::add(book, body, &CHART)),
    ("updateChartSpec", |book, body| attached_requests::update_spec(book, body, &CHART)),
    ("addSlicer", |book, body| attached_requests::add(book, body, &SLICER)),
    ("updateSlicerSpec", |book, body| attached_requests::update_spec(book, body, &SLICER)),
    ("updateEmbeddedObjectPosition", attached_requests::update_position),
    ("deleteEmbeddedObject", attached_requests::delete_object),
    ("createDeveloperMetadata", metadata::create),
    ("updateDeveloperMetadata", metadata::update),
    ("deleteDeveloperMetadata", metadata::delete),
];

/// Read requests as the body of a call is read, and play them.
#[cfg(test)]
pub(super) fn read_and_play(book: &mut Book, requests: &[Json]) -> Result<Vec<Json>, ApiError> {
    let body = SHEETS.read_body("BatchUpdateSpreadsheetRequest", &json!({ "requests": requests }), "")?;
    play(book, body["requests"].as_array().map_or(&[], Vec::as_slice))
}

/// Play all requests, which were read by the schema. Answers one reply per request.
pub(super) fn play(book: &mut Book, requests: &[Json]) -> Result<Vec<Json>, ApiError> {
    if requests.is_empty() {
        return Err(ApiError::invalid("Must specify at least one request."));
    }
    requests.iter().enumerate().map(|(index, request)| one(book, index, request)).collect()
}

fn one(book: &mut Book, index: usize, request: &Json) -> Result<Json, ApiError> {
    let at = format!("requests[{index}]");
    let request = Payload::checked(request, &at)?;
    let mut names = request.names();
    let Some(name) = names.next() else {
        return Err(ApiError::invalid(format!("Invalid requests[{index}]: No request set.")));
    };
    if let Some(other) = names.next() {
        let text = format!("Invalid value at '{at}' (oneof), oneof field 'kind' is already set. Cannot set '{other}'");
        return Err(ApiError::bad_payload(&at, text));
    }
    let Some((_, play)) = KINDS.iter().find(|(known, _)| *known == name) else {
        return Err(ApiError::not_played(&format!("requests of the kind {name}")));
    };
    let Some(body) = request.part(name)? else { return Ok(json!({})) };
    let reply =
        play(book, &body).and_then(|reply| if book.trespassed { Err(ApiError::protected()) } else { Ok(reply) });
    reply.map_err(
        |error| {
            if error.is_schema() { error } else { error.within(&format!("Invalid requests[{index}].{name}")) }
        },
    )
}

/// The `fields` of an update, which must not be empty. `of` is the type whose fields they are.
pub(super) fn fields(body: &Payload<'_>, of: &str) -> Result<Mask, ApiError> {
    let missing = "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)";
    let text = body.text("fields")?.filter(|text| !text.is_empty()).ok_or_else(|| ApiError::invalid(missing))?;
    let mask =
        Mask::parse(&text.replace(' ', "")).ok_or_else(|| ApiError::invalid(format!("Invalid field: {text}")))?;
    match SHEETS.strange_path(of, &mask) {
        Some(strange) => Err(ApiError::invalid(format!("Invalid field: {strange}"))),
        None => Ok(mask.for_update()),
    }
}
