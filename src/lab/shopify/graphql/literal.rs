//! Literals in a document: whether they fit, which variables they use, and what they are worth.

use std::collections::BTreeSet;

use graphql_parser::Pos;
use graphql_parser::query::Value as Literal;
use serde_json::{Map, Number, Value};

use super::error::GraphError;
use super::request::Request;
use super::schema::{Input, Schema, TypeDef, TypeRef};
use crate::lab::shopify::gid::Gid;

type Lit = Literal<'static, String>;

/// Checks literals and collects the variables they use.
pub struct Literals<'a> {
    schema: &'a Schema,
    request: &'a Request<'a>,
    /// Variables seen so far.
    pub used: BTreeSet<&'a str>,
    /// What was wrong.
    pub errors: Vec<GraphError>,
}

struct Place<'p> {
    at: Pos,
    path: &'p [Value],
    argument: &'p str,
}

impl<'a> Literals<'a> {
    /// Nothing seen yet.
    pub fn new(schema: &'a Schema, request: &'a Request<'a>) -> Self {
        Self { schema, request, used: BTreeSet::new(), errors: Vec::new() }
    }

    /// Check an argument of a field.
    pub fn argument(&mut self, field: &str, name: &str, input: &Input, value: &'a Lit, at: Pos, path: &[Value]) {
        let place = Place { at, path, argument: name };
        if !self.fits(&input.kind, input.default.is_some(), value, &place) {
            let kind = &input.kind;
            let message =
                format!("Argument '{name}' on Field '{field}' has an invalid value ({value}). Expected type '{kind}'.");
            self.incompatible(message, "Field", &place);
        }
    }

    /// Check the argument of a directive.
    pub fn directive(&mut self, directive: &str, wants: (&str, &str), value: &'a Lit, at: Pos, path: &[Value]) {
        let (name, kind) = wants;
        let place = Place { at, path, argument: name };
        let bare = TypeRef::Named(kind.trim_end_matches('!').to_owned());
        if !self.fits(&TypeRef::NonNull(Box::new(bare)), false, value, &place) {
            let message = format!(
                "Argument '{name}' on Directive '{directive}' has an invalid value ({value}). Expected type '{kind}'."
            );
            self.incompatible(message, "Directive", &place);
        }
    }

    fn incompatible(&mut self, message: String, type_name: &str, place: &Place<'_>) {
        self.errors.push(
            GraphError::new("argumentLiteralsIncompatible", message)
                .at(place.at)
                .on(place.path)
                .with("typeName", type_name)
                .with("argumentName", place.argument),
        );
    }

    fn fits(&mut self, kind: &TypeRef, has_default: bool, value: &'a Lit, place: &Place<'_>) -> bool {
        match (kind, value) {
            (_, Literal::Variable(name)) => {
                self.variable(kind, has_default, name, place);
                true
            }
            (TypeRef::NonNull(_), Literal::Null) => false,
            (TypeRef::NonNull(inner), _) => self.fits(inner, false, value, place),
            (_, Literal::Null) => true,
            (TypeRef::List(inner), Literal::List(items)) => {
                // All are looked at, whatever the first says: they may use variables.
                let unfit = items.iter().filter(|item| !self.fits(inner, false, item, place)).count();
                unfit == 0
            }
            (TypeRef::List(inner), single) => self.fits(inner, false, single, place),
            (TypeRef::Named(name), _) => self.named_fits(name, value, place),
        }
    }

    fn named_fits(&mut self, name: &str, value: &'a Lit, place: &Place<'_>) -> bool {
        match (self.schema.get(name), value) {
            (Some(TypeDef::Input(inputs)), Literal::Object(given)) => self.object(name, inputs, given, place),
            (Some(TypeDef::Enum(values)), Literal::Enum(value)) => values.contains(value),
            (Some(TypeDef::Scalar), _) => {
                if let ("ID", Literal::String(id)) = (name, value)
                    && !Gid::is_global(id)
                {
                    self.incompatible(format!("Invalid global id '{id}'"), "CoercionError", place);
                    return true;
                }
                scalar_fits(name, value)
            }
            _ => false,
        }
    }

