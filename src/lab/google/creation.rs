//! `spreadsheets.create` and `sheets.copyTo`.

use serde_json::{Value as Json, json};

use super::attached_requests::{self, BANDING, CHART, FILTER_VIEW, NAMED_RANGE, PROTECTED_RANGE};
use super::book::Book;
use super::calls::Call;
use super::documents::{Document, Documents, Role};
use super::error::ApiError;
use super::mask::Mask;
use super::payload::Payload;
use super::spreadsheet::{self, Wanted};
use super::{GoogleFace, area_requests, cell_requests, rule_requests, sheet_requests};
use crate::clock;

/// `spreadsheets.create`.
pub(super) fn create(face: &GoogleFace, body: &Json, user: &str) -> Result<Json, ApiError> {
    let body = Payload::checked(body, "spreadsheet")?;
    let mut book = Book::new("Untitled spreadsheet", "en_US", &[]);
    user.clone_into(&mut book.writer);
    user.clone_into(&mut book.owner);
    if let Some(properties) = body.part("properties")? {
        sheet_requests::set_book(&mut book, &properties, &Mask::Everything)?;
    }
    let sheets = body.items("sheets")?;
    if !sheets.is_empty() {
        book.tabs.clear();
    }
    for (index, sheet) in sheets.iter().enumerate() {
        let sheet = Payload::checked(sheet, &format!("spreadsheet.sheets[{index}]"))?;
        add_sheet(&mut book, &sheet).map_err(|error| error.within(&format!("Invalid sheets[{index}]")))?;
    }
    for named in body.items("namedRanges")? {
        let request = json!({ "namedRange": named });
        attached_requests::add(&mut book, &Payload::checked(&request, "")?, &NAMED_RANGE)?;
    }
    let id = match body.text("spreadsheetId")?.filter(|id| !id.is_empty()) {
        Some(_) => return Err(ApiError::invalid("spreadsheetId cannot be set.")),
        None => Documents::fresh_id(),
    };
    let answer = spreadsheet::get(&book, &id, &[], Wanted::new(None, false));
    let mut state = face.state();
    state.documents.0.insert(id.clone(), Document::new(book, user, clock::now()));
    face.noted(&mut state, &id, "add", "content");
    answer
}

/// A tab with all that it was given.
fn add_sheet(book: &mut Book, sheet: &Payload<'_>) -> Result<(), ApiError> {
    let tab = sheet_requests::add_tab(book, sheet.part("properties")?.as_ref())?;
    let id = book.tabs.get(tab).map_or(0, |tab| tab.id);
    for (index, data) in sheet.items("data")?.iter().enumerate() {
        let data = Payload::checked(data, &format!("data[{index}]"))?;
        let corner = (data.index("startRow")?.unwrap_or(0), data.index("startColumn")?.unwrap_or(0));
        let start = json!({ "sheetId": id, "rowIndex": corner.0, "columnIndex": corner.1 });
        let request = json!({ "rows": data.items("rowData")?, "start": start, "fields": "*" });
        cell_requests::update(book, &Payload::checked(&request, "")?)?;
    }
    let mut lists = Vec::new();
    for (list, kind) in [
        ("protectedRanges", &PROTECTED_RANGE),
        ("filterViews", &FILTER_VIEW),
        ("bandedRanges", &BANDING),
        ("charts", &CHART),
    ] {
        for item in sheet.items(list)? {
            lists.push((kind, item.clone()));
        }
    }
    for (kind, item) in lists {
        attached_requests::add_item(book, item, kind)?;
    }
    for (index, rule) in sheet.items("conditionalFormats")?.iter().enumerate() {
        let request = json!({ "rule": rule, "index": index });
        rule_requests::add(book, &Payload::checked(&request, "")?)?;
    }
    for merge in sheet.items("merges")? {
        let request = json!({ "range": merge, "mergeType": "MERGE_ALL" });
        area_requests::merge(book, &Payload::checked(&request, "")?)?;
    }
    if let Some(filter) = sheet.any("basicFilter") {
        let request = json!({ "filter": filter });
        area_requests::set_basic_filter(book, &Payload::checked(&request, "")?)?;
    }
    Ok(())
}

/// `sheets.copyTo`: a tab into another spreadsheet, or into its own.
pub(super) fn copy_to(face: &GoogleFace, call: &Call, body: &Json, user: &str) -> Result<Json, ApiError> {
    face.allow(&call.id, user, Role::Reader)?;
    let source = face.book(&call.id).ok_or_else(ApiError::not_found)?;
    let unknown = || ApiError::invalid(format!("No sheet with id: {}", call.range));
    let id = call.range.parse::<i64>().map_err(|_| unknown())?;
    let mut tab = source.tab_by_id(id).and_then(|tab| source.tabs.get(tab)).cloned().ok_or_else(unknown)?;
    let body = Payload::checked(body, "")?;
    let destination = body.text("destinationSpreadsheetId")?.unwrap_or_default();
    face.allow(destination, user, Role::Writer)?;
    face.write(destination, user, |book| {
        tab.title = sheet_requests::copy_title(book, &tab.title);
        tab.id = book.free_id();
        tab.attached.rename_sheet(id, tab.id);
        book.tabs.push(tab);
        book.changes += 1;
        let index = book.tabs.len() - 1;
        let properties = book.tabs.get(index).map(|tab| sheet_requests::properties(index, tab));
        Ok(properties.unwrap_or_default())
    })
}
