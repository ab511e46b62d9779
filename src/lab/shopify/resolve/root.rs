//! The root of queries.

use serde_json::Value;

use super::connection::{Rows, counted};
use super::{Ask, Node, Out, missing};
use crate::lab::shopify::gid::{Gid, level_number};
use crate::lab::shopify::graphql::error::GraphError;
use crate::lab::shopify::world::World;

/// A field of the query root.
pub fn field(name: &str, ask: &mut Ask<'_>) -> Result<Out, GraphError> {
    Ok(match name {
        "shop" => Out::one(Node::Shop),
        "currentAppInstallation" => Out::one(Node::Installation),
        "product" => by_id(ask, "Product")?,
        "productVariant" => by_id(ask, "ProductVariant")?,
        "inventoryItem" => by_id(ask, "InventoryItem")?,
        "inventoryLevel" => by_id(ask, "InventoryLevel")?,
        "order" => by_id(ask, "Order")?,
        "webhookSubscription" => by_id(ask, "WebhookSubscription")?,
        "productOperation" => by_id(ask, "ProductSetOperation")?,
        "location" if ask.text("id").is_none() => {
            Out::One(ask.world.locations.first().map(|location| Node::Location(location.id)))
        }
        "location" => by_id(ask, "Location")?,
        "node" => Out::One(ask.text("id").and_then(|id| find(ask.world, id))),
        "nodes" => {
            let ids = ask.args.get("ids").and_then(Value::as_array).into_iter().flatten();
            Out::Many(ids.map(|id| id.as_str().and_then(|id| find(ask.world, id))).collect())
        }
        "productByHandle" => Out::One(ask.text("handle").and_then(|handle| by_handle(ask.world, handle))),
        "productByIdentifier" => by_identifier(ask)?,
        "products" | "productVariants" | "inventoryItems" | "locations" | "orders" | "webhookSubscriptions" => {
            Rows::of(name, ask).page(ask)?
        }
        "inventoryProperties" => super::inventory::properties(),
        "productsCount" => counted("products", ask),
        "productVariantsCount" => counted("productVariants", ask),
        "ordersCount" => counted("orders", ask),
        "locationsCount" => counted("locations", ask),
        "webhookSubscriptionsCount" => counted("webhookSubscriptions", ask),
        _ => return Err(missing("QueryRoot", name)),
    })
}

fn by_id(ask: &Ask<'_>, kind: &str) -> Result<Out, GraphError> {
    let id = ask.text("id").unwrap_or_default();
    if Gid::parse(id).is_none_or(|gid| gid.kind != kind) {
        return Err(GraphError::new("RESOURCE_NOT_FOUND", format!("Invalid id: {id}")));
    }
    Ok(Out::One(find(ask.world, id)))
}

fn by_identifier(ask: &Ask<'_>) -> Result<Out, GraphError> {
    let given = |name: &str| ask.args.get("identifier").and_then(|identifier| identifier.get(name)?.as_str());
    match (given("id"), given("handle")) {
        (Some(id), None) => Ok(Out::One(Gid::number(id, "Product").and_then(|_| find(ask.world, id)))),
        (None, Some(handle)) => Ok(Out::One(by_handle(ask.world, handle))),
        _ => Err(GraphError::new("BAD_REQUEST", "Exactly one identifier must be given.")),
    }
}

fn by_handle(world: &World, handle: &str) -> Option<Node> {
    world.handles.get(handle).map(|id| Node::Product(*id))
}

/// What a global id names, if it is there.
pub fn find(world: &World, id: &str) -> Option<Node> {
    let gid = Gid::parse(id)?;
    match (gid.kind, gid.item) {
        ("InventoryLevel", Some(item)) => {
            let (location, _) = world.items.get(&item)?.levels.iter().find(|(at, _)| level_number(**at) == gid.id)?;
            Some(Node::Level { item, location: *location })
        }
        (_, Some(_)) => None,
        ("Product", None) => world.products.contains_key(&gid.id).then_some(Node::Product(gid.id)),
        ("ProductVariant", None) => world.variants.contains_key(&gid.id).then_some(Node::Variant(gid.id)),
        ("InventoryItem", None) => world.items.contains_key(&gid.id).then_some(Node::Item(gid.id)),
        ("Location", None) => {
            world.locations.iter().any(|location| location.id == gid.id).then_some(Node::Location(gid.id))
        }
        ("Order", None) => world.orders.contains_key(&gid.id).then_some(Node::Order(gid.id)),
        ("LineItem", None) => {
            world.orders.values().find(|order| order.line.id == gid.id).map(|order| Node::Line(order.id))
        }
        ("WebhookSubscription", None) => {
            world.subscriptions.contains_key(&gid.id).then_some(Node::Subscription(gid.id))
        }
        ("ProductSetOperation", None) => super::product::operation(world, gid.id),
        _ => None,
    }
}
