//! Changing things: one at a time, or many in one call.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::place::Things;
use super::product_write::whole;
use super::routes::no_route;
use super::world::World;

/// Batches beyond this are refused; the API's own limit (observed on WooCommerce 10.0.2).
const MAX_BATCH: usize = 100;

impl World {
    /// `strict`: a single call, whose types WordPress checks; items of a batch are not checked.
    pub(super) fn create(
        &mut self,
        things: Things,
        body: &Map<String, Value>,
        strict: bool,
    ) -> Result<Answer, Refusal> {
        match things {
            Things::Shelf(shelf) => self.create_product(shelf, body, strict),
            Things::Terms(taxonomy) => self.create_term(taxonomy, body),
            Things::Attributes => self.create_attribute(body),
            Things::Orders => self.create_order(body, strict),
            Things::Notes(order) => self.create_note(order, body),
            Things::Refunds(order) => self.create_refund(order, body),
            Things::Webhooks => self.create_hook(body, strict),
        }
    }

    pub(super) fn edit(
        &mut self,
        things: Things,
        id: u64,
        body: &Map<String, Value>,
        strict: bool,
    ) -> Result<Answer, Refusal> {
        match things {
            Things::Shelf(shelf) => self.update_product(shelf, id, body, strict),
            Things::Terms(taxonomy) => self.update_term(taxonomy, id, body),
            Things::Attributes => self.update_attribute(id, body),
            Things::Orders => self.update_order(id, body, strict),
            Things::Notes(_) | Things::Refunds(_) => Err(no_route()),
            Things::Webhooks => self.update_hook(id, body),
        }
    }

    /// `force`: for good, without a stay in the trash.
    pub(super) fn delete(&mut self, things: Things, id: u64, force: Option<bool>) -> Result<Answer, Refusal> {
        let forced = force.unwrap_or_default();
        match things {
            Things::Shelf(shelf) => self.delete_product(shelf, id, forced),
            Things::Terms(taxonomy) => self.delete_term(taxonomy, id, forced),
            Things::Attributes => self.delete_attribute(id, force),
            Things::Orders => self.delete_order(id, forced),
            Things::Notes(order) => self.delete_note(order, id, forced),
            Things::Refunds(order) => self.delete_refund(order, id, forced),
            Things::Webhooks => self.delete_hook(id, forced),
        }
    }

    /// Create, update, delete, in that order; each item succeeds or fails alone.
    pub(super) fn batch(&mut self, things: Things, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let list = |key: &str| body.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let (create, update, delete) = (list("create"), list("update"), list("delete"));
        if create.len() + update.len() + delete.len() > MAX_BATCH {
            let message = format!("Unable to accept more than {MAX_BATCH} items for this request.");
            return Err(Refusal::new(413, "woocommerce_rest_request_entity_too_large", message));
        }
        let object = |item: &Value| item.as_object().cloned().unwrap_or_default();
        let shown = |result: Result<Answer, Refusal>, id: &Value| match result {
            Ok(answer) => answer.body,
            Err(refusal) => refusal.in_batch(id),
        };
        let mut done = Map::new();
        for item in create {
            push(&mut done, "create", shown(self.create(things, &object(item), false), &json!(0)));
        }
        for item in update {
            let id = item.get("id").cloned().unwrap_or_default();
            let number = whole(&object(item), "id").unwrap_or_default().unsigned_abs();
            push(&mut done, "update", shown(self.edit(things, number, &object(item), false), &id));
        }
        for item in delete {
            let number = item.as_u64().or_else(|| item.as_str()?.parse().ok()).unwrap_or_default();
            if number != 0 {
                push(&mut done, "delete", shown(self.delete(things, number, Some(true)), &json!(number)));
            }
        }
        Ok(Answer::ok(Value::Object(done)))
    }
}

fn push(done: &mut Map<String, Value>, key: &str, item: Value) {
    if let Value::Array(items) = done.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
        items.push(item);
    }
}
