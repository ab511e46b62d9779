//! Requests of `spreadsheets.batchUpdate` about what hangs on a tab by an id: names, protections, filter views, bands,
//! charts, slicers.

use serde_json::{Map, Value as Json, json};

use super::attached::{self, overlap, sheet_id};
use super::book::Book;
use super::error::ApiError;
use super::payload::Payload;
use super::ranges::{Target, grid};
use super::requests;

/// Something that is added, updated and deleted by an id.
pub(super) struct Kind {
    /// The list it stands in.
    list: &'static str,
    /// Its type.
    of: &'static str,
    /// The field of its id.
    id: &'static str,
    /// What requests call it.
    item: &'static str,
    /// What messages call it.
    noun: &'static str,
}

pub(super) const NAMED_RANGE: Kind =
    Kind { list: "namedRanges", of: "NamedRange", id: "namedRangeId", item: "namedRange", noun: "named range" };
pub(super) const PROTECTED_RANGE: Kind = Kind {
    list: "protectedRanges",
    of: "ProtectedRange",
    id: "protectedRangeId",
    item: "protectedRange",
    noun: "protected range",
};
pub(super) const FILTER_VIEW: Kind =
    Kind { list: "filterViews", of: "FilterView", id: "filterViewId", item: "filter", noun: "filter view" };
pub(super) const BANDING: Kind =
    Kind { list: "bandedRanges", of: "BandedRange", id: "bandedRangeId", item: "bandedRange", noun: "banded range" };
pub(super) const CHART: Kind =
    Kind { list: "charts", of: "EmbeddedChart", id: "chartId", item: "chart", noun: "chart" };
pub(super) const SLICER: Kind = Kind { list: "slicers", of: "Slicer", id: "slicerId", item: "slicer", noun: "slicer" };

impl Kind {
    /// The tab that an item lies on.
    fn tab(&self, book: &Book, item: &Json) -> Result<usize, ApiError> {
        let empty = Map::new();
        let on = match item["range"].as_object() {
            Some(range) => sheet_id(range),
            None if self.id == NAMED_RANGE.id || self.id == PROTECTED_RANGE.id => {
                return match item["namedRangeId"].as_str().and_then(|id| NAMED_RANGE.find(book, &json!(id))) {
                    Some((_, named)) => NAMED_RANGE.tab(book, &named),
                    None => Err(ApiError::invalid("No range specified.")),
                };
            }
            None => {
                let anchor = &item["position"]["overlayPosition"]["anchorCell"];
                item["position"]["sheetId"].as_i64().unwrap_or(sheet_id(anchor.as_object().unwrap_or(&empty)))
            }
        };
        grid(book, on)
    }

    /// The item with an id, and the tab in whose list it stands (`None`: the spreadsheet's).
    fn find(&self, book: &Book, id: &Json) -> Option<(Option<usize>, Json)> {
        let held = |items: &[Json]| items.iter().find(|item| item[self.id] == *id).cloned();
        if let Some(item) = held(book.attached.list(self.list)) {
            return Some((None, item));
        }
        let mut tabs = book.tabs.iter().enumerate();
        tabs.find_map(|(tab, held_by)| Some((Some(tab), held(held_by.attached.list(self.list))?)))
    }

    fn found(&self, book: &Book, id: Option<&Json>) -> Result<(Option<usize>, Json), ApiError> {
        let unknown = || ApiError::invalid(format!("No {} with id: {}", self.noun, shown(id)));
        id.and_then(|id| self.find(book, id)).ok_or_else(unknown)
    }

    fn items<'a>(&self, book: &'a mut Book, tab: Option<usize>) -> Option<&'a mut Vec<Json>> {
        match tab {
            None => Some(book.attached.list_mut(self.list)),
            Some(tab) => book.tabs.get_mut(tab).map(|tab| tab.attached.list_mut(self.list)),
        }
    }
}

fn shown(id: Option<&Json>) -> String {
    id.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).unwrap_or_default()
}

/// `addNamedRange` and its kin.
pub(super) fn add(book: &mut Book, body: &Payload<'_>, kind: &Kind) -> Result<Json, ApiError> {
    let reply = add_item(book, body.needed(kind.item)?.json(), kind)?;
    let request = if kind.item == "filter" { "FilterView".to_owned() } else { upper(kind.item) };
    let request = if kind.id == BANDING.id { "Banding".to_owned() } else { request };
    Ok(json!({ format!("add{request}"): { kind.item: reply } }))
}

