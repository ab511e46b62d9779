//! The GraphQL machinery: schema, static checks, variables, execution, cost.

pub mod access;
pub mod cost;
pub mod error;
pub mod execute;
pub mod literal;
pub mod request;
pub mod schema;
pub mod selection;
pub mod validate;
pub mod variables;
