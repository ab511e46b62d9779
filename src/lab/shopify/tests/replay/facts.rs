//! What a recording tells of the shop: every object with an id, with the fields that any answer shows of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::lab::shopify::gid::Gid;

/// Fields of objects by their global ids.
#[derive(Debug, Default, Clone)]
pub struct Facts(BTreeMap<String, Map<String, Value>>);

/// Objects that are part of another, by the field that holds them, and how the part names its whole.
const PARTS: [(&str, &str); 5] = [
    ("variants", "product"),
    ("inventoryItem", "variant"),
    ("inventoryLevels", "item"),
    ("lineItems", "order"),
    ("refunds", "order"),
];

impl Facts {
    /// Take in all objects of an answer. Later answers win.
    pub fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(fields) => {
                let id = fields.get("id").and_then(Value::as_str).filter(|id| Gid::parse(id).is_some());
                if let Some(id) = id {
                    for (part, whole) in PARTS {
                        let reference = Value::Object(Map::from_iter([("id".to_owned(), id.into())]));
                        for inner in fields.get(part).map(entries).unwrap_or_default() {
                            if let Some(inner) = inner.get("id").and_then(Value::as_str) {
                                let known = self.0.entry(inner.to_owned()).or_default();
                                known.entry(whole.to_owned()).or_insert_with(|| reference.clone());
                            }
                        }
                    }
                    let known = self.0.entry(id.to_owned()).or_default();
                    for (name, value) in fields {
                        let emptier = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
                        if !emptier || !known.contains_key(name) {
                            known.insert(name.clone(), value.clone());
                        }
                    }
                }
                fields.values().for_each(|value| self.learn(value));
            }
            _ => {}
        }
    }

    /// What is known of an object.
    pub fn of(&self, id: &str) -> Option<&Map<String, Value>> {
        self.0.get(id)
    }

    /// Ids of a kind.
    pub fn ids<'f>(&'f self, kind: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.keys().map(String::as_str).filter(move |id| Gid::parse(id).is_some_and(|gid| gid.kind == kind))
    }
}

/// The entries of a list or a connection, or the one object.
pub fn entries(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(fields) => match (fields.get("nodes"), fields.get("edges")) {
            (Some(Value::Array(nodes)), _) => nodes.clone(),
            (None, Some(Value::Array(edges))) => edges.iter().map(|edge| edge["node"].clone()).collect(),
            _ => vec![value.clone()],
        },
        _ => Vec::new(),
    }
}
