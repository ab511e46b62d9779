//! Orders and refunds.

use rust_decimal::Decimal;
use serde_json::Value;

use super::connection::Rows;
use super::facts::Fact;
use super::{Ask, Node, Out, count, missing, money_bag, number, time};
use crate::lab::shopify::gid::gid;
use crate::lab::shopify::graphql::error::GraphError;
use crate::lab::shopify::world::{CURRENCY, Line, Order, Refund, World};

/// A field of an order.
pub fn order(id: u64, name: &str, ask: &mut Ask<'_>) -> Result<Out, GraphError> {
    let Some(order) = ask.world.orders.get(&id) else { return Err(missing("Order", name)) };
    let line = &order.line;
    Ok(match name {
        "id" => gid("Order", id).into(),
        "legacyResourceId" => number(id),
        "name" => order_name(order).into(),
        "number" => order.number.into(),
        "email" => order.email.clone().into(),
        "note" => order.note.clone().into(),
        "tags" => order.tags.clone().into(),
        "test" => false.into(),
        "confirmed" => true.into(),
        "closed" => order.cancelled.is_some().into(),
        "closedAt" => order.cancelled.map(time).into(),
        "createdAt" | "processedAt" => time(order.created).into(),
        "updatedAt" => time(order.updated).into(),
        "cancelledAt" => order.cancelled.map(time).into(),
        "cancelReason" => order.cancelled.map(|_| "CUSTOMER").into(),
        "currencyCode" => CURRENCY.into(),
        "displayFinancialStatus" => financial(order).to_uppercase().into(),
        "displayFulfillmentStatus" => "UNFULFILLED".into(),
        "subtotalLineItemsQuantity" => line.quantity.into(),
        "currentSubtotalLineItemsQuantity" => line.current.into(),
        "totalPriceSet" => money_bag(line.price * Decimal::from(line.quantity)),
        "currentTotalPriceSet" => money_bag(line.price * Decimal::from(line.current)),
        "totalRefundedSet" => money_bag(line.price * Decimal::from(line.quantity - line.current)),
        "subtotalPriceSet" | "originalTotalPriceSet" | "totalReceivedSet" => {
            money_bag(line.price * Decimal::from(line.quantity))
        }
        "currentSubtotalPriceSet" | "netPaymentSet" => money_bag(line.price * Decimal::from(line.current)),
        "totalDiscountsSet" | "totalTaxSet" => money_bag(Decimal::ZERO),
        "paymentGatewayNames" => vec!["manual"].into(),
        "presentmentCurrencyCode" => CURRENCY.into(),
        "fullyPaid" | "refundable" | "restockable" | "requiresShipping" => true.into(),
        "returnStatus" => "NO_RETURN".into(),
        "statusPageUrl" => format!("https://{}/orders/{id}", ask.world.domain).into(),
        "transactions" => Out::many(transactions(order)),
        "transactionsCount" => count(1 + order.refunds.len()),
        "lineItems" => Rows::plain("LineItem", [(line.id, Node::Line(id))]).page(ask)?,
        "refunds" => {
            let first = ask.int("first").and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX);
            let refunds = order.refunds.iter().take(first);
            Out::many(refunds.map(|refund| Node::Refund { order: id, refund: refund.id }))
        }
        _ => Out::Unset,
    })
}

/// A field of an order's line.
pub fn line(order: u64, name: &str, world: &World) -> Result<Out, GraphError> {
    let Some(order) = world.orders.get(&order) else { return Err(missing("LineItem", name)) };
    let line = &order.line;
    Ok(match name {
        "id" => gid("LineItem", line.id).into(),
        "title" => line.title.clone().into(),
        "name" => line_name(line).into(),
        "variantTitle" => variant_title(line).into(),
        "sku" => line.sku.clone().into(),
        "quantity" => line.quantity.into(),
        "currentQuantity" | "refundableQuantity" => line.current.into(),
        "unfulfilledQuantity" => line.current.into(),
        "requiresShipping" | "taxable" | "restockable" => true.into(),
        "originalUnitPriceSet" | "discountedUnitPriceSet" => money_bag(line.price),
        "originalTotalSet" | "discountedTotalSet" => money_bag(line.price * Decimal::from(line.quantity)),
        "vendor" => world.products.get(&line.product).map(|product| product.vendor.clone()).into(),
        "merchantEditable" => true.into(),
        // What was sold may be gone since.
        "variant" => Out::One(world.variants.get(&line.variant).map(|variant| Node::Variant(variant.id))),
        "product" => Out::One(world.products.get(&line.product).map(|product| Node::Product(product.id))),
        _ => Out::Unset,
    })
}

