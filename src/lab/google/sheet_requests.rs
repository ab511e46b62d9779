//! Requests of `spreadsheets.batchUpdate` about tabs and the spreadsheet itself, and how their properties are answered.

use serde_json::{Map, Value as Json, json};

use super::book::{Book, Dimension, Tab};
use super::error::ApiError;
use super::mask::Mask;
use super::metadata;
use super::payload::Payload;
use super::requests;
use super::schema::SHEETS;

/// Most cells of a spreadsheet: <https://support.google.com/drive/answer/37603>.
const CELLS_MAX: usize = 10_000_000;

/// Properties that only show, kept as they are given.
const LOOK: &[&str] = &["tabColor", "tabColorStyle", "rightToLeft"];
const GRID_LOOK: &[&str] = &["hideGridlines", "rowGroupControlAfter", "columnGroupControlAfter"];
const BOOK_LOOK: &[&str] = &[
    "autoRecalc",
    "defaultFormat",
    "iterativeCalculationSettings",
    "spreadsheetTheme",
    "importFunctionsExternalUrlAccessAllowed",
];

/// `SheetProperties` of a tab.
pub(super) fn properties(index: usize, tab: &Tab) -> Json {
    let mut grid = json!({ "rowCount": tab.rows, "columnCount": tab.columns });
    let frozen = [("frozenRowCount", tab.frozen_rows), ("frozenColumnCount", tab.frozen_columns)];
    for (name, count) in frozen.into_iter().filter(|(_, count)| *count > 0) {
        grid[name] = json!(count);
    }
    for (name, value) in &tab.grid_look {
        grid[name] = value.clone();
    }
    let mut properties = json!({
        "sheetId": tab.id, "title": tab.title, "index": index, "sheetType": "GRID", "gridProperties": grid,
    });
    if tab.hidden {
        properties["hidden"] = json!(true);
    }
    for (name, value) in &tab.look {
        properties[name] = value.clone();
    }
    properties
}

/// Refuse what would make the spreadsheet larger than Google allows.
pub(super) fn within_cell_limit(book: &Book, tab: usize, dimension: Dimension, count: usize) -> Result<(), ApiError> {
    let more = book.tabs.get(tab).map_or(0, |tab| match dimension {
        Dimension::Rows => tab.columns.saturating_mul(count),
        Dimension::Columns => tab.rows.saturating_mul(count),
    });
    limit(book, more)
}

