//! The endpoint over HTTP, against answers of recorded shapes.

mod fake;
mod reading;
mod recorded;
mod writing;

use crate::catalog::Sku;
use crate::stores::{Outcome, RemoteId, StockWrite};

fn remote(n: u64) -> RemoteId {
    RemoteId {
        product: "gid://shopify/Product/1".to_owned(),
        variant: Some(format!("gid://shopify/ProductVariant/{n}")),
        inventory: Some(format!("gid://shopify/InventoryItem/{n}")),
    }
}

fn sku(n: u64) -> Sku {
    Sku::new(&format!("S{n}")).unwrap()
}

fn stock_write(n: u64, expected: i64, delta: i64) -> StockWrite {
    StockWrite { sku: sku(n), remote: remote(n), expected, delta, key: "key".to_owned() }
}

/// An outcome in words: `done`, `stale`, or the case and its error.
fn words<T>(outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Done(_) => "done".to_owned(),
        Outcome::Stale => "stale".to_owned(),
        Outcome::Refused(error) => format!("refused: {error}"),
        Outcome::NotDone(error) => format!("not done: {error}"),
        Outcome::Unknown(error) => format!("unknown: {error}"),
    }
}
