//! Sorting rows, as `sortRange` and as people do it.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};

use super::book::{Area, Book};
use super::cell::Value;
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::{GRID_RANGE, Target};

const SORT_SPEC: &[&str] = &[
    "dimensionIndex",
    "sortOrder",
    "foregroundColor",
    "foregroundColorStyle",
    "backgroundColor",
    "backgroundColorStyle",
    "dataSourceColumnReference",
];

/// `SortOrder`: true for ascending.
const ORDER: &[(&str, bool)] = &[("SORT_ORDER_UNSPECIFIED", true), ("ASCENDING", true), ("DESCENDING", false)];

/// One column to sort by.
#[derive(Debug, Clone, Copy)]
pub(super) struct By {
    pub column: usize,
    pub ascending: bool,
}

/// `sortRange`.
pub(super) fn sort_range(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let range = body.object("range", GRID_RANGE)?.ok_or_else(|| ApiError::invalid("No range specified."))?;
    let area = Target::of_grid_range(book, &range)?.area(book)?;
    let mut by = Vec::new();
    for spec in body.objects("sortSpecs", SORT_SPEC)? {
        if let Some(name) = spec.names().find(|name| !matches!(*name, "dimensionIndex" | "sortOrder")) {
            return Err(ApiError::not_played(&format!("sorting by {name}")));
        }
        let column = spec.index("dimensionIndex")?.unwrap_or(0);
        if !area.columns.contains(&column) {
            return Err(ApiError::invalid(format!("dimensionIndex[{column}] is outside of the range.")));
        }
        by.push(By { column, ascending: spec.choice("sortOrder", "SortOrder", ORDER)?.unwrap_or(true) });
    }
    if by.is_empty() {
        return Err(ApiError::invalid("At least one sort spec must be specified."));
    }
    sort(book, &area, &by);
    Ok(json!({}))
}

/// Sort an area's rows. The sort is stable, and blank cells come last in either direction.
pub(super) fn sort(book: &mut Book, area: &Area, by: &[By]) {
    // Rows below the last filled one are blank, and would come last anyway.
    let used = book.tabs.get(area.tab).map_or(0, super::book::Tab::used_rows);
    let rows = area.rows.start..area.rows.end.min(used).max(area.rows.start);
    let keys = |row: usize| by.iter().map(|by| key(&book.value(area.tab, row, by.column))).collect::<Vec<_>>();
    let mut order: Vec<(usize, Vec<Key>)> = rows.clone().map(|row| (row, keys(row))).collect();
    order.sort_by(|(_, a), (_, b)| {
        let mut pairs = by.iter().zip(a.iter().zip(b)).map(|(by, (a, b))| a.compare(b, by.ascending));
        pairs.find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    });
    let order: Vec<usize> = order.into_iter().map(|(row, _)| row).collect();
    book.reorder(area.tab, rows, area.columns.clone(), &order);
}

/// What a cell is sorted by: kinds first (numbers, texts, truth values, errors), then within the kind.
struct Key {
    kind: u8,
    number: f64,
    text: String,
}

const BLANK: u8 = 4;

fn key(value: &Value) -> Key {
    let (kind, number, text) = match value {
        Value::Number(number) => (0, *number, String::new()),
        Value::Text(text) => (1, 0.0, text.to_lowercase()),
        Value::Bool(flag) => (2, f64::from(u8::from(*flag)), String::new()),
        Value::Error(error) => (3, 0.0, error.shown().to_owned()),
        Value::Empty => (BLANK, 0.0, String::new()),
    };
    Key { kind, number, text }
}

impl Key {
    fn compare(&self, other: &Self, ascending: bool) -> Ordering {
        let within = || self.number.total_cmp(&other.number).then_with(|| self.text.cmp(&other.text));
        let ordering = self.kind.cmp(&other.kind).then_with(within);
        if ascending || (self.kind == BLANK) != (other.kind == BLANK) { ordering } else { ordering.reverse() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ascending: bool, expect: &[&str]) {
        let cells = [json!("pear"), json!(10), json!(""), json!(true), json!("Apple"), json!(9), json!("=1/0")];
        let rows: Vec<Vec<Json>> = cells.iter().map(|cell| vec![cell.clone(), json!("x")]).collect();
        let mut book = Book::new("B", "en_US", &[("T".to_owned(), rows)]);
        let area = Area { tab: 0, rows: 0..1000, columns: 0..2 };
        sort(&mut book, &area, &[By { column: 0, ascending }]);
        let sorted: Vec<String> = (0..7).map(|row| book.shown(0, row, 0)).collect();
        assert_eq!(sorted, expect);
    }

    #[test]
    fn numbers_before_texts_and_blanks_last() {
        check(true, &["9", "10", "Apple", "pear", "TRUE", "#DIV/0!", ""]);
        check(false, &["#DIV/0!", "TRUE", "pear", "Apple", "10", "9", ""]);
    }
}
