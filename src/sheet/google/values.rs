//! Google's JSON values to cells, pure.

use google_sheets4::api::ValueRange;
use serde_json::Value;

use crate::catalog::Cell;
use crate::sheet::{Grid, SheetError};

/// One value as the API gives it.
///
/// # Errors
/// [`SheetError::Unexpected`] for what no cell holds (arrays, objects).
pub fn to_cell(value: Value) -> Result<Cell, SheetError> {
    match value {
        Value::Null => Ok(Cell::Blank),
        Value::Bool(value) => Ok(Cell::Bool(value)),
        Value::String(text) => Ok(Cell::from_text(&text)),
        Value::Number(number) => number
            .as_f64()
            .map(Cell::Number)
            .ok_or_else(|| SheetError::Unexpected("a cell holds a number out of range".to_owned())),
        Value::Array(_) | Value::Object(_) => {
            Err(SheetError::Unexpected("a cell holds neither text nor number".to_owned()))
        }
    }
}

/// A range's cells. A range without anything in it has no values at all.
///
/// # Errors
/// As [`to_cell`].
pub fn to_grid(range: ValueRange) -> Result<Grid, SheetError> {
    let rows = range.values.unwrap_or_default().into_iter();
    rows.map(|row| row.into_iter().map(to_cell).collect()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_cells() {
        let check = |value: Value, expect: Cell| assert_eq!(to_cell(value).unwrap(), expect);
        check(json!(null), Cell::Blank);
        check(json!(""), Cell::Blank);
        check(json!("00123"), Cell::Text("00123".to_owned()));
        check(json!(12.5), Cell::Number(12.5));
        check(json!(7), Cell::Number(7.0));
        check(json!(true), Cell::Bool(true));
        check(json!("#REF!"), Cell::Error("#REF!".to_owned()));
        assert!(matches!(to_cell(json!([1])), Err(SheetError::Unexpected(_))));
    }
}
