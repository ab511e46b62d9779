//! Batches: up to 100 creations or updates per call, each with an answer of its own.
//! <https://woocommerce.github.io/woocommerce-rest-api-docs/#batch-update-products>

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::stores::StoreError;

use super::api::Api;
use super::convert::Product;
use super::errors::ApiError;

/// Items per update: 101 are refused as too large (observed on WooCommerce 10.0.2). 100 took 2.4 to 2.7 s there.
pub(super) const UPDATES_MAX: usize = 100;
/// Items per creation. 100 took up to 4.7 s on a fast machine; a host six times slower must still answer within PHP's
/// common 30 s and our own time-out.
const CREATIONS_MAX: usize = 50;

/// What is created or updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Products.
    Products,
    /// Variations of this product.
    VariationsOf(u64),
}

impl Place {
    fn path(self) -> String {
        match self {
            Self::Products => "/products/batch".to_owned(),
            Self::VariationsOf(product) => format!("/products/{product}/variations/batch"),
        }
    }
}

#[derive(Clone, Copy)]
enum Verb {
    Create,
    Update,
}

/// Change the given fields of things by id; one result per item, in order.
pub(super) async fn update(
    api: &Api,
    place: Place,
    items: Vec<(u64, Map<String, Value>)>,
) -> Vec<Result<Product, StoreError>> {
    let (ids, bodies): (Vec<u64>, Vec<Value>) = items
        .into_iter()
        .map(|(id, mut fields)| {
            fields.insert("id".to_owned(), id.into());
            (id, Value::Object(fields))
        })
        .unzip();
    let calls = bodies.chunks(UPDATES_MAX).map(|bodies| call(api, place, Verb::Update, bodies));
    let results = join_all(calls).await.into_iter().flatten();
    // An answer about something else than was asked tells nothing about what was asked.
    let own = |(result, id): (Result<Product, StoreError>, u64)| match result {
        Ok(product) if product.id != id => Err(unexpected(api.shop(), "a batch answered in another order")),
        result => result,
    };
    results.zip(ids).map(own).collect()
}

/// Create things; one result per item, in order.
pub(super) async fn create(api: &Api, place: Place, bodies: &[Value]) -> Vec<Result<Product, StoreError>> {
    let calls = bodies.chunks(CREATIONS_MAX).map(|bodies| call(api, place, Verb::Create, bodies));
    join_all(calls).await.into_iter().flatten().collect()
}

async fn call(api: &Api, place: Place, verb: Verb, bodies: &[Value]) -> Vec<Result<Product, StoreError>> {
    let name = match verb {
        Verb::Create => "create",
        Verb::Update => "update",
    };
    match api.send::<Value>(Method::POST, &place.path(), &json!({ name: bodies })).await {
        Ok(mut answer) => align(api.shop(), bodies.len(), answer.get_mut(name).map(Value::take)),
        Err(error) => vec![Err(error); bodies.len()],
    }
}

/// One result per item sent. WooCommerce answers all of them, in order, those refused with `error` (observed on 10.0.2).
fn align(shop: &str, sent: usize, answered: Option<Value>) -> Vec<Result<Product, StoreError>> {
    match answered {
        Some(Value::Array(items)) if items.len() == sent => {
            items.into_iter().map(|item| read_item(shop, item)).collect()
        }
        _ => vec![Err(unexpected(shop, "a batch answered for another number of items")); sent],
    }
}

fn read_item(shop: &str, mut item: Value) -> Result<Product, StoreError> {
    if let Some(error) = item.get_mut("error").map(Value::take) {
        return Err(match serde_json::from_value::<ApiError>(error) {
            Ok(error) => error.meaning(shop, None),
            Err(_) => unexpected(shop, "an item's error of another shape"),
        });
    }
    match serde_json::from_value::<Product>(item) {
        Ok(product) if product.id != 0 => Ok(product),
        _ => Err(unexpected(shop, "an item of another shape")),
    }
}

/// An answer that leaves open what was done.
pub(super) fn unexpected(shop: &str, why: &str) -> StoreError {
    StoreError::Unexpected { shop: shop.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: usize, answered: Value, expect: &[&str]) {
        let results: Vec<String> = align("eu", sent, Some(answered))
            .into_iter()
            .map(|result| result.map_or_else(|error| error.to_string(), |product| product.id.to_string()))
            .collect();
        assert_eq!(results, expect);
    }

    #[test]
    fn items_have_answers_of_their_own() {
        let gone = json!({"id": 999_999, "error": {"code": "woocommerce_rest_product_invalid_id",
            "message": "Invalid ID.", "data": {"status": 400}}});
        check(2, json!([{"id": 1}, gone]), &["1", "eu: not there any more: Invalid ID."]);
        let number = "eu: unexpected answer: a batch answered for another number of items";
        check(2, json!([{"id": 1}]), &[number, number]);
        check(1, json!({"0": {"id": 1}}), &[number]);
        let shape = "eu: unexpected answer: an item of another shape";
        check(2, json!([{"id": 0}, null]), &[shape, shape]);
        check(1, json!([{"id": 1, "error": 5}]), &["eu: unexpected answer: an item's error of another shape"]);
    }
}
