//! Changing titles, prices and SKUs.

use std::collections::{BTreeMap, HashMap};

use futures::StreamExt as _;
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::{Money, Sku};
use crate::stores::{ContentChange, Outcome, StoreError};

use super::api::{Api, Query, not_sendable, unexpected};
use super::convert::{VARIANT_FIELDS, Variant};
use super::parts::in_parts;
use super::place::Place;
use super::read;

/// Products per call.
const TITLES_MAX: usize = 50;
/// Variants per call: each may be sent with all its prices.
const VARIANTS_MAX: usize = 50;
/// Calls at once. Medusa is one Node process, which also serves shoppers.
const CALLS_MAX: usize = 2;

#[derive(Deserialize)]
struct UpdatedVariants {
    updated: Vec<Variant>,
}

struct NewTitle<'a> {
    product: &'a str,
    title: &'a str,
    at: Vec<usize>,
}

/// A new price, SKU or both for the change at `at` in the caller's list.
struct VariantChange<'a> {
    at: usize,
    variant: &'a str,
    price: Option<Money>,
    sku: Option<&'a Sku>,
}

type Written = Vec<(usize, Outcome<()>)>;

/// One outcome per change, in order.
pub(super) async fn write(api: &Api, place: &Place, changes: &[ContentChange]) -> Vec<Outcome<()>> {
    let mut outcomes: Vec<Outcome<()>> = changes.iter().map(|_| Outcome::Done(())).collect();
    let (titles, mut written) = titles_of(api.shop(), changes);
    written.extend(write_titles(api, &titles).await);
    written.extend(write_variants(api, place, changes).await);
    for (at, outcome) in written {
        if let Some(so_far) = outcomes.get_mut(at)
            && rank(&outcome) > rank(so_far)
        {
            *so_far = outcome;
        }
    }
    outcomes
}

/// A product has one title: a change that wants another than the first is refused, or the last of them would win unseen.
fn titles_of<'a>(shop: &str, changes: &'a [ContentChange]) -> (Vec<NewTitle<'a>>, Written) {
    let mut titles: Vec<NewTitle<'a>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut refused = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let Some(title) = change.title.as_deref() else { continue };
        let product = change.remote.product.as_str();
        let place = *places.entry(product).or_insert(titles.len());
        match titles.get_mut(place) {
            Some(known) if known.title == title => known.at.push(at),
            Some(_) => {
                let error = not_sendable(shop, "the variants of one product have different titles");
                refused.push((at, Outcome::Refused(error)));
            }
            None => titles.push(NewTitle { product, title, at: vec![at] }),
        }
    }
    (titles, refused)
}

