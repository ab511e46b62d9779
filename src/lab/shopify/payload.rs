//! What webhooks carry. Field names and shapes follow published samples of each topic.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::event::{Event, Subject};
use super::gid::{gid, level_gid};
use super::resolve::order::{financial, line_name, order_name, restock_type, variant_title};
use super::resolve::{local_time, money, time};
use super::world::{CURRENCY, Line, Order, Product, Refund, World};

/// The body for an event, from what is there now; `None` when it is gone.
pub fn body(world: &World, event: &Event) -> Option<Value> {
    match event.subject {
        Subject::Product(id) => world.products.get(&id).map(|found| product(world, found)),
        Subject::DeletedProduct(id) => Some(json!({ "id": id })),
        Subject::Level { item, location } => {
            let held = world.items.get(&item)?;
            let level = held.levels.get(&location)?;
            Some(json!({
                "inventory_item_id": item,
                "location_id": location,
                "available": held.tracked.then(|| level.quantity("available")),
                "updated_at": local_time(level.updated),
                "admin_graphql_api_id": level_gid(location, item),
            }))
        }
        Subject::Order(id) => world.orders.get(&id).map(|found| order(world, found)),
        Subject::Refund { order, refund } => {
            let order = world.orders.get(&order)?;
            let refund = order.refunds.iter().find(|other| other.id == refund)?;
            Some(refund_payload(world, order, refund))
        }
    }
}

/// A product as `products/*` webhooks carry it.
fn product(world: &World, product: &Product) -> Value {
    let variants: Vec<Value> = product
        .variants
        .iter()
        .filter_map(|id| world.variant(*id))
        .zip(1_u64..)
        .map(|((variant, _, item), position)| {
            let option = |index: usize| variant.values.get(index);
            let quantity = world.available(item);
            json!({
                "admin_graphql_api_id": gid("ProductVariant", variant.id),
                "barcode": variant.barcode,
                "compare_at_price": variant.compare_at.map(money),
                "created_at": local_time(variant.created),
                "id": variant.id,
                "inventory_policy": variant.policy.to_lowercase(),
                "position": position,
                "price": money(variant.price),
                "product_id": product.id,
                "sku": item.sku,
                "taxable": variant.taxable,
                "title": variant.title(),
                "updated_at": local_time(variant.updated),
                "option1": option(0),
                "option2": option(1),
                "option3": option(2),
                "image_id": null,
                "inventory_item_id": item.id,
                "inventory_quantity": quantity,
                "old_inventory_quantity": quantity,
            })
        })
        .collect();
    let gids: Vec<Value> = product
        .variants
        .iter()
        .filter_map(|id| world.variants.get(id))
        .map(|variant| json!({ "admin_graphql_api_id": gid("ProductVariant", variant.id), "updated_at": time(variant.updated) }))
        .collect();
    let options: Vec<Value> = product
        .options
        .iter()
        .zip(1_u64..)
        .map(|(option, position)| {
            let values: Vec<&str> = option.values.iter().map(|(_, name)| name.as_str()).collect();
            json!({ "name": option.name, "id": option.id, "product_id": product.id, "position": position, "values": values })
        })
        .collect();
    json!({
        "admin_graphql_api_id": gid("Product", product.id),
        "body_html": product.description_html,
        "created_at": local_time(product.created),
        "handle": product.handle,
        "id": product.id,
        "product_type": product.product_type,
        "published_at": (product.status == "ACTIVE").then(|| local_time(product.created)),
        "template_suffix": null,
        "title": product.title,
        "updated_at": local_time(product.updated),
        "vendor": product.vendor,
        "status": product.status.to_lowercase(),
        "published_scope": "web",
        "tags": product.tags.join(", "),
        "variants": variants,
        "options": options,
        "images": [],
        "image": null,
        "media": [],
        "variant_gids": gids,
        "has_variants_that_requires_components": false,
    })
}

fn money_set(amount: Decimal) -> Value {
    let money = json!({ "amount": money(amount), "currency_code": CURRENCY });
    json!({ "shop_money": money, "presentment_money": money })
}

fn line_payload(world: &World, line: &Line) -> Value {
    json!({
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "attributed_staffs": [],
        "current_quantity": line.current,
        "fulfillable_quantity": line.current,
        "fulfillment_service": "manual",
        "fulfillment_status": null,
        "gift_card": false,
        "grams": 0,
        "name": line_name(line),
        "price": money(line.price),
        "price_set": money_set(line.price),
        "product_exists": world.products.contains_key(&line.product),
        "product_id": line.product,
        "properties": [],
        "quantity": line.quantity,
        "requires_shipping": true,
        "sku": line.sku,
        "taxable": true,
        "title": line.title,
        "total_discount": "0.00",
        "total_discount_set": money_set(Decimal::ZERO),
        "variant_id": line.variant,
        "variant_inventory_management": "shopify",
        "variant_title": variant_title(line),
        "vendor": null,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    })
}

