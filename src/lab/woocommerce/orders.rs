//! The endpoints below `/orders`.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Invalid, Refusal};
use super::order::{Line, Order, STATUSES};
use super::php::{self, Params};
use super::product::Kind;
use super::product_write::{text, whole};
use super::query::{Key, ListQuery, Listed};
use super::world::World;

const ORDERBYS: [&str; 6] = ["date", "id", "include", "title", "slug", "modified"];

/// Fields of an order that are kept as they were written.
const PLAIN: [&str; 7] = [
    "currency",
    "customer_note",
    "payment_method",
    "payment_method_title",
    "transaction_id",
    "shipping_lines",
    "fee_lines",
];

impl Listed for Order {
    fn mentions(&self, word: &str) -> bool {
        let billing = self.plain.get("billing").and_then(Value::as_object);
        let mut texts = billing.into_iter().flatten().filter_map(|(_, value)| value.as_str());
        self.id.to_string() == word
            || texts.any(|text| text.to_lowercase().contains(word))
            || self.lines.iter().any(|line| line.name.to_lowercase().contains(word))
    }

    fn key(&self) -> Key<'_> {
        Key { id: self.id, title: &self.key, slug: &self.key, created: self.created, modified: self.modified }
    }
}

impl World {
    pub(super) fn list_orders(&self, params: &Params) -> Result<Answer, Refusal> {
        let mut invalid = Invalid::default();
        let statuses = params.list("status");
        let choices: Vec<&str> = ["any", "trash"].into_iter().chain(STATUSES).collect();
        for (at, status) in statuses.iter().enumerate() {
            if !choices.contains(&status.as_str()) {
                invalid.choice(&format!("status[{at}]"), &choices);
            }
        }
        let query = ListQuery::read(params, &ORDERBYS, invalid)?;
        let any = statuses.is_empty() || statuses.iter().any(|status| status == "any");
        let product = params.filled("product").and_then(|id| id.parse::<u64>().ok());
        let fits = |order: &&Order| {
            let status = if any { order.status != "trash" } else { statuses.contains(&order.status) };
            status && product.is_none_or(|id| order.lines.iter().any(|line| line.product_id == id))
        };
        let (page, total) = query.select(self.orders.values().filter(fits));
        let items = page.into_iter().map(|order| self.show_order(order)).collect();
        Ok(query.answer(self, "/orders", params, items, total))
    }

    pub(super) fn get_order(&self, id: u64) -> Result<Answer, Refusal> {
        let order = self.orders.get(&id).ok_or_else(|| Refusal::invalid_id(404, "shop_order"))?;
        Ok(Answer::ok(self.show_order(order)))
    }

    /// A new order, saved as `pending` before anything else, as WooCommerce does.
    pub(super) fn insert_order(&mut self, created_via: &'static str, lines: Vec<Line>) -> u64 {
        let id = self.fresh_id();
        let random = crate::clock::fresh_key().replace('-', "");
        let key = format!("wc_order_{}", random.get(..13).unwrap_or_default());
        let order = Order {
            id,
            key,
            created_via,
            status: "pending".to_owned(),
            created: self.now(),
            modified: self.now(),
            paid: None,
            completed: None,
            lines,
            refunds: Vec::new(),
            notes: Vec::new(),
            stock_reduced: false,
            work: None,
            meta: Vec::new(),
            plain: Map::new(),
        };
        self.orders.insert(id, order);
        self.events.push(("order.created", id));
        id
    }

    pub(super) fn create_order(&mut self, body: &Map<String, Value>, strict: bool) -> Result<Answer, Refusal> {
        let status = wanted_status(body, strict)?;
        if body.get("id").and_then(Value::as_u64).unwrap_or_default() != 0 {
            let message = "Cannot create existing shop_order.";
            return Err(Refusal::new(400, "woocommerce_rest_shop_order_exists", message));
        }
        if whole(body, "customer_id").unwrap_or_default() != 0 {
            let message = "Customer ID is invalid.";
            return Err(Refusal::new(400, "woocommerce_rest_invalid_customer_id", message));
        }
        let lines: Result<Vec<Line>, Refusal> = said_lines(body).map(|line| self.read_line(line)).collect();
        let id = self.insert_order("rest-api", lines?);
        self.write_order_fields(id, body);
        if let Some(status) = status {
            self.set_order_status(id, &status);
        }
        self.pay_if_said(id, body);
        let shown = self.orders.get(&id).map(|order| self.show_order(order)).unwrap_or_default();
        Ok(Answer::created(shown, self.api(&format!("/orders/{id}"))))
    }

    pub(super) fn update_order(&mut self, id: u64, body: &Map<String, Value>, strict: bool) -> Result<Answer, Refusal> {
        let status = wanted_status(body, strict)?;
        if !self.orders.contains_key(&id) {
            return Err(Refusal::invalid_id(400, "shop_order"));
        }
        for said in said_lines(body) {
            self.update_line(id, said)?;
        }
        self.write_order_fields(id, body);
        let old = self.orders.get(&id).map(|order| order.status.clone()).unwrap_or_default();
        self.set_order_status(id, &status.unwrap_or(old));
        self.pay_if_said(id, body);
        self.get_order(id)
    }

    pub(super) fn delete_order(&mut self, id: u64, force: bool) -> Result<Answer, Refusal> {
        let answer = self.get_order(id)?;
        if force {
            self.orders.remove(&id);
            return Ok(answer);
        }
        let now = self.now();
        if let Some(order) = self.orders.get_mut(&id) {
            if order.status == "trash" {
                let message = "The shop_order has already been deleted.";
                return Err(Refusal::new(410, "woocommerce_rest_already_trashed", message));
            }
            order.status = "trash".to_owned();
            order.modified = now;
            self.events.push(("order.deleted", id));
        }
        Ok(answer)
    }

