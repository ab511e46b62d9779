//! `inventoryAdjustQuantities` and `inventorySetQuantities`: all changes of a call or none. Words and codes were observed
//! on version 2026-04 where recorded, else they are those of the schema.

use serde_json::Value;

use super::moves::MOVE;
use super::{Args, list, object, text};
use crate::clock::Time;
use crate::lab::shopify::gid::{Gid, gid};
use crate::lab::shopify::graphql::error::GraphError;
use crate::lab::shopify::resolve::{Node, Out, app, time};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::{World, in_building};

/// The older mutation for what lies in the building.
pub(super) const SET_ON_HAND: &str = "inventorySetOnHandQuantities";
/// A delta must leave the quantity within this, either way.
const ADJUSTED_MAX: i64 = 2_000_000_000;
/// A set quantity must be within this, either way.
const SET_MAX: i64 = 1_000_000_000;
/// What can be adjusted.
pub(super) const ADJUSTABLE: [&str; 6] =
    ["available", "damaged", "incoming", "quality_control", "reserved", "safety_stock"];
/// Why quantities can change.
const REASONS: [&str; 17] = [
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
];

/// One quantity that changes.
pub(super) struct Change {
    pub item: u64,
    pub location: u64,
    pub state: &'static str,
    pub delta: i64,
    /// URI of the document that says why.
    pub document: Option<String>,
}

/// The expected quantity must be said in every change, if only as null: what is left out is a mistake of the caller.
///
/// # Errors
/// Top-level, as the real one.
pub fn require_change_from(name: &str, args: &Args) -> Result<(), GraphError> {
    let (entries, kind) = match name {
        "inventoryAdjustQuantities" => ("changes", "InventoryChangeInput"),
        "inventorySetQuantities" => ("quantities", "InventoryQuantityInput"),
        SET_ON_HAND => ("setQuantities", "InventorySetQuantityInput"),
        _ => return Ok(()),
    };
    let input = object(args, "input");
    let says = |entry: &Value| entry.as_object().is_some_and(|entry| entry.contains_key("changeFromQuantity"));
    if input.is_some_and(|input| list(input, entries).iter().all(says)) {
        return Ok(());
    }
    let message = format!("{kind} must include the following argument: changeFromQuantity.");
    Err(GraphError::new("INVALID_FIELD_ARGUMENTS", message))
}

/// The payload of either.
pub fn adjusted(name: &str, group: Option<Node>, errors: &[UserError]) -> Node {
    let (kind, error_kind) = match name {
        "inventorySetQuantities" => ("InventorySetQuantitiesPayload", "InventorySetQuantitiesUserError"),
        SET_ON_HAND => ("InventorySetOnHandQuantitiesPayload", "InventorySetOnHandQuantitiesUserError"),
        MOVE => ("InventoryMoveQuantitiesPayload", "InventoryMoveQuantitiesUserError"),
        _ => ("InventoryAdjustQuantitiesPayload", "InventoryAdjustQuantitiesUserError"),
    };
    Node::record(kind, [("inventoryAdjustmentGroup", Out::One(group)), ("userErrors", user_errors(error_kind, errors))])
}

/// `inventoryAdjustQuantities`.
pub fn adjust(world: &mut World, args: &Args, now: Time) -> Node {
    let name = "inventoryAdjustQuantities";
    let empty = Args::new();
    let input = object(args, "input").unwrap_or(&empty);
    let mut errors = document_and_reason_problems(input);
    let state = text(input, "name").unwrap_or_default();
    let Some(state) = ADJUSTABLE.into_iter().find(|known| *known == state) else {
        let valid = ADJUSTABLE.join(", ");
        let message = format!("The specified quantity name is invalid. Valid values are: {valid}.");
        errors.push(UserError::new("input.name", message, "INVALID_QUANTITY_NAME"));
        return adjusted(name, None, &errors);
    };
    let mut changes: Vec<Change> = Vec::new();
    for (index, entry) in list(input, "changes").iter().filter_map(Value::as_object).enumerate() {
        let at = format!("input.changes.{index}");
        let document = text(entry, "ledgerDocumentUri");
        let document_problem = match (state, document) {
            ("available", Some(_)) => {
                Some(("A ledger document URI is not allowed when adjusting available.", "INVALID_AVAILABLE_DOCUMENT"))
            }
            ("available", None) | (_, Some(_)) => None,
            (_, None) => Some((
                "A ledger document URI is required except when adjusting available.",
                "INVALID_QUANTITY_DOCUMENT",
            )),
        };
        if let Some((message, code)) = document_problem {
            errors.push(UserError::new(&format!("{at}.ledgerDocumentUri"), message, code));
        }
        let Some((item, location)) = item_and_location(world, entry, &at, &mut errors) else { continue };
        let held = quantity(world, item, location, state);
        // Earlier changes of the same call to the same level count.
        let earlier: i64 = changes
            .iter()
            .filter(|change| (change.item, change.location) == (item, location))
            .map(|change| change.delta)
            .sum();
        let now_there = held + earlier;
        if let Some(stale) = stale(entry, now_there, &at, STALE_ON_ADJUST) {
            errors.push(stale);
        }
        let delta = entry.get("delta").and_then(Value::as_i64).unwrap_or_default();
        let bounds = match now_there.saturating_add(delta) {
            after if after > ADJUSTED_MAX => Some(("higher than 2,000,000,000", "INVALID_QUANTITY_TOO_HIGH")),
            after if after < -ADJUSTED_MAX => Some(("lower than -2,000,000,000", "INVALID_QUANTITY_TOO_LOW")),
            _ => None,
        };
        if let Some((words, code)) = bounds {
            let message = format!("The quantity can't be {words}.");
            errors.push(UserError::new(&format!("{at}.delta"), message, code));
        }
        changes.push(Change { item, location, state, delta, document: document.map(str::to_owned) });
    }
    if !errors.is_empty() {
        return adjusted(name, None, &errors);
    }
    let group = write(world, input, changes, now);
    adjusted(name, group, &[])
}

