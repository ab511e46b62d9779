//! The stock core alone, for `make mutants`: what it needs of the crate around it, and nothing else.
#![allow(dead_code, unused_imports, unexpected_cfgs)]

pub mod planted;
pub mod stock;

/// As in the whole crate.
pub mod clock {
    /// A point in time.
    pub type Time = chrono::DateTime<chrono::Utc>;
}
