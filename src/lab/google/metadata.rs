//! Developer metadata, and the data filters that find ranges by it.

use serde_json::{Map, Value as Json, json};

use super::a1::Span;
use super::attached::{self, sheet_id};
use super::book::{Area, Book, Dimension};
use super::error::ApiError;
use super::mask::Mask;
use super::payload::Payload;
use super::ranges::{Target, grid};
use super::requests;

const LIST: &str = "developerMetadata";

fn location(item: &Json) -> &Json {
    &item["location"]
}

/// True for metadata of the spreadsheet as a whole.
pub(super) fn is_book(item: &Json) -> bool {
    location(item)["spreadsheet"].as_bool().unwrap_or_default()
}

/// The metadata of a tab as a whole.
pub(super) fn of_sheet(book: &Book, id: i64) -> Vec<Json> {
    let here = |item: &&Json| location(item)["locationType"] == "SHEET" && place(item).0 == Some(id);
    book.attached.list(LIST).iter().filter(here).cloned().collect()
}

/// The metadata of one row or column.
pub(super) fn of_line(book: &Book, id: i64, dimension: Dimension, index: usize) -> Vec<Json> {
    let here = |item: &&Json| {
        let range = &location(item)["dimensionRange"];
        range["dimension"] == dimension.api_name()
            && range["startIndex"].as_u64().unwrap_or(0) == index as u64
            && place(item).0 == Some(id)
    };
    book.attached.list(LIST).iter().filter(here).cloned().collect()
}

/// The tab that metadata lies on, and its dimension and index for a row or column.
fn place(item: &Json) -> (Option<i64>, Option<(Dimension, usize)>) {
    let location = location(item);
    if let Some(range) = location["dimensionRange"].as_object() {
        let dimension = if location["locationType"] == "COLUMN" { Dimension::Columns } else { Dimension::Rows };
        let start = range.get("startIndex").and_then(Json::as_u64).unwrap_or(0);
        return (Some(sheet_id(range)), Some((dimension, usize::try_from(start).unwrap_or_default())));
    }
    (if is_book(item) { None } else { Some(location["sheetId"].as_i64().unwrap_or(0)) }, None)
}

/// Forget the metadata of a tab that is gone.
pub(super) fn forget_sheet(book: &mut Book, id: i64) {
    book.attached.list_mut(LIST).retain(|item| place(item).0 != Some(id));
}

/// `createDeveloperMetadata`.
pub(super) fn create(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let given = body.needed(LIST)?;
    if given.text("metadataKey")?.unwrap_or_default().is_empty() {
        return Err(ApiError::invalid("A metadataKey must be specified."));
    }
    match given.text("visibility")? {
        Some("DOCUMENT" | "PROJECT") => {}
        _ => return Err(ApiError::invalid("A visibility must be specified.")),
    }
    let mut item = given.json();
    item["location"] = checked_location(book, &given.needed("location")?)?;
    let id = match given.int("metadataId")? {
        Some(id) if find(book, id).is_some() => {
            return Err(ApiError::invalid(format!("Developer metadata with id {id} already exists.")));
        }
        Some(id) => id,
        None => book.fresh_id(),
    };
    item["metadataId"] = json!(id);
    book.attached.list_mut(LIST).push(item.clone());
    book.changes += 1;
    Ok(json!({ "createDeveloperMetadata": { "developerMetadata": item } }))
}

