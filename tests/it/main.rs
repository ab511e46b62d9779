//! Tests over real HTTP: the lab's sheet and shops, and the production engine between them.

mod bad_input;
mod bed;
mod both_ways;
mod catalogs;
mod faults;
mod idempotency;
