//! Requests of `spreadsheets.batchUpdate` about rows and columns: insert, delete, append, move, sizes, groups.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::attached;
use super::book::{Book, Dimension};
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::grid;
use super::requests;
use super::sheet_requests::within_cell_limit;

const DIMENSIONS: &[(&str, Dimension)] = &[("ROWS", Dimension::Rows), ("COLUMNS", Dimension::Columns)];

fn dimension(body: &Payload<'_>) -> Result<Dimension, ApiError> {
    let given = body.choice("dimension", "Dimension", DIMENSIONS)?;
    given.ok_or_else(|| ApiError::invalid("No dimension specified."))
}

/// A `DimensionRange`, both ends bounded where `bounded`.
struct Stretch {
    tab: usize,
    dimension: Dimension,
    start: usize,
    end: usize,
    length: usize,
}

fn stretch(book: &Book, body: &Payload<'_>, name: &str, bounded: bool) -> Result<Stretch, ApiError> {
    let range = body.needed(name)?;
    let tab = grid(book, range.int("sheetId")?.unwrap_or(0))?;
    let dimension = dimension(&range)?;
    let length = length(book, tab, dimension);
    // An index of zero is the default value, which clients may leave out.
    let start = range.index("startIndex")?.unwrap_or(0);
    let end = match range.index("endIndex")? {
        Some(end) => end,
        None if bounded => return Err(ApiError::invalid(format!("{name}.endIndex must be specified."))),
        None => length,
    };
    if end <= start {
        let text = format!("{name}.endIndex[{end}] must be greater than {name}.startIndex[{start}]");
        return Err(ApiError::invalid(text));
    }
    Ok(Stretch { tab, dimension, start, end, length })
}

fn length(book: &Book, tab: usize, dimension: Dimension) -> usize {
    book.tabs.get(tab).map_or(0, |tab| tab.length(dimension))
}

fn words(dimension: Dimension) -> (&'static str, &'static str) {
    match dimension {
        Dimension::Rows => ("row", "rows"),
        Dimension::Columns => ("column", "columns"),
    }
}

/// `insertDimension`.
pub(super) fn insert(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, "range", true)?;
    if start > length {
        let text = format!("range.startIndex[{start}] is beyond the end of the grid, which is {length} long.");
        return Err(ApiError::invalid(text));
    }
    let before = body.flag("inheritFromBefore")?.unwrap_or_default();
    if start == 0 && before {
        return Err(ApiError::invalid("inheritFromBefore cannot be set to true when inserting at index 0."));
    }
    within_cell_limit(book, tab, dimension, end - start)?;
    book.insert(tab, dimension, start, end - start, Some(if before { start - 1 } else { start }));
    Ok(json!({}))
}

/// `deleteDimension`.
pub(super) fn delete(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, "range", false)?;
    let (one, many) = words(dimension);
    if start >= length {
        return Err(ApiError::invalid(format!(
            "Cannot delete a {one} that doesn't exist. Tried to delete {one} index {start} but there are only \
             {length} {many}."
        )));
    }
    let end = end.min(length);
    if end - start == length {
        return Err(ApiError::invalid(format!("You can't delete all the {many} on the sheet.")));
    }
    book.delete(tab, dimension, start..end);
    Ok(json!({}))
}

/// `appendDimension`.
pub(super) fn append(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let tab = grid(book, body.int("sheetId")?.unwrap_or(0))?;
    let dimension = dimension(body)?;
    let count = body.index("length")?.filter(|count| *count > 0);
    let count = count.ok_or_else(|| ApiError::invalid("length must be greater than 0."))?;
    within_cell_limit(book, tab, dimension, count)?;
    book.insert(tab, dimension, length(book, tab, dimension), count, None);
    Ok(json!({}))
}

