//! Requests of `spreadsheets.batchUpdate` that carry cells to other places, or bring text in.

use serde_json::{Value as Json, json};

use super::book::{Area, Book, Dimension};
use super::cell::{Content, Slot};
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::{Target, grid};
use super::sheet_requests::within_cell_limit;

fn area(book: &Book, body: &Payload<'_>, name: &str) -> Result<Area, ApiError> {
    Target::of_grid_range(book, &body.needed(name)?)?.area(book)
}

/// The cells of an area, as they stand.
fn cells(book: &Book, area: &Area) -> Vec<Vec<Slot>> {
    let row = |row: usize| area.columns.clone().map(|column| book.slot(area.tab, row, column).clone()).collect();
    area.rows.clone().map(row).collect()
}

/// What of a copied cell comes to stand in another; `shown` is what the copied formula came to.
fn pasted(kind: &str, old: &Slot, copied: Slot, shown: Content) -> Slot {
    let value = match copied.content {
        Content::Formula(_) => shown,
        ref content => content.clone(),
    };
    let validation = |slot: &Slot| slot.dress.as_ref().and_then(|dress| dress.get("dataValidation").cloned());
    match kind {
        "PASTE_VALUES" => Slot { content: value, ..old.clone() },
        "PASTE_FORMULA" => Slot { content: copied.content, ..old.clone() },
        "PASTE_FORMAT" => Slot { content: old.content.clone(), ..copied.bare() },
        "PASTE_DATA_VALIDATION" => {
            let mut dress = old.dress.as_deref().cloned().unwrap_or_default();
            match validation(&copied) {
                Some(rule) => drop(dress.insert("dataValidation".to_owned(), rule)),
                None => drop(dress.remove("dataValidation")),
            }
            Slot { dress: (!dress.is_empty()).then(|| std::sync::Arc::new(dress)), ..old.clone() }
        }
        "PASTE_CONDITIONAL_FORMATTING" => old.clone(),
        _ => copied,
    }
}

/// What a cell comes to, as content.
fn computed(book: &Book, tab: usize, row: usize, column: usize) -> Content {
    use super::cell::Value;
    match book.value(tab, row, column) {
        Value::Empty => Content::Empty,
        Value::Number(number) => Content::Number(number),
        Value::Text(text) => Content::Text(text),
        Value::Bool(flag) => Content::Bool(flag),
        Value::Error(error) => Content::Text(error.shown().to_owned()),
    }
}

/// `copyPaste`: the destination is filled with as many copies as fit, at least one.
pub(super) fn copy(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let source = area(book, body, "source")?;
    let destination = area(book, body, "destination")?;
    let kind = body.text("pasteType")?.unwrap_or("PASTE_NORMAL");
    let turned = body.text("pasteOrientation")? == Some("TRANSPOSE");
    let (height, width) = (source.rows.len().max(1), source.columns.len().max(1));
    let (tall, wide) = if turned { (width, height) } else { (height, width) };
    let times = |length: usize, of: usize| if length.is_multiple_of(of) { length } else { of };
    let (rows, columns) = (times(destination.rows.len(), tall), times(destination.columns.len(), wide));
    let (end_row, end_column) = (destination.rows.start + rows, destination.columns.start + columns);
    grow(book, destination.tab, end_row, end_column)?;
    let copied = cells(book, &source);
    let shown = |row: usize, column: usize| computed(book, source.tab, row, column);
    let values: Vec<Vec<Content>> =
        source.rows.clone().map(|row| source.columns.clone().map(|column| shown(row, column)).collect()).collect();
    for row in destination.rows.start..end_row {
        for column in destination.columns.start..end_column {
            let (down, across) = ((row - destination.rows.start) % tall, (column - destination.columns.start) % wide);
            let (down, across) = if turned { (across, down) } else { (down, across) };
            let slot = copied.get(down).and_then(|cells| cells.get(across)).cloned().unwrap_or_default();
            let value = values.get(down).and_then(|cells| cells.get(across)).cloned().unwrap_or_default();
            let from = (source.rows.start + down, source.columns.start + across);
            let slot = book.carried(&slot, from, (row, column));
            let slot = pasted(kind, book.slot(destination.tab, row, column), slot, value);
            book.put_slot(destination.tab, row, column, slot);
        }
    }
    Ok(json!({}))
}

