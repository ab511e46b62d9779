//! `inventoryMoveQuantities` and `inventoryDeactivate`. Words and codes were observed on versions 2025-01 and 2026-04 where
//! recorded, else they are those of the schema.

use serde_json::Value;

use super::quantities::{
    ADJUSTABLE, Change, adjusted, document_and_reason_problems, known_item, known_location, quantity, stale, write,
};
use super::{Args, list, object, text};
use crate::clock::Time;
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::resolve::{Node, find};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::World;

/// The mutation's name.
pub const MOVE: &str = "inventoryMoveQuantities";

/// `inventoryMoveQuantities`: from one state to another at one location; all changes or none.
pub fn move_quantities(world: &mut World, args: &Args, now: Time) -> Node {
    let empty = Args::new();
    let input = object(args, "input").unwrap_or(&empty);
    let mut errors = document_and_reason_problems(input);
    let mut changes = Vec::new();
    for (index, entry) in list(input, "changes").iter().filter_map(Value::as_object).enumerate() {
        read_move(world, entry, &format!("input.changes.{index}"), &mut changes, &mut errors);
    }
    if !errors.is_empty() {
        return adjusted(MOVE, None, &errors);
    }
    let group = write(world, input, changes, now);
    adjusted(MOVE, group, &[])
}

fn read_move(world: &World, entry: &Args, at: &str, changes: &mut Vec<Change>, errors: &mut Vec<UserError>) {
    let known = errors.len();
    let moved = entry.get("quantity").and_then(Value::as_i64).unwrap_or_default();
    if moved < 0 {
        let message = "The quantity can't be negative.";
        errors.push(UserError::new(&format!("{at}.quantity"), message, "INVALID_QUANTITY_NEGATIVE"));
    }
    let empty = Args::new();
    let ends = ["from", "to"].map(|end| (end, object(entry, end).unwrap_or(&empty)));
    let item = known_item(world, entry);
    if item.is_none() {
        let message = "The specified inventory item could not be found.";
        errors.push(UserError::new(&format!("{at}.inventoryItemId"), message, "INVALID_INVENTORY_ITEM"));
    }
    let mut states = Vec::new();
    for (end, terminal) in ends {
        let name = text(terminal, "name").unwrap_or_default();
        let Some(state) = ADJUSTABLE.into_iter().find(|known| *known == name) else {
            let valid = ADJUSTABLE.join(", ");
            let message = format!("The specified quantity name is invalid. Valid values are: {valid}.");
            errors.push(UserError::new(&format!("{at}.{end}.name"), message, "INVALID_QUANTITY_NAME"));
            continue;
        };
        let document = text(terminal, "ledgerDocumentUri").map(str::to_owned);
        let problem = match (state, &document) {
            ("available", Some(_)) => {
                Some(("A ledger document URI is not allowed when adjusting available.", "INVALID_AVAILABLE_DOCUMENT"))
            }
            ("available", None) | (_, Some(_)) => None,
            (_, None) => Some((
                "A ledger document URI is required except when adjusting available.",
                "INVALID_QUANTITY_DOCUMENT",
            )),
        };
        if let Some((message, code)) = problem {
            errors.push(UserError::new(&format!("{at}.{end}.ledgerDocumentUri"), message, code));
        }
        let location = known_location(world, terminal);
        if location.is_none() {
            let message = "The specified location could not be found.";
            errors.push(UserError::new(&format!("{at}.{end}.locationId"), message, "INVALID_LOCATION"));
        }
        let Some((item, location)) = item.zip(location) else { continue };
        let held = quantity(world, item, location, state);
        errors.extend(stale(terminal, held, &format!("{at}.{end}"), super::quantities::STALE_ON_ADJUST));
        let delta = if end == "from" { -moved } else { moved };
        states.push(Change { item, location, state, delta, document });
    }
    if let [from, to] = states.as_slice() {
        if from.location != to.location {
            let message = "The quantities can't be moved between different locations.";
            errors.push(UserError::new(at, message, "DIFFERENT_LOCATIONS"));
        } else if from.state == to.state {
            let message = "The quantity names for each change can't be the same.";
            errors.push(UserError::new(at, message, "SAME_QUANTITY_NAME"));
        }
    }
    if errors.len() == known {
        changes.append(&mut states);
    }
}

/// The payload of `inventoryDeactivate`.
pub fn deactivated(errors: &[UserError]) -> Node {
    Node::record("InventoryDeactivatePayload", [("userErrors", user_errors("UserError", errors))])
}

/// `inventoryDeactivate`: an item is no longer stocked at a location. What is there stays noted.
pub fn deactivate(world: &mut World, args: &Args, now: Time) -> Node {
    let level = text(args, "inventoryLevelId").filter(|id| Gid::parse(id).is_some()).and_then(|id| find(world, id));
    let Some(Node::Level { item, location }) = level else {
        let message = "The product couldn't be unstocked because the product was deleted.";
        return deactivated(&[UserError::plain("inventoryLevelId", message)]);
    };
    let active = |held: &&crate::lab::shopify::world::Level| held.active;
    let levels = world.items.get(&item).map_or(0, |item| item.levels.values().filter(active).count());
    let name = world.locations.iter().find(|other| other.id == location).map(|other| other.name.clone());
    if levels <= 1 {
        let name = name.unwrap_or_default();
        let message = format!(
            "The product couldn't be unstocked from {name} because products need to be stocked at a minimum of 1 location."
        );
        return deactivated(&[UserError::plain("inventoryLevelId", message)]);
    }
    if let Some(level) = world.items.get_mut(&item).and_then(|item| item.levels.get_mut(&location)) {
        level.active = false;
        level.updated = now;
    }
    deactivated(&[])
}
