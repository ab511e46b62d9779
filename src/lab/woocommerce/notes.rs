//! The endpoints below `/orders/{id}/notes`.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::php::Params;
use super::product_write::{flag, text};
use super::world::{World, dates};
use crate::clock::Time;

/// A note on an order.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) id: u64,
    pub(super) author: &'static str,
    pub(super) text: String,
    pub(super) for_customer: bool,
    pub(super) created: Time,
}

/// Each call has a code of its own for one and the same fault.
fn no_order(code: &str) -> Refusal {
    Refusal::new(404, format!("woocommerce_rest_{code}_invalid_id"), "Invalid order ID.")
}

fn no_note() -> Refusal {
    Refusal::new(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
}

impl World {
    fn show_note(&self, order: u64, note: &Note) -> Value {
        let (created, created_gmt) = dates(note.created);
        let base = format!("/orders/{order}");
        json!({
            "id": note.id, "author": note.author, "date_created": created, "date_created_gmt": created_gmt,
            "note": note.text, "customer_note": note.for_customer,
            "_links": {
                "self": [{ "href": self.api(&format!("{base}/notes/{}", note.id)) }],
                "collection": [{ "href": self.api(&format!("{base}/notes")) }],
                "up": [{ "href": self.api(&base) }],
            },
        })
    }

    /// Note something on an order, as WooCommerce itself does.
    pub(super) fn note(&mut self, order: u64, text: String) {
        self.add_note(order, "system", text, false);
    }

    fn add_note(&mut self, order: u64, author: &'static str, text: String, for_customer: bool) -> Option<Note> {
        let note = Note { id: self.fresh_id(), author, text, for_customer, created: self.now() };
        let order = self.orders.get_mut(&order)?;
        // The newest comes first.
        order.notes.insert(0, note.clone());
        Some(note)
    }

    /// All notes of an order; this list knows no pages.
    pub(super) fn list_notes(&self, order: u64, params: &Params) -> Result<Answer, Refusal> {
        let found = self.orders.get(&order).ok_or_else(|| no_order("shop_order"))?;
        let wanted = params.filled("type").unwrap_or("any");
        let fits = |note: &&Note| match wanted {
            "customer" => note.for_customer,
            "internal" => !note.for_customer,
            _ => true,
        };
        Ok(Answer::ok(found.notes.iter().filter(fits).map(|note| self.show_note(order, note)).collect()))
    }

    pub(super) fn get_note(&self, order: u64, id: u64) -> Result<Answer, Refusal> {
        let found = self.orders.get(&order).ok_or_else(|| no_order("order"))?;
        let note = found.notes.iter().find(|note| note.id == id).ok_or_else(no_note)?;
        Ok(Answer::ok(self.show_note(order, note)))
    }

    pub(super) fn create_note(&mut self, order: u64, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let Some(words) = text(body, "note") else { return Err(Refusal::missing(&["note"])) };
        let by_user = flag(body, "added_by_user").unwrap_or_default();
        let for_customer = flag(body, "customer_note").unwrap_or_default();
        let author = if by_user { "admin" } else { "system" };
        let note = self.add_note(order, author, words, for_customer).ok_or_else(|| no_order("order"))?;
        let location = self.api(&format!("/orders/{order}/notes/{}", note.id));
        Ok(Answer::created(self.show_note(order, &note), location))
    }

    pub(super) fn delete_note(&mut self, order: u64, id: u64, force: bool) -> Result<Answer, Refusal> {
        if !force {
            // The words are WooCommerce's own, taken over from its webhooks.
            return Err(Refusal::no_trash("Webhooks do not support trashing."));
        }
        let answer = self.get_note(order, id)?;
        if let Some(order) = self.orders.get_mut(&order) {
            order.notes.retain(|note| note.id != id);
        }
        Ok(answer)
    }
}
