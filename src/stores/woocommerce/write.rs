//! Writing stock, prices, titles and SKUs.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Map, Value, json};

use crate::catalog::Sku;
use crate::stores::{ContentChange, Outcome, RemoteId, StockWrite, StoreError};

use super::api::Api;
use super::batch::{self, Place};
use super::convert::{Product, ids};
use super::errors::refuse;

/// Fields to write, by place and id.
type Plan = BTreeMap<Place, BTreeMap<u64, Map<String, Value>>>;
/// What became of them.
type Done = BTreeMap<(Place, u64), Result<Product, StoreError>>;

/// What one change wants of one thing.
#[derive(Debug, PartialEq, Eq)]
struct Part<'a> {
    target: (Place, u64),
    /// The SKU that the answer must show.
    renamed: Option<&'a Sku>,
}

/// Set `expected + delta` for each. All simple products go in one batch, variations in one per parent.
pub(super) async fn stock(api: &Api, writes: &[StockWrite]) -> Vec<Outcome<Option<i64>>> {
    let mut plan = Plan::new();
    let targets: Vec<Result<(Place, u64), StoreError>> = writes
        .iter()
        .map(|write| {
            let (place, id) = place(api.shop(), &write.remote)?;
            let stock = write.expected.checked_add(write.delta);
            let stock = stock.ok_or_else(|| refuse(api.shop(), "stock", "the stock would not fit into a number"))?;
            put(&mut plan, (place, id), "manage_stock", json!(true));
            put(&mut plan, (place, id), "stock_quantity", json!(stock));
            Ok((place, id))
        })
        .collect();
    let done = carry_out(api, plan).await;
    let outcome = |target: Result<(Place, u64), StoreError>| match target
        .and_then(|target| result_of(api, &done, target))
    {
        Ok(product) if product.manage_stock => Outcome::Done(product.stock_quantity),
        Ok(_) => Outcome::Refused(refuse(
            api.shop(),
            "manage_stock",
            "the shop does not count stock; switch on stock management in WooCommerce, Settings, Products, Inventory",
        )),
        Err(error) => error.into(),
    };
    targets.into_iter().map(outcome).collect()
}

/// Write prices, titles and SKUs. A variation's title is its parent's: written once per parent, the first one given counts.
pub(super) async fn content(api: &Api, changes: &[ContentChange]) -> Vec<Outcome<()>> {
    let mut plan = Plan::new();
    let parts: Vec<Result<Vec<Part<'_>>, StoreError>> =
        changes.iter().map(|change| plan_change(api.shop(), change, &mut plan)).collect();
    let done = carry_out(api, plan).await;
    let outcome = |parts: Result<Vec<Part<'_>>, StoreError>| match parts {
        Ok(parts) => parts.iter().map(|part| part_outcome(api, &done, part)).fold(Outcome::Done(()), worse),
        Err(error) => error.into(),
    };
    parts.into_iter().map(outcome).collect()
}

fn plan_change<'a>(shop: &str, change: &'a ContentChange, plan: &mut Plan) -> Result<Vec<Part<'a>>, StoreError> {
    let (place, id) = place(shop, &change.remote)?;
    let mut parts = Vec::new();
    if let Some(price) = change.price {
        put(plan, (place, id), "regular_price", json!(price.to_store()));
    }
    let renamed = change.rename.then_some(&change.sku);
    if let Some(sku) = renamed {
        put(plan, (place, id), "sku", json!(sku));
    }
    if change.price.is_some() || renamed.is_some() {
        parts.push(Part { target: (place, id), renamed });
    }
    if let Some(title) = &change.title {
        let target = match place {
            Place::Products => (place, id),
            Place::VariationsOf(parent) => (Place::Products, parent),
        };
        put(plan, target, "name", json!(title));
        parts.push(Part { target, renamed: None });
    }
    Ok(parts)
}

fn put(plan: &mut Plan, (place, id): (Place, u64), field: &str, value: Value) {
    plan.entry(place).or_default().entry(id).or_default().entry(field).or_insert(value);
}

async fn carry_out(api: &Api, plan: Plan) -> Done {
    let calls = plan.into_iter().map(|(place, items)| async move {
        let targets: Vec<(Place, u64)> = items.keys().map(|id| (place, *id)).collect();
        targets.into_iter().zip(batch::update(api, place, items.into_iter().collect()).await)
    });
    join_all(calls).await.into_iter().flatten().collect()
}

