//! Execution: asks the shop for each selected field and puts the answer together.

use serde_json::{Map, Value};

use super::access;
use super::cost;
use super::error::GraphError;
use super::request::Operation;
use super::schema::{TypeDef, TypeRef};
use super::selection::{Chosen, Scope};
use crate::lab::shopify::mutations;
use crate::lab::shopify::resolve::{self, Ask, Node, Out};
use crate::lab::shopify::world::World;

/// Elements that an input array may have. <https://shopify.dev/docs/api/usage/limits>
const ARRAY_MAX: usize = 250;

/// What came out.
pub struct Done {
    /// `data`.
    pub data: Value,
    /// `errors`.
    pub errors: Vec<GraphError>,
    /// Points really used.
    pub cost: f64,
    /// `extensions.search`: what of a search query was not understood.
    pub warnings: Vec<Value>,
}

/// A field that may not be null is null: the object around it cannot be given either.
struct Void;

type Given = Result<(Value, f64), Void>;

struct Execution<'a> {
    scope: Scope<'a>,
    path: Vec<Value>,
    errors: Vec<GraphError>,
    warnings: Vec<Value>,
}

/// Run a request that was found valid.
pub fn execute(world: &mut World, scope: Scope<'_>) -> Done {
    let mut execution = Execution { scope, path: Vec::new(), errors: Vec::new(), warnings: Vec::new() };
    let given = match scope.request.operation {
        Operation::Query => execution.object(world, &Node::Query, &[scope.request.selection]),
        Operation::Mutation => execution.mutations(world),
    };
    let (data, cost) = given.unwrap_or((Value::Null, 0.0));
    Done { data, errors: execution.errors, cost, warnings: execution.warnings }
}

impl<'a> Execution<'a> {
    fn mutations(&mut self, world: &mut World) -> Given {
        let mut data = Map::new();
        let mut cost = 0.0;
        let groups = self.scope.collect("Mutation", &[self.scope.request.selection]);
        for (key, fields) in groups {
            let Some(field) = fields.first().copied() else { continue };
            cost += cost::MUTATION;
            let Some(def) = self.scope.schema.fields("Mutation").and_then(|defs| defs.get(&field.name)) else {
                data.insert(key.to_owned(), "Mutation".into());
                continue;
            };
            let arguments = self.scope.arguments(def, field);
            self.path.push(key.into());
            let refused = too_long(&arguments).or_else(|| denied(world, "Mutation", &field.name, &def.kind));
            let once = self.scope.idempotency_key(field);
            let answer = match refused {
                Some(error) => Err(error),
                None => {
                    let call = mutations::Call { name: &field.name, args: &arguments, key: once.as_deref() };
                    mutations::run(world, &call, self.scope.schema.rules())
                }
            };
            let (value, below) = self.complete(world, &def.kind, answer, &fields)?;
            cost += cost::of_arguments(&field.name, &arguments) + below;
            data.insert(key.to_owned(), value);
            self.path.pop();
        }
        Ok((data.into(), cost))
    }

    fn object(
        &mut self,
        world: &World,
        node: &Node,
        sets: &[&'a graphql_parser::query::SelectionSet<'static, String>],
    ) -> Given {
        let kind = node.kind();
        let mut data = Map::new();
        let mut cost = 0.0;
        for (key, fields) in self.scope.collect(kind, sets) {
            let Some(field) = fields.first().copied() else { continue };
            if field.name == "__typename" {
                data.insert(key.to_owned(), kind.into());
                continue;
            }
            let Some(def) = self.scope.schema.fields(kind).and_then(|defs| defs.get(&field.name)) else { continue };
            self.path.push(key.into());
            let arguments = self.scope.arguments(def, field);
            let refused = too_long(&arguments).or_else(|| denied(world, kind, &field.name, &def.kind));
            let answer = match refused {
                Some(error) => Err(error),
                None => {
                    let warnings = &mut self.warnings;
                    resolve::field(node, &field.name, &mut Ask { world, args: &arguments, path: &self.path, warnings })
                }
            };
            let given = self.complete(world, &def.kind, answer, &fields);
            self.path.pop();
            let (value, points) = given?;
            cost += points;
            data.insert(key.to_owned(), value);
        }
        Ok((data.into(), cost))
    }

