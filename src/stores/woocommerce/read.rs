//! Reading listings: all of them page by page, or chosen ones with few calls.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};

use crate::catalog::Sku;
use crate::stores::{Observed, Page, RemoteId, RemoteListing, StoreError, patiently};

use super::api::{Api, PER_PAGE, Query};
use super::convert::{PRODUCT_FIELDS, Parent, Product, VARIATION_FIELDS, ids};
use super::errors::refuse;
use super::oauth::encode;

/// Encoded SKUs per address. Apache and nginx take 8 KB of request line; keys, signature and path need some of it.
const SKUS_LENGTH_MAX: usize = 6_000;

/// Listings by the sellable thing's own id.
type Found = BTreeMap<u64, RemoteListing>;

/// One page of products with the variations of those that have some. A listing may come on two pages when products are
/// deleted meanwhile; none is passed over for that. One whose variations cannot be read is named beside them.
pub(super) async fn list(api: &Api, after: Option<&str>) -> Result<Page, StoreError> {
    let (mut page, total_before) = match after {
        None => (1, None),
        Some(text) => {
            let (page, total) = position(text).ok_or_else(|| {
                refuse(api.shop(), "position", "a listing cannot go on from a position of another kind")
            })?;
            (page, Some(total))
        }
    };
    let (mut products, mut said) = patiently(|| read_page(api, page)).await?;
    if page > 1 && said.total < total_before {
        // Some were deleted since, and as many moved from the start of this page to the end of the one before.
        page -= 1;
        (products, said) = patiently(|| read_page(api, page)).await?;
    }
    let next = said.goes_on(page, products.len()).then(|| format!("{}/{}", page + 1, said.total.unwrap_or(0)));
    let read = join_all(products.iter().map(|product| patiently(|| sellable(api, product)))).await;
    let Observed { listings, unreadable } = put_together(products.iter().map(|product| product.id).zip(read))?;
    Ok(Page { listings, next, unreadable })
}