/// A `GridCoordinate`.
fn coordinate(book: &Book, body: &Payload<'_>, name: &str) -> Result<(usize, usize, usize), ApiError> {
    let at = body.needed(name)?;
    let tab = grid(book, at.int("sheetId")?.unwrap_or(0))?;
    let (row, column) = (at.index("rowIndex")?.unwrap_or(0), at.index("columnIndex")?.unwrap_or(0));
    if !book.has_cell(tab, row, column) {
        let target = Target { tab, span: super::a1::Span::cell(row, column) };
        return Err(target.beyond(book));
    }
    Ok((tab, row, column))
}

/// `cutPaste`: formulas keep their references.
pub(super) fn cut(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let source = area(book, body, "source")?;
    let (tab, row, column) = coordinate(book, body, "destination")?;
    let kind = body.text("pasteType")?.unwrap_or("PASTE_NORMAL");
    grow(book, tab, row + source.rows.len(), column + source.columns.len())?;
    let copied = cells(book, &source);
    for row in source.rows.clone() {
        for column in source.columns.clone() {
            book.put_slot(source.tab, row, column, Slot::default());
        }
    }
    for (down, cells) in copied.into_iter().enumerate() {
        for (across, slot) in cells.into_iter().enumerate() {
            let (row, column) = (row + down, column + across);
            let value = slot.content.clone();
            let slot = pasted(kind, book.slot(tab, row, column), slot, value);
            book.put_slot(tab, row, column, slot);
        }
    }
    Ok(json!({}))
}

/// Make the grid reach so far.
fn grow(book: &mut Book, tab: usize, rows: usize, columns: usize) -> Result<(), ApiError> {
    for (dimension, wanted) in [(Dimension::Rows, rows), (Dimension::Columns, columns)] {
        let held = book.tabs.get(tab).map_or(0, |tab| tab.length(dimension));
        if wanted > held {
            within_cell_limit(book, tab, dimension, wanted - held)?;
            book.insert(tab, dimension, held, wanted - held, None);
        }
    }
    Ok(())
}

/// `pasteData`: text with a delimiter, or the table in a piece of HTML, read as if typed.
pub(super) fn paste_text(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let (tab, row, column) = coordinate(book, body, "coordinate")?;
    let data = body.text("data")?.unwrap_or_default();
    if body.flag("html")?.unwrap_or_default() {
        return Err(ApiError::not_played("pasting HTML"));
    }
    let delimiter = body.text("delimiter")?.and_then(|text| text.bytes().next()).unwrap_or(b',');
    let rows = delimited(data, delimiter);
    type_rows(book, (tab, row, column), &rows)?;
    Ok(json!({}))
}

/// The rows of a text of comma-separated values.
pub(super) fn typed_rows(text: &str) -> Vec<Vec<String>> {
    delimited(text, b',')
}

fn delimited(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    reader.records().flatten().map(|line| line.iter().map(str::to_owned).collect()).collect()
}

/// Type rows of texts from a cell on; the grid grows as needed.
pub(super) fn type_rows(
    book: &mut Book,
    (tab, row, column): (usize, usize, usize),
    rows: &[Vec<String>],
) -> Result<(), ApiError> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    grow(book, tab, row + rows.len(), column + width)?;
    let year = chrono::Datelike::year(&crate::clock::now());
    for (down, line) in rows.iter().enumerate() {
        for (across, text) in line.iter().enumerate() {
            book.type_in(tab, row + down, column + across, text, year);
        }
    }
    Ok(())
}

/// `insertRange`: the cells from here on move down or right; what is pushed over the edge makes the grid larger.
pub(super) fn insert(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = area(book, body, "range")?;
    let (height, width) = (area.rows.len(), area.columns.len());
    let Some((rows, columns)) = book.tabs.get(area.tab).map(|tab| (tab.rows, tab.columns)) else {
        return Err(ApiError::not_found());
    };
    let down = by_rows(body)?;
    let filled = |row: usize, column: usize| !book.slot(area.tab, row, column).content.is_empty();
    let pushed = if down {
        (rows - height.min(rows)..rows).any(|row| area.columns.clone().any(|column| filled(row, column)))
    } else {
        (columns - width.min(columns)..columns).any(|column| area.rows.clone().any(|row| filled(row, column)))
    };
    if pushed {
        grow(book, area.tab, rows + if down { height } else { 0 }, columns + if down { 0 } else { width })?;
    }
    let (rows, columns) = book.tabs.get(area.tab).map_or((rows, columns), |tab| (tab.rows, tab.columns));
    let whole = if down {
        Area { rows: area.rows.start..rows, ..area.clone() }
    } else {
        Area { columns: area.columns.start..columns, ..area.clone() }
    };
    let old = cells(book, &whole);
    for (y, row) in whole.rows.clone().enumerate() {
        for (x, column) in whole.columns.clone().enumerate() {
            let from = if down { (y.checked_sub(height), Some(x)) } else { (Some(y), x.checked_sub(width)) };
            let slot = match from {
                (Some(y), Some(x)) => old.get(y).and_then(|cells| cells.get(x)).cloned(),
                _ => None,
            };
            book.put_slot(area.tab, row, column, slot.unwrap_or_default());
        }
    }
    Ok(json!({}))
}

