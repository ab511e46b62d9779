//! Reading: `values.get`, `values.batchGet`, and the values that writes answer with.

use serde_json::{Value as Json, json};

use super::book::{Area, Book};
use super::cell::{Content, Value};
use super::error::ApiError;
use super::payload::Payload;
use super::query::Query;
use super::ranges::Target;
use super::render;

/// `ValueRenderOption`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Render {
    #[default]
    Formatted,
    Unformatted,
    Formula,
}

pub(super) const RENDER: &[(&str, Render)] =
    &[("FORMATTED_VALUE", Render::Formatted), ("UNFORMATTED_VALUE", Render::Unformatted), ("FORMULA", Render::Formula)];

/// `DateTimeRenderOption`: true for `FORMATTED_STRING`.
pub(super) const DATE_TEXT: &[(&str, bool)] = &[("SERIAL_NUMBER", false), ("FORMATTED_STRING", true)];

/// `Dimension`: true for `COLUMNS`.
pub(super) const BY_COLUMNS: &[(&str, bool)] = &[("DIMENSION_UNSPECIFIED", false), ("ROWS", false), ("COLUMNS", true)];

/// How values are answered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReadOptions {
    pub render: Render,
    pub date_text: bool,
    pub by_columns: bool,
}

impl ReadOptions {
    /// Of `values.get` and `values.batchGet`.
    pub(super) fn of_query(query: &Query) -> Result<Self, ApiError> {
        Ok(Self {
            render: query
                .choice("valueRenderOption", "value_render_option", "ValueRenderOption", RENDER)?
                .unwrap_or_default(),
            date_text: query
                .choice("dateTimeRenderOption", "date_time_render_option", "DateTimeRenderOption", DATE_TEXT)?
                .unwrap_or_default(),
            by_columns: query.choice("majorDimension", "major_dimension", "Dimension", BY_COLUMNS)?.unwrap_or_default(),
        })
    }

    /// Of the values in the answer to `values.update` and `values.append`.
    pub(super) fn of_written_query(query: &Query) -> Result<Self, ApiError> {
        let render =
            query.choice("responseValueRenderOption", "response_value_render_option", "ValueRenderOption", RENDER)?;
        let date_text = query.choice(
            "responseDateTimeRenderOption",
            "response_date_time_render_option",
            "DateTimeRenderOption",
            DATE_TEXT,
        )?;
        let (render, date_text) = (render.unwrap_or_default(), date_text.unwrap_or_default());
        Ok(Self { render, date_text, by_columns: false })
    }

    /// Of the values in the answer to `values.batchUpdate`.
    pub(super) fn of_written_body(body: &Payload<'_>) -> Result<Self, ApiError> {
        let render = body.choice("responseValueRenderOption", "ValueRenderOption", RENDER)?;
        let date_text = body.choice("responseDateTimeRenderOption", "DateTimeRenderOption", DATE_TEXT)?;
        let (render, date_text) = (render.unwrap_or_default(), date_text.unwrap_or_default());
        Ok(Self { render, date_text, by_columns: false })
    }
}

/// `values.get`: a `ValueRange`.
pub(super) fn get(book: &Book, range: &str, options: &ReadOptions) -> Result<Json, ApiError> {
    let area = Target::of(book, range)?.area(book)?;
    Ok(value_range(book, &area, options))
}

/// `values.batchGet`: a `ValueRange` per range, in order.
pub(super) fn batch_get(book: &Book, id: &str, ranges: &[&str], options: &ReadOptions) -> Result<Json, ApiError> {
    let found: Result<Vec<Json>, ApiError> = ranges.iter().map(|range| get(book, range, options)).collect();
    let mut answer = json!({ "spreadsheetId": id });
    let found = found?;
    if !found.is_empty() {
        answer["valueRanges"] = Json::Array(found);
    }
    Ok(answer)
}