/// A location as it is answered: with its type, and one row or column where it is one.
fn checked_location(book: &Book, given: &Payload<'_>) -> Result<Json, ApiError> {
    if given.flag("spreadsheet")?.unwrap_or_default() {
        return Ok(json!({ "locationType": "SPREADSHEET", "spreadsheet": true }));
    }
    if let Some(range) = given.part("dimensionRange")? {
        let tab = grid(book, range.int("sheetId")?.unwrap_or(0))?;
        let (kind, dimension) = match range.text("dimension")? {
            Some("ROWS") => ("ROW", Dimension::Rows),
            Some("COLUMNS") => ("COLUMN", Dimension::Columns),
            _ => return Err(ApiError::invalid("No dimension specified.")),
        };
        let start = range.index("startIndex")?.unwrap_or(0);
        let length = book.tabs.get(tab).map_or(0, |tab| tab.length(dimension));
        if range.index("endIndex")? != Some(start + 1) || start >= length {
            return Err(ApiError::invalid("Developer metadata must be on exactly one row or column of the sheet."));
        }
        let mut location = json!({ "locationType": kind, "dimensionRange": range.json() });
        attached::tidy("DeveloperMetadataLocation", &mut location);
        return Ok(location);
    }
    match given.int("sheetId")? {
        Some(id) => {
            grid(book, id)?;
            Ok(json!({ "locationType": "SHEET", "sheetId": id }))
        }
        None => Err(ApiError::invalid("A location must be specified.")),
    }
}

/// Metadata by id.
pub(super) fn find(book: &Book, id: i64) -> Option<&Json> {
    book.attached.list(LIST).iter().find(|item| item["metadataId"].as_i64() == Some(id))
}

/// `updateDeveloperMetadata`: all that the filters match.
pub(super) fn update(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "DeveloperMetadata")?;
    let given = body.needed(LIST)?;
    let location = given.part("location")?.map(|location| checked_location(book, &location)).transpose()?;
    let mut source = given.json();
    source["location"] = location.unwrap_or_default();
    let mut updated = Vec::new();
    for id in matched_ids(book, body)? {
        let items = book.attached.list_mut(LIST).iter_mut();
        for item in items.filter(|item| item["metadataId"].as_i64() == Some(id)) {
            if let (Json::Object(fields), Some(source)) = (&mut *item, source.as_object()) {
                update_fields(&mask, fields, source);
                fields.insert("metadataId".to_owned(), json!(id));
            }
            updated.push(item.clone());
        }
    }
    book.changes += 1;
    Ok(json!({ "updateDeveloperMetadata": { "developerMetadata": updated } }))
}

fn update_fields(mask: &Mask, fields: &mut Map<String, Json>, source: &Map<String, Json>) {
    for name in ["metadataKey", "metadataValue", "location", "visibility"] {
        match source.get(name).filter(|value| !value.is_null()) {
            Some(value) if mask.covers(&[name]) => drop(fields.insert(name.to_owned(), value.clone())),
            None if mask.covers(&[name]) && name == "metadataValue" => drop(fields.remove(name)),
            _ => {}
        }
    }
}

/// `deleteDeveloperMetadata`: all that the filter matches.
pub(super) fn delete(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let found = of_filter(book, &body.needed("dataFilter")?)?;
    book.attached.list_mut(LIST).retain(|item| !found.contains(item));
    book.changes += 1;
    Ok(json!({ "deleteDeveloperMetadata": { "deletedDeveloperMetadata": found } }))
}

fn matched_ids(book: &Book, body: &Payload<'_>) -> Result<Vec<i64>, ApiError> {
    let mut ids = Vec::new();
    for filter in filters(body)? {
        ids.extend(of_filter(book, &filter)?.iter().filter_map(|item| item["metadataId"].as_i64()));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// `developerMetadata.search`.
pub(super) fn search(book: &Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mut matched: Vec<(Json, Vec<Json>)> = Vec::new();
    for filter in filters(body)? {
        for item in of_filter(book, &filter)? {
            match matched.iter_mut().find(|(known, _)| *known == item) {
                Some((_, filters)) => filters.push(filter.json()),
                None => matched.push((item, vec![filter.json()])),
            }
        }
    }
    if matched.is_empty() {
        return Ok(json!({}));
    }
    let matched =
        matched.into_iter().map(|(item, filters)| json!({ "developerMetadata": item, "dataFilters": filters }));
    Ok(json!({ "matchedDeveloperMetadata": matched.collect::<Vec<_>>() }))
}

/// The `dataFilters` of a request, at least one.
pub(super) fn filters<'a>(body: &Payload<'a>) -> Result<Vec<Payload<'a>>, ApiError> {
    let items = body.items("dataFilters")?.iter().enumerate();
    let filters: Result<Vec<_>, ApiError> =
        items.map(|(index, filter)| Payload::checked(filter, &format!("data_filters[{index}]"))).collect();
    let filters = filters?;
    if filters.is_empty() { Err(ApiError::invalid("Must specify at least one data filter.")) } else { Ok(filters) }
}

