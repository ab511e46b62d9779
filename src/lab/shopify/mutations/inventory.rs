//! `inventoryActivate` and `inventoryItemUpdate`.

use serde_json::Value;

use super::variant_input::apply_item;
use super::{Args, object, text};
use crate::clock::Time;
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::resolve::{Node, Out};
use crate::lab::shopify::user_error::{UserError, user_errors};
use crate::lab::shopify::world::{Level, World};

/// Quantities that a level can start with, either way. Observed on version 2026-04.
const START_MAX: i64 = 1_000_000_000;

/// The payload of `inventoryActivate`.
pub fn activated(level: Option<(u64, u64)>, errors: &[UserError]) -> Node {
    let level = level.map(|(item, location)| Node::Level { item, location });
    Node::record(
        "InventoryActivatePayload",
        [("inventoryLevel", Out::One(level)), ("userErrors", user_errors("UserError", errors))],
    )
}

/// `inventoryActivate`: stock an item at a location.
pub fn activate(world: &mut World, args: &Args, now: Time) -> Node {
    let item = text(args, "inventoryItemId").and_then(|id| Gid::number(id, "InventoryItem"));
    let location = text(args, "locationId").and_then(|id| Gid::number(id, "Location"));
    let item = item.and_then(|id| world.items.get(&id));
    let location = location.and_then(|id| world.locations.iter().find(|location| location.id == id));
    let (Some(item), Some(location)) = (item, location) else {
        let mut errors = Vec::new();
        if item.is_none() {
            errors.push(UserError::plain("inventoryItemId", "The specified inventory item could not be found."));
        }
        if location.is_none() {
            errors.push(UserError::plain("locationId", "The specified location could not be found."));
        }
        return activated(None, &errors);
    };
    let start = |name: &str| args.get(name).and_then(Value::as_i64);
    let (available, on_hand) = (start("available"), start("onHand"));
    let (item, place, name) = (item.id, location.id, location.name.clone());
    let refused = |why: &str| format!("The product couldn't be stocked at {name} because {why}.");
    if available.is_some() && on_hand.is_some() {
        let message = refused("not allowed to set available and on_hand quantities at the same time");
        return activated(None, &["available", "onHand"].map(|field| UserError::plain(field, message.clone())));
    }
    let given = [("available", "available", available), ("onHand", "on_hand", on_hand)];
    let given = given.into_iter().find_map(|(field, state, quantity)| Some((field, state, quantity?)));
    let active = world.items.get(&item).and_then(|item| item.levels.get(&place)).is_some_and(|level| level.active);
    if active {
        let errors = given.map(|(field, state, _)| {
            let message =
                format!("Not allowed to set an {state} quantity when the item is already active at the location.");
            UserError::plain(field, message)
        });
        return activated(Some((item, place)), errors.as_slice());
    }
    if let Some((field, ..)) = given.filter(|(.., quantity)| quantity.abs() > START_MAX) {
        let message = refused("the quantity needs to be between -1 billion and 1 billion");
        return activated(None, &[UserError::plain(field, message)]);
    }
    if let Some(held) = world.items.get_mut(&item) {
        held.levels.entry(place).or_insert_with(|| Level::empty(true, now)).active = true;
    }
    world.move_stock(item, place, "available", given.map_or(0, |(.., quantity)| quantity), now);
    activated(Some((item, place)), &[])
}

/// `inventoryItemUpdate`.
pub fn update(world: &mut World, args: &Args, now: Time) -> Node {
    let id = text(args, "id").and_then(|id| Gid::number(id, "InventoryItem"));
    let item = id.and_then(|id| world.items.get_mut(&id));
    let mut errors = Vec::new();
    let found = item.map(|item| {
        if let Some(input) = object(args, "input") {
            apply_item(item, input, now);
        }
        (item.id, item.variant)
    });
    match found.and_then(|(_, variant)| world.variants.get(&variant)).map(|variant| variant.product) {
        Some(product) => world.touch(product, now),
        None => errors.push(UserError::plain("id", "The product couldn't be updated because it does not exist.")),
    }
    Node::record(
        "InventoryItemUpdatePayload",
        [
            ("inventoryItem", Out::One(found.map(|(item, _)| Node::Item(item)))),
            ("userErrors", user_errors("UserError", &errors)),
        ],
    )
}
