//! The endpoints below `/orders/{id}/refunds`.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Invalid, Refusal};
use super::order::{Line, Order, Refund, WorkKind};
use super::php::Params;
use super::product_write::{text, whole};
use super::query::{Key, ListQuery, Listed};
use super::world::World;

/// One line to be refunded.
struct Part {
    line: u64,
    units: i64,
    amount: Option<Decimal>,
}

/// A refusal whose data is a bare number: WordPress then answers 500, whatever the number says.
fn bare(code: &str, message: &str, number: u16) -> Refusal {
    let mut refusal = Refusal::new(500, code, message);
    refusal.data = json!(number);
    refusal
}

fn invalid_order() -> Refusal {
    bare("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
}

impl Listed for Refund {
    fn key(&self) -> Key<'_> {
        Key { id: self.id, title: "", slug: "", created: self.created, modified: self.created }
    }
}

impl World {
    pub(super) fn list_refunds(&self, order: u64, params: &Params) -> Result<Answer, Refusal> {
        let orderbys = ["date", "id", "include", "title", "slug", "modified"];
        let query = ListQuery::read(params, &orderbys, Invalid::default())?;
        let found = self.orders.get(&order);
        let refunds = found.map_or(&[][..], |order| &order.refunds);
        let (page, total) = query.select(refunds.iter());
        let items = page.into_iter().filter_map(|refund| Some(self.show_refund(found?, refund))).collect();
        Ok(query.answer(self, &format!("/orders/{order}/refunds"), params, items, total))
    }

    pub(super) fn get_refund(&self, order: u64, id: u64) -> Result<Answer, Refusal> {
        let order = self.orders.get(&order).ok_or_else(invalid_order)?;
        let refund = order.refunds.iter().find(|refund| refund.id == id);
        let refund = refund.ok_or_else(|| Refusal::invalid_id(404, "shop_order_refund"))?;
        Ok(Answer::ok(self.show_refund(order, refund)))
    }

    pub(super) fn create_refund(&mut self, id: u64, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let order = self.orders.get(&id).ok_or_else(invalid_order)?;
        let failed = |message: &str| bare("woocommerce_rest_cannot_create_order_refund", message, 500);
        if body.get("api_refund") != Some(&json!(false)) {
            // Left out, it means yes; this shop has no payment gateway that could.
            return Err(failed("The payment gateway for this order does not exist."));
        }
        let parts = read_parts(order, body);
        let said = text(body, "amount").and_then(|text| text.parse::<Decimal>().ok());
        let amounts: Option<Vec<Decimal>> = parts.iter().map(|part| part.amount).collect();
        let amount = said.or(amounts.map(|amounts| amounts.iter().sum())).unwrap_or_default();
        if amount.is_sign_negative() && !amount.is_zero() {
            let message = "Refund amount must be greater than zero.";
            return Err(bare("woocommerce_rest_invalid_order_refund", message, 400));
        }
        if amount > order.total() - order.refunded() {
            return Err(failed("Invalid refund amount."));
        }
        let restock =
            body.get("api_restock") != Some(&json!(false)) && body.get("restock_items") != Some(&json!(false));
        let reason = text(body, "reason").unwrap_or_default();
        let refund = self.add_refund(id, amount, reason, &parts, restock);
        let location = self.api(&format!("/orders/{id}/refunds/{refund}"));
        self.get_refund(id, refund).map(|answer| Answer::created(answer.body, location))
    }

    /// Take a refund back. Its money is due again; the units that it put back stay where they are.
    pub(super) fn delete_refund(&mut self, order: u64, id: u64, force: bool) -> Result<Answer, Refusal> {
        let answer = self.get_refund(order, id)?;
        if !force {
            return Err(Refusal::no_trash("The shop_order_refund does not support trashing."));
        }
        if let Some(order) = self.orders.get_mut(&order) {
            order.refunds.retain(|refund| refund.id != id);
        }
        Ok(answer)
    }

    fn add_refund(&mut self, id: u64, amount: Decimal, reason: String, parts: &[Part], restock: bool) -> u64 {
        self.finish_work(id);
        let refund_id = self.fresh_id();
        let lines = parts
            .iter()
            .map(|part| (self.fresh_id(), part.line, part.units, part.amount.unwrap_or_default()))
            .collect();
        let now = self.now();
        let Some(order) = self.orders.get_mut(&id) else { return refund_id };
        order.refunds.insert(0, Refund { id: refund_id, created: now, amount, reason, lines });
        order.modified = now;
        let all = is_all_refunded(order);
        let units: Vec<(u64, i64)> = parts.iter().map(|part| (part.line, part.units)).collect();
        self.events.push(("order.updated", id));
        if all {
            // Saved without another look at stock: `refunded` neither takes nor gives.
            self.mark_refunded(id);
        }
        if restock {
            self.begin_work(id, WorkKind::Restock(units));
        }
        refund_id
    }

    fn mark_refunded(&mut self, id: u64) {
        if let Some(order) = self.orders.get_mut(&id) {
            order.status = "refunded".to_owned();
        }
    }

    /// What follows when staff set the status to `refunded`: a refund of what is left, without lines or stock.
    pub(super) fn refund_rest(&mut self, id: u64) {
        let rest = self.orders.get(&id).map(|order| order.total() - order.refunded()).unwrap_or_default();
        if !rest.is_zero() {
            self.add_refund(id, rest, "Order fully refunded.".to_owned(), &[], false);
        }
    }

    /// Staff refund units of one line at the price paid.
    pub(super) fn refund_units(&mut self, id: u64, line: u64, units: i64, restock: bool) {
        let found = self.orders.get(&id).and_then(|order| order.lines.iter().find(|of| of.id == line));
        let Some(found) = found.filter(|line| line.quantity != 0) else { return };
        let amount = found.total * Decimal::from(units) / Decimal::from(found.quantity);
        let part = Part { line, units, amount: Some(amount) };
        self.add_refund(id, amount, String::new(), &[part], restock);
    }
}

/// Nothing is left to refund; an order with a free line also needs all its units refunded.
fn is_all_refunded(order: &Order) -> bool {
    let left = |line: &Line| line.quantity > order.refunded_units(line.id);
    let free = order.lines.iter().any(|line| line.total.is_zero());
    order.refunded() >= order.total() && !(free && order.lines.iter().any(left))
}

/// Lines as `[{id, quantity, refund_total}]` or `{"id": {qty, refund_total}}`; unknown ones are passed over.
fn read_parts(order: &Order, body: &Map<String, Value>) -> Vec<Part> {
    let part = |line: Option<u64>, said: &Map<String, Value>| {
        let line = line.filter(|line| order.lines.iter().any(|of| of.id == *line))?;
        let units = whole(said, "qty").or_else(|| whole(said, "quantity")).unwrap_or_default();
        let amount = text(said, "refund_total").and_then(|text| text.parse().ok());
        (units != 0 || amount.is_some()).then_some(Part { line, units, amount })
    };
    match body.get("line_items") {
        Some(Value::Array(list)) => {
            let objects = list.iter().filter_map(Value::as_object);
            objects.filter_map(|said| part(whole(said, "id").map(i64::unsigned_abs), said)).collect()
        }
        Some(Value::Object(map)) => {
            map.iter().filter_map(|(id, said)| part(id.parse().ok(), said.as_object()?)).collect()
        }
        _ => Vec::new(),
    }
}
