//! Reading listings: all of them page by page, or chosen ones, a hundred per call.

use futures::future::try_join_all;
use serde::Deserialize;

use crate::catalog::Sku;
use crate::stores::{Page, RemoteId, RemoteListing, StoreError};

use super::api::{Api, Query, not_sendable};
use super::convert::{VARIANT_FIELDS, Variant};
use super::place::Place;

/// Variants per call: 100 took 0.2 s on Medusa 2.21.2, and their ids fit an address (4 kB; Node takes 16).
pub(super) const PAGE: usize = 100;

#[derive(Deserialize)]
pub(super) struct Variants {
    pub(super) variants: Vec<Variant>,
    #[serde(default)]
    count: u64,
}

/// One page of variants, oldest first. A listing may come on two pages when variants are deleted meanwhile; none is
/// passed over for that.
pub(super) async fn list(api: &Api, place: &Place, after: Option<&str>) -> Result<Page, StoreError> {
    let (mut offset, count_before) = match after {
        None => (0, 0),
        Some(text) => position(text)
            .ok_or_else(|| not_sendable(api.shop(), "a listing cannot go on from a position of another kind"))?,
    };
    let mut page = read_page(api, offset).await?;
    if page.count < count_before && offset > 0 {
        // Some were deleted since, and as many moved over the start of this page.
        offset = offset.saturating_sub(count_before - page.count);
        page = read_page(api, offset).await?;
    }
    let end = offset + page.variants.len() as u64;
    let next = (!page.variants.is_empty() && end < page.count).then(|| format!("{end}/{}", page.count));
    Ok(Page { listings: listings(api, place, &page.variants)?, next, ..Page::default() })
}

/// `OFFSET/COUNT`: where to go on, and how many there were at the time.
fn position(text: &str) -> Option<(u64, u64)> {
    let (offset, count) = text.split_once('/')?;
    Some((offset.parse().ok()?, count.parse().ok()?))
}

async fn read_page(api: &Api, offset: u64) -> Result<Variants, StoreError> {
    let mut query = any();
    // Ids grow with time, so new variants come last.
    query.extend([("order", "id".to_owned()), ("offset", offset.to_string())]);
    api.get("/admin/product-variants", &query).await
}

/// Read the given listings. What is gone is left out.
pub(super) async fn observe(
    api: &Api,
    place: &Place,
    which: &[(Sku, RemoteId)],
) -> Result<Vec<RemoteListing>, StoreError> {
    let ids: Vec<&str> = which.iter().filter_map(|(_, remote)| remote.variant.as_deref()).collect();
    listings(api, place, &variants(api, &ids).await?)
}

/// The variants with these ids.
pub(super) async fn variants(api: &Api, ids: &[&str]) -> Result<Vec<Variant>, StoreError> {
    let calls = ids.chunks(PAGE).map(|ids| async move {
        let mut query = any();
        query.extend(ids.iter().map(|id| ("id[]", (*id).to_owned())));
        api.get::<Variants>("/admin/product-variants", &query).await
    });
    Ok(try_join_all(calls).await?.into_iter().flat_map(|page| page.variants).collect())
}

fn listings(api: &Api, place: &Place, variants: &[Variant]) -> Result<Vec<RemoteListing>, StoreError> {
    variants.iter().map(|variant| variant.listing(api.shop(), &place.location, &place.currency)).collect()
}

fn any() -> Query {
    vec![("limit", PAGE.to_string()), ("fields", VARIANT_FIELDS.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        assert_eq!(position("200/354"), Some((200, 354)));
        for bad in ["", "3", "x/1", "1/"] {
            assert_eq!(position(bad), None, "{bad}");
        }
    }
}
