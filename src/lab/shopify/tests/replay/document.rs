//! Many recordings hold the answer and the variables but not the document. From the fields that the answer has, the
//! document can be told: same roots, same selection, arguments from the variables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::steps::Step;
use crate::lab::shopify::gid::Gid;
use crate::lab::shopify::graphql::schema::{FieldDef, schema};

/// Mutations that take `@idempotent`.
const KEYED: [&str; 6] = [
    "inventoryActivate",
    "inventoryAdjustQuantities",
    "inventoryDeactivate",
    "inventoryMoveQuantities",
    "inventorySetOnHandQuantities",
    "inventorySetQuantities",
];

/// Fields of the published schema, by type.
pub type Published = BTreeMap<String, BTreeSet<String>>;

/// A document for a call, or why none can be told.
pub fn told(step: &Step, published: &Published) -> Result<String, String> {
    let mut maker = Maker { step, published, declared: BTreeMap::new() };
    let data = step.answer["data"].as_object();
    let Some(data) = data else { return maker.refused_variable() };
    let is_mutation = data.keys().any(|key| published["Mutation"].contains(key));
    let root = if is_mutation { "Mutation" } else { "QueryRoot" };
    if is_mutation && step.variables.is_none() {
        return Err("its variables were not recorded".to_owned());
    }
    let mut fields = Vec::new();
    for (key, value) in data {
        fields.push(maker.root_field(root, key, value)?);
    }
    Ok(maker.wrap(root, &fields.join(" ")))
}

struct Maker<'a> {
    step: &'a Step,
    published: &'a Published,
    declared: BTreeMap<String, String>,
}

