//! Pure: Shopify's shapes and ours.

use serde::Deserialize;

use crate::catalog::{Money, Sku};
use crate::stores::{RemoteId, RemoteListing, StoreError};

use super::answer::unexpected;

/// The quantity that can be sold; the only one shelfd reads and writes.
pub(super) const AVAILABLE: &str = "available";

/// A list of nodes, as every connection gives it.
#[derive(Debug, Deserialize)]
pub(super) struct Nodes<T> {
    pub(super) nodes: Vec<T>,
}

/// A list of nodes with its place in the whole.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodesPage<T> {
    pub(super) nodes: Vec<T>,
    pub(super) page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Cursor of the next page.
    pub(super) fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

/// Anything with an id.
#[derive(Debug, Deserialize)]
pub(super) struct WithId {
    pub(super) id: String,
}

/// A variant as `variants_page.graphql` and `variants_by_id.graphql` select it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariantNode {
    pub(super) id: String,
    sku: Option<String>,
    price: String,
    product: ProductNode,
    inventory_item: InventoryItemNode,
}

#[derive(Debug, Deserialize)]
struct ProductNode {
    id: String,
    title: String,
    handle: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventoryItemNode {
    id: String,
    tracked: bool,
    inventory_level: Option<LevelNode>,
}

#[derive(Debug, Deserialize)]
struct LevelNode {
    quantities: Vec<QuantityNode>,
}

#[derive(Debug, Deserialize)]
struct QuantityNode {
    name: String,
    quantity: i64,
}

/// A variant that has just been made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewVariantNode {
    pub(super) id: String,
    pub(super) sku: Option<String>,
    pub(super) inventory_item: WithId,
}

/// A variant as read, and whether its stock is counted but not kept at our location.
#[derive(Debug)]
pub(super) struct ReadVariant {
    pub(super) listing: RemoteListing,
    pub(super) unstocked: bool,
}

/// A variant as we see it.
///
/// # Errors
/// [`StoreError::Unexpected`] when the price is no decimal, or a level comes without the quantity that was asked for:
/// a guess would be taken for a sale.
pub(super) fn variant(shop: &str, node: VariantNode) -> Result<ReadVariant, StoreError> {
    let VariantNode { id, sku, price, product, inventory_item: item } = node;
    let price =
        Money::from_store(&price).ok_or_else(|| unexpected(shop, format!("{id} has a price that is no number")))?;
    let stock = match &item.inventory_level {
        Some(level) if item.tracked => Some(
            level
                .quantities
                .iter()
                .find(|quantity| quantity.name == AVAILABLE)
                .map(|quantity| quantity.quantity)
                .ok_or_else(|| unexpected(shop, format!("{id} has a level without an available quantity")))?,
        ),
        _ => None,
    };
    let unstocked = item.tracked && item.inventory_level.is_none();
    let listing = RemoteListing {
        sku: sku.as_deref().and_then(Sku::new),
        remote: RemoteId { product: product.id, variant: Some(id), inventory: Some(item.id) },
        handle: Some(product.handle),
        title: Some(product.title),
        price: Some(price),
        stock,
    };
    Ok(ReadVariant { listing, unstocked })
}

/// A global id of a kind from a plain number, or the text itself when it already is one.
pub(super) fn gid(kind: &str, id: &str) -> String {
    if id.starts_with("gid://") { id.to_owned() } else { format!("gid://shopify/{kind}/{id}") }
}

/// The number at the end of a global id. The store may put a query behind it.
pub(super) fn number(gid: &str) -> Option<u64> {
    gid.rsplit('/').next()?.split('?').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(item: &serde_json::Value, expect: Result<(Option<i64>, bool), &str>) {
        let node = json!({
            "id": "gid://shopify/ProductVariant/51488052412722", "sku": "00123", "price": "79.90",
            "product": { "id": "gid://shopify/Product/10243923018034", "title": "Shirt", "handle": "shirt" },
            "inventoryItem": item,
        });
        match (variant("eu", serde_json::from_value(node).unwrap()), expect) {
            (Ok(read), Ok(expect)) => assert_eq!((read.listing.stock, read.unstocked), expect, "{item}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (read, _) => panic!("{item}: {read:?}"),
        }
    }

    #[test]
    fn stock_is_what_is_available_here() {
        let level = |quantities| json!({ "quantities": quantities });
        let id = "gid://shopify/InventoryItem/1";
        let item = |tracked: bool, level| json!({ "id": id, "tracked": tracked, "inventoryLevel": level });
        let seven = json!([{ "name": "available", "quantity": 7 }]);
        check(&item(true, level(seven.clone())), Ok((Some(7), false)));
        check(&item(true, level(json!([{ "name": "available", "quantity": -2 }]))), Ok((Some(-2), false)));
        check(&item(false, level(seven)), Ok((None, false)));
        check(&item(true, json!(null)), Ok((None, true)));
        check(&item(false, json!(null)), Ok((None, false)));
        check(&item(true, level(json!([]))), Err("without an available quantity"));
    }

    #[test]
    fn a_variant_becomes_a_listing() {
        let node = json!({
            "id": "gid://shopify/ProductVariant/9007199254740993", "sku": "", "price": "10.00",
            "product": { "id": "gid://shopify/Product/1", "title": "Shirt", "handle": "shirt" },
            "inventoryItem": { "id": "gid://shopify/InventoryItem/2", "tracked": true, "inventoryLevel": null },
        });
        let read = variant("eu", serde_json::from_value(node).unwrap()).unwrap();
        assert_eq!(read.listing.sku, None);
        assert_eq!(read.listing.price, Money::from_store("10"));
        assert_eq!(read.listing.remote.variant.as_deref(), Some("gid://shopify/ProductVariant/9007199254740993"));
        assert_eq!(read.listing.remote.inventory.as_deref(), Some("gid://shopify/InventoryItem/2"));
        assert_eq!((read.listing.handle.as_deref(), read.listing.title.as_deref()), (Some("shirt"), Some("Shirt")));
    }

    #[test]
    fn global_ids() {
        assert_eq!(gid("Location", "61794353"), "gid://shopify/Location/61794353");
        assert_eq!(gid("Location", "gid://shopify/Location/5"), "gid://shopify/Location/5");
        assert_eq!(number("gid://shopify/InventoryLevel/9?inventory_item_id=4"), Some(9));
        assert_eq!(number("gid://shopify/ProductVariant/9007199254740993"), Some(9_007_199_254_740_993));
        assert_eq!(number("gid://shopify/ProductVariant/x"), None);
    }
}
