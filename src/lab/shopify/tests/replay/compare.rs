//! Compares an answer with the recorded one: shape and errors, values, cost. Ids, times and cursors are the shop's own
//! affair; those of the recording are learned as they come.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::clock::Time;
use crate::lab::shopify::gid::Gid;

/// Recorded ids and cursors, and ours.
pub type Ids = BTreeMap<String, String>;

/// Ids as numbers inside of texts are this long at least.
const DIGITS_MIN: usize = 8;

/// What differs.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Names, types, nullness; fields, messages and codes of user errors; codes of top-level errors.
    pub shape: Vec<String>,
    /// Everything else in `data`, and messages of top-level errors.
    pub values: Vec<String>,
    /// Points.
    pub cost: Vec<String>,
}

/// The same value with our ids for the recorded ones.
pub fn translated(value: &Value, ids: &Ids) -> Value {
    match value {
        Value::String(text) => json!(ids.get(text).cloned().unwrap_or_else(|| numbers_translated(text, ids))),
        Value::Array(items) => items.iter().map(|item| translated(item, ids)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), translated(value, ids))).collect())
        }
        other => other.clone(),
    }
}

/// A text, or a document, with our ids in it.
pub fn numbers_translated(text: &str, ids: &Ids) -> String {
    let number = |gid: &str| Gid::parse(gid).map(|gid| gid.id.to_string());
    let numbers: BTreeMap<String, String> =
        ids.iter().filter_map(|(theirs, ours)| Some((number(theirs)?, number(ours)?))).collect();
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let known = numbers.get(&digits).filter(|_| digits.len() >= DIGITS_MIN);
        out.push_str(known.unwrap_or(&digits));
        digits.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Compare whole answers.
pub fn compare(ours: &Value, recorded: &Value, ids: &mut Ids, with_cost: bool) -> Verdict {
    let mut verdict = Verdict::default();
    let data = |answer: &Value| answer.get("data").cloned().unwrap_or_default();
    verdict.walk(&data(ours), &data(recorded), ids, "data");
    let part = |answer: &Value, name: &str| -> Vec<Value> {
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error.pointer(name).cloned().unwrap_or_default()).collect()
    };
    for (name, strict) in [("/extensions/code", true), ("/path", false), ("/message", false)] {
        let (ours, theirs) = (part(ours, name), part(recorded, name));
        if ours != theirs {
            let list = if strict { &mut verdict.shape } else { &mut verdict.values };
            list.push(format!("errors{name}: {ours:?}, recorded {theirs:?}"));
        }
    }
    if let (true, Some(cost)) = (with_cost, recorded.pointer("/extensions/cost")) {
        for name in ["requestedQueryCost", "actualQueryCost"] {
            let our = &ours["extensions"]["cost"][name];
            if our != &cost[name] {
                verdict.cost.push(format!("{name}: {our}, recorded {}", cost[name]));
            }
        }
    }
    verdict
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn names(fields: &Map<String, Value>) -> Vec<&str> {
    fields.keys().map(String::as_str).collect()
}

impl Verdict {
    fn walk(&mut self, ours: &Value, recorded: &Value, ids: &mut Ids, at: &str) {
        match (ours, recorded) {
            (Value::Object(ours), Value::Object(recorded)) => {
                if names(ours) != names(recorded) {
                    self.shape.push(format!("{at}: {:?}, recorded {:?}", names(ours), names(recorded)));
                }
                for (name, value) in ours {
                    if let Some(recorded) = recorded.get(name) {
                        self.walk(value, recorded, ids, &format!("{at}.{name}"));
                    }
                }
            }
            (Value::Array(ours), Value::Array(recorded)) if at.ends_with("serErrors") && ours == recorded => {}
            (Value::Array(ours), Value::Array(recorded)) if at.ends_with("serErrors") => {
                let (ours, recorded) = (json!(ours), json!(recorded));
                self.shape.push(format!("{at}: {ours}, recorded {recorded}"));
            }
            (Value::Array(ours), Value::Array(recorded)) => {
                if ours.len() != recorded.len() {
                    let list = if ours.is_empty() || recorded.is_empty() { &mut self.shape } else { &mut self.values };
                    list.push(format!("{at}: {} entries, recorded {}", ours.len(), recorded.len()));
                }
                for (index, (ours, recorded)) in ours.iter().zip(recorded).enumerate() {
                    self.walk(ours, recorded, ids, &format!("{at}.{index}"));
                }
            }
            (Value::String(ours), Value::String(recorded)) => self.text(ours, recorded, ids, at),
            _ if kind(ours) != kind(recorded) => {
                self.shape.push(format!("{at}: {ours}, recorded {}", shortened(recorded)));
            }
            // The recordings were written by a program that knows one kind of number.
            (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
            _ if ours != recorded => self.values.push(format!("{at}: {ours}, recorded {recorded}")),
            _ => {}
        }
    }

    fn text(&mut self, ours: &str, recorded: &str, ids: &mut Ids, at: &str) {
        let is_time = |text: &str| text.parse::<Time>().is_ok();
        let known = |ids: &mut Ids| *ids.entry(recorded.to_owned()).or_insert_with(|| ours.to_owned()) == ours;
        let same = if let (Some(a), Some(b)) = (Gid::parse(ours), Gid::parse(recorded)) {
            a.kind == b.kind && known(ids)
        } else if at.to_lowercase().ends_with("cursor") {
            known(ids)
        } else {
            ours == recorded || ours == numbers_translated(recorded, ids) || (is_time(ours) && is_time(recorded))
        };
        if !same {
            self.values.push(format!("{at}: {ours:?}, recorded {recorded:?}"));
        }
    }
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(120).collect()
}
