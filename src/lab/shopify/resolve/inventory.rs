//! Inventory items, levels and locations.

use serde_json::Value;

use super::connection::Rows;
use super::{Ask, Node, Out, count, missing, money_v2, number, time};
use crate::lab::shopify::gid::{Gid, gid, level_gid, level_number};
use crate::lab::shopify::graphql::error::GraphError;
use crate::lab::shopify::world::{Item, World, in_building};

/// A field of an inventory item.
pub fn item(id: u64, name: &str, ask: &mut Ask<'_>) -> Result<Out, GraphError> {
    let world = ask.world;
    let Some(item) = world.items.get(&id) else { return Err(missing("InventoryItem", name)) };
    Ok(match name {
        "id" => gid("InventoryItem", id).into(),
        "legacyResourceId" => number(id),
        "sku" => item.sku.clone().into(),
        "tracked" => item.tracked.into(),
        "requiresShipping" => item.requires_shipping.into(),
        "unitCost" => Out::One(item.cost.map(money_v2)),
        "countryCodeOfOrigin" | "harmonizedSystemCode" | "provinceCodeOfOrigin" => {
            item.customs.get(name).cloned().into()
        }
        "measurement" => {
            let (unit, value) = &item.weight;
            let weight = Node::record("Weight", [("unit", unit.clone().into()), ("value", (*value).into())]);
            Out::one(Node::record("InventoryItemMeasurement", [("weight", Out::one(weight))]))
        }
        "variant" => Out::one(Node::Variant(item.variant)),
        "variants" => Rows::plain("ProductVariant", [(item.variant, Node::Variant(item.variant))]).page(ask)?,
        "inventoryLevel" => {
            let location = ask.text("locationId").and_then(|id| Gid::number(id, "Location"));
            Out::One(location.and_then(|location| level_node(item, location, ask.flag("includeInactive"))))
        }
        "inventoryLevels" => {
            let inactive = ask.flag("includeInactive");
            let levels: Vec<_> = item
                .levels
                .keys()
                .filter_map(|location| Some((level_number(*location), level_node(item, *location, inactive)?)))
                .collect();
            Rows::searched("InventoryLevel", levels, "ID", ask).page(ask)?
        }
        "trackedEditable" => Out::one(Node::record("EditableProperty", [("locked", false.into())])),
        "locationsCount" => count(item.levels.values().filter(|level| level.active).count()),
        "duplicateSkuCount" => duplicates(world, item).into(),
        "createdAt" => time(item.created).into(),
        "updatedAt" => time(item.updated).into(),
        _ => Out::Unset,
    })
}

fn level_node(item: &Item, location: u64, inactive: bool) -> Option<Node> {
    let level = item.levels.get(&location)?;
    (level.active || inactive).then_some(Node::Level { item: item.id, location })
}

fn duplicates(world: &World, item: &Item) -> usize {
    let Some(sku) = &item.sku else { return 0 };
    world.items.values().filter(|other| other.id != item.id && other.sku.as_ref() == Some(sku)).count()
}

/// A field of a level.
pub fn level(item: u64, location: u64, name: &str, ask: &Ask<'_>) -> Result<Out, GraphError> {
    let Some(level) = ask.world.items.get(&item).and_then(|held| held.levels.get(&location)) else {
        return Err(missing("InventoryLevel", name));
    };
    Ok(match name {
        "id" => level_gid(location, item).into(),
        "isActive" => level.active.into(),
        "canDeactivate" => level.quantities.iter().all(|(_, count)| *count == 0).into(),
        "deactivationAlert" => Value::Null.into(),
        "item" => Out::one(Node::Item(item)),
        "location" => Out::one(Node::Location(location)),
        "createdAt" => time(level.created).into(),
        "updatedAt" => time(level.updated).into(),
        "quantities" => {
            let names = ask.args.get("names").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let mut nodes = Vec::new();
            for name in names {
                let Some(quantity) = level.quantity(name) else {
                    return Err(GraphError::new("BAD_REQUEST", format!("The quantity name '{name}' is invalid.")));
                };
                // Only `available` carries a time: observed on version 2026-04.
                let updated = (name == "available").then(|| time(level.updated));
                let id = format!(
                    "gid://shopify/InventoryQuantity/{}?inventory_item_id={item}&name={name}",
                    level_number(location)
                );
                nodes.push(Node::record(
                    "InventoryQuantity",
                    [
                        ("id", id.into()),
                        ("name", name.into()),
                        ("quantity", quantity.into()),
                        ("updatedAt", updated.into()),
                    ],
                ));
            }
            Out::many(nodes)
        }
        _ => Out::Unset,
    })
}

