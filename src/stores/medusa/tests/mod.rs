//! The store against a server that answers as a real Medusa 2.21.2 did (`recorded.json`).

mod fake;
mod reading;
mod writing;
