//! An order with its lines and refunds, and how the API shows it.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value, json};

use super::notes::Note;
use super::product::{extend, meta_json};
use super::world::{WOOCOMMERCE_VERSION, World, dates};
use crate::clock::Time;

/// Order statuses that a shop knows.
pub(super) const STATUSES: [&str; 8] =
    ["pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft"];

/// Added to a line's id to give each of its stock notes an id of its own.
const STOCK_META: u64 = 1_000_000_000;

/// Stock work of an order that is under way. Each step may be seen from outside.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) kind: WorkKind,
    /// Stock has been moved; what is left is to write it down on the lines.
    pub(super) moved: bool,
}

/// What an order's change means for stock.
#[derive(Debug, Clone)]
pub(super) enum WorkKind {
    /// The order takes its stock.
    Take,
    /// The order gives all of it back.
    GiveBack,
    /// A refund gives some back: line and units.
    Restock(Vec<(u64, i64)>),
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) product_id: u64,
    pub(super) variation_id: u64,
    pub(super) quantity: i64,
    pub(super) subtotal: Decimal,
    pub(super) total: Decimal,
    /// `_reduced_stock`: what this line took and did not give back.
    pub(super) reduced: Option<i64>,
    /// `_restock_refunded_items`: what refunds put back.
    pub(super) restocked: i64,
    /// Units moved by the [`Work`] under way that `reduced` does not say yet.
    pub(super) moving: i64,
    pub(super) meta: Vec<(u64, String, Value)>,
}

impl Line {
    /// The product or variation that was bought.
    pub(super) fn bought(&self) -> u64 {
        if self.variation_id == 0 { self.product_id } else { self.variation_id }
    }
}

/// A refund; lines are `(id, line, units, amount)`.
#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) id: u64,
    pub(super) created: Time,
    pub(super) amount: Decimal,
    pub(super) reason: String,
    pub(super) lines: Vec<(u64, u64, i64, Decimal)>,
}

/// An order.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) created_via: &'static str,
    pub(super) status: String,
    pub(super) created: Time,
    pub(super) modified: Time,
    pub(super) paid: Option<Time>,
    pub(super) completed: Option<Time>,
    pub(super) lines: Vec<Line>,
    pub(super) refunds: Vec<Refund>,
    pub(super) notes: Vec<Note>,
    /// The order's own note that its stock was taken.
    pub(super) stock_reduced: bool,
    pub(super) work: Option<Work>,
    pub(super) meta: Vec<(u64, String, Value)>,
    /// Addresses, payment, notes: as they were written.
    pub(super) plain: Map<String, Value>,
}

impl Order {
    pub(super) fn total(&self) -> Decimal {
        self.lines.iter().map(|line| line.total).sum()
    }

    pub(super) fn refunded(&self) -> Decimal {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// Units of a line that refunds took off.
    pub(super) fn refunded_units(&self, line: u64) -> i64 {
        let lines = self.refunds.iter().flat_map(|refund| &refund.lines);
        lines.filter(|(_, of, ..)| *of == line).map(|(_, _, units, _)| units).sum()
    }
}

/// Two decimals, as the shop's currency has.
pub(super) fn money(amount: Decimal) -> String {
    format!("{amount:.2}")
}

/// A number as JSON, whole where it is whole.
fn number(amount: Decimal) -> Value {
    match amount.normalize().to_i64().filter(|_| amount.fract().is_zero()) {
        Some(whole) => json!(whole),
        None => json!(amount.to_f64()),
    }
}

impl World {
    /// An order as JSON, with `_links`.
    pub(super) fn show_order(&self, order: &Order) -> Value {
        let (created, created_gmt) = dates(order.created);
        let (modified, modified_gmt) = dates(order.modified);
        let (paid, paid_gmt) = order.paid.map(dates).unzip();
        let (completed, completed_gmt) = order.completed.map(dates).unzip();
        let pay = format!("{}/checkout/order-pay/{}/?pay_for_order=true&key={}", self.site, order.id, order.key);
        let refunds = order.refunds.iter().map(
            |refund| json!({ "id": refund.id, "reason": refund.reason, "total": format!("-{}", money(refund.amount)) }),
        );
        let own = json!({
            "id": order.id, "parent_id": 0, "number": order.id.to_string(), "order_key": order.key,
            "created_via": order.created_via, "version": WOOCOMMERCE_VERSION, "status": order.status,
            "date_created": created, "date_created_gmt": created_gmt,
            "date_modified": modified, "date_modified_gmt": modified_gmt,
            "date_paid": paid, "date_paid_gmt": paid_gmt,
            "date_completed": completed, "date_completed_gmt": completed_gmt,
            "total": money(order.total()),
            "line_items": order.lines.iter().map(|line| self.show_line(line, None)).collect::<Value>(),
            "refunds": refunds.collect::<Value>(),
            "meta_data": order.meta.iter().map(meta_json).collect::<Value>(),
            "payment_url": pay,
            "is_editable": matches!(order.status.as_str(), "pending" | "on-hold"),
            "needs_payment": matches!(order.status.as_str(), "pending" | "failed") && !order.total().is_zero(),
            "needs_processing": true,
            "_links": {
                "self": [{ "href": self.api(&format!("/orders/{}", order.id)) }],
                "collection": [{ "href": self.api("/orders") }],
            },
        });
        let mut shown = base_fields();
        shown.extend(order.plain.clone());
        extend(&mut shown, own);
        Value::Object(shown)
    }