    /// `set_paid: true` is a payment: the order goes on to `processing` unless it is there or further.
    fn pay_if_said(&mut self, id: u64, body: &Map<String, Value>) {
        let status = self.orders.get(&id).map(|order| order.status.as_str());
        let unpaid = matches!(status, Some("pending" | "failed" | "on-hold" | "cancelled"));
        if unpaid && body.get("set_paid") == Some(&json!(true)) {
            self.set_order_status(id, "processing");
        }
    }

    fn write_order_fields(&mut self, id: u64, body: &Map<String, Value>) {
        let Some(mut order) = self.orders.get(&id).cloned() else { return };
        for key in PLAIN {
            if let Some(value) = body.get(key).filter(|value| !value.is_null()) {
                order.plain.insert(key.to_owned(), value.clone());
            }
        }
        for key in ["billing", "shipping"] {
            let Some(said) = body.get(key).and_then(Value::as_object) else { continue };
            let shown = self.show_order(&order);
            let mut address = shown.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
            address.extend(said.clone());
            order.plain.insert(key.to_owned(), Value::Object(address));
        }
        for meta in body.get("meta_data").and_then(Value::as_array).into_iter().flatten() {
            self.write_meta(&mut order.meta, meta);
        }
        self.orders.insert(id, order);
    }

    /// A line of a product, at its price.
    pub(super) fn new_line(&mut self, product: u64, quantity: i64) -> Line {
        let id = self.fresh_id();
        let now = self.now();
        let bought = self.products.get(&product);
        let price: Decimal = bought.and_then(|product| product.price(now).parse().ok()).unwrap_or_default();
        let total = price * Decimal::from(quantity);
        let (product_id, variation_id) = match bought {
            Some(product) if product.kind == Kind::Variation => (product.parent, product.id),
            Some(product) => (product.id, 0),
            None => (0, 0),
        };
        let name = bought.map(|product| self.title_of(product)).unwrap_or_default();
        let meta: Vec<(u64, String, Value)> = match bought {
            Some(product) if product.kind == Kind::Variation => {
                let options = product.attributes.iter();
                let pair = |at: &super::product::Attribute| (php::slug(&at.name), json!(at.options.first()));
                options.map(pair).map(|(key, value)| (0, key, value)).collect()
            }
            _ => Vec::new(),
        };
        let meta = meta.into_iter().map(|(_, key, value)| (self.fresh_id(), key, value)).collect();
        Line {
            id,
            name,
            product_id,
            variation_id,
            quantity,
            subtotal: total,
            total,
            reduced: None,
            restocked: 0,
            moving: 0,
            meta,
        }
    }

    fn read_line(&mut self, said: &Map<String, Value>) -> Result<Line, Refusal> {
        let id = |key: &str| whole(said, key).filter(|id| *id > 0).map(i64::unsigned_abs);
        let by_sku = text(said, "sku").filter(|sku| !sku.is_empty());
        let product = match by_sku {
            Some(sku) => self.sku_holder(&sku, 0).unwrap_or_default(),
            None => id("variation_id").or(id("product_id")).ok_or_else(|| {
                let message = "Product ID or SKU is required.";
                Refusal::new(400, "woocommerce_rest_required_product_reference", message)
            })?,
        };
        let mut line = self.new_line(product, whole(said, "quantity").unwrap_or(1));
        write_line(&mut line, said);
        for meta in said.get("meta_data").and_then(Value::as_array).into_iter().flatten() {
            self.write_meta(&mut line.meta, meta);
        }
        Ok(line)
    }

    fn update_line(&mut self, order: u64, said: &Map<String, Value>) -> Result<(), Refusal> {
        let Some(id) = said.get("id").and_then(Value::as_u64) else {
            let line = self.read_line(said)?;
            if let Some(order) = self.orders.get_mut(&order) {
                order.lines.push(line);
            }
            return Ok(());
        };
        let found = self.orders.get_mut(&order).and_then(|order| order.lines.iter_mut().find(|line| line.id == id));
        let Some(line) = found else {
            let message = "Order item ID provided is not associated with order.";
            return Err(Refusal::new(400, "woocommerce_rest_invalid_item_id", message));
        };
        write_line(line, said);
        match whole(said, "quantity") {
            // The line goes; the stock that it took stays taken.
            Some(0) => {
                if let Some(order) = self.orders.get_mut(&order) {
                    order.lines.retain(|line| line.id != id);
                }
            }
            Some(quantity) => self.set_line_quantity(order, id, quantity),
            None => {}
        }
        Ok(())
    }
}

fn said_lines(body: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    body.get("line_items").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn write_line(line: &mut Line, said: &Map<String, Value>) {
    let amount = |key: &str| text(said, key).and_then(|text| text.parse::<Decimal>().ok());
    line.name = text(said, "name").unwrap_or_else(|| std::mem::take(&mut line.name));
    line.subtotal = amount("subtotal").unwrap_or(line.subtotal);
    line.total = amount("total").unwrap_or(line.total);
}

/// The status that is asked for. A single call with an unknown one is refused; in a batch it becomes `pending`.
fn wanted_status(body: &Map<String, Value>, strict: bool) -> Result<Option<String>, Refusal> {
    let Some(status) = text(body, "status").filter(|status| !status.is_empty()) else { return Ok(None) };
    if STATUSES.contains(&status.as_str()) {
        return Ok(Some(status));
    }
    let mut invalid = Invalid::default();
    invalid.choice("status", &STATUSES);
    if strict {
        invalid.into_result()?;
    }
    Ok(Some("pending".to_owned()))
}
