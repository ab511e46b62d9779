//! One GraphQL request: the operation that is asked for and the fragments it may use.

use std::collections::BTreeMap;

use graphql_parser::query::{
    Definition, Document, FragmentDefinition, OperationDefinition, SelectionSet, VariableDefinition,
};

use super::error::GraphError;

/// A parsed document; owns its strings.
pub type Parsed = Document<'static, String>;

/// Query or mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Changes nothing.
    Query,
    /// Changes something; its fields run one after another.
    Mutation,
}

/// What is to be executed.
pub struct Request<'a> {
    /// Query or mutation.
    pub operation: Operation,
    /// `query Name`, or just `query`: the first step of the paths of static errors.
    pub title: String,
    /// Declared variables.
    pub variables: &'a [VariableDefinition<'static, String>],
    /// What is selected.
    pub selection: &'a SelectionSet<'static, String>,
    /// Fragments by name.
    pub fragments: BTreeMap<&'a str, &'a FragmentDefinition<'static, String>>,
}

impl<'a> Request<'a> {
    /// The type that the operation selects from.
    pub fn root(&self) -> &'static str {
        match self.operation {
            Operation::Query => "QueryRoot",
            Operation::Mutation => "Mutation",
        }
    }

    /// Choose the operation to run.
    ///
    /// # Errors
    /// When there is none, none of that name, several without a name, or a subscription.
    pub fn choose(document: &'a Parsed, name: Option<&str>) -> Result<Self, GraphError> {
        let mut fragments = BTreeMap::new();
        let mut found = Vec::new();
        for definition in &document.definitions {
            match definition {
                Definition::Fragment(fragment) => {
                    fragments.insert(fragment.name.as_str(), fragment);
                }
                Definition::Operation(operation) => found.push(operation),
            }
        }
        if let Some(name) = name {
            found.retain(|operation| name_of(operation) == Some(name));
        }
        let [operation] = found.as_slice() else {
            let message = match name {
                Some(name) => format!("No operation named \"{name}\""),
                None if found.is_empty() => "A query attribute must be specified and must be a string.".to_owned(),
                None => "An operation name is required".to_owned(),
            };
            return Err(GraphError::new("BAD_REQUEST", message));
        };
        Self::of(operation, fragments)
    }

    fn of(
        operation: &'a OperationDefinition<'static, String>,
        fragments: BTreeMap<&'a str, &'a FragmentDefinition<'static, String>>,
    ) -> Result<Self, GraphError> {
        let titled = |kind: &str, name: &Option<String>| match name {
            Some(name) => format!("{kind} {name}"),
            None => kind.to_owned(),
        };
        Ok(match operation {
            OperationDefinition::SelectionSet(selection) => {
                Self { operation: Operation::Query, title: "query".to_owned(), variables: &[], selection, fragments }
            }
            OperationDefinition::Query(query) => Self {
                operation: Operation::Query,
                title: titled("query", &query.name),
                variables: &query.variable_definitions,
                selection: &query.selection_set,
                fragments,
            },
            OperationDefinition::Mutation(mutation) => Self {
                operation: Operation::Mutation,
                title: titled("mutation", &mutation.name),
                variables: &mutation.variable_definitions,
                selection: &mutation.selection_set,
                fragments,
            },
            OperationDefinition::Subscription(subscription) => {
                let message = "Schema is not configured for subscriptions";
                return Err(GraphError::new("missingSubscriptionConfiguration", message).at(subscription.position));
            }
        })
    }
}

fn name_of<'a>(operation: &'a OperationDefinition<'static, String>) -> Option<&'a str> {
    match operation {
        OperationDefinition::SelectionSet(_) => None,
        OperationDefinition::Query(query) => query.name.as_deref(),
        OperationDefinition::Mutation(mutation) => mutation.name.as_deref(),
        OperationDefinition::Subscription(subscription) => subscription.name.as_deref(),
    }
}
