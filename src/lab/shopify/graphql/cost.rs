//! What a query costs. Follows the documented rules (scalars 0, objects 1, mutations 10, connections by size,
//! <https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits>); the growth of connections, with the logarithm of
//! their size, and what is free were observed on version 2026-04, whose recorded costs it gives exactly.

use graphql_parser::query::SelectionSet;
use serde_json::{Map, Value};

use super::schema::{FieldDef, TypeDef};
use super::selection::Scope;

/// One mutation.
pub const MUTATION: f64 = 10.0;
/// A connection, however small.
const CONNECTION: f64 = 2.0;
/// A count.
const COUNT: f64 = 10.0;
/// Each variant given to `productSet` (said in the schema).
const SET_VARIANT: f64 = 0.2;
/// Objects that are part of another and cost nothing.
const FREE: [&str; 5] = ["MoneyBag", "MoneyV2", "PageInfo", "InventoryItemMeasurement", "Weight"];

/// What an object costs itself.
pub fn own(kind: &str) -> f64 {
    match kind {
        "Count" => COUNT,
        // Counted where the connection is.
        _ if kind.ends_with("Connection") || kind.ends_with("Edge") => 0.0,
        _ if kind.ends_with("UserError") || kind.ends_with("Endpoint") || FREE.contains(&kind) => 0.0,
        _ => 1.0,
    }
}

/// What an object costs that a payload names directly: it comes with the mutation.
pub fn in_payload(kind: &str) -> f64 {
    if kind == "ProductSetOperation" { 1.0 } else { 0.0 }
}

/// A connection of `count` entries of which each costs `each`.
pub fn connection(count: i64, each: f64) -> f64 {
    // Twice the natural logarithm, rounded down, at least one: 5 cost as 3, 50 as 7, 250 as 11.
    CONNECTION + each * (2.0 * (count.max(1) as f64).ln()).floor().max(1.0)
}

/// What a connection of `count` entries cost in the end, of which each cost `each`. Observed on version 2026-04.
pub fn connection_used(count: i64, each: f64) -> f64 {
    CONNECTION + (each * (2.0 * (count.max(1) as f64).ln()).max(1.0)).floor()
}

/// What a connection without entries cost: one for each field selected of it. Observed on versions 2025-01 and 2026-04.
pub fn empty_connection(fields: usize) -> f64 {
    CONNECTION + fields as f64
}

/// The extra cost of a mutation's arguments.
pub fn of_arguments(mutation: &str, arguments: &Map<String, Value>) -> f64 {
    let variants = |input: &Value| input.get("variants").and_then(Value::as_array).map_or(0, Vec::len);
    match (mutation, arguments.get("input")) {
        ("productSet", Some(input)) => SET_VARIANT * variants(input) as f64,
        _ => 0.0,
    }
}

/// What the whole request may cost at most.
pub fn requested(scope: &Scope<'_>) -> f64 {
    let root = scope.request.root();
    let Some(defs) = scope.schema.fields(root) else { return 0.0 };
    let mut cost = 0.0;
    for (_, fields) in scope.collect(root, &[scope.request.selection]) {
        let Some((field, def)) = fields.first().and_then(|field| Some((*field, defs.get(&field.name)?))) else {
            continue;
        };
        let arguments = scope.arguments(def, field);
        let sets: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
        cost += if root == "Mutation" {
            MUTATION + of_arguments(&field.name, &arguments) + payload(scope, def.kind.name(), &sets)
        } else {
            of_field(scope, def, &arguments, &sets)
        };
    }
    cost
}

fn payload(scope: &Scope<'_>, kind: &str, sets: &[&SelectionSet<'static, String>]) -> f64 {
    children(scope, kind, sets, |scope, def, _, sets| {
        let kind = def.kind.name();
        in_payload(kind) + below(scope, kind, sets)
    })
}

fn of_field(
    scope: &Scope<'_>,
    def: &FieldDef,
    arguments: &Map<String, Value>,
    sets: &[&SelectionSet<'static, String>],
) -> f64 {
    let kind = def.kind.name();
    if !scope.schema.is_composite(kind) {
        return 0.0;
    }
    let inner = below(scope, kind, sets);
    if kind.ends_with("Connection") {
        let size = ["first", "last"].iter().find_map(|name| arguments.get(*name)?.as_i64()).unwrap_or_default();
        return connection(size, inner);
    }
    own(kind) + inner
}

fn below(scope: &Scope<'_>, kind: &str, sets: &[&SelectionSet<'static, String>]) -> f64 {
    if !scope.schema.is_abstract(kind) {
        return children(scope, kind, sets, of_field);
    }
    // The dearest of what it may turn out to be.
    let of_kind = |concrete: &str| children(scope, concrete, sets, of_field);
    let possible = scope
        .schema
        .types()
        .iter()
        .filter(|(name, def)| matches!(def, TypeDef::Object(..)) && scope.schema.is_a(name, kind));
    possible.map(|(name, _)| of_kind(name)).fold(0.0, f64::max)
}

type Each = fn(&Scope<'_>, &FieldDef, &Map<String, Value>, &[&SelectionSet<'static, String>]) -> f64;

fn children(scope: &Scope<'_>, kind: &str, sets: &[&SelectionSet<'static, String>], each: Each) -> f64 {
    let Some(defs) = scope.schema.fields(kind) else { return 0.0 };
    let scoped = *scope;
    let mut cost = 0.0;
    for (_, fields) in scoped.collect(kind, sets) {
        if let Some((field, def)) = fields.first().and_then(|field| Some((*field, defs.get(&field.name)?))) {
            let sets: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
            cost += each(scope, def, &scope.arguments(def, field), &sets);
        }
    }
    cost
}
