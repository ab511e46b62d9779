//! shelfd keeps a merchant's Google Sheet and their online stores in agreement, both ways.
//!
//! The crate map, in the order data flows (ARCHITECTURE.md walks it with a price change and a sale):
//!
//! - [`settings`], [`config`]: TOML to typed settings, every problem at once.
//! - [`catalog`], [`stock`], [`plan`], [`retry`]: the pure core. No clock, no randomness, no I/O.
//! - [`sheet`], [`stores`], [`db`]: adapters that never meet: Google in and out, one folder per store, the ledger.
//! - [`engine`]: the endpoint loop (observe, fold, plan, write, confirm), the only place where core and adapters meet.
//! - [`http`]: the webhook listener and the admin side.
//! - [`app`]: turns a configuration into running tasks.
//! - [`cli`]: one file per command.
//! - [`lab`]: a world to try things in, used by the demo and by tests.
//! - [`sim`]: a smaller world without HTTP, in which thousands of histories a second try to break the promises.

#[cfg(feature = "daemon")]
pub mod app;
pub mod catalog;
#[cfg(feature = "daemon")]
pub mod cli;
pub mod clock;
#[cfg(feature = "daemon")]
pub mod config;
pub mod db;
pub mod engine;
#[cfg(feature = "daemon")]
pub mod http;
#[cfg(feature = "daemon")]
pub mod lab;
pub mod plan;
pub mod planted;
pub mod retry;
pub mod rng;
#[cfg(feature = "daemon")]
pub mod settings;
pub mod sheet;
pub mod sim;
pub mod stock;
pub mod stores;
pub mod telemetry;
