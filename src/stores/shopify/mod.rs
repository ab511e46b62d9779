//! The Shopify endpoint: GraphQL Admin API 2026-10.

mod config;

pub use config::{Access, Config};