/// Hang something new on its tab. Answers it as the reply shows it.
pub(super) fn add_item(book: &mut Book, mut item: Json, kind: &Kind) -> Result<Json, ApiError> {
    let tab = kind.tab(book, &item)?;
    check(book, kind, tab, &item)?;
    match item.get(kind.id).filter(|id| **id != json!(0) && **id != json!("")) {
        Some(id) if kind.find(book, id).is_some() => {
            let text = format!("A {} with id: {} already exists.", kind.noun, shown(Some(id)));
            return Err(ApiError::invalid(text));
        }
        Some(_) => {}
        None => {
            let id = book.fresh_id();
            item[kind.id] = if kind.id == NAMED_RANGE.id { json!(id.to_string()) } else { json!(id) };
        }
    }
    let mut reply = complete(book, kind, tab, &mut item);
    attached::tidy(kind.of, &mut item);
    attached::tidy(kind.of, &mut reply);
    let place = if kind.id == NAMED_RANGE.id { None } else { Some(tab) };
    if let Some(items) = kind.items(book, place) {
        items.push(item);
    }
    book.changes += 1;
    Ok(reply)
}

fn upper(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// What Google fills in. Answers the item as the reply shows it.
fn complete(book: &Book, kind: &Kind, tab: usize, item: &mut Json) -> Json {
    match kind.id {
        "protectedRangeId" => {
            if let Json::Object(fields) = &mut *item {
                fields.retain(|_, value| *value != json!(false) && *value != json!(""));
            }
            item["requestingUserCanEdit"] = json!(true);
            let warns = item["warningOnly"].as_bool().unwrap_or_default();
            let given = item["editors"].as_object().cloned().unwrap_or_default();
            let given: Map<String, Json> =
                given.into_iter().filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty())).collect();
            if warns {
                return item.clone();
            }
            // The reply names the editors that were asked for; who asked can always edit, and is named from then on.
            let mut editors = given.clone();
            let users = editors.entry("users").or_insert_with(|| json!([]));
            if let Json::Array(users) = users
                && !users.contains(&json!(book.writer))
            {
                users.insert(0, json!(book.writer));
            }
            item["editors"] = Json::Object(given);
            let reply = item.clone();
            item["editors"] = Json::Object(editors);
            reply
        }
        "filterViewId" => {
            if item["title"].as_str().unwrap_or_default().is_empty() {
                let held = book.tabs.get(tab).map_or(0, |tab| tab.attached.list(kind.list).len());
                item["title"] = json!(format!("Filter {}", held + 1));
            }
            item.clone()
        }
        _ => item.clone(),
    }
}

/// What Google refuses of an item that is about to stand in its list.
fn check(book: &Book, kind: &Kind, tab: usize, item: &Json) -> Result<(), ApiError> {
    if let Some(range) = item.get("range") {
        Target::of_grid_range(book, &Payload::checked(range, "range")?)?.area(book)?;
    }
    let others = |list: &str| {
        let held = book.tabs.get(tab).map_or(&[][..], |tab| tab.attached.list(list));
        held.iter().filter(|other| other[kind.id] != item[kind.id]).collect::<Vec<_>>()
    };
    match kind.id {
        "namedRangeId" => {
            let name = item["name"].as_str().unwrap_or_default();
            let word = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
            let starts_well = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
            if !word || !starts_well || super::a1::span(name).is_some() {
                return Err(ApiError::invalid(format!("Invalid name: {name}")));
            }
            let same = |other: &&Json| {
                other["namedRangeId"] != item["namedRangeId"]
                    && other["name"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(name))
            };
            if book.attached.list(kind.list).iter().any(|other| same(&other)) {
                return Err(ApiError::invalid(format!("A named range with name: {name} already exists.")));
            }
            Ok(())
        }
        "bandedRangeId" if others(kind.list).iter().any(|other| overlap(&other["range"], &item["range"])) => {
            Err(ApiError::invalid(
                "You cannot add alternating background colors to a range that already has alternating background colors.",
            ))
        }
        _ => Ok(()),
    }
}

