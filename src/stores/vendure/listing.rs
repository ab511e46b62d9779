//! Reading: every variant page by page, and given variants by id.

use serde::Deserialize;
use serde_json::json;

use crate::catalog::Sku;
use crate::stores::{Page, RemoteId, RemoteListing, StoreError};

use super::Vendure;
use super::answer::unexpected;
use super::convert::{VariantNode, variant};
use super::queries::{VARIANTS_BY_ID, VARIANTS_PAGE};

/// Variants per call. Vendure allows 1,000 (`adminListQueryLimit`, which a shop may lower), but asks its database
/// several times for each.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageData {
    product_variants: PageItems,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageItems {
    total_items: usize,
    items: Vec<VariantNode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SomeData {
    product_variants: SomeItems,
}

#[derive(Deserialize)]
struct SomeItems {
    items: Vec<VariantNode>,
}

/// A place in the whole list: so many variants were read of so many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Mark {
    skip: usize,
    total: usize,
}

impl Mark {
    /// From [`Page::next`]; anything unreadable is the beginning.
    fn read(text: Option<&str>) -> Self {
        let parsed = text.and_then(|text| {
            let (skip, total) = text.split_once('/')?;
            Some(Self { skip: skip.parse().ok()?, total: total.parse().ok()? })
        });
        parsed.unwrap_or_default()
    }

    fn write(self) -> String {
        format!("{}/{}", self.skip, self.total)
    }
}

impl Vendure {
    pub(super) async fn list_page(&self, after: Option<&str>) -> Result<Page, StoreError> {
        let mark = Mark::read(after);
        let place = if mark.skip == 0 { self.look_up_place().await? } else { self.place().await? };
        let data: PageData = self.api.call(&VARIANTS_PAGE, &json!({ "skip": mark.skip, "take": PAGE })).await?;
        let PageItems { total_items: total, items } = data.product_variants;
        // Pages are counted, not pointed to: one variant less moves all that come after it, one of them unseen.
        if total < mark.total {
            return Err(unexpected(self.api.shop(), "variants were removed while the list was read"));
        }
        let skip = mark.skip + items.len();
        let next = (!items.is_empty() && skip < total).then(|| Mark { skip, total }.write());
        let listings = items.into_iter().map(|node| variant(node, &place)).collect();
        Ok(Page { listings, next, ..Page::default() })
    }

    pub(super) async fn observe_all(&self, which: &[(Sku, RemoteId)]) -> Result<Vec<RemoteListing>, StoreError> {
        let place = self.place().await?;
        // Every sellable thing has a variant here; a remote id without one is not ours to look for.
        let ids: Vec<&str> = which.iter().filter_map(|(_, remote)| remote.variant.as_deref()).collect();
        let mut listings = Vec::with_capacity(ids.len());
        for ids in ids.chunks(PAGE) {
            let data: SomeData = self.api.call(&VARIANTS_BY_ID, &json!({ "ids": ids, "take": PAGE })).await?;
            listings.extend(data.product_variants.items.into_iter().map(|node| variant(node, &place)));
        }
        Ok(listings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_being_text() {
        let mark = Mark { skip: 300, total: 1234 };
        assert_eq!(Mark::read(Some(&mark.write())), mark);
        assert_eq!(Mark::read(Some("nonsense")), Mark::default());
        assert_eq!(Mark::read(None), Mark::default());
    }
}
