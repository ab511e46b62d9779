//! `userErrors`: refusals that come with a payload.

use super::resolve::{Node, Out};

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    field: Vec<String>,
    message: String,
    code: Option<&'static str>,
}

impl UserError {
    /// `field` is a path with dots (`input.changes.0.delta`).
    pub fn new(field: &str, message: impl Into<String>, code: &'static str) -> Self {
        Self { field: field.split('.').map(str::to_owned).collect(), message: message.into(), code: Some(code) }
    }

    /// For mutations whose user errors have no codes.
    pub fn plain(field: &str, message: impl Into<String>) -> Self {
        Self { code: None, ..Self::new(field, message, "") }
    }

    /// The field, for ordering.
    pub fn field(&self) -> &[String] {
        &self.field
    }
}

/// The field `userErrors`, of the given type.
pub fn user_errors(kind: &str, errors: &[UserError]) -> Out {
    Out::many(errors.iter().map(|error| {
        Node::record(
            kind,
            [
                ("field", error.field.clone().into()),
                ("message", error.message.clone().into()),
                ("code", error.code.into()),
            ],
        )
    }))
}
