//! The methods that find their ranges by data filters: `getByDataFilter` and the `…ByDataFilter` kinds of `values`.

use serde_json::{Value as Json, json};

use super::book::{Area, Book};
use super::error::ApiError;
use super::metadata;
use super::payload::Payload;
use super::ranges::Target;
use super::spreadsheet::{self, Wanted};
use super::values::{self, BY_COLUMNS, DATE_TEXT, RENDER, ReadOptions};
use super::writes::{self, WriteOptions};

/// All areas that some filters match, each once, with the filters that matched it.
fn matched(book: &Book, filters: &[Payload<'_>]) -> Result<Vec<(Area, Vec<Json>)>, ApiError> {
    let mut found: Vec<(Area, Vec<Json>)> = Vec::new();
    for (index, filter) in filters.iter().enumerate() {
        let areas =
            metadata::areas(book, filter).map_err(|error| error.within(&format!("Invalid dataFilters[{index}]")))?;
        for area in areas {
            match found.iter_mut().find(|(known, _)| *known == area) {
                Some((_, filters)) => filters.push(filter.json()),
                None => found.push((area, vec![filter.json()])),
            }
        }
    }
    Ok(found)
}

/// `spreadsheets.getByDataFilter`. Without a filter everything is answered.
pub(super) fn spreadsheet(book: &Book, id: &str, body: &Payload<'_>, wanted: Wanted) -> Result<Json, ApiError> {
    if body.items("dataFilters")?.is_empty() {
        return Ok(spreadsheet::resource(book, id, None, wanted));
    }
    let areas: Vec<Area> = matched(book, &metadata::filters(body)?)?.into_iter().map(|(area, _)| area).collect();
    Ok(spreadsheet::resource(book, id, Some(&areas), wanted))
}

/// `values.batchGetByDataFilter`.
pub(super) fn batch_get(book: &Book, id: &str, body: &Payload<'_>) -> Result<Json, ApiError> {
    let options = ReadOptions {
        render: body.choice("valueRenderOption", "ValueRenderOption", RENDER)?.unwrap_or_default(),
        date_text: body.choice("dateTimeRenderOption", "DateTimeRenderOption", DATE_TEXT)?.unwrap_or_default(),
        by_columns: body.choice("majorDimension", "Dimension", BY_COLUMNS)?.unwrap_or_default(),
    };
    let mut answer = json!({ "spreadsheetId": id });
    let ranges = matched(book, &metadata::filters(body)?)?.into_iter().map(
        |(area, filters)| json!({ "valueRange": values::value_range(book, &area, &options), "dataFilters": filters }),
    );
    let ranges: Vec<Json> = ranges.collect();
    if !ranges.is_empty() {
        answer["valueRanges"] = Json::Array(ranges);
    }
    Ok(answer)
}

/// `values.batchClearByDataFilter`.
pub(super) fn batch_clear(book: &mut Book, id: &str, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mut cleared = Vec::new();
    for (area, _) in matched(book, &metadata::filters(body)?)? {
        let range = book.answer(&area);
        writes::clear_area(book, &area);
        cleared.push(range);
    }
    let mut answer = json!({ "spreadsheetId": id });
    if !cleared.is_empty() {
        answer["clearedRanges"] = json!(cleared);
    }
    Ok(answer)
}

/// `values.batchUpdateByDataFilter`: values go to every range that their filter matches.
pub(super) fn batch_update(
    book: &mut Book,
    id: &str,
    body: &Payload<'_>,
    options: &WriteOptions,
) -> Result<Json, ApiError> {
    let mut total = writes::Total::default();
    for (index, data) in body.items("data")?.iter().enumerate() {
        let data = Payload::checked(data, &format!("data[{index}]"))?;
        let within = |error: ApiError| error.within(&format!("Invalid data[{index}]"));
        let filter = data.needed("dataFilter").map_err(within)?;
        for area in metadata::areas(book, &filter).map_err(within)? {
            let range = book.answer(&area);
            let target = Target::of(book, &range).map_err(within)?;
            let written = writes::write(book, &target, &range, &data, options).map_err(within)?;
            let mut response = writes::answer(book, id, &written, options);
            if let Some(response) = response.as_object_mut() {
                response.remove("spreadsheetId");
                response.insert("dataFilter".to_owned(), filter.json());
            }
            total.add(&written, response);
        }
    }
    Ok(total.answer(id))
}
