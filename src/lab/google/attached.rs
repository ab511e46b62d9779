//! What hangs on a spreadsheet and its tabs beside cells: merges, filters, rules, protections, names, charts, metadata.
//! Each is kept in the shape that the API has for it, and its ranges move with the rows and columns they lie on.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value as Json, json};

use super::book::{Book, Dimension, Tab};
use super::schema::SHEETS;

/// The lists of a `Sheet`, with the type of their items.
pub(super) const SHEET_LISTS: &[(&str, &str)] = &[
    ("merges", "GridRange"),
    ("conditionalFormats", "ConditionalFormatRule"),
    ("filterViews", "FilterView"),
    ("protectedRanges", "ProtectedRange"),
    ("basicFilter", "BasicFilter"),
    ("charts", "EmbeddedChart"),
    ("bandedRanges", "BandedRange"),
    ("rowGroups", "DimensionGroup"),
    ("columnGroups", "DimensionGroup"),
    ("slicers", "Slicer"),
];

/// The lists of a `Spreadsheet`. Developer metadata of whatever place stands here.
pub(super) const BOOK_LISTS: &[(&str, &str)] =
    &[("namedRanges", "NamedRange"), ("developerMetadata", "DeveloperMetadata")];

/// Items by the name of their list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attached(BTreeMap<&'static str, Vec<Json>>);

impl Attached {
    pub(super) fn list(&self, name: &str) -> &[Json] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn list_mut(&mut self, name: &'static str) -> &mut Vec<Json> {
        self.0.entry(name).or_default()
    }

    /// Ranges of one tab are those of another from now on: the tab was copied.
    pub(super) fn rename_sheet(&mut self, from: i64, to: i64) {
        for (name, of) in SHEET_LISTS {
            for item in self.list_mut(name) {
                SHEETS.each(of, item, &mut |of, fields| {
                    if matches!(of, "GridRange" | "DimensionRange" | "GridCoordinate") && sheet_id(fields) == from {
                        fields.insert("sheetId".to_owned(), json!(to));
                    }
                });
                tidy(of, item);
            }
        }
    }
}

/// A `GridRange` as text of the API, where the first tab's id (zero) is left out.
pub(super) fn tidy(of: &str, value: &mut Json) {
    SHEETS.each(of, value, &mut |of, fields| {
        if matches!(of, "GridRange" | "DimensionRange" | "GridCoordinate")
            && fields.get("sheetId").and_then(Json::as_i64) == Some(0)
        {
            fields.remove("sheetId");
        }
    });
    SHEETS.pair_colors(of, value);
}

/// Which tab a range lies on; one without an id lies on tab zero.
pub(super) fn sheet_id(range: &Map<String, Json>) -> i64 {
    range.get("sheetId").and_then(Json::as_i64).unwrap_or(0)
}

fn index(range: &Map<String, Json>, name: &str) -> Option<usize> {
    usize::try_from(range.get(name)?.as_u64()?).ok()
}

/// The rows and columns of a `GridRange`; an open end is the largest number.
pub(super) fn extent(range: &Json) -> (Range<usize>, Range<usize>) {
    let empty = Map::new();
    let range = range.as_object().unwrap_or(&empty);
    let along = |dimension: Dimension| {
        let (start, end) = dimension.bounds();
        index(range, start).unwrap_or(0)..index(range, end).unwrap_or(usize::MAX)
    };
    (along(Dimension::Rows), along(Dimension::Columns))
}

fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// True when two ranges of one tab share a cell.
pub(super) fn overlap(a: &Json, b: &Json) -> bool {
    let ((a_rows, a_columns), (b_rows, b_columns)) = (extent(a), extent(b));
    meet(&a_rows, &b_rows) && meet(&a_columns, &b_columns)
}