fn limit(book: &Book, more: usize) -> Result<(), ApiError> {
    let held: usize = book.tabs.iter().map(|tab| tab.rows.saturating_mul(tab.columns)).sum();
    if held.saturating_add(more) > CELLS_MAX {
        let text = format!(
            "This action would increase the number of cells in the workbook above the limit of {CELLS_MAX} cells."
        );
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

fn free_title(book: &Book, title: &str, but: Option<usize>) -> Result<(), ApiError> {
    if title.is_empty() {
        return Err(ApiError::invalid("Sheet title cannot be empty."));
    }
    match book.tab_index(title).filter(|index| Some(*index) != but) {
        Some(_) => Err(ApiError::invalid(format!(
            "A sheet with the name \"{title}\" already exists. Please enter another name."
        ))),
        None => Ok(()),
    }
}

/// `addSheet`.
pub(super) fn add(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let index = add_tab(book, body.part("properties")?.as_ref())?;
    let properties = book.tabs.get(index).map(|tab| properties(index, tab));
    Ok(json!({ "addSheet": { "properties": properties } }))
}

/// Add a tab with the properties given, and answer where it stands.
pub(super) fn add_tab(book: &mut Book, given: Option<&Payload<'_>>) -> Result<usize, ApiError> {
    let mut tab = Tab::new(book.free_id(), "");
    let mut index = book.tabs.len();
    if let Some(given) = given {
        if given.text("sheetType")?.is_some_and(|kind| kind != "GRID" && kind != "SHEET_TYPE_UNSPECIFIED") {
            return Err(ApiError::not_played("sheets of this sheetType"));
        }
        if let Some(id) = given.index("sheetId")? {
            tab.id = id as i64;
        }
        index = given.index("index")?.unwrap_or(index).min(index);
        tab.title = given.text("title")?.unwrap_or_default().to_owned();
    }
    if tab.title.is_empty() {
        let free = |number: &usize| book.tab_index(&format!("Sheet{number}")).is_none();
        tab.title = format!("Sheet{}", (book.tabs.len() + 1..).find(free).unwrap_or_default());
    }
    free_title(book, &tab.title, None)?;
    free_id(book, tab.id)?;
    if let Some(given) = given {
        set_properties(&mut tab, given, &Mask::Everything)?;
    }
    limit(book, tab.rows.saturating_mul(tab.columns))?;
    book.tabs.insert(index, tab);
    book.changes += 1;
    Ok(index)
}

fn free_id(book: &Book, id: i64) -> Result<(), ApiError> {
    match book.tab_by_id(id).and_then(|tab| book.tabs.get(tab)) {
        Some(tab) => Err(ApiError::invalid(format!(
            "A sheet with the id {id} already exists (\"{}\"). Please use another id.",
            tab.title
        ))),
        None => Ok(()),
    }
}

/// `duplicateSheet`.
pub(super) fn duplicate(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let source = sheet(book, body.int("sourceSheetId")?.unwrap_or(0))?;
    let Some(mut tab) = book.tabs.get(source).cloned() else { return Err(ApiError::not_found()) };
    let before = tab.id;
    let index = body.index("insertSheetIndex")?.unwrap_or(0).min(book.tabs.len());
    tab.id = match body.index("newSheetId")? {
        Some(id) => id as i64,
        None => book.free_id(),
    };
    free_id(book, tab.id)?;
    tab.title = match body.text("newSheetName")?.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => copy_title(book, &tab.title),
    };
    free_title(book, &tab.title, None)?;
    limit(book, tab.rows.saturating_mul(tab.columns))?;
    tab.attached.rename_sheet(before, tab.id);
    let properties = properties(index, &tab);
    book.tabs.insert(index, tab);
    book.changes += 1;
    Ok(json!({ "duplicateSheet": { "properties": properties } }))
}

/// `Copy of T`, `Copy of T 2`, and so on.
pub(super) fn copy_title(book: &Book, title: &str) -> String {
    let numbered = |number: usize| match number {
        1 => format!("Copy of {title}"),
        number => format!("Copy of {title} {number}"),
    };
    (1..).map(numbered).find(|title| book.tab_index(title).is_none()).unwrap_or_default()
}

/// `deleteSheet`, with what hangs on it.
pub(super) fn delete(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let id = body.int("sheetId")?.unwrap_or(0);
    let tab = sheet(book, id)?;
    if book.tabs.len() == 1 {
        return Err(ApiError::invalid("You can't remove all the sheets in a document."));
    }
    if book.tabs.iter().enumerate().all(|(index, other)| index == tab || other.hidden) {
        return Err(ApiError::invalid("You can't remove all the visible sheets in a document."));
    }
    book.watch_protection(tab, &(0..usize::MAX), &(0..usize::MAX));
    book.tabs.remove(tab);
    metadata::forget_sheet(book, id);
    let gone = |named: &Json| named["range"]["sheetId"].as_i64().unwrap_or(0) == id;
    book.attached.list_mut("namedRanges").retain(|named| !gone(named));
    book.changes += 1;
    Ok(json!({}))
}

fn sheet(book: &Book, id: i64) -> Result<usize, ApiError> {
    book.tab_by_id(id).ok_or_else(|| ApiError::invalid(format!("No sheet with id: {id}")))
}

/// `updateSheetProperties`.
pub(super) fn update(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "SheetProperties")?;
    let given = body.needed("properties")?;
    let at = sheet(book, given.int("sheetId")?.unwrap_or(0))?;
    if mask.covers(&["title"]) {
        free_title(book, given.text("title")?.unwrap_or_default(), Some(at))?;
    }
    let mut tab = book.tabs.remove(at);
    let set = set_properties(&mut tab, &given, &mask);
    let index = if mask.covers(&["index"]) { given.index("index")?.unwrap_or(book.tabs.len() + 1) } else { at };
    // An index counts places before the move, so a tab that moves back passes its own place.
    let index = if index > at { index - 1 } else { index };
    book.tabs.insert(index.min(book.tabs.len()), tab);
    book.changes += 1;
    set.and_then(|()| limit(book, 0)).map(|()| json!({}))
}

