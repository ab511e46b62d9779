//! The `CellData` of a cell, as `spreadsheets.get` answers it.

use serde_json::{Map, Value as Json, json};

use super::book::Book;
use super::cell::{Slot, Value};

/// The format of a cell that nobody formatted (recorded answers of the live API, 2023 and 2024).
pub(super) fn default_format() -> Json {
    json!({
        "backgroundColor": { "red": 1, "green": 1, "blue": 1 },
        "padding": { "top": 2, "right": 3, "bottom": 2, "left": 3 },
        "verticalAlignment": "BOTTOM",
        "wrapStrategy": "OVERFLOW_CELL",
        "textFormat": {
            "foregroundColor": {},
            "fontFamily": "arial,sans,sans-serif",
            "fontSize": 10,
            "bold": false,
            "italic": false,
            "strikethrough": false,
            "underline": false,
            "foregroundColorStyle": { "rgbColor": {} },
        },
        "backgroundColorStyle": { "rgbColor": { "red": 1, "green": 1, "blue": 1 } },
    })
}

/// The format that a user gave a cell; `None` when there is none.
pub(super) fn user_format(slot: &Slot) -> Option<Json> {
    let dressed = slot.dress.as_ref().and_then(|dress| dress.get("userEnteredFormat"));
    let mut format = dressed.and_then(Json::as_object).cloned().unwrap_or_default();
    if let Some(kind) = slot.format.kind.api_name() {
        let mut number_format = json!({ "type": kind });
        if !slot.format.pattern.is_empty() {
            number_format["pattern"] = json!(slot.format.pattern);
        }
        format.insert("numberFormat".to_owned(), number_format);
    }
    if format.is_empty() { None } else { Some(Json::Object(format)) }
}

/// The `CellData` of a cell. `with_effective_format` adds how it looks in the end, which every cell with anything has.
pub(super) fn cell_data(book: &Book, tab: usize, row: usize, column: usize, with_effective_format: bool) -> Json {
    let slot = book.slot(tab, row, column);
    if slot == Slot::EMPTY {
        return json!({});
    }
    let mut data = json!({});
    let value = book.value(tab, row, column);
    if !slot.content.is_empty() {
        let extended = value.extended();
        data["userEnteredValue"] = match &slot.content {
            super::cell::Content::Formula(formula) => json!({ "formulaValue": formula }),
            _ => extended.clone(),
        };
        if !extended.is_null() {
            data["effectiveValue"] = extended;
            data["formattedValue"] = json!(book.shown(tab, row, column));
        }
    }
    let format = user_format(slot);
    if with_effective_format {
        data["effectiveFormat"] = effective_format(&value, format.as_ref());
    }
    if let Some(format) = format {
        data["userEnteredFormat"] = format;
    }
    let described = slot.dress.iter().flat_map(|dress| dress.iter()).filter(|(name, _)| *name != "userEnteredFormat");
    for (name, described) in described {
        data[name] = described.clone();
    }
    if let Some(url) = link(slot) {
        data["hyperlink"] = json!(url);
    }
    data
}

/// The address that a cell links to, when all of it does.
fn link(slot: &Slot) -> Option<String> {
    if let super::cell::Content::Formula(formula) = &slot.content {
        let inside = formula.get(..12).filter(|start| start.eq_ignore_ascii_case("=HYPERLINK(\""))?.len();
        let rest = formula.get(inside..)?;
        return rest.split_once('"').map(|(url, _)| url.to_owned());
    }
    let format = slot.dress.as_ref()?.get("userEnteredFormat")?;
    format["textFormat"]["link"]["uri"].as_str().map(str::to_owned)
}

fn effective_format(value: &Value, format: Option<&Json>) -> Json {
    let mut effective = default_format();
    let side = match value {
        Value::Empty => None,
        Value::Text(_) => Some("LEFT"),
        Value::Number(_) => Some("RIGHT"),
        Value::Bool(_) | Value::Error(_) => Some("CENTER"),
    };
    if let Some(side) = side {
        effective["horizontalAlignment"] = json!(side);
    }
    effective["hyperlinkDisplayType"] = json!("PLAIN_TEXT");
    if let (Some(Json::Object(format)), Json::Object(effective)) = (format, &mut effective) {
        lay_over(effective, format);
    }
    effective
}

/// Colours and number formats count as a whole, other objects field by field.
fn lay_over(under: &mut Map<String, Json>, over: &Map<String, Json>) {
    for (name, value) in over {
        let whole = name.ends_with("Color") || name.ends_with("ColorStyle") || name == "numberFormat";
        match (under.get_mut(name), value) {
            (Some(Json::Object(under)), Json::Object(over)) if !whole => lay_over(under, over),
            _ => drop(under.insert(name.clone(), value.clone())),
        }
    }
}