fn refund_payload(world: &World, order: &Order, refund: &Refund) -> Value {
    let line = &order.line;
    let subtotal = line.price * Decimal::from(refund.quantity);
    let entry = json!({
        "id": refund.id,
        "quantity": refund.quantity,
        "line_item_id": line.id,
        "location_id": refund.restocked.then_some(line.location),
        "restock_type": restock_type(refund),
        "subtotal": subtotal.to_string().parse::<f64>().unwrap_or_default(),
        "total_tax": 0.0,
        "subtotal_set": money_set(subtotal),
        "total_tax_set": money_set(Decimal::ZERO),
        "line_item": line_payload(world, line),
    });
    json!({
        "id": refund.id,
        "order_id": order.id,
        "created_at": local_time(refund.created),
        "note": null,
        "user_id": 548_380_009,
        "processed_at": local_time(refund.created),
        "restock": refund.restocked,
        "duties": [],
        "total_duties_set": money_set(Decimal::ZERO),
        "return": null,
        "refund_shipping_lines": [],
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_adjustments": [],
        "refund_line_items": [entry],
        "transactions": [],
    })
}

/// An order as `orders/*` webhooks carry it.
fn order(world: &World, order: &Order) -> Value {
    let line = &order.line;
    let total = line.price * Decimal::from(line.quantity);
    let current = line.price * Decimal::from(line.current);
    let mut payload = json!({
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "app_id": 580_111,
        "browser_ip": "192.0.2.17",
        "buyer_accepts_marketing": false,
        "cancel_reason": order.cancelled.map(|_| "customer"),
        "cancelled_at": order.cancelled.map(local_time),
        "closed_at": null,
        "confirmed": true,
        "contact_email": order.email,
        "created_at": local_time(order.created),
        "currency": CURRENCY,
        "customer_locale": "en",
        "discount_codes": [],
        "email": order.email,
        "financial_status": financial(order),
        "fulfillment_status": null,
        "location_id": null,
        "name": order_name(order),
        "note": null,
        "number": order.number - 1000,
        "order_number": order.number,
        "phone": null,
        "presentment_currency": CURRENCY,
        "processed_at": local_time(order.created),
        "source_name": "web",
        "tags": "",
        "tax_lines": [],
        "taxes_included": false,
        "test": false,
        "updated_at": local_time(order.updated),
        "discount_applications": [],
        "fulfillments": [],
        "line_items": [line_payload(world, line)],
        "refunds": order.refunds.iter().map(|refund| refund_payload(world, order, refund)).collect::<Vec<_>>(),
        "shipping_lines": [],
    });
    for (name, amount) in [
        ("current_subtotal_price", current),
        ("current_total_price", current),
        ("current_total_tax", Decimal::ZERO),
        ("subtotal_price", total),
        ("total_discounts", Decimal::ZERO),
        ("total_line_items_price", total),
        ("total_price", total),
        ("total_tax", Decimal::ZERO),
    ] {
        payload[name] = money(amount).into();
        payload[format!("{name}_set")] = money_set(amount);
    }
    let buyer = buyer(order);
    payload["billing_address"] = buyer["default_address"].clone();
    payload["shipping_address"] = buyer["default_address"].clone();
    payload["customer"] = buyer;
    payload
}

/// Nobody: the data that real orders carry and that must not end up in logs.
fn buyer(order: &Order) -> Value {
    let last = format!("Buyer{}", order.number);
    json!({
        "id": 115_310_627_314_723_000_u64 + order.number,
        "admin_graphql_api_id": gid("Customer", 115_310_627_314_723_000 + order.number),
        "email": order.email,
        "first_name": "Robin",
        "last_name": last,
        "state": "disabled",
        "phone": null,
        "currency": CURRENCY,
        "default_address": {
            "first_name": "Robin",
            "last_name": last,
            "name": format!("Robin {last}"),
            "address1": "12 Harbour Road",
            "address2": null,
            "company": null,
            "city": "Portsmouth",
            "zip": "03801",
            "province": "New Hampshire",
            "province_code": "NH",
            "country": "United States",
            "country_code": "US",
            "phone": null,
        },
    })
}