    fn complete(
        &mut self,
        world: &World,
        kind: &TypeRef,
        answer: Result<Out, GraphError>,
        fields: &[Chosen<'a>],
    ) -> Given {
        let given = match answer {
            Err(error) => {
                let at = fields.first().map(|field| field.position).unwrap_or_default();
                let error = if error.is_unplaced() { error.at(at) } else { error };
                self.errors.push(error.on(&self.path));
                return if kind.is_non_null() { Err(Void) } else { Ok((Value::Null, 0.0)) };
            }
            Ok(Out::Unset) => match kind {
                TypeRef::NonNull(inner) if inner.is_list() => Ok((Value::Array(Vec::new()), self.of_nothing(kind))),
                TypeRef::NonNull(inner) => {
                    return self.complete(world, kind, Ok(resolve::empty(inner.name())), fields);
                }
                TypeRef::Named(_) | TypeRef::List(_) => Ok((Value::Null, self.of_nothing(kind))),
            },
            Ok(Out::Leaf(value)) => self.leaf(kind, value).map(|value| (value, 0.0)),
            Ok(Out::One(None)) => Ok((Value::Null, self.of_nothing(kind))),
            Ok(Out::One(Some(node))) => self.node(world, &node, fields),
            Ok(Out::Many(nodes)) if nodes.is_empty() => Ok((Value::Array(Vec::new()), self.of_nothing(kind))),
            Ok(Out::Many(nodes)) => self.list(world, &nodes, fields),
        };
        match given {
            Ok((Value::Null, _)) if kind.is_non_null() => {
                let field = fields.first().map_or("", |field| field.name.as_str());
                self.internal(format!("null for the non-nullable field {field}"));
                Err(Void)
            }
            Err(Void) if !kind.is_non_null() => Ok((Value::Null, 0.0)),
            given => given,
        }
    }

    fn leaf(&mut self, kind: &TypeRef, value: Value) -> Result<Value, Void> {
        let known = match self.scope.schema.get(kind.name()) {
            Some(TypeDef::Enum(values)) => {
                value.is_null() || value.as_str().is_some_and(|value| values.iter().any(|known| known == value))
            }
            _ => true,
        };
        if known {
            return Ok(value);
        }
        self.internal(format!("{value} is no {}", kind.name()));
        Err(Void)
    }

    fn node(&mut self, world: &World, node: &Node, fields: &[Chosen<'a>]) -> Given {
        let sets: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
        let (value, below) = self.object(world, node, &sets)?;
        let kind = node.kind();
        let points = match node {
            _ if kind.ends_with("Connection") => match node.count() {
                0 => cost::empty_connection(self.scope.collect(kind, &sets).len()),
                count => cost::connection_used(count, below),
            },
            _ if self.path.len() == 2 && self.scope.request.operation == Operation::Mutation => {
                cost::in_payload(kind) + below
            }
            _ if kind.ends_with("Payload") => below,
            _ => cost::own(kind) + below,
        };
        Ok((value, points))
    }

    fn list(&mut self, world: &World, nodes: &[Option<Node>], fields: &[Chosen<'a>]) -> Given {
        let mut values = Vec::new();
        let mut dearest: f64 = 0.0;
        for node in nodes {
            let Some(node) = node else {
                values.push(Value::Null);
                continue;
            };
            let (value, points) = self.node(world, node, fields)?;
            // A list counts as one of its entries.
            dearest = dearest.max(points);
            values.push(value);
        }
        Ok((values.into(), dearest))
    }

    /// What an object costs that is not there, or a list without entries: as much as one.
    fn of_nothing(&self, kind: &TypeRef) -> f64 {
        let in_payload = self.path.len() == 2 && self.scope.request.operation == Operation::Mutation;
        if in_payload || !self.scope.schema.is_composite(kind.name()) { 0.0 } else { cost::own(kind.name()) }
    }

    /// A mistake of this face, said as the real one says its own.
    fn internal(&mut self, why: String) {
        self.errors.push(GraphError::new("INTERNAL_SERVER_ERROR", format!("Internal error: {why}")).on(&self.path));
    }
}

/// The error for a field that the app has no scope for.
fn denied(world: &World, parent: &str, field: &str, gives: &TypeRef) -> Option<GraphError> {
    access::denied(parent, field, gives.name(), |scope| world.scopes.contains(scope))
}

fn too_long(arguments: &Map<String, Value>) -> Option<GraphError> {
    fn longest(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(longest).max().unwrap_or_default().max(items.len()),
            Value::Object(fields) => fields.values().map(longest).max().unwrap_or_default(),
            _ => 0,
        }
    }
    let length = arguments.values().map(longest).max().unwrap_or_default();
    (length > ARRAY_MAX).then(|| {
        let message = format!("The input array size of {length} is greater than the maximum allowed of {ARRAY_MAX}.");
        GraphError::new("MAX_INPUT_SIZE_EXCEEDED", message)
    })
}
