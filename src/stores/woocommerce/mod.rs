//! The WooCommerce endpoint: REST v3.

mod config;

pub use config::{Auth, Config};
