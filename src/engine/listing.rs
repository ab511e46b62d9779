//! A whole shop, page by page.

use std::collections::{BTreeMap, BTreeSet};

use super::BySku;
use super::shop_look::remote;
use crate::catalog::Sku;
use crate::db::ListingRecord;
use crate::planted;
use crate::stores::{RemoteId, RemoteListing, Store, StoreError};

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

/// Which SKU a shop's listing belongs to. It may show another one: people renamed it in the sheet, or in the shop.
pub(super) struct Owners {
    /// SKUs of the sheet.
    rows: BTreeSet<Sku>,
    /// What the ledger has linked.
    linked: BTreeMap<RemoteId, Sku>,
    /// Former names, and what they are called now.
    former: BTreeMap<Sku, Sku>,
}

impl Owners {
    pub fn new(rows: BTreeSet<Sku>, listings: &BySku<ListingRecord>, former: BTreeMap<Sku, Sku>) -> Self {
        let linked = listings.iter().map(|(sku, listing)| (remote(listing), sku.clone())).collect();
        Self { rows, linked, former }
    }

    /// The SKU, and whether it is the one that is shown. What is shown comes before what is linked.
    fn owner(&self, listing: &RemoteListing) -> Option<(Sku, bool)> {
        if let Some(sku) = listing.sku.as_ref().filter(|sku| self.rows.contains(*sku)) {
            return Some((sku.clone(), true));
        }
        let linked = self.linked.get(&listing.remote).filter(|_| !planted!(LinkForgotten));
        let former = |sku: &Sku| self.former.get(sku).filter(|_| !planted!(FormerForgotten)).cloned();
        let now = |sku: &Sku| former(sku).unwrap_or_else(|| sku.clone());
        let owner = linked.or(listing.sku.as_ref()).map(now)?;
        self.rows.contains(&owner).then_some((owner, false))
    }
}

/// List a shop: what belongs to a SKU of the sheet.
///
/// # Errors
/// When a page cannot be read.
pub(super) async fn list_shop(store: &dyn Store, owners: &Owners) -> Result<Listed, StoreError> {
    let mut listed: BySku<(RemoteListing, bool, usize)> = BTreeMap::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = store.list(after.as_deref()).await?;
        for listing in page.listings {
            let Some((sku, named)) = owners.owner(&listing) else { continue };
            match listed.get_mut(&sku) {
                Some((_, before, times)) if *before == named => *times += 1,
                Some((_, true, _)) => {}
                Some(_) | None => {
                    listed.insert(sku, (listing, named, 1));
                }
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let twice = listed.iter().filter(|(_, (.., times))| *times > 1).map(|(sku, _)| sku.clone()).collect();
    let found = listed.into_iter().filter(|(_, (.., times))| *times == 1);
    Ok(Listed { found: found.map(|(sku, (listing, ..))| (sku, listing)).collect(), twice })
}
