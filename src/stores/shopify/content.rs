//! Writing titles and prices.

use std::collections::HashMap;

use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::Money;
use crate::stores::{ContentChange, Outcome, StoreError};

use super::Shopify;
use super::answer::{UserError, unexpected};
use super::convert::WithId;
use super::queries::{UPDATE_PRICES, UPDATE_TITLE};

/// No input list may be longer (<https://shopify.dev/docs/api/usage/limits>).
const VARIANTS_MAX: usize = 250;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PricesData {
    product_variants_bulk_update: Option<Updated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    product_variants: Option<Vec<PricedNode>>,
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct PricedNode {
    id: String,
    price: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TitleData {
    product_update: Option<Titled>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Titled {
    product: Option<WithId>,
    user_errors: Vec<UserError>,
}

/// A new price for the change at `at` in the caller's list.
struct NewPrice<'a> {
    at: usize,
    variant: &'a str,
    price: Money,
}

/// What is to be done to one product.
#[derive(Default)]
struct ProductChange<'a> {
    title: Option<&'a str>,
    titled: Vec<usize>,
    prices: Vec<NewPrice<'a>>,
    /// Changes that cannot be sent.
    refused: Vec<(usize, &'static str)>,
}

impl Shopify {
    pub(super) async fn write_all_content(&self, changes: &[ContentChange]) -> Vec<Outcome<()>> {
        let mut outcomes: Vec<Outcome<()>> = changes.iter().map(|_| Outcome::Done(())).collect();
        let written =
            join_all(by_product(changes).into_iter().map(|(id, change)| self.write_product(id, change))).await;
        for (at, outcome) in written.into_iter().flatten() {
            if let Some(so_far) = outcomes.get_mut(at)
                && rank(&outcome) > rank(so_far)
            {
                *so_far = outcome;
            }
        }
        outcomes
    }

    async fn write_product(&self, id: &str, change: ProductChange<'_>) -> Vec<(usize, Outcome<()>)> {
        let shop = self.api.shop();
        let mut written: Vec<(usize, Outcome<()>)> =
            change.refused.iter().map(|(at, why)| (*at, Outcome::Refused(not_sendable(shop, why)))).collect();
        if let Some(title) = change.title {
            let result = self.write_title(id, title).await;
            written.extend(change.titled.iter().map(|at| (*at, from_result(result.clone()))));
        }
        for prices in change.prices.chunks(VARIANTS_MAX) {
            written.extend(self.write_prices(id, prices).await);
        }
        written
    }

    async fn write_title(&self, id: &str, title: &str) -> Result<(), StoreError> {
        let shop = self.api.shop();
        let variables = json!({ "product": { "id": id, "title": title } });
        let data: TitleData = self.api.call(&UPDATE_TITLE, &variables).await?;
        let titled = data.product_update.ok_or_else(|| unexpected(shop, "no payload of productUpdate"))?;
        match (titled.user_errors.first(), titled.product) {
            // These errors have no code; an error of the id itself can only mean one thing.
            (Some(error), None)
                if error.field.as_deref().is_some_and(|field| field.last().is_some_and(|name| name == "id")) =>
            {
                Err(StoreError::Gone { shop: shop.to_owned(), message: error.message.clone() })
            }
            (Some(error), _) => Err(error.refusal(shop)),
            (None, Some(_)) => Ok(()),
            (None, None) => Err(unexpected(shop, "productUpdate gave neither a product nor an error")),
        }
    }

    async fn write_prices(&self, id: &str, prices: &[NewPrice<'_>]) -> Vec<(usize, Outcome<()>)> {
        let variants: Vec<Value> =
            prices.iter().map(|new| json!({ "id": new.variant, "price": new.price.to_store() })).collect();
        let variables = json!({ "productId": id, "variants": variants });
        match self.api.call::<PricesData>(&UPDATE_PRICES, &variables).await {
            Ok(data) => priced(self.api.shop(), prices, data),
            Err(error) => prices.iter().map(|new| (new.at, error.clone().into())).collect(),
        }
    }
}

/// Sort changes by product, because one call writes one product. A product has one title: a change that wants another
/// than the first is refused, or the last of them would win unseen.
fn by_product(changes: &[ContentChange]) -> Vec<(&str, ProductChange<'_>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut products: Vec<(&str, ProductChange<'_>)> = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let id = change.remote.product.as_str();
        let place = *places.entry(id).or_insert(products.len());
        if place == products.len() {
            products.push((id, ProductChange::default()));
        }
        let Some((_, product)) = products.get_mut(place) else { continue };
        match (change.title.as_deref(), product.title) {
            (Some(title), Some(first)) if title != first => {
                product.refused.push((at, "the variants of one product have different titles"));
            }
            (Some(title), _) => {
                product.title = Some(title);
                product.titled.push(at);
            }
            (None, _) => {}
        }
        match (change.price, change.remote.variant.as_deref()) {
            (Some(price), Some(variant)) => product.prices.push(NewPrice { at, variant, price }),
            (Some(_), None) => product.refused.push((at, "the variant is not known; list the shop again")),
            (None, _) => {}
        }
    }
    products
}

/// What an answered call means for each price. Partial updates are allowed: who has no error is written, and the
/// answer shows each variant's price as it is now.
fn priced(shop: &str, prices: &[NewPrice<'_>], data: PricesData) -> Vec<(usize, Outcome<()>)> {
    let Some(updated) = data.product_variants_bulk_update else {
        let lost = || unexpected(shop, "no payload of productVariantsBulkUpdate");
        return prices.iter().map(|new| (new.at, Outcome::Unknown(lost()))).collect();
    };
    let nodes = updated.product_variants.unwrap_or_default();
    let now: HashMap<&str, Option<Money>> =
        nodes.iter().map(|node| (node.id.as_str(), Money::from_store(&node.price))).collect();
    let own = |at: usize| updated.user_errors.iter().find(|error| error.index_in("variants") == Some(at));
    let nameless = updated.user_errors.iter().find(|error| error.index_in("variants").is_none());
    let outcome = |at: usize, new: &NewPrice<'_>| match own(at).or(nameless) {
        Some(error) => Outcome::Refused(error.refusal(shop)),
        None => match now.get(new.variant) {
            Some(price) if *price == Some(new.price) => Outcome::Done(()),
            Some(_) => Outcome::NotDone(unexpected(shop, "the shop kept another price without saying why")),
            None => Outcome::Unknown(unexpected(shop, "no error, but the variant is not in the answer either")),
        },
    };
    prices.iter().enumerate().map(|(at, new)| (new.at, outcome(at, new))).collect()
}

fn from_result(result: Result<(), StoreError>) -> Outcome<()> {
    match result {
        Ok(()) => Outcome::Done(()),
        Err(error) => error.into(),
    }
}

/// Which of two outcomes is worse. What may succeed next time comes above a refusal, so that it is tried.
fn rank(outcome: &Outcome<()>) -> u8 {
    match outcome {
        Outcome::Done(()) => 0,
        Outcome::Stale => 1,
        Outcome::Refused(_) => 2,
        Outcome::NotDone(_) => 3,
        Outcome::Unknown(_) => 4,
    }
}

fn not_sendable(shop: &str, why: &str) -> StoreError {
    let (shop, message) = (shop.to_owned(), why.to_owned());
    StoreError::Refused { shop, code: "NOT_SENDABLE".to_owned(), message, resource: None }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Sku;
    use crate::stores::RemoteId;

    use super::*;

    fn change(product: &str, variant: &str, title: Option<&str>, price: Option<&str>) -> ContentChange {
        ContentChange {
            sku: Sku::new(variant).unwrap(),
            remote: RemoteId { product: product.to_owned(), variant: Some(variant.to_owned()), inventory: None },
            title: title.map(ToOwned::to_owned),
            price: price.and_then(Money::from_store),
            rename: false,
        }
    }

    #[test]
    fn changes_are_sorted_by_product() {
        let changes = [
            change("p", "a", Some("Shirt"), Some("1")),
            change("q", "b", None, Some("2")),
            change("p", "c", Some("Shirt"), None),
            change("p", "d", Some("Other"), Some("4")),
        ];
        let products = by_product(&changes);
        assert_eq!(products.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["p", "q"]);
        let (_, p) = &products[0];
        assert_eq!((p.title, p.titled.as_slice()), (Some("Shirt"), [0, 2].as_slice()));
        assert_eq!(p.prices.iter().map(|new| (new.at, new.variant)).collect::<Vec<_>>(), [(0, "a"), (3, "d")]);
        assert_eq!(p.refused.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [3]);
    }

    fn check(payload: Value, expect: &[&str]) {
        let price = |text| Money::from_store(text).unwrap();
        let prices = [
            NewPrice { at: 7, variant: "a", price: price("9.99") },
            NewPrice { at: 2, variant: "b", price: price("5") },
        ];
        let data = serde_json::from_value(json!({ "productVariantsBulkUpdate": payload })).unwrap();
        let words: Vec<String> =
            priced("eu", &prices, data).into_iter().map(|(at, outcome)| format!("{at} {}", rank(&outcome))).collect();
        assert_eq!(words, expect);
    }

    #[test]
    fn partial_updates_are_told_apart() {
        let node = |id: &str, price: &str| json!({ "id": id, "price": price });
        let both = json!([node("a", "9.99"), node("b", "5.00")]);
        check(json!({ "productVariants": both, "userErrors": [] }), &["7 0", "2 0"]);
        let error = |field: Value| json!([{ "code": "GREATER_THAN_OR_EQUAL_TO", "field": field, "message": "no" }]);
        let kept = json!([node("a", "9.99"), node("b", "11.00")]);
        let second = error(json!(["variants", "1", "price"]));
        check(json!({ "productVariants": kept.clone(), "userErrors": second }), &["7 0", "2 2"]);
        check(json!({ "productVariants": null, "userErrors": error(json!(["productId"])) }), &["7 2", "2 2"]);
        check(json!({ "productVariants": kept, "userErrors": [] }), &["7 0", "2 3"]);
        check(json!({ "productVariants": [], "userErrors": [] }), &["7 4", "2 4"]);
        check(json!(null), &["7 4", "2 4"]);
    }
}