fn set_properties(tab: &mut Tab, given: &Payload<'_>, mask: &Mask) -> Result<(), ApiError> {
    if mask.covers(&["title"])
        && let Some(title) = given.text("title")?
    {
        tab.title = title.to_owned();
    }
    if mask.covers(&["hidden"]) {
        tab.hidden = given.flag("hidden")?.unwrap_or_default();
    }
    look(&mut tab.look, given, mask, LOOK);
    let empty = json!({});
    let grid = match given.part("gridProperties")? {
        Some(grid) => grid,
        None if *mask != Mask::Everything && mask.covers(&["gridProperties"]) => Payload::checked(&empty, "")?,
        None => return Ok(()),
    };
    if let Some(below) = mask.below("gridProperties") {
        look(&mut tab.grid_look, &grid, below, GRID_LOOK);
    }
    let asked = |name: &str| mask.covers(&["gridProperties", name]);
    let size = |name: &str, now: usize| -> Result<usize, ApiError> {
        match grid.index(name)?.filter(|_| asked(name)) {
            Some(0) => Err(ApiError::invalid(format!("{name} must be at least 1."))),
            given => Ok(given.unwrap_or(now)),
        }
    };
    let (rows, columns) = (size("rowCount", tab.rows)?, size("columnCount", tab.columns)?);
    frozen_fits(tab, &grid, mask, (rows, columns))?;
    tab.resize(rows, columns);
    if asked("frozenRowCount") {
        tab.frozen_rows = grid.int("frozenRowCount")?.unwrap_or(0);
    }
    if asked("frozenColumnCount") {
        tab.frozen_columns = grid.int("frozenColumnCount")?.unwrap_or(0);
    }
    Ok(())
}

/// At least one row and one column must scroll.
fn frozen_fits(tab: &Tab, grid: &Payload<'_>, mask: &Mask, size: (usize, usize)) -> Result<(), ApiError> {
    let checks = [
        ("frozenRowCount", tab.frozen_rows, size.0, "rows"),
        ("frozenColumnCount", tab.frozen_columns, size.1, "columns"),
    ];
    for (name, now, length, what) in checks {
        let asked = mask.covers(&["gridProperties", name]);
        let frozen = if asked { grid.int(name)?.unwrap_or(0) } else { now };
        if frozen < 0 {
            return Err(ApiError::invalid(format!("{name} must not be negative.")));
        }
        if usize::try_from(frozen).is_ok_and(|frozen| frozen > 0 && frozen >= length) {
            return Err(ApiError::invalid(if asked {
                format!("You can't freeze all visible {what} on the sheet.")
            } else {
                format!("You can't delete all the non-frozen {what}.")
            }));
        }
    }
    Ok(())
}

/// Keep the fields that only show. Both forms of a colour are kept.
fn look(kept: &mut Map<String, Json>, given: &Payload<'_>, mask: &Mask, names: &[&str]) {
    let mut given = given.json();
    SHEETS.pair_colors("SheetProperties", &mut given);
    for name in names {
        match (mask.below(name), given.get(name)) {
            (Some(_), Some(value)) if *value != json!(false) => drop(kept.insert((*name).to_owned(), value.clone())),
            (Some(_), _) => drop(kept.remove(*name)),
            (None, _) => {}
        }
    }
}

/// `updateSpreadsheetProperties`: title, locale and time zone count, what else a spreadsheet has only shows.
pub(super) fn update_book(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "SpreadsheetProperties")?;
    set_book(book, &body.needed("properties")?, &mask)?;
    Ok(json!({}))
}

/// Set the meant properties of a spreadsheet.
pub(super) fn set_book(book: &mut Book, given: &Payload<'_>, mask: &Mask) -> Result<(), ApiError> {
    if mask.covers(&["title"]) && given.text("title")?.unwrap_or_default().is_empty() && *mask != Mask::Everything {
        return Err(ApiError::invalid("Spreadsheet title cannot be empty."));
    }
    if let Some(zone) = given.text("timeZone")?.filter(|_| mask.covers(&["timeZone"]))
        && zone.parse::<chrono_tz::Tz>().is_err()
    {
        return Err(ApiError::invalid(format!("Invalid time zone: {zone}")));
    }
    if let Some(locale) = given.text("locale")?.filter(|_| mask.covers(&["locale"]))
        && !super::locale::is_code(locale)
    {
        return Err(ApiError::invalid(format!("Unsupported locale: {locale}")));
    }
    for (name, place) in
        [("title", &mut book.title), ("locale", &mut book.locale_code), ("timeZone", &mut book.time_zone)]
    {
        if let Some(text) = given.text(name)?.filter(|text| !text.is_empty() && mask.covers(&[name])) {
            *place = text.to_owned();
        }
    }
    for name in BOOK_LOOK {
        match (mask.below(name), given.any(name)) {
            (Some(_), Some(value)) => drop(book.look.insert((*name).to_owned(), value.clone())),
            (Some(_), None) if *mask != Mask::Everything => drop(book.look.remove(*name)),
            _ => {}
        }
    }
    book.changes += 1;
    Ok(())
}