/// `moveDimension`. The destination counts places before the move.
pub(super) fn shift(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, "source", true)?;
    let to = body.index("destinationIndex")?.unwrap_or(0);
    if end > length || to > length {
        let text = format!("destinationIndex[{to}] is beyond the end of the grid, which is {length} long.");
        return Err(ApiError::invalid(text));
    }
    if (start..=end).contains(&to) {
        let text = format!("destinationIndex[{to}] must be outside of the source range {start} to {end}.");
        return Err(ApiError::invalid(text));
    }
    let count = end - start;
    let moved = |index: usize| match index {
        index if (start..end).contains(&index) && to > index => index + to - end,
        index if (start..end).contains(&index) => index + to - start,
        index if to > start && (end..to).contains(&index) => index - count,
        index if to < start && (to..start).contains(&index) => index + count,
        index => index,
    };
    if let Some(sheet) = book.tabs.get_mut(tab) {
        match dimension {
            Dimension::Rows => {
                sheet.grid.resize_with(length, Default::default);
                let old = std::mem::take(&mut sheet.grid);
                sheet.grid.resize_with(length, Default::default);
                for (index, row) in old.into_iter().enumerate() {
                    if let Some(place) = sheet.grid.get_mut(moved(index)) {
                        *place = row;
                    }
                }
            }
            Dimension::Columns => {
                for row in &mut sheet.grid {
                    let mut slots = vec![super::cell::Slot::default(); length];
                    for (index, slot) in row.iter().enumerate() {
                        if let Some(place) = slots.get_mut(moved(index)) {
                            *place = slot.clone();
                        }
                    }
                    *row = std::sync::Arc::new(slots);
                }
            }
        }
        let lines = sheet.lines_mut(dimension);
        let old = std::mem::take(&mut lines.0);
        lines.0 = old.into_iter().map(|(index, line)| (moved(index), line)).collect();
    }
    book.follow_move(tab, dimension, moved);
    attached::follow(book, tab, dimension, |(from, until)| {
        let (Some(first), Some(last)) = (from, until.and_then(|until| until.checked_sub(1))) else {
            return (from, until);
        };
        let (a, b) = (moved(first), moved(last));
        // A range that is torn apart keeps its place.
        if b.checked_sub(a) == Some(last - first) { (Some(a), Some(b + 1)) } else { (from, until) }
    });
    book.changes += 1;
    Ok(json!({}))
}

/// `updateDimensionProperties`.
pub(super) fn update(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "DimensionProperties")?;
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, "range", false)?;
    if end > length {
        let (_, many) = words(dimension);
        return Err(ApiError::invalid(format!("range.endIndex[{end}] is beyond the {length} {many} of the sheet.")));
    }
    let given = body.part("properties")?.map(|given| given.json()).unwrap_or_else(|| json!({}));
    if let Some(sheet) = book.tabs.get_mut(tab) {
        let lines = &mut sheet.lines_mut(dimension).0;
        for index in start..end {
            let line = lines.entry(index).or_default();
            mask.assign(line, given.as_object());
            line.retain(|_, value| *value != json!(false));
        }
        lines.retain(|_, line| !line.is_empty());
    }
    book.changes += 1;
    Ok(json!({}))
}

/// `autoResizeDimensions`. Columns come out as wide as their longest text about is, rows as high as new ones.
pub(super) fn auto_resize(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    const LETTER_PIXELS: usize = 7;
    const PADDING_PIXELS: usize = 10;
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, "dimensions", false)?;
    for index in start..end.min(length) {
        let rows = book.tabs.get(tab).map_or(0, super::book::Tab::used_rows);
        let letters = (0..rows).map(|row| book.shown(tab, row, index).chars().count()).max().unwrap_or(0);
        if let Some(sheet) = book.tabs.get_mut(tab) {
            let line = sheet.lines_mut(dimension).0.entry(index).or_default();
            if dimension == Dimension::Columns && letters > 0 {
                line.insert("pixelSize".to_owned(), json!(letters * LETTER_PIXELS + PADDING_PIXELS));
            } else {
                line.remove("pixelSize");
            }
        }
    }
    book.changes += 1;
    Ok(json!({}))
}

fn groups_list(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Rows => "rowGroups",
        Dimension::Columns => "columnGroups",
    }
}

fn group_ends(group: &Json) -> (usize, usize) {
    let end = |name: &str| usize::try_from(group["range"][name].as_u64().unwrap_or(0)).unwrap_or_default();
    (end("startIndex"), end("endIndex"))
}

/// How deep each row or column is in groups.
fn depths(groups: &[Json]) -> BTreeMap<usize, i64> {
    let mut depths = BTreeMap::new();
    for group in groups {
        let ((start, end), depth) = (group_ends(group), group["depth"].as_i64().unwrap_or(1));
        for index in start..end {
            let known = depths.entry(index).or_insert(0);
            *known = depth.max(*known);
        }
    }
    depths
}