/// `inventorySetQuantities`.
///
/// `inventorySetOnHandQuantities` is the same with the state fixed and another name for the list.
pub fn set(world: &mut World, name: &str, args: &Args, now: Time) -> Node {
    let entries = if name == SET_ON_HAND { "setQuantities" } else { "quantities" };
    let empty = Args::new();
    let input = object(args, "input").unwrap_or(&empty);
    let mut errors = document_and_reason_problems(input);
    let state = if name == SET_ON_HAND { "on_hand" } else { text(input, "name").unwrap_or_default() };
    if !matches!(state, "available" | "on_hand") {
        let message = "The quantity name must be either 'available' or 'on_hand'.";
        errors.push(UserError::new("input.name", message, "INVALID_NAME"));
        return adjusted(name, None, &errors);
    }
    let uncompared = compare_problem(name, input, list(input, entries));
    if let Some(error) = uncompared {
        errors.push(error);
    }
    let mut changes: Vec<Change> = Vec::new();
    let mut seen = Vec::new();
    for (index, entry) in list(input, entries).iter().filter_map(Value::as_object).enumerate() {
        let at = format!("input.{entries}.{index}");
        let wanted = entry.get("quantity").and_then(Value::as_i64).unwrap_or_default();
        let bounds = match wanted {
            wanted if wanted > SET_MAX => {
                Some(("The quantity can't be higher than 1,000,000,000.", "INVALID_QUANTITY_TOO_HIGH"))
            }
            wanted if wanted < 0 && state == "on_hand" => {
                Some(("The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE"))
            }
            wanted if wanted < -SET_MAX => {
                Some(("The quantity can't be lower than -1,000,000,000.", "INVALID_QUANTITY_TOO_LOW"))
            }
            _ => None,
        };
        if let Some((message, code)) = bounds {
            errors.push(UserError::new(&format!("{at}.quantity"), message, code));
        }
        let Some((item, location)) = item_and_location(world, entry, &at, &mut errors) else { continue };
        if seen.contains(&(item, location)) {
            let message = "The combination of inventoryItemId and locationId must be unique.";
            let code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR";
            errors.push(UserError::new(&format!("{at}.locationId"), message, code));
        }
        seen.push((item, location));
        let held = quantity(world, item, location, state);
        errors.extend(stale(entry, held, &at, STALE_ON_SET));
        let compared = entry.get("compareQuantity").and_then(Value::as_i64);
        if compared.is_some_and(|compared| compared != held) {
            let message = "The compareQuantity value does not match persisted value.";
            errors.push(UserError::new(&format!("{at}.compareQuantity"), message, "COMPARE_QUANTITY_STALE"));
        }
        changes.push(Change { item, location, state: "available", delta: wanted - held, document: None });
    }
    if !errors.is_empty() {
        return adjusted(name, None, &errors);
    }
    let group = write(world, input, changes, now);
    adjusted(name, group, &[])
}

pub(super) const STALE_ON_ADJUST: &str = "The changeFromQuantity argument no longer matches the persisted quantity.";
const STALE_ON_SET: &str = "The changeFromQuantity value does not match persisted value.";

/// Before 2026-04 each quantity names the expected one, or the call waives it. Later versions get here with neither field.
fn compare_problem(name: &str, input: &Args, entries: &[Value]) -> Option<UserError> {
    let says = |entry: &Value| {
        let given = |field: &str| entry.as_object().is_some_and(|entry| entry.contains_key(field));
        given("changeFromQuantity") || given("compareQuantity")
    };
    let waived = input.get("ignoreCompareQuantity").and_then(Value::as_bool).unwrap_or_default();
    if name == SET_ON_HAND || waived || entries.iter().all(says) {
        return None;
    }
    let message = "The compareQuantity argument must be given to each quantity or ignored using ignoreCompareQuantity.";
    Some(UserError::new("input.ignoreCompareQuantity", message, "COMPARE_QUANTITY_REQUIRED"))
}