/// True when somebody else protected one of these cells. Where a sheet is protected but for some ranges, these are free.
pub(super) fn is_protected(tab: &Tab, rows: &Range<usize>, columns: &Range<usize>, writer: &str) -> bool {
    tab.attached.list("protectedRanges").iter().any(|protection| {
        let warns = protection["warningOnly"].as_bool().unwrap_or_default();
        let editors = protection["editors"]["users"].as_array().map_or(&[][..], Vec::as_slice);
        if warns || editors.iter().any(|editor| editor.as_str() == Some(writer)) {
            return false;
        }
        let hit = |range: &Json| {
            let (protected_rows, protected_columns) = extent(range);
            meet(rows, &protected_rows) && meet(columns, &protected_columns)
        };
        let free = protection["unprotectedRanges"].as_array().is_some_and(|ranges| ranges.iter().any(hit));
        hit(&protection["range"]) && !free
    })
}

/// Start and end of a range along one dimension; `None` is open.
pub(super) type Ends = (Option<usize>, Option<usize>);

/// Ranges follow after rows or columns of a tab moved. `moved` says where the ends of a range stand now; a range that
/// comes to nothing is gone, and with it what lay on it.
pub(super) fn follow(book: &mut Book, tab: usize, dimension: Dimension, moved: impl Fn(Ends) -> Ends) {
    let Some(id) = book.tabs.get(tab).map(|tab| tab.id) else { return };
    let mut shift = |of: &str, fields: &mut Map<String, Json>| {
        let names = match of {
            "GridRange" => dimension.bounds(),
            "DimensionRange" if fields.get("dimension").and_then(Json::as_str) == Some(dimension.api_name()) => {
                ("startIndex", "endIndex")
            }
            _ => return,
        };
        if sheet_id(fields) != id {
            return;
        }
        let (start, end) = moved((index(fields, names.0), index(fields, names.1)));
        if end.is_some_and(|end| end <= start.unwrap_or(0)) {
            fields.insert(GONE.to_owned(), json!(true));
        }
        for (name, place) in [(names.0, start), (names.1, end)] {
            if let Some(place) = place {
                fields.insert(name.to_owned(), json!(place));
            }
        }
    };
    let mut pass = |attached: &mut Attached, lists: &'static [(&str, &str)]| {
        for (name, of) in lists {
            if attached.list(name).is_empty() {
                continue;
            }
            let items = attached.list_mut(name);
            items.iter_mut().for_each(|item| SHEETS.each(of, item, &mut shift));
            items.retain_mut(|item| !is_gone(item));
        }
    };
    pass(&mut book.attached, BOOK_LISTS);
    for tab in &mut book.tabs {
        pass(&mut tab.attached, SHEET_LISTS);
    }
}

/// The ends of a range after `count` rows or columns came in before `at`.
pub(super) fn inserted((start, end): Ends, at: usize, count: usize) -> Ends {
    let start = start.map(|start| if start >= at { start + count } else { start });
    (start, end.map(|end| if end > at { end + count } else { end }))
}

/// The ends of a range after the rows or columns of `span` went.
pub(super) fn deleted((start, end): Ends, span: &Range<usize>) -> Ends {
    let moved =
        |place: usize| if place <= span.start { place } else { place.saturating_sub(span.len()).max(span.start) };
    (start.map(moved), end.map(moved))
}

/// Marks a range whose cells were all deleted.
const GONE: &str = "(gone)";

/// True when the item lay on a range that is gone. Of a list of ranges, those that are gone are taken out.
fn is_gone(item: &mut Json) -> bool {
    let gone = |value: &Json| value.get(GONE).is_some();
    if gone(item) || gone(&item["range"]) || gone(&item["location"]["dimensionRange"]) {
        return true;
    }
    match item.get_mut("ranges") {
        Some(Json::Array(ranges)) => {
            ranges.retain(|range| !gone(range));
            ranges.is_empty()
        }
        _ => {
            drop_gone(item);
            false
        }
    }
}

/// Ranges deep inside (a chart's source, a rule's exception) are dropped where they stand.
fn drop_gone(value: &mut Json) {
    match value {
        Json::Array(items) => {
            items.retain(|item| item.get(GONE).is_none());
            items.iter_mut().for_each(drop_gone);
        }
        Json::Object(fields) => {
            fields.retain(|_, value| value.get(GONE).is_none());
            fields.values_mut().for_each(drop_gone);
        }
        _ => {}
    }
}
