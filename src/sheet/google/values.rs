//! Google's JSON values to cells and back, pure.

use google_sheets4::api::ValueRange;
use serde_json::Value;

use super::a1;
use crate::catalog::Cell;
use crate::sheet::{CellWrite, Grid, SheetError};

/// 2^53: up to here a float holds every integer, and an integer in JSON says the same number.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

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

/// A cell as it is written. Null would be skipped by the API, so blank is an empty text.
///
/// # Errors
/// [`SheetError::Refused`] for numbers that JSON cannot say.
pub fn from_cell(cell: &Cell) -> Result<Value, SheetError> {
    match cell {
        Cell::Blank => Ok(Value::from("")),
        Cell::Text(text) | Cell::Error(text) => Ok(Value::from(text.as_str())),
        Cell::Bool(value) => Ok(Value::from(*value)),
        Cell::Number(number) if number.fract() == 0.0 && number.abs() <= INTEGER_MAX => Ok(Value::from(*number as i64)),
        Cell::Number(number) if number.is_finite() => Ok(Value::from(*number)),
        Cell::Number(number) => Err(SheetError::Refused(format!("{number} cannot be written to a cell"))),
    }
}

/// The cells of one write, vertical neighbours joined into one range: Google spends its time per range, not per cell.
///
/// # Errors
/// As [`from_cell`].
pub fn to_runs(cells: &[CellWrite]) -> Result<Vec<ValueRange>, SheetError> {
    let mut sorted: Vec<&CellWrite> = cells.iter().collect();
    sorted.sort_by(|a, b| (&a.tab, a.column, a.row).cmp(&(&b.tab, b.column, b.row)));
    let follows = |a: &&CellWrite, b: &&CellWrite| a.tab == b.tab && a.column == b.column && a.row + 1 == b.row;
    let mut runs = Vec::new();
    for run in sorted.chunk_by(follows) {
        let Some(first) = run.first() else { continue };
        let values =
            run.iter().map(|cell| Ok(vec![from_cell(&cell.value)?])).collect::<Result<Vec<_>, SheetError>>()?;
        let rows = u32::try_from(run.len()).unwrap_or(u32::MAX);
        runs.push(ValueRange {
            major_dimension: Some("ROWS".to_owned()),
            range: Some(a1::run(first, rows)),
            values: Some(values),
        });
    }
    Ok(runs)
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

    #[test]
    fn cells_become_values() {
        let check = |cell: Cell, expect: &str| assert_eq!(from_cell(&cell).unwrap().to_string(), expect);
        check(Cell::Blank, "\"\"");
        check(Cell::Number(5.0), "5");
        check(Cell::Number(-0.0), "0");
        check(Cell::Number(12.5), "12.5");
        check(Cell::Number(1e300), "1e+300");
        check(Cell::Text("5".to_owned()), "\"5\"");
        check(Cell::Bool(false), "false");
        assert!(matches!(from_cell(&Cell::Number(f64::NAN)), Err(SheetError::Refused(_))));
    }

    #[test]
    fn vertical_neighbours_share_a_range() {
        let cell = |tab: &str, row, column, value: f64| CellWrite {
            tab: tab.to_owned(),
            row,
            column,
            value: Cell::Number(value),
            only_if: None,
        };
        let cells = [
            cell("A", 3, 2, 3.0),
            cell("A", 1, 2, 1.0),
            cell("A", 2, 2, 2.0),
            cell("B", 4, 2, 4.0),
            cell("A", 4, 3, 5.0),
        ];
        let runs = to_runs(&cells).unwrap();
        let ranges: Vec<&str> = runs.iter().map(|run| run.range.as_deref().unwrap()).collect();
        assert_eq!(ranges, ["'A'!C2:C4", "'A'!D5:D5", "'B'!C5:C5"]);
        assert_eq!(runs[0].values, Some(vec![vec![json!(1)], vec![json!(2)], vec![json!(3)]]));
    }
}