async fn write_titles(api: &Api, titles: &[NewTitle<'_>]) -> Written {
    let mut written = Vec::new();
    for chunk in titles.chunks(TITLES_MAX) {
        let results = in_parts(chunk, |part| async move {
            let update: Vec<Value> =
                part.iter().map(|title| json!({ "id": title.product, "title": title.title })).collect();
            let query: Query = vec![("fields", "id".to_owned())];
            api.post::<Value>("/admin/products/batch", &query, &json!({ "update": update })).await?;
            Ok(part.iter().map(|_| Ok(())).collect())
        })
        .await;
        for (title, result) in chunk.iter().zip(results) {
            written.extend(title.at.iter().map(|at| (*at, outcome(result.clone()))));
        }
    }
    written
}

impl<'a> VariantChange<'a> {
    /// What a change wants of its variant, if anything.
    fn of(shop: &str, at: usize, change: &'a ContentChange) -> Result<Option<Self>, StoreError> {
        let (price, sku) = (change.price, change.rename.then_some(&change.sku));
        if price.is_none() && sku.is_none() {
            return Ok(None);
        }
        let unknown = || not_sendable(shop, "the variant is not known; list the shop again");
        let variant = change.remote.variant.as_deref().ok_or_else(unknown)?;
        Ok(Some(Self { at, variant, price, sku }))
    }

    /// As Medusa takes it. A variant's prices are read before and sent back with the one that changes: Medusa deletes
    /// those that are left out, of other currencies too. Sent without any, a variant keeps its own.
    fn body(&self, shop: &str, currency: &str, now: &HashMap<String, Variant>) -> Result<Value, StoreError> {
        let mut body = json!({ "id": self.variant });
        if let Some(sku) = self.sku {
            body["sku"] = json!(sku);
        }
        if let Some(price) = self.price {
            let gone = || StoreError::Gone { shop: shop.to_owned(), message: "the variant".to_owned() };
            let variant = now.get(self.variant).ok_or_else(gone)?;
            body["prices"] = json!(variant.prices_with(shop, currency, price)?);
        }
        Ok(body)
    }

    /// Whether the answer shows what was sent.
    fn confirmed(&self, shop: &str, currency: &str, answered: &[Variant]) -> Result<(), StoreError> {
        let lost = || unexpected(shop, "no error, but the variant is not in the answer either");
        let variant = answered.iter().find(|variant| variant.id == self.variant).ok_or_else(lost)?;
        if self.price.is_some_and(|price| !variant.costs(currency, price)) {
            return Err(unexpected(shop, "the shop kept another price without saying why"));
        }
        if self.sku.is_some_and(|sku| !variant.is_called(sku)) {
            return Err(unexpected(shop, "the shop kept another SKU without saying why"));
        }
        Ok(())
    }
}

/// Prices and SKUs by product, because one call writes one product's variants.
async fn write_variants(api: &Api, place: &Place, changes: &[ContentChange]) -> Written {
    let mut written = Vec::new();
    let mut products: BTreeMap<&str, Vec<VariantChange<'_>>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        match VariantChange::of(api.shop(), at, change) {
            Ok(Some(new)) => products.entry(&change.remote.product).or_default().push(new),
            Ok(None) => {}
            Err(error) => written.push((at, Outcome::Refused(error))),
        }
    }
    let priced = products.values().flatten().filter(|new| new.price.is_some());
    let ids: Vec<&str> = priced.map(|new| new.variant).collect();
    let now: HashMap<String, Variant> = match read::variants(api, &ids).await {
        Ok(variants) => variants.into_iter().map(|variant| (variant.id.clone(), variant)).collect(),
        Err(error) => {
            // Nothing was sent yet.
            written.extend(products.values().flatten().map(|new| (new.at, Outcome::NotDone(error.clone()))));
            return written;
        }
    };
    let mut calls = Vec::new();
    for (product, variants) in &products {
        for chunk in variants.chunks(VARIANTS_MAX) {
            calls.push(write_chunk(api, place, product, chunk, &now));
        }
    }
    let done: Vec<Written> = stream::iter(calls).buffered(CALLS_MAX).collect().await;
    written.extend(done.into_iter().flatten());
    written
}

async fn write_chunk(
    api: &Api,
    place: &Place,
    product: &str,
    chunk: &[VariantChange<'_>],
    now: &HashMap<String, Variant>,
) -> Written {
    let results = in_parts(chunk, |part| write_part(api, place, product, part, now)).await;
    chunk.iter().zip(results).map(|(new, result)| (new.at, outcome(result))).collect()
}

async fn write_part(
    api: &Api,
    place: &Place,
    product: &str,
    variants: &[VariantChange<'_>],
    now: &HashMap<String, Variant>,
) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    let (shop, currency) = (api.shop(), &place.currency);
    let update: Vec<Value> = variants.iter().map(|new| new.body(shop, currency, now)).collect::<Result<_, _>>()?;
    let path = format!("/admin/products/{product}/variants/batch");
    let query: Query = vec![("fields", VARIANT_FIELDS.to_owned())];
    let answer: UpdatedVariants = api.post(&path, &query, &json!({ "update": update })).await?;
    Ok(variants.iter().map(|new| new.confirmed(shop, currency, &answer.updated)).collect())
}

fn outcome(result: Result<(), StoreError>) -> Outcome<()> {
    result.map_or_else(Outcome::from, Outcome::Done)
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

#[cfg(test)]
mod tests {
    use crate::stores::RemoteId;

    use super::*;

    fn change(product: &str, variant: &str, title: Option<&str>) -> ContentChange {
        ContentChange {
            sku: Sku::new(variant).unwrap(),
            remote: RemoteId { product: product.to_owned(), variant: Some(variant.to_owned()), inventory: None },
            title: title.map(ToOwned::to_owned),
            price: None,
            rename: false,
        }
    }

    #[test]
    fn a_product_has_one_title() {
        let changes = [
            change("p", "a", Some("Shirt")),
            change("q", "b", None),
            change("p", "c", Some("Shirt")),
            change("p", "d", Some("Other")),
            change("r", "e", Some("Cap")),
        ];
        let (titles, refused) = titles_of("eu", &changes);
        let shape: Vec<_> = titles.iter().map(|new| (new.product, new.title, new.at.as_slice())).collect();
        assert_eq!(shape, [("p", "Shirt", [0, 2].as_slice()), ("r", "Cap", [4].as_slice())]);
        assert_eq!(refused.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [3]);
    }
}