    /// A line; in a refund with its own id, units and amount, both negative.
    fn show_line(&self, line: &Line, refunded: Option<(u64, i64, Decimal)>) -> Value {
        let product = self.products.get(&line.bought());
        let mut meta = line.meta.clone();
        // Meta values come back from the database as text.
        let note =
            |at: u64, key: &str, units: i64| (line.id + STOCK_META + at, key.to_owned(), json!(units.to_string()));
        meta.extend(line.reduced.map(|units| note(0, "_reduced_stock", units)));
        meta.extend((line.restocked != 0).then(|| note(STOCK_META, "_restock_refunded_items", line.restocked)));
        let (id, quantity, subtotal, total) = match refunded {
            Some((id, units, amount)) => (id, -units, -amount, -amount),
            None => (line.id, line.quantity, line.subtotal, line.total),
        };
        if refunded.is_some() {
            meta = vec![(id + STOCK_META, "_refunded_item_id".to_owned(), json!(line.id.to_string()))];
        }
        let price = if quantity == 0 { Decimal::ZERO } else { total / Decimal::from(quantity) };
        let parent = product.and_then(|product| self.products.get(&product.parent));
        json!({
            "id": id, "name": line.name, "product_id": line.product_id, "variation_id": line.variation_id,
            "quantity": quantity, "tax_class": "",
            "subtotal": money(subtotal), "subtotal_tax": "0.00", "total": money(total), "total_tax": "0.00",
            "taxes": [], "meta_data": meta.iter().map(line_meta_json).collect::<Value>(),
            "sku": product.map(|product| product.sku.as_str()), "price": number(price),
            "image": { "id": "", "src": "" }, "parent_name": parent.map(|parent| parent.name.as_str()),
        })
    }

    /// A refund as JSON, with `_links`.
    pub(super) fn show_refund(&self, order: &Order, refund: &Refund) -> Value {
        let (created, created_gmt) = dates(refund.created);
        let lines = refund.lines.iter().filter_map(|(id, of, units, amount)| {
            let line = order.lines.iter().find(|line| line.id == *of)?;
            Some(self.show_line(line, Some((*id, *units, *amount))))
        });
        let base = format!("/orders/{}", order.id);
        json!({
            "id": refund.id, "parent_id": order.id, "date_created": created, "date_created_gmt": created_gmt,
            "amount": money(refund.amount), "reason": refund.reason, "refunded_by": 1, "refunded_payment": false,
            "meta_data": [], "line_items": lines.collect::<Value>(),
            "shipping_lines": [], "tax_lines": [], "fee_lines": [],
            "_links": {
                "self": [{ "href": self.api(&format!("{base}/refunds/{}", refund.id)) }],
                "collection": [{ "href": self.api(&format!("{base}/refunds")) }],
                "up": [{ "href": self.api(&base) }],
            },
        })
    }
}

fn line_meta_json((id, key, value): &(u64, String, Value)) -> Value {
    json!({ "id": id, "key": key, "value": value, "display_key": key, "display_value": value })
}

/// What the API shows of an order about which nothing was said (documented example of "Create an order").
fn base_fields() -> Map<String, Value> {
    let address = json!({
        "first_name": "", "last_name": "", "company": "", "address_1": "", "address_2": "", "city": "", "state": "",
        "postcode": "", "country": "", "phone": "",
    });
    let mut billing = address.clone();
    billing["email"] = json!("");
    let fields = json!({
        "currency": "USD", "currency_symbol": "$", "discount_total": "0.00", "discount_tax": "0.00",
        "shipping_total": "0.00", "shipping_tax": "0.00", "cart_tax": "0.00", "total_tax": "0.00",
        "prices_include_tax": false, "customer_id": 0, "customer_ip_address": "", "customer_user_agent": "",
        "customer_note": "", "billing": billing, "shipping": address, "payment_method": "",
        "payment_method_title": "", "transaction_id": "", "cart_hash": "", "tax_lines": [], "shipping_lines": [],
        "fee_lines": [], "coupon_lines": [],
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_the_shop_does() {
        let check = |text: &str, as_money: &str, as_number: Value| {
            let amount: Decimal = text.parse().unwrap();
            assert_eq!(money(amount), as_money, "{text}");
            assert_eq!(number(amount), as_number, "{text}");
        };
        check("15", "15.00", json!(15));
        check("15.00", "15.00", json!(15));
        check("-9.5", "-9.50", json!(-9.5));
        check("0", "0.00", json!(0));
    }
}
