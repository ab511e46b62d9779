//! Reading: every variant page by page, and given variants by id.

use std::sync::atomic::Ordering;

use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::catalog::Sku;
use crate::stores::{Page, RemoteId, RemoteListing, StoreError};

use super::Shopify;
use super::answer::unexpected;
use super::convert::{NodesPage, VariantNode, number, variant};
use super::queries::{VARIANTS_BY_ID, VARIANTS_PAGE};

/// The largest page there is (<https://shopify.dev/docs/api/usage/limits>).
pub(super) const PAGE_MAX: u32 = 250;
/// A page that still costs too much at this size has another trouble.
const PAGE_MIN: u32 = 25;
/// Five objects for each variant make 500 points of the 1,000 that one document may cost.
const OBSERVE_MAX: usize = 100;
/// Cursors lead no further than 25,000 objects (<https://shopify.dev/docs/api/usage/limits>); one page is kept back.
const CURSOR_REACH: u32 = 25_000 - PAGE_MAX;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageData {
    product_variants: NodesPage<VariantNode>,
}

/// One entry for each id: `null` for what is gone, an empty object for what is no variant.
#[derive(Deserialize)]
struct NodesData {
    nodes: Vec<Option<Map<String, Value>>>,
}

/// A place in the whole list. Beyond the reach of cursors the list is taken up anew above the last id.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    /// Only variants with a greater id; 0 at first.
    above: u64,
    /// How many the cursor has passed since then.
    passed: u32,
    cursor: Option<String>,
}

impl Place {
    /// From [`Page::next`]; anything unreadable is the beginning.
    fn read(text: Option<&str>) -> Self {
        let parsed = text.and_then(|text| {
            let mut parts = text.splitn(3, '/');
            let above = parts.next()?.parse().ok()?;
            let passed = parts.next()?.parse().ok()?;
            let cursor = parts.next().filter(|cursor| !cursor.is_empty()).map(ToOwned::to_owned);
            Some(Self { above, passed, cursor })
        });
        parsed.unwrap_or_default()
    }

    fn write(&self) -> String {
        format!("{}/{}/{}", self.above, self.passed, self.cursor.as_deref().unwrap_or_default())
    }

    /// The filter for this place. Without one the list does not depend on the search index, which lags a little.
    fn filter(&self) -> Option<String> {
        (self.above > 0).then(|| format!("id:>={}", self.above + 1))
    }

    /// The place behind a page of `count` variants that ended with `last`.
    fn behind(self, count: usize, last: Option<u64>, cursor: String) -> Self {
        let passed = self.passed.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        match last {
            Some(last) if passed >= CURSOR_REACH => Self { above: last, passed: 0, cursor: None },
            _ => Self { above: self.above, passed, cursor: Some(cursor) },
        }
    }
}

impl Shopify {
    pub(super) async fn list_page(&self, after: Option<&str>) -> Result<Page, StoreError> {
        let location = self.location().await?;
        let place = Place::read(after);
        let data = loop {
            let first = self.page.load(Ordering::Relaxed);
            let variables =
                json!({ "first": first, "after": place.cursor, "query": place.filter(), "location": location });
            match self.api.call::<PageData>(&VARIANTS_PAGE, &variables).await {
                Err(StoreError::Refused { code, .. }) if code == "MAX_COST_EXCEEDED" && first > PAGE_MIN => {
                    self.page.store((first / 2).max(PAGE_MIN), Ordering::Relaxed);
                }
                answer => break answer?,
            }
        };
        let NodesPage { nodes, page_info } = data.product_variants;
        let (count, last) = (nodes.len(), nodes.last().and_then(|node| number(&node.id)));
        let next = page_info.next().map(|cursor| place.behind(count, last, cursor).write());
        Ok(Page { listings: self.listings(nodes)?, next, ..Page::default() })
    }

    pub(super) async fn observe_all(&self, which: &[(Sku, RemoteId)]) -> Result<Vec<RemoteListing>, StoreError> {
        let location = self.location().await?;
        // Every sellable thing has a variant here; a remote id without one is not ours to look for.
        let ids: Vec<&str> = which.iter().filter_map(|(_, remote)| remote.variant.as_deref()).collect();
        let read = try_join_all(ids.chunks(OBSERVE_MAX).map(|ids| self.observe_some(ids, location))).await?;
        Ok(read.into_iter().flatten().collect())
    }

    async fn observe_some(&self, ids: &[&str], location: &str) -> Result<Vec<RemoteListing>, StoreError> {
        let data: NodesData =
            self.api.call(&VARIANTS_BY_ID.sized(ids.len()), &json!({ "ids": ids, "location": location })).await?;
        let shop = self.api.shop();
        if data.nodes.len() != ids.len() {
            return Err(unexpected(shop, format!("{} nodes for {} ids", data.nodes.len(), ids.len())));
        }
        let present = data.nodes.into_iter().flatten().filter(|node| !node.is_empty());
        // One that is there but unreadable must not pass for one that is gone.
        let variants = present
            .map(|node| serde_json::from_value(Value::Object(node)))
            .collect::<Result<Vec<VariantNode>, _>>()
            .map_err(|error| unexpected(shop, format!("a variant of another shape: {error}")))?;
        self.listings(variants)
    }

    fn listings(&self, nodes: impl IntoIterator<Item = VariantNode>) -> Result<Vec<RemoteListing>, StoreError> {
        let mut unstocked = self.unstocked();
        nodes
            .into_iter()
            .map(|node| {
                let read = variant(self.api.shop(), node)?;
                if let Some(item) = &read.listing.remote.inventory {
                    if read.unstocked {
                        unstocked.insert(item.clone());
                    } else {
                        unstocked.remove(item);
                    }
                }
                Ok(read.listing)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_being_text() {
        let check = |place: Place| assert_eq!(Place::read(Some(&place.write())), place);
        check(Place::default());
        check(Place { above: 0, passed: 250, cursor: Some("eyJsYXN0X2lkIjox/+fQ==".to_owned()) });
        check(Place { above: 51_488_193_380_658, passed: 0, cursor: None });
        assert_eq!(Place::read(Some("nonsense")), Place::default());
        assert_eq!(Place::read(None), Place::default());
    }

    #[test]
    fn lists_beyond_the_reach_of_cursors() {
        let near = Place { above: 0, passed: 24_250, cursor: None }.behind(250, Some(77), "c".to_owned());
        assert_eq!(near, Place { above: 0, passed: 24_500, cursor: Some("c".to_owned()) });
        assert_eq!(near.filter(), None);
        let beyond = near.behind(250, Some(99), "d".to_owned());
        assert_eq!(beyond, Place { above: 99, passed: 0, cursor: None });
        assert_eq!(beyond.filter().as_deref(), Some("id:>=100"));
    }
}
