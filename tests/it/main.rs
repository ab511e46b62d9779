//! Tests over real HTTP: the lab's sheet and shops, and the production engine between them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on says so by panicking"
)]

mod bad_input;
mod bed;
mod both_ways;
mod catalogs;
mod counters;
mod faults;
mod idempotency;
mod identity;
mod odd_rows;
mod renames;
mod shop_passes;
mod trouble;