fn result_of(api: &Api, done: &Done, target: (Place, u64)) -> Result<Product, StoreError> {
    done.get(&target).cloned().unwrap_or_else(|| Err(batch::unexpected(api.shop(), "a write without an answer")))
}

fn part_outcome(api: &Api, done: &Done, part: &Part<'_>) -> Outcome<()> {
    let product = match result_of(api, done, part.target) {
        Ok(product) => product,
        Err(error) => return error.into(),
    };
    match (part.renamed, product.sku.as_deref().and_then(Sku::new)) {
        (None, _) => Outcome::Done(()),
        (Some(sku), Some(shown)) if *sku == shown => Outcome::Done(()),
        (Some(sku), Some(shown)) => {
            let why =
                format!("the shop keeps \"{shown}\" where \"{sku}\" was sent; choose a SKU that it takes as it is");
            Outcome::Refused(refuse(api.shop(), "sku_changed", &why))
        }
        (Some(_), None) => Outcome::Unknown(batch::unexpected(api.shop(), "no error, but no SKU in the answer either")),
    }
}

/// The outcome of a change in two parts: the one that asks for more care.
fn worse(so_far: Outcome<()>, next: Outcome<()>) -> Outcome<()> {
    let rank = |outcome: &Outcome<()>| match outcome {
        Outcome::Done(()) => 0,
        Outcome::Stale => 1,
        Outcome::Refused(_) => 2,
        Outcome::NotDone(_) => 3,
        Outcome::Unknown(_) => 4,
    };
    if rank(&next) > rank(&so_far) { next } else { so_far }
}

fn place(shop: &str, remote: &RemoteId) -> Result<(Place, u64), StoreError> {
    let (id, parent) =
        ids(remote).ok_or_else(|| refuse(shop, "remote_id", "this is no product of a WooCommerce shop"))?;
    Ok((parent.map_or(Place::Products, Place::VariationsOf), id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Money;
    use crate::stores::woocommerce::convert::{remote_simple, remote_variation};

    fn change(remote: RemoteId, title: Option<&str>, price: Option<&str>) -> ContentChange {
        ContentChange {
            sku: Sku::new("A").unwrap(),
            remote,
            title: title.map(str::to_owned),
            price: price.and_then(Money::from_store),
            rename: false,
        }
    }

    #[test]
    fn a_variations_title_is_written_once_at_its_parent() {
        let changes = [
            change(remote_simple(1), Some("Mug"), Some("3")),
            change(remote_variation(2, 3), Some("Shirt"), Some("9.5")),
            change(remote_variation(2, 4), Some("Shirt"), None),
        ];
        let mut plan = Plan::new();
        let parts: Vec<_> = changes.iter().map(|change| plan_change("eu", change, &mut plan).unwrap()).collect();
        let found: Vec<_> = plan
            .iter()
            .flat_map(|(place, items)| items.iter().map(move |(id, fields)| (*place, *id, json!(fields))))
            .collect();
        let expect = [
            (Place::Products, 1, json!({"name": "Mug", "regular_price": "3.00"})),
            (Place::Products, 2, json!({"name": "Shirt"})),
            (Place::VariationsOf(2), 3, json!({"regular_price": "9.50"})),
        ];
        assert_eq!(found, expect);
        assert_eq!(parts[2], [Part { target: (Place::Products, 2), renamed: None }]);
    }

    #[test]
    fn the_more_careful_outcome_counts() {
        let refused = || refuse("eu", "c", "m");
        let lost = || StoreError::AnswerLost { shop: "eu".to_owned(), why: "cut".to_owned() };
        let busy = || StoreError::Throttled { shop: "eu".to_owned(), wait: std::time::Duration::ZERO };
        let fold = |errors: Vec<StoreError>| errors.into_iter().map(Outcome::from).fold(Outcome::Done(()), worse);
        assert!(matches!(fold(vec![]), Outcome::Done(())));
        assert!(matches!(fold(vec![refused(), lost()]), Outcome::Unknown(_)));
        assert!(matches!(fold(vec![lost(), refused()]), Outcome::Unknown(_)));
        assert!(matches!(fold(vec![refused(), busy()]), Outcome::NotDone(_)));
    }
}