pub(super) fn stale(entry: &Args, held: i64, at: &str, message: &str) -> Option<UserError> {
    let expected = entry.get("changeFromQuantity").and_then(Value::as_i64)?;
    (expected != held)
        .then(|| UserError::new(&format!("{at}.changeFromQuantity"), message, "CHANGE_FROM_QUANTITY_STALE"))
}

pub(super) fn document_and_reason_problems(input: &Args) -> Vec<UserError> {
    let mut errors = Vec::new();
    let reason = text(input, "reason").unwrap_or_default();
    if !REASONS.contains(&reason) {
        let valid = REASONS.join(", ");
        let message = format!("The specified reason is invalid. Valid values are: {valid}.");
        errors.push(UserError::new("input.reason", message, "INVALID_REASON"));
    }
    let is_uri = |uri: &str| uri.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    if text(input, "referenceDocumentUri").is_some_and(|uri| !is_uri(uri)) {
        let message = "The specified reference document is invalid.";
        errors.push(UserError::new("input.referenceDocumentUri", message, "INVALID_REFERENCE_DOCUMENT"));
    }
    errors
}

/// The item that is meant, if it is there.
pub(super) fn known_item(world: &World, entry: &Args) -> Option<u64> {
    let item = text(entry, "inventoryItemId").and_then(|id| Gid::number(id, "InventoryItem"));
    item.filter(|id| world.items.contains_key(id))
}

/// The location that is meant, if it is there.
pub(super) fn known_location(world: &World, entry: &Args) -> Option<u64> {
    let location = text(entry, "locationId").and_then(|id| Gid::number(id, "Location"));
    location.filter(|id| world.locations.iter().any(|location| location.id == *id))
}

fn item_and_location(world: &World, entry: &Args, at: &str, errors: &mut Vec<UserError>) -> Option<(u64, u64)> {
    let (item, location) = (known_item(world, entry), known_location(world, entry));
    if item.is_none() {
        let message = "The specified inventory item could not be found.";
        errors.push(UserError::new(&format!("{at}.inventoryItemId"), message, "INVALID_INVENTORY_ITEM"));
    }
    if location.is_none() {
        let message = "The specified location could not be found.";
        errors.push(UserError::new(&format!("{at}.locationId"), message, "INVALID_LOCATION"));
    }
    item.zip(location)
}

/// Nothing is held where an item is not stocked.
pub(super) fn quantity(world: &World, item: u64, location: u64, state: &str) -> i64 {
    let level = world.items.get(&item).and_then(|item| item.levels.get(&location));
    level.and_then(|level| level.quantity(state)).unwrap_or_default()
}

/// Apply, and say what changed; `None` when nothing did.
pub(super) fn write(world: &mut World, input: &Args, changes: Vec<Change>, now: Time) -> Option<Node> {
    let changes: Vec<Change> = changes.into_iter().filter(|change| change.delta != 0).collect();
    if changes.is_empty() {
        return None;
    }
    for change in &changes {
        world.move_stock(change.item, change.location, change.state, change.delta, now);
    }
    let node = |change: &Change, name: &'static str| {
        let document = change.document.clone().filter(|_| name == change.state);
        Node::record(
            "InventoryChange",
            [
                ("name", name.into()),
                ("delta", change.delta.into()),
                // Null also in the recorded answers of the real one.
                ("quantityAfterChange", Value::Null.into()),
                ("ledgerDocumentUri", document.into()),
                ("item", Out::one(Node::Item(change.item))),
                ("location", Out::one(Node::Location(change.location))),
            ],
        )
    };
    let mut nodes: Vec<Node> = changes.iter().map(|change| node(change, change.state)).collect();
    // What only moves within the building leaves the sum of what lies there alone.
    let net = |of: &Change| -> i64 {
        let same = |other: &&Change| (other.item, other.location) == (of.item, of.location) && in_building(other.state);
        changes.iter().filter(same).map(|change| change.delta).sum()
    };
    let moved = changes.iter().filter(|change| in_building(change.state) && net(change) != 0);
    nodes.extend(moved.map(|change| node(change, "on_hand")));
    let id = world.next_id("InventoryAdjustmentGroup");
    Some(Node::record(
        "InventoryAdjustmentGroup",
        [
            ("id", gid("InventoryAdjustmentGroup", id).into()),
            ("createdAt", time(now).into()),
            ("reason", text(input, "reason").into()),
            ("referenceDocumentUri", text(input, "referenceDocumentUri").into()),
            ("app", Out::one(app(world))),
            ("changes", Out::many(nodes)),
        ],
    ))
}