impl Maker<'_> {
    fn wrap(&self, root: &str, fields: &str) -> String {
        let word = if root == "Mutation" { "mutation" } else { "query" };
        let declared: Vec<String> = self.declared.iter().map(|(name, kind)| format!("${name}: {kind}")).collect();
        let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        format!("{word}{declared} {{ {fields} }}")
    }

    fn given(&self, name: &str) -> bool {
        self.step.variables.as_ref().is_some_and(|variables| variables.get(name).is_some())
    }

    fn root_field(&mut self, root: &str, key: &str, value: &Value) -> Result<String, String> {
        let (prefix, name) = if self.published[root].contains(key) {
            (String::new(), key.to_owned())
        } else {
            let id = value.get("id").and_then(Value::as_str).and_then(Gid::parse);
            let kind = id
                .map(|gid| gid.kind)
                .ok_or_else(|| format!("its document was not recorded, and {key} is an alias"))?;
            let lower = kind[..1].to_lowercase() + &kind[1..];
            (format!("{key}: "), lower)
        };
        let Some(def) = schema().fields(root).and_then(|fields| fields.get(&name)) else {
            return Err(format!("{name} is not part of the lab"));
        };
        let mut args = Vec::new();
        for (arg, input) in &def.args {
            if self.given(arg) && prefix.is_empty() {
                self.declared.insert(arg.clone(), input.kind.to_string());
                args.push(format!("{arg}: ${arg}"));
            } else if let ("id", Some(id)) = (arg.as_str(), value["id"].as_str()) {
                args.push(format!("id: \"{id}\""));
            } else if arg == "first" && !self.given("last") {
                args.push(format!("first: {}", length(&[value])));
            } else if input.kind.is_non_null() {
                return Err(format!("its document was not recorded, nor its {arg}"));
            }
        }
        let args = if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) };
        let directive = self.directive(&name);
        let below = self.below(def, &[value])?;
        Ok(format!("{prefix}{name}{args}{directive} {below}"))
    }

    fn directive(&mut self, name: &str) -> &'static str {
        let errors = self.step.answer["errors"].to_string();
        if !KEYED.contains(&name) || errors.contains("directive is required") || !self.given("idempotencyKey") {
            return "";
        }
        self.declared.insert("idempotencyKey".to_owned(), "String!".to_owned());
        " @idempotent(key: $idempotencyKey)"
    }

    fn below(&mut self, def: &FieldDef, values: &[&Value]) -> Result<String, String> {
        let kind = def.kind.name();
        if schema().is_composite(kind) { self.selection(kind, values) } else { Ok(String::new()) }
    }

    fn selection(&mut self, kind: &str, values: &[&Value]) -> Result<String, String> {
        let objects = objects(values);
        if schema().is_abstract(kind) {
            return self.by_kind(&objects);
        }
        let mut keys: BTreeSet<&str> = objects.iter().flat_map(|object| object.keys().map(String::as_str)).collect();
        let errors = kind.ends_with("UserError") && keys.is_empty();
        if errors {
            keys.extend(["field", "message"]);
        }
        if keys.is_empty() {
            return Ok("{ __typename }".to_owned());
        }
        let mut fields = Vec::new();
        for key in keys {
            if key == "__typename" {
                fields.push(key.to_owned());
                continue;
            }
            let inner: Vec<&Value> = objects.iter().filter_map(|object| object.get(key)).collect();
            let Some(def) = schema().fields(kind).and_then(|fields| fields.get(key)) else {
                if self.published.get(kind).is_some_and(|fields| fields.contains(key)) {
                    return Err(format!("{kind}.{key} is not part of the lab"));
                }
                return Err(format!("its document was not recorded, and {key} is an alias"));
            };
            let args = self.arguments(key, def, &inner)?;
            fields.push(format!("{key}{args} {}", self.below(def, &inner)?));
        }
        Ok(format!("{{ {} }}", fields.join(" ")))
    }

    fn by_kind(&mut self, objects: &[&serde_json::Map<String, Value>]) -> Result<String, String> {
        let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for object in objects {
            let named = object.get("__typename").and_then(Value::as_str);
            let by_id = || object.get("id").and_then(Value::as_str).and_then(Gid::parse).map(|gid| gid.kind);
            let kind = named.or_else(by_id).ok_or("its document was not recorded, nor of what kind its objects are")?;
            kinds.entry(kind.to_owned()).or_default().push(Value::Object((*object).clone()));
        }
        let typed = objects.iter().any(|object| object.contains_key("__typename"));
        let mut parts = vec![if typed || kinds.is_empty() { "__typename" } else { "" }.to_owned()];
        for (kind, values) in &kinds {
            let values: Vec<&Value> = values.iter().collect();
            parts.push(format!("... on {kind} {}", self.selection(kind, &values)?));
        }
        Ok(format!("{{ {} }}", parts.join(" ")))
    }

    fn arguments(&mut self, key: &str, def: &FieldDef, values: &[&Value]) -> Result<String, String> {
        let mut args = Vec::new();
        for (arg, input) in &def.args {
            match arg.as_str() {
                "first" => args.push(format!("first: {}", length(values))),
                "names" if key == "quantities" => {
                    let mut names: Vec<String> = Vec::new();
                    for object in objects(values) {
                        let name = object.get("name").map(Value::to_string).unwrap_or_default();
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                    args.push(format!("names: [{}]", names.join(", ")));
                }
                "locationId" => {
                    let id = values.iter().find_map(|value| value.pointer("/location/id")?.as_str());
                    match id {
                        Some(id) => args.push(format!("locationId: \"{id}\"")),
                        None if self.given("locationId") => {
                            self.declared.insert("locationId".to_owned(), "ID!".to_owned());
                            args.push("locationId: $locationId".to_owned());
                        }
                        None => return Err("its document was not recorded, nor its locationId".to_owned()),
                    }
                }
                _ if input.kind.is_non_null() && input.default.is_none() => {
                    return Err(format!("its document was not recorded, nor the {arg} of {key}"));
                }
                _ => {}
            }
        }
        Ok(if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) })
    }

    /// A variable was refused, so there is no data to tell the root from; its type tells.
    fn refused_variable(&mut self) -> Result<String, String> {
        let message = self.step.answer["errors"][0]["message"].as_str().unwrap_or_default();
        let kind = message.split(" of type ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        let roots = schema().fields("Mutation").into_iter().flatten();
        let takes = |def: &FieldDef| def.args.values().any(|input| input.kind.to_string() == kind);
        let mut takers =
            roots.filter(|(_, def)| takes(def) && def.args.keys().all(|arg| self.given(arg) || arg == "identifier"));
        let Some((name, def)) = takers.next().filter(|_| !kind.is_empty()) else {
            return Err("its document was not recorded".to_owned());
        };
        let mut args = Vec::new();
        for (arg, input) in &def.args {
            if !self.given(arg) {
                continue;
            }
            self.declared.insert(arg.clone(), input.kind.to_string());
            args.push(format!("{arg}: ${arg}"));
        }
        let directive = self.directive(name);
        let field = format!("{name}({}){directive} {{ userErrors {{ field message }} }}", args.join(", "));
        Ok(self.wrap("Mutation", &field))
    }
}

/// Entries of the longest list that is meant, at least one.
fn length(values: &[&Value]) -> usize {
    let of = |value: &&Value| {
        let list =
            value.as_array().or_else(|| value.get("nodes")?.as_array()).or_else(|| value.get("edges")?.as_array());
        list.map_or(1, Vec::len)
    };
    values.iter().map(of).max().unwrap_or(1).max(1)
}

/// The objects in values that may be lists.
fn objects<'v>(values: &[&'v Value]) -> Vec<&'v serde_json::Map<String, Value>> {
    let mut found = Vec::new();
    for value in values {
        match value {
            Value::Object(object) => found.push(object),
            Value::Array(items) => found.extend(objects(&items.iter().collect::<Vec<_>>())),
            _ => {}
        }
    }
    found
}
