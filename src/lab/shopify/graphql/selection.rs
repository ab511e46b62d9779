//! What is really selected of an object: fragments spread, `@skip` and `@include` obeyed, arguments worked out.

use graphql_parser::query::{Directive, Field, Selection, SelectionSet, TypeCondition};
use serde_json::{Map, Value};

use super::literal::worth;
use super::request::Request;
use super::schema::{FieldDef, Schema};

type Set<'a> = &'a SelectionSet<'static, String>;
/// A field of the document.
pub type Chosen<'a> = &'a Field<'static, String>;

/// A request with its variables.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Schema.
    pub schema: &'a Schema,
    /// What is asked for.
    pub request: &'a Request<'a>,
    /// Variables, coerced.
    pub variables: &'a Map<String, Value>,
}

impl<'a> Scope<'a> {
    /// The fields selected of an object of this type, grouped by the name they have in the answer, in order.
    pub fn collect(&self, kind: &str, sets: &[Set<'a>]) -> Vec<(&'a str, Vec<Chosen<'a>>)> {
        let mut groups = Vec::new();
        for set in sets {
            self.collect_into(kind, set, &mut groups);
        }
        groups
    }

    fn collect_into(&self, kind: &str, set: Set<'a>, groups: &mut Vec<(&'a str, Vec<Chosen<'a>>)>) {
        for item in &set.items {
            match item {
                Selection::Field(field) if self.wanted(&field.directives) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name).as_str();
                    match groups.iter_mut().find(|(other, _)| *other == key) {
                        Some((_, fields)) => fields.push(field),
                        None => groups.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(inline) if self.wanted(&inline.directives) => {
                    let applies = match &inline.type_condition {
                        Some(TypeCondition::On(condition)) => self.schema.is_a(kind, condition),
                        None => true,
                    };
                    if applies {
                        self.collect_into(kind, &inline.selection_set, groups);
                    }
                }
                Selection::FragmentSpread(spread) if self.wanted(&spread.directives) => {
                    if let Some(fragment) = self.request.fragments.get(spread.fragment_name.as_str()) {
                        let TypeCondition::On(condition) = &fragment.type_condition;
                        if self.schema.is_a(kind, condition) {
                            self.collect_into(kind, &fragment.selection_set, groups);
                        }
                    }
                }
                Selection::Field(_) | Selection::InlineFragment(_) | Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn wanted(&self, directives: &[Directive<'static, String>]) -> bool {
        directives.iter().all(|directive| match directive.name.as_str() {
            "skip" => self.directive_value(directive, "if") != Some(Value::Bool(true)),
            "include" => self.directive_value(directive, "if") != Some(Value::Bool(false)),
            _ => true,
        })
    }

    fn directive_value(&self, directive: &Directive<'static, String>, argument: &str) -> Option<Value> {
        let (_, value) = directive.arguments.iter().find(|(name, _)| name == argument)?;
        worth(value, self.variables)
    }

    /// The key of `@idempotent(key:)`, where the field has it.
    pub fn idempotency_key(&self, field: Chosen<'_>) -> Option<String> {
        let directive = field.directives.iter().find(|directive| directive.name == "idempotent")?;
        self.directive_value(directive, "key")?.as_str().map(str::to_owned)
    }

    /// Arguments of a field; absent ones stay absent unless they have a default.
    pub fn arguments(&self, def: &FieldDef, field: Chosen<'_>) -> Map<String, Value> {
        let mut arguments = Map::new();
        for (name, input) in &def.args {
            let given = field.arguments.iter().find(|(other, _)| other == name);
            let value = given
                .and_then(|(_, literal)| worth(literal, self.variables))
                .or_else(|| input.default.as_ref().and_then(|default| worth(default, self.variables)));
            if let Some(value) = value {
                let single = input.kind.is_list() && !value.is_array() && !value.is_null();
                arguments.insert(name.clone(), if single { Value::Array(vec![value]) } else { value });
            }
        }
        arguments
    }
}