/// The metadata that a filter matches: by lookup, or all that lies on a range.
fn of_filter(book: &Book, filter: &Payload<'_>) -> Result<Vec<Json>, ApiError> {
    let all = book.attached.list(LIST).iter();
    if let Some(lookup) = filter.part("developerMetadataLookup")? {
        let mut found = Vec::new();
        for item in all {
            if matches(book, item, &lookup)? {
                found.push(item.clone());
            }
        }
        return Ok(found);
    }
    let area = range_of(book, filter)?;
    let lies = |item: &&Json| {
        let (id, line) = place(item);
        id.and_then(|id| book.tab_by_id(id)) == Some(area.tab)
            && line.is_none_or(|(dimension, index)| match dimension {
                Dimension::Rows => area.rows.contains(&index),
                Dimension::Columns => area.columns.contains(&index),
            })
    };
    Ok(all.filter(lies).cloned().collect())
}

fn matches(book: &Book, item: &Json, lookup: &Payload<'_>) -> Result<bool, ApiError> {
    let same = |name: &str| lookup.any(name).is_none_or(|value| *value == item[name]);
    if !["metadataId", "metadataKey", "metadataValue", "visibility"].into_iter().all(same) {
        return Ok(false);
    }
    if lookup.any("locationType").is_some_and(|kind| *kind != location(item)["locationType"]) {
        return Ok(false);
    }
    let Some(wanted) = lookup.part("metadataLocation")? else { return Ok(true) };
    let exact = lookup.text("locationMatchingStrategy")?.is_none_or(|strategy| strategy == "EXACT_LOCATION");
    let wanted = checked_location(book, &wanted)?;
    if exact || *location(item) == wanted {
        return Ok(*location(item) == wanted);
    }
    // An intersecting location is any that lies inside or around.
    let (wanted_sheet, wanted_line) = place(&json!({ "location": wanted }));
    let (sheet, line) = place(item);
    Ok(wanted_sheet.is_none()
        || sheet.is_none()
        || (wanted_sheet == sheet && (wanted_line.is_none() || line.is_none())))
}

/// The range that a filter names itself.
fn range_of(book: &Book, filter: &Payload<'_>) -> Result<Area, ApiError> {
    if let Some(text) = filter.text("a1Range")? {
        return Target::of(book, text)?.area(book);
    }
    match filter.part("gridRange")? {
        Some(range) => Target::of_grid_range(book, &range)?.area(book),
        None => Err(ApiError::invalid("Exactly one of the data filter's fields must be specified.")),
    }
}

/// All ranges that a filter matches: the one it names, or those that carry the metadata it looks up.
pub(super) fn areas(book: &Book, filter: &Payload<'_>) -> Result<Vec<Area>, ApiError> {
    if filter.any("developerMetadataLookup").is_none() {
        return Ok(vec![range_of(book, filter)?]);
    }
    let mut areas = Vec::new();
    for item in of_filter(book, filter)? {
        let (sheet, line) = place(&item);
        let span = match line {
            None => Span::default(),
            Some((Dimension::Rows, row)) => Span { start_row: Some(row), end_row: Some(row + 1), ..Span::default() },
            Some((Dimension::Columns, column)) => {
                Span { start_column: Some(column), end_column: Some(column + 1), ..Span::default() }
            }
        };
        if let Some(tab) = sheet.and_then(|id| book.tab_by_id(id)) {
            areas.push(Target { tab, span }.area(book)?);
        }
    }
    Ok(areas)
}
