//! A whole shop, page by page.

use std::collections::{BTreeMap, BTreeSet};

use super::BySku;
use crate::catalog::Sku;
use crate::stores::{RemoteListing, Store, StoreError};

/// Pages of a listing. 25,000 objects are Shopify's deepest; WooCommerce pages hold 100. Beyond it something loops.
const PAGES_MAX: usize = 5000;

/// What a shop lists, by SKU.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Listed once.
    pub found: BySku<RemoteListing>,
    /// Listed more than once: nobody can tell which one is meant.
    pub twice: BTreeSet<Sku>,
}

/// List a shop, the wanted SKUs only.
///
/// # Errors
/// When a page cannot be read.
pub(super) async fn list_shop(store: &dyn Store, is_wanted: impl Fn(&Sku) -> bool) -> Result<Listed, StoreError> {
    let mut found: BySku<RemoteListing> = BTreeMap::new();
    let mut twice: BTreeSet<Sku> = BTreeSet::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = store.list(after.as_deref()).await?;
        for listing in page.listings {
            let Some(sku) = listing.sku.clone().filter(|sku| is_wanted(sku)) else { continue };
            if found.insert(sku.clone(), listing).is_some() {
                twice.insert(sku);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.retain(|sku, _| !twice.contains(sku));
    Ok(Listed { found, twice })
}
