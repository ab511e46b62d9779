//! The endpoint over HTTP, against answers recorded from a real Vendure.

mod creating;
mod fake;
mod reading;
mod writing;

use crate::catalog::{Money, OptionValue, Sku};
use crate::stores::{ContentChange, Outcome, ProductDraft, RemoteId, StockWrite, VariantDraft};

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn remote(product: &str, variant: &str) -> RemoteId {
    RemoteId { product: product.to_owned(), variant: Some(variant.to_owned()), inventory: None }
}

fn change(variant: &str, title: Option<&str>, price: Option<&str>) -> ContentChange {
    ContentChange {
        sku: sku("x"),
        remote: remote("1", variant),
        title: title.map(ToOwned::to_owned),
        price: price.and_then(Money::from_store),
        rename: false,
    }
}

fn stock_write(variant: &str, expected: i64, delta: i64) -> StockWrite {
    StockWrite { sku: sku("x"), remote: remote("1", variant), expected, delta, key: "key".to_owned() }
}

fn draft(product: Option<&str>, handle: Option<&str>, variants: &[(&str, Option<&str>)]) -> ProductDraft {
    let option = |size: &&str| OptionValue { name: "Size".to_owned(), value: (*size).to_owned() };
    let variant = |(of, size): &(&str, Option<&str>)| VariantDraft {
        sku: sku(of),
        options: size.iter().map(option).collect(),
        price: Money::from_store("9").unwrap(),
    };
    ProductDraft {
        product: product.map(ToOwned::to_owned),
        handle: handle.map(ToOwned::to_owned),
        title: "Tee".to_owned(),
        variants: variants.iter().map(variant).collect(),
        siblings: Vec::new(),
    }
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