/// The `ValueRange` of an area: trailing empty rows and cells are left out, and `values` itself when all are empty.
pub(super) fn value_range(book: &Book, area: &Area, options: &ReadOptions) -> Json {
    let major = if options.by_columns { "COLUMNS" } else { "ROWS" };
    let mut answer = json!({ "range": book.answer(area), "majorDimension": major });
    let values = grid(book, area, options);
    if !values.is_empty() {
        answer["values"] = Json::Array(values.into_iter().map(Json::Array).collect());
    }
    answer
}

/// The values of an area, ragged.
pub(super) fn grid(book: &Book, area: &Area, options: &ReadOptions) -> Vec<Vec<Json>> {
    let filled = |row: usize, column: usize| !book.slot(area.tab, row, column).content.is_empty();
    let lines = if options.by_columns { area.columns.clone() } else { area.rows.clone() };
    let across = if options.by_columns { area.rows.clone() } else { area.columns.clone() };
    let cell = |line: usize, place: usize| if options.by_columns { (place, line) } else { (line, place) };
    let used = |line: usize| {
        let last = across.clone().rev().find(|place| {
            let (row, column) = cell(line, *place);
            filled(row, column)
        });
        last.map_or(across.start, |place| place + 1)
    };
    let Some(last) = lines.clone().rev().find(|line| used(*line) > across.start) else { return Vec::new() };
    let shown = |line: usize, place: usize| {
        let (row, column) = cell(line, place);
        one(book, area.tab, row, column, options)
    };
    (lines.start..=last).map(|line| (across.start..used(line)).map(|place| shown(line, place)).collect()).collect()
}

fn one(book: &Book, tab: usize, row: usize, column: usize, options: &ReadOptions) -> Json {
    let slot = book.slot(tab, row, column);
    if let (Content::Formula(formula), Render::Formula) = (&slot.content, options.render) {
        return json!(formula);
    }
    let value = book.value(tab, row, column);
    let date = matches!(value, Value::Number(_)) && slot.format.kind.is_date();
    if options.render == Render::Formatted || (date && options.date_text) {
        json!(render::shown(&value, &slot.format, &book.locale()))
    } else {
        value.unformatted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let mut book = Book::new("B", "de_DE", &[("T".to_owned(), vec![vec![json!("SKU"), json!("Preis")]])]);
        for (row, column, typed) in
            [(1, 0, "'00123"), (1, 1, "1.234,50 €"), (3, 0, "12.5.2026"), (3, 2, "=B2*2"), (4, 1, "wahr"), (4, 1, "")]
        {
            book.type_in(0, row, column, typed, 2026);
        }
        book
    }

    fn check(range: &str, render: Render, date_text: bool, by_columns: bool, expect: &Json) {
        let options = ReadOptions { render, date_text, by_columns };
        let answer = get(&book(), range, &options).unwrap();
        assert_eq!(answer.get("values").unwrap_or(&Json::Null), expect, "{range}");
    }

    #[test]
    fn answers_are_ragged_and_rendered() {
        let formatted = json!([["SKU", "Preis"], ["00123", "1.234,50 €"], [], ["12.05.2026", "", "2469"]]);
        check("T", Render::Formatted, false, false, &formatted);
        let unformatted = json!([["00123", 1234.5], [], [46154, "", 2469]]);
        check("T!A2:C9", Render::Unformatted, false, false, &unformatted);
        let dates = json!([["12.05.2026", "", "=B2*2"]]);
        check("T!4:4", Render::Formula, true, false, &dates);
        check("T!A2:C", Render::Unformatted, false, true, &json!([["00123", "", 46154], [1234.5], ["", "", 2469]]));
        check("T!A5:Z", Render::Formatted, false, false, &Json::Null);
    }

    #[test]
    fn the_answer_names_its_range() {
        let answer = get(&book(), "T!A5:ZZ5000", &ReadOptions::default()).unwrap();
        assert_eq!(answer, json!({ "range": "T!A5:Z1000", "majorDimension": "ROWS" }));
    }
}
