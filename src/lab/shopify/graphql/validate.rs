//! Static checks of a document against the schema: unknown fields and arguments, missing ones, wrong literals.

use std::collections::BTreeSet;

use graphql_parser::Pos;
use graphql_parser::query::{Directive, Field, Selection, SelectionSet, TypeCondition};
use serde_json::Value;

use super::error::GraphError;
use super::literal::Literals;
use super::request::Request;
use super::schema::{FieldDef, Schema};

/// All that is wrong with a request before any variable is looked at.
pub fn validate(schema: &Schema, request: &Request<'_>) -> Vec<GraphError> {
    let literals = Literals::new(schema, request);
    let path = vec![Value::from(request.title.clone())];
    let mut check = Check { schema, request, literals, fragments: BTreeSet::new(), path, errors: Vec::new() };
    check.selection(request.selection, request.root());
    check.unused();
    let mut errors = check.errors;
    errors.append(&mut check.literals.errors);
    errors
}

struct Check<'a> {
    schema: &'a Schema,
    request: &'a Request<'a>,
    literals: Literals<'a>,
    fragments: BTreeSet<&'a str>,
    path: Vec<Value>,
    errors: Vec<GraphError>,
}

impl<'a> Check<'a> {
    fn selection(&mut self, set: &'a SelectionSet<'static, String>, parent: &str) {
        for item in &set.items {
            match item {
                Selection::Field(field) => {
                    self.path.push(field.alias.as_ref().unwrap_or(&field.name).clone().into());
                    self.field(field, parent);
                    self.path.pop();
                }
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.directives);
                    let parent = match &inline.type_condition {
                        Some(TypeCondition::On(name)) => name,
                        None => parent,
                    };
                    self.fragment(&inline.selection_set, parent, inline.position);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    let Some(fragment) = self.request.fragments.get(spread.fragment_name.as_str()) else {
                        let name = &spread.fragment_name;
                        let message = format!("Fragment {name} was used, but not defined");
                        self.error("useAndDefineFragment", message, spread.position, |error| {
                            error.with("fragmentName", name.clone())
                        });
                        continue;
                    };
                    // Once is enough, and ends fragments that spread themselves.
                    if self.fragments.insert(&fragment.name) {
                        let TypeCondition::On(parent) = &fragment.type_condition;
                        self.fragment(&fragment.selection_set, parent, fragment.position);
                    }
                }
            }
        }
    }

    fn fragment(&mut self, set: &'a SelectionSet<'static, String>, parent: &str, at: Pos) {
        if self.schema.is_composite(parent) {
            self.selection(set, parent);
        } else {
            let message = format!("No such type {parent}, so it can't be a fragment condition");
            self.error("undefinedType", message, at, |error| error.with("typeName", parent));
        }
    }

    fn field(&mut self, field: &'a Field<'static, String>, parent: &str) {
        self.directives(&field.directives);
        if field.name == "__typename" {
            return;
        }
        let Some(def) = self.schema.fields(parent).and_then(|fields| fields.get(&field.name)) else {
            let message = format!("Field '{}' doesn't exist on type '{parent}'", field.name);
            self.error("undefinedField", message, field.position, |error| {
                error.with("typeName", parent).with("fieldName", field.name.clone())
            });
            return;
        };
        self.arguments(field, def);
        let kind = def.kind.name();
        match (self.schema.is_composite(kind), field.selection_set.items.is_empty()) {
            (true, false) => self.selection(&field.selection_set, kind),
            (false, true) => {}
            (composite, _) => {
                let message = if composite {
                    let (name, kind) = (&field.name, kind);
                    format!(
                        "Field must have selections (field '{name}' returns {kind} but has no selections. \
                         Did you mean '{name} {{ ... }}'?)"
                    )
                } else {
                    format!("Selections can't be made on scalars (field '{}' returns {kind})", field.name)
                };
                self.error("selectionMismatch", message, field.position, |error| {
                    error.with("nodeName", format!("field '{}'", field.name)).with("typeName", kind)
                });
            }
        }
    }

    fn arguments(&mut self, field: &'a Field<'static, String>, def: &'a FieldDef) {
        let name = &field.name;
        for (argument, value) in &field.arguments {
            let Some(input) = def.args.get(argument) else {
                let message = format!("Field '{name}' doesn't accept argument '{argument}'");
                self.error("argumentNotAccepted", message, field.position, |error| {
                    error.with("name", name.clone()).with("typeName", "Field").with("argumentName", argument.clone())
                });
                continue;
            };
            self.path.push(argument.clone().into());
            self.literals.argument(name, argument, input, value, field.position, &self.path);
            self.path.pop();
        }
        let missing: Vec<&str> = def
            .args
            .iter()
            .filter(|(_, input)| input.kind.is_non_null() && input.default.is_none())
            .map(|(argument, _)| argument.as_str())
            .filter(|argument| !field.arguments.iter().any(|(given, _)| given == argument))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let message = format!("Field '{name}' is missing required arguments: {missing}");
            self.error("missingRequiredArguments", message, field.position, |error| {
                error.with("className", "Field").with("name", name.clone()).with("arguments", missing)
            });
        }
    }

    fn directives(&mut self, directives: &'a [Directive<'static, String>]) {
        for directive in directives {
            let wants = match directive.name.as_str() {
                "include" | "skip" => ("if", "Boolean!"),
                "idempotent" => ("key", "String!"),
                name => {
                    let message = format!("Directive @{name} is not defined");
                    self.error("undefinedDirective", message, directive.position, |error| {
                        error.with("directiveName", name)
                    });
                    continue;
                }
            };
            let value = directive.arguments.iter().find(|(name, _)| name == wants.0).map(|(_, value)| value);
            match value {
                Some(value) => self.literals.directive(&directive.name, wants, value, directive.position, &self.path),
                None => {
                    let (argument, _) = wants;
                    let message = format!("Directive '{}' is missing required arguments: {argument}", directive.name);
                    self.error("missingRequiredArguments", message, directive.position, |error| {
                        error.with("className", "Directive").with("name", directive.name.clone())
                    });
                }
            }
        }
    }

    fn unused(&mut self) {
        for variable in self.request.variables {
            if !self.literals.used.contains(variable.name.as_str()) {
                let message = format!("Variable ${} is declared by {} but not used", variable.name, self.request.title);
                self.error("variableNotUsed", message, variable.position, |error| {
                    error.with("variableName", variable.name.clone())
                });
            }
        }
        for (name, fragment) in &self.request.fragments {
            if !self.fragments.contains(name) {
                let message = format!("Fragment {name} was defined, but not used");
                self.error("useAndDefineFragment", message, fragment.position, |error| {
                    error.with("fragmentName", *name)
                });
            }
        }
    }

    fn error(&mut self, code: &str, message: String, at: Pos, more: impl FnOnce(GraphError) -> GraphError) {
        self.errors.push(more(GraphError::new(code, message).at(at).on(&self.path)));
    }
}