/// The groups that depths come to: one for every unbroken run at least so deep.
fn groups(id: i64, dimension: Dimension, depths: &BTreeMap<usize, i64>, old: &[Json]) -> Vec<Json> {
    let deepest = depths.values().copied().max().unwrap_or(0);
    let mut groups = Vec::new();
    for depth in 1..=deepest {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for index in depths.iter().filter(|(_, here)| **here >= depth).map(|(index, _)| *index) {
            match runs.last_mut() {
                Some((_, end)) if *end == index => *end += 1,
                _ => runs.push((index, index + 1)),
            }
        }
        for (start, end) in runs {
            let mut group = json!({
                "range": {
                    "sheetId": id, "dimension": dimension.api_name(), "startIndex": start, "endIndex": end,
                },
                "depth": depth,
            });
            let same = |other: &&Json| group_ends(other) == (start, end) && other["depth"] == json!(depth);
            if old.iter().find(same).is_some_and(|other| other["collapsed"] == true) {
                group["collapsed"] = json!(true);
            }
            attached::tidy("DimensionGroup", &mut group);
            groups.push(group);
        }
    }
    groups
}

/// `addDimensionGroup` (`by` is 1) and `deleteDimensionGroup` (`by` is -1).
pub(super) fn group(book: &mut Book, body: &Payload<'_>, by: i64) -> Result<Json, ApiError> {
    let Stretch { tab, dimension, start, end, length } = stretch(book, body, "range", false)?;
    if end > length {
        return Err(ApiError::invalid(format!("range.endIndex[{end}] is beyond the end of the grid ({length}).")));
    }
    let list = groups_list(dimension);
    let (id, old) =
        book.tabs.get(tab).map(|tab| (tab.id, tab.attached.list(list).to_vec())).ok_or_else(ApiError::not_found)?;
    let mut depths = depths(&old);
    if by < 0 && !(start..end).any(|index| depths.contains_key(&index)) {
        return Err(ApiError::invalid("The dimension range does not contain a group."));
    }
    for index in start..end {
        *depths.entry(index).or_insert(0) += by;
    }
    depths.retain(|_, depth| *depth > 0);
    if depths.values().any(|depth| *depth > 8) {
        return Err(ApiError::invalid("Cannot nest groups deeper than 8 levels."));
    }
    let groups = groups(id, dimension, &depths, &old);
    if let Some(sheet) = book.tabs.get_mut(tab) {
        sheet.attached.list_mut(list).clone_from(&groups);
    }
    book.changes += 1;
    let name = if by > 0 { "addDimensionGroup" } else { "deleteDimensionGroup" };
    Ok(if groups.is_empty() { json!({ name: {} }) } else { json!({ name: { "dimensionGroups": groups } }) })
}

/// `updateDimensionGroup`: whether it is collapsed.
pub(super) fn update_group(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "DimensionGroup")?;
    let given = body.needed("dimensionGroup")?;
    let Stretch { tab, dimension, start, end, .. } = stretch(book, &given, "range", true)?;
    let depth = given.int("depth")?.unwrap_or(1);
    let collapsed = given.flag("collapsed")?.unwrap_or_default();
    let missing = || ApiError::invalid("No group with this range and depth.");
    let sheet = book.tabs.get_mut(tab).ok_or_else(missing)?;
    let items = sheet.attached.list_mut(groups_list(dimension)).iter_mut();
    let same = |group: &&mut Json| group_ends(group) == (start, end) && group["depth"] == json!(depth);
    let group = items.into_iter().find(same).and_then(Json::as_object_mut).ok_or_else(missing)?;
    if mask.covers(&["collapsed"]) {
        group.remove("collapsed");
        if collapsed {
            group.insert("collapsed".to_owned(), json!(true));
        }
        let lines = sheet.lines_mut(dimension);
        for index in start..end {
            let line: &mut Map<String, Json> = lines.0.entry(index).or_default();
            line.remove("hiddenByUser");
            if collapsed {
                line.insert("hiddenByUser".to_owned(), json!(true));
            }
        }
        lines.0.retain(|_, line| !line.is_empty());
    }
    book.changes += 1;
    Ok(json!({}))
}
