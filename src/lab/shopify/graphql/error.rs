//! Top-level errors in the shape the Admin API gives them.

use graphql_parser::Pos;
use serde_json::{Map, Value, json};

/// One entry of `errors`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphError {
    message: String,
    locations: Vec<Pos>,
    path: Vec<Value>,
    extensions: Map<String, Value>,
}

impl GraphError {
    /// An error with a code, such as `undefinedField` or `BAD_REQUEST`.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        let extensions = Map::from_iter([("code".to_owned(), code.into())]);
        Self { message: message.into(), locations: Vec::new(), path: Vec::new(), extensions }
    }

    /// Where in the document.
    pub fn at(mut self, position: Pos) -> Self {
        self.locations.push(position);
        self
    }

    /// Where in the answer, or in the document.
    pub fn on(mut self, path: &[Value]) -> Self {
        self.path = path.to_vec();
        self
    }

    /// One more fact.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(key.to_owned(), value.into());
        self
    }

    /// True until [`GraphError::at`] was called.
    pub fn is_unplaced(&self) -> bool {
        self.locations.is_empty()
    }

    /// As sent.
    pub fn to_json(&self) -> Value {
        let mut error = json!({ "message": self.message, "extensions": self.extensions });
        if !self.locations.is_empty() {
            error["locations"] =
                self.locations.iter().map(|at| json!({ "line": at.line, "column": at.column })).collect();
        }
        if !self.path.is_empty() {
            error["path"] = Value::Array(self.path.clone());
        }
        error
    }
}
