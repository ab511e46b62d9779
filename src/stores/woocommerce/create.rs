//! Creating products and variations, so that an attempt after a failure finishes the first one and repeats nothing.

use futures::future::join_all;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::catalog::Sku;
use crate::retry::Verdict;
use crate::stores::{Outcome, ProductDraft, RemoteId, StoreError};

use super::api::{Api, Query};
use super::batch::{self, Place};
use super::convert::{self, Product, remote_simple, remote_variation};
use super::drafts::{self, Attribute, attributes_body, merge, parent_body, simple, simple_body, variation_body};
use super::errors::refuse;

const PARENT_FIELDS: &str = "id,type,attributes";

type Outcomes = Vec<(Sku, Outcome<RemoteId>)>;

/// A product that variations are added to.
#[derive(Deserialize)]
struct ParentNow {
    #[serde(deserialize_with = "convert::id")]
    id: u64,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    attributes: Vec<Attribute>,
}

/// Create everything; one outcome per variant, in order. Simple products share batches.
pub(super) async fn create(api: &Api, drafts: &[ProductDraft]) -> Outcomes {
    let bodies: Vec<Value> = drafts.iter().filter_map(|draft| Some(simple_body(draft, simple(draft)?))).collect();
    let with_variations = drafts.iter().filter(|draft| simple(draft).is_none()).map(|draft| variable(api, draft));
    let (simples, variables) = futures::join!(batch::create(api, Place::Products, &bodies), join_all(with_variations));
    let (mut simples, mut variables) = (simples.into_iter(), variables.into_iter());
    let mut outcomes = Outcomes::new();
    for draft in drafts {
        match simple(draft) {
            Some(variant) => outcomes.extend(
                simples
                    .next()
                    .map(|result| (variant.sku.clone(), outcome(result, |product| remote_simple(product.id)))),
            ),
            None => outcomes.extend(variables.next().into_iter().flatten()),
        }
    }
    outcomes
}

/// Create a product's variations, and the product before when it is not there yet.
async fn variable(api: &Api, draft: &ProductDraft) -> Outcomes {
    let all = |make: &dyn Fn() -> Outcome<RemoteId>| draft.variants.iter().map(|v| (v.sku.clone(), make())).collect();
    if let Err(error) = drafts::check(api.shop(), draft) {
        return all(&|| Outcome::Refused(error.clone()));
    }
    let (parent, attributes) = match ready_parent(api, draft).await {
        Ok(parent) => parent,
        // Whatever became of the parent, no variation was created; the next attempt looks for the parent first.
        Err(error) => return all(&|| untouched(error.clone())),
    };
    let bodies: Vec<Value> = draft.variants.iter().map(|variant| variation_body(variant, &attributes)).collect();
    let results = batch::create(api, Place::VariationsOf(parent), &bodies).await;
    let made = |product: Product| remote_variation(parent, product.id);
    draft.variants.iter().zip(results).map(|(variant, result)| (variant.sku.clone(), outcome(result, made))).collect()
}

/// The product to add variations to, with all attributes and options they need: the given one, one with the handle as
/// slug (left by an attempt whose answer was lost, or made by staff), or a new one.
async fn ready_parent(api: &Api, draft: &ProductDraft) -> Result<(u64, Vec<Attribute>), StoreError> {
    let handle = draft.handle.as_deref().unwrap_or_default();
    let there = match &draft.product {
        Some(id) => Some(by_id(api, id).await?),
        None => by_slug(api, handle).await?,
    };
    let Some(parent) = there else {
        let attributes = merge(&[], draft);
        let body = parent_body(draft, handle, &attributes);
        let made: Product = api.send(Method::POST, "/products", &body).await?;
        return Ok((made.id, attributes));
    };
    if parent.kind != "variable" {
        return Err(StoreError::Refused {
            shop: api.shop().to_owned(),
            code: "not_variable".to_owned(),
            message: format!("product {} is \"{}\" and not a product with variants", parent.id, parent.kind),
            resource: Some(parent.id.to_string()),
        });
    }
    let attributes = merge(&parent.attributes, draft);
    if attributes != parent.attributes {
        let path = format!("/products/{}", parent.id);
        let _: Product = api.send(Method::PUT, &path, &attributes_body(&attributes)).await?;
    }
    Ok((parent.id, attributes))
}

async fn by_id(api: &Api, id: &str) -> Result<ParentNow, StoreError> {
    let id: u64 =
        id.parse().map_err(|_| refuse(api.shop(), "remote_id", "this is no product of a WooCommerce shop"))?;
    let query: Query = vec![("_fields", PARENT_FIELDS.to_owned())];
    Ok(api.get(&format!("/products/{id}"), query).await?.0)
}

async fn by_slug(api: &Api, handle: &str) -> Result<Option<ParentNow>, StoreError> {
    let query: Query =
        vec![("slug", handle.to_owned()), ("status", "any".to_owned()), ("_fields", PARENT_FIELDS.to_owned())];
    let (found, _) = api.get::<Vec<ParentNow>>("/products", query).await?;
    Ok(found.into_iter().next())
}

fn outcome(result: Result<Product, StoreError>, place: impl Fn(Product) -> RemoteId) -> Outcome<RemoteId> {
    result.map_or_else(Outcome::from, |product| Outcome::Done(place(product)))
}

/// An error before the variations' own call: they are surely not there.
fn untouched(error: StoreError) -> Outcome<RemoteId> {
    match error.verdict() {
        Verdict::Refused | Verdict::Gone => Outcome::Refused(error),
        Verdict::Retry | Verdict::Wait(_) | Verdict::Credentials => Outcome::NotDone(error),
    }
}
