//! Requests of `spreadsheets.batchUpdate` about rules and borders of cells: conditional formats, validation, borders.

use serde_json::{Value as Json, json};

use super::attached;
use super::book::Book;
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::{Target, grid};

const RULES: &str = "conditionalFormats";

/// The tab that a rule's ranges lie on.
fn tab_of(book: &Book, rule: &Payload<'_>) -> Result<usize, ApiError> {
    let ranges = rule.items("ranges")?;
    let mut tab = None;
    for (index, range) in ranges.iter().enumerate() {
        let range = Payload::checked(range, &format!("rule.ranges[{index}]"))?;
        let area = Target::of_grid_range(book, &range)?.area(book)?;
        if tab.is_some_and(|tab| tab != area.tab) {
            return Err(ApiError::invalid("All ranges of a conditional format must be on the same sheet."));
        }
        tab = Some(area.tab);
    }
    if rule.any("booleanRule").is_some() == rule.any("gradientRule").is_some() {
        return Err(ApiError::invalid("Exactly one of booleanRule and gradientRule must be specified."));
    }
    tab.ok_or_else(|| ApiError::invalid("A conditional format must have at least one range."))
}

fn tidied(rule: &Payload<'_>) -> Json {
    let mut rule = rule.json();
    attached::tidy("ConditionalFormatRule", &mut rule);
    rule
}

/// `addConditionalFormatRule`.
pub(super) fn add(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let rule = body.needed("rule")?;
    let tab = tab_of(book, &rule)?;
    let index = body.index("index")?.unwrap_or(0);
    if let Some(tab) = book.tabs.get_mut(tab) {
        let rules = tab.attached.list_mut(RULES);
        let index = index.min(rules.len());
        rules.insert(index, tidied(&rule));
    }
    book.changes += 1;
    Ok(json!({}))
}

/// The rules of a tab, and the index that a request names.
fn rule_at(book: &Book, tab: usize, index: usize) -> Result<Json, ApiError> {
    let tab = book.tabs.get(tab).ok_or_else(ApiError::not_found)?;
    let missing = || ApiError::invalid(format!("No conditional format on sheet: {} at index: {index}", tab.id));
    tab.attached.list(RULES).get(index).cloned().ok_or_else(missing)
}

/// `updateConditionalFormatRule`: another rule in its place, or the same rule in another place.
pub(super) fn update(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let index = body.index("index")?.unwrap_or(0);
    let rule = body.part("rule")?;
    let tab = match &rule {
        Some(rule) => tab_of(book, rule)?,
        None => grid(book, body.int("sheetId")?.unwrap_or(0))?,
    };
    let old = rule_at(book, tab, index)?;
    let new_index = body.index("newIndex")?;
    let (new, at) = match (&rule, new_index) {
        (Some(rule), None) => (tidied(rule), index),
        (None, Some(at)) => (old.clone(), at),
        _ => return Err(ApiError::invalid("Exactly one of rule and newIndex must be specified.")),
    };
    if let Some(tab) = book.tabs.get_mut(tab) {
        let rules = tab.attached.list_mut(RULES);
        rules.remove(index);
        rules.insert(at.min(rules.len()), new.clone());
    }
    book.changes += 1;
    let mut reply = json!({ "newRule": new, "newIndex": at });
    if rule.is_some() {
        reply["oldRule"] = old;
    } else {
        reply["oldIndex"] = json!(index);
    }
    Ok(json!({ "updateConditionalFormatRule": reply }))
}

/// `deleteConditionalFormatRule`.
pub(super) fn delete(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let tab = grid(book, body.int("sheetId")?.unwrap_or(0))?;
    let index = body.index("index")?.unwrap_or(0);
    let rule = rule_at(book, tab, index)?;
    if let Some(tab) = book.tabs.get_mut(tab) {
        tab.attached.list_mut(RULES).remove(index);
    }
    book.changes += 1;
    Ok(json!({ "deleteConditionalFormatRule": { "rule": rule } }))
}

/// `setDataValidation`: without a rule it is cleared.
pub(super) fn set_validation(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = Target::of_grid_range(book, &body.needed("range")?)?.area(book)?;
    let rule = body.part("rule")?.map(|rule| rule.json());
    if let Some(rule) = &rule
        && rule["condition"]["type"].as_str().is_none()
    {
        return Err(ApiError::invalid("A condition must be specified."));
    }
    for row in area.rows {
        for column in area.columns.clone() {
            book.dress(area.tab, row, column, |dress| match &rule {
                Some(rule) => drop(dress.insert("dataValidation".to_owned(), rule.clone())),
                None => drop(dress.remove("dataValidation")),
            });
        }
    }
    Ok(json!({}))
}

/// `updateBorders`: each cell gets the sides that lie on the range's edge, and the inner ones.
pub(super) fn update_borders(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = Target::of_grid_range(book, &body.needed("range")?)?.area(book)?;
    let side = |name: &str| -> Result<Option<Json>, ApiError> {
        Ok(body.part(name)?.map(|border| {
            let mut border = border.json();
            super::schema::SHEETS.pair_colors("Border", &mut border);
            border
        }))
    };
    let (top, bottom, left, right) = (side("top")?, side("bottom")?, side("left")?, side("right")?);
    let (across, down) = (side("innerHorizontal")?, side("innerVertical")?);
    for row in area.rows.clone() {
        for column in area.columns.clone() {
            let sides = [
                ("top", if row == area.rows.start { &top } else { &across }),
                ("bottom", if row + 1 == area.rows.end { &bottom } else { &across }),
                ("left", if column == area.columns.start { &left } else { &down }),
                ("right", if column + 1 == area.columns.end { &right } else { &down }),
            ];
            book.dress(area.tab, row, column, |dress| {
                for (name, border) in sides {
                    if let Some(border) = border {
                        let mut format = dress.remove("userEnteredFormat").unwrap_or_else(|| json!({}));
                        set_side(&mut format, name, border);
                        dress.insert("userEnteredFormat".to_owned(), format);
                    }
                }
                dress.retain(|_, value| *value != json!({}));
            });
        }
    }
    Ok(json!({}))
}

fn set_side(format: &mut Json, name: &str, border: &Json) {
    if border["style"] != "NONE" {
        format["borders"][name] = border.clone();
        return;
    }
    if let Some(borders) = format.get_mut("borders").and_then(Json::as_object_mut) {
        borders.remove(name);
        if borders.is_empty()
            && let Some(format) = format.as_object_mut()
        {
            format.remove("borders");
        }
    }
}