/// A field of a location.
pub fn location(id: u64, name: &str, ask: &mut Ask<'_>) -> Result<Out, GraphError> {
    let world = ask.world;
    let Some(location) = world.locations.iter().find(|location| location.id == id) else {
        return Err(missing("Location", name));
    };
    let primary = world.locations.first().is_some_and(|first| first.id == id);
    let stocked = || world.items.values().filter(|item| item.levels.get(&id).is_some_and(|level| level.active));
    Ok(match name {
        "id" => gid("Location", id).into(),
        "legacyResourceId" => number(id),
        "name" => location.name.clone().into(),
        "isActive" | "fulfillsOnlineOrders" | "activatable" => true.into(),
        "shipsInventory" => primary.into(),
        "isPrimary" => primary.into(),
        "isFulfillmentService" | "deletable" => false.into(),
        "addressVerified" => true.into(),
        "deactivatable" => (!primary).into(),
        "deactivatedAt" => Value::Null.into(),
        "hasActiveInventory" => stocked().next().is_some().into(),
        "hasUnfulfilledOrders" => {
            world.orders.values().any(|order| order.cancelled.is_none() && order.line.location == id).into()
        }
        "createdAt" | "updatedAt" => time(location.created).into(),
        "address" => Out::one(Node::record(
            "LocationAddress",
            [
                ("country", "United States".into()),
                ("countryCode", "US".into()),
                ("formatted", vec!["United States"].into()),
            ],
        )),
        "inventoryLevel" => {
            let item = ask.text("inventoryItemId").and_then(|id| Gid::number(id, "InventoryItem"));
            let item = item.and_then(|item| world.items.get(&item));
            Out::One(item.and_then(|item| level_node(item, id, ask.flag("includeInactive"))))
        }
        "inventoryLevels" => {
            let inactive = ask.flag("includeInactive");
            let levels = world.items.values().filter_map(|item| Some((item.id, level_node(item, id, inactive)?)));
            let levels = levels.collect();
            Rows::searched("InventoryLevel", levels, "ID", ask).page(ask)?
        }
        _ => Out::Unset,
    })
}

/// The states that quantities can be in.
pub fn properties() -> Out {
    let names =
        ["available", "committed", "damaged", "incoming", "on_hand", "quality_control", "reserved", "safety_stock"];
    let nodes = names.map(|name| {
        let inside = |other: &str| in_building(other) && other != "on_hand";
        let comprises: Vec<&str> = names.into_iter().filter(|other| name == "on_hand" && inside(other)).collect();
        let belongs: Vec<&str> = ["on_hand"].into_iter().filter(|_| inside(name)).collect();
        let mut shown = name.replace('_', " ");
        if let Some(first) = shown.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let used = matches!(name, "available" | "committed" | "on_hand" | "reserved");
        Node::record(
            "InventoryQuantityName",
            [
                ("name", name.into()),
                ("displayName", shown.into()),
                ("isInUse", used.into()),
                ("belongsTo", belongs.into()),
                ("comprises", comprises.into()),
            ],
        )
    });
    Out::one(Node::record("InventoryProperties", [("quantityNames", Out::many(nodes))]))
}
