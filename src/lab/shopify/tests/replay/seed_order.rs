//! Orders that a recording needs.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::facts::entries;
use super::seed::{amount, text, time};
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::world::{Line, Order, World};

/// Put an order there. The lab's orders have one line: the first that is known.
pub fn order(world: &mut World, id: u64, known: &Map<String, Value>) {
    let lines = known.get("lineItems").map(entries).unwrap_or_default();
    let line = lines.first().and_then(Value::as_object).cloned().unwrap_or_default();
    let price = |fields: &Map<String, Value>, name: &str| {
        fields.get(name).and_then(|set| amount(set.pointer("/shopMoney/amount")))
    };
    let quantity = line.get("quantity").and_then(Value::as_i64).unwrap_or(1);
    let number = |value: Option<&Value>, kind| {
        value.and_then(|value| value.get("id")?.as_str()).and_then(|id| Gid::number(id, kind))
    };
    let total = price(known, "totalPriceSet").or_else(|| price(known, "currentTotalPriceSet"));
    let line_id = text(&line, "id").and_then(|id| Gid::number(id, "LineItem"));
    let line = Line {
        id: line_id.unwrap_or_else(|| world.next_id("LineItem")),
        variant: number(line.get("variant"), "ProductVariant").unwrap_or_default(),
        product: number(line.get("product"), "Product").unwrap_or_default(),
        item: 0,
        location: world.locations.first().map_or(0, |location| location.id),
        sku: text(&line, "sku").unwrap_or_default().to_owned(),
        title: text(&line, "title").unwrap_or("Recorded").to_owned(),
        variant_title: String::new(),
        price: price(&line, "originalUnitPriceSet").or(total).unwrap_or(Decimal::ONE),
        quantity,
        current: line.get("currentQuantity").and_then(Value::as_i64).unwrap_or(quantity),
        taken: 0,
    };
    let name = text(known, "name").unwrap_or_default();
    let tags = known.get("tags").map(entries).unwrap_or_default();
    let order = Order {
        id,
        number: name.trim_start_matches('#').parse().unwrap_or(id),
        line,
        refunds: Vec::new(),
        email: text(known, "email").unwrap_or_default().to_owned(),
        tags: tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        note: text(known, "note").map(str::to_owned),
        created: time(known, "createdAt"),
        updated: time(known, "updatedAt"),
        cancelled: text(known, "cancelledAt").and_then(|at| at.parse().ok()),
    };
    world.orders.insert(id, order);
}
