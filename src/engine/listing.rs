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
    /// The listing of each SKU.
    pub found: BySku<RemoteListing>,
    /// Products that could not be read, with their shop's words.
    pub unreadable: BTreeMap<String, StoreError>,
    /// Not listed, but something that looks alike and belongs to no row is.
    pub alike: BySku<Sku>,
    /// Listed more than once. Where none of them is linked nobody can tell which one is meant, and none is in `found`.
    pub twice: BTreeSet<Sku>,
}

/// Why nobody knows what else a shop lists, where some of its products could not be read.
pub(super) fn not_all_known(unreadable: &BTreeMap<String, StoreError>) -> Option<String> {
    let (product, error) = unreadable.iter().next()?;
    Some(format!(
        "product {product} of the shop cannot be read, so nobody knows whether this is there already: {error}"
    ))
}

/// Why a SKU is not made where the shop lists one that looks like it.
pub(super) fn looks_alike(other: &Sku) -> String {
    format!(
        "the shop lists \"{other}\", which looks like this one and is in no row; give both the same SKU (a column in plain text \
         keeps leading zeros)"
    )
}

/// A SKU without what people and cells easily change of it: case, and the zeros that a number loses.
fn likeness(sku: &Sku) -> Option<String> {
    Some(sku.as_str().trim_start_matches('0').to_lowercase()).filter(|likeness| !likeness.is_empty())
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

/// Why a listing belongs to a SKU; a later reason outweighs an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// It shows a former name.
    Former,
    /// It shows the name.
    Shown,
    /// The ledger has linked it.
    Linked,
}

/// A listing that may belong to a SKU of the sheet.
struct Candidate {
    listing: RemoteListing,
    linked: Option<Sku>,
    shown: Option<Sku>,
    former: Option<Sku>,
}

impl Owners {
    pub fn new(rows: BTreeSet<Sku>, listings: &BySku<ListingRecord>, former: BTreeMap<Sku, Sku>) -> Self {
        let linked = listings.iter().map(|(sku, listing)| (remote(listing), sku.clone())).collect();
        Self { rows, linked, former }
    }

    fn candidate(&self, listing: RemoteListing) -> Option<Candidate> {
        let of_sheet = |sku: Sku| Some(sku).filter(|sku| self.rows.contains(sku));
        let now = |sku: &Sku| self.former.get(sku).filter(|_| !planted!(FormerForgotten)).cloned();
        let linked = self.linked.get(&listing.remote).filter(|_| !planted!(LinkForgotten));
        let linked = linked.and_then(|sku| of_sheet(now(sku).unwrap_or_else(|| sku.clone())));
        let shown = listing.sku.clone().and_then(of_sheet);
        let former = listing.sku.as_ref().and_then(now).and_then(of_sheet);
        (linked.is_some() || shown.is_some() || former.is_some()).then_some(Candidate {
            listing,
            linked,
            shown,
            former,
        })
    }

    /// Share listings out to SKUs. What is linked stays, whatever it shows: staff may have typed another row's SKU. Only where
    /// that row has no living listing of its own is the one that shows its SKU taken for it.
    fn share_out(candidates: Vec<Candidate>) -> Listed {
        let living: BTreeSet<Sku> = candidates.iter().filter_map(|candidate| candidate.linked.clone()).collect();
        let mut claims: BySku<(Claim, Vec<RemoteListing>)> = BTreeMap::new();
        let mut twice = BTreeSet::new();
        for Candidate { listing, linked, shown, former } in candidates {
            let stays = shown.as_ref().is_none_or(|shown| linked.as_ref() == Some(shown) || living.contains(shown));
            let (sku, claim) = match (linked, shown, former) {
                (Some(linked), _, _) if stays => (linked, Claim::Linked),
                (_, Some(shown), _) => (shown, Claim::Shown),
                (Some(linked), None, _) => (linked, Claim::Linked),
                (None, None, Some(former)) => (former, Claim::Former),
                (None, None, None) => continue,
            };
            let (best, listings) = claims.entry(sku.clone()).or_insert((claim, Vec::new()));
            // The shop sells two things under one name.
            if claim.min(*best) == Claim::Shown && !listings.is_empty() {
                twice.insert(sku);
            }
            if claim > *best {
                (*best, *listings) = (claim, vec![listing]);
            } else if claim == *best {
                listings.push(listing);
            }
        }
        let mut found = BTreeMap::new();
        for (sku, (_, mut listings)) in claims {
            match (listings.pop(), listings.is_empty()) {
                (Some(listing), true) => _ = found.insert(sku, listing),
                _ => _ = twice.insert(sku),
            }
        }
        Listed { found, twice, ..Listed::default() }
    }
}

/// List a shop: what belongs to a SKU of the sheet.
///
/// # Errors
/// When a page cannot be read.
pub(super) async fn list_shop(store: &dyn Store, owners: &Owners) -> Result<Listed, StoreError> {
    let (mut candidates, mut unreadable, mut strangers) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = store.list(after.as_deref()).await?;
        for listing in page.listings {
            let shown = listing.sku.clone();
            match owners.candidate(listing) {
                Some(candidate) => candidates.push(candidate),
                None => strangers.extend(shown.and_then(|sku| Some((likeness(&sku)?, sku)))),
            }
        }
        unreadable.extend(page.unreadable);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let listed = Owners::share_out(candidates);
    let is_missing = |sku: &&Sku| !listed.found.contains_key(*sku) && !listed.twice.contains(*sku);
    let alike = |sku: &Sku| Some((sku.clone(), strangers.get(&likeness(sku)?)?.clone()));
    let alike = owners.rows.iter().filter(is_missing).filter_map(alike).collect();
    Ok(Listed { unreadable, alike, ..listed })
}