/// A field of a refund.
pub fn refund(order: u64, refund: u64, name: &str, ask: &mut Ask<'_>) -> Result<Out, GraphError> {
    let found = ask.world.orders.get(&order).and_then(|order| {
        let refund = order.refunds.iter().find(|other| other.id == refund)?;
        Some((order, refund))
    });
    let Some((order, refund)) = found else { return Err(missing("Refund", name)) };
    Ok(match name {
        "id" => gid("Refund", refund.id).into(),
        "legacyResourceId" => number(refund.id),
        "createdAt" | "updatedAt" | "processedAt" => time(refund.created).into(),
        "note" => Value::Null.into(),
        "order" => Out::one(Node::Order(order.id)),
        "totalRefundedSet" => money_bag(order.line.price * Decimal::from(refund.quantity)),
        "refundLineItems" => {
            let location = refund.restocked.then_some(Node::Location(order.line.location));
            let entry = Node::record(
                "RefundLineItem",
                [
                    ("id", gid("RefundLineItem", refund.id).into()),
                    ("lineItem", Out::one(Node::Line(order.id))),
                    ("quantity", refund.quantity.into()),
                    ("restockType", restock_type(refund).to_uppercase().into()),
                    ("restocked", refund.restocked.into()),
                    ("priceSet", money_bag(order.line.price)),
                    ("subtotalSet", money_bag(order.line.price * Decimal::from(refund.quantity))),
                    ("location", Out::One(location)),
                ],
            );
            Rows::plain("RefundLineItem", [(refund.id, entry)]).page(ask)?
        }
        _ => Out::Unset,
    })
}

/// What was paid, and what was given back.
fn transactions(order: &Order) -> Vec<Node> {
    let line = &order.line;
    let node = |id: u64, kind: &'static str, quantity: i64, at| {
        Node::record(
            "OrderTransaction",
            [
                ("id", gid("OrderTransaction", id).into()),
                ("kind", kind.into()),
                ("status", "SUCCESS".into()),
                ("gateway", "manual".into()),
                ("formattedGateway", "manual".into()),
                ("amountSet", money_bag(line.price * Decimal::from(quantity))),
                ("createdAt", time(at).into()),
                ("processedAt", time(at).into()),
            ],
        )
    };
    let refunds = order.refunds.iter().map(|refund| node(refund.id, "REFUND", refund.quantity, refund.created));
    std::iter::once(node(order.id, "SALE", line.quantity, order.created)).chain(refunds).collect()
}

/// What orders can be searched for.
pub fn facts(order: &Order, field: &str) -> Vec<Fact> {
    let text = |text: &str| vec![Fact::Text(text.to_owned())];
    match field {
        "name" => vec![Fact::Text(order_name(order)), Fact::Text(order.number.to_string())],
        "status" if order.cancelled.is_some() => vec![Fact::Text("cancelled".into()), Fact::Text("any".into())],
        "status" => vec![Fact::Text("open".into()), Fact::Text("any".into())],
        "financial_status" => text(financial(order)),
        "fulfillment_status" => text("unfulfilled"),
        "sku" => text(&order.line.sku),
        "email" => text(&order.email),
        "tag" => order.tags.iter().map(|tag| Fact::Text(tag.clone())).collect(),
        "created_at" | "processed_at" => vec![Fact::At(order.created)],
        "updated_at" => vec![Fact::At(order.updated)],
        _ => vec![Fact::Number(i64::try_from(order.id).unwrap_or(i64::MAX))],
    }
}

/// The name people see (`#1001`).
pub fn order_name(order: &Order) -> String {
    format!("#{}", order.number)
}

/// Payment status, in lower case.
pub fn financial(order: &Order) -> &'static str {
    match (order.line.current, order.refunds.is_empty()) {
        (_, true) => "paid",
        (0, false) => "refunded",
        (_, false) => "partially_refunded",
    }
}

/// What becomes of the units, in lower case.
pub fn restock_type(refund: &Refund) -> &'static str {
    // Nothing is ever fulfilled here, so what goes back is a cancelled line, not a returned one.
    if refund.restocked { "cancel" } else { "no_restock" }
}

/// Option values, if it has any.
pub fn variant_title(line: &Line) -> Option<&str> {
    (!line.variant_title.is_empty()).then_some(line.variant_title.as_str())
}

/// Title and option values.
pub fn line_name(line: &Line) -> String {
    match variant_title(line) {
        Some(variant) => format!("{} - {variant}", line.title),
        None => line.title.clone(),
    }
}
