//! See sheet/mod.rs.