    fn object(
        &mut self,
        name: &str,
        inputs: &std::collections::BTreeMap<String, Input>,
        given: &'a std::collections::BTreeMap<String, Lit>,
        place: &Place<'_>,
    ) -> bool {
        let mut fits = true;
        for (key, value) in given {
            match inputs.get(key) {
                Some(input) => fits &= self.fits(&input.kind, input.default.is_some(), value, place),
                None => self.errors.push(
                    GraphError::new(
                        "argumentNotAccepted",
                        format!("InputObject '{name}' doesn't accept argument '{key}'"),
                    )
                    .at(place.at)
                    .on(place.path)
                    .with("name", name)
                    .with("typeName", "InputObject")
                    .with("argumentName", key.as_str()),
                ),
            }
        }
        for (key, input) in inputs {
            if input.kind.is_non_null() && input.default.is_none() && !given.contains_key(key) {
                let kind = &input.kind;
                let message = format!("Argument '{key}' on InputObject '{name}' is required. Expected type {kind}");
                self.errors
                    .push(GraphError::new("missingRequiredInputObjectAttribute", message).at(place.at).on(place.path));
            }
        }
        fits
    }

    fn variable(&mut self, wants: &TypeRef, has_default: bool, name: &'a str, place: &Place<'_>) {
        self.used.insert(name);
        let Some(declared) = self.request.variables.iter().find(|variable| variable.name == name) else {
            let message = format!("Variable ${name} is used by {} but not declared", self.request.title);
            self.errors.push(
                GraphError::new("variableNotDefined", message).at(place.at).on(place.path).with("variableName", name),
            );
            return;
        };
        let has = TypeRef::from_ast(&declared.var_type);
        if !allows(wants, &has, has_default || declared.default_value.is_some()) {
            let argument = place.argument;
            let message = format!("Type mismatch on variable ${name} and argument {argument} ({has} / {wants})");
            self.errors.push(
                GraphError::new("variableMismatch", message)
                    .at(place.at)
                    .on(place.path)
                    .with("variableName", name)
                    .with("typeName", has.to_string())
                    .with("argumentName", argument)
                    .with("errorMessage", "Type mismatch"),
            );
        }
    }
}

/// Whether a place that wants one type takes a variable of another. A default makes up for a missing `!`.
fn allows(wants: &TypeRef, has: &TypeRef, has_default: bool) -> bool {
    match (wants, has) {
        (TypeRef::NonNull(wants), TypeRef::NonNull(has)) => allows(wants, has, false),
        (TypeRef::NonNull(wants), has) => has_default && allows(wants, has, false),
        (wants, TypeRef::NonNull(has)) => allows(wants, has, false),
        (TypeRef::List(wants), TypeRef::List(has)) => allows(wants, has, false),
        (TypeRef::Named(wants), TypeRef::Named(has)) => wants == has,
        (TypeRef::List(_), TypeRef::Named(_)) | (TypeRef::Named(_), TypeRef::List(_)) => false,
    }
}

fn scalar_fits(name: &str, value: &Lit) -> bool {
    match name {
        "Int" => matches!(value, Literal::Int(n) if n.as_i64().is_some_and(|n| i32::try_from(n).is_ok())),
        "Float" => matches!(value, Literal::Int(_) | Literal::Float(_)),
        "Boolean" => matches!(value, Literal::Boolean(_)),
        "Money" | "Decimal" => matches!(value, Literal::String(_) | Literal::Int(_) | Literal::Float(_)),
        // Enums with hundreds of values, which are taken as they come.
        "CountryCode" | "CurrencyCode" => matches!(value, Literal::Enum(_)),
        // `ID` takes numbers in GraphQL, but a number is no global id.
        _ => matches!(value, Literal::String(_)),
    }
}

/// What a literal is worth; `None` when it is a variable that was not given. Fits were checked before.
pub fn worth(value: &Lit, variables: &Map<String, Value>) -> Option<Value> {
    Some(match value {
        Literal::Variable(name) => return variables.get(name).cloned(),
        Literal::Int(n) => n.as_i64().map_or(Value::Null, Value::from),
        Literal::Float(n) => Number::from_f64(*n).map_or(Value::Null, Value::Number),
        Literal::String(text) | Literal::Enum(text) => Value::String(text.clone()),
        Literal::Boolean(is) => Value::Bool(*is),
        Literal::Null => Value::Null,
        Literal::List(items) => items.iter().map(|item| worth(item, variables).unwrap_or(Value::Null)).collect(),
        Literal::Object(fields) => Value::Object(
            fields.iter().filter_map(|(name, value)| Some((name.clone(), worth(value, variables)?))).collect(),
        ),
    })
}
