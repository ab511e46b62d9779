//! Writing titles, prices and SKUs.

use std::collections::HashMap;

use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::{Money, Sku};
use crate::stores::{ContentChange, Outcome, StoreError};

use super::Shopify;
use super::answer::{UserError, unexpected};
use super::convert::WithId;
use super::queries::{UPDATE_TITLE, UPDATE_VARIANTS};

/// No input list may be longer (<https://shopify.dev/docs/api/usage/limits>).
const VARIANTS_MAX: usize = 250;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariantsData {
    product_variants_bulk_update: Option<Updated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    product_variants: Option<Vec<UpdatedNode>>,
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct UpdatedNode {
    id: String,
    sku: Option<String>,
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

/// A new price, SKU or both for the change at `at` in the caller's list.
struct VariantChange<'a> {
    at: usize,
    variant: &'a str,
    price: Option<Money>,
    sku: Option<&'a Sku>,
}

/// What is to be done to one product.
#[derive(Default)]
struct ProductChange<'a> {
    title: Option<&'a str>,
    titled: Vec<usize>,
    variants: Vec<VariantChange<'a>>,
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
        for variants in change.variants.chunks(VARIANTS_MAX) {
            written.extend(self.write_variants(id, variants).await);
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

    async fn write_variants(&self, id: &str, variants: &[VariantChange<'_>]) -> Vec<(usize, Outcome<()>)> {
        let inputs: Vec<Value> = variants.iter().map(VariantChange::input).collect();
        let variables = json!({ "productId": id, "variants": inputs });
        match self.api.call::<VariantsData>(&UPDATE_VARIANTS, &variables).await {
            Ok(data) => updated(self.api.shop(), variants, data),
            Err(error) => variants.iter().map(|new| (new.at, error.clone().into())).collect(),
        }
    }
}

impl<'a> VariantChange<'a> {
    /// What a change wants of its variant: nothing, a change, or a reason why it cannot be sent.
    fn of(at: usize, change: &'a ContentChange) -> Result<Option<Self>, &'static str> {
        let (price, sku) = (change.price, change.rename.then_some(&change.sku));
        if price.is_none() && sku.is_none() {
            return Ok(None);
        }
        let variant = change.remote.variant.as_deref().ok_or("the variant is not known; list the shop again")?;
        Ok(Some(Self { at, variant, price, sku }))
    }

    /// As a `ProductVariantsBulkInput`, whose SKU is its inventory item's.
    fn input(&self) -> Value {
        let mut input = json!({ "id": self.variant });
        if let Some(price) = self.price {
            input["price"] = price.to_store().into();
        }
        if let Some(sku) = self.sku {
            input["inventoryItem"] = json!({ "sku": sku });
        }
        input
    }

    /// What the shop kept of its own, if anything.
    fn kept(&self, node: &UpdatedNode) -> Option<&'static str> {
        if self.price.is_some_and(|price| Money::from_store(&node.price) != Some(price)) {
            return Some("the shop kept another price without saying why");
        }
        let shown = node.sku.as_deref().and_then(Sku::new);
        let renamed = self.sku.is_none_or(|sku| shown.as_ref() == Some(sku));
        (!renamed).then_some("the shop kept another SKU without saying why")
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
        match VariantChange::of(at, change) {
            Ok(new) => product.variants.extend(new),
            Err(why) => product.refused.push((at, why)),
        }
    }
    products
}

/// What an answered call means for each variant. Partial updates are allowed: who has no error is written, and the
/// answer shows each variant's price and SKU as they are now.
fn updated(shop: &str, variants: &[VariantChange<'_>], data: VariantsData) -> Vec<(usize, Outcome<()>)> {
    let Some(updated) = data.product_variants_bulk_update else {
        let lost = || unexpected(shop, "no payload of productVariantsBulkUpdate");
        return variants.iter().map(|new| (new.at, Outcome::Unknown(lost()))).collect();
    };
    let nodes = updated.product_variants.unwrap_or_default();
    let now: HashMap<&str, &UpdatedNode> = nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let own = |at: usize| updated.user_errors.iter().find(|error| error.index_in("variants") == Some(at));
    let nameless = updated.user_errors.iter().find(|error| error.index_in("variants").is_none());
    let outcome = |at: usize, new: &VariantChange<'_>| match own(at).or(nameless) {
        Some(error) => Outcome::Refused(error.refusal(shop)),
        None => match now.get(new.variant).map(|node| new.kept(node)) {
            Some(None) => Outcome::Done(()),
            Some(Some(why)) => Outcome::NotDone(unexpected(shop, why)),
            None => Outcome::Unknown(unexpected(shop, "no error, but the variant is not in the answer either")),
        },
    };
    variants.iter().enumerate().map(|(at, new)| (new.at, outcome(at, new))).collect()
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
            ContentChange { rename: true, ..change("q", "e", None, None) },
        ];
        let products = by_product(&changes);
        assert_eq!(products.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["p", "q"]);
        let (_, p) = &products[0];
        assert_eq!((p.title, p.titled.as_slice()), (Some("Shirt"), [0, 2].as_slice()));
        assert_eq!(p.variants.iter().map(|new| (new.at, new.variant)).collect::<Vec<_>>(), [(0, "a"), (3, "d")]);
        assert_eq!(p.refused.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [3]);
        let (_, q) = &products[1];
        let inputs: Vec<Value> = q.variants.iter().map(VariantChange::input).collect();
        let expect = [json!({ "id": "b", "price": "2.00" }), json!({ "id": "e", "inventoryItem": { "sku": "e" } })];
        assert_eq!(inputs, expect);
    }

    #[test]
    fn a_variant_nobody_knows_is_not_sent() {
        let unknown = |rename: bool, price: Option<&str>| {
            let mut change = ContentChange { rename, ..change("p", "a", None, price) };
            change.remote.variant = None;
            by_product(&[change]).remove(0).1.refused.len()
        };
        assert_eq!((unknown(true, None), unknown(false, Some("1")), unknown(false, None)), (1, 1, 0));
    }

    fn check(payload: Value, expect: &[&str]) {
        let sku = Sku::new("B-2").unwrap();
        let variants = [
            VariantChange { at: 7, variant: "a", price: Money::from_store("9.99"), sku: None },
            VariantChange { at: 2, variant: "b", price: Money::from_store("5"), sku: Some(&sku) },
        ];
        let data = serde_json::from_value(json!({ "productVariantsBulkUpdate": payload })).unwrap();
        let words: Vec<String> = updated("eu", &variants, data)
            .into_iter()
            .map(|(at, outcome)| format!("{at} {}", rank(&outcome)))
            .collect();
        assert_eq!(words, expect);
    }

    #[test]
    fn partial_updates_are_told_apart() {
        let node = |id: &str, price: &str, sku: Value| json!({ "id": id, "price": price, "sku": sku });
        let both = |sku: Value| json!([node("a", "9.99", json!("A")), node("b", "5.00", sku)]);
        check(json!({ "productVariants": both(json!("B-2")), "userErrors": [] }), &["7 0", "2 0"]);
        check(json!({ "productVariants": both(json!("B")), "userErrors": [] }), &["7 0", "2 3"]);
        check(json!({ "productVariants": both(json!(null)), "userErrors": [] }), &["7 0", "2 3"]);
        let error = |field: Value| json!([{ "code": "GREATER_THAN_OR_EQUAL_TO", "field": field, "message": "no" }]);
        let kept = json!([node("a", "9.99", json!("A")), node("b", "11.00", json!("B-2"))]);
        let second = error(json!(["variants", "1", "inventoryItem", "sku"]));
        check(json!({ "productVariants": kept.clone(), "userErrors": second }), &["7 0", "2 2"]);
        check(json!({ "productVariants": null, "userErrors": error(json!(["productId"])) }), &["7 2", "2 2"]);
        check(json!({ "productVariants": kept, "userErrors": [] }), &["7 0", "2 3"]);
        check(json!({ "productVariants": [], "userErrors": [] }), &["7 4", "2 4"]);
        check(json!(null), &["7 4", "2 4"]);
    }
}