/// `deleteRange`: the cells behind it move up or left.
pub(super) fn delete(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let area = area(book, body, "range")?;
    let down = by_rows(body)?;
    let (rows, columns) = book.tabs.get(area.tab).map_or((0, 0), |tab| (tab.rows, tab.columns));
    let whole = if down {
        Area { rows: area.rows.start..rows, ..area.clone() }
    } else {
        Area { columns: area.columns.start..columns, ..area.clone() }
    };
    let old = cells(book, &whole);
    for (y, row) in whole.rows.clone().enumerate() {
        for (x, column) in whole.columns.clone().enumerate() {
            let (y, x) = if down { (y + area.rows.len(), x) } else { (y, x + area.columns.len()) };
            let slot = old.get(y).and_then(|cells| cells.get(x)).cloned().unwrap_or_default();
            book.put_slot(area.tab, row, column, slot);
        }
    }
    Ok(json!({}))
}

fn by_rows(body: &Payload<'_>) -> Result<bool, ApiError> {
    match body.text("shiftDimension")? {
        Some("ROWS") => Ok(true),
        Some("COLUMNS") => Ok(false),
        _ => Err(ApiError::invalid("A shiftDimension must be specified.")),
    }
}

/// `autoFill`: two numbers or more go on as they began, anything else is repeated.
pub(super) fn auto_fill(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let (source, fill, down) = match body.part("sourceAndDestination")? {
        Some(both) => {
            let source = area(book, &both, "source")?;
            let count = both.int("fillLength")?.unwrap_or(0);
            let down = both.text("dimension")? != Some("COLUMNS");
            let length = usize::try_from(count).map_err(|_| ApiError::not_played("filling backwards"))?;
            (source, length, down)
        }
        None => {
            let whole = area(book, body, "range")?;
            let filled = |row: &usize| whole.columns.clone().any(|c| !book.slot(whole.tab, *row, c).content.is_empty());
            let held = whole.rows.clone().take_while(filled).count();
            let source = Area { rows: whole.rows.start..whole.rows.start + held, ..whole.clone() };
            let left = whole.rows.len() - held;
            (source, left, true)
        }
    };
    let (lines, length) =
        if down { (source.columns.clone(), source.rows.len()) } else { (source.rows.clone(), source.columns.len()) };
    if length == 0 {
        return Err(ApiError::invalid("There is nothing to fill from."));
    }
    let (end_row, end_column) =
        if down { (source.rows.end + fill, source.columns.end) } else { (source.rows.end, source.columns.end + fill) };
    grow(book, source.tab, end_row, end_column)?;
    for line in lines {
        let place =
            |step: usize| if down { (source.rows.start + step, line) } else { (line, source.columns.start + step) };
        let slots: Vec<Slot> =
            (0..length).map(place).map(|(row, column)| book.slot(source.tab, row, column).clone()).collect();
        let numbers: Vec<f64> = slots
            .iter()
            .filter_map(|slot| if let Content::Number(n) = slot.content { Some(n) } else { None })
            .collect();
        for step in 0..fill {
            let (row, column) = place(length + step);
            let Some(model) = slots.get(step % length) else { continue };
            let mut slot = book.carried(model, place(step % length), (row, column));
            if let (Some([.., before, last]), true) = (numbers.get(..), numbers.len() == length && length > 1) {
                slot.content = Content::Number(last + (last - before) * (step + 1) as f64);
            }
            book.put_slot(source.tab, row, column, slot);
        }
    }
    Ok(json!({}))
}
