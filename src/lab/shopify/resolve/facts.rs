//! What entries can be searched for and sorted by.

use std::collections::HashSet;

use super::connection::Key;
use super::{Node, order};
use crate::clock::Time;
use crate::lab::shopify::world::{Product, Variant, World};

/// What is known of an entry.
pub struct Facts<'a> {
    /// The shop.
    pub world: &'a World,
    /// The entry.
    pub node: &'a Node,
}

/// A value to compare with.
#[derive(Debug)]
pub enum Fact {
    /// Letter case does not count.
    Text(String),
    /// A count or an id.
    Number(i64),
    /// A point in time, compared by the second.
    At(Time),
}

/// Fields that can be searched for, by type.
pub fn is_known(kind: &str, field: &str) -> bool {
    let known: &[&str] = match kind {
        "Product" => &[
            "id",
            "title",
            "handle",
            "status",
            "vendor",
            "product_type",
            "tag",
            "sku",
            "barcode",
            "inventory_total",
            "created_at",
            "updated_at",
        ],
        "ProductVariant" => &[
            "id",
            "title",
            "sku",
            "barcode",
            "product_id",
            "product_ids",
            "product_status",
            "vendor",
            "product_type",
            "tag",
            "inventory_quantity",
            "updated_at",
        ],
        "InventoryItem" => &["id", "sku", "created_at", "updated_at"],
        "InventoryLevel" => &["inventory_item_id", "created_at", "updated_at"],
        "Location" => &["id", "name", "location_id", "active", "created_at"],
        "Order" => &[
            "id",
            "name",
            "status",
            "financial_status",
            "fulfillment_status",
            "sku",
            "email",
            "tag",
            "created_at",
            "processed_at",
            "updated_at",
        ],
        _ => &["id", "created_at", "updated_at"],
    };
    known.contains(&field)
}

fn text(of: impl Into<String>) -> Fact {
    Fact::Text(of.into())
}

fn id(of: u64) -> Fact {
    Fact::Number(signed(of))
}

/// Ids of this shop fit; an id that did not would sort last.
fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

impl Facts<'_> {
    /// Values of a field; `None` when there is no such field.
    pub fn values(&self, field: &str) -> Option<Vec<Fact>> {
        is_known(self.node.kind(), field).then(|| self.known(field).unwrap_or_default())
    }

    fn known(&self, field: &str) -> Option<Vec<Fact>> {
        let world = self.world;
        Some(match self.node {
            Node::Product(product) => product_values(world, world.products.get(product)?, field),
            Node::Variant(variant) => variant_values(world, world.variants.get(variant)?, field),
            Node::Item(item) => {
                let item = world.items.get(item)?;
                match field {
                    "sku" => item.sku.iter().map(text).collect(),
                    "created_at" => vec![Fact::At(item.created)],
                    "updated_at" => vec![Fact::At(item.updated)],
                    _ => vec![id(item.id)],
                }
            }
            Node::Level { item, location } => {
                let level = world.items.get(item)?.levels.get(location)?;
                match field {
                    "created_at" => vec![Fact::At(level.created)],
                    "updated_at" => vec![Fact::At(level.updated)],
                    _ => vec![id(*item)],
                }
            }
            Node::Location(location) => {
                let location = world.locations.iter().find(|other| other.id == *location)?;
                match field {
                    "name" => vec![text(&location.name)],
                    "active" => vec![text("true")],
                    "created_at" => vec![Fact::At(location.created)],
                    _ => vec![id(location.id)],
                }
            }
            Node::Order(order) => order::facts(world.orders.get(order)?, field),
            Node::Subscription(subscription) => {
                let subscription = world.subscriptions.get(subscription)?;
                match field {
                    "created_at" => vec![Fact::At(subscription.created)],
                    "updated_at" => vec![Fact::At(subscription.updated)],
                    _ => vec![id(subscription.id)],
                }
            }
            _ => return None,
        })
    }

    /// Whether it has one of these SKUs, given in lower case.
    pub fn has_sku(&self, skus: &HashSet<String>) -> bool {
        let found = self.values("sku").unwrap_or_default();
        found.iter().any(|fact| matches!(fact, Fact::Text(sku) if skus.contains(&sku.to_lowercase())))
    }

    /// Where words without a field are looked for.
    pub fn texts(&self) -> Vec<String> {
        let fields: &[&str] = match self.node {
            Node::Product(_) | Node::Variant(_) => &["title", "sku", "barcode", "vendor", "tag"],
            Node::Item(_) => &["sku"],
            Node::Location(_) | Node::Order(_) => &["name"],
            _ => &[],
        };
        let found = fields.iter().filter_map(|field| self.values(field)).flatten();
        let mut texts: Vec<String> =
            found.filter_map(|fact| if let Fact::Text(text) = fact { Some(text) } else { None }).collect();
        if let Node::Variant(variant) = self.node
            && let Some((_, product, _)) = self.world.variant(*variant)
        {
            texts.push(product.title.clone());
        }
        texts
    }
}

fn product_values(world: &World, product: &Product, field: &str) -> Vec<Fact> {
    let variants = || product.variants.iter().filter_map(|id| world.variant(*id));
    match field {
        "title" => vec![text(&product.title)],
        "handle" => vec![text(&product.handle)],
        "status" => vec![text(&product.status)],
        "vendor" => vec![text(&product.vendor)],
        "product_type" => vec![text(&product.product_type)],
        "tag" => product.tags.iter().map(text).collect(),
        "sku" => variants().filter_map(|(_, _, item)| item.sku.as_deref()).map(text).collect(),
        "barcode" => variants().filter_map(|(variant, _, _)| variant.barcode.as_deref()).map(text).collect(),
        "inventory_total" => vec![Fact::Number(world.total_inventory(product))],
        "created_at" => vec![Fact::At(product.created)],
        "updated_at" => vec![Fact::At(product.updated)],
        _ => vec![id(product.id)],
    }
}

fn variant_values(world: &World, variant: &Variant, field: &str) -> Vec<Fact> {
    let Some((_, product, item)) = world.variant(variant.id) else { return Vec::new() };
    match field {
        "title" => vec![text(variant.title())],
        "sku" => item.sku.iter().map(text).collect(),
        "barcode" => variant.barcode.iter().map(text).collect(),
        "product_id" | "product_ids" => vec![id(product.id)],
        "product_status" => vec![text(&product.status)],
        "inventory_quantity" => vec![Fact::Number(world.available(item))],
        "updated_at" => vec![Fact::At(variant.updated)],
        "id" => vec![id(variant.id)],
        _ => product_values(world, product, field),
    }
}

/// The value that an entry is sorted by.
pub fn sort_key(facts: &Facts<'_>, sort: &str, id: u64) -> Key {
    let field = match sort {
        "CREATED_AT" => "created_at",
        "UPDATED_AT" => "updated_at",
        "PROCESSED_AT" => "processed_at",
        "TITLE" => "title",
        "VENDOR" => "vendor",
        "PRODUCT_TYPE" => "product_type",
        "INVENTORY_TOTAL" => "inventory_total",
        "INVENTORY_QUANTITY" => "inventory_quantity",
        "SKU" => "sku",
        "NAME" => "name",
        _ => return Key::Number(signed(id)),
    };
    match facts.values(field).and_then(|values| values.into_iter().next()) {
        Some(Fact::At(at)) => Key::Number(at.timestamp_millis()),
        Some(Fact::Number(number)) => Key::Number(number),
        Some(Fact::Text(text)) => Key::Text(text.to_lowercase()),
        None => Key::Text(String::new()),
    }
}
