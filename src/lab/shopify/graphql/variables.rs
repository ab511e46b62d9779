//! Variables as given: checked against their types, defaults filled in.

use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::literal::worth;
use super::request::Request;
use super::schema::{Schema, TypeDef, TypeRef};
use crate::lab::shopify::gid::Gid;

struct Problem {
    path: Vec<Value>,
    explanation: String,
}

/// Check the given variables and fill in defaults. Variables that are neither given nor have a default stay absent:
/// an absent argument and an explicit null are different things to some mutations.
///
/// # Errors
/// One `INVALID_VARIABLE` for each that does not fit.
pub fn coerce(
    schema: &Schema,
    request: &Request<'_>,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<GraphError>> {
    let mut coerced = Map::new();
    let mut errors = Vec::new();
    for variable in request.variables {
        let kind = TypeRef::from_ast(&variable.var_type);
        let value = match (given.get(&variable.name), &variable.default_value) {
            (Some(value), _) => value.clone(),
            (None, Some(default)) => worth(default, &Map::new()).unwrap_or(Value::Null),
            (None, None) if kind.is_non_null() => Value::Null,
            (None, None) => continue,
        };
        let mut problems = Vec::new();
        let fitted = fit(schema, &kind, &value, &mut Vec::new(), &mut problems);
        if problems.is_empty() {
            coerced.insert(variable.name.clone(), fitted);
        } else {
            errors.push(invalid(&variable.name, &kind, value, &problems).at(variable.position));
        }
    }
    if errors.is_empty() { Ok(coerced) } else { Err(errors) }
}

fn invalid(name: &str, kind: &TypeRef, value: Value, problems: &[Problem]) -> GraphError {
    let mut message = format!("Variable ${name} of type {kind} was provided invalid value");
    let nested: Vec<String> = problems
        .iter()
        .filter(|problem| !problem.path.is_empty())
        .map(|problem| {
            let path: Vec<String> =
                problem.path.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
            format!("{} ({})", path.join("."), problem.explanation)
        })
        .collect();
    if !nested.is_empty() {
        message.push_str(" for ");
        message.push_str(&nested.join(", "));
    }
    let problems: Vec<Value> =
        problems.iter().map(|problem| json!({ "path": problem.path, "explanation": problem.explanation })).collect();
    GraphError::new("INVALID_VARIABLE", message).with("value", value).with("problems", problems)
}

fn fit(schema: &Schema, kind: &TypeRef, value: &Value, path: &mut Vec<Value>, problems: &mut Vec<Problem>) -> Value {
    match (kind, value) {
        (TypeRef::NonNull(_), Value::Null) => {
            problems.push(Problem { path: path.clone(), explanation: "Expected value to not be null".to_owned() });
            Value::Null
        }
        (TypeRef::NonNull(inner), _) => fit(schema, inner, value, path, problems),
        (_, Value::Null) => Value::Null,
        (TypeRef::List(inner), Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                path.push(index.into());
                let fitted = fit(schema, inner, item, path, problems);
                path.pop();
                fitted
            })
            .collect(),
        // One thing stands for a list of one.
        (TypeRef::List(inner), single) => Value::Array(vec![fit(schema, inner, single, path, problems)]),
        (TypeRef::Named(name), _) => named(schema, name, value, path, problems),
    }
}

fn named(schema: &Schema, name: &str, value: &Value, path: &mut Vec<Value>, problems: &mut Vec<Problem>) -> Value {
    let mut problem = |explanation: String| problems.push(Problem { path: path.clone(), explanation });
    match (schema.get(name), value) {
        (Some(TypeDef::Input(inputs)), Value::Object(given)) => {
            let mut object = Map::new();
            for (key, value) in given {
                path.push(key.clone().into());
                match inputs.get(key) {
                    Some(input) => {
                        object.insert(key.clone(), fit(schema, &input.kind, value, path, problems));
                    }
                    None => {
                        let explanation = format!("Field is not defined on {name}");
                        problems.push(Problem { path: path.clone(), explanation });
                    }
                }
                path.pop();
            }
            for (key, input) in inputs {
                if input.kind.is_non_null() && input.default.is_none() && !given.contains_key(key) {
                    path.push(key.clone().into());
                    let explanation = "Expected value to not be null".to_owned();
                    problems.push(Problem { path: path.clone(), explanation });
                    path.pop();
                }
            }
            return Value::Object(object);
        }
        (Some(TypeDef::Enum(values)), Value::String(given)) if values.contains(given) => {}
        (Some(TypeDef::Enum(values)), given) => {
            problem(format!("Expected {given} to be one of: {}", values.join(", ")));
        }
        (Some(TypeDef::Scalar), given) => {
            if let Some(explanation) = scalar_problem(name, given) {
                problem(explanation);
            }
        }
        (_, given) => problem(format!("Expected {given} to be a key-value object.")),
    }
    value.clone()
}

fn scalar_problem(name: &str, value: &Value) -> Option<String> {
    let fits = match name {
        "Int" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "Money" | "Decimal" => {
            value.is_number() || value.as_str().is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok())
        }
        "ID" => {
            let text = value.as_str().unwrap_or_default();
            return (!Gid::is_global(text)).then(|| format!("Invalid global id '{text}'"));
        }
        _ => value.is_string(),
    };
    (!fits).then(|| format!("Could not coerce value {value} to {name}"))
}
