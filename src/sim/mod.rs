//! The simulator: production code (the engine, the checked write, the stock core, the ledger's transactions) in a small
//! world whose people, faults and crashes follow from a seed. Thousands of histories a second, each repeatable.
//!
//! [`play`] plays one history. `make sim` plays many, and each of them again with the program killed before, after and
//! without an answer to each of its effects.

mod driver;
mod effects;
mod leeway;
mod listing;
mod people;
mod rest;
mod sheet;
mod shop;
mod shop_face;
mod shop_looks;
mod start;
#[cfg(test)]
mod tests;
mod watch;
mod world;

pub use driver::{Outcome, Plan, play};
pub use effects::{Moment, Stop};
pub use people::{KINDS, Kind};
pub use world::Counts;