/// `updateNamedRange` and its kin.
pub(super) fn update(book: &mut Book, body: &Payload<'_>, kind: &Kind) -> Result<Json, ApiError> {
    let mask = requests::fields(body, kind.of)?;
    let given = body.needed(kind.item)?.json();
    let id = given.get(kind.id).cloned();
    let (tab, mut item) = kind.found(book, id.as_ref())?;
    if let (Json::Object(fields), Some(source)) = (&mut item, given.as_object()) {
        mask.assign(fields, Some(source));
        fields.insert(kind.id.to_owned(), id.unwrap_or_default());
    }
    let lies_on = kind.tab(book, &item)?;
    check(book, kind, lies_on, &item)?;
    if kind.id == PROTECTED_RANGE.id {
        complete(book, kind, lies_on, &mut item);
    }
    attached::tidy(kind.of, &mut item);
    replace(book, kind, tab, item);
    Ok(json!({}))
}

fn replace(book: &mut Book, kind: &Kind, tab: Option<usize>, item: Json) {
    let place = kind.items(book, tab).and_then(|items| items.iter_mut().find(|old| old[kind.id] == item[kind.id]));
    if let Some(place) = place {
        *place = item;
    }
    book.changes += 1;
}

/// `deleteNamedRange` and its kin.
pub(super) fn delete(book: &mut Book, body: &Payload<'_>, kind: &Kind) -> Result<Json, ApiError> {
    let field = if kind.item == "filter" { "filterId" } else { kind.id };
    let (tab, item) = kind.found(book, body.any(field))?;
    if kind.id == PROTECTED_RANGE.id
        && let Some(tab) = tab
    {
        let (rows, columns) = attached::extent(&item["range"]);
        book.watch_protection(tab, &rows, &columns);
    }
    if let Some(items) = kind.items(book, tab) {
        items.retain(|old| old[kind.id] != item[kind.id]);
    }
    book.changes += 1;
    Ok(json!({}))
}

/// `duplicateFilterView`.
pub(super) fn duplicate_filter_view(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let (tab, mut item) = FILTER_VIEW.found(book, body.any("filterId"))?;
    let title = format!("Copy of {}", item["title"].as_str().unwrap_or_default());
    item["filterViewId"] = json!(book.fresh_id());
    item["title"] = json!(title);
    if let Some(items) = FILTER_VIEW.items(book, tab) {
        items.push(item.clone());
    }
    book.changes += 1;
    Ok(json!({ "duplicateFilterView": { "filter": item } }))
}

/// `deleteEmbeddedObject`: a chart or a slicer.
pub(super) fn delete_object(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let id = body.any("objectId").cloned().unwrap_or_default();
    for kind in [&CHART, &SLICER] {
        if let Some((tab, _)) = kind.find(book, &id) {
            if let Some(items) = kind.items(book, tab) {
                items.retain(|old| old[kind.id] != id);
            }
            book.changes += 1;
            return Ok(json!({}));
        }
    }
    Err(ApiError::invalid(format!("No embedded object with id: {}", shown(Some(&id)))))
}

/// `updateChartSpec` and `updateSlicerSpec`.
pub(super) fn update_spec(book: &mut Book, body: &Payload<'_>, kind: &Kind) -> Result<Json, ApiError> {
    let (tab, mut item) = kind.found(book, body.any(kind.id))?;
    let spec = body.needed("spec")?.json();
    if kind.id == SLICER.id {
        let mask = requests::fields(body, "SlicerSpec")?;
        let mut old = item["spec"].as_object().cloned().unwrap_or_default();
        mask.assign(&mut old, spec.as_object());
        item["spec"] = Json::Object(old);
    } else {
        item["spec"] = spec;
    }
    attached::tidy(kind.of, &mut item);
    replace(book, kind, tab, item);
    Ok(json!({}))
}

/// `updateEmbeddedObjectPosition`.
pub(super) fn update_position(book: &mut Book, body: &Payload<'_>) -> Result<Json, ApiError> {
    let mask = requests::fields(body, "EmbeddedObjectPosition")?;
    let position = body.needed("newPosition")?.json();
    let id = body.any("objectId").cloned().unwrap_or_default();
    let kind = if CHART.find(book, &id).is_some() { &CHART } else { &SLICER };
    let (tab, mut item) = kind.found(book, Some(&id))?;
    let mut old = item["position"].as_object().cloned().unwrap_or_default();
    mask.assign(&mut old, position.as_object());
    item["position"] = Json::Object(old);
    attached::tidy(kind.of, &mut item);
    let position = item["position"].clone();
    replace(book, kind, tab, item);
    Ok(json!({ "updateEmbeddedObjectPosition": { "position": position } }))
}