/// What was read product by product. A plugin that breaks on one of them must not hide the others.
fn put_together(
    read: impl Iterator<Item = (u64, Result<Vec<RemoteListing>, StoreError>)>,
) -> Result<Observed, StoreError> {
    let mut found = Observed::default();
    for (product, listings) in read {
        match listings {
            Ok(listings) => found.listings.extend(listings),
            // An answer that is always lost may be one that takes too long.
            Err(
                error @ (StoreError::Server { .. }
                | StoreError::AnswerLost { .. }
                | StoreError::Unexpected { .. }
                | StoreError::Refused { .. }),
            ) => found.unreadable.push((product.to_string(), error)),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// `PAGE/TOTAL`: the page to read next, and how many products there were in all at the time.
fn position(text: &str) -> Option<(u64, u64)> {
    let (page, total) = text.split_once('/')?;
    Some((page.parse().ok().filter(|page| *page >= 1)?, total.parse().ok()?))
}

async fn read_page(api: &Api, page: u64) -> Result<(Vec<Product>, super::api::Said), StoreError> {
    let mut query = any(PRODUCT_FIELDS);
    query.extend([("orderby", "id".to_owned()), ("order", "asc".to_owned()), ("page", page.to_string())]);
    api.get("/products", query).await
}

async fn sellable(api: &Api, product: &Product) -> Result<Vec<RemoteListing>, StoreError> {
    if product.is_variable() {
        variations(api, &product.as_parent(), &[]).await
    } else {
        Ok(product.listing().into_iter().collect())
    }
}

/// The variations of a product: those with the given ids, or all. None when the product is gone.
async fn variations(api: &Api, parent: &Parent, only: &[u64]) -> Result<Vec<RemoteListing>, StoreError> {
    let path = format!("/products/{}/variations", parent.id);
    let mut listings = Vec::new();
    for page in 1.. {
        let mut query = any(VARIATION_FIELDS);
        query.extend([("orderby", "id".to_owned()), ("order", "asc".to_owned()), ("page", page.to_string())]);
        if !only.is_empty() {
            query.push(("include", list_of(only)));
        }
        let (found, said) = match api.get::<Vec<Product>>(&path, query).await {
            Err(StoreError::Gone { .. }) => break,
            answer => answer?,
        };
        listings.extend(found.iter().map(|variation| variation.variation_listing(parent)));
        if !said.goes_on(page, found.len()) {
            break;
        }
    }
    Ok(listings)
}

/// Read the given listings: by SKU, many per call and variations among them; then by id what was not met so (its SKU
/// changed there, has a comma, or is not kept letter by letter). What is gone is left out; products whose variations
/// cannot be read are named.
pub(super) async fn observe(api: &Api, which: &[(Sku, RemoteId)]) -> Result<Observed, StoreError> {
    let wanted: Vec<(u64, Option<u64>)> = which.iter().filter_map(|(_, remote)| ids(remote)).collect();
    let skus: BTreeSet<&str> = which.iter().map(|(sku, _)| sku.as_str()).filter(|sku| can_be_asked_for(sku)).collect();
    let calls = chunks(&skus).into_iter().map(|skus| by_sku(api, skus));
    let mut found: Found = try_join_all(calls).await?.into_iter().flatten().collect();
    let missing: Vec<_> = wanted.iter().filter(|(id, _)| !found.contains_key(id)).copied().collect();
    let Observed { listings, unreadable } = by_id(api, &missing).await?;
    found.extend(listings.into_iter().filter_map(|listing| Some((ids(&listing.remote)?.0, listing))));
    let listings = wanted.iter().filter_map(|(id, _)| found.get(id).cloned()).collect();
    Ok(Observed { listings, unreadable })
}

/// A comma means "or" in the `sku` parameter. WooCommerce keeps 100 letters of a SKU in its lookup table; a much longer
/// one must not spoil the call for the others.
fn can_be_asked_for(sku: &str) -> bool {
    !sku.contains(',') && sku.len() <= 400
}

async fn by_sku(api: &Api, skus: Vec<&str>) -> Result<Vec<(u64, RemoteListing)>, StoreError> {
    let mut query = any(PRODUCT_FIELDS);
    query.push(("sku", skus.join(",")));
    let (products, _) = api.get::<Vec<Product>>("/products", query).await?;
    Ok(products.iter().filter_map(|product| Some((product.id, product.listing()?))).collect())
}

/// Two rounds: simple products and the parents of variations by `include` (which does not find variations), then the
/// variations of each parent that is still there.
async fn by_id(api: &Api, missing: &[(u64, Option<u64>)]) -> Result<Observed, StoreError> {
    let mut of_parent: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut products: BTreeSet<u64> = BTreeSet::new();
    for (id, parent) in missing {
        products.insert(parent.unwrap_or(*id));
        if let Some(parent) = parent {
            of_parent.entry(*parent).or_default().push(*id);
        }
    }
    let products: Vec<u64> = products.into_iter().collect();
    let calls = products.chunks(PER_PAGE).map(|ids| include(api, ids));
    let products: Vec<Product> = try_join_all(calls).await?.into_iter().flatten().collect();
    let parents: Vec<(Parent, &[u64])> = products
        .iter()
        .filter_map(|product| Some((product.as_parent(), of_parent.get(&product.id)?)))
        .flat_map(|(parent, ids)| ids.chunks(PER_PAGE).map(move |ids| (parent.clone(), ids)))
        .collect();
    let read = join_all(parents.iter().map(|(parent, ids)| variations(api, parent, ids))).await;
    let mut found = put_together(parents.iter().map(|(parent, _)| parent.id).zip(read))?;
    found.listings.extend(products.iter().filter_map(Product::listing));
    Ok(found)
}

async fn include(api: &Api, ids: &[u64]) -> Result<Vec<Product>, StoreError> {
    let mut query = any(PRODUCT_FIELDS);
    query.push(("include", list_of(ids)));
    Ok(api.get("/products", query).await?.0)
}

/// As many as there are, whatever their status; only these fields (a full page weighs five times as much).
fn any(fields: &str) -> Query {
    vec![("per_page", PER_PAGE.to_string()), ("status", "any".to_owned()), ("_fields", fields.to_owned())]
}

fn list_of(ids: &[u64]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Split SKUs so that each call's answer fits one page and its address one request line.
fn chunks<'a>(skus: &BTreeSet<&'a str>) -> Vec<Vec<&'a str>> {
    let mut chunks: Vec<Vec<&str>> = Vec::new();
    let mut length = 0;
    for sku in skus {
        let own = encode(sku).len() + encode(",").len();
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < PER_PAGE && length + own <= SKUS_LENGTH_MAX => {
                chunk.push(sku);
                length += own;
            }
            _ => {
                chunks.push(vec![sku]);
                length = own;
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_fit_page_and_address() {
        let check = |skus: &[String], expect: &[usize]| {
            let skus: BTreeSet<&str> = skus.iter().map(String::as_str).collect();
            let sizes: Vec<usize> = chunks(&skus).iter().map(Vec::len).collect();
            assert_eq!(sizes, expect);
        };
        let numbered = |count: usize, text: &str| (0..count).map(|n| format!("{n:04}{text}")).collect::<Vec<_>>();
        check(&[], &[]);
        check(&numbered(250, ""), &[100, 100, 50]);
        // 4 + 14 × 6 + 3 = 91 encoded bytes each.
        check(&numbered(100, &"ß".repeat(14)), &[65, 35]);
        check(&numbered(2, &"x".repeat(7_000)), &[1, 1]);
    }

    #[test]
    fn positions() {
        assert_eq!(position("3/250"), Some((3, 250)));
        for bad in ["", "3", "0/5", "x/1", "gid://x"] {
            assert_eq!(position(bad), None, "{bad}");
        }
    }
}
