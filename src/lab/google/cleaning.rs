//! Requests of `spreadsheets.batchUpdate` that tidy up cells: duplicates, blanks around texts, texts into columns.

use std::collections::BTreeSet;

use chrono::Datelike;
use serde_json::{Value as Json, json};

use super::book::{Area, Book};
use super::cell::{Content, Slot};
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::Target;

fn area(book: &Book, body: &Payload<'_>, name: &str) -> Result<Area, ApiError> {
    Target::of_grid_range(book, &body.needed(name)?)?.area(book)
}

fn used(book: &Book, area: &Area) -> std::ops::Range<usize> {
    let used = book.tabs.get(area.tab).map_or(0, super::book::Tab::used_rows);
    area.rows.start..area.rows.end.min(used).max(area.rows.start)
}

/// `trimWhitespace`: blanks around texts go, and runs of them inside become one.
pub(super) fn trim(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = area(book, body, "range")?;
    let mut changed = 0;
    for row in used(book, &area) {
        for column in area.columns.clone() {
            let Content::Text(text) = &book.slot(area.tab, row, column).content else { continue };
            let trimmed = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if trimmed != *text {
                changed += 1;
                let content = if trimmed.is_empty() { Content::Empty } else { Content::Text(trimmed) };
                book.put(area.tab, row, column, content);
            }
        }
    }
    let reply = if changed > 0 { json!({ "cellsChangedCount": changed }) } else { json!({}) };
    Ok(json!({ "trimWhitespace": reply }))
}

/// `deleteDuplicates`: rows that show the same as an earlier one, in the columns that are compared, go; those behind
/// them move up inside the range.
pub(super) fn duplicates(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = area(book, body, "range")?;
    let mut compared: Vec<usize> = Vec::new();
    for (index, columns) in body.items("comparisonColumns")?.iter().enumerate() {
        let columns = Payload::checked(columns, &format!("comparison_columns[{index}]"))?;
        let start = columns.index("startIndex")?.unwrap_or(area.columns.start);
        let end = columns.index("endIndex")?.unwrap_or(area.columns.end);
        compared.extend(start.max(area.columns.start)..end.min(area.columns.end));
    }
    if compared.is_empty() {
        compared.extend(area.columns.clone());
    }
    let mut seen = BTreeSet::new();
    let mut kept: Vec<Vec<Slot>> = Vec::new();
    let rows = used(book, &area);
    for row in rows.clone() {
        let key: Vec<String> =
            compared.iter().map(|column| book.shown(area.tab, row, *column).to_lowercase()).collect();
        if seen.insert(key) {
            kept.push(area.columns.clone().map(|column| book.slot(area.tab, row, column).clone()).collect());
        }
    }
    let removed = rows.len() - kept.len();
    for (offset, row) in rows.enumerate() {
        for (across, column) in area.columns.clone().enumerate() {
            let slot = kept.get(offset).and_then(|cells| cells.get(across)).cloned().unwrap_or_default();
            if *book.slot(area.tab, row, column) != slot {
                book.put_slot(area.tab, row, column, slot);
            }
        }
    }
    let reply = if removed > 0 { json!({ "duplicatesRemovedCount": removed }) } else { json!({}) };
    Ok(json!({ "deleteDuplicates": reply }))
}

/// `textToColumns`: the parts of each text, read as if typed, from its own column on.
pub(super) fn to_columns(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = area(book, body, "source")?;
    if area.columns.len() != 1 {
        return Err(ApiError::invalid("The source range must be exactly one column wide."));
    }
    let own = body.text("delimiter")?.unwrap_or_default();
    let given = match body.text("delimiterType")? {
        Some("COMMA") => ",",
        Some("SEMICOLON") => ";",
        Some("PERIOD") => ".",
        Some("SPACE") => " ",
        Some("CUSTOM") if !own.is_empty() => own,
        Some("CUSTOM") => return Err(ApiError::invalid("A delimiter must be specified.")),
        _ => "",
    };
    let year = crate::clock::now().year();
    for row in used(book, &area) {
        let text = book.shown(area.tab, row, area.columns.start);
        // Without a delimiter the text itself says what parts it.
        let found = [",", ";", ".", " "].into_iter().find(|delimiter| text.contains(delimiter)).unwrap_or(",");
        let delimiter = if given.is_empty() { found } else { given };
        if text.is_empty() || !text.contains(delimiter) {
            continue;
        }
        for (across, part) in text.split(delimiter).enumerate() {
            if book.has_cell(area.tab, row, area.columns.start + across) {
                book.type_in(area.tab, row, area.columns.start + across, part.trim(), year);
            }
        }
    }
    Ok(json!({}))
}

/// `randomizeRange`: the rows of the range in another order.
pub(super) fn randomize(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = area(book, body, "range")?;
    let rows = used(book, &area);
    let mut order: Vec<(u64, usize)> = rows.clone().map(|row| ((crate::clock::jitter() * 1e12) as u64, row)).collect();
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, row)| row).collect();
    book.reorder(area.tab, rows, area.columns.clone(), &order);
    Ok(json!({}))
}
